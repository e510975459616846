package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/follow"
)

// Buckets of the follows, made with the first one. User ids hold no zero byte; a time is µs as 8 bytes, big endian, no
// two follows have the same, and in the lists it is counted back, so that the newest is first:
//
//	follows            follower, 0, who is followed → time
//	follows.following  user, 0, time counted back, whom he follows → nothing
//	follows.followers  user, 0, time counted back, who follows him → nothing
//	follows.counts     user → lengths of these lists (two times 8 bytes, big endian)
//	follows.forget     time, user to be forgotten with all up to it → nothing
var (
	bucketFollows      = []byte("follows")
	bucketFollowing    = []byte("follows.following")
	bucketFollowers    = []byte("follows.followers")
	bucketFollowCounts = []byte("follows.counts")
	bucketFollowForget = []byte("follows.forget")
)

// Follows is the file as follow.Store. Everything is class A.
type Follows struct{ s *Store }

var _ follow.Store = (*Follows)(nil)

// Follows is the follows' view of the file.
func (s *Store) Follows() *Follows { return &Follows{s: s} }

// followTx are the buckets in a transaction that writes.
type followTx struct{ pairs, following, followers, counts *bolt.Bucket }

func openFollows(tx *bolt.Tx) (f followTx, err error) {
	for name, into := range map[*[]byte]**bolt.Bucket{
		&bucketFollows: &f.pairs, &bucketFollowing: &f.following, &bucketFollowers: &f.followers, &bucketFollowCounts: &f.counts,
	} {
		if *into, err = tx.CreateBucketIfNotExists(*name); err != nil {
			return f, err
		}
	}
	return f, nil
}

// SetFollow implements follow.Store.
func (f *Follows) SetFollow(ctx context.Context, c follow.Change) (done follow.Done, err error) {
	err = f.s.update(ctx, func(tx *bolt.Tx) error {
		done = follow.Done{Known: true}
		b, err := openFollows(tx)
		if err != nil {
			return err
		}
		at := b.pairs.Get(pairKey(c.Follower, c.Followed))
		mine, his := followCounts(b.counts, c.Follower), followCounts(b.counts, c.Followed)
		done.Followers = his.Followers
		step := 1
		switch on := at != nil; {
		case on == c.On:
			return nil
		case !c.On:
			step = -1
			at = bytes.Clone(at)
		case mine.Following >= c.Limit:
			return follow.ErrTooMany
		default:
			if at, err = b.moment(); err != nil {
				return err
			}
		}
		done.Changed = true
		mine.Following += step
		his.Followers += step
		done.Followers = his.Followers
		return b.write(c, at, mine, his)
	})
	if err != nil {
		return follow.Done{}, err
	}
	return done, nil
}

// Forget implements follow.Store.
func (f *Follows) Forget(ctx context.Context, users []follow.Place) error {
	return f.s.update(ctx, func(tx *bolt.Tx) error {
		gone, err := tx.CreateBucketIfNotExists(bucketFollowForget)
		if err != nil {
			return err
		}
		for _, p := range users {
			if err := mark(gone, forgetKey(p), true); err != nil {
				return err
			}
		}
		return nil
	})
}

// Forgotten implements follow.Store.
func (f *Follows) Forgotten(ctx context.Context, limit int) (all []follow.Place, err error) {
	err = f.s.view(ctx, func(tx *bolt.Tx) error {
		all = nil
		b := tx.Bucket(bucketFollowForget)
		if b == nil {
			return nil
		}
		c := b.Cursor()
		for k, _ := c.First(); k != nil && len(all) < limit; k, _ = c.Next() {
			if len(k) <= 8 {
				return errCorrupt
			}
			all = append(all, follow.Place{At: int64(binary.BigEndian.Uint64(k)), User: string(k[8:])})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Forgot implements follow.Store.
func (f *Follows) Forgot(ctx context.Context, users []follow.Place) error {
	return f.s.update(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketFollowForget)
		if b == nil {
			return nil
		}
		for _, p := range users {
			if err := b.Delete(forgetKey(p)); err != nil {
				return err
			}
		}
		return nil
	})
}

func forgetKey(p follow.Place) []byte { return append(number(uint64(p.At)), p.User...) }

// moment is now, or a little later: no two follows have the same.
func (b followTx) moment() ([]byte, error) {
	at := max(uint64(time.Now().UnixMicro()), b.pairs.Sequence()+1)
	return number(at), b.pairs.SetSequence(at)
}

// write stores a change in all buckets.
func (b followTx) write(c follow.Change, at []byte, mine, his follow.Counts) error {
	pair := pairKey(c.Follower, c.Followed)
	var err error
	if c.On {
		err = b.pairs.Put(pair, at)
	} else {
		err = b.pairs.Delete(pair)
	}
	if err != nil {
		return err
	}
	for _, list := range []struct {
		bucket      *bolt.Bucket
		user, other string
		counts      follow.Counts
	}{{b.following, c.Follower, c.Followed, mine}, {b.followers, c.Followed, c.Follower, his}} {
		if err := mark(list.bucket, listKey(list.user, at, list.other), c.On); err != nil {
			return err
		}
		if err := putFollowCounts(b.counts, list.user, list.counts); err != nil {
			return err
		}
	}
	return nil
}

// Follows implements follow.Store.
func (f *Follows) Follows(ctx context.Context, follower, followed string) (on bool, err error) {
	err = f.s.view(ctx, func(tx *bolt.Tx) error {
		if b := tx.Bucket(bucketFollows); b != nil {
			on = b.Get(pairKey(follower, followed)) != nil
		}
		return nil
	})
	return on, err
}

// FollowCounts implements follow.Store.
func (f *Follows) FollowCounts(ctx context.Context, user string) (c follow.Counts, err error) {
	err = f.s.view(ctx, func(tx *bolt.Tx) error {
		if b := tx.Bucket(bucketFollowCounts); b != nil {
			c = followCounts(b, user)
		}
		return nil
	})
	return c, err
}

// FollowList implements follow.Store.
func (f *Follows) FollowList(ctx context.Context, user string, side follow.Side, after follow.Place, limit int) (page []follow.Place, err error) {
	name := bucketFollowing
	if side == follow.Followers {
		name = bucketFollowers
	}
	err = f.s.view(ctx, func(tx *bolt.Tx) error {
		page = nil
		b := tx.Bucket(name)
		if b == nil {
			return nil
		}
		head := append([]byte(user), 0)
		c := b.Cursor()
		from := head
		if after != (follow.Place{}) {
			from = listKey(user, number(uint64(after.At)), after.User)
		}
		k, _ := c.Seek(from)
		if after != (follow.Place{}) && bytes.Equal(k, from) {
			k, _ = c.Next()
		}
		for ; bytes.HasPrefix(k, head) && len(page) < limit; k, _ = c.Next() {
			rest := k[len(head):]
			if len(rest) <= 8 {
				return errCorrupt
			}
			page = append(page, follow.Place{At: int64(^binary.BigEndian.Uint64(rest)), User: string(rest[8:])})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

func pairKey(follower, followed string) []byte {
	return append(append([]byte(follower), 0), followed...)
}

// listKey is the key of an entry of a list: at is a time as 8 bytes.
func listKey(user string, at []byte, other string) []byte {
	back := number(^binary.BigEndian.Uint64(at))
	return append(append(append([]byte(user), 0), back...), other...)
}

func followCounts(b *bolt.Bucket, user string) (c follow.Counts) {
	if v := b.Get([]byte(user)); len(v) == 16 {
		c.Following, c.Followers = int(binary.BigEndian.Uint64(v)), int(binary.BigEndian.Uint64(v[8:]))
	}
	return c
}

// putFollowCounts stores lengths; of somebody without any list nothing is kept.
func putFollowCounts(b *bolt.Bucket, user string, c follow.Counts) error {
	if c == (follow.Counts{}) {
		return b.Delete([]byte(user))
	}
	return b.Put([]byte(user), append(number(uint64(c.Following)), number(uint64(c.Followers))...))
}
