package redisstore

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
	"liveroom/live/programme"
)

// Programmes is Redis as programme.Store. Its keys:
//
//	{lr}:programmes:all    hash: room → programme.Board (JSON); it is compared and written with each change
//	{lr}:programmes:rooms  sorted set, all of score 0: rooms with a board
//	{lr}:programmes:due    sorted set by when something is to be done, Unix ms: rooms where something is planned
type Programmes struct {
	s               *Store
	all, rooms, due string
}

var _ programme.Store = (*Programmes)(nil)

// Programmes is the programmes' view of Redis.
func (s *Store) Programmes() *Programmes {
	key := func(part string) string { return s.key("lr", "programmes", part) }
	return &Programmes{s, key("all"), key("rooms"), key("due")}
}

// Now implements programme.Store.
func (w *Programmes) Now(ctx context.Context) (time.Time, error) { return w.s.Now(ctx) }

// Board implements programme.Store.
func (w *Programmes) Board(ctx context.Context, room string) (programme.Board, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	text, err := w.s.rdb.HGet(ctx, w.all, room).Result()
	if errors.Is(err, redis.Nil) {
		return programme.Board{Room: room}, nil
	}
	if err != nil {
		return programme.Board{}, away(err)
	}
	b, _, err := decode[programme.Board](text)
	return b, err
}

// Put implements programme.Store.
func (w *Programmes) Put(ctx context.Context, b programme.Board) (programme.Board, error) {
	next := b.Next()
	err := w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		values, err := d.fields(ctx, w.all, b.Room)
		if err != nil {
			return err
		}
		was, _, err := decode[programme.Board](values[0])
		if err != nil {
			return err
		}
		if was.Revision != b.Revision {
			return programme.ErrChanged
		}
		if at := next.NextAt(); at.IsZero() {
			d.do("ZREM", w.due, b.Room)
		} else {
			d.do("ZADD", w.due, at.UnixMilli(), b.Room)
		}
		if next.Empty() {
			d.do("ZREM", w.rooms, b.Room)
			d.do("HDEL", w.all, b.Room)
			return nil
		}
		d.do("ZADD", w.rooms, 0, b.Room)
		return d.put(w.all, b.Room, next)
	})
	if err != nil {
		return programme.Board{}, err
	}
	return next, nil
}

// Due implements programme.Store.
func (w *Programmes) Due(ctx context.Context, now time.Time, limit int) ([]string, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	rooms, err := w.s.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: w.due, Start: "-inf", Stop: now.UnixMilli(), ByScore: true, Count: int64(limit)}).Result()
	return rooms, away(err)
}

// Boards implements programme.Store.
func (w *Programmes) Boards(ctx context.Context, after string, limit int) ([]programme.Board, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	from := "-"
	if after != "" {
		from = "(" + after
	}
	rooms, err := w.s.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: w.rooms, Start: from, Stop: "+", ByLex: true, Count: int64(limit)}).Result()
	if err != nil || len(rooms) == 0 {
		return nil, away(err)
	}
	values, err := w.s.fields(ctx, w.all, rooms...)
	if err != nil {
		return nil, err
	}
	return decodeFound[programme.Board](values)
}
