package keyring

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"log/slog"
	"time"

	"liveroom/address"
)

// Kind is what a key is for.
type Kind string

// The kinds of keys.
const (
	Push Kind = "push"
	Play Kind = "play"
)

// Key is one key, and since when it is there; zero: it is configured.
type Key struct {
	Secret string
	Since  time.Time
}

// LogValue, String, GoString and MarshalJSON keep the key out of logs, errors and answers.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalJSON hides the key from JSON.
func (k Key) MarshalJSON() ([]byte, error) { return []byte(`"[key]"`), nil }

func (k Key) String() string { return "[key]" }

// GoString hides the key from %#v.
func (k Key) GoString() string { return k.String() }

// Pair are the keys of a kind. Without a backup its Secret is empty.
type Pair struct {
	Primary, Backup Key
}

func (p Pair) keys() address.Keys {
	return address.Keys{Primary: p.Primary.Secret, Backup: p.Backup.Secret}
}

func pairOf(k address.Keys) Pair {
	return Pair{Primary: Key{Secret: k.Primary}, Backup: Key{Secret: k.Backup}}
}

// Ring is what a Store keeps.
type Ring struct {
	Version uint64 // grows with each change; 0: nothing is kept
	From    string // Mark of the configured keys it came from
	Push    Pair
	Play    Pair // without a primary key, as of Push: the configured ones
}

// Pair are the keys of a kind.
func (r *Ring) pair(k Kind) *Pair {
	if k == Push {
		return &r.Push
	}
	return &r.Play
}

// Of are the keys in force of a ring, where these are configured.
func (r Ring) Of(push, play address.Keys) (address.Keys, address.Keys) {
	if r.Version == 0 || r.From != Mark(push, play) {
		return push, play
	}
	r = r.whole(push, play)
	return r.Push.keys(), r.Play.keys()
}

// whole is a ring that names all its keys.
func (r Ring) whole(push, play address.Keys) Ring {
	if r.Push.Primary.Secret == "" {
		r.Push = pairOf(push)
	}
	if r.Play.Primary.Secret == "" {
		r.Play = pairOf(play)
	}
	return r
}

// Mark tells sets of configured keys apart.
func Mark(push, play address.Keys) string {
	h := sha256.New()
	for _, k := range []string{"liveroom configured keys", push.Primary, push.Backup, play.Primary, play.Backup} {
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(k)))) // never fails
		_, _ = h.Write([]byte(k))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Errors of Stores.
var (
	// ErrChanged refuses to put a ring in the place of one that is not there any more.
	ErrChanged = errors.New("the keys were changed meanwhile")
	// ErrSealed is for a ring that can't be opened: it was sealed with another node key, or somebody changed it.
	ErrSealed = errors.New("the keys that are kept can't be opened: they were sealed with another node key, or changed by somebody")
)

// Error is what a caller did wrong, in terms it can act on.
type Error struct {
	Code   string // stable: invalid, keys_changed
	Field  string // at fault
	Detail string
}

func (e *Error) Error() string { return e.Code + ": " + e.Field + ": " + e.Detail }
