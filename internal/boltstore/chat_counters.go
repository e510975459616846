package boltstore

import (
	"context"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat"
)

// keyCounters is a group's counters, beside its head: they are written much more often than that.
var keyCounters = []byte("counters")

// PutCounters implements chat.CounterStore.
func (c *Chat) PutCounters(ctx context.Context, group string, changes []chat.CounterChange) (now chat.Counters, done []chat.CounterDone, err error) {
	err = c.with(ctx, group, func(g *chatGroup) (err error) {
		now, done, err = g.ledger.PutCounters(changes, func(next chat.Counters) error {
			return c.s.update(ctx, func(tx *bolt.Tx) error {
				b := groupBucket(tx, group)
				if b == nil {
					return chat.ErrNoGroup
				}
				return putJSON(b, keyCounters, next)
			})
		})
		return err
	})
	return now, done, err
}

// readCounters reads a group's counters into state.
func readCounters(group *bolt.Bucket, state *chat.GroupState) error {
	_, err := getJSON(group, keyCounters, &state.Counters)
	return err
}
