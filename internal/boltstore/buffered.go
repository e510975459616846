package boltstore

import (
	"sync"

	bolt "go.etcd.io/bbolt"
)

// maxBuffered is how many class B writes wait at most; what comes beyond is lost and counted, since only a disk that
// has refused writes for a while lets it come so far.
const maxBuffered = 1 << 17

// buffered holds class B writes until the next flush, in the order they came.
type buffered struct {
	mu      sync.Mutex
	ops     []op
	index   map[string]int // key → place in ops
	dropped uint64

	flushing sync.Mutex // one flush at a time, so that order holds
}

// op is one waiting write.
type op struct {
	key string
	fn  func(*bolt.Tx) error
}

// BufferStats are counts of the class B writer.
type BufferStats struct {
	Waiting int    // writes not yet in the file
	Dropped uint64 // writes lost because too many waited, or because they failed by themselves
}

// BufferStats may be called at any time.
func (s *Store) BufferStats() BufferStats {
	s.buf.mu.Lock()
	defer s.buf.mu.Unlock()
	return BufferStats{Waiting: len(s.buf.ops), Dropped: s.buf.dropped}
}

// later lets fn write within 200 ms. A write with the same key that still waits is replaced (in its place); the empty key
// replaces nothing. Like update's, fn may run more than once. It never blocks on the disk.
func (s *Store) later(key string, fn func(*bolt.Tx) error) {
	b := &s.buf
	b.mu.Lock()
	defer b.mu.Unlock()
	if i, ok := b.index[key]; ok {
		b.ops[i].fn = fn
		return
	}
	if len(b.ops) >= maxBuffered {
		b.dropped++
		return
	}
	if key != "" {
		if b.index == nil {
			b.index = map[string]int{}
		}
		b.index[key] = len(b.ops)
	}
	b.ops = append(b.ops, op{key, fn})
}

// flush writes what waits, in one transaction. When the disk refuses, everything goes back to the front of the queue.
func (s *Store) flush() error {
	b := &s.buf
	b.flushing.Lock()
	defer b.flushing.Unlock()
	b.mu.Lock()
	ops := b.ops
	b.ops, b.index = nil, nil
	b.mu.Unlock()

	for len(ops) > 0 {
		bad := -1
		err := s.db.Update(func(tx *bolt.Tx) error {
			for i, o := range ops {
				if err := o.fn(tx); err != nil {
					bad = i
					return err
				}
			}
			return nil
		})
		if err == nil {
			return nil
		}
		if bad < 0 {
			b.putBack(ops)
			return err
		}
		// A write that fails by itself would fail for ever and hold up the others.
		s.log.Error("buffered write failed and is dropped", "key", ops[bad].key, "error", err)
		ops = append(ops[:bad:bad], ops[bad+1:]...)
		b.mu.Lock()
		b.dropped++
		b.mu.Unlock()
	}
	return nil
}

// putBack queues ops before what came meanwhile; of two with the same key the newer one stays.
func (b *buffered) putBack(ops []op) {
	b.mu.Lock()
	defer b.mu.Unlock()
	newer, newerIndex := b.ops, b.index
	b.ops, b.index = nil, map[string]int{}
	for _, o := range append(ops, newer...) {
		if _, replaced := newerIndex[o.key]; replaced && o.key != "" {
			if _, done := b.index[o.key]; done {
				continue
			}
			o = newer[newerIndex[o.key]]
		}
		if len(b.ops) >= maxBuffered {
			b.dropped++
			continue
		}
		if o.key != "" {
			b.index[o.key] = len(b.ops)
		}
		b.ops = append(b.ops, o)
	}
}
