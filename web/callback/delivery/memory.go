package delivery

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Memory is a Store that forgets at exit, for tests.
type Memory struct {
	mu     sync.Mutex
	queues map[Key]*memoryQueue
	dead   map[string][]DeadLetter // by endpoint; by class and N
}

type memoryQueue struct {
	Queue
	items []*Item
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Store.
func NewMemory() *Memory {
	return &Memory{queues: map[Key]*memoryQueue{}, dead: map[string][]DeadLetter{}}
}

// Commit implements Store.
func (m *Memory) Commit(_ context.Context, c Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, endpoint := range c.Gone {
		maps.DeleteFunc(m.queues, func(k Key, _ *memoryQueue) bool { return k.Endpoint == endpoint })
		delete(m.dead, endpoint)
	}
	for _, change := range c.Queues {
		if change.Idle() {
			delete(m.queues, change.Key)
			continue
		}
		q := m.queues[change.Key]
		if q == nil {
			q = &memoryQueue{}
			m.queues[change.Key] = q
		}
		known := q.Next
		q.Queue = change.Queue
		q.Gaps, q.Recent = slices.Clone(change.Gaps), slices.Clone(change.Recent)
		fresh := slices.DeleteFunc(slices.Clone(change.Append), func(i *Item) bool { return i.N < known })
		q.items = slices.DeleteFunc(append(q.items, fresh...), func(i *Item) bool { return i.N < q.First })
	}
	for _, d := range c.DeadDrop {
		removed := 0
		m.dead[d.Endpoint] = slices.DeleteFunc(m.dead[d.Endpoint], func(l DeadLetter) bool {
			if l.Class != d.Class || len(d.N) > 0 && !slices.Contains(d.N, l.N) || len(d.N) == 0 && removed == d.Oldest {
				return false
			}
			removed++
			return true
		})
	}
	for _, l := range c.Dead {
		same := func(o DeadLetter) bool { return o.Class == l.Class && o.N == l.N }
		m.dead[l.Endpoint] = append(slices.DeleteFunc(m.dead[l.Endpoint], same), l)
		slices.SortFunc(m.dead[l.Endpoint], func(a, b DeadLetter) int { return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.N, b.N)) })
	}
	return nil
}

// Queues implements Store.
func (m *Memory) Queues(context.Context) (all []Queue, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, q := range m.queues {
		own := q.Queue
		own.Gaps, own.Recent = slices.Clone(q.Gaps), slices.Clone(q.Recent)
		all = append(all, own)
	}
	return all, nil
}

// Items implements Store.
func (m *Memory) Items(_ context.Context, k Key, from uint64, limit int, bytes int64) (items []*Item, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	q := m.queues[k]
	if q == nil {
		return nil, nil
	}
	for _, i := range q.items {
		if i.N < from {
			continue
		}
		if bytes -= i.size(); len(items) == limit || len(items) > 0 && bytes < 0 {
			break
		}
		items = append(items, i)
	}
	return items, nil
}

// Older implements Store.
func (m *Memory) Older(_ context.Context, k Key, from uint64, moment time.Time) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	q := m.queues[k]
	if q == nil {
		return from, nil
	}
	for _, i := range q.items {
		if i.N >= from && !i.QueuedAt.Before(moment) {
			return i.N, nil
		}
	}
	return max(from, q.Next), nil
}

// Dead implements Store.
func (m *Memory) Dead(_ context.Context, endpoint string, class Class, after uint64, limit int) (page []DeadLetter, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.dead[endpoint] {
		if len(page) < limit && (l.Class > class || l.Class == class && l.N > after) {
			page = append(page, l)
		}
	}
	return page, nil
}

// DeadCounts implements Store.
func (m *Memory) DeadCounts(context.Context) (all []DeadCount, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for endpoint, letters := range m.dead {
		for class := range classes {
			c := DeadCount{Endpoint: endpoint, Class: class}
			for _, l := range letters {
				if l.Class == class {
					c.Count, c.Last = c.Count+1, l.N
				}
			}
			if c.Count > 0 {
				all = append(all, c)
			}
		}
	}
	return all, nil
}
