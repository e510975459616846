package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
	"liveroom/live/relay"
)

// Relays is Redis as relay.Store and relay.Board. Its keys:
//
//	{lr}:relays:ROOM  hash: id → relay.Target (JSON), with the whole address
//	{r:ROOM}:relays  string: relay.State by id (JSON), of the node that has the push, for relay.BoardAge
type Relays struct{ s *Store }

var (
	_ relay.Store = (*Relays)(nil)
	_ relay.Board = (*Relays)(nil)
)

// NewsRelays is the kind of news that targets of relays have changed.
const NewsRelays = "relays"

// Relays is the relays' view of Redis.
func (s *Store) Relays() *Relays { return &Relays{s} }

func (w *Relays) targets(room string) string { return w.s.key("lr", "relays", room) }
func (w *Relays) board(room string) string   { return w.s.key("r:"+room, "relays") }

// Targets implements relay.Store.
func (w *Relays) Targets(ctx context.Context, room string) ([]relay.Target, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	found, err := w.s.rdb.HGetAll(ctx, w.targets(room)).Result()
	if err != nil {
		return nil, away(err)
	}
	var all []relay.Target
	for _, text := range found {
		t, _, err := decode[relay.Target](text)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b relay.Target) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

// one reads a target for a change.
func (w *Relays) one(ctx context.Context, d *draft, room, id string) (t relay.Target, found bool, err error) {
	there, err := d.fields(ctx, w.targets(room), id)
	if err != nil {
		return t, false, err
	}
	return decode[relay.Target](there[0])
}

// AddTarget implements relay.Store. Two that come at the same time may make one too many.
func (w *Relays) AddTarget(ctx context.Context, t relay.Target) error {
	return w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		_, found, err := w.one(ctx, d, t.Room, t.ID)
		if err != nil || found {
			return err
		}
		n, err := w.s.rdb.HLen(ctx, w.targets(t.Room)).Result()
		if err != nil {
			return away(err)
		}
		if n >= relay.MaxTargets {
			return relay.ErrTooMany
		}
		d.news(NewsRelays)
		return d.put(w.targets(t.Room), t.ID, t)
	})
}

// ChangeTarget implements relay.Store.
func (w *Relays) ChangeTarget(ctx context.Context, room, id string, f func(*relay.Target) error) (changed relay.Target, err error) {
	err = w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		t, found, err := w.one(ctx, d, room, id)
		if err != nil {
			return err
		}
		if !found {
			return relay.ErrUnknown
		}
		if err := f(&t); err != nil {
			return err
		}
		changed = t
		d.news(NewsRelays)
		return d.put(w.targets(room), id, t)
	})
	if err != nil {
		return relay.Target{}, err
	}
	return changed, nil
}

// RemoveTarget implements relay.Store.
func (w *Relays) RemoveTarget(ctx context.Context, room, id string) error {
	return w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		_, found, err := w.one(ctx, d, room, id)
		if err != nil {
			return err
		}
		if !found {
			return relay.ErrUnknown
		}
		d.news(NewsRelays)
		d.do("HDEL", w.targets(room), id)
		return nil
	})
}

// RemoveTargets implements relay.Store.
func (w *Relays) RemoveTargets(ctx context.Context, room string) error {
	return w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		n, err := w.s.rdb.Exists(ctx, w.targets(room)).Result()
		if err != nil || n == 0 {
			return away(err)
		}
		d.news(NewsRelays)
		d.do("DEL", w.targets(room))
		return nil
	})
}

// Post implements relay.Board.
func (w *Relays) Post(ctx context.Context, room string, states map[string]relay.State) error {
	text, err := json.Marshal(states)
	if err != nil {
		return fmt.Errorf("encode states of relays: %w", err)
	}
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	return away(w.s.rdb.Set(ctx, w.board(room), text, relay.BoardAge).Err())
}

// Read implements relay.Board.
func (w *Relays) Read(ctx context.Context, room string) (map[string]relay.State, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	text, err := w.s.rdb.Get(ctx, w.board(room)).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, away(err)
	}
	states, _, err := decode[map[string]relay.State](text)
	return states, err
}
