package pass

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"
)

const (
	keyBytes  = 16
	macBytes  = 16
	sidBytes  = keyBytes + 8 + macBytes
	timeBytes = 8

	// ClockSkew is how far the clocks of two nodes may be apart.
	ClockSkew = time.Minute
)

// Why a session id or a pass is not accepted. They differ for the log and the player's message; a guesser learns nothing from
// them.
var (
	ErrForged  = errors.New("session id is not one of ours, or its play key was revoked")
	ErrTooOld  = errors.New("session is over: it began too long ago")
	ErrIdle    = errors.New("session is over: it was not used for too long")
	ErrRevoked = errors.New("session was revoked")
	ErrUnknown = errors.New("session has no place here")
)

var base64URL = base64.RawURLEncoding

// Key is the random part of a session id: what a session is known by.
type Key [keyBytes]byte

// Signer makes and checks session ids and passes of one use. It is immutable.
type Signer struct {
	use   string
	node  []byte
	plays []playKey // the first one signs; all are accepted
}

// playKey is a play key and its fingerprint, which binds session ids to the key without being it.
type playKey struct {
	secret      []byte
	fingerprint []byte
}

// NewSigner returns a signer for one use, such as hls: what is made for one is nothing to another. The first play key signs,
// all that are not empty are accepted; there is at least one.
func NewSigner(use string, node []byte, plays ...[]byte) *Signer {
	s := &Signer{use: use, node: node}
	for _, k := range plays {
		if len(k) > 0 {
			s.plays = append(s.plays, playKey{k, sum(k, nil, use+" play key")})
		}
	}
	return s
}

// sum is HMAC-SHA256 over parts with their lengths, so that no two lists of parts sign alike: what is signed, what it is of, and
// what follows.
func sum(key []byte, of []string, what string, rest ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	var n [4]byte
	write := func(p []byte) {
		binary.BigEndian.PutUint32(n[:], uint32(len(p))) //nolint:gosec // parts are names and fixed sizes
		h.Write(n[:])
		h.Write(p)
	}
	write([]byte(what))
	for _, p := range of {
		write([]byte(p))
	}
	for _, p := range rest {
		write(p)
	}
	return h.Sum(nil)
}

// Session mints a session id: base64url(random | start, unix seconds | MAC over use, what it is of, random, start and the play
// key's fingerprint). Any node checks it without a look-up, and it dies with the play key it was minted under.
func (s *Signer) Session(now time.Time, of ...string) (string, Key) {
	var k Key
	_, _ = rand.Read(k[:]) // never fails
	return s.sessionOf(k, now, of...), k
}

// Again is an id of the same session for something else: under the key and the start that CheckSession answered.
func (s *Signer) Again(k Key, start time.Time, of ...string) string {
	return s.sessionOf(k, start, of...)
}

func (s *Signer) sessionOf(k Key, now time.Time, of ...string) string {
	var raw [sidBytes]byte
	copy(raw[:], k[:])
	binary.BigEndian.PutUint64(raw[keyBytes:], uint64(now.Unix()))
	head := raw[:keyBytes+timeBytes]
	copy(raw[len(head):], s.sessionMAC(s.plays[0], of, head))
	return base64URL.EncodeToString(raw[:])
}

func (s *Signer) sessionMAC(k playKey, of []string, head []byte) []byte {
	return sum(s.node, of, s.use+" sid", head, k.fingerprint)[:macBytes]
}

// CheckSession returns what the session is known by and when it began.
func (s *Signer) CheckSession(sid string, now time.Time, maxAge time.Duration, of ...string) (Key, time.Time, error) {
	raw, ok := decode(sid, sidBytes)
	if !ok {
		return Key{}, time.Time{}, ErrForged
	}
	head := raw[:keyBytes+timeBytes]
	valid := 0
	for _, k := range s.plays {
		valid |= subtle.ConstantTimeCompare(raw[len(head):], s.sessionMAC(k, of, head))
	}
	if valid == 0 {
		return Key{}, time.Time{}, ErrForged
	}
	start := time.Unix(int64(binary.BigEndian.Uint64(raw[keyBytes:])), 0) //nolint:gosec // signed by us
	if now.Sub(start) > maxAge || start.Sub(now) > ClockSkew {
		return Key{}, start, ErrTooOld
	}
	return Key(raw[:keyBytes]), start, nil
}

// Hourly is a pass for an hour: MAC(play key, what it is of, hour). It is the same for all viewers, so that caches may keep what
// stands behind it.
func (s *Signer) Hourly(hour int64, of ...string) string {
	return base64URL.EncodeToString(s.hourlyMAC(s.plays[0], of, hour))
}

func (s *Signer) hourlyMAC(k playKey, of []string, hour int64) []byte {
	return sum(k.secret, of, s.use+" cap", eight(hour))[:macBytes]
}

// CheckHourly accepts the pass of this hour and the one before, and of the next as soon as it may have begun by the clock of the
// node that made it.
func (s *Signer) CheckHourly(token string, now time.Time, of ...string) bool {
	raw, ok := decode(token, macBytes)
	if !ok {
		return false
	}
	valid := 0
	for _, k := range s.plays {
		for h := Hour(now.Add(ClockSkew)); h >= Hour(now)-1; h-- {
			valid |= subtle.ConstantTimeCompare(raw, s.hourlyMAC(k, of, h))
		}
	}
	return valid == 1
}

// Until is a pass that holds until a time: base64url(Unix seconds | MAC(play key, what it is of, time)).
func (s *Signer) Until(until time.Time, of ...string) string {
	at := eight(until.Unix())
	return base64URL.EncodeToString(append(at, s.untilMAC(s.plays[0], of, at)...))
}

func (s *Signer) untilMAC(k playKey, of []string, at []byte) []byte {
	return sum(k.secret, of, s.use+" until", at)[:macBytes]
}

// CheckUntil says how long a pass holds, or that it is none (ErrForged) or holds no more (ErrTooOld).
func (s *Signer) CheckUntil(token string, now time.Time, of ...string) (time.Time, error) {
	raw, ok := decode(token, timeBytes+macBytes)
	if !ok {
		return time.Time{}, ErrForged
	}
	at := raw[:timeBytes]
	valid := 0
	for _, k := range s.plays {
		valid |= subtle.ConstantTimeCompare(raw[timeBytes:], s.untilMAC(k, of, at))
	}
	if valid == 0 {
		return time.Time{}, ErrForged
	}
	until := time.Unix(int64(binary.BigEndian.Uint64(at)), 0) //nolint:gosec // signed by us
	if !now.Before(until) {
		return until, ErrTooOld
	}
	return until, nil
}

// Shaped says whether a token has the form of an hourly pass.
func Shaped(token string) bool {
	_, ok := decode(token, macBytes)
	return ok
}

// Hour is the hour of a time, as passes count them.
func Hour(t time.Time) int64 { return t.Unix() / 3600 }

func eight(n int64) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(n)) //nolint:gosec // only signed, or read back as it was
}

// decode reads exactly n bytes of base64url in its one canonical form.
func decode(s string, n int) ([]byte, bool) {
	if len(s) != base64URL.EncodedLen(n) {
		return nil, false
	}
	raw, err := base64URL.Strict().DecodeString(s)
	return raw, err == nil && len(raw) == n
}
