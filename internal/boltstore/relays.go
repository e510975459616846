package boltstore

import (
	"context"

	"liveroom/live/relay"
)

// Relays is the file as relay.Store. Everything is class A.
type Relays struct{ targets byRoom[relay.Target] }

var _ relay.Store = (*Relays)(nil)

// Relays is the relays' view of the file.
func (s *Store) Relays() *Relays {
	return &Relays{byRoom[relay.Target]{s, []byte("relays"), relay.ErrUnknown}}
}

// Targets implements relay.Store.
func (w *Relays) Targets(ctx context.Context, room string) ([]relay.Target, error) {
	return w.targets.all(ctx, room)
}

// AddTarget implements relay.Store.
func (w *Relays) AddTarget(ctx context.Context, t relay.Target) error {
	return w.targets.add(ctx, t.Room, t.ID, t, t.Room, func(all []relay.Target) error {
		if len(all) >= relay.MaxTargets {
			return relay.ErrTooMany
		}
		return nil
	})
}

// ChangeTarget implements relay.Store.
func (w *Relays) ChangeTarget(ctx context.Context, room, id string, f func(*relay.Target) error) (relay.Target, error) {
	return w.targets.change(ctx, room, id, f)
}

// RemoveTarget implements relay.Store.
func (w *Relays) RemoveTarget(ctx context.Context, room, id string) error {
	return w.targets.remove(ctx, room, id)
}

// RemoveTargets implements relay.Store.
func (w *Relays) RemoveTargets(ctx context.Context, room string) error {
	return w.targets.removeAll(ctx, room)
}
