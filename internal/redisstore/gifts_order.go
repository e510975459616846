package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
	"liveroom/chat/gift"
)

var (
	scriptGiftPlace  = load("gift_place", "gift_book")
	scriptGiftSettle = load("gift_settle", "gift_book")
	scriptGiftRecord = load("gift_record", "gift_book")
	scriptGiftAsk    = load("gift_ask", "gift_book")
)

// Place implements gift.Store.
func (g *Gifts) Place(ctx context.Context, o gift.Order, askAt time.Time) (gift.Order, bool, error) {
	o.State = gift.Pending
	raw, err := encodeOrder(o)
	if err != nil {
		return gift.Order{}, false, err
	}
	op := chat.Operation(ctx)
	r, err := g.take(ctx, scriptGiftPlace, o.Group, func(mark uint64) []any {
		return []any{o.Key(), op, raw, micros(askAt), mark, gift.MaxPending, int64(gift.MaxTotal)}
	})
	if err != nil {
		return gift.Order{}, false, err
	}
	if r.text(0) == "new" {
		return o, true, nil
	}
	old, err := readOrder(r.text(1))
	if err != nil {
		return gift.Order{}, false, err
	}
	now, err := gift.Repeated(old.Order, o)
	return now, err == nil && old.op == op && old.State == gift.Pending, err
}

// Settle implements gift.Store.
func (g *Gifts) Settle(ctx context.Context, group, key string, v gift.Verdict, at time.Time, m gift.Merge) (gift.Order, bool, error) {
	if !v.Known() {
		o, err := g.Order(ctx, group, key)
		return o, false, err
	}
	verdict, op := "a", chat.Operation(ctx)
	if v.State == gift.Refused {
		verdict = "r"
	}
	reason := gift.Order{}.Settled(v, at).Reason // as it is kept
	parts, err := g.s.mutate(ctx, scriptGiftSettle, g.keys(group), key, op, verdict, micros(at), reason, m.Clicks, m.Still.Microseconds()).Slice()
	if err != nil {
		return gift.Order{}, false, away(err)
	}
	return g.settled(replyReader{parts}, op)
}

// Record implements gift.Store.
func (g *Gifts) Record(ctx context.Context, o gift.Order, m gift.Merge) (gift.Order, bool, error) {
	raw, err := encodeOrder(o)
	if err != nil {
		return gift.Order{}, false, err
	}
	op := chat.Operation(ctx)
	r, err := g.take(ctx, scriptGiftRecord, o.Group, func(mark uint64) []any {
		return []any{o.Key(), op, raw, micros(o.SettledAt), mark, gift.MaxPending, int64(gift.MaxTotal), m.Clicks, m.Still.Microseconds()}
	})
	if err != nil {
		return gift.Order{}, false, err
	}
	now, fresh, err := g.settled(r, op)
	if err != nil || fresh {
		return now, fresh, err
	}
	now, err = gift.Repeated(now, o)
	return now, false, err
}

// settled reads the order that a script settled, or found settled.
func (g *Gifts) settled(r replyReader, op string) (gift.Order, bool, error) {
	if r.text(0) == "none" {
		return gift.Order{}, false, gift.ErrNoOrder
	}
	k, err := readOrder(r.text(1))
	if err != nil {
		return gift.Order{}, false, err
	}
	return k.Order, r.text(0) == "new" || k.op == op && k.State != gift.Pending, nil
}

// take runs a script that may take a new order, under a mark of its group that counts; args are made with it.
func (g *Gifts) take(ctx context.Context, sc script, group string, args func(mark uint64) []any) (replyReader, error) {
	ctx, cancel := g.s.within(ctx)
	defer cancel()
	over := uint64(0) // the newest mark known to count no longer
	for {
		mark, err := g.mark(ctx, group, over)
		if err != nil {
			return replyReader{}, err
		}
		parts, err := g.s.mutate(ctx, sc, g.keys(group), args(mark)...).Slice()
		if err != nil {
			return replyReader{}, away(err)
		}
		r := replyReader{parts}
		switch r.text(0) {
		case "unmarked":
			over = r.number(1)
		case "pending":
			return r, gift.ErrPending
		case "full":
			return r, gift.ErrLedgerFull
		default:
			return r, nil
		}
	}
}

// Ask implements gift.Store.
func (g *Gifts) Ask(ctx context.Context, group, key string, attempt int, next time.Time) (bool, error) {
	n, err := g.s.mutate(ctx, scriptGiftAsk, g.keys(group), key, chat.Operation(ctx), attempt, micros(next)).Int()
	if err != nil {
		return false, away(err)
	}
	if n < 0 {
		return false, gift.ErrNoOrder
	}
	return n == 1, nil
}

// Order implements gift.Store.
func (g *Gifts) Order(ctx context.Context, group, key string) (gift.Order, error) {
	ctx, cancel := g.s.within(ctx)
	defer cancel()
	value, err := g.s.rdb.HGet(ctx, g.keys(group)[1], key).Result()
	if errors.Is(err, redis.Nil) {
		return gift.Order{}, gift.ErrNoOrder
	}
	if err != nil {
		return gift.Order{}, away(err)
	}
	k, err := readOrder(value)
	if err != nil {
		return gift.Order{}, fmt.Errorf("order %s of group %s: %w", key, group, err)
	}
	return k.Order, nil
}
