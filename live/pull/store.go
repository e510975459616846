package pull

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Store keeps tasks. Each method is one atomic step, durable before it answers (class A).
type Store interface {
	// Now is the clock by which tasks are due.
	Now(ctx context.Context) (time.Time, error)
	// Tasks are a room's, or all where none is named, in the order of their ids.
	Tasks(ctx context.Context, room string) ([]Task, error)
	// AddTask keeps a new one. Beyond MaxTasks and MaxAll it is ErrTooMany; one whose id is there already is left as it is.
	AddTask(ctx context.Context, t Task) error
	// ChangeTask lets f change one, and returns what became of it. f may be called more than once, and may not ask the Store. One that is not there is
	// ErrUnknown.
	ChangeTask(ctx context.Context, room, id string, f func(*Task) error) (Task, error)
	// RemoveTask removes one. One that is not there is ErrUnknown.
	RemoveTask(ctx context.Context, room, id string) error
	// RemoveTasks removes all of a room, if there are any.
	RemoveTasks(ctx context.Context, room string) error
}

// BoardAge is how long a Board shows what was not posted again.
const BoardAge = 30 * time.Second

// Board shows the other nodes of a cluster how tasks are doing. What is on it may be lost (class C).
type Board interface {
	// Post puts the states of all tasks that run, by id, in the place of what was there.
	Post(ctx context.Context, states map[string]State) error
	// Read is what was posted last, empty if that is longer ago than BoardAge.
	Read(ctx context.Context) (map[string]State, error)
}

// Memory is a Store and a Board that forgets at exit, for tests and trials.
type Memory struct {
	mu     sync.Mutex
	tasks  []Task
	states map[string]State
	posted time.Time
}

var (
	_ Store = (*Memory)(nil)
	_ Board = (*Memory)(nil)
)

// NewMemory returns an empty one.
func NewMemory() *Memory { return &Memory{} }

// Now implements Store.
func (m *Memory) Now(context.Context) (time.Time, error) { return time.Now(), nil }

// Full says whether a room of all these tasks may have no more, for stores.
func Full(all []Task, room string) bool {
	n := 0
	for _, t := range all {
		if t.Room == room {
			n++
		}
	}
	return n >= MaxTasks || len(all) >= MaxAll
}

// Tasks implements Store.
func (m *Memory) Tasks(_ context.Context, room string) ([]Task, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(m.tasks), func(t Task) bool { return room != "" && t.Room != room }), nil
}

// find is where a task is. m.mu is held.
func (m *Memory) find(room, id string) int {
	return slices.IndexFunc(m.tasks, func(t Task) bool { return t.Room == room && t.ID == id })
}

// AddTask implements Store.
func (m *Memory) AddTask(_ context.Context, t Task) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.find(t.Room, t.ID) >= 0 {
		return nil
	}
	if Full(m.tasks, t.Room) {
		return ErrTooMany
	}
	m.tasks = append(m.tasks, t)
	slices.SortFunc(m.tasks, func(a, b Task) int { return strings.Compare(a.ID, b.ID) })
	return nil
}

// ChangeTask implements Store.
func (m *Memory) ChangeTask(_ context.Context, room, id string, f func(*Task) error) (Task, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.find(room, id)
	if i < 0 {
		return Task{}, ErrUnknown
	}
	t := m.tasks[i]
	if err := f(&t); err != nil {
		return Task{}, err
	}
	m.tasks[i] = t
	return t, nil
}

// RemoveTask implements Store.
func (m *Memory) RemoveTask(_ context.Context, room, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.find(room, id)
	if i < 0 {
		return ErrUnknown
	}
	m.tasks = slices.Delete(m.tasks, i, i+1)
	return nil
}

// RemoveTasks implements Store.
func (m *Memory) RemoveTasks(_ context.Context, room string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tasks = slices.DeleteFunc(m.tasks, func(t Task) bool { return t.Room == room })
	return nil
}

// Post implements Board.
func (m *Memory) Post(_ context.Context, states map[string]State) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.states, m.posted = maps.Clone(states), time.Now()
	return nil
}

// Read implements Board.
func (m *Memory) Read(context.Context) (map[string]State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.posted) < BoardAge {
		return maps.Clone(m.states), nil
	}
	return map[string]State{}, nil
}
