package callback

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// ErrChanged says that an endpoint is not the one that a change was made of.
var ErrChanged = errors.New("the callback endpoint has changed meanwhile")

// EndpointStore keeps endpoints by their ids. Each method is atomic; what was answered is durable (class A).
type EndpointStore interface {
	// Endpoints returns all, by id.
	Endpoints(ctx context.Context) ([]Endpoint, error)
	// PutEndpoint adds an endpoint, where was is zero, or replaces that with its id whose ChangedAt is was. ErrChanged says
	// that another change came between.
	PutEndpoint(ctx context.Context, e Endpoint, was time.Time) error
	// DeleteEndpoint removes one, if it is there.
	DeleteEndpoint(ctx context.Context, id string) error
}

// EndpointMemory is an EndpointStore that forgets at exit, for tests.
type EndpointMemory struct {
	mu  sync.Mutex
	all map[string]Endpoint
}

var _ EndpointStore = (*EndpointMemory)(nil)

// NewEndpointMemory returns an empty store.
func NewEndpointMemory() *EndpointMemory { return &EndpointMemory{all: map[string]Endpoint{}} }

// Endpoints implements EndpointStore.
func (m *EndpointMemory) Endpoints(context.Context) ([]Endpoint, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.all), func(a, b Endpoint) int { return cmp.Compare(a.ID, b.ID) }), nil
}

// PutEndpoint implements EndpointStore.
func (m *EndpointMemory) PutEndpoint(_ context.Context, e Endpoint, was time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.all[e.ID].ChangedAt.Equal(was) {
		return ErrChanged
	}
	e.Events = slices.Clone(e.Events)
	m.all[e.ID] = e
	return nil
}

// DeleteEndpoint implements EndpointStore.
func (m *EndpointMemory) DeleteEndpoint(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, id)
	return nil
}
