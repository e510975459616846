package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat/gift"
)

var (
	scriptGiftLedger  = load("gift_ledger", "gift_book")
	scriptGiftRanking = load("gift_ranking", "gift_book")
	scriptGiftTrim    = load("gift_trim", "gift_book")
)

// Bounds of what one call reads of a ledger to find what is asked for.
const (
	ledgerAtOnce = 500
	ledgerRounds = 4
)

// Ledger implements gift.Store.
func (g *Gifts) Ledger(ctx context.Context, q gift.Query) (p gift.Page, err error) {
	ctx, cancel := g.s.within(ctx)
	defer cancel()
	all := q.From == "" && q.Gift == "" && q.Session == "" && q.Since.IsZero() && q.Until.IsZero()
	after := q.After
	for range ledgerRounds {
		n := ledgerAtOnce
		if all {
			n = min(n, q.Limit-len(p.Entries))
		}
		entries, more, err := g.entries(ctx, q, after, n)
		if err != nil {
			return gift.Page{}, err
		}
		for i, e := range entries {
			after = e.Number
			if !q.Matches(e.Order) {
				continue
			}
			p.Entries = append(p.Entries, e)
			if len(p.Entries) == q.Limit {
				if more || i < len(entries)-1 {
					p.Next = after
				}
				return p, nil
			}
		}
		if !more {
			return p, nil
		}
	}
	p.Next = after
	return p, nil
}

// entries reads up to n entries after one, and says whether there are more.
func (g *Gifts) entries(ctx context.Context, q gift.Query, after uint64, n int) ([]gift.Entry, bool, error) {
	narrow := 0
	if q.Session != "" {
		narrow = 1
	}
	parts, err := g.s.run(ctx, scriptGiftLedger, g.keys(q.Group), after, n, narrow, q.Session).Slice()
	if err != nil {
		return nil, false, away(err)
	}
	r := replyReader{parts}
	all, err := readEntries(r.texts(2), r.number(0))
	return all, r.number(1) == 1, err
}

// Totals implements gift.Store.
func (g *Gifts) Totals(ctx context.Context, group, session string) (t gift.Totals, err error) {
	ctx, cancel := g.s.within(ctx)
	defer cancel()
	sums, err := g.s.rdb.HGet(ctx, g.keys(group)[0], "="+session).Result()
	if errors.Is(err, redis.Nil) {
		return t, nil
	}
	if err != nil {
		return t, away(err)
	}
	if _, err := fmt.Sscan(sums, &t.Value, &t.Count, &t.Senders); err != nil {
		return t, fmt.Errorf("%w: totals of group %s: %w", errReply, group, err)
	}
	return t, nil
}

// Ranking implements gift.Store.
func (g *Gifts) Ranking(ctx context.Context, group, session string, limit int) (all []gift.Rank, err error) {
	found, err := g.s.run(ctx, scriptGiftRanking, g.keys(group), session, limit).StringSlice()
	if err != nil {
		return nil, away(err)
	}
	for i := 0; i+1 < len(found); i += 2 {
		r, err := readSender(found[i], found[i+1])
		if err != nil {
			return nil, err
		}
		r.Rank = len(all) + 1
		all = append(all, r)
	}
	return all, nil
}

// Trim implements gift.Store.
func (g *Gifts) Trim(ctx context.Context, group string, accepted, refused time.Time, limit int) (int, error) {
	n, err := g.s.mutate(ctx, scriptGiftTrim, g.keys(group), micros(accepted), micros(refused), limit).Int()
	return n, away(err)
}
