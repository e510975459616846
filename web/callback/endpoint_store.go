package callback

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
)

// EndpointStore keeps endpoints by their ids. Each method is atomic; what was answered is durable (class A).
type EndpointStore interface {
	// Endpoints returns all, by id.
	Endpoints(ctx context.Context) ([]Endpoint, error)
	// PutEndpoint adds an endpoint, or replaces that with its id.
	PutEndpoint(ctx context.Context, e Endpoint) error
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
func (m *EndpointMemory) PutEndpoint(_ context.Context, e Endpoint) error {
	m.mu.Lock()
	defer m.mu.Unlock()
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
