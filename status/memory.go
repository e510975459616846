package status

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// DefaultLogEntries is how many log entries a store keeps for Events.
const DefaultLogEntries = 10_000

// Memory is a Store in memory. It is for tests: nothing outlives the process.
type Memory struct {
	mu     sync.Mutex
	offset time.Duration
	fail   error
	keep   int
	states map[string]State
	outbox map[string][]Entry
	log    []LogEntry
	head   uint64

	lease  time.Duration
	leases map[string]time.Time // end of the active publisher's, by room; store's clock
	claims map[string]memoryClaim
	fence  uint64
	news   map[*memoryNews]bool // who follows
}

var _ Shared = (*Memory)(nil)

// NewMemory returns an empty store whose clock is the process's.
func NewMemory() *Memory {
	return &Memory{
		keep: DefaultLogEntries, states: map[string]State{}, outbox: map[string][]Entry{},
		lease: DefaultLease, leases: map[string]time.Time{}, claims: map[string]memoryClaim{}, news: map[*memoryNews]bool{},
	}
}

// ShiftClock lets the store's clock jump by d.
func (m *Memory) ShiftClock(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.offset += d
}

// Fail makes every call answer err until it is called with nil: a store that is away.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
	for n := range m.news {
		n.signal()
	}
}

// away is why a call can't be answered. m.mu is held.
func (m *Memory) away(ctx context.Context) error {
	if m.fail != nil {
		return m.fail
	}
	return ctx.Err()
}

// KeepLog sets how many log entries are kept; it is at least 1.
func (m *Memory) KeepLog(entries int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keep = max(entries, 1)
}

// Now implements Store.
func (m *Memory) Now(ctx context.Context) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now(), m.away(ctx)
}

func (m *Memory) now() time.Time {
	return time.Now().Add(m.offset).Round(0).UTC().Truncate(time.Millisecond)
}

// Load implements Store.
func (m *Memory) Load(ctx context.Context, room string) (State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.away(ctx); err != nil {
		return State{}, err
	}
	s, ok := m.states[room]
	if !ok {
		return State{}, ErrUnknownRoom
	}
	return s, nil
}

// Swap implements Store.
func (m *Memory) Swap(ctx context.Context, prev uint64, next State) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.away(ctx); err != nil {
		return err
	}
	room := next.Record.Room
	old := m.states[room]
	if old.Revision != prev {
		return ErrConflict
	}
	m.states[room] = next
	m.keepLease(old, next)
	m.changed(room, true)
	if next.Record.Version > old.Record.Version {
		m.outbox[room] = append(m.outbox[room], Entry{Record: next.Record, At: m.now()})
		m.head++
		m.log = append(m.log, LogEntry{Seq: m.head, Record: next.Record})
		m.log = m.log[max(0, len(m.log)-m.keep):]
	}
	return nil
}

// Forget forgets tombstones from before a time that have nothing left to deliver, but of rooms to keep, and says how many.
func (m *Memory) Forget(before time.Time, keep func(room string) bool) (forgotten int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for room, s := range m.states {
		if s.Deleted && s.DeletedAt.Before(before) && len(m.outbox[room]) == 0 && !keep(room) {
			delete(m.states, room)
			forgotten++
		}
	}
	return forgotten
}

// Deadlines implements Store.
func (m *Memory) Deadlines(ctx context.Context) ([]Deadline, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Deadline
	for _, s := range m.states {
		out = append(out, s.Deadlines()...)
	}
	return out, m.away(ctx)
}

// Publishing implements Store.
func (m *Memory) Publishing(ctx context.Context) ([]State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []State
	for _, s := range m.states {
		if s.Record.StreamActive && !s.Deleted {
			out = append(out, s)
		}
	}
	return out, m.away(ctx)
}

// Pending implements Store.
func (m *Memory) Pending(ctx context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for room, entries := range m.outbox {
		if len(entries) > 0 {
			out = append(out, room)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		return cmp.Or(m.outbox[a][0].At.Compare(m.outbox[b][0].At), cmp.Compare(a, b))
	})
	return out, m.away(ctx)
}

// PendingRoom implements Store.
func (m *Memory) PendingRoom(ctx context.Context, room string, limit int) ([]Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	entries := m.outbox[room]
	return slices.Clone(entries[:min(limit, len(entries))]), m.away(ctx)
}

// Ack implements Store.
func (m *Memory) Ack(ctx context.Context, room string, version uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.away(ctx); err != nil {
		return err
	}
	m.ack(room, version)
	return nil
}

// ack removes an outbox entry. m.mu is held.
func (m *Memory) ack(room string, version uint64) {
	left := slices.DeleteFunc(m.outbox[room], func(e Entry) bool { return e.Record.Version == version })
	if len(left) == 0 {
		delete(m.outbox, room)
	} else {
		m.outbox[room] = left
	}
}

// Events implements Store.
func (m *Memory) Events(ctx context.Context, after uint64, limit int) ([]LogEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.away(ctx); err != nil {
		return nil, err
	}
	first := m.head - uint64(len(m.log)) // entries up to this one are gone
	if after < first || after > m.head {
		return nil, ErrGone
	}
	rest := m.log[after-first:]
	return slices.Clone(rest[:min(limit, len(rest))]), nil
}

// EventHead implements Store.
func (m *Memory) EventHead(ctx context.Context) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.head, m.away(ctx)
}
