package delivery

import (
	"context"
	"strconv"
	"sync"
	"time"
)

// MemoryExchange is an Exchange that forgets at exit, for tests.
type MemoryExchange struct {
	store *Memory

	mu        sync.Mutex
	fence     uint64
	inbox     []Posted
	numbered  uint64            // places given out
	last      map[string]string // by poster: the id of its last call
	questions []Question
	answers   map[string]chan []byte
	wake      map[*func()]bool
}

var _ Exchange = (*MemoryExchange)(nil)

// NewMemoryExchange returns an empty one.
func NewMemoryExchange() *MemoryExchange {
	return &MemoryExchange{store: NewMemory(), last: map[string]string{}, answers: map[string]chan []byte{}, wake: map[*func()]bool{}}
}

// Post implements Exchange.
func (m *MemoryExchange) Post(_ context.Context, poster, id string, most int64, events []Posted) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last[poster] == id {
		return nil
	}
	size := int64(0)
	for _, e := range m.inbox {
		size += e.Bytes
	}
	if size >= most {
		return ErrFull
	}
	m.last[poster] = id
	for _, e := range events {
		m.numbered++
		e.Place, e.QueuedAt = place(m.numbered), time.Now().UTC()
		m.inbox = append(m.inbox, e)
	}
	m.wakeAll()
	return nil
}

func place(n uint64) string { return strconv.FormatUint(1<<60+n, 10) } // all of one length: they are compared as texts

// wakeAll wakes who listens. The lock is held.
func (m *MemoryExchange) wakeAll() {
	for wake := range m.wake {
		(*wake)()
	}
}

// Begin implements Exchange.
func (m *MemoryExchange) Begin(_ context.Context, fence uint64) (Store, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if fence < m.fence {
		return nil, ErrDeposed
	}
	m.fence = fence
	return &memoryTerm{m.store, m, fence}, nil
}

// memoryTerm is the Store of one term.
type memoryTerm struct {
	*Memory
	m     *MemoryExchange
	fence uint64
}

// Commit implements Store.
func (t *memoryTerm) Commit(ctx context.Context, c Change) error {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	if t.m.fence != t.fence {
		return ErrDeposed
	}
	for len(t.m.inbox) > 0 && t.m.inbox[0].Place <= c.Taken {
		t.m.inbox = t.m.inbox[1:]
	}
	return t.Memory.Commit(ctx, c)
}

// Inbox implements Exchange.
func (m *MemoryExchange) Inbox(_ context.Context, after string, limit int, bytes int64) (events []Posted, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.inbox {
		if e.Place <= after {
			continue
		}
		if bytes -= e.Bytes; len(events) == limit || len(events) > 0 && bytes < 0 {
			break
		}
		events = append(events, e)
	}
	return events, nil
}

// Dead implements Exchange.
func (m *MemoryExchange) Dead(ctx context.Context, endpoint string, class Class, after uint64, limit int) ([]DeadLetter, error) {
	return m.store.Dead(ctx, endpoint, class, after, limit)
}

// Ask implements Exchange.
func (m *MemoryExchange) Ask(ctx context.Context, q Question) ([]byte, error) {
	answer := make(chan []byte, 1)
	m.mu.Lock()
	m.questions = append(m.questions, q)
	m.answers[q.ID] = answer
	m.wakeAll()
	m.mu.Unlock()
	select {
	case text := <-answer:
		return text, nil
	case <-ctx.Done():
		return nil, ErrNoCourier
	}
}

// Questions implements Exchange.
func (m *MemoryExchange) Questions(context.Context) ([]Question, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.questions
	m.questions = nil
	return all, nil
}

// Answer implements Exchange.
func (m *MemoryExchange) Answer(_ context.Context, id string, text []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if answer := m.answers[id]; answer != nil {
		answer <- text
		delete(m.answers, id)
	}
	return nil
}

// Listen implements Exchange.
func (m *MemoryExchange) Listen(ctx context.Context, wake func()) {
	m.mu.Lock()
	m.wake[&wake] = true
	m.mu.Unlock()
	<-ctx.Done()
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.wake, &wake)
}
