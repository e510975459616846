package schedule

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Memory is a Store that forgets at exit, for tests and trials.
type Memory struct {
	mu   sync.Mutex
	head Head
	all  []Broadcast // by rising number
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Store.
func NewMemory() *Memory { return &Memory{} }

// Now implements Store.
func (m *Memory) Now(context.Context) (time.Time, error) { return time.Now(), nil }

func (m *Memory) find(id string) int {
	return slices.IndexFunc(m.all, func(b Broadcast) bool { return b.ID == id })
}

// Add implements Store.
func (m *Memory) Add(_ context.Context, b Broadcast) (Broadcast, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := m.find(b.ID); i >= 0 {
		return m.all[i].copy(), false, nil
	}
	if len(m.all) >= Kept {
		i := slices.IndexFunc(m.all, func(b Broadcast) bool { return !b.Active() })
		if i < 0 {
			return Broadcast{}, false, ErrTooMany
		}
		m.all = slices.Delete(m.all, i, i+1)
	}
	m.head.Number++
	b.Number = m.head.Number
	m.all = append(m.all, b.copy())
	return b, true, nil
}

// Change implements Store.
func (m *Memory) Change(_ context.Context, b Broadcast) (Broadcast, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.find(b.ID)
	if i < 0 {
		return Broadcast{}, ErrUnknown
	}
	head, next, err := m.head.Change(m.all[i], b, time.Now())
	if err != nil {
		return Broadcast{}, err
	}
	m.head, m.all[i] = head, next.copy()
	return next, nil
}

// Broadcast implements Store.
func (m *Memory) Broadcast(_ context.Context, id string) (Broadcast, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.find(id)
	if i < 0 {
		return Broadcast{}, ErrUnknown
	}
	return m.all[i].copy(), nil
}

// Broadcasts implements Store.
func (m *Memory) Broadcasts(_ context.Context, before uint64, limit int) ([]Broadcast, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := []Broadcast{}
	for _, b := range slices.Backward(m.all) {
		if (before == 0 || b.Number < before) && len(all) < limit {
			all = append(all, b.copy())
		}
	}
	return all, nil
}

// Due implements Store.
func (m *Memory) Due(_ context.Context, now time.Time) (*Broadcast, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	first := -1
	for i, b := range m.all {
		if b.IsDue(now) && (first < 0 || b.Earlier(m.all[first])) {
			first = i
		}
	}
	if first < 0 {
		return nil, nil
	}
	b := m.all[first].copy()
	return &b, nil
}
