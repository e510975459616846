package redisstore

import (
	"context"
	"maps"
	"slices"
	"time"

	"liveroom/chat"
	"liveroom/web/callback"
)

// Endpoints is Redis as callback.EndpointStore: the hash {lr}:endpoints, id → callback.Endpoint (JSON), with its key.
type Endpoints struct {
	s   *Store
	all string
}

var _ callback.EndpointStore = (*Endpoints)(nil)

// NewsEndpoints is the kind of news that receivers of callbacks have changed.
const NewsEndpoints = "endpoints"

// Endpoints is the callback endpoints' view of Redis.
func (s *Store) Endpoints() *Endpoints { return &Endpoints{s: s, all: s.key("lr", "endpoints")} }

// Endpoints implements callback.EndpointStore.
func (p *Endpoints) Endpoints(ctx context.Context) ([]callback.Endpoint, error) {
	return everything[callback.Endpoint](ctx, p.s, p.all)
}

// everything reads a hash of JSON values in the order of its fields.
func everything[T any](ctx context.Context, s *Store, key string) ([]T, error) {
	ctx, cancel := s.within(ctx)
	defer cancel()
	values, err := s.rdb.HGetAll(ctx, key).Result()
	if err != nil {
		return nil, away(err)
	}
	var all []T
	for _, field := range slices.Sorted(maps.Keys(values)) {
		one, _, err := decode[T](values[field])
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// PutEndpoint implements callback.EndpointStore.
func (p *Endpoints) PutEndpoint(ctx context.Context, e callback.Endpoint, was time.Time) error {
	return p.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		values, err := d.fields(ctx, p.all, e.ID)
		if err != nil {
			return err
		}
		old, _, err := decode[callback.Endpoint](values[0])
		if err != nil {
			return err
		}
		if !old.ChangedAt.Equal(was) {
			return callback.ErrChanged
		}
		d.news(NewsEndpoints)
		return d.put(p.all, e.ID, e)
	})
}

// DeleteEndpoint implements callback.EndpointStore.
func (p *Endpoints) DeleteEndpoint(ctx context.Context, id string) error {
	return p.s.change(ctx, chat.OperationAge, func(_ context.Context, d *draft) error {
		d.news(NewsEndpoints)
		d.do("HDEL", p.all, id)
		return nil
	})
}
