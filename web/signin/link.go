package signin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Purpose is what a link is for.
type Purpose byte

// The purposes.
const (
	ForAdmin  Purpose = 1 // signs in to the console of the administrator
	ForAnchor Purpose = 2 // gives a UserSig of a room's anchor
)

// How long links may be good.
const (
	DefaultLinkTTL = 15 * time.Minute
	MinLinkTTL     = time.Second
	MaxLinkTTL     = 24 * time.Hour
)

// What is wrong with a code.
var (
	ErrBadLink = errors.New("signin: this is no code of a link of ours")
	ErrExpired = errors.New("signin: the link has expired")
)

// Link signs somebody in once.
type Link struct {
	ID        string // says which of the links it is, and is no secret
	For       Purpose
	Room      string // of ForAnchor
	MadeAt    time.Time
	ExpiresAt time.Time
}

// The parts of a code: purpose, when it was made and expires (Unix µs), what makes it unlike others, the room, a MAC.
const (
	nonceAt      = 1 + 8 + 8
	roomAt       = nonceAt + 16
	maxRoomBytes = 64
	maxCodeBytes = (roomAt + maxRoomBytes + sha256.Size + 2) / 3 * 4
)

var codeText = base64.RawURLEncoding.Strict() // one text for each code

// decode reads a text that encoding gave; base64 by itself passes over line ends.
func decode(text string) ([]byte, bool) {
	b, err := codeText.DecodeString(text)
	return b, err == nil && codeText.EncodedLen(len(b)) == len(text)
}

// NewLink makes a link that expires after ttl, and its code. A room is needed by ForAnchor alone.
func (s *Service) NewLink(purpose Purpose, room string, ttl time.Duration) (Link, string, error) {
	switch {
	case ttl < MinLinkTTL || ttl > MaxLinkTTL:
		return Link{}, "", fmt.Errorf("signin: a link is good for %s to %s, not %s", MinLinkTTL, MaxLinkTTL, ttl)
	case (purpose == ForAnchor) != (room != "") || len(room) > maxRoomBytes || purpose != ForAdmin && purpose != ForAnchor:
		return Link{}, "", fmt.Errorf("signin: no link of purpose %d for room %q", purpose, room)
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	b := append(make([]byte, 0, maxCodeBytes), byte(purpose))
	b = binary.BigEndian.AppendUint64(b, uint64(now.UnixMicro()))
	b = binary.BigEndian.AppendUint64(b, uint64(now.Add(ttl).UnixMicro()))
	b = b[:roomAt]
	_, _ = rand.Read(b[nonceAt:]) // never fails (crypto/rand)
	b = append(b, room...)
	return linkOf(b), codeText.EncodeToString(append(b, s.linkMAC(b)...)), nil
}

// ReadLink says what a code is for, if it is one of ours. One that has expired is returned with ErrExpired.
func (s *Service) ReadLink(code string) (Link, error) {
	if len(code) > maxCodeBytes {
		return Link{}, ErrBadLink
	}
	b, ok := decode(code)
	if !ok || len(b) < roomAt+sha256.Size {
		return Link{}, ErrBadLink
	}
	b, mac := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if !hmac.Equal(mac, s.linkMAC(b)) {
		return Link{}, ErrBadLink
	}
	l := linkOf(b)
	if !time.Now().Before(l.ExpiresAt) {
		return l, ErrExpired
	}
	return l, nil
}

func linkOf(b []byte) Link {
	at := func(i int) time.Time { return time.UnixMicro(int64(binary.BigEndian.Uint64(b[i:]))).UTC() }
	return Link{
		ID: codeText.EncodeToString(b[nonceAt:roomAt]), For: Purpose(b[0]), Room: string(b[roomAt:]), MadeAt: at(1), ExpiresAt: at(9),
	}
}

func (s *Service) linkMAC(b []byte) []byte { return mac(s.keys.link, b) }

func mac(key, b []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(b)
	return h.Sum(nil)
}
