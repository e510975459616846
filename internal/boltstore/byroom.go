package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// byRoom is a bucket of what rooms have a few of: room, 0, id → T (JSON). It is made with the first one.
type byRoom[T any] struct {
	s       *Store
	bucket  []byte
	unknown error // that there is no such one
}

func byRoomKey(room, id string) []byte { return []byte(room + "\x00" + id) }

// all are those of a room, or of all rooms where none is named, in the order of their keys.
func (b byRoom[T]) all(ctx context.Context, room string) (all []T, err error) {
	err = b.s.view(ctx, func(tx *bolt.Tx) (err error) {
		all, err = b.within(tx, room)
		return err
	})
	return all, err
}

func (b byRoom[T]) within(tx *bolt.Tx, room string) (all []T, err error) {
	bucket, prefix := tx.Bucket(b.bucket), []byte(nil)
	if bucket == nil {
		return nil, nil
	}
	if room != "" {
		prefix = byRoomKey(room, "")
	}
	c := bucket.Cursor()
	for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		var one T
		if err := json.Unmarshal(v, &one); err != nil {
			return nil, fmt.Errorf("decode %s %q: %w", b.bucket, k, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// add adds one, unless its id is there already. full says why there may be no more beside those of which all are.
func (b byRoom[T]) add(ctx context.Context, room, id string, one T, of string, full func(all []T) error) error {
	return b.s.update(ctx, func(tx *bolt.Tx) error {
		bucket, err := tx.CreateBucketIfNotExists(b.bucket)
		if err != nil || bucket.Get(byRoomKey(room, id)) != nil {
			return err
		}
		all, err := b.within(tx, of)
		if err != nil {
			return err
		}
		if err := full(all); err != nil {
			return err
		}
		return putJSON(bucket, byRoomKey(room, id), one)
	})
}

// change lets f change one, and returns what became of it.
func (b byRoom[T]) change(ctx context.Context, room, id string, f func(*T) error) (changed T, err error) {
	err = b.s.update(ctx, func(tx *bolt.Tx) error {
		bucket := tx.Bucket(b.bucket)
		if bucket == nil {
			return b.unknown
		}
		var one T
		found, err := getJSON(bucket, byRoomKey(room, id), &one)
		if err != nil {
			return err
		}
		if !found {
			return b.unknown
		}
		if err := f(&one); err != nil {
			return err
		}
		changed = one
		return putJSON(bucket, byRoomKey(room, id), one)
	})
	if err != nil {
		return *new(T), err
	}
	return changed, nil
}

// remove removes one.
func (b byRoom[T]) remove(ctx context.Context, room, id string) error {
	return b.s.update(ctx, func(tx *bolt.Tx) error {
		bucket := tx.Bucket(b.bucket)
		if bucket == nil || bucket.Get(byRoomKey(room, id)) == nil {
			return b.unknown
		}
		return bucket.Delete(byRoomKey(room, id))
	})
}

// removeAll removes those of a room, if there are any.
func (b byRoom[T]) removeAll(ctx context.Context, room string) error {
	return b.s.update(ctx, func(tx *bolt.Tx) error {
		bucket, prefix := tx.Bucket(b.bucket), byRoomKey(room, "")
		if bucket == nil {
			return nil
		}
		c := bucket.Cursor()
		for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Seek(prefix) {
			if err := c.Delete(); err != nil {
				return err
			}
		}
		return nil
	})
}
