package pass

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"sync/atomic"
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

// Signer makes and checks session ids and passes of one use. Its play keys may be changed while it is used.
type Signer struct {
	use   string
	node  []byte
	plays atomic.Pointer[plays]
}

// plays are the play keys of a Signer: the first one signs, all are accepted. They are never changed, only put in another's place.
type plays struct {
	keys []*playKey
	term uint64 // how many were there before
}

// playKey is a play key and its fingerprint, which binds session ids to the key without being it.
type playKey struct {
	secret      []byte
	fingerprint []byte
	usedAt      atomic.Int64 // when it let somebody in last: Unix seconds, 0: never
}

// use notes that a key let somebody in. It is shared by all, and written once a second.
func (k *playKey) use(now time.Time) {
	if at := now.Unix(); k.usedAt.Load() < at {
		k.usedAt.Store(at)
	}
}

// Under is the play key that something was signed with. The zero value is the one that signs.
type Under struct{ key *playKey }

// String tells play keys apart and says nothing of them.
func (u Under) String() string {
	if u.key == nil {
		return ""
	}
	return base64URL.EncodeToString(u.key.fingerprint[:6])
}

// GoString hides the key from %#v.
func (u Under) GoString() string { return u.String() }

// NewSigner returns a signer for one use, such as hls: what is made for one is nothing to another. The first play key signs,
// all that are not empty are accepted; there is at least one.
func NewSigner(use string, node []byte, keys ...[]byte) *Signer {
	s := &Signer{use: use, node: node}
	s.plays.Store(&plays{})
	s.SetPlays(keys...)
	return s
}

// SetPlays puts play keys in the place of those it has: what was signed with one that is not among them is accepted no more. It
// is not called twice at a time.
func (s *Signer) SetPlays(keys ...[]byte) {
	now := s.plays.Load()
	next := &plays{term: now.term + 1}
	for _, k := range keys {
		if len(k) == 0 {
			continue
		}
		held := now.of(k)
		if held == nil {
			held = &playKey{secret: k, fingerprint: sum(k, nil, s.use+" play key")}
		}
		next.keys = append(next.keys, held)
	}
	s.plays.Store(next)
}

// of is the key with a secret, nil if there is none.
func (p *plays) of(secret []byte) *playKey {
	for _, k := range p.keys {
		if bytes.Equal(k.secret, secret) {
			return k
		}
	}
	return nil
}

// Term counts the changes of the play keys: what was found good in another term is looked at anew.
func (s *Signer) Term() uint64 { return s.plays.Load().term }

// UsedAt is when something signed with a play key was accepted last, in whole seconds; zero if never, or if it is none of its keys.
func (s *Signer) UsedAt(key []byte) time.Time {
	k := s.plays.Load().of(key)
	if k == nil || k.usedAt.Load() == 0 {
		return time.Time{}
	}
	return time.Unix(k.usedAt.Load(), 0)
}

// Now is the play key that signs.
func (s *Signer) Now() Under { return Under{s.plays.Load().keys[0]} }

// Accepts says whether what was signed with a play key is still accepted.
func (s *Signer) Accepts(u Under) bool {
	return u.key == nil || slices.Contains(s.plays.Load().keys, u.key)
}

// key is that of u.
func (s *Signer) key(u Under) *playKey {
	if u.key == nil {
		return s.plays.Load().keys[0]
	}
	return u.key
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
	return s.sessionOf(Under{}, k, now, of...), k
}

// Again is an id of the same session for something else: with what CheckSession answered. It dies with the session.
func (s *Signer) Again(u Under, k Key, start time.Time, of ...string) string {
	return s.sessionOf(u, k, start, of...)
}

func (s *Signer) sessionOf(u Under, k Key, now time.Time, of ...string) string {
	var raw [sidBytes]byte
	copy(raw[:], k[:])
	binary.BigEndian.PutUint64(raw[keyBytes:], uint64(now.Unix()))
	head := raw[:keyBytes+timeBytes]
	copy(raw[len(head):], s.sessionMAC(s.key(u), of, head))
	return base64URL.EncodeToString(raw[:])
}

func (s *Signer) sessionMAC(k *playKey, of []string, head []byte) []byte {
	return sum(s.node, of, s.use+" sid", head, k.fingerprint)[:macBytes]
}

// CheckSession returns what the session is known by, when it began, and with which play key it was signed.
func (s *Signer) CheckSession(sid string, now time.Time, maxAge time.Duration, of ...string) (Key, time.Time, Under, error) {
	raw, ok := decode(sid, sidBytes)
	if !ok {
		return Key{}, time.Time{}, Under{}, ErrForged
	}
	head := raw[:keyBytes+timeBytes]
	by := s.signedBy(raw[len(head):], func(k *playKey) []byte { return s.sessionMAC(k, of, head) })
	if by == nil {
		return Key{}, time.Time{}, Under{}, ErrForged
	}
	start := time.Unix(int64(binary.BigEndian.Uint64(raw[keyBytes:])), 0) //nolint:gosec // signed by us
	if now.Sub(start) > maxAge || start.Sub(now) > ClockSkew {
		return Key{}, start, Under{}, ErrTooOld
	}
	by.use(now)
	return Key(raw[:keyBytes]), start, Under{by}, nil
}

// signedBy is the play key that made a MAC, nil if none did. All are tried always.
func (s *Signer) signedBy(given []byte, mac func(*playKey) []byte) (by *playKey) {
	for _, k := range s.plays.Load().keys {
		if subtle.ConstantTimeCompare(given, mac(k)) == 1 {
			by = k
		}
	}
	return by
}

// Hourly is a pass for an hour: MAC(play key, what it is of, hour). It is the same for all viewers, so that caches may keep what
// stands behind it.
func (s *Signer) Hourly(u Under, hour int64, of ...string) string {
	return base64URL.EncodeToString(s.hourlyMAC(s.key(u), of, hour))
}

func (s *Signer) hourlyMAC(k *playKey, of []string, hour int64) []byte {
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
	for _, k := range s.plays.Load().keys {
		for h := Hour(now.Add(ClockSkew)); h >= Hour(now)-1; h-- {
			valid |= subtle.ConstantTimeCompare(raw, s.hourlyMAC(k, of, h))
		}
	}
	return valid == 1
}

// Until is a pass that holds until a time: base64url(Unix seconds | MAC(play key, what it is of, time)).
func (s *Signer) Until(u Under, until time.Time, of ...string) string {
	at := eight(until.Unix())
	return base64URL.EncodeToString(append(at, s.untilMAC(s.key(u), of, at)...))
}

func (s *Signer) untilMAC(k *playKey, of []string, at []byte) []byte {
	return sum(k.secret, of, s.use+" until", at)[:macBytes]
}

// CheckUntil says how long a pass holds, or that it is none (ErrForged) or holds no more (ErrTooOld).
func (s *Signer) CheckUntil(token string, now time.Time, of ...string) (time.Time, error) {
	raw, ok := decode(token, timeBytes+macBytes)
	if !ok {
		return time.Time{}, ErrForged
	}
	at := raw[:timeBytes]
	by := s.signedBy(raw[timeBytes:], func(k *playKey) []byte { return s.untilMAC(k, of, at) })
	if by == nil {
		return time.Time{}, ErrForged
	}
	until := time.Unix(int64(binary.BigEndian.Uint64(at)), 0) //nolint:gosec // signed by us
	if !now.Before(until) {
		return until, ErrTooOld
	}
	by.use(now)
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
