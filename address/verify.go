package address

import (
	"crypto/md5"
	"crypto/subtle"
	"strconv"
	"time"
)

// Verifier checks the addresses of one purpose, push or play.
type Verifier struct {
	keys  Keys
	delta time.Duration
}

// New returns a Verifier for keys. An address is good until txTime + delta (spec css §1.5 AuthDelta; below zero counts as zero).
func New(keys Keys, delta time.Duration) *Verifier {
	return &Verifier{keys: keys, delta: max(delta, 0)}
}

// Check says whether name may be pushed or played with what queries carry. queries are raw query strings, without '?',
// from every place the client may have put parameters. The error is an *Error.
func (v *Verifier) Check(name string, queries []string, now time.Time) error {
	if err := ValidName(name); err != nil {
		return err
	}
	p, refused := findParams(queries)
	if refused != nil {
		return refused
	}
	expires, ok := parseTime(p.time)
	if !ok {
		return refuse(CodeTime, "txTime must be 1 to 8 hexadecimal digits or exactly 10 decimal digits: the seconds since 1970 at which the address expires")
	}
	if !v.matches(name, p) {
		if v.keys == (Keys{}) {
			return refuse(CodeSignature, "no key is configured, so no signature can match")
		}
		return refuse(CodeSignature, "txSecret does not fit stream name "+strconv.Quote(name)+" and txTime "+p.time+": sign md5(key + stream name + txTime) with this server's key")
	}
	if end := expires.Add(v.delta); now.After(end) {
		return refuse(CodeExpired, "the address expired at "+end.UTC().Format(time.RFC3339)+": ask for a new one")
	}
	return nil
}

// matches compares with both keys always, so that time tells neither which key is set nor how much of the digest was right.
func (v *Verifier) matches(name string, p params) bool {
	given, ok := lowerHex(p.secret)
	primary := digest(v.keys.Primary, name, p.time)
	backup := digest(v.keys.Backup, name, p.time)
	match := subtle.ConstantTimeCompare(given[:], primary[:]) & flag(v.keys.Primary != "")
	match |= subtle.ConstantTimeCompare(given[:], backup[:]) & flag(v.keys.Backup != "")
	return match&flag(ok) == 1
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
