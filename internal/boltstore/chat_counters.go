package boltstore

import (
	"context"
	"sync"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat"
)

// keyCounters is a group's counters, beside its head: they are written much more often than that.
var keyCounters = []byte("counters")

// PutCounters implements chat.CounterStore. The group's turn is free during the write: messages do not wait for likes.
func (c *Chat) PutCounters(ctx context.Context, group string, changes []chat.CounterChange) (now chat.Counters, done []chat.CounterDone, err error) {
	defer c.counting(group).Unlock()
	err = c.with(ctx, group, func(g *chatGroup) error { now, done = g.ledger.CountersAfter(changes); return nil })
	if err == nil {
		err = c.s.update(ctx, func(tx *bolt.Tx) error {
			b := groupBucket(tx, group)
			if b == nil {
				return chat.ErrNoGroup
			}
			return putJSON(b, keyCounters, now)
		})
	}
	if err == nil { // durable: it holds also if ctx is over by now
		err = c.with(context.WithoutCancel(ctx), group, func(g *chatGroup) error { g.ledger.SetCounters(now); return nil })
	}
	if err != nil {
		return chat.Counters{}, nil, err
	}
	return now, done, nil
}

// counting locks what writes a group's counters, and deletes it, against each other. Who holds it may take the turn.
func (c *Chat) counting(group string) *sync.Mutex {
	for {
		g := c.entry(group)
		g.counting.Lock()
		if c.entry(group) == g {
			return &g.counting
		}
		g.counting.Unlock() // it was put away, or deleted, meanwhile
	}
}

// readCounters reads a group's counters into state.
func readCounters(group *bolt.Bucket, state *chat.GroupState) error {
	_, err := getJSON(group, keyCounters, &state.Counters)
	return err
}
