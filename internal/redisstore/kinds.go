package redisstore

import (
	"context"
	"maps"
	"slices"

	"liveroom/chat"
	"liveroom/chat/kind"
)

// Kinds is Redis as kind.Store. Its key:
//
//	{lr}:kinds  hash: type → kind.Kind (JSON)
type Kinds struct {
	s   *Store
	all string
}

var _ kind.Store = (*Kinds)(nil)

// NewsKinds is the kind of news that registered types of messages have changed.
const NewsKinds = "kinds"

// Kinds is the registered message types' view of Redis.
func (s *Store) Kinds() *Kinds { return &Kinds{s, s.key("lr", "kinds")} }

// Kinds implements kind.Store.
func (w *Kinds) Kinds(ctx context.Context) ([]kind.Kind, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	found, err := w.s.rdb.HGetAll(ctx, w.all).Result()
	if err != nil {
		return nil, away(err)
	}
	var all []kind.Kind
	for _, typ := range slices.Sorted(maps.Keys(found)) {
		k, _, err := decode[kind.Kind](found[typ])
		if err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, nil
}

// PutKind implements kind.Store. Two that come at the same time may make one too many.
func (w *Kinds) PutKind(ctx context.Context, k kind.Kind) error {
	return w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		there, err := d.fields(ctx, w.all, k.Type)
		if err != nil {
			return err
		}
		if there[0] == nil {
			n, err := w.s.rdb.HLen(ctx, w.all).Result()
			if err != nil {
				return away(err)
			}
			if n >= kind.MaxKinds {
				return kind.ErrTooMany
			}
		}
		d.news(NewsKinds)
		return d.put(w.all, k.Type, k)
	})
}

// DeleteKind implements kind.Store.
func (w *Kinds) DeleteKind(ctx context.Context, typ string) error {
	return w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		there, err := d.fields(ctx, w.all, typ)
		if err != nil {
			return err
		}
		if there[0] == nil {
			return kind.ErrUnknown
		}
		d.do("HDEL", w.all, typ)
		d.news(NewsKinds)
		return nil
	})
}
