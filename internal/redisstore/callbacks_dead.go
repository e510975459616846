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

// putDead appends dead letters; those that are there since a step whose answer was lost, it leaves out.
func (t *term) putDead(ctx context.Context, d *draft, letters []delivery.DeadLetter, gone []string) error {
	newest, err := t.newestDead(ctx, letters, gone)
	if err != nil {
		return err
	}
	for _, l := range letters {
		of := ofClass(l.Endpoint, l.Class)
		if l.N <= newest[of] {
			continue
		}
		head, err := json.Marshal(storedLetter{
			Room: l.Room, storedItem: storedItem{ID: l.ID, Command: l.Command, Query: l.Query, At: l.At},
			DeadAt: l.DeadAt, Why: l.Why, Tries: l.Tries, Status: l.Status, Answer: l.Answer,
		})
		if err != nil {
			return fmt.Errorf("encode dead letter %s: %w", l.ID, err)
		}
		d.do("XADD", t.key("dead", of), entryID(l.N), "h", head, "b", l.Body)
		d.do("HSET", t.key("dead"), of, l.N)
	}
	return nil
}

// newestDead are the numbers of the newest dead letters where some are to be appended. Of endpoints that go, there is none.
func (t *term) newestDead(ctx context.Context, letters []delivery.DeadLetter, gone []string) (map[string]uint64, error) {
	newest := map[string]uint64{}
	for _, l := range letters {
		if !slices.Contains(gone, l.Endpoint) {
			newest[ofClass(l.Endpoint, l.Class)] = 0
		}
	}
	fields := slices.Collect(maps.Keys(newest))
	values, err := t.s.fields(ctx, t.key("dead"), fields...) // nobody else changes them as long as the fence is what it is
	if err != nil {
		return nil, err
	}
	for i, of := range fields {
		if newest[of], _, err = decode[uint64](values[i]); err != nil {
			return nil, err
		}
	}
	return newest, nil
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
	ctx, cancel := c.s.within(ctx)
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
	ctx, cancel := t.s.within(ctx)
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
		all = append(all, delivery.DeadCount{Endpoint: k.Endpoint, Class: k.Class, Count: int(count), Last: last})
	}
	return all, nil
}
