package status

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"time"
)

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewULID makes an identifier of 26 characters that sorts by time: 48 bits of milliseconds, then 80 random bits.
// Two of the same millisecond are distinct but in no order.
func NewULID(at time.Time) string {
	var raw [16]byte
	rand.Read(raw[6:]) // never fails (crypto/rand)
	ms := uint64(max(at.UnixMilli(), 0))
	raw[0], raw[1] = byte(ms>>40), byte(ms>>32)
	binary.BigEndian.PutUint32(raw[2:], uint32(ms))
	hi, lo := binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:])
	var out [26]byte
	for i := len(out) - 1; i >= 0; i-- { // five bits at a time, from the right
		out[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out[:])
}

// SessionBegan is when a live session began, which its name says; zero for what is no session's name.
func SessionBegan(session string) time.Time {
	if len(session) != 26 || strings.Trim(session, crockford) != "" {
		return time.Time{}
	}
	return ulidTime(session).UTC()
}

// ulidTime is the time an identifier was made of.
func ulidTime(id string) time.Time {
	var ms int64
	for _, c := range id[:min(len(id), 10)] {
		ms = ms<<5 | int64(strings.IndexRune(crockford, c))
	}
	return time.UnixMilli(ms)
}
