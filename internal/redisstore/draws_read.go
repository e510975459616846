package redisstore

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"liveroom/chat/draw"
)

// Draw implements draw.Store.
func (w *Draws) Draw(ctx context.Context, group, id string) (draw.Draw, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	n, err := w.s.rdb.HGet(ctx, w.key("ids", group), id).Result()
	if errors.Is(err, redis.Nil) {
		return draw.Draw{}, draw.ErrNoDraw
	}
	if err != nil {
		return draw.Draw{}, away(err)
	}
	return w.numbered(ctx, group, n)
}

func (w *Draws) numbered(ctx context.Context, group, n string) (draw.Draw, error) {
	values, err := w.s.fields(ctx, w.key("all", group), n)
	if err != nil {
		return draw.Draw{}, err
	}
	d, found, err := decode[draw.Draw](values[0])
	if err == nil && !found { // it went meanwhile
		err = draw.ErrNoDraw
	}
	return d, err
}

// Draws implements draw.Store.
func (w *Draws) Draws(ctx context.Context, group string, before uint64, limit int) ([]draw.Draw, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	if before == 0 {
		h, err := w.head(ctx, group)
		if err != nil {
			return nil, err
		}
		before = h.Number + 1
	}
	var all []draw.Draw
	for n := before - 1; n > 0 && len(all) < limit; {
		const some = 10 // each may have a thousand winners
		var numbers []string
		for ; n > 0 && len(numbers) < min(some, limit-len(all)); n-- {
			numbers = append(numbers, numbered(n))
		}
		values, err := w.s.fields(ctx, w.key("all", group), numbers...)
		if err != nil {
			return nil, err
		}
		found, err := decodeFound[draw.Draw](values)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			break // older ones are gone too, or never were
		}
		for _, d := range found {
			all = append(all, d.Listed())
		}
	}
	return all, nil
}

func (w *Draws) head(ctx context.Context, group string) (h draw.Head, err error) {
	text, err := w.s.rdb.Get(ctx, w.key("head", group)).Result()
	if errors.Is(err, redis.Nil) {
		return h, nil
	}
	if err != nil {
		return h, away(err)
	}
	h, _, err = decode[draw.Head](text)
	return h, err
}

// Entries implements draw.Store.
func (w *Draws) Entries(ctx context.Context, group, id string, after, limit int) ([]draw.Entry, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	d, err := w.Draw(ctx, group, id)
	if err != nil {
		return nil, err
	}
	texts, err := w.s.rdb.LRange(ctx, w.key("entries", numbered(d.Number), group), int64(after), int64(after+limit-1)).Result()
	if err != nil {
		return nil, away(err)
	}
	all := make([]draw.Entry, len(texts))
	for i, text := range texts {
		if all[i], _, err = decode[draw.Entry](text); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Won implements draw.Store.
func (w *Draws) Won(ctx context.Context, group string, users []string) (map[string]bool, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	newest, err := w.s.fields(ctx, w.key("won", group), users...)
	if err != nil {
		return nil, err
	}
	won := map[string]bool{}
	for i, n := range newest {
		if n != nil {
			won[users[i]] = true
		}
	}
	return won, nil
}
