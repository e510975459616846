package keyring

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"liveroom/address"
)

// KeyView is a key as it may be shown to anybody who administers.
type KeyView struct {
	Fingerprint string
	Since       time.Time // zero: it is configured
	UsedAt      time.Time // when something that was signed with it was accepted last, on any node, a minute late; zero: not known
}

// PairView are the keys of a kind. Without a backup that is nil.
type PairView struct {
	Primary KeyView
	Backup  *KeyView
}

// View is what there is to see of the keys.
type View struct {
	Version    uint64 // 0: those that are configured
	Push, Play PairView
}

// Look shows the keys that are in force.
func (s *Service) Look(ctx context.Context) View {
	here, _ := s.uses()
	kept, err := s.store.Uses(ctx)
	if err != nil {
		s.log.Debug("when keys were used on other nodes is not known", "err", err)
	}
	uses := Latest(kept, here)
	s.mu.Lock()
	r := s.ring
	s.mu.Unlock()
	view := func(k Kind, key Key) KeyView {
		of := fingerprint(s.cfg.NodeKey, k, key.Secret)
		return KeyView{Fingerprint: of, Since: key.Since, UsedAt: uses[of]}
	}
	pair := func(k Kind) PairView {
		p := r.pair(k)
		out := PairView{Primary: view(k, p.Primary)}
		if p.Backup.Secret != "" {
			backup := view(k, p.Backup)
			out.Backup = &backup
		}
		return out
	}
	return View{Version: r.Version, Push: pair(Push), Play: pair(Play)}
}

// Reveal shows the keys of a kind themselves.
func (s *Service) Reveal(k Kind) address.Keys {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ring.pair(k).keys()
}

// Rotate gives a kind a new primary key, one of 128 random bits if key is empty; the one before becomes the backup, and the backup
// that was there is revoked. With primary, the fingerprint of the key that is to be replaced, nothing happens if it is another by
// now: so a call that is made again does no harm. A key that is the primary one already changes nothing.
func (s *Service) Rotate(ctx context.Context, k Kind, key, primary string) (changed bool, err error) {
	if key == "" {
		var random [16]byte
		_, _ = rand.Read(random[:]) // never fails
		key = hex.EncodeToString(random[:])
	} else if err := s.checkKey(key); err != nil {
		return false, err
	}
	since := time.Now().UTC().Truncate(time.Second)
	return s.change(ctx, func(r *Ring) error {
		p, other := r.pair(k), r.Push
		if k == Push {
			other = r.Play
		}
		switch {
		case same(key, p.Primary.Secret):
			return nil
		case primary != "" && primary != fingerprint(s.cfg.NodeKey, k, p.Primary.Secret):
			return &Error{Code: "keys_changed", Field: "primary", Detail: "another key is the primary one by now; look at the keys again"}
		case same(key, other.Primary.Secret, other.Backup.Secret):
			return &Error{Code: "invalid", Field: "key", Detail: "is a key of the other kind: each must be a secret of its own"}
		}
		*p = Pair{Primary: Key{Secret: key, Since: since}, Backup: p.Primary}
		return nil
	})
}

// checkKey says why a key that is given can't be one.
func (s *Service) checkKey(key string) error {
	invalid := &Error{Code: "invalid", Field: "key", Detail: "must be " + strconv.Itoa(MinKeyBytes) + " to " + strconv.Itoa(MaxKeyBytes) + " letters, digits and other ASCII characters without blanks"}
	if len(key) < MinKeyBytes || len(key) > MaxKeyBytes {
		return invalid
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return invalid
		}
	}
	if same(key, s.cfg.Others...) {
		invalid.Detail = "is another secret of this server: each must be one of its own"
		return invalid
	}
	return nil
}

// Revoke takes a kind's backup key away: what was signed with it is not accepted any more. Without one nothing changes. With
// backup, the fingerprint of the key that is meant, neither does anything if it is another by now.
func (s *Service) Revoke(ctx context.Context, k Kind, backup string) (changed bool, err error) {
	return s.change(ctx, func(r *Ring) error {
		p := r.pair(k)
		if backup != "" && p.Backup.Secret != "" && backup != fingerprint(s.cfg.NodeKey, k, p.Backup.Secret) {
			return &Error{Code: "keys_changed", Field: "backup", Detail: "another key is the backup by now; look at the keys again"}
		}
		p.Backup = Key{}
		return nil
	})
}

// change changes the ring in the Store and puts it in force here, and says whether f had anything to change.
func (s *Service) change(ctx context.Context, f func(*Ring) error) (changed bool, err error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	for range maxTries {
		if err := s.reload(ctx); err != nil {
			return false, err
		}
		s.mu.Lock()
		was, foreign := s.ring, s.foreign > s.ring.Version
		s.mu.Unlock()
		if foreign {
			return false, &Error{Code: "keys_changed", Detail: "another node has other push or play keys configured; give all nodes the same"}
		}
		next := was
		if err := f(&next); err != nil || next == was {
			return false, err
		}
		next.Version, next.From = was.Version+1, s.mark
		switch err := s.store.Put(ctx, was.Version, next); {
		case errors.Is(err, ErrChanged):
			continue
		case err != nil:
			return false, err
		}
		s.take(next)
		return true, nil
	}
	return false, ErrChanged
}
