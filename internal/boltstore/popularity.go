package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"sync"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/popularity"
)

// bucketPopularity is the ranking, made with the first event: a bucket for each board in use, in it group id → two levels (8
// bytes each, float64, big endian).
var bucketPopularity = []byte("popularity")

// Popularity is the file as popularity.Store. A board in use is in memory whole; everything is class B. Boards that a former
// process used, with another half-life, are removed when the first is read.
type Popularity struct {
	s *Store

	mu   sync.Mutex // guards what follows, and keeps the file's writes in the order of memory's
	mem  *popularity.Memory
	read map[string]bool // boards in memory
}

var _ popularity.Store = (*Popularity)(nil)

// Popularity is the ranking's view of the file. There may be one at a time.
func (s *Store) Popularity() *Popularity {
	return &Popularity{s: s, mem: popularity.NewMemory(), read: map[string]bool{}}
}

// on runs f on a board that is in memory.
func (p *Popularity) on(ctx context.Context, board string, f func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.read[board] {
		if err := p.load(ctx, board); err != nil {
			return err
		}
	}
	return f()
}

func (p *Popularity) load(ctx context.Context, board string) error {
	var all []popularity.Mark
	err := p.s.view(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketPopularity)
		if b == nil {
			return nil
		}
		if b = b.Bucket([]byte(board)); b == nil {
			return nil
		}
		return b.ForEach(func(group, levels []byte) error {
			if len(levels) != 16 {
				return fmt.Errorf("%w: popularity of group %s", errCorrupt, group)
			}
			all = append(all, popularity.Mark{Group: string(group), Slow: float(levels), Fast: float(levels[8:])})
			return nil
		})
	})
	if err != nil {
		return err
	}
	if err := p.mem.Raise(ctx, board, all); err != nil {
		return err
	}
	if len(p.read) == 0 {
		p.s.later("popularity", keepBoard(board))
	}
	p.read[board] = true
	return nil
}

// keepBoard removes all boards but one.
func keepBoard(board string) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		all := tx.Bucket(bucketPopularity)
		if all == nil {
			return nil
		}
		var others [][]byte
		err := all.ForEachBucket(func(name []byte) error {
			if string(name) != board {
				others = append(others, bytes.Clone(name))
			}
			return nil
		})
		for _, name := range others {
			if err == nil {
				err = all.DeleteBucket(name)
			}
		}
		return err
	}
}

// Raise implements popularity.Store.
func (p *Popularity) Raise(ctx context.Context, board string, events []popularity.Mark) error {
	return p.on(ctx, board, func() error {
		if err := p.mem.Raise(ctx, board, events); err != nil {
			return err
		}
		groups := make([]string, len(events))
		for i, e := range events {
			groups[i] = e.Group
		}
		now, err := p.mem.Marks(ctx, board, groups)
		for _, m := range now {
			p.put(board, m.Group, binary.BigEndian.AppendUint64(bits(m.Slow), math.Float64bits(m.Fast)))
		}
		return err
	})
}

// put writes a group's levels soon; nil removes it.
func (p *Popularity) put(board, group string, levels []byte) {
	p.s.later("popularity "+board+" "+group, func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucketPopularity)
		if err == nil {
			b, err = b.CreateBucketIfNotExists([]byte(board))
		}
		if err != nil {
			return err
		}
		if levels == nil {
			return b.Delete([]byte(group))
		}
		return b.Put([]byte(group), levels)
	})
}

// Top implements popularity.Store.
func (p *Popularity) Top(ctx context.Context, board string, after popularity.Place, limit int) (top []popularity.Mark, err error) {
	err = p.on(ctx, board, func() error {
		top, err = p.mem.Top(ctx, board, after, limit)
		return err
	})
	return top, err
}

// Marks implements popularity.Store.
func (p *Popularity) Marks(ctx context.Context, board string, groups []string) (found map[string]popularity.Mark, err error) {
	err = p.on(ctx, board, func() error {
		found, err = p.mem.Marks(ctx, board, groups)
		return err
	})
	return found, err
}

// Forget implements popularity.Store.
func (p *Popularity) Forget(ctx context.Context, board string, groups []string) error {
	return p.on(ctx, board, func() error {
		known, err := p.mem.Marks(ctx, board, groups)
		for group := range known {
			p.put(board, group, nil)
		}
		if err != nil {
			return err
		}
		return p.mem.Forget(ctx, board, groups)
	})
}

// Sweep implements popularity.Store.
func (p *Popularity) Sweep(ctx context.Context, board string, below float64, limit int) (gone []string, err error) {
	err = p.on(ctx, board, func() error {
		gone, err = p.mem.Sweep(ctx, board, below, limit)
		for _, group := range gone {
			p.put(board, group, nil)
		}
		return err
	})
	return gone, err
}

// bits and float are a number as bytes, and back.
func bits(v float64) []byte { return number(math.Float64bits(v)) }

func float(b []byte) float64 { return math.Float64frombits(binary.BigEndian.Uint64(b)) }
