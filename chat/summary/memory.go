package summary

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Memory is a Store that forgets at exit, for tests and trials.
type Memory struct {
	mu       sync.Mutex
	sessions map[string]*held
	kept     map[string][]filed // by group, the newest first
	number   uint64             // the last that was given
}

// held is a session with what was counted.
type held struct {
	session Session
	counts  Counts
	users   map[string]struct{}
}

// filed is a summary and until when it is kept.
type filed struct {
	summary Summary
	at      time.Time
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Store.
func NewMemory() *Memory { return &Memory{sessions: map[string]*held{}, kept: map[string][]filed{}} }

// clone shares nothing with s that changes.
func (s Session) clone() Session {
	s.Pauses, s.Curve.Points = slices.Clone(s.Pauses), slices.Clone(s.Curve.Points)
	return s
}

// Sessions implements Store.
func (m *Memory) Sessions(_ context.Context, over bool) (all []Session, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, h := range m.sessions {
		if (h.session.Phase == Over) == over && len(all) < MaxListed {
			all = append(all, h.session.clone())
		}
	}
	return all, nil
}

// Session implements Store.
func (m *Memory) Session(_ context.Context, session string) (Session, Counts, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.sessions[session]
	if h == nil {
		return Session{}, Counts{}, ErrUnknown
	}
	c := h.counts
	c.Members = int64(len(h.users))
	return h.session.clone(), c, nil
}

// Swap implements Store.
func (m *Memory) Swap(_ context.Context, prev uint64, next Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.sessions[next.Session]
	if h == nil && prev != 0 || h != nil && h.session.Revision != prev {
		return ErrConflict
	}
	if h == nil {
		h = &held{users: map[string]struct{}{}}
		m.sessions[next.Session] = h
	}
	h.session = next.clone()
	h.session.Revision = prev + 1
	return nil
}

// Remove implements Store.
func (m *Memory) Remove(_ context.Context, session string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions, session)
	return nil
}

// Add implements Store.
func (m *Memory) Add(_ context.Context, deltas []Delta) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range deltas {
		h := m.sessions[d.Session]
		if h == nil {
			continue
		}
		h.counts.Messages += d.Messages
		h.counts.Plays += d.Plays
		for _, u := range d.Users {
			if len(h.users) < MaxMembers {
				h.users[u] = struct{}{}
			}
		}
	}
	return nil
}

// Keep implements Store.
func (m *Memory) Keep(_ context.Context, s Summary, keep int, _ time.Duration) (Summary, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.kept[s.Group]
	for _, f := range all {
		if f.summary.Session == s.Session {
			return f.summary, nil
		}
	}
	now := time.Now()
	m.number = max(m.number+1, uint64(now.UnixMicro()))
	s.Number = m.number
	all = slices.Clone(all[:min(len(all), keep)])
	at, _ := slices.BinarySearchFunc(all, s.Began(), func(f filed, began uint64) int { return cmp.Compare(began, f.summary.Began()) })
	all = slices.Insert(all, at, filed{s, now})
	if len(all) > keep && at < keep {
		all = all[:keep]
	}
	m.kept[s.Group] = all
	return s, nil
}

// Summary implements Store.
func (m *Memory) Summary(_ context.Context, group, session string) (Summary, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.kept[group] {
		if f.summary.Session == session {
			return f.summary, nil
		}
	}
	return Summary{}, ErrUnknown
}

// Summaries implements Store.
func (m *Memory) Summaries(_ context.Context, group string, before uint64, limit int) (all []Summary, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.kept[group] {
		if (before == 0 || f.summary.Began() < before) && len(all) < limit {
			all = append(all, f.summary)
		}
	}
	return all, nil
}

// Sweep implements Store.
func (m *Memory) Sweep(_ context.Context, before time.Time, limit int) (n int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for group, all := range m.kept {
		m.kept[group] = slices.DeleteFunc(all, func(f filed) bool {
			old := f.at.Before(before) && n < limit
			if old {
				n++
			}
			return old
		})
		if len(m.kept[group]) == 0 {
			delete(m.kept, group)
		}
	}
	return n, nil
}
