package redisstore

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"liveroom/chat"
	"liveroom/chat/gift"
)

// Gifts is Redis as gift.Store. Its keys:
//
//	{lr}:gifts:catalogue  hash: version → number, gifts → all gifts (JSON)
//	{lr}:gifts:marks      hash: group → mark; '' → the newest of all (gift_mark.lua)
//	{lr}:gifts:busy       sorted set: groups that may have work, all of score 0
//	{lr}:gifts:groups     sorted set: groups that ever had an order, all of score 0
//	{i:GROUP}:gifts…      see gift_book.lua
//
// All of a group is in one slot, so that each operation is one script. The list of groups that have work is in another: a group
// is marked there before an order is placed, and an order that says an old mark is not taken. Who finds a group without work
// first has its mark count no longer and then takes it off the list, unless it was marked anew meanwhile. So a node that dies
// between two steps leaves at most a group on the list that has nothing to do.
//
// Times are kept in whole µs. Answers name what wrote them, so that a change whose reply was lost, and that is asked again, is
// done once and answered as it would have been.
type Gifts struct {
	s                              *Store
	catalogue, marks, busy, groups string

	mu    sync.Mutex
	known map[string]mark      // of groups in which an order was placed lately
	idle  map[string]time.Time // since when groups on the list were seen without work
}

// mark is what a group is known to be listed under since a time.
type mark struct {
	number uint64
	at     time.Time
}

const (
	markKept   = time.Minute      // how long a mark is taken for good without looking
	idleBefore = 10 * time.Second // how long a group has no work before it goes off the list
	giftsKnown = 10_000           // groups whose marks and idleness are remembered
)

var _ gift.Store = (*Gifts)(nil)

// Gifts is the gifts' view of Redis. A process has one.
func (s *Store) Gifts() *Gifts {
	of := func(part string) string { return s.key("lr", "gifts", part) }
	return &Gifts{
		s: s, catalogue: of("catalogue"), marks: of("marks"), busy: of("busy"), groups: of("groups"),
		known: map[string]mark{}, idle: map[string]time.Time{},
	}
}

// Fields of the catalogue.
const (
	giftsVersion = "version"
	giftsAll     = "gifts"
)

// Catalogue implements gift.Store.
func (g *Gifts) Catalogue(ctx context.Context) (gift.Catalogue, error) {
	ctx, cancel := g.s.within(ctx)
	defer cancel()
	c, _, err := g.read(ctx)
	return c, err
}

// read returns the catalogue, and its version as it is kept; nil: there is none.
func (g *Gifts) read(ctx context.Context) (c gift.Catalogue, version any, err error) {
	values, err := g.s.fields(ctx, g.catalogue, giftsVersion, giftsAll)
	if err != nil {
		return c, nil, err
	}
	if c.Version, _, err = decode[uint64](values[0]); err == nil {
		c.Gifts, _, err = decode[[]gift.Gift](values[1])
	}
	if err != nil {
		return c, nil, fmt.Errorf("catalogue of gifts: %w", err)
	}
	return c, values[0], nil
}

// PutGift implements gift.Store.
func (g *Gifts) PutGift(ctx context.Context, one gift.Gift) (gift.Catalogue, error) {
	return g.change(ctx, func(c gift.Catalogue) (gift.Catalogue, error) { return c.Put(one) })
}

// DeleteGift implements gift.Store.
func (g *Gifts) DeleteGift(ctx context.Context, id string) (gift.Catalogue, error) {
	return g.change(ctx, func(c gift.Catalogue) (gift.Catalogue, error) { return c.Delete(id) })
}

func (g *Gifts) change(ctx context.Context, f func(gift.Catalogue) (gift.Catalogue, error)) (after gift.Catalogue, err error) {
	err = g.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		before, version, err := g.read(ctx)
		if err != nil {
			return err
		}
		was, found := version.(string)
		d.compare(g.catalogue, "h", giftsVersion, was, found)
		if after, err = f(before); err != nil {
			return err
		}
		if err := d.put(g.catalogue, giftsVersion, after.Version); err != nil {
			return err
		}
		return d.put(g.catalogue, giftsAll, after.Gifts)
	})
	if err != nil {
		return gift.Catalogue{}, err
	}
	return after, nil
}

// keys are those of a group that all its scripts name.
func (g *Gifts) keys(group string) []string {
	parts := []string{"", "orders", "asks", "combos", "ends", "outbox", "ledger", "senders", "ranks", "sessions", "refused"}
	tag := "i:" + group
	keys := []string{g.s.key(tag, "gifts")}
	for _, part := range parts[1:] {
		keys = append(keys, g.s.key(tag, "gifts", part))
	}
	return keys
}

// encodeOrder is an order as a script keeps it.
func encodeOrder(o gift.Order) (string, error) {
	o.State, o.Reason, o.SettledAt = gift.Pending, "", time.Time{} // what becomes of it is kept beside it
	raw, err := json.Marshal(o)
	return string(raw), err
}

func micros(t time.Time) int64 { return t.UnixMicro() }

func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }
