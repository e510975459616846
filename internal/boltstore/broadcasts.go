package boltstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/schedule"
)

// Buckets of the broadcasts, made with the first one:
//
//	broadcasts       number (8 bytes) → schedule.Broadcast (JSON)
//	broadcasts.ids   id → number (8 bytes)
//	broadcasts.due   number (8 bytes) → when it is due, Unix ms (8 bytes): those that are not over
//	broadcasts.head  head → schedule.Head (JSON)
var (
	bucketBroadcasts     = []byte("broadcasts")
	bucketBroadcastIDs   = []byte("broadcasts.ids")
	bucketBroadcastsDue  = []byte("broadcasts.due")
	bucketBroadcastsHead = []byte("broadcasts.head")

	keyBroadcastsHead = []byte("head")
)

// Broadcasts is the file as schedule.Store. Everything is class A.
type Broadcasts struct{ s *Store }

var _ schedule.Store = (*Broadcasts)(nil)

// Broadcasts is the broadcasts' view of the file.
func (s *Store) Broadcasts() *Broadcasts { return &Broadcasts{s: s} }

// Now implements schedule.Store.
func (w *Broadcasts) Now(context.Context) (time.Time, error) { return time.Now().UTC(), nil }

func (w *Broadcasts) update(ctx context.Context, fn func(tx *bolt.Tx) error) error {
	return w.s.update(ctx, func(tx *bolt.Tx) error {
		for _, name := range [][]byte{bucketBroadcasts, bucketBroadcastIDs, bucketBroadcastsDue, bucketBroadcastsHead} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return fn(tx)
	})
}

// view is for reading: without any broadcast it does nothing.
func (w *Broadcasts) view(ctx context.Context, fn func(tx *bolt.Tx) error) error {
	return w.s.view(ctx, func(tx *bolt.Tx) error {
		if tx.Bucket(bucketBroadcasts) == nil {
			return nil
		}
		return fn(tx)
	})
}

func findBroadcast(tx *bolt.Tx, id string) (b schedule.Broadcast, found bool, err error) {
	n := tx.Bucket(bucketBroadcastIDs).Get([]byte(id))
	if n == nil {
		return b, false, nil
	}
	found, err = getJSON(tx.Bucket(bucketBroadcasts), n, &b)
	if err == nil && !found {
		err = fmt.Errorf("%w: broadcast %q is only an id", errCorrupt, id)
	}
	return b, found, err
}

// putBroadcast stores a broadcast and the head, and when it is due.
func putBroadcast(tx *bolt.Tx, b schedule.Broadcast, h schedule.Head) error {
	key := number(b.Number)
	if err := putJSON(tx.Bucket(bucketBroadcasts), key, b); err != nil {
		return err
	}
	if err := putJSON(tx.Bucket(bucketBroadcastsHead), keyBroadcastsHead, h); err != nil {
		return err
	}
	if !b.Active() {
		return tx.Bucket(bucketBroadcastsDue).Delete(key)
	}
	at := uint64(0)
	if b.State == schedule.Scheduled {
		at = uint64(max(b.NextAt.UnixMilli(), 0))
	}
	return tx.Bucket(bucketBroadcastsDue).Put(key, number(at))
}

func broadcastsHead(tx *bolt.Tx) (h schedule.Head, err error) {
	_, err = getJSON(tx.Bucket(bucketBroadcastsHead), keyBroadcastsHead, &h)
	return h, err
}

// Add implements schedule.Store.
func (w *Broadcasts) Add(ctx context.Context, b schedule.Broadcast) (stored schedule.Broadcast, fresh bool, err error) {
	err = w.update(ctx, func(tx *bolt.Tx) error {
		there, found, err := findBroadcast(tx, b.ID)
		if err != nil {
			return err
		}
		if fresh = !found; found {
			stored = there
			return nil
		}
		if err := dropBroadcast(tx); err != nil {
			return err
		}
		head, err := broadcastsHead(tx)
		if err != nil {
			return err
		}
		head.Number++
		stored = b
		stored.Number = head.Number
		if err := tx.Bucket(bucketBroadcastIDs).Put([]byte(b.ID), number(head.Number)); err != nil {
			return err
		}
		return putBroadcast(tx, stored, head)
	})
	if err != nil {
		return schedule.Broadcast{}, false, err
	}
	return stored, fresh, nil
}

// dropBroadcast makes place for one more.
func dropBroadcast(tx *bolt.Tx) error {
	count := 0
	var oldest []byte
	c := tx.Bucket(bucketBroadcasts).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		if count++; oldest == nil && tx.Bucket(bucketBroadcastsDue).Get(k) == nil {
			oldest = append([]byte{}, k...)
		}
	}
	if count < schedule.Kept {
		return nil
	}
	if oldest == nil {
		return schedule.ErrTooMany
	}
	var b schedule.Broadcast
	if _, err := getJSON(tx.Bucket(bucketBroadcasts), oldest, &b); err != nil {
		return err
	}
	if err := tx.Bucket(bucketBroadcastIDs).Delete([]byte(b.ID)); err != nil {
		return err
	}
	return tx.Bucket(bucketBroadcasts).Delete(oldest)
}

// Change implements schedule.Store.
func (w *Broadcasts) Change(ctx context.Context, b schedule.Broadcast) (stored schedule.Broadcast, err error) {
	err = w.update(ctx, func(tx *bolt.Tx) error {
		was, found, err := findBroadcast(tx, b.ID)
		if err == nil && !found {
			err = schedule.ErrUnknown
		}
		if err != nil {
			return err
		}
		head, err := broadcastsHead(tx)
		if err != nil {
			return err
		}
		next, changed, err := head.Change(was, b, time.Now())
		if err != nil {
			return err
		}
		stored = changed
		return putBroadcast(tx, changed, next)
	})
	if err != nil {
		return schedule.Broadcast{}, err
	}
	return stored, nil
}

// Broadcast implements schedule.Store.
func (w *Broadcasts) Broadcast(ctx context.Context, id string) (b schedule.Broadcast, err error) {
	found := false
	err = w.view(ctx, func(tx *bolt.Tx) error {
		b, found, err = findBroadcast(tx, id)
		return err
	})
	if err == nil && !found {
		err = schedule.ErrUnknown
	}
	return b, err
}

// Broadcasts implements schedule.Store.
func (w *Broadcasts) Broadcasts(ctx context.Context, before uint64, limit int) (all []schedule.Broadcast, err error) {
	err = w.view(ctx, func(tx *bolt.Tx) error {
		all = nil
		bucket := tx.Bucket(bucketBroadcasts)
		c := bucket.Cursor()
		k, _ := c.Last()
		if before > 0 {
			if at, _ := c.Seek(number(before)); at != nil {
				k, _ = c.Prev()
			} else {
				k, _ = c.Last()
			}
		}
		for ; k != nil && len(all) < limit; k, _ = c.Prev() {
			var b schedule.Broadcast
			if _, err := getJSON(bucket, k, &b); err != nil {
				return err
			}
			all = append(all, b)
		}
		return nil
	})
	return all, err
}

// Due implements schedule.Store.
func (w *Broadcasts) Due(ctx context.Context, now time.Time) (first *schedule.Broadcast, err error) {
	err = w.view(ctx, func(tx *bolt.Tx) error {
		first = nil
		return tx.Bucket(bucketBroadcastsDue).ForEach(func(k, at []byte) error {
			if binary.BigEndian.Uint64(at) > uint64(max(now.UnixMilli(), 0)) {
				return nil
			}
			var b schedule.Broadcast
			if _, err := getJSON(tx.Bucket(bucketBroadcasts), k, &b); err != nil {
				return err
			}
			if b.IsDue(now) && (first == nil || b.Earlier(*first)) {
				first = &b
			}
			return nil
		})
	})
	return first, err
}
