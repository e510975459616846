package relay

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// Store keeps targets. Each method is one atomic step, durable before it answers (class A).
type Store interface {
	// Targets are a room's, in the order of their ids.
	Targets(ctx context.Context, room string) ([]Target, error)
	// AddTarget keeps a new one. Beyond MaxTargets it is ErrTooMany; one whose id is there already is left as it is.
	AddTarget(ctx context.Context, t Target) error
	// ChangeTarget lets f change one, and returns what became of it. f may be called more than once. One that is not there is
	// ErrUnknown.
	ChangeTarget(ctx context.Context, room, id string, f func(*Target) error) (Target, error)
	// RemoveTarget removes one. One that is not there is ErrUnknown.
	RemoveTarget(ctx context.Context, room, id string) error
	// RemoveTargets removes all of a room, if there are any.
	RemoveTargets(ctx context.Context, room string) error
}

// BoardAge is how long a Board shows what was not posted again.
const BoardAge = 30 * time.Second

// Board shows the nodes of a cluster how each other's relays are doing. What is on it may be lost (class C).
type Board interface {
	// Post puts the states of a room's targets, by id, in the place of what was there.
	Post(ctx context.Context, room string, states map[string]State) error
	// Read is what was posted last, empty if that is longer ago than BoardAge.
	Read(ctx context.Context, room string) (map[string]State, error)
}

// Memory is a Store and a Board that forgets at exit, for tests and trials.
type Memory struct {
	mu     sync.Mutex
	rooms  map[string][]Target
	boards map[string]posted
}

type posted struct {
	states map[string]State
	at     time.Time
}

var (
	_ Store = (*Memory)(nil)
	_ Board = (*Memory)(nil)
)

// NewMemory returns an empty one.
func NewMemory() *Memory { return &Memory{rooms: map[string][]Target{}, boards: map[string]posted{}} }

// Targets implements Store.
func (m *Memory) Targets(_ context.Context, room string) ([]Target, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.rooms[room]), nil
}

// AddTarget implements Store.
func (m *Memory) AddTarget(_ context.Context, t Target) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.rooms[t.Room]
	at, there := slices.BinarySearchFunc(all, t.ID, func(t Target, id string) int { return strings.Compare(t.ID, id) })
	if there {
		return nil
	}
	if len(all) >= MaxTargets {
		return ErrTooMany
	}
	m.rooms[t.Room] = slices.Insert(all, at, t)
	return nil
}

// ChangeTarget implements Store.
func (m *Memory) ChangeTarget(_ context.Context, room, id string, f func(*Target) error) (Target, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.rooms[room]
	i := slices.IndexFunc(all, func(t Target) bool { return t.ID == id })
	if i < 0 {
		return Target{}, ErrUnknown
	}
	t := all[i]
	if err := f(&t); err != nil {
		return Target{}, err
	}
	all[i] = t
	return t, nil
}

// RemoveTarget implements Store.
func (m *Memory) RemoveTarget(_ context.Context, room, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.rooms[room]
	i := slices.IndexFunc(all, func(t Target) bool { return t.ID == id })
	if i < 0 {
		return ErrUnknown
	}
	m.rooms[room] = slices.Delete(all, i, i+1)
	return nil
}

// RemoveTargets implements Store.
func (m *Memory) RemoveTargets(_ context.Context, room string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.rooms, room)
	return nil
}

// Post implements Board.
func (m *Memory) Post(_ context.Context, room string, states map[string]State) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.boards[room] = posted{states, time.Now()}
	return nil
}

// Read implements Board.
func (m *Memory) Read(_ context.Context, room string) (map[string]State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p, ok := m.boards[room]; ok && time.Since(p.at) < BoardAge {
		return p.states, nil
	}
	return map[string]State{}, nil
}
