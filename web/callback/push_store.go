package callback

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
)

// PushStore remembers the pushes whose start is told and whose stop is not yet. Each method is atomic; what was answered
// is durable (class A).
type PushStore interface {
	// Pushes returns all, by sequence.
	Pushes(ctx context.Context) ([]Push, error)
	// PutPushes adds pushes, or replaces those with their sequences.
	PutPushes(ctx context.Context, all ...Push) error
	// DeletePushes removes those of the sequences that are there.
	DeletePushes(ctx context.Context, sequences ...string) error
}

// PushMemory is a PushStore that forgets at exit, for tests.
type PushMemory struct {
	mu  sync.Mutex
	all map[string]Push
}

var _ PushStore = (*PushMemory)(nil)

// NewPushMemory returns an empty store.
func NewPushMemory() *PushMemory { return &PushMemory{all: map[string]Push{}} }

// Pushes implements PushStore.
func (m *PushMemory) Pushes(context.Context) ([]Push, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.all), func(a, b Push) int { return cmp.Compare(a.Sequence, b.Sequence) }), nil
}

// PutPushes implements PushStore.
func (m *PushMemory) PutPushes(_ context.Context, all ...Push) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range all {
		m.all[p.Sequence] = p
	}
	return nil
}

// DeletePushes implements PushStore.
func (m *PushMemory) DeletePushes(_ context.Context, sequences ...string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, sequence := range sequences {
		delete(m.all, sequence)
	}
	return nil
}
