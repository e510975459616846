package boltstore

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/web/signin"
)

// Buckets of who is signed in to the consoles, made with the first.
//
//	signin.sessions  id → signin.Session (JSON)
//	signin.used      id of a used link → when it expires (8 bytes, Unix µs)
//	signin.head      "voided" → links of administrators made before are void (8 bytes, Unix µs)
var (
	bucketSignInSessions = []byte("signin.sessions")
	bucketSignInUsed     = []byte("signin.used")
	bucketSignInHead     = []byte("signin.head")

	keyVoided = []byte("voided")
)

// SignIn is the file as signin.Store. Everything is class A.
type SignIn struct{ s *Store }

var _ signin.Store = (*SignIn)(nil)

// SignIn is the sign-ins' view of the file.
func (s *Store) SignIn() *SignIn { return &SignIn{s: s} }

// signInTx is one transaction's view.
type signInTx struct{ sessions, used, head *bolt.Bucket }

func (w *SignIn) update(ctx context.Context, fn func(t signInTx) error) error {
	return w.s.update(ctx, func(tx *bolt.Tx) error {
		var t signInTx
		for _, b := range []struct {
			bucket **bolt.Bucket
			name   []byte
		}{{&t.sessions, bucketSignInSessions}, {&t.used, bucketSignInUsed}, {&t.head, bucketSignInHead}} {
			var err error
			if *b.bucket, err = tx.CreateBucketIfNotExists(b.name); err != nil {
				return err
			}
		}
		return fn(t)
	})
}

// AddSession implements signin.Store.
func (w *SignIn) AddSession(ctx context.Context, s signin.Session) error {
	return w.update(ctx, func(t signInTx) error {
		var all []signin.Session
		if err := t.each(func(one signin.Session) { all = append(all, one) }); err != nil {
			return err
		}
		slices.SortFunc(all, func(a, b signin.Session) int { return a.Until.Compare(b.Until) })
		for _, one := range all[:max(0, len(all)+1-signin.MaxSessions)] {
			if err := t.sessions.Delete([]byte(one.ID)); err != nil {
				return err
			}
		}
		return putJSON(t.sessions, []byte(s.ID), s)
	})
}

func (t signInTx) each(fn func(signin.Session)) error {
	return t.sessions.ForEach(func(id, data []byte) error {
		var s signin.Session
		if err := json.Unmarshal(data, &s); err != nil {
			return fmt.Errorf("decode session %q: %w", id, err)
		}
		fn(s)
		return nil
	})
}

// Session implements signin.Store.
func (w *SignIn) Session(ctx context.Context, id string) (s signin.Session, err error) {
	err = w.s.view(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketSignInSessions)
		if b == nil {
			return signin.ErrNoSession
		}
		found, err := getJSON(b, []byte(id), &s)
		if err == nil && !found {
			err = signin.ErrNoSession
		}
		return err
	})
	if err != nil {
		return signin.Session{}, err
	}
	return s, nil
}

// ExtendSession implements signin.Store.
func (w *SignIn) ExtendSession(ctx context.Context, id string, until time.Time) error {
	return w.update(ctx, func(t signInTx) error {
		var s signin.Session
		found, err := getJSON(t.sessions, []byte(id), &s)
		switch {
		case err != nil:
			return err
		case !found:
			return signin.ErrNoSession
		case !until.After(s.Until):
			return nil
		}
		s.Until = until
		return putJSON(t.sessions, []byte(id), s)
	})
}

// RemoveSession implements signin.Store.
func (w *SignIn) RemoveSession(ctx context.Context, id string) error {
	return w.update(ctx, func(t signInTx) error {
		if t.sessions.Get([]byte(id)) == nil {
			return signin.ErrNoSession
		}
		return t.sessions.Delete([]byte(id))
	})
}

// RemoveSessions implements signin.Store.
func (w *SignIn) RemoveSessions(ctx context.Context, at time.Time) (n int, err error) {
	err = w.update(ctx, func(t signInTx) error {
		var ids [][]byte
		if err := t.each(func(s signin.Session) { ids = append(ids, []byte(s.ID)) }); err != nil {
			return err
		}
		for _, id := range ids {
			if err := t.sessions.Delete(id); err != nil {
				return err
			}
		}
		n = len(ids)
		return t.head.Put(keyVoided, micros(at))
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// UseLink implements signin.Store.
func (w *SignIn) UseLink(ctx context.Context, l signin.Link) error {
	return w.update(ctx, func(t signInTx) error {
		id, voided := []byte(l.ID), time.Time{}
		if v := t.head.Get(keyVoided); v != nil {
			voided = ofMicros(v)
		}
		have := 0
		c := t.used.Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			have++
		}
		if err := l.Refused(t.used.Get(id) != nil, voided, have); err != nil {
			return err
		}
		return t.used.Put(id, micros(l.ExpiresAt))
	})
}

// Sweep implements signin.Store.
func (w *SignIn) Sweep(ctx context.Context, now time.Time) (n int, err error) {
	err = w.update(ctx, func(t signInTx) error {
		var sessions, used [][]byte
		if err := t.each(func(s signin.Session) {
			if !now.Before(s.Until) && len(sessions) < signin.MaxSwept {
				sessions = append(sessions, []byte(s.ID))
			}
		}); err != nil {
			return err
		}
		c := t.used.Cursor()
		for id, until := c.First(); id != nil && len(sessions)+len(used) < signin.MaxSwept; id, until = c.Next() {
			if !now.Before(ofMicros(until)) {
				used = append(used, append([]byte(nil), id...))
			}
		}
		n = len(sessions) + len(used)
		for _, id := range sessions {
			if err := t.sessions.Delete(id); err != nil {
				return err
			}
		}
		for _, id := range used {
			if err := t.used.Delete(id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func micros(t time.Time) []byte { return number(uint64(t.UnixMicro())) }

func ofMicros(b []byte) time.Time { return time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC() }
