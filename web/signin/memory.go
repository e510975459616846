package signin

import (
	"context"
	"sync"
	"time"
)

// Memory is a Store for tests.
type Memory struct {
	mu       sync.Mutex
	sessions map[string]Session
	used     map[string]time.Time // until when it would have been good
	voided   time.Time
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty one.
func NewMemory() *Memory {
	return &Memory{sessions: map[string]Session{}, used: map[string]time.Time{}}
}

// AddSession implements Store.
func (m *Memory) AddSession(_ context.Context, s Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.sessions) >= MaxSessions {
		var first Session
		for _, one := range m.sessions {
			if first.ID == "" || one.Until.Before(first.Until) {
				first = one
			}
		}
		delete(m.sessions, first.ID)
	}
	m.sessions[s.ID] = s
	return nil
}

// Session implements Store.
func (m *Memory) Session(_ context.Context, id string) (Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, found := m.sessions[id]
	if !found {
		return Session{}, ErrNoSession
	}
	return s, nil
}

// ExtendSession implements Store.
func (m *Memory) ExtendSession(_ context.Context, id string, until time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, found := m.sessions[id]
	if !found {
		return ErrNoSession
	}
	if until.After(s.Until) {
		s.Until = until
		m.sessions[id] = s
	}
	return nil
}

// RemoveSession implements Store.
func (m *Memory) RemoveSession(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, found := m.sessions[id]; !found {
		return ErrNoSession
	}
	delete(m.sessions, id)
	return nil
}

// RemoveSessions implements Store.
func (m *Memory) RemoveSessions(_ context.Context, at time.Time) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.sessions)
	clear(m.sessions)
	m.voided = at
	return n, nil
}

// UseLink implements Store.
func (m *Memory) UseLink(_ context.Context, l Link) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, used := m.used[l.ID]
	if err := l.Refused(used, m.voided, len(m.used)); err != nil {
		return err
	}
	m.used[l.ID] = l.ExpiresAt
	return nil
}

// Sweep implements Store.
func (m *Memory) Sweep(_ context.Context, now time.Time) (n int, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, s := range m.sessions {
		if n < MaxSwept && !now.Before(s.Until) {
			delete(m.sessions, id)
			n++
		}
	}
	for id, until := range m.used {
		if n < MaxSwept && !now.Before(until) {
			delete(m.used, id)
			n++
		}
	}
	return n, nil
}
