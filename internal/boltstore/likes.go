package boltstore

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/like"
)

// Buckets of the likes, made with the first ones:
//
//	likes       group id → like.Tally (JSON)
//	likes.told  group id → when it was added to last (8 bytes, big endian; the bucket's sequence counts), until it is told
var (
	bucketLikes     = []byte("likes")
	bucketLikesTold = []byte("likes.told")
)

// Likes is the file as like.Store. What the service brings each 200 ms (durability class B) is durable when it is answered.
type Likes struct{ s *Store }

var _ like.Store = (*Likes)(nil)

// Likes is the likes' view of the file.
func (s *Store) Likes() *Likes { return &Likes{s: s} }

// AddLikes implements like.Store.
func (l *Likes) AddLikes(ctx context.Context, group string, b like.Batch) (now like.Totals, err error) {
	err = l.s.update(ctx, func(tx *bolt.Tx) error {
		all, err := tx.CreateBucketIfNotExists(bucketLikes)
		if err != nil {
			return err
		}
		told, err := tx.CreateBucketIfNotExists(bucketLikesTold)
		if err != nil {
			return err
		}
		var t like.Tally
		if _, err := getJSON(all, []byte(group), &t); err != nil {
			return err
		}
		now = t.Add(b, time.Now().UTC())
		if err := putJSON(all, []byte(group), t); err != nil {
			return err
		}
		moment, err := told.NextSequence()
		if err != nil {
			return err
		}
		return told.Put([]byte(group), number(moment))
	})
	if err != nil {
		return like.Totals{}, err
	}
	return now, nil
}

// Likes implements like.Store.
func (l *Likes) Likes(ctx context.Context, group, session string) (like.Totals, error) {
	var t like.Tally
	err := l.s.view(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketLikes)
		if b == nil {
			return nil
		}
		_, err := getJSON(b, []byte(group), &t)
		return err
	})
	if err != nil {
		return like.Totals{}, err
	}
	return t.Totals(session), nil
}

// likedGroup is a group on the list of those to be told.
type likedGroup struct {
	id     string
	moment uint64
}

// Liked implements like.Store.
func (l *Likes) Liked(ctx context.Context, limit int) ([]string, uint64, error) {
	var all []likedGroup
	err := l.s.view(ctx, func(tx *bolt.Tx) (err error) {
		all, err = likedGroups(tx.Bucket(bucketLikesTold))
		return err
	})
	if err != nil || len(all) == 0 {
		return nil, 0, err
	}
	slices.SortFunc(all, func(a, b likedGroup) int { return cmp.Compare(a.moment, b.moment) })
	all = all[:min(limit, len(all))]
	groups := make([]string, len(all))
	for i, g := range all {
		groups[i] = g.id
	}
	return groups, all[len(all)-1].moment, nil
}

// Told implements like.Store.
func (l *Likes) Told(ctx context.Context, mark uint64) error {
	return l.s.update(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketLikesTold)
		all, err := likedGroups(b)
		if err != nil {
			return err
		}
		for _, g := range all {
			if g.moment > mark {
				continue
			}
			if err := b.Delete([]byte(g.id)); err != nil {
				return err
			}
		}
		return nil
	})
}

// likedGroups reads the list; without a bucket it is empty.
func likedGroups(b *bolt.Bucket) (all []likedGroup, err error) {
	if b == nil {
		return nil, nil
	}
	err = b.ForEach(func(group, moment []byte) error {
		if len(moment) != 8 {
			return errCorrupt
		}
		all = append(all, likedGroup{string(group), binary.BigEndian.Uint64(moment)})
		return nil
	})
	return all, err
}

// DeleteLikes implements like.Store.
func (l *Likes) DeleteLikes(ctx context.Context, group string) error {
	return l.s.update(ctx, func(tx *bolt.Tx) error {
		for _, name := range [][]byte{bucketLikes, bucketLikesTold} {
			if b := tx.Bucket(name); b != nil {
				if err := b.Delete([]byte(group)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
