package hls

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
	sidRandomBytes = 16
	sidMACBytes    = 16
	sidBytes       = sidRandomBytes + 8 + sidMACBytes
	capBytes       = 16

	// clockSkew is how far the clocks of two nodes may be apart.
	clockSkew = time.Minute
)

// Why a session id is not accepted. They differ for the log and the player's message; a guesser learns nothing from them.
var (
	errForged  = errors.New("session id is not one of ours, or its play key was revoked")
	errTooOld  = errors.New("session is over: it began too long ago")
	errIdleSID = errors.New("session is over: it was not used for too long")
	errRevoked = errors.New("session was revoked")
	errUnknown = errors.New("session has no place here")
)

var base64URL = base64.RawURLEncoding

// sessionKey is the random part of a session id: what a session is known by.
type sessionKey [sidRandomBytes]byte

// signer makes and checks session ids and segment paths. It is immutable.
type signer struct {
	node  []byte
	plays []playKey // the first one signs; all are accepted
}

// playKey is a play key and its fingerprint, which binds session ids to the key without being it.
type playKey struct {
	secret      []byte
	fingerprint []byte
}

func newSigner(node []byte, plays ...[]byte) *signer {
	s := &signer{node: node}
	for _, k := range plays {
		if len(k) > 0 {
			s.plays = append(s.plays, playKey{k, sum(k, "hls play key")})
		}
	}
	return s
}

// sum is HMAC-SHA256 over parts with their lengths, so that no two lists of parts sign alike.
func sum(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	var n [4]byte
	for _, p := range parts {
		binary.BigEndian.PutUint32(n[:], uint32(len(p))) //nolint:gosec // parts are names and fixed sizes
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

// sid is base64url(random | start, unix seconds | MAC over purpose, app, stream, random, start and the play key's
// fingerprint): any node checks it without a look-up, and it dies with the play key it was minted under.
func (s *signer) sid(app, name string, now time.Time) (string, sessionKey) {
	var k sessionKey
	_, _ = rand.Read(k[:]) // never fails
	return s.sidOf(k, app, name, now), k
}

func (s *signer) sidOf(k sessionKey, app, name string, now time.Time) string {
	var raw [sidBytes]byte
	copy(raw[:], k[:])
	binary.BigEndian.PutUint64(raw[sidRandomBytes:], uint64(now.Unix()))
	head := raw[:sidRandomBytes+8]
	copy(raw[len(head):], s.sidMAC(s.plays[0], app, name, head))
	return base64URL.EncodeToString(raw[:])
}

func (s *signer) sidMAC(k playKey, app, name string, head []byte) []byte {
	return sum(s.node, "hls sid", app, name, string(head), string(k.fingerprint))[:sidMACBytes]
}

// checkSID returns what the session is known by and when it began.
func (s *signer) checkSID(sid, app, name string, now time.Time, maxAge time.Duration) (sessionKey, time.Time, error) {
	raw, ok := decode(sid, sidBytes)
	if !ok {
		return sessionKey{}, time.Time{}, errForged
	}
	head := raw[:sidRandomBytes+8]
	valid := 0
	for _, k := range s.plays {
		valid |= subtle.ConstantTimeCompare(raw[len(head):], s.sidMAC(k, app, name, head))
	}
	if valid == 0 {
		return sessionKey{}, time.Time{}, errForged
	}
	start := time.Unix(int64(binary.BigEndian.Uint64(raw[sidRandomBytes:])), 0) //nolint:gosec // signed by us
	if now.Sub(start) > maxAge || start.Sub(now) > clockSkew {
		return sessionKey{}, start, errTooOld
	}
	return sessionKey(raw[:sidRandomBytes]), start, nil
}

// capability is the element in the path of segments: MAC(play key, stream, session, hour). It is the same for all viewers, so
// that caches may keep what stands behind it.
func (s *signer) capability(name, session string, hour int64) string {
	return base64URL.EncodeToString(s.capMAC(s.plays[0], name, session, hour))
}

func (s *signer) capMAC(k playKey, name, session string, hour int64) []byte {
	var h [8]byte
	binary.BigEndian.PutUint64(h[:], uint64(hour)) //nolint:gosec // only signed, never read back
	return sum(k.secret, "hls cap", name, session, string(h[:]))[:capBytes]
}

// checkCap accepts the capability of this hour and the one before, and of the next as soon as it may have begun by the clock
// of the node that made it.
func (s *signer) checkCap(token, name, session string, now time.Time) bool {
	raw, ok := decode(token, capBytes)
	if !ok {
		return false
	}
	valid := 0
	for _, k := range s.plays {
		for h := hourOf(now.Add(clockSkew)); h >= hourOf(now)-1; h-- {
			valid |= subtle.ConstantTimeCompare(raw, s.capMAC(k, name, session, h))
		}
	}
	return valid == 1
}

func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

// decode reads exactly n bytes of base64url in its one canonical form.
func decode(s string, n int) ([]byte, bool) {
	if len(s) != base64URL.EncodedLen(n) {
		return nil, false
	}
	raw, err := base64URL.Strict().DecodeString(s)
	return raw, err == nil && len(raw) == n
}
