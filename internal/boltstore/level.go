package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/level"
)

// Buckets of the levels, made with the first step:
//
//	levels           user id → level.Record (JSON)
//	levels.guests    Record.Since (8 bytes, big endian, ms), user id → nothing: guests, oldest first
//	levels.untold    user id → level.Change (JSON) that nobody told yet
//	levels.due       Change.Time (8 bytes, big endian, ms), user id → nothing: those, oldest first
//	levels.fences    maker of steps → storedFence (JSON)
var (
	bucketLevels      = []byte("levels")
	bucketLevelGuests = []byte("levels.guests")
	bucketLevelUntold = []byte("levels.untold")
	bucketLevelDue    = []byte("levels.due")
	bucketLevelFences = []byte("levels.fences")
)

// storedFence is how far a maker has come, in the file.
type storedFence struct {
	level.Fence
	At time.Time `json:"at"`
}

// Levels is the file as level.Store. Everything is class A: there are few steps, each of many users.
type Levels struct{ s *Store }

var _ level.Store = (*Levels)(nil)

// Levels is the levels' view of the file.
func (s *Store) Levels() *Levels { return &Levels{s: s} }

// Take implements level.Store.
func (l *Levels) Take(ctx context.Context, step level.Step) (changes []level.Change, err error) {
	err = l.s.update(ctx, func(tx *bolt.Tx) error {
		b, err := bucketsOf(tx, bucketLevels, bucketLevelGuests, bucketLevelUntold, bucketLevelDue, bucketLevelFences)
		if err != nil {
			return err
		}
		records, guests, fences := b[0], b[1], b[4]
		var fence storedFence
		if _, err := getJSON(fences, []byte(step.Maker), &fence); err != nil {
			return err
		}
		var done bool
		if changes, done = fence.Done(&step); done {
			return nil
		}
		all, made, err := step.Apply(func(user string) (level.Record, bool, error) { return findLevel(records, user) })
		if err != nil {
			return err
		}
		for _, rec := range all {
			err := putJSON(records, []byte(rec.User), rec)
			if err == nil && rec.Guest {
				err = mark(guests, agedKey(rec.Since, rec.User), true)
			}
			if err != nil {
				return err
			}
		}
		for _, c := range made {
			if err := putUntold(b[2], b[3], c); err != nil {
				return err
			}
		}
		changes = made
		if step.Number == 0 {
			return nil
		}
		if fence.Number == 0 {
			if err := dropFences(fences, step.Time.Add(-level.FenceAge)); err != nil {
				return err
			}
		}
		return putJSON(fences, []byte(step.Maker), storedFence{level.Fence{Number: step.Number, Changes: made}, step.Time})
	})
	if err != nil {
		return nil, err
	}
	return changes, nil
}

// bucketsOf are buckets, made where they are not there.
func bucketsOf(tx *bolt.Tx, names ...[]byte) (all []*bolt.Bucket, err error) {
	for _, name := range names {
		b, err := tx.CreateBucketIfNotExists(name)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// findLevel reads a record.
func findLevel(b *bolt.Bucket, user string) (rec level.Record, found bool, err error) {
	if b == nil {
		return rec, false, nil
	}
	if found, err = getJSON(b, []byte(user), &rec); err != nil {
		err = errors.Join(level.ErrBroken, err)
	}
	return rec, found, err
}

// agedKey is the key of something of a user that has an age.
func agedKey(at time.Time, user string) []byte {
	return append(number(uint64(at.UnixMilli())), user...)
}

// putUntold keeps a change until it is told, as one with an earlier one.
func putUntold(untold, due *bolt.Bucket, c level.Change) error {
	var earlier level.Change
	found, err := getJSON(untold, []byte(c.User), &earlier)
	if err != nil {
		return err
	}
	if found {
		c = c.After(earlier)
		if err := mark(due, agedKey(earlier.Time, c.User), false); err != nil {
			return err
		}
	}
	if err := mark(due, agedKey(c.Time, c.User), true); err != nil {
		return err
	}
	return putJSON(untold, []byte(c.User), c)
}

// dropUntold forgets what was to be told of a user, if it has a version; 0: any.
func dropUntold(tx *bolt.Tx, user string, version uint64) error {
	untold := tx.Bucket(bucketLevelUntold)
	if untold == nil {
		return nil
	}
	var c level.Change
	if found, err := getJSON(untold, []byte(user), &c); err != nil || !found || version != 0 && c.Version != version {
		return err
	}
	if err := mark(tx.Bucket(bucketLevelDue), agedKey(c.Time, user), false); err != nil {
		return err
	}
	return untold.Delete([]byte(user))
}

// dropFences forgets makers that made nothing since a time: runs of the program that are long over.
func dropFences(fences *bolt.Bucket, before time.Time) error {
	var old [][]byte
	err := fences.ForEach(func(maker, _ []byte) error {
		var f storedFence
		if _, err := getJSON(fences, maker, &f); err != nil || f.At.Before(before) {
			old = append(old, bytes.Clone(maker))
		}
		return nil
	})
	for _, maker := range old {
		err = errors.Join(err, fences.Delete(maker))
	}
	return err
}

// Records implements level.Store.
func (l *Levels) Records(ctx context.Context, users []string) (all []level.Record, err error) {
	err = l.s.view(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketLevels)
		for _, user := range users {
			rec, found, err := findLevel(b, user)
			if err != nil {
				return err
			}
			if found {
				all = append(all, rec)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Untold implements level.Store.
func (l *Levels) Untold(ctx context.Context, before time.Time, limit int) (all []level.Change, err error) {
	err = l.s.view(ctx, func(tx *bolt.Tx) error {
		return eachAged(tx.Bucket(bucketLevelDue), before, limit, func(_ time.Time, user []byte) error {
			var c level.Change
			found, err := getJSON(tx.Bucket(bucketLevelUntold), user, &c)
			if err == nil && !found {
				err = fmt.Errorf("%w: a change of %s is due that is not there", errCorrupt, user)
			}
			all = append(all, c)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// eachAged calls see for the times and users of a bucket of agedKeys, the oldest first.
func eachAged(b *bolt.Bucket, before time.Time, limit int, see func(at time.Time, user []byte) error) error {
	if b == nil {
		return nil
	}
	c := b.Cursor()
	for k, _ := c.First(); k != nil && limit > 0; k, _ = c.Next() {
		at := time.UnixMilli(int64(binary.BigEndian.Uint64(k)))
		if at.UnixMilli() >= before.UnixMilli() {
			return nil
		}
		if err := see(at, k[8:]); err != nil {
			return err
		}
		limit--
	}
	return nil
}

// Told implements level.Store.
func (l *Levels) Told(ctx context.Context, changes []level.Change) error {
	return l.s.update(ctx, func(tx *bolt.Tx) error {
		for _, c := range changes {
			if err := dropUntold(tx, c.User, c.Version); err != nil {
				return err
			}
		}
		return nil
	})
}

// Delete implements level.Store.
func (l *Levels) Delete(ctx context.Context, gone []level.Gone) error {
	return l.s.update(ctx, func(tx *bolt.Tx) error {
		records := tx.Bucket(bucketLevels)
		if records == nil {
			return nil
		}
		for _, g := range gone {
			rec, found, err := findLevel(records, g.User)
			if err == nil && !(found && g.Takes(&rec)) {
				continue
			}
			if err := removeLevel(tx, g.User, rec); err != nil { // also one that can't be read
				return err
			}
		}
		return nil
	})
}

func removeLevel(tx *bolt.Tx, user string, rec level.Record) error {
	if rec.Guest {
		if err := mark(tx.Bucket(bucketLevelGuests), agedKey(rec.Since, user), false); err != nil {
			return err
		}
	}
	if err := dropUntold(tx, user, 0); err != nil {
		return err
	}
	return tx.Bucket(bucketLevels).Delete([]byte(user))
}

// DeleteGuests implements level.Store.
func (l *Levels) DeleteGuests(ctx context.Context, before time.Time, limit int) (n int, err error) {
	err = l.s.update(ctx, func(tx *bolt.Tx) error {
		var old []level.Record // removing moves the cursor
		err := eachAged(tx.Bucket(bucketLevelGuests), before, limit, func(since time.Time, user []byte) error {
			old = append(old, level.Record{User: string(user), Guest: true, Since: since})
			return nil
		})
		for _, rec := range old {
			err = errors.Join(err, removeLevel(tx, rec.User, rec))
		}
		n = len(old)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
