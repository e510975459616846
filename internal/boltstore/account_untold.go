package boltstore

import (
	"context"
	"encoding/binary"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/account"
)

// Untold implements account.Store.
func (a *Accounts) Untold(ctx context.Context, before time.Time, limit int) (all []account.Gone, err error) {
	err = a.s.view(ctx, func(tx *bolt.Tx) error {
		all = nil
		b := tx.Bucket(bucketUntold)
		if b == nil {
			return nil
		}
		c := b.Cursor()
		for user, _ := c.First(); user != nil && len(all) < limit; user, _ = c.Next() {
			if at, _ := untoldAt(tx, string(user)); at.Before(before) {
				all = append(all, account.Gone{User: string(user), At: at})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Told implements account.Store.
func (a *Accounts) Told(ctx context.Context, gone []account.Gone) error {
	return a.s.update(ctx, func(tx *bolt.Tx) error {
		for _, g := range gone {
			if at, untold := untoldAt(tx, g.User); !untold || !at.Equal(g.At) {
				continue
			}
			if err := tx.Bucket(bucketUntold).Delete([]byte(g.User)); err != nil {
				return err
			}
		}
		return nil
	})
}

// untoldAt is when an account was deleted of which others may not know it; false: there is none.
func untoldAt(tx *bolt.Tx, user string) (time.Time, bool) {
	b := tx.Bucket(bucketUntold)
	if b == nil {
		return time.Time{}, false
	}
	v := b.Get([]byte(user))
	if len(v) != 8 {
		return time.Time{}, v != nil
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64(v))), true
}
