package popularity

import (
	"context"
	"slices"
	"sync"
)

// Memory is a Store that forgets at exit, for tests and trials.
type Memory struct {
	mu     sync.Mutex
	boards map[string]map[string]Mark
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Store.
func NewMemory() *Memory { return &Memory{boards: map[string]map[string]Mark{}} }

// Raise implements Store.
func (m *Memory) Raise(_ context.Context, board string, events []Mark) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.boards[board]
	if b == nil {
		b = map[string]Mark{}
		m.boards[board] = b
	}
	for _, e := range events {
		old, found := b[e.Group]
		if found {
			e = e.plus(old)
		}
		b[e.Group] = e
	}
	return nil
}

// Top implements Store.
func (m *Memory) Top(_ context.Context, board string, after Place, limit int) ([]Mark, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Rank(m.boards[board], after, limit), nil
}

// Rank is Store.Top for a Store that has all marks at hand.
func Rank(all map[string]Mark, after Place, limit int) []Mark {
	ranked := make([]Mark, 0, len(all))
	for _, mark := range all {
		if after.Before(mark.Place()) {
			ranked = append(ranked, mark)
		}
	}
	slices.SortFunc(ranked, func(a, b Mark) int {
		if a.Place().Before(b.Place()) {
			return -1
		}
		return 1
	})
	return ranked[:min(limit, len(ranked)):min(limit, len(ranked))]
}

// Marks implements Store.
func (m *Memory) Marks(_ context.Context, board string, groups []string) (map[string]Mark, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[string]Mark{}
	for _, g := range groups {
		if mark, ok := m.boards[board][g]; ok {
			found[g] = mark
		}
	}
	return found, nil
}

// Forget implements Store.
func (m *Memory) Forget(_ context.Context, board string, groups []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range groups {
		delete(m.boards[board], g)
	}
	return nil
}

// Sweep implements Store.
func (m *Memory) Sweep(_ context.Context, board string, below float64, limit int) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var gone []string
	for g, mark := range m.boards[board] {
		if mark.Slow < below && len(gone) < limit {
			gone = append(gone, g)
			delete(m.boards[board], g)
		}
	}
	return gone, nil
}
