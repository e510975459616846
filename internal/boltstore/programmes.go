package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/live/programme"
)

// Buckets of what rooms play back, made with the first one:
//
//	programmes      room → programme.Board (JSON)
//	programmes.due  room → when something is to be done, Unix ms (8 bytes)
var (
	bucketProgrammes    = []byte("programmes")
	bucketProgrammesDue = []byte("programmes.due")
)

// Programmes is the file as programme.Store. Everything is class A.
type Programmes struct{ s *Store }

var _ programme.Store = (*Programmes)(nil)

// Programmes is the programmes' view of the file.
func (s *Store) Programmes() *Programmes { return &Programmes{s: s} }

// Now implements programme.Store.
func (w *Programmes) Now(context.Context) (time.Time, error) { return time.Now().UTC(), nil }

// view is for reading: without any board it does nothing.
func (w *Programmes) view(ctx context.Context, fn func(boards, due *bolt.Bucket) error) error {
	return w.s.view(ctx, func(tx *bolt.Tx) error {
		if tx.Bucket(bucketProgrammes) == nil {
			return nil
		}
		return fn(tx.Bucket(bucketProgrammes), tx.Bucket(bucketProgrammesDue))
	})
}

// Board implements programme.Store.
func (w *Programmes) Board(ctx context.Context, room string) (b programme.Board, err error) {
	err = w.view(ctx, func(boards, _ *bolt.Bucket) error {
		_, err := getJSON(boards, []byte(room), &b)
		return err
	})
	b.Room = room
	return b, err
}

// Put implements programme.Store.
func (w *Programmes) Put(ctx context.Context, b programme.Board) (programme.Board, error) {
	next := b.Next()
	err := w.s.update(ctx, func(tx *bolt.Tx) error {
		boards, err := tx.CreateBucketIfNotExists(bucketProgrammes)
		if err != nil {
			return err
		}
		due, err := tx.CreateBucketIfNotExists(bucketProgrammesDue)
		if err != nil {
			return err
		}
		var was programme.Board
		key := []byte(b.Room)
		if _, err := getJSON(boards, key, &was); err != nil {
			return err
		}
		if was.Revision != b.Revision {
			return programme.ErrChanged
		}
		if at := next.NextAt(); at.IsZero() {
			err = due.Delete(key)
		} else {
			err = due.Put(key, number(uint64(max(at.UnixMilli(), 0))))
		}
		if err != nil {
			return err
		}
		if next.Empty() {
			return boards.Delete(key)
		}
		return putJSON(boards, key, next)
	})
	if err != nil {
		return programme.Board{}, err
	}
	return next, nil
}

// Due implements programme.Store.
func (w *Programmes) Due(ctx context.Context, now time.Time, limit int) ([]string, error) {
	type waits struct {
		room string
		at   uint64
	}
	var all []waits
	err := w.view(ctx, func(_, due *bolt.Bucket) error {
		all = nil
		return due.ForEach(func(k, v []byte) error {
			if at := binary.BigEndian.Uint64(v); at <= uint64(max(now.UnixMilli(), 0)) {
				all = append(all, waits{string(k), at})
			}
			return nil
		})
	})
	slices.SortStableFunc(all, func(a, b waits) int { return int(a.at) - int(b.at) }) //nolint:gosec // ms
	rooms := []string{}
	for _, x := range all[:min(limit, len(all))] {
		rooms = append(rooms, x.room)
	}
	return rooms, err
}

// Boards implements programme.Store.
func (w *Programmes) Boards(ctx context.Context, after string, limit int) (all []programme.Board, err error) {
	err = w.view(ctx, func(boards, _ *bolt.Bucket) error {
		all = nil
		c := boards.Cursor()
		k, _ := c.Seek([]byte(after))
		if k != nil && bytes.Equal(k, []byte(after)) {
			k, _ = c.Next()
		}
		for ; k != nil && len(all) < limit; k, _ = c.Next() {
			var b programme.Board
			if _, err := getJSON(boards, k, &b); err != nil {
				return err
			}
			all = append(all, b)
		}
		return nil
	})
	return all, err
}
