package record

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// Memory is a Store that forgets everything with its process.
type Memory struct {
	mu  sync.Mutex // guards all
	all map[string]Recording
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Memory.
func NewMemory() *Memory { return &Memory{all: map[string]Recording{}} }

// Now implements Store.
func (*Memory) Now(context.Context) (time.Time, error) { return time.Now().UTC(), nil }

// Begin implements Store.
func (m *Memory) Begin(_ context.Context, r Recording) (Recording, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if there, ok := m.running(r.Session, r.Kind); ok {
		return there, false, nil
	}
	m.all[r.ID] = r
	return r, true, nil
}

func (m *Memory) running(session string, kind Kind) (Recording, bool) {
	for _, r := range m.all {
		if r.Session == session && r.Kind == kind && r.State == Running {
			return r, true
		}
	}
	return Recording{}, false
}

// Add implements Store.
func (m *Memory) Add(_ context.Context, r Recording) (Recording, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if there, ok := m.all[r.ID]; ok {
		return there, false, nil
	}
	m.all[r.ID] = r
	return r, true, nil
}

// Change implements Store.
func (m *Memory) Change(_ context.Context, id string, change func(*Recording) error) (Recording, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	was, ok := m.all[id]
	if !ok {
		return Recording{}, ErrUnknown
	}
	next, err := was.Changed(change)
	if err != nil {
		return Recording{}, err
	}
	m.all[id] = next
	return next, nil
}

// Changed is what Store.Change makes of the one that is stored.
func (r Recording) Changed(change func(*Recording) error) (Recording, error) {
	next := r
	if err := change(&next); err != nil {
		return Recording{}, err
	}
	next.ID, next.Kind, next.Room, next.Session = r.ID, r.Kind, r.Room, r.Session
	if next.State == Running {
		next.State = r.State
	}
	return next, nil
}

// Recording implements Store.
func (m *Memory) Recording(_ context.Context, id string) (Recording, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.all[id]
	if !ok {
		return Recording{}, ErrUnknown
	}
	return r, nil
}

// Running implements Store.
func (m *Memory) Running(_ context.Context, session string, kind Kind) (Recording, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.running(session, kind)
	if !ok {
		return Recording{}, ErrUnknown
	}
	return r, nil
}

// List implements Store.
func (m *Memory) List(_ context.Context, q Query) (page []Recording, next string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.all {
		if q.Matches(r) {
			page = append(page, r)
		}
	}
	slices.SortFunc(page, func(a, b Recording) int {
		if q.Oldest {
			return strings.Compare(a.ID, b.ID)
		}
		return strings.Compare(b.ID, a.ID)
	})
	if n := q.Most(); len(page) > n {
		page = page[:n]
		next = page[n-1].ID
	}
	return page, next, nil
}

// Remove implements Store.
func (m *Memory) Remove(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, id)
	return nil
}
