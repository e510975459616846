package redisstore

import (
	"context"

	"liveroom/chat"
	"liveroom/live/relay"
)

// Relays is Redis as relay.Store and relay.Board. Its keys:
//
//	{lr}:relays:ROOM  hash: id → relay.Target (JSON), with the whole address
//	{r:ROOM}:relays  string: relay.State by id (JSON), of the node that has the push, for relay.BoardAge
type Relays struct{ shelf[relay.Target] }

var (
	_ relay.Store = (*Relays)(nil)
	_ relay.Board = (*Relays)(nil)
)

// NewsRelays is the kind of news that targets of relays have changed.
const NewsRelays = "relays"

// Relays is the relays' view of Redis.
func (s *Store) Relays() *Relays {
	return &Relays{shelf[relay.Target]{s, NewsRelays, relay.ErrUnknown}}
}

func (w *Relays) targets(room string) string { return w.s.key("lr", "relays", room) }
func (w *Relays) board(room string) string   { return w.s.key("r:"+room, "relays") }

// Targets implements relay.Store.
func (w *Relays) Targets(ctx context.Context, room string) ([]relay.Target, error) {
	return everything[relay.Target](ctx, w.s, w.targets(room)) // in the order of their ids
}

// AddTarget implements relay.Store. Two that come at the same time may make one too many.
func (w *Relays) AddTarget(ctx context.Context, t relay.Target) error {
	return w.add(ctx, w.targets(t.Room), t.ID, t, func(ctx context.Context) error {
		n, err := w.s.rdb.HLen(ctx, w.targets(t.Room)).Result()
		if err == nil && n >= relay.MaxTargets {
			return relay.ErrTooMany
		}
		return away(err)
	})
}

// ChangeTarget implements relay.Store.
func (w *Relays) ChangeTarget(ctx context.Context, room, id string, f func(*relay.Target) error) (relay.Target, error) {
	return w.change(ctx, w.targets(room), id, f)
}

// RemoveTarget implements relay.Store.
func (w *Relays) RemoveTarget(ctx context.Context, room, id string) error {
	return w.remove(ctx, w.targets(room), id)
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
	return w.s.post(ctx, w.board(room), states, relay.BoardAge)
}

// Read implements relay.Board.
func (w *Relays) Read(ctx context.Context, room string) (map[string]relay.State, error) {
	return posted[relay.State](ctx, w.s, w.board(room))
}
