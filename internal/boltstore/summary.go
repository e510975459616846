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
//	summaries         group, 0, beginning (Summary.Began, 8 bytes, big endian), session → summary.Summary (JSON); the bucket's
//	                  sequence is the last Summary.Number that was given
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

// groupSummaries calls visit with the key and the session of each summary of a group, the newest first, from those that began
// before a time (0: all).
func groupSummaries(b *bolt.Bucket, group string, before uint64, visit func(key []byte, session string) (more bool, err error)) error {
	if b == nil {
		return nil
	}
	prefix := append([]byte(group), 0)
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
	for ; bytes.HasPrefix(k, prefix); k, _ = c.Prev() {
		if more, err := visit(k, string(k[len(prefix)+8:])); err != nil || !more {
			return err
		}
	}
	return nil
}

// findSummary returns the summary of a session of a group, if there is one.
func findSummary(b *bolt.Bucket, group, session string) (s summary.Summary, found bool, err error) {
	err = groupSummaries(b, group, 0, func(key []byte, name string) (bool, error) {
		if name == session {
			found, err = getJSON(b, key, &s)
		}
		return !found, err
	})
	return s, found, err
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
		if kept, found, err = findSummary(all, s.Group, s.Session); err != nil || found {
			return err
		}
		kept = s
		kept.Number = max(all.Sequence()+1, uint64(now.UnixMicro()))
		if err := all.SetSequence(kept.Number); err != nil {
			return err
		}
		key := append(roomKey(s.Group, s.Began()), s.Session...)
		if err := putJSON(all, key, kept); err != nil {
			return err
		}
		if err := age.Put(append(number(uint64(now.UnixNano())), key...), []byte{}); err != nil {
			return err
		}
		return dropSummaries(all, s.Group, s.Session, keep)
	})
	if err != nil {
		return summary.Summary{}, err
	}
	return kept, nil
}

// dropSummaries deletes those of a group beyond so many, but for that of a session. Their places by age go with the sweep.
func dropSummaries(all *bolt.Bucket, group, but string, keep int) error {
	var surplus [][]byte
	n := 0
	if err := groupSummaries(all, group, 0, func(key []byte, session string) (bool, error) {
		if n++; n > keep && session != but {
			surplus = append(surplus, bytes.Clone(key))
		}
		return true, nil
	}); err != nil {
		return err
	}
	for _, key := range surplus {
		if err := all.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// Summary implements summary.Store.
func (v *Summaries) Summary(ctx context.Context, group, session string) (s summary.Summary, err error) {
	err = v.s.view(ctx, func(tx *bolt.Tx) error {
		var found bool
		if s, found, err = findSummary(tx.Bucket(bucketSummaries), group, session); err == nil && !found {
			err = summary.ErrUnknown
		}
		return err
	})
	return s, err
}

// Summaries implements summary.Store.
func (v *Summaries) Summaries(ctx context.Context, group string, before uint64, limit int) (all []summary.Summary, err error) {
	err = v.s.view(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketSummaries)
		return groupSummaries(b, group, before, func(key []byte, _ string) (bool, error) {
			var s summary.Summary
			if _, err := getJSON(b, key, &s); err != nil {
				return false, err
			}
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
