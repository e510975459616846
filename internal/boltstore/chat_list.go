package boltstore

import (
	"context"
	"encoding/binary"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat"
)

// bucketOrder is the list of all groups: number (8 bytes, big endian) → group id. Its bbolt sequence is the newest number,
// also of a group that is gone. A group has its number under keyNumber. An older version made neither: see order.
var (
	bucketOrder = []byte("chat.order")
	keyNumber   = []byte("number")
)

// Groups implements chat.GroupListStore.
func (c *Chat) Groups(ctx context.Context, after uint64, limit int) (page []chat.NumberedGroup, total int, err error) {
	there := false
	read := func(tx *bolt.Tx) error {
		page, total = nil, 0
		b := tx.Bucket(bucketOrder)
		if there = b != nil; !there {
			return nil
		}
		total = b.Stats().KeyN
		cur := b.Cursor()
		k, v := cur.Seek(number(after))
		if k != nil && binary.BigEndian.Uint64(k) == after {
			k, v = cur.Next()
		}
		for ; k != nil && len(page) < limit; k, v = cur.Next() {
			page = append(page, chat.NumberedGroup{Number: binary.BigEndian.Uint64(k), ID: string(v)})
		}
		return nil
	}
	if err = c.s.view(ctx, read); err == nil && !there {
		err = c.s.update(ctx, func(tx *bolt.Tx) error { _, err := order(tx); return err })
		if err == nil {
			err = c.s.view(ctx, read)
		}
	}
	if err != nil {
		return nil, 0, err
	}
	return page, total, nil
}

// order returns the list of all groups. The first to ask for it lists those that are there, in the order of their ids.
func order(tx *bolt.Tx) (*bolt.Bucket, error) {
	if b := tx.Bucket(bucketOrder); b != nil {
		return b, nil
	}
	b, err := tx.CreateBucket(bucketOrder)
	if err != nil {
		return nil, err
	}
	all := tx.Bucket(bucketChat)
	if all == nil {
		return b, nil
	}
	var ids []string
	if err := all.ForEachBucket(func(id []byte) error { ids = append(ids, string(id)); return nil }); err != nil {
		return nil, err
	}
	for _, id := range ids {
		if err := enlist(b, all.Bucket([]byte(id)), id); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// enlist gives a group the next number.
func enlist(order, group *bolt.Bucket, id string) error {
	n, err := order.NextSequence()
	if err != nil {
		return err
	}
	if err := order.Put(number(n), []byte(id)); err != nil {
		return err
	}
	return group.Put(keyNumber, number(n))
}

// delist takes a group that is about to go out of the list.
func delist(tx *bolt.Tx, group *bolt.Bucket) error {
	b, n := tx.Bucket(bucketOrder), group.Get(keyNumber)
	if b == nil || n == nil {
		return nil
	}
	return b.Delete(n)
}
