package relay

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"liveroom/live/rtmp"
)

// MaxTargets is how many targets a room may have.
const MaxTargets = 10

// maxName bounds a target's name, in bytes.
const maxName = 64

// Target is where a room's stream is pushed on to.
type Target struct {
	ID        string    `json:"id"` // ULID
	Room      string    `json:"room"`
	Name      string    `json:"name,omitempty"` // for people
	URL       string    `json:"url"`            // whole: a secret
	Enabled   bool      `json:"enabled"`
	CreatedAt time.Time `json:"createdAt"`
	ChangedAt time.Time `json:"changedAt"`
}

// String is for logs: without the address.
func (t Target) String() string { return t.Room + "/" + t.ID }

// Shown is the address as it may be shown.
func (t Target) Shown() string {
	u, err := rtmp.ParseURL(t.URL)
	if err != nil {
		return "" // of a later version, perhaps
	}
	return u.String()
}

// Error is what a caller did wrong, in terms it can act on.
type Error struct {
	Code   string // stable: not_found, exists, invalid, too_many_relays, private_address
	Field  string // the field at fault, empty when there is none
	Detail string
}

func (e *Error) Error() string { return e.Code + ": " + e.Detail }

// What a Store answers. Compare with errors.Is.
var (
	// ErrUnknown says that the room has no such target.
	ErrUnknown = &Error{Code: "not_found", Detail: "the room has no such relay"}
	// ErrTooMany refuses one more than MaxTargets.
	ErrTooMany = &Error{Code: "too_many_relays", Detail: fmt.Sprintf("a room has at most %d relays; delete one first", MaxTargets)}
)

func invalid(field, detail string) error {
	return &Error{Code: "invalid", Field: field, Detail: detail}
}

// check says what is wrong with a target of a room with that stream.
func (s *Service) check(t Target, stream string) error {
	if len(t.Name) > maxName || !utf8.ValidString(t.Name) || strings.ContainsFunc(t.Name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return invalid("name", fmt.Sprintf("must be at most %d bytes of UTF-8 without control characters", maxName))
	}
	u, err := rtmp.ParseURL(t.URL)
	if err != nil {
		return invalid("url", err.Error())
	}
	if ip, err := netip.ParseAddr(u.Host()); err == nil && !s.cfg.Allowed(ip) {
		return &Error{Code: "private_address", Field: "url", Detail: "is a private address; --relay-private allows those"}
	}
	if _, name := u.Stream(); name == stream && s.cfg.Own(u.Host()) {
		return invalid("url", "is the room's own push address: it would be pushed into itself")
	}
	return nil
}

// distinct refuses an address that another target of the room has.
func distinct(t Target, all []Target) error {
	for _, other := range all {
		if other.ID != t.ID && other.URL == t.URL {
			return &Error{Code: "exists", Field: "url", Detail: "another relay of this room pushes there"}
		}
	}
	return nil
}
