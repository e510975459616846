package setting

import (
	"context"
	"maps"
	"sync"
)

// Memory is a Store that forgets at exit, for tests and trials.
type Memory struct {
	mu  sync.Mutex
	now Record
}

var _ Store = (*Memory)(nil)

// NewMemory returns a Store without changes.
func NewMemory() *Memory { return &Memory{} }

// Settings implements Store.
func (m *Memory) Settings(context.Context) (Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now
	now.Values = maps.Clone(now.Values)
	return now, nil
}

// PutSettings implements Store.
func (m *Memory) PutSettings(_ context.Context, next Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if next.Version != m.now.Version+1 {
		return ErrChanged
	}
	next.Values = maps.Clone(next.Values)
	m.now = next
	return nil
}
