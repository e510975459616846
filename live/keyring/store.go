package keyring

import (
	"context"
	"maps"
	"sync"
	"time"
)

// Store keeps the ring. Each method is one atomic step, durable before it answers (class A).
type Store interface {
	// Ring is what is kept; of version 0 if nothing is. One that can't be opened is ErrSealed.
	Ring(ctx context.Context) (Ring, error)
	// Put keeps a ring in the place of the one of a version, 0 for none: else it is ErrChanged.
	Put(ctx context.Context, was uint64, next Ring) error
	// Uses are when keys were used last, by fingerprint.
	Uses(ctx context.Context) (map[string]time.Time, error)
	// Use notes when keys were used, in whole seconds: of each the latest time counts. Those it doesn't name are forgotten; a zero
	// time only keeps one from that. It may be lost.
	Use(ctx context.Context, uses map[string]time.Time) error
}

// Latest merges uses into kept as Store.Use has it.
func Latest(kept, uses map[string]time.Time) map[string]time.Time {
	next := make(map[string]time.Time, len(uses))
	for of, at := range uses {
		if before := kept[of]; before.After(at) {
			at = before
		}
		if !at.IsZero() {
			next[of] = at
		}
	}
	return next
}

// Memory is a Store that forgets at exit, for tests.
type Memory struct {
	mu   sync.Mutex
	ring Ring
	uses map[string]time.Time
}

var _ Store = (*Memory)(nil)

// Ring implements Store.
func (m *Memory) Ring(context.Context) (Ring, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ring, nil
}

// Put implements Store.
func (m *Memory) Put(_ context.Context, was uint64, next Ring) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ring.Version != was {
		return ErrChanged
	}
	m.ring = next
	return nil
}

// Uses implements Store.
func (m *Memory) Uses(context.Context) (map[string]time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.uses), nil
}

// Use implements Store.
func (m *Memory) Use(_ context.Context, uses map[string]time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.uses = Latest(m.uses, uses)
	return nil
}
