package kind

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// Memory is a Store that forgets at exit, for tests and trials.
type Memory struct {
	mu  sync.Mutex
	all map[string]Kind
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Store.
func NewMemory() *Memory { return &Memory{all: map[string]Kind{}} }

// Kinds implements Store.
func (m *Memory) Kinds(context.Context) ([]Kind, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []Kind
	for _, typ := range slices.Sorted(maps.Keys(m.all)) {
		all = append(all, m.all[typ])
	}
	return all, nil
}

// PutKind implements Store.
func (m *Memory) PutKind(_ context.Context, k Kind) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.all[k.Type]; !there && len(m.all) >= MaxKinds {
		return ErrTooMany
	}
	m.all[k.Type] = k
	return nil
}

// DeleteKind implements Store.
func (m *Memory) DeleteKind(_ context.Context, typ string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.all[typ]; !there {
		return ErrUnknown
	}
	delete(m.all, typ)
	return nil
}
