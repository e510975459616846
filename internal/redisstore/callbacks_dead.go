package redisstore

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/redis/go-redis/v9"

	"liveroom/web/callback/delivery"
)

func (t *term) putDead(d *draft, l delivery.DeadLetter) error {
	head, err := json.Marshal(storedLetter{
		Room: l.Room, storedItem: storedItem{ID: l.ID, Command: l.Command, Query: l.Query, At: l.At},
		DeadAt: l.DeadAt, Why: l.Why, Tries: l.Tries, Status: l.Status, Answer: l.Answer,
	})
	if err != nil {
		return fmt.Errorf("encode dead letter %s: %w", l.ID, err)
	}
	of := ofClass(l.Endpoint, l.Class)
	d.do("XADD", t.key("dead", of), entryID(l.N), "h", head, "b", l.Body)
	d.do("HSET", t.key("dead"), of, l.N)
	return nil
}

func (t *term) dropDead(ctx context.Context, d *draft, drop delivery.DeadDrop) error {
	key := t.key("dead", ofClass(drop.Endpoint, drop.Class))
	var ids []any
	for _, n := range drop.N {
		ids = append(ids, entryID(n))
	}
	if len(drop.N) == 0 && drop.Oldest > 0 {
		oldest, err := t.s.rdb.XRangeN(ctx, key, "-", "+", int64(drop.Oldest)).Result()
		if err != nil {
			return away(err)
		}
		for _, m := range oldest {
			ids = append(ids, m.ID)
		}
	}
	d.each("XDEL", key, ids)
	return nil
}

// Dead implements delivery.Store and delivery.Exchange.
func (c *Callbacks) Dead(ctx context.Context, endpoint string, class delivery.Class, after uint64, limit int) (page []delivery.DeadLetter, err error) {
	ctx, cancel := c.s.reading(ctx)
	defer cancel()
	for of := range delivery.Classes() {
		if of < class || len(page) >= limit {
			continue
		}
		from := "-"
		if of == class {
			from = entryID(after + 1)
		}
		letters, err := c.s.rdb.XRangeN(ctx, c.key("dead", ofClass(endpoint, of)), from, "+", int64(limit-len(page))).Result()
		if err != nil {
			return nil, away(err)
		}
		for _, m := range letters {
			l, err := decodeLetter(endpoint, of, m)
			if err != nil {
				return nil, err
			}
			page = append(page, l)
		}
	}
	return page, nil
}

func decodeLetter(endpoint string, class delivery.Class, m redis.XMessage) (delivery.DeadLetter, error) {
	l, body, err := decodeEvent[storedLetter](m)
	if err != nil {
		return delivery.DeadLetter{}, err
	}
	return delivery.DeadLetter{
		Event: l.event(delivery.Key{Endpoint: endpoint, Room: l.Room, Class: class}, body), N: seqOf(m),
		DeadAt: l.DeadAt, Why: l.Why, Tries: l.Tries, Status: l.Status, Answer: l.Answer,
	}, nil
}

// DeadCounts implements delivery.Store.
func (t *term) DeadCounts(ctx context.Context) (all []delivery.DeadCount, err error) {
	ctx, cancel := t.s.reading(ctx)
	defer cancel()
	newest, err := t.s.rdb.HGetAll(ctx, t.key("dead")).Result()
	if err != nil {
		return nil, away(err)
	}
	for _, of := range slices.Sorted(maps.Keys(newest)) {
		k, err := queueOf(of)
		if err != nil {
			return nil, err
		}
		last, _, err := decode[uint64](newest[of])
		if err != nil {
			return nil, err
		}
		count, err := t.s.rdb.XLen(ctx, t.key("dead", of)).Result()
		if err != nil {
			return nil, away(err)
		}
		if count > 0 {
			all = append(all, delivery.DeadCount{Endpoint: k.Endpoint, Class: k.Class, Count: int(count), Last: last})
		}
	}
	return all, nil
}
