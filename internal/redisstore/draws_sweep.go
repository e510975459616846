package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat/draw"
)

// drawOver is what draws:over has of a draw.
func drawOver(group string, n uint64) string { return numbered(n) + ":" + group }

// Sweep implements draw.Store.
func (w *Draws) Sweep(ctx context.Context, before time.Time, limit int) (n int, err error) {
	old, err := w.over(ctx, before, limit)
	if err != nil {
		return 0, err
	}
	for _, one := range old {
		text, group, _ := strings.Cut(one, ":")
		number, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return n, fmt.Errorf("%q is no draw that is over: %w", one, err)
		}
		if err := w.change(ctx, group, func(ctx context.Context, d drawDraft) error {
			d.do("ZREM", w.key("over"), one)
			if err := d.forget(ctx); err != nil {
				return err
			}
			return d.remove(ctx, number)
		}); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// over are the draws that were closed before a time, the oldest first.
func (w *Draws) over(ctx context.Context, before time.Time, limit int) ([]string, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	old, err := w.s.rdb.ZRangeByScore(ctx, w.key("over"), &redis.ZRangeBy{
		Min: "-inf", Max: "(" + strconv.FormatInt(before.UnixMilli(), 10), Count: int64(limit),
	}).Result()
	return old, away(err)
}

// forget notes that nothing stays of a group that has one draw, which has to go, and is to be told nothing.
func (d drawDraft) forget(ctx context.Context) error {
	if _, err := d.head(ctx); err != nil { // who starts a draw meanwhile changes it
		return err
	}
	draws, err := d.s.rdb.HLen(ctx, d.w.key("all", d.group)).Result()
	if err != nil {
		return away(err)
	}
	out, err := d.s.rdb.ZCard(ctx, d.w.key("out", d.group)).Result()
	if err != nil {
		return away(err)
	}
	if draws <= 1 && out == 0 {
		d.do("DEL", d.w.key("head", d.group))
	}
	return nil
}

// remove notes that a draw has to go, if it is there.
func (d drawDraft) remove(ctx context.Context, n uint64) error {
	values, err := d.w.s.fields(ctx, d.w.key("all", d.group), numbered(n))
	if err != nil {
		return err
	}
	old, found, err := decode[draw.Draw](values[0])
	if err != nil || !found {
		return err
	}
	users := make([]string, len(old.Drawn))
	for i, winner := range old.Drawn {
		users[i] = winner.User
	}
	newest, err := d.w.s.fields(ctx, d.w.key("won", d.group), users...)
	if err != nil {
		return err
	}
	var gone []any
	for i, user := range users {
		if newest[i] == numbered(n) {
			gone = append(gone, user)
		}
	}
	d.each("HDEL", d.w.key("won", d.group), gone)
	d.do("HDEL", d.w.key("ids", d.group), old.ID)
	d.do("HDEL", d.w.key("all", d.group), numbered(n))
	d.do("ZREM", d.w.key("over"), drawOver(d.group, n))
	d.do("UNLINK", d.w.key("entries", numbered(n), d.group))
	d.do("UNLINK", d.w.key("users", numbered(n), d.group))
	return nil
}
