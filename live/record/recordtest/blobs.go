// Package recordtest helps to test what has to do with recordings: the suite that every record.Store passes, objects in
// memory that fail when they are told to, and recordings of real media made in a moment.
package recordtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"liveroom/live/blob"
)

// Blobs is a blob.Store in memory that fails when it is told to.
type Blobs struct {
	mu    sync.Mutex // guards all below
	all   map[string]held
	fault func(op, name string) error
}

type held struct {
	data []byte
	at   time.Time
}

var _ blob.Store = (*Blobs)(nil)

// NewBlobs returns an empty store.
func NewBlobs() *Blobs { return &Blobs{all: map[string]held{}} }

// Fault has each step of the store ask for an error from now on; nil: none fails. op is put, open, remove or list.
func (b *Blobs) Fault(f func(op, name string) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = f
}

// Names are all objects whose names begin with a prefix, in order.
func (b *Blobs) Names(prefix string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	names := slices.Sorted(maps.Keys(b.all))
	return slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(n, prefix) })
}

func (b *Blobs) failing(op, name string) error {
	b.mu.Lock()
	f := b.fault
	b.mu.Unlock()
	if f == nil {
		return nil
	}
	return f(op, name)
}

// Put implements blob.Store.
func (b *Blobs) Put(ctx context.Context, name string, data ...[]byte) error {
	if err := errors.Join(ctx.Err(), b.failing("put", name)); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all[name] = held{bytes.Join(data, nil), time.Now()}
	return nil
}

// Create implements blob.Store.
func (b *Blobs) Create(_ context.Context, name string) (blob.Writer, error) {
	return &writer{b: b, name: name}, nil
}

type writer struct {
	bytes.Buffer
	b    *Blobs
	name string
}

// Commit implements blob.Writer.
func (w *writer) Commit() error { return w.b.Put(context.Background(), w.name, w.Bytes()) }

// Discard implements blob.Writer.
func (w *writer) Discard() {}

// Open implements blob.Store.
func (b *Blobs) Open(ctx context.Context, name string) (blob.Object, error) {
	if err := errors.Join(ctx.Err(), b.failing("open", name)); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	h, ok := b.all[name]
	if !ok {
		return nil, fmt.Errorf("object %s: %w", name, fs.ErrNotExist)
	}
	return object{bytes.NewReader(h.data), blob.Held{Name: name, Size: int64(len(h.data)), Modified: h.at}}, nil
}

type object struct {
	*bytes.Reader
	held blob.Held
}

func (object) Close() error      { return nil }
func (o object) Held() blob.Held { return o.held }

// Remove implements blob.Store.
func (b *Blobs) Remove(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := errors.Join(ctx.Err(), b.failing("remove", name)); err != nil {
			return err
		}
		b.mu.Lock()
		delete(b.all, name)
		b.mu.Unlock()
	}
	return nil
}

// List implements blob.Store.
func (b *Blobs) List(ctx context.Context, prefix, after string, see func(blob.Held) error) error {
	if err := errors.Join(ctx.Err(), b.failing("list", prefix)); err != nil {
		return err
	}
	for _, name := range b.Names(prefix) {
		b.mu.Lock()
		h, ok := b.all[name]
		b.mu.Unlock()
		if !ok || name <= after {
			continue
		}
		if err := see(blob.Held{Name: name, Size: int64(len(h.data)), Modified: h.at}); err != nil {
			return err
		}
	}
	return nil
}
