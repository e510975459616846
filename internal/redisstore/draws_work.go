package redisstore

import (
	"context"

	"github.com/redis/go-redis/v9"

	"liveroom/chat/draw"
)

// Busy implements draw.Store.
func (w *Draws) Busy(ctx context.Context) ([]string, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	groups, err := w.s.rdb.SMembers(ctx, w.key("busy")).Result()
	return groups, away(err)
}

// Work implements draw.Store.
func (w *Draws) Work(ctx context.Context, group string, limit int) (open *draw.Draw, out []draw.Out, err error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	h, err := w.head(ctx, group)
	if err != nil {
		return nil, nil, err
	}
	if h.Open != "" {
		d, err := w.Draw(ctx, group, h.Open)
		if err != nil {
			return nil, nil, err
		}
		if d.State == draw.Open {
			open = &d
		}
	}
	texts, err := w.s.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: w.key("out", group), Start: 0, Stop: limit - 1}).Result()
	if err != nil {
		return nil, nil, away(err)
	}
	for _, text := range texts {
		o, _, err := decode[draw.Out](text)
		if err != nil {
			return nil, nil, err
		}
		out = append(out, o)
	}
	return open, out, nil
}

// Ack implements draw.Store.
func (w *Draws) Ack(ctx context.Context, group string, upTo uint64) error {
	return w.change(ctx, group, func(ctx context.Context, d drawDraft) error {
		head, err := d.head(ctx)
		if err != nil {
			return err
		}
		key := w.key("out", group)
		left, err := w.s.rdb.ZCount(ctx, key, "("+numbered(upTo), "+inf").Result()
		if err != nil {
			return away(err)
		}
		d.do("ZREMRANGEBYSCORE", key, "-inf", upTo)
		if head.Open == "" && left == 0 {
			d.do("SREM", w.key("busy"), group)
		}
		return nil
	})
}
