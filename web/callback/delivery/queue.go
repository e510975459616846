package delivery

import (
	"slices"
	"time"
)

// What is in memory of a queue.
const (
	windowItems = 32
	windowBytes = 128 << 10
	recentIDs   = 16 // ids of State that are remembered
)

// queue is one queue in memory. Its items are first ≤ N < next. Those before stored are in the store, or need not be; the
// others are the tail. The window is the first few items, as far as they are in memory.
type queue struct {
	key Key
	ep  *endpoint

	first, next, stored uint64
	window, tail        []*Item
	gaps                []Gap
	recent              []string
	bytes               int64
	oldest              time.Time // no item was queued before
	usedAt              time.Time

	kept  bool // the store knows it
	gone  bool // its endpoint is gone
	taken bool // somebody sends its head, or puts it aside
	ready bool // it is in line at its endpoint
	waits bool // it is in line later

	unread bool // the store could not be read, and that was said

	// About the head.
	tries    int
	failed   int    // tries that count against it
	wellSeen uint64 // endpoint.well after the last try
}

// queue returns a queue, which may be new.
func (s *Service) queue(ep *endpoint, key Key) *queue {
	q := s.queues[key]
	if q == nil {
		q = &queue{key: key, ep: ep, first: 1, next: 1, stored: 1}
		s.queues[key] = q
	}
	return q
}

// adopt takes over a queue of the store.
func (s *Service) adopt(kept Queue) {
	ep := s.endpoint(kept.Endpoint)
	q := &queue{
		key: kept.Key, ep: ep, first: kept.First, next: kept.Next, stored: kept.Next, gaps: kept.Gaps, recent: kept.Recent,
		bytes: kept.Bytes, oldest: kept.Oldest, usedAt: kept.UsedAt, kept: true,
	}
	s.queues[q.key] = q
	if q.key.Class == Talk {
		s.talk += q.bytes
	}
	s.schedule(q)
}

// record is what the store is told of a queue.
func (q *queue) record() Queue {
	return Queue{
		Key: q.key, First: q.first, Next: q.next, Bytes: q.bytes, Oldest: q.oldest, UsedAt: q.usedAt,
		Gaps: slices.Clone(q.gaps), Recent: slices.Clone(q.recent),
	}
}

func (q *queue) empty() bool { return q.first == q.next && len(q.gaps) == 0 }

// remember notes an id of State.
func (q *queue) remember(id string) {
	if len(q.recent) >= recentIDs {
		q.recent = slices.Delete(q.recent, 0, 1)
	}
	q.recent = append(q.recent, id)
}

// push appends an item.
func (s *Service) push(q *queue, i *Item) {
	i.N = q.next
	whole := q.first+uint64(len(q.window)) == q.next
	if q.first == q.next {
		q.oldest = i.QueuedAt
	}
	q.next++
	q.usedAt = i.QueuedAt
	q.tail = append(q.tail, i)
	size := i.size()
	q.bytes += size
	s.unwritten += size
	if q.key.Class == Talk {
		s.talk += size
	}
	if whole && len(q.window) < windowItems && s.windows+size <= s.cfg.Window {
		q.window = append(q.window, i)
		s.windows += size
	}
	s.touch(q)
}

// discard removes the items before N = to, and returns how many they were.
func (s *Service) discard(q *queue, to uint64) uint64 {
	to = min(to, q.next)
	if to <= q.first {
		return 0
	}
	n := to - q.first
	size := int64(float64(q.bytes) * float64(n) / float64(q.next-q.first)) // of items that are not in memory it is not known
	if in := min(n, uint64(len(q.window))); in > 0 {
		exact := sizes(q.window[:in])
		s.windows -= exact
		if in == n {
			size = exact
		}
		clear(q.window[:in])
		q.window = q.window[in:]
	}
	if q.stored < to {
		in := to - q.stored
		s.unwritten -= sizes(q.tail[:in])
		clear(q.tail[:in])
		q.tail, q.stored = q.tail[in:], to
	}
	q.first = to
	if q.first == q.next {
		size, q.window, q.tail = q.bytes, nil, nil
	}
	q.bytes -= size
	if q.key.Class == Talk {
		s.talk -= size
	}
	if len(q.window) > 0 {
		q.oldest = q.window[0].QueuedAt
	}
	q.tries, q.failed, q.wellSeen = 0, 0, 0
	s.touch(q)
	return n
}

func sizes(items []*Item) (n int64) {
	for _, i := range items {
		n += i.size()
	}
	return n
}

// drop discards the items before N = to and notes the gap.
func (s *Service) drop(q *queue, to uint64) {
	n := s.discard(q, to)
	if n == 0 {
		return
	}
	q.ep.counts.dropped[q.key.Class] += n
	now := time.Now().UTC()
	if last := len(q.gaps) - 1; last < 0 || q.gaps[last].Tried {
		q.gaps = append(q.gaps, Gap{ID: s.newID(q.key.Room), Loss: Loss{Room: q.key.Room, Class: q.key.Class.String(), Since: now}})
	}
	gap := &q.gaps[len(q.gaps)-1]
	gap.Count += n
	gap.Until = now
}

// forget removes a queue from memory if there is nothing to know of it any more.
func (s *Service) forget(q *queue) {
	if q.empty() && !q.kept && !q.taken && !s.dirty[q] && len(q.recent) == 0 && !q.gone {
		q.gone = true
		delete(s.queues, q.key)
	}
}
