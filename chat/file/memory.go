package file

import (
	"bytes"
	"context"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"
)

// Memory is a Store that forgets at exit, for tests and trials.
type Memory struct {
	mu    sync.Mutex
	files map[string]Info
	shown map[message]Shown
	early map[string]bool
}

// message is one of a group.
type message struct {
	group string
	seq   uint64
}

var _ Shared = (*Memory)(nil)

// NewMemory returns an empty Store.
func NewMemory() *Memory {
	return &Memory{files: map[string]Info{}, shown: map[message]Shown{}, early: map[string]bool{}}
}

// ShowEarly implements Shared.
func (m *Memory) ShowEarly(_ context.Context, ids []string, _ time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		m.early[id] = true
	}
	return nil
}

// ShownEarly implements Shared.
func (m *Memory) ShownEarly(_ context.Context, id string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.early[id], nil
}

// AddFile implements Store.
func (m *Memory) AddFile(_ context.Context, f Info) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.files[f.ID]; taken {
		return ErrTaken
	}
	m.files[f.ID] = f
	return nil
}

// File implements Store.
func (m *Memory) File(_ context.Context, id string) (Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, ok := m.files[id]
	if !ok {
		return Info{}, ErrUnknown
	}
	return f, nil
}

// WithdrawFiles implements Store.
func (m *Memory) WithdrawFiles(_ context.Context, ids []string) (fresh []Info, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		if f, ok := m.files[id]; ok && !f.Withdrawn {
			f.Withdrawn = true
			m.files[id] = f
			fresh = append(fresh, f)
		}
	}
	return fresh, nil
}

// DeleteFiles implements Store.
func (m *Memory) DeleteFiles(_ context.Context, ids []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		delete(m.files, id)
	}
	for at, s := range m.shown {
		s.IDs = slices.DeleteFunc(slices.Clone(s.IDs), func(id string) bool { return slices.Contains(ids, id) })
		if m.shown[at] = s; len(s.IDs) == 0 {
			delete(m.shown, at)
		}
	}
	return nil
}

// ShowFiles implements Store.
func (m *Memory) ShowFiles(_ context.Context, group string, seq uint64, s Shown) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.IDs = slices.DeleteFunc(slices.Clone(s.IDs), func(id string) bool {
		f, ok := m.files[id]
		return !ok || f.Group != group
	})
	if len(s.IDs) > 0 {
		m.shown[message{group, seq}] = s
	}
	return nil
}

// FilesShown implements Store.
func (m *Memory) FilesShown(_ context.Context, group string, seq uint64) (Shown, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.shown[message{group, seq}], nil
}

// OldFiles implements Store.
func (m *Memory) OldFiles(_ context.Context, before time.Time, limit int) ([]Info, error) {
	return m.some(limit, func(f Info) bool { return f.CreatedAt.Before(before) }), nil
}

// GroupFiles implements Store.
func (m *Memory) GroupFiles(_ context.Context, group string, before time.Time, limit int) ([]Info, error) {
	return m.some(limit, func(f Info) bool { return f.Group == group && f.CreatedAt.Before(before) }), nil
}

func (m *Memory) some(limit int, match func(Info) bool) []Info {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.SortedFunc(maps.Values(m.files), func(a, b Info) int { return a.CreatedAt.Compare(b.CreatedAt) })
	all = slices.DeleteFunc(all, func(f Info) bool { return !match(f) })
	return all[:min(limit, len(all))]
}

// FileGroups implements Store.
func (m *Memory) FileGroups(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	groups := map[string]bool{}
	for _, f := range m.files {
		groups[f.Group] = true
	}
	delete(groups, "")
	return slices.Collect(maps.Keys(groups)), nil
}

// FilesSince implements Store: it forgets only together with everything else.
func (m *Memory) FilesSince(context.Context) (time.Time, error) { return time.Time{}, nil }

// FilesUsage implements Store.
func (m *Memory) FilesUsage(context.Context) (files int, size int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.files {
		if !f.Withdrawn {
			files++
			size += f.Size
		}
	}
	return files, size, nil
}

// MemoryBlobs are Blobs that forget at exit, for tests and trials.
type MemoryBlobs struct {
	mu    sync.Mutex
	blobs map[string]memoryHeld
}

var _ Blobs = (*MemoryBlobs)(nil)

// NewMemoryBlobs returns empty Blobs.
func NewMemoryBlobs() *MemoryBlobs { return &MemoryBlobs{blobs: map[string]memoryHeld{}} }

type memoryHeld struct {
	bytes []byte
	made  time.Time
}

// Create implements Blobs.
func (m *MemoryBlobs) Create(id string) (Blob, error) { return &memoryBlob{to: m, id: id}, nil }

type memoryBlob struct {
	bytes.Buffer
	to *MemoryBlobs
	id string
}

// Commit implements Blob.
func (b *memoryBlob) Commit() error {
	b.to.mu.Lock()
	defer b.to.mu.Unlock()
	b.to.blobs[b.id] = memoryHeld{b.Bytes(), time.Now()}
	return nil
}

// Discard implements Blob.
func (b *memoryBlob) Discard() {}

// Open implements Blobs.
func (m *MemoryBlobs) Open(id string) (Reader, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.blobs[id]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return memoryReader{bytes.NewReader(b.bytes)}, nil
}

type memoryReader struct{ *bytes.Reader }

func (memoryReader) Close() error { return nil }

// Remove implements Blobs.
func (m *MemoryBlobs) Remove(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.blobs, id)
	return nil
}

// Each implements Blobs.
func (m *MemoryBlobs) Each(see func(Held) error) error {
	m.mu.Lock()
	all := make([]Held, 0, len(m.blobs))
	for id, b := range m.blobs {
		all = append(all, Held{id, int64(len(b.bytes)), b.made})
	}
	m.mu.Unlock()
	for _, h := range all {
		if err := see(h); err != nil {
			return err
		}
	}
	return nil
}
