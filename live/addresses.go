package live

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
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
		Push:      s.cfg.Addresses.Push(s.push.Keys().Primary, r.Stream, expires),
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

// AddressesOf asks for addresses of a stream, which no room need have.
type AddressesOf struct {
	Room      string // or Stream: the room's stream, which has the id of a room that is not there yet
	Stream    string
	App       string        // empty: Config.Addresses'
	ExpiresIn time.Duration // or ExpiresAt; 0: Config.AddressTTL
	ExpiresAt time.Time     // in whole seconds
}

// MakeAddresses makes push and play addresses.
func (s *Service) MakeAddresses(ctx context.Context, of AddressesOf) (Addresses, error) {
	name, expires, err := s.addressed(ctx, of)
	if err != nil {
		return Addresses{}, err
	}
	base := s.cfg.Addresses
	if of.App != "" {
		if address.ValidName(of.App) != nil || !s.appAllowed(of.App) {
			return Addresses{}, invalid("app", "is none that this server accepts; see apps")
		}
		base.App = of.App
	}
	return Addresses{
		Push: base.Push(s.push.Keys().Primary, name, expires), Play: base.Play(s.play.Keys().Primary, name, expires), ExpiresAt: expires,
	}, nil
}

// addressed is the stream that addresses are asked of, and when they are to expire.
func (s *Service) addressed(ctx context.Context, of AddressesOf) (name string, expires time.Time, err error) {
	field := "stream"
	switch {
	case (of.Room == "") == (of.Stream == ""):
		return "", time.Time{}, invalid("room", "name a room or a stream, and not both")
	case of.ExpiresIn != 0 && !of.ExpiresAt.IsZero():
		return "", time.Time{}, invalid("expiresAt", "say expiresIn or expiresAt, and not both")
	}
	if name = of.Stream; name == "" {
		field, name = "room", of.Room
		if r, err := s.store.Room(ctx, of.Room); err == nil {
			name = r.Stream
		} else if !isNotFound(err) {
			return "", time.Time{}, err
		}
	}
	if bad := (*address.Error)(nil); errors.As(address.ValidName(name), &bad) {
		return "", time.Time{}, invalid(field, bad.Detail)
	}
	field, now := "expiresIn", time.Now()
	expires = now.Add(cmpOr(of.ExpiresIn, s.cfg.AddressTTL))
	if !of.ExpiresAt.IsZero() {
		field, expires = "expiresAt", of.ExpiresAt
	}
	if ttl := expires.Sub(now); ttl < MinAddressTTL || ttl > MaxAddressTTL {
		return "", time.Time{}, invalid(field, "must be from 1m to 8784h from now")
	}
	return name, expires.UTC().Truncate(time.Second), nil
}

// Rekey changes the keys of addresses: those made from now on are signed with the primary ones, and no push or play begins with
// an address that was signed with another key than these. What runs goes on. It is not called twice at a time.
func (s *Service) Rekey(push, play address.Keys) {
	s.push.SetKeys(push)
	s.play.SetKeys(play)
}

// PushKeyUsedAt is when a push address that was signed with a key was accepted last; zero if none ever was.
func (s *Service) PushKeyUsedAt(key string) time.Time { return s.push.UsedAt(key) }

// PlayKeyUsedAt is likewise of play addresses.
func (s *Service) PlayKeyUsedAt(key string) time.Time { return s.play.UsedAt(key) }

// playAddresses are signed also where no signature is asked for, so that they go on working when the room's policy changes.
func (s *Service) playAddresses(r Room, expires time.Time) address.PlayAddresses {
	return s.cfg.Addresses.Play(s.play.Keys().Primary, r.Stream, expires)
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
