package boltstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/summary"
)

// Buckets of live sessions, made with the first one:
//
//	summary.sessions  session → summary.Session (JSON), until it is told
//	summary.over      session → nothing: those of them that are over
//	summary.counts    session → summary.Counts (JSON); Members is how many there are in the next
//	summary.users     a bucket for each session: hash of a user (8 bytes) → nothing
//	summaries         group, 0, number (8 bytes, big endian), session → summary.Summary (JSON)
//	summaries.age     time of keeping (8 bytes, big endian, nanoseconds), key in summaries → nothing
var (
	bucketSessions     = []byte("summary.sessions")
	bucketSessionsOver = []byte("summary.over")
	bucketCounts       = []byte("summary.counts")
	bucketUsers        = []byte("summary.users")
	bucketSummaries    = []byte("summaries")
	bucketSummariesAge = []byte("summaries.age")
)

// Summaries is the file as summary.Store. Everything is class A.
type Summaries struct{ s *Store }

var _ summary.Store = (*Summaries)(nil)

// Summaries is the live sessions' view of the file.
func (s *Store) Summaries() *Summaries { return &Summaries{s} }

// Sessions implements summary.Store.
func (v *Summaries) Sessions(ctx context.Context, over bool) (all []summary.Session, err error) {
	err = v.s.view(ctx, func(tx *bolt.Tx) error {
		sessions, ended := tx.Bucket(bucketSessions), tx.Bucket(bucketSessionsOver)
		if sessions == nil {
			return nil
		}
		keys := sessions
		if over && ended != nil {
			keys = ended
		}
		c := keys.Cursor()
		for k, _ := c.First(); k != nil && len(all) < summary.MaxListed; k, _ = c.Next() {
			if !over && ended != nil && ended.Get(k) != nil {
				continue
			}
			var one summary.Session
			if _, err := getJSON(sessions, k, &one); err != nil {
				return err
			}
			if (one.Phase == summary.Over) == over { // in a file without that bucket they may be either
				all = append(all, one)
			}
		}
		return nil
	})
	return all, err
}

// sessionsOver is the bucket of the sessions that are over. Former versions had none: those that are over already go into it
// when it is made.
func sessionsOver(tx *bolt.Tx, sessions *bolt.Bucket) (*bolt.Bucket, error) {
	if b := tx.Bucket(bucketSessionsOver); b != nil {
		return b, nil
	}
	b, err := tx.CreateBucket(bucketSessionsOver)
	if err != nil {
		return nil, err
	}
	return b, sessions.ForEach(func(k, _ []byte) error {
		var one summary.Session
		if _, err := getJSON(sessions, k, &one); err != nil {
			return err
		}
		return mark(b, k, one.Phase == summary.Over)
	})
}

// Session implements summary.Store.
func (v *Summaries) Session(ctx context.Context, session string) (one summary.Session, counts summary.Counts, err error) {
	err = v.s.view(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketSessions)
		if b == nil {
			return summary.ErrUnknown
		}
		found, err := getJSON(b, []byte(session), &one)
		if err != nil {
			return err
		}
		if !found {
			return summary.ErrUnknown
		}
		if b = tx.Bucket(bucketCounts); b != nil {
			_, err = getJSON(b, []byte(session), &counts)
		}
		return err
	})
	return one, counts, err
}

// Swap implements summary.Store.
func (v *Summaries) Swap(ctx context.Context, prev uint64, next summary.Session) error {
	return v.s.update(ctx, func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucketSessions)
		if err != nil {
			return err
		}
		var old summary.Session
		if _, err := getJSON(b, []byte(next.Session), &old); err != nil {
			return err
		}
		if old.Revision != prev {
			return summary.ErrConflict
		}
		over, err := sessionsOver(tx, b)
		if err != nil {
			return err
		}
		stored := next
		stored.Revision = prev + 1
		if err := putJSON(b, []byte(next.Session), stored); err != nil {
			return err
		}
		return mark(over, []byte(next.Session), next.Phase == summary.Over)
	})
}

// Remove implements summary.Store.
func (v *Summaries) Remove(ctx context.Context, session string) error {
	return v.s.update(ctx, func(tx *bolt.Tx) error {
		for _, name := range [][]byte{bucketSessions, bucketSessionsOver, bucketCounts} {
			if b := tx.Bucket(name); b != nil {
				if err := b.Delete([]byte(session)); err != nil {
					return err
				}
			}
		}
		if b := tx.Bucket(bucketUsers); b != nil && b.Bucket([]byte(session)) != nil {
			return b.DeleteBucket([]byte(session))
		}
		return nil
	})
}

// Add implements summary.Store.
func (v *Summaries) Add(ctx context.Context, deltas []summary.Delta) error {
	if len(deltas) == 0 {
		return nil
	}
	return v.s.update(ctx, func(tx *bolt.Tx) error {
		sessions := tx.Bucket(bucketSessions)
		if sessions == nil {
			return nil
		}
		counts, err := tx.CreateBucketIfNotExists(bucketCounts)
		if err != nil {
			return err
		}
		for _, d := range deltas {
			if sessions.Get([]byte(d.Session)) == nil {
				continue
			}
			var c summary.Counts
			if _, err := getJSON(counts, []byte(d.Session), &c); err != nil {
				return err
			}
			c.Messages += d.Messages
			c.Plays += d.Plays
			fresh, err := addUsers(tx, d, summary.MaxMembers-c.Members)
			if err != nil {
				return err
			}
			c.Members += fresh
			if err := putJSON(counts, []byte(d.Session), c); err != nil {
				return err
			}
		}
		return nil
	})
}

// addUsers notes users of a session, at most so many, and says how many were not there.
func addUsers(tx *bolt.Tx, d summary.Delta, most int64) (fresh int64, err error) {
	if len(d.Users) == 0 {
		return 0, nil
	}
	b, err := tx.CreateBucketIfNotExists(bucketUsers)
	if err == nil {
		b, err = b.CreateBucketIfNotExists([]byte(d.Session))
	}
	if err != nil {
		return 0, err
	}
	for _, user := range d.Users {
		sum := sha256.Sum256([]byte(user))
		if fresh >= most || b.Get(sum[:8]) != nil {
			continue
		}
		if err := b.Put(sum[:8], []byte{}); err != nil {
			return 0, err
		}
		fresh++
	}
	return fresh, nil
}

// summaryKey is that of a summary, and what those of its group begin with.
func summaryKey(s summary.Summary) []byte {
	return append(roomKey(s.Group, s.Number()), s.Session...)
}

// groupSummaries calls visit for each summary of a group, the newest first, from those that began before a number (0: all).
func groupSummaries(tx *bolt.Tx, group string, before uint64, visit func(key []byte, s summary.Summary) (more bool, err error)) error {
	b := tx.Bucket(bucketSummaries)
	if b == nil {
		return nil
	}
	end := append([]byte(group), 1) // behind all of them
	if before > 0 {
		end = roomKey(group, before)
	}
	c := b.Cursor()
	k, _ := c.Seek(end)
	if k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	for ; k != nil && bytes.HasPrefix(k, append([]byte(group), 0)); k, _ = c.Prev() {
		var s summary.Summary
		if _, err := getJSON(b, k, &s); err != nil {
			return err
		}
		if more, err := visit(k, s); err != nil || !more {
			return err
		}
	}
	return nil
}

// Keep implements summary.Store.
func (v *Summaries) Keep(ctx context.Context, s summary.Summary, keep int, _ time.Duration) (kept summary.Summary, err error) {
	now := time.Now()
	err = v.s.update(ctx, func(tx *bolt.Tx) error {
		all, err := tx.CreateBucketIfNotExists(bucketSummaries)
		if err != nil {
			return err
		}
		age, err := tx.CreateBucketIfNotExists(bucketSummariesAge)
		if err != nil {
			return err
		}
		var found bool
		var surplus [][]byte
		n := 1
		if err := groupSummaries(tx, s.Group, 0, func(key []byte, old summary.Summary) (bool, error) {
			if old.Session == s.Session {
				kept, found = old, true
				return false, nil
			}
			if n++; n > keep {
				surplus = append(surplus, bytes.Clone(key))
			}
			return true, nil
		}); err != nil || found {
			return err
		}
		kept = s
		for _, key := range surplus {
			if err := all.Delete(key); err != nil { // its place by age goes with the sweep
				return err
			}
		}
		key := summaryKey(s)
		if err := age.Put(append(number(uint64(now.UnixNano())), key...), []byte{}); err != nil {
			return err
		}
		return putJSON(all, key, s)
	})
	if err != nil {
		return summary.Summary{}, err
	}
	return kept, nil
}

// Summary implements summary.Store.
func (v *Summaries) Summary(ctx context.Context, group, session string) (found summary.Summary, err error) {
	err = v.s.view(ctx, func(tx *bolt.Tx) error {
		err := groupSummaries(tx, group, 0, func(_ []byte, s summary.Summary) (bool, error) {
			if s.Session == session {
				found = s
			}
			return s.Session != session, nil
		})
		if err == nil && found.Session == "" {
			err = summary.ErrUnknown
		}
		return err
	})
	return found, err
}

// Summaries implements summary.Store.
func (v *Summaries) Summaries(ctx context.Context, group string, before uint64, limit int) (all []summary.Summary, err error) {
	err = v.s.view(ctx, func(tx *bolt.Tx) error {
		return groupSummaries(tx, group, before, func(_ []byte, s summary.Summary) (bool, error) {
			all = append(all, s)
			return len(all) < limit, nil
		})
	})
	return all, err
}

// Sweep implements summary.Store.
func (v *Summaries) Sweep(ctx context.Context, before time.Time, limit int) (swept int, err error) {
	err = v.s.update(ctx, func(tx *bolt.Tx) error {
		swept = 0
		age := tx.Bucket(bucketSummariesAge)
		if age == nil {
			return nil
		}
		var old [][]byte
		c := age.Cursor()
		for k, _ := c.First(); k != nil && len(old) < limit && binary.BigEndian.Uint64(k) < uint64(before.UnixNano()); k, _ = c.Next() {
			old = append(old, bytes.Clone(k))
		}
		all := tx.Bucket(bucketSummaries)
		for _, k := range old {
			if all.Get(k[8:]) != nil {
				swept++
			}
			if err := all.Delete(k[8:]); err != nil {
				return err
			}
			if err := age.Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
	return swept, err
}
