package stream

import (
	"container/list"
	"time"
)

// remembered is what outlives a stream that nobody publishes or watches, so that the next publisher can neither be older
// nor start below what was already sent.
type remembered struct {
	epoch      string
	generation uint64
	last       int64 // ms, -1 if nothing was sent
	gated      bool
}

// memory keeps a bounded number of these for a bounded time, the oldest going first. Losing one is harmless: the store
// fences generations, and a session's offset grows with real time. Guarded by the hub's mutex.
type memory struct {
	limit int
	keep  time.Duration
	order *list.List // of *memoryEntry, oldest first
	names map[string]*list.Element
}

type memoryEntry struct {
	name  string
	at    time.Time
	value remembered
}

func newMemory(limit int, keep time.Duration) memory {
	return memory{limit: limit, keep: keep, order: list.New(), names: make(map[string]*list.Element)}
}

func (m *memory) put(name string, r remembered) {
	m.remove(name)
	if r.generation == 0 && r.last < 0 && !r.gated {
		return
	}
	now := time.Now()
	m.names[name] = m.order.PushBack(&memoryEntry{name: name, at: now, value: r})
	for e := m.order.Front(); e != nil; e = m.order.Front() {
		oldest := e.Value.(*memoryEntry)
		if m.order.Len() <= m.limit && now.Sub(oldest.at) <= m.keep {
			return
		}
		m.remove(oldest.name)
	}
}

// take returns and removes what is known of a name.
func (m *memory) take(name string) (remembered, bool) {
	e := m.names[name]
	if e == nil {
		return remembered{}, false
	}
	entry := e.Value.(*memoryEntry)
	m.remove(name)
	if time.Since(entry.at) > m.keep {
		return remembered{}, false
	}
	return entry.value, true
}

func (m *memory) has(name string) bool { return m.names[name] != nil }

// restart frees the clock and the gate of a name and keeps its generation.
func (m *memory) restart(name string) {
	if e := m.names[name]; e != nil {
		entry := e.Value.(*memoryEntry)
		entry.value.last, entry.value.gated = -1, false
	}
}

func (m *memory) remove(name string) {
	if e := m.names[name]; e != nil {
		m.order.Remove(e)
		delete(m.names, name)
	}
}
