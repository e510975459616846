package live

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"strings"
	"time"

	"liveroom/address"
)

// Bounds of an address's lifetime. Longer than a session is recommended, because a reconnect after expiry fails (spec css §1.3).
const (
	MinAddressTTL = time.Minute
	MaxAddressTTL = 366 * 24 * time.Hour
)

// Addresses are a room's addresses and when they stop beginning anything.
type Addresses struct {
	Push      address.PushAddresses
	Play      address.PlayAddresses
	ExpiresAt time.Time
	Delay     time.Duration // how much later viewers see a push: the one that runs, else the room's next; with PlayAddresses
}

// PushAddresses makes push and play addresses of a room, good for ttl (0: Config.AddressTTL).
func (s *Service) PushAddresses(ctx context.Context, id string, ttl time.Duration) (Addresses, error) {
	r, expires, err := s.addressable(ctx, id, ttl)
	if err != nil {
		return Addresses{}, err
	}
	return Addresses{
		Push:      s.cfg.Addresses.Push(s.cfg.PushKeys.Primary, r.Stream, expires),
		Play:      s.playAddresses(r, expires),
		ExpiresAt: expires,
	}, nil
}

// PlayAddresses makes the play addresses of a room. Push is left empty.
func (s *Service) PlayAddresses(ctx context.Context, id string, ttl time.Duration) (Addresses, error) {
	r, expires, err := s.addressable(ctx, id, ttl)
	if err != nil {
		return Addresses{}, err
	}
	later := r.Delay
	if st, err := s.stateOf(ctx, id); err == nil && watchable(st) {
		later = time.Duration(st.Record.Delay)
	}
	return Addresses{Play: s.playAddresses(r, expires), ExpiresAt: expires, Delay: later}, nil
}

// playAddresses are signed also where no signature is asked for, so that they go on working when the room's policy changes.
func (s *Service) playAddresses(r Room, expires time.Time) address.PlayAddresses {
	return s.cfg.Addresses.Play(s.cfg.PlayKeys.Primary, r.Stream, expires)
}

func (s *Service) addressable(ctx context.Context, id string, ttl time.Duration) (Room, time.Time, error) {
	if ttl == 0 {
		ttl = s.cfg.AddressTTL
	}
	if ttl < MinAddressTTL || ttl > MaxAddressTTL {
		return Room{}, time.Time{}, invalid("expiresIn", "must be from 1m to 8784h")
	}
	r, err := s.store.Room(ctx, id)
	if err != nil {
		return Room{}, time.Time{}, err
	}
	return r, time.Now().Add(ttl).Truncate(time.Second), nil
}

// newRoomID makes an id for a room whose creator gave none: 80 random bits, lower case.
func newRoomID() string { return strings.ToLower(random16()) }

// newGroupID makes an id for a group whose creator gave none, of the shape of Tencent's live groups (spec im-rest §3.0).
func newGroupID() string { return "@TGS#a" + random16() }

// random16 are 80 random bits in 16 upper-case letters and digits.
func random16() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return base32.StdEncoding.EncodeToString(b[:])
}
