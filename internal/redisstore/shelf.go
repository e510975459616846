package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
)

// shelf changes values (JSON) in hashes that all nodes know of: each change is news.
type shelf[T any] struct {
	s       *Store
	news    string
	unknown error // that there is no such one
}

func (h shelf[T]) one(ctx context.Context, d *draft, key, field string) (one T, found bool, err error) {
	there, err := d.fields(ctx, key, field)
	if err != nil {
		return one, false, err
	}
	return decode[T](there[0])
}

// add adds one, unless its field is there already. full says why there may be no more.
func (h shelf[T]) add(ctx context.Context, key, field string, one T, full func(ctx context.Context) error) error {
	return h.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		_, found, err := h.one(ctx, d, key, field)
		if err != nil || found {
			return err
		}
		if err := full(ctx); err != nil {
			return err
		}
		d.news(h.news)
		return d.put(key, field, one)
	})
}

// change lets f change one, and returns what became of it.
func (h shelf[T]) change(ctx context.Context, key, field string, f func(*T) error) (changed T, err error) {
	err = h.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		one, found, err := h.one(ctx, d, key, field)
		if err != nil {
			return err
		}
		if !found {
			return h.unknown
		}
		if err := f(&one); err != nil {
			return err
		}
		changed = one
		d.news(h.news)
		return d.put(key, field, one)
	})
	if err != nil {
		return *new(T), err
	}
	return changed, nil
}

// remove removes one.
func (h shelf[T]) remove(ctx context.Context, key, field string) error {
	return h.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		_, found, err := h.one(ctx, d, key, field)
		if err != nil {
			return err
		}
		if !found {
			return h.unknown
		}
		d.news(h.news)
		d.do("HDEL", key, field)
		return nil
	})
}

// post puts up for other nodes how something does (JSON), for an age.
func (s *Store) post(ctx context.Context, key string, states any, age time.Duration) error {
	text, err := json.Marshal(states)
	if err != nil {
		return fmt.Errorf("encode %T: %w", states, err)
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	return away(s.rdb.Set(ctx, key, text, age).Err())
}

// posted is what was put up there last, empty if it is too old.
func posted[T any](ctx context.Context, s *Store, key string) (map[string]T, error) {
	ctx, cancel := s.within(ctx)
	defer cancel()
	text, err := s.rdb.Get(ctx, key).Result()
	if errors.Is(err, redis.Nil) {
		return map[string]T{}, nil
	}
	if err != nil {
		return nil, away(err)
	}
	states, _, err := decode[map[string]T](text)
	return states, err
}
