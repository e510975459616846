package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"liveroom/live/relay"
)

// bucketRelays has the targets of relays, made with the first: room, 0, id → relay.Target (JSON).
var bucketRelays = []byte("relays")

// Relays is the file as relay.Store. Everything is class A.
type Relays struct{ s *Store }

var _ relay.Store = (*Relays)(nil)

// Relays is the relays' view of the file.
func (s *Store) Relays() *Relays { return &Relays{s: s} }

func relayKey(room, id string) []byte { return []byte(room + "\x00" + id) }

// Targets implements relay.Store.
func (w *Relays) Targets(ctx context.Context, room string) (all []relay.Target, err error) {
	err = w.s.view(ctx, func(tx *bolt.Tx) (err error) {
		all, err = relaysOf(tx, room)
		return err
	})
	return all, err
}

func relaysOf(tx *bolt.Tx, room string) (all []relay.Target, err error) {
	b := tx.Bucket(bucketRelays)
	if b == nil {
		return nil, nil
	}
	c, prefix := b.Cursor(), relayKey(room, "")
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		var t relay.Target
		if err := json.Unmarshal(v, &t); err != nil {
			return nil, fmt.Errorf("decode a relay of %q: %w", room, err)
		}
		all = append(all, t)
	}
	return all, nil
}

// AddTarget implements relay.Store.
func (w *Relays) AddTarget(ctx context.Context, t relay.Target) error {
	return w.s.update(ctx, func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucketRelays)
		if err != nil {
			return err
		}
		if b.Get(relayKey(t.Room, t.ID)) != nil {
			return nil
		}
		all, err := relaysOf(tx, t.Room)
		if err != nil {
			return err
		}
		if len(all) >= relay.MaxTargets {
			return relay.ErrTooMany
		}
		return putJSON(b, relayKey(t.Room, t.ID), t)
	})
}

// ChangeTarget implements relay.Store.
func (w *Relays) ChangeTarget(ctx context.Context, room, id string, f func(*relay.Target) error) (changed relay.Target, err error) {
	err = w.s.update(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketRelays)
		if b == nil {
			return relay.ErrUnknown
		}
		var t relay.Target
		found, err := getJSON(b, relayKey(room, id), &t)
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
		return putJSON(b, relayKey(room, id), t)
	})
	if err != nil {
		return relay.Target{}, err
	}
	return changed, nil
}

// RemoveTarget implements relay.Store.
func (w *Relays) RemoveTarget(ctx context.Context, room, id string) error {
	return w.s.update(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketRelays)
		if b == nil || b.Get(relayKey(room, id)) == nil {
			return relay.ErrUnknown
		}
		return b.Delete(relayKey(room, id))
	})
}

// RemoveTargets implements relay.Store.
func (w *Relays) RemoveTargets(ctx context.Context, room string) error {
	return w.s.update(ctx, func(tx *bolt.Tx) error {
		all, err := relaysOf(tx, room)
		for _, t := range all {
			if err := tx.Bucket(bucketRelays).Delete(relayKey(room, t.ID)); err != nil {
				return err
			}
		}
		return err
	})
}
