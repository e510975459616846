package like

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Memory is a Store that forgets at exit, for tests and trials.
type Memory struct {
	mu      sync.Mutex
	tallies map[string]*Tally
	liked   map[string]uint64 // group → when it was added to last, as counted by moment
	moment  uint64
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Store.
func NewMemory() *Memory {
	return &Memory{tallies: map[string]*Tally{}, liked: map[string]uint64{}}
}

// AddLikes implements Store.
func (m *Memory) AddLikes(_ context.Context, group string, b Batch) (Totals, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.tallies[group]
	if t == nil {
		t = &Tally{}
		m.tallies[group] = t
	}
	m.moment++
	m.liked[group] = m.moment
	return t.Add(b, time.Now()), nil
}

// Likes implements Store.
func (m *Memory) Likes(_ context.Context, group, session string) (Totals, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t := m.tallies[group]; t != nil {
		return t.Totals(session), nil
	}
	return Totals{}, nil
}

// Liked implements Store.
func (m *Memory) Liked(_ context.Context, limit int) ([]string, uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	groups := slices.SortedFunc(maps.Keys(m.liked), func(a, b string) int { return cmp.Compare(m.liked[a], m.liked[b]) })
	mark := m.moment
	if len(groups) > limit {
		groups = groups[:limit]
		mark = m.liked[groups[limit-1]]
	}
	return groups, mark, nil
}

// Told implements Store.
func (m *Memory) Told(_ context.Context, mark uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.liked, func(_ string, at uint64) bool { return at <= mark })
	return nil
}

// DeleteLikes implements Store.
func (m *Memory) DeleteLikes(_ context.Context, group string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.tallies, group)
	delete(m.liked, group)
	return nil
}
