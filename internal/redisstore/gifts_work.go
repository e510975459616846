package redisstore

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat/gift"
)

var (
	scriptGiftWork   = load("gift_work", "gift_book")
	scriptGiftCombos = load("gift_combos", "gift_book")
	scriptGiftAck    = load("gift_ack", "gift_book")
	scriptGiftRest   = load("gift_rest", "gift_book")
	scriptGiftMark   = load("gift_mark")
	scriptGiftUnmark = load("gift_unmark")
)

// mark lists a group among those with work and returns the number it is listed under, one above over.
func (g *Gifts) mark(ctx context.Context, group string, over uint64) (uint64, error) {
	now := time.Now()
	g.mu.Lock()
	m := g.known[group]
	g.mu.Unlock()
	if m.number > over && now.Sub(m.at) < markKept {
		return m.number, nil
	}
	n, err := g.s.mutate(ctx, scriptGiftMark, []string{g.marks, g.busy, g.groups}, group, over).Uint64()
	if err != nil {
		return 0, away(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.known) >= giftsKnown {
		clear(g.known)
	}
	g.known[group] = mark{n, now}
	return n, nil
}

// Busy implements gift.Store.
func (g *Gifts) Busy(ctx context.Context, after string, limit int) ([]string, error) {
	return g.list(ctx, g.busy, after, limit)
}

// Groups implements gift.Store.
func (g *Gifts) Groups(ctx context.Context, after string, limit int) ([]string, error) {
	return g.list(ctx, g.groups, after, limit)
}

func (g *Gifts) list(ctx context.Context, key, after string, limit int) ([]string, error) {
	ctx, cancel := g.s.within(ctx)
	defer cancel()
	groups, err := g.s.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: key, ByLex: true, Start: "(" + after, Stop: "+", Count: int64(limit)}).Result()
	return groups, away(err)
}

// Work implements gift.Store. A group that has had none for a while goes off the list.
func (g *Gifts) Work(ctx context.Context, group string, now time.Time, limit int) (gift.Work, error) {
	parts, err := g.s.run(ctx, scriptGiftWork, g.keys(group), micros(now), limit).Slice()
	if err != nil {
		return gift.Work{}, away(err)
	}
	r := replyReader{parts}
	if g.rests(group, r.number(0) == 0) {
		if err := g.rest(ctx, group); err != nil {
			return gift.Work{}, err
		}
	}
	return readWork(r)
}

func readWork(r replyReader) (w gift.Work, err error) {
	asks := r.texts(1)
	for i := 0; i+1 < len(asks); i += 2 {
		k, err := readOrder(asks[i])
		if err != nil {
			return w, err
		}
		w.Ask = append(w.Ask, gift.Asking{Order: k.Order, Attempt: k.asked, NextAt: readScore(asks[i+1])})
	}
	w.Next, w.Ending = readScore(r.text(2)), readScore(r.text(3))
	if end := readScore(r.text(4)); w.Next.IsZero() || !end.IsZero() && end.Before(w.Next) {
		w.Next = end
	}
	number := r.number(5)
	for _, value := range r.texts(6) {
		s, err := readShowing(value, number)
		if err != nil {
			return w, err
		}
		number = s.Number
		w.Show = append(w.Show, s)
	}
	w.Untold, err = readEntries(r.texts(8), r.number(7))
	return w, err
}

// readScore reads a time that is a score; none is zero.
func readScore(score string) time.Time {
	us, err := strconv.ParseFloat(score, 64)
	if err != nil {
		return time.Time{}
	}
	return fromMicros(int64(us))
}

// readEntries reads orders of the ledger that come after a number.
func readEntries(values []string, after uint64) (all []gift.Entry, err error) {
	for i, value := range values {
		k, err := readOrder(value)
		if err != nil {
			return nil, err
		}
		all = append(all, gift.Entry{Number: after + uint64(i) + 1, Order: k.Order})
	}
	return all, nil
}

// rests says whether a group has been without work for long enough to go off the list.
func (g *Gifts) rests(group string, idle bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	since, known := g.idle[group]
	switch {
	case !idle:
		delete(g.idle, group)
		return false
	case known && time.Since(since) >= idleBefore:
		delete(g.idle, group)
		return true
	case !known && len(g.idle) < giftsKnown:
		g.idle[group] = time.Now()
	}
	return false
}

// rest takes a group off the list of those with work, if it has none.
func (g *Gifts) rest(ctx context.Context, group string) error {
	number, err := g.s.command(ctx, "hget", g.marks, group).Text()
	if isNil(err) {
		return nil
	}
	if err != nil {
		return away(err)
	}
	resting, err := g.s.mutate(ctx, scriptGiftRest, g.keys(group), number).Bool()
	if err != nil || !resting {
		return away(err)
	}
	return away(g.s.mutate(ctx, scriptGiftUnmark, []string{g.marks, g.busy}, group, number).Err())
}

// EndCombos implements gift.Store.
func (g *Gifts) EndCombos(ctx context.Context, group string, now time.Time, limit int, m gift.Merge) (int, error) {
	n, err := g.s.mutate(ctx, scriptGiftCombos, g.keys(group), micros(now), limit, m.Kept.Microseconds()).Int()
	return n, away(err)
}

// Ack implements gift.Store.
func (g *Gifts) Ack(ctx context.Context, group string, shown, told uint64) error {
	err := g.s.mutate(ctx, scriptGiftAck, g.keys(group), shown, told).Err()
	if isNil(err) {
		return nil // it answers nothing
	}
	return away(err)
}
