package redisstore

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"liveroom/chat"
	"liveroom/chat/popularity"
)

var (
	scriptPopularityRaise = load("popularity_raise")
	scriptPopularityTop   = load("popularity_top")
	scriptPopularitySweep = load("popularity_sweep")
)

// boardKept is how long a board is kept to which nothing is added any more: that of another half-life.
const boardKept = 7 * 24 * time.Hour

// Popularity is Redis as popularity.Store. Its keys:
//
//	{lr}:popularity:BOARD       sorted set: group → level
//	{lr}:popularity:BOARD:fast  sorted set: group → level on the scale that forgets sooner
//
// They are of the control plane's slot, because groups are compared with each other. A node writes them once a second.
type Popularity struct{ s *Store }

var _ popularity.Store = (*Popularity)(nil)

// Popularity is the ranking's view of Redis.
func (s *Store) Popularity() *Popularity { return &Popularity{s} }

func (p *Popularity) keys(board string) []string {
	return []string{p.s.key("lr", "popularity", board), p.s.key("lr", "popularity", board, "fast")}
}

// Raise implements popularity.Store.
func (p *Popularity) Raise(ctx context.Context, board string, events []popularity.Mark) error {
	if len(events) == 0 {
		return nil
	}
	args := make([]any, 0, 2+3*len(events))
	args = append(args, chat.OperationAge.Milliseconds(), boardKept.Milliseconds())
	for _, e := range events {
		args = append(args, e.Group, exactly(e.Slow), exactly(e.Fast))
	}
	keys := append([]string{p.s.key("lr", "op", chat.Operation(ctx))}, p.keys(board)...)
	return away(p.s.mutate(ctx, scriptPopularityRaise, keys, args...).Err())
}

// exactly is a number as text that reads as the same.
func exactly(v float64) string {
	if math.IsInf(v, 1) {
		return "+inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// Top implements popularity.Store.
func (p *Popularity) Top(ctx context.Context, board string, after popularity.Place, limit int) ([]popularity.Mark, error) {
	found, err := p.s.run(ctx, scriptPopularityTop, p.keys(board), exactly(after.Slow), after.Group, limit).StringSlice()
	if err != nil {
		return nil, away(err)
	}
	marks := make([]popularity.Mark, len(found)/3)
	for i := range marks {
		if marks[i], err = readMark(found[3*i], found[3*i+1], found[3*i+2]); err != nil {
			return nil, err
		}
	}
	return marks, nil
}

func readMark(group, slow, fast string) (m popularity.Mark, err error) {
	m.Group = group
	if m.Slow, err = strconv.ParseFloat(slow, 64); err == nil {
		m.Fast, err = strconv.ParseFloat(fast, 64)
	}
	if err != nil {
		return m, fmt.Errorf("popularity of group %s: %w", group, err)
	}
	return m, nil
}

// Marks implements popularity.Store.
func (p *Popularity) Marks(ctx context.Context, board string, groups []string) (map[string]popularity.Mark, error) {
	ctx, cancel := p.s.within(ctx)
	defer cancel()
	found := make(map[string]popularity.Mark, len(groups))
	keys := p.keys(board)
	for len(groups) > 0 {
		some := groups[:min(len(groups), maxArgs)]
		groups = groups[len(some):]
		var levels [2][]any
		for i, key := range keys {
			args := []any{"zmscore", key}
			for _, g := range some {
				args = append(args, g)
			}
			values, err := p.s.command(ctx, args...).Slice()
			if err != nil {
				return nil, away(err)
			}
			levels[i] = values
		}
		for i, g := range some {
			slow, ok := heat(levels[0][i])
			if !ok {
				continue
			}
			fast, ok := heat(levels[1][i])
			if !ok { // it was forgotten between the two
				continue
			}
			found[g] = popularity.Mark{Group: g, Slow: slow, Fast: fast}
		}
	}
	return found, nil
}

// heat reads a score, which the two protocols of Redis have as text or as number.
func heat(value any) (float64, bool) {
	switch v := value.(type) {
	case float64:
		return v, true
	case string:
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil
	}
	return 0, false
}

// Forget implements popularity.Store.
func (p *Popularity) Forget(ctx context.Context, board string, groups []string) error {
	members := make([]any, len(groups))
	for i, g := range groups {
		members[i] = g
	}
	return p.s.change(ctx, chat.OperationAge, func(_ context.Context, d *draft) error {
		for _, key := range p.keys(board) {
			d.each("ZREM", key, members)
		}
		return nil
	})
}

// Sweep implements popularity.Store.
func (p *Popularity) Sweep(ctx context.Context, board string, below float64, limit int) ([]string, error) {
	gone, err := p.s.run(ctx, scriptPopularitySweep, p.keys(board), exactly(below), limit).StringSlice()
	return gone, away(err)
}
