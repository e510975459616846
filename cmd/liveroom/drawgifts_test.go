package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"liveroom/chat/gift"
)

// rankings is a store of gifts that counts how often it is asked for a ranking, and for its ledger.
type rankings struct {
	gift.Store
	asked, read int
}

func (r *rankings) Ranking(ctx context.Context, group, session string, limit int) ([]gift.Rank, error) {
	r.asked++
	return r.Store.Ranking(ctx, group, session, limit)
}

func (r *rankings) Ledger(ctx context.Context, q gift.Query) (gift.Page, error) {
	r.read++
	return r.Store.Ledger(ctx, q)
}

// TestDrawGifts: what users gave is found out of any number of givers, without reading the ledger.
func TestDrawGifts(t *testing.T) {
	t.Parallel()
	r := &rankings{Store: gift.NewMemory()}
	now := time.Now()
	for i := range 900 {
		user := fmt.Sprint("u", i)
		o := gift.Order{ID: user, Group: "tea", Session: "01J", Gift: "rose", Price: 1, Count: i + 1, Value: int64(i + 1), From: user, State: gift.Accepted, Via: gift.ViaBackend, CreatedAt: now, SettledAt: now}
		if _, _, err := r.Record(t.Context(), o, gift.Merge{}); err != nil {
			t.Fatal(err)
		}
	}
	p := &program{stores: &stores{gifts: r}}
	for _, tc := range []struct {
		least int64
		user  string
		asked int
	}{{700, "u899", 1}, {700, "u5", 1}, {100, "u99", 2}, {100, "u98", 2}, {1, "nobody", 2}} {
		r.asked = 0
		given, err := p.drawGifts(t.Context(), "tea", "01J", tc.least, []string{"u899", tc.user})
		want := int64(0)
		_, _ = fmt.Sscanf(tc.user, "u%d", &want)
		if tc.user != "nobody" {
			want++
		}
		if err != nil || given["u899"] != 900 || (given[tc.user] >= tc.least) != (want >= tc.least) || r.asked != tc.asked || r.read != 0 {
			t.Errorf("%+v: %d, asked %d times, read %d, %v", tc, given[tc.user], r.asked, r.read, err)
		}
	}
}
