package address

import (
	"crypto/md5"
	"crypto/subtle"
	"strconv"
	"sync/atomic"
	"time"
)

// Verifier checks the addresses of one purpose, push or play. Its keys may be changed while it is used.
type Verifier struct {
	held  atomic.Pointer[held]
	delta time.Duration
}

// held are the keys of a Verifier, and when each accepted an address last: Unix seconds, 0: never.
type held struct {
	Keys
	primaryAt, backupAt *atomic.Int64
}

// New returns a Verifier for keys. An address is good until txTime + delta (spec css §1.5 AuthDelta; below zero counts as zero).
func New(keys Keys, delta time.Duration) *Verifier {
	v := &Verifier{delta: max(delta, 0)}
	v.held.Store(&held{Keys: keys, primaryAt: new(atomic.Int64), backupAt: new(atomic.Int64)})
	return v
}

// Keys are those it checks with now.
func (v *Verifier) Keys() Keys { return v.held.Load().Keys }

// SetKeys puts keys in the place of those it has. A key that stays keeps its UsedAt. It is not called twice at a time.
func (v *Verifier) SetKeys(keys Keys) {
	now := v.held.Load()
	at := func(key string) *atomic.Int64 {
		switch key {
		case "":
		case now.Primary:
			return now.primaryAt
		case now.Backup:
			return now.backupAt
		}
		return new(atomic.Int64)
	}
	v.held.Store(&held{Keys: keys, primaryAt: at(keys.Primary), backupAt: at(keys.Backup)})
}

// UsedAt is when a key accepted an address last, in whole seconds; zero if it never did, or is none of its keys.
func (v *Verifier) UsedAt(key string) time.Time {
	now := v.held.Load()
	at := int64(0)
	switch key {
	case "":
	case now.Primary:
		at = now.primaryAt.Load()
	case now.Backup:
		at = now.backupAt.Load()
	}
	if at == 0 {
		return time.Time{}
	}
	return time.Unix(at, 0)
}

// Check says whether name may be pushed or played with what queries carry. queries are raw query strings, without '?',
// from every place the client may have put parameters. The error is an *Error.
func (v *Verifier) Check(name string, queries []string, now time.Time) error {
	k := v.held.Load()
	used, err := v.check(k, name, queries, now)
	if err != nil {
		return err
	}
	at := k.primaryAt
	if used == byBackup {
		at = k.backupAt
	}
	if seconds := now.Unix(); at.Load() < seconds { // shared by all: written once a second
		at.Store(seconds)
	}
	return nil
}

// look is Check of an address that nobody uses.
func (v *Verifier) look(name string, queries []string, now time.Time) error {
	_, err := v.check(v.held.Load(), name, queries, now)
	return err
}

// by says which key made a signature.
type by int

const (
	byNone by = iota
	byPrimary
	byBackup
)

func (v *Verifier) check(k *held, name string, queries []string, now time.Time) (by, error) {
	if err := ValidName(name); err != nil {
		return byNone, err
	}
	p, refused := findParams(queries)
	if refused != nil {
		return byNone, refused
	}
	expires, ok := parseTime(p.time)
	if !ok {
		return byNone, refuse(CodeTime, "txTime must be 1 to 8 hexadecimal digits or exactly 10 decimal digits: the seconds since 1970 at which the address expires")
	}
	used := k.matches(name, p)
	if used == byNone {
		if k.Keys == (Keys{}) {
			return byNone, refuse(CodeSignature, "no key is configured, so no signature can match")
		}
		return byNone, refuse(CodeSignature, "txSecret does not fit stream name "+strconv.Quote(name)+" and txTime "+p.time+": sign md5(key + stream name + txTime) with this server's key, or ask for a new address if that key was changed")
	}
	if end := expires.Add(v.delta); now.After(end) {
		return byNone, refuse(CodeExpired, "the address expired at "+end.UTC().Format(time.RFC3339)+": ask for a new one")
	}
	return used, nil
}

// matches compares with both keys always, so that time tells neither which key is set nor how much of the digest was right.
func (k *held) matches(name string, p params) by {
	given, ok := lowerHex(p.secret)
	primary := digest(k.Primary, name, p.time)
	backup := digest(k.Backup, name, p.time)
	first := subtle.ConstantTimeCompare(given[:], primary[:]) & flag(k.Primary != "") & flag(ok)
	second := subtle.ConstantTimeCompare(given[:], backup[:]) & flag(k.Backup != "") & flag(ok)
	return by(subtle.ConstantTimeSelect(first, int(byPrimary), second*int(byBackup)))
}

// matches says whether any of its keys made a signature.
func (v *Verifier) matches(name string, p params) bool {
	return v.held.Load().matches(name, p) != byNone
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// lowerHex lowers the case of a 32-digit hexadecimal text; ok is false for anything else.
func lowerHex(s string) (out [2 * md5.Size]byte, ok bool) {
	if len(s) != len(out) {
		return out, false
	}
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'F' {
			c += 'a' - 'A'
		}
		if !isDigit(c) && (c < 'a' || c > 'f') {
			return out, false
		}
		out[i] = c
	}
	return out, true
}

// parseTime reads txTime (spec css §8.1.6). Hexadecimal seconds stay below 9 digits until 2106, so the two forms can't collide.
func parseTime(s string) (time.Time, bool) {
	base := 16
	switch {
	case len(s) >= 1 && len(s) <= 8:
	case len(s) == 10:
		base = 10
	default:
		return time.Time{}, false
	}
	for i := range len(s) { // ParseUint alone would take a sign or, with base 0, a prefix
		if c := s[i] | 0x20; !isDigit(s[i]) && (base == 10 || c < 'a' || c > 'f') {
			return time.Time{}, false
		}
	}
	seconds, err := strconv.ParseUint(s, base, 63)
	if err != nil {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
