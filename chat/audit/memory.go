package audit

import (
	"context"
	"sync"
	"time"
)

// Memory is a Store that forgets at exit, for tests.
type Memory struct {
	mu      sync.Mutex // guards entries
	entries []Entry    // by rising Seq, without a gap
	newest  Entry      // also when it is removed
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Store.
func NewMemory() *Memory { return &Memory{} }

// AppendActs implements Store.
func (m *Memory) AppendActs(_ context.Context, entries []Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries = append(m.entries, Number(m.newest, entries)...)
	if len(m.entries) > 0 {
		m.newest = m.entries[len(m.entries)-1]
	}
	return nil
}

// Acts implements Store.
func (m *Memory) Acts(_ context.Context, q Query) (Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	first, last := m.bounds()
	return q.Scan(first, last, m.look)
}

// TrimActs implements Store.
func (m *Memory) TrimActs(_ context.Context, olderThan time.Time, keep int) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	first, last := m.bounds()
	end, err := Surplus(first, last, olderThan, keep, m.look)
	if err != nil || end < first || last == 0 {
		return 0, err
	}
	n := int(end - first + 1)
	m.entries = append([]Entry(nil), m.entries[n:]...)
	return n, nil
}

func (m *Memory) bounds() (first, last uint64) {
	if len(m.entries) == 0 {
		return 0, 0
	}
	return m.entries[0].Seq, m.entries[len(m.entries)-1].Seq
}

func (m *Memory) look(seq uint64) (Entry, bool, error) {
	return m.entries[seq-m.entries[0].Seq], true, nil
}
