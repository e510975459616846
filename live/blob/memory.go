package blob

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Memory is a Store that forgets at exit, for tests and trials. It can be made to fail as the others do.
type Memory struct {
	mu     sync.Mutex // guards all below
	held   map[string]memoryHeld
	bytes  int64
	limit  int64 // 0: none
	broken error
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Store.
func NewMemory() *Memory { return &Memory{held: map[string]memoryHeld{}} }

type memoryHeld struct {
	data []byte // never changed
	at   time.Time
}

// Limit sets how many bytes there is room for; 0: any number. What is there stays.
func (m *Memory) Limit(bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limit = bytes
}

// Break makes every call answer an error from now on, such as ErrUnavailable; nil mends it.
func (m *Memory) Break(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = err
}

// Put implements Store.
func (m *Memory) Put(ctx context.Context, name string, data ...[]byte) error {
	if err := m.may(ctx, name); err != nil {
		return err
	}
	return m.keep(name, slices.Concat(data...))
}

// may answers why a call can't be.
func (m *Memory) may(ctx context.Context, names ...string) error {
	if err := checkNames(names); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	return ctx.Err()
}

func (m *Memory) keep(name string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	total := m.bytes - int64(len(m.held[name].data)) + int64(len(data))
	if m.limit > 0 && total > m.limit {
		return ErrFull
	}
	m.bytes, m.held[name] = total, memoryHeld{data, time.Now()}
	return nil
}

// Create implements Store.
func (m *Memory) Create(ctx context.Context, name string) (Writer, error) {
	if err := m.may(ctx, name); err != nil {
		return nil, err
	}
	return &memoryWriter{to: m, name: name}, nil
}

type memoryWriter struct {
	bytes.Buffer
	to   *Memory
	name string
	over bool
}

// Commit implements Writer.
func (w *memoryWriter) Commit() error {
	if w.over {
		return fs.ErrClosed
	}
	w.over = true
	return w.to.keep(w.name, w.Bytes())
}

// Discard implements Writer.
func (w *memoryWriter) Discard() { w.over = true }

// Open implements Store.
func (m *Memory) Open(ctx context.Context, name string) (Object, error) {
	if err := m.may(ctx, name); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	h, ok := m.held[name]
	if !ok {
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	return &memoryObject{bytes.NewReader(h.data), Held{name, int64(len(h.data)), h.at}}, nil
}

type memoryObject struct {
	*bytes.Reader
	held Held
}

// Held implements Object.
func (o *memoryObject) Held() Held { return o.held }

// Close implements Object.
func (o *memoryObject) Close() error { return nil }

// Remove implements Store.
func (m *Memory) Remove(ctx context.Context, names ...string) error {
	if err := m.may(ctx, names...); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range names {
		m.bytes -= int64(len(m.held[name].data))
		delete(m.held, name)
	}
	return nil
}

// List implements Store.
func (m *Memory) List(ctx context.Context, prefix, after string, see func(Held) error) error {
	if err := m.may(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	held := maps.Clone(m.held)
	m.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(held)) {
		if !strings.HasPrefix(name, prefix) || name <= after {
			continue
		}
		if err := see(Held{name, int64(len(held[name].data)), held[name].at}); err != nil {
			return err
		}
	}
	return nil
}
