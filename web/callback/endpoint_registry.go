package callback

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ErrNoEndpoint says that there is no endpoint with an id.
var ErrNoEndpoint = errors.New("there is no such callback endpoint")

// settingsPrefix begins the ids of endpoints that come from the settings, and of no others.
const settingsPrefix = "settings-"

// Registry knows all endpoints: those of the settings, which stay as they are, and those of the store.
type Registry struct {
	store EndpointStore

	now atomic.Pointer[snapshot]

	mu      sync.Mutex // one change at a time; guards what follows
	fixed   []Endpoint // of the settings
	watched []func([]Endpoint)
	stored  []Endpoint // what the store had last
}

// snapshot is what is known at a time. It is never changed.
type snapshot struct {
	all   []Endpoint
	wants map[string][]Endpoint // by event; those that are enabled
}

// NewRegistry reads the store. fixed are the endpoints of the settings, whose ids are settings- and their format.
func NewRegistry(ctx context.Context, store EndpointStore, fixed ...Endpoint) (*Registry, error) {
	r := &Registry{store: store}
	for _, e := range fixed {
		e = e.ofSettings()
		if err := e.check(); err != nil {
			return nil, err
		}
		r.fixed = append(r.fixed, e)
	}
	r.publish(nil)
	if err := r.reload(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// CheckEndpoint says what is wrong with an endpoint of the settings.
func CheckEndpoint(e Endpoint) error { return e.ofSettings().check() }

// ofSettings is an endpoint of the settings, which say only some of it.
func (e Endpoint) ofSettings() Endpoint {
	e = e.withDefaults()
	e.ID, e.Fixed, e.Enabled = settingsPrefix+string(e.Format), true, true
	return e
}

// Wants returns the endpoints that are to be told of an event, or asked. It costs one look-up and is nil where nobody is;
// the list must not be changed.
func (r *Registry) Wants(command string) []Endpoint { return r.now.Load().wants[command] }

// Endpoint returns one that is known at present.
func (r *Registry) Endpoint(id string) (Endpoint, bool) {
	for _, e := range r.now.Load().all {
		if e.ID == id {
			return e, true
		}
	}
	return Endpoint{}, false
}

// All returns all endpoints, those of the settings first. The list must not be changed.
func (r *Registry) All() []Endpoint { return r.now.Load().all }

// Fail changes what becomes of what an endpoint of the settings does not decide, from now on.
func (r *Registry) Fail(of Format, how OnFailure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := slices.IndexFunc(r.fixed, func(e Endpoint) bool { return e.Format == of })
	if at < 0 || r.fixed[at].OnFailure == how {
		return
	}
	r.fixed = slices.Clone(r.fixed)
	r.fixed[at].OnFailure = how
	r.publish(r.stored)
	for _, f := range r.watched {
		f(r.All())
	}
}

// Watch calls f with all endpoints, now and after each change, one call at a time. It must be called before the first
// change; f must not block.
func (r *Registry) Watch(f func([]Endpoint)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watched = append(r.watched, f)
	f(r.All())
}

// Create adds an endpoint; without an id it gets one. The error may be an *EndpointError.
func (r *Registry) Create(ctx context.Context, e Endpoint) (Endpoint, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		made, err := r.create(ctx, e)
		if !errors.Is(err, ErrChanged) {
			return made, err
		}
	}
}

func (r *Registry) create(ctx context.Context, e Endpoint) (Endpoint, error) {
	if err := r.reload(ctx); err != nil {
		return Endpoint{}, err
	}
	if e.ID == "" {
		e.ID = "cb-" + strings.ToLower(rand.Text()[:10])
	}
	if strings.HasPrefix(e.ID, settingsPrefix) {
		return Endpoint{}, invalid("id", "must not begin with %s", settingsPrefix)
	}
	if _, taken := r.Endpoint(e.ID); taken {
		return Endpoint{}, &EndpointError{Code: "exists", Field: "id", Detail: "there is an endpoint " + e.ID}
	}
	if len(r.All())-len(r.fixed) >= MaxEndpoints {
		return Endpoint{}, &EndpointError{Code: "too_many", Detail: fmt.Sprintf("there are %d already", MaxEndpoints)}
	}
	e.CreatedAt = time.Now().UTC()
	return r.put(ctx, e, time.Time{})
}

// Change lets f change an endpoint, again where another node changed it meanwhile; the error may be f's, ErrNoEndpoint or an
// *EndpointError.
func (r *Registry) Change(ctx context.Context, id string, f func(*Endpoint) error) (Endpoint, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		changed, err := r.change(ctx, id, f)
		if !errors.Is(err, ErrChanged) {
			return changed, err
		}
	}
}

func (r *Registry) change(ctx context.Context, id string, f func(*Endpoint) error) (Endpoint, error) {
	e, err := r.changeable(ctx, id)
	if err != nil {
		return Endpoint{}, err
	}
	next := e
	if err := f(&next); err != nil {
		return Endpoint{}, err
	}
	next.ID, next.CreatedAt, next.Fixed = e.ID, e.CreatedAt, false
	return r.put(ctx, next, e.ChangedAt)
}

// Delete removes an endpoint. Its queues and dead letters go with it (Watch).
func (r *Registry) Delete(ctx context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.changeable(ctx, id); err != nil {
		return err
	}
	if err := r.store.DeleteEndpoint(ctx, id); err != nil {
		return err
	}
	return r.enforce(ctx)
}

// changeable is an endpoint that may be changed, as it is stored now. The lock is held.
func (r *Registry) changeable(ctx context.Context, id string) (Endpoint, error) {
	if err := r.reload(ctx); err != nil {
		return Endpoint{}, err
	}
	e, ok := r.Endpoint(id)
	switch {
	case !ok:
		return e, ErrNoEndpoint
	case e.Fixed:
		return e, &EndpointError{Code: "fixed", Detail: "it comes from the server's settings and is changed there"}
	default:
		return e, nil
	}
}

// put stores an endpoint that was changed last at a time, and puts it in force. The lock is held.
func (r *Registry) put(ctx context.Context, e Endpoint, was time.Time) (Endpoint, error) {
	e = e.withDefaults()
	e.ChangedAt = time.Now().UTC()
	if err := e.check(); err != nil {
		return Endpoint{}, err
	}
	if err := r.store.PutEndpoint(ctx, e, was); err != nil {
		return Endpoint{}, err
	}
	return e, r.enforce(ctx)
}

// enforce puts a change in force that is stored. The lock is held.
func (r *Registry) enforce(ctx context.Context) error {
	if err := r.reload(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("the change is stored, but not in force yet: %w", err)
	}
	return nil
}

// Reload puts in force what is stored, which another node may have changed. What is in force stays if it can't be read.
func (r *Registry) Reload(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reload(ctx)
}

// reload puts in force what is stored, if it is not. The lock is held.
func (r *Registry) reload(ctx context.Context) error {
	stored, err := r.store.Endpoints(ctx)
	if err != nil {
		return fmt.Errorf("read callback endpoints: %w", err)
	}
	if reflect.DeepEqual(stored, r.stored) {
		return nil
	}
	r.publish(stored)
	for _, f := range r.watched {
		f(r.All())
	}
	return nil
}

// publish makes the snapshot that readers see.
func (r *Registry) publish(stored []Endpoint) {
	r.stored = stored
	s := &snapshot{all: slices.Concat(r.fixed, stored), wants: map[string][]Endpoint{}}
	known := Known()
	for _, e := range s.all {
		if !e.Enabled {
			continue
		}
		for _, name := range known[e.Format] {
			if e.wants(name) {
				s.wants[name] = append(s.wants[name], e)
			}
		}
	}
	r.now.Store(s)
}
