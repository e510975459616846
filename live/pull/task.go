package pull

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"liveroom/internal/calendar"
	"liveroom/live/rtmp"
)

// Bounds.
const (
	MaxTasks   = 10  // of a room
	MaxAll     = 200 // of all rooms
	MaxAhead   = 366 * 24 * time.Hour
	MaxFor     = 31 * 24 * time.Hour
	MinBetween = time.Minute // from one time to the next of what comes again and again
	maxName    = 64
	maxURL     = 1024
	maxCron    = 100
)

// Kind is what a source is.
type Kind string

// The kinds.
const (
	Live Kind = "live" // it goes on by itself; where it ends it is asked for again
	VOD  Kind = "vod"  // it has an end, and is sent in the time it lasts
)

// Draft is what somebody wants to be pulled.
type Draft struct {
	Name      string        `json:"name,omitempty"`      // for people
	Kind      Kind          `json:"kind"`                // empty: as the source is
	URL       string        `json:"url,omitempty"`       // whole: a secret. Either this or
	Recording string        `json:"recording,omitempty"` // one of ours, by id
	StartAt   time.Time     `json:"startAt,omitzero"`    // once; neither this nor Cron: at once
	Cron      string        `json:"cron,omitempty"`      // again and again
	EndAt     time.Time     `json:"endAt,omitzero"`      // nothing runs from then on; zero: no such time
	For       time.Duration `json:"for,omitempty"`       // how long it runs each time; 0: until EndAt or its own end
	Loop      bool          `json:"loop,omitempty"`      // of VOD: from its end to its beginning
	Enabled   bool          `json:"enabled"`
}

// Task is a pull as stores keep it.
type Task struct {
	Draft
	ID        string    `json:"id"` // ULID
	Room      string    `json:"room"`
	CreatedAt time.Time `json:"createdAt"`
	ChangedAt time.Time `json:"changedAt"`
	NextAt    time.Time `json:"nextAt,omitzero"` // when it runs next
	Run       Run       `json:"run,omitzero"`    // that is on, or the last one
}

// Run is one time that a task runs.
type Run struct {
	ID      string    `json:"id"`
	DueAt   time.Time `json:"dueAt"`
	Until   time.Time `json:"until,omitzero"`   // zero: no such time
	BegunAt time.Time `json:"begunAt,omitzero"` // when media first came into the room
	EndedAt time.Time `json:"endedAt,omitzero"`
	Cause   Cause     `json:"cause,omitzero"` // why it ended
}

// On says whether it is to run.
func (r Run) On() bool { return r.ID != "" && r.EndedAt.IsZero() }

// String is for logs: without the address.
func (t Task) String() string { return t.Room + "/" + t.ID }

// LogValue implements slog.LogValuer: handlers that write JSON do not ask for String.
func (t Task) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Shown is the address as it may be shown; empty for a recording.
func (d Draft) Shown() string {
	if d.source() == fromRTMP {
		u, _ := rtmp.ParseURL(d.URL)
		return u.String()
	}
	u, err := url.Parse(d.URL)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host + "/…" + strings.ToLower(path.Ext(u.Path))
}

// source is where media come from.
type source int

const (
	fromNowhere source = iota
	fromRTMP
	fromFLV
	fromHLS
	fromRecording
)

func (d Draft) source() source {
	scheme, _, _ := strings.Cut(d.URL, "://")
	switch strings.ToLower(scheme) {
	case "":
		if d.Recording != "" {
			return fromRecording
		}
	case "rtmp", "rtmps":
		return fromRTMP
	case "http", "https":
		if u, err := url.Parse(d.URL); err == nil {
			switch strings.ToLower(path.Ext(u.Path)) {
			case ".flv":
				return fromFLV
			case ".m3u8":
				return fromHLS
			}
		}
	}
	return fromNowhere
}

// Error is what a caller did wrong, in terms it can act on.
type Error struct {
	Code   string // stable: not_found, exists, invalid, too_many_pulls, private_address
	Field  string // the field at fault, empty when there is none
	Detail string
}

func (e *Error) Error() string { return e.Code + ": " + e.Detail }

// What a Store answers. Compare with errors.Is.
var (
	// ErrUnknown says that the room has no such task.
	ErrUnknown = &Error{Code: "not_found", Detail: "the room has no such pull"}
	// ErrTooMany refuses one more than MaxTasks, or MaxAll.
	ErrTooMany = &Error{Code: "too_many_pulls", Detail: fmt.Sprintf("a room has at most %d pulls, all rooms together %d; delete one first", MaxTasks, MaxAll)}
)

func invalid(field, detail string, args ...any) error {
	return &Error{Code: "invalid", Field: field, Detail: fmt.Sprintf(detail, args...)}
}

// check says what is wrong with what is to be pulled into a room with that stream, and fills in its kind.
func (s *Service) check(d *Draft, stream string, now time.Time) error {
	if len(d.Name) > maxName || !utf8.ValidString(d.Name) || strings.ContainsFunc(d.Name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return invalid("name", "must be at most %d bytes of UTF-8 without control characters", maxName)
	}
	if err := s.checkSource(d, stream); err != nil {
		return err
	}
	usual := Live
	if d.source() == fromRecording {
		usual = VOD
	}
	d.Kind = cmp.Or(d.Kind, usual)
	switch {
	case d.Kind != Live && d.Kind != VOD:
		return invalid("kind", "must be live or vod")
	case d.source() == fromRTMP && d.Kind == VOD:
		return invalid("kind", "must be live: RTMP does not say when a file is over")
	case d.source() == fromRecording && d.Kind == Live:
		return invalid("kind", "must be vod: it is a recording")
	case d.Loop && d.Kind == Live:
		return invalid("loop", "is for vod: what is live has no end")
	}
	return d.checkTimes(now)
}

func (d *Draft) checkTimes(now time.Time) error {
	switch {
	case d.Cron != "" && !d.StartAt.IsZero():
		return invalid("cron", "give either startAt or cron, or neither: at once")
	case len(d.Cron) > maxCron:
		return invalid("cron", "must be at most %d bytes", maxCron)
	case d.StartAt.Sub(now) > MaxAhead:
		return invalid("startAt", "must be within a year")
	case !d.EndAt.IsZero() && (!d.EndAt.After(now) || !d.EndAt.After(d.StartAt)):
		return invalid("endAt", "must be in the future, and after startAt")
	case d.For != 0 && d.For < time.Second || d.For > MaxFor:
		return invalid("for", "must be from 1s to %s", MaxFor)
	case d.Cron != "" && d.For == 0 && (d.Kind == Live || d.Loop):
		return invalid("for", "is needed with cron, unless the source has an end")
	}
	return nil
}

func (s *Service) checkSource(d *Draft, stream string) error {
	if (d.URL == "") == (d.Recording == "") {
		return invalid("url", "give either url or recording")
	}
	switch d.source() {
	case fromRecording:
		if len(d.Recording) > maxName {
			return invalid("recording", "there is no such recording")
		}
		return nil
	case fromRTMP:
		u, err := rtmp.ParseURL(d.URL)
		if err != nil {
			return invalid("url", "%v", err)
		}
		_, name := u.Stream()
		return s.checkHost(u.Host(), name == stream)
	case fromFLV, fromHLS:
		u, err := url.Parse(d.URL)
		switch {
		case len(d.URL) > maxURL:
			return invalid("url", "must be at most %d bytes", maxURL)
		case strings.ContainsFunc(d.URL, func(r rune) bool { return r <= ' ' || r > '~' }):
			return invalid("url", "must be printable ASCII without blanks; escape the rest")
		case err != nil || u.Hostname() == "":
			return invalid("url", "must name a host")
		case u.User != nil:
			return invalid("url", "must have no user and password")
		}
		if strings.TrimSuffix(path.Base(u.Path), path.Ext(u.Path)) == stream && s.cfg.Own(u.Host) {
			return errOwn
		}
		return s.checkHost(u.Hostname(), false)
	default:
		return invalid("url", "must be rtmp or rtmps, or http or https with a path that ends in .flv or .m3u8")
	}
}

func (s *Service) checkHost(host string, same bool) error {
	if ip, err := netip.ParseAddr(host); err == nil && !s.cfg.Allowed(ip) {
		return &Error{Code: "private_address", Field: "url", Detail: "is a private address; --relay-private allows those"}
	}
	if same && s.cfg.Own(host) {
		return errOwn
	}
	return nil
}

var errOwn = invalid("url", "is the room's own play address: it would be pulled into itself")

// first is when an expression is due first. Those that are due too often are refused.
func (s *Service) first(cron string, now time.Time) (time.Time, error) {
	first, err := calendar.First(s.cfg.Next, cron, now, MinBetween)
	if err != nil {
		return time.Time{}, invalid("cron", "%v", err)
	}
	return first, nil
}

// plan makes a task begin anew: from now on it is due as its draft says.
func (s *Service) plan(t *Task, now time.Time) error {
	t.Run, t.NextAt = Run{}, time.Time{}
	if !t.Enabled {
		return nil
	}
	switch {
	case t.Cron != "":
		first, err := s.first(t.Cron, now)
		if err != nil {
			return err
		}
		t.NextAt = first
		if !t.EndAt.IsZero() && !first.Before(t.EndAt) {
			return invalid("endAt", "is before cron is first due")
		}
	case t.StartAt.After(now):
		t.NextAt = t.StartAt
	default:
		t.NextAt = now
	}
	return nil
}
