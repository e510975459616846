package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
	"liveroom/chat/schedule"
)

// Broadcasts is Redis as schedule.Store. Its keys:
//
//	{lr}:broadcasts:all   hash: id → schedule.Broadcast (JSON)
//	{lr}:broadcasts:ids   sorted set by number: ids
//	{lr}:broadcasts:due   sorted set by when they are due, Unix ms (0: it is under way): ids of those that are not over
//	{lr}:broadcasts:head  string: schedule.Head (JSON); it is compared and written with each change
type Broadcasts struct {
	s                   *Store
	all, ids, due, head string
}

var _ schedule.Store = (*Broadcasts)(nil)

// Broadcasts is the broadcasts' view of Redis.
func (s *Store) Broadcasts() *Broadcasts {
	key := func(part string) string { return s.key("lr", "broadcasts", part) }
	return &Broadcasts{s, key("all"), key("ids"), key("due"), key("head")}
}

// Now implements schedule.Store.
func (w *Broadcasts) Now(ctx context.Context) (time.Time, error) { return w.s.Now(ctx) }

func (w *Broadcasts) read(ctx context.Context, d *draft, id string) (h schedule.Head, b schedule.Broadcast, found bool, err error) {
	text, there, err := d.text(ctx, w.head)
	if err != nil {
		return h, b, false, err
	}
	if there {
		if err := json.Unmarshal([]byte(text), &h); err != nil {
			return h, b, false, fmt.Errorf("decode the head of broadcasts: %w", err)
		}
	}
	values, err := d.fields(ctx, w.all, id)
	if err != nil {
		return h, b, false, err
	}
	b, found, err = decode[schedule.Broadcast](values[0])
	return h, b, found, err
}

// write notes a broadcast and the head, and when it is due.
func (w *Broadcasts) write(d *draft, b schedule.Broadcast, h schedule.Head) error {
	head, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode the head of broadcasts: %w", err)
	}
	d.do("SET", w.head, head)
	at := int64(0)
	if b.State == schedule.Scheduled {
		at = b.NextAt.UnixMilli()
	}
	if b.Active() {
		d.do("ZADD", w.due, at, b.ID)
	} else {
		d.do("ZREM", w.due, b.ID)
	}
	return d.put(w.all, b.ID, b)
}

// Add implements schedule.Store.
func (w *Broadcasts) Add(ctx context.Context, b schedule.Broadcast) (stored schedule.Broadcast, fresh bool, err error) {
	err = w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		h, there, found, err := w.read(ctx, d, b.ID)
		if err != nil {
			return err
		}
		if fresh = !found; found {
			stored = there
			return nil
		}
		if err := w.drop(ctx, d); err != nil {
			return err
		}
		h.Number++
		stored = b
		stored.Number = h.Number
		d.do("ZADD", w.ids, h.Number, b.ID)
		return w.write(d, stored, h)
	})
	if err != nil {
		return schedule.Broadcast{}, false, err
	}
	return stored, fresh, nil
}

// drop notes that the oldest one that is over goes, if there is no place for one more.
func (w *Broadcasts) drop(ctx context.Context, d *draft) error {
	ids, err := w.s.rdb.ZRange(ctx, w.ids, 0, -1).Result()
	if err != nil || len(ids) < schedule.Kept {
		return away(err)
	}
	active, err := w.s.rdb.ZRange(ctx, w.due, 0, -1).Result()
	if err != nil {
		return away(err)
	}
	wait := make(map[string]bool, len(active))
	for _, id := range active {
		wait[id] = true
	}
	for _, id := range ids {
		if !wait[id] {
			d.do("ZREM", w.ids, id)
			d.do("HDEL", w.all, id)
			return nil
		}
	}
	return schedule.ErrTooMany
}

// Change implements schedule.Store.
func (w *Broadcasts) Change(ctx context.Context, b schedule.Broadcast) (stored schedule.Broadcast, err error) {
	now, err := w.s.Now(ctx)
	if err != nil {
		return schedule.Broadcast{}, err
	}
	err = w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		h, was, found, err := w.read(ctx, d, b.ID)
		if err == nil && !found {
			err = schedule.ErrUnknown
		}
		if err != nil {
			return err
		}
		next, changed, err := h.Change(was, b, now)
		if err != nil {
			return err
		}
		stored = changed
		return w.write(d, changed, next)
	})
	if err != nil {
		return schedule.Broadcast{}, err
	}
	return stored, nil
}

// Broadcast implements schedule.Store.
func (w *Broadcasts) Broadcast(ctx context.Context, id string) (schedule.Broadcast, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	text, err := w.s.rdb.HGet(ctx, w.all, id).Result()
	if errors.Is(err, redis.Nil) {
		return schedule.Broadcast{}, schedule.ErrUnknown
	}
	if err != nil {
		return schedule.Broadcast{}, away(err)
	}
	b, _, err := decode[schedule.Broadcast](text)
	return b, err
}

// Broadcasts implements schedule.Store.
func (w *Broadcasts) Broadcasts(ctx context.Context, before uint64, limit int) ([]schedule.Broadcast, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	most := "+inf"
	if before > 0 {
		most = "(" + strconv.FormatUint(before, 10)
	}
	ids, err := w.s.rdb.ZRevRangeByScore(ctx, w.ids, &redis.ZRangeBy{Min: "-inf", Max: most, Count: int64(limit)}).Result()
	if err != nil {
		return nil, away(err)
	}
	return w.some(ctx, ids)
}

func (w *Broadcasts) some(ctx context.Context, ids []string) ([]schedule.Broadcast, error) {
	values, err := w.s.fields(ctx, w.all, ids...)
	if err != nil {
		return nil, err
	}
	return decodeFound[schedule.Broadcast](values)
}

// Due implements schedule.Store.
func (w *Broadcasts) Due(ctx context.Context, now time.Time) (*schedule.Broadcast, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	ids, err := w.s.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: w.due, Start: "-inf", Stop: now.UnixMilli(), ByScore: true}).Result()
	if err != nil || len(ids) == 0 {
		return nil, away(err)
	}
	all, err := w.some(ctx, ids)
	if err != nil {
		return nil, err
	}
	var first *schedule.Broadcast
	for i, b := range all {
		if b.IsDue(now) && (first == nil || b.Earlier(*first)) {
			first = &all[i]
		}
	}
	return first, nil
}
