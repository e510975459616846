package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/gift"
	"liveroom/chat/gift/gifttest"
	"liveroom/internal/redistest"
)

func TestGifts(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		gifttest.Store(t, func(t *testing.T) gift.Store { return patient(t, open(t)).Gifts() })
	})
}

// TestAGiftWhoseReplyIsLost is placed, asked about and settled once, and whoever did it is told that it was him.
func TestAGiftWhoseReplyIsLost(t *testing.T) {
	proxy := redistest.Through(t, redistest.Shared(t).Addr)
	g := open(t, proxy.URL()).Gifts()
	ctx := t.Context()
	rob := func(n int) { proxy.DropReplies(n, "{i:g}:") }
	at := gifttest.Start
	gifttest.Place(t, g, gifttest.Order("g", "zoe", "1")) // the scripts are known, and the group is marked
	rob(1)
	o := gifttest.Place(t, g, gifttest.Order("g", "alice", "1"))
	rob(1)
	if mine, err := g.Ask(ctx, "g", o.Key(), 1, at.Add(time.Second)); err != nil || !mine {
		t.Errorf("asked: %v, %v", mine, err)
	}
	rob(1)
	if now, fresh, err := g.Settle(ctx, "g", o.Key(), gifttest.Accept, at, gifttest.Merge); err != nil || !fresh || now.State != gift.Accepted {
		t.Errorf("settled: %+v, %v, %v", now, fresh, err)
	}
	rob(1)
	if now, fresh, err := g.Record(ctx, gifttest.Billed(gifttest.Order("g", "bob", "2"), at), gifttest.Merge); err != nil || !fresh || now.State != gift.Accepted {
		t.Errorf("recorded: %+v, %v, %v", now, fresh, err)
	}
	rob(1)
	if now, fresh, err := g.Settle(ctx, "g", gift.ClientKey("zoe", "1"), gifttest.Refuse, at, gifttest.Merge); err != nil || !fresh || now.Reason != "no money" {
		t.Errorf("refused: %+v, %v, %v", now, fresh, err)
	}
	if total, err := g.Totals(ctx, "g", gift.All); err != nil || total != (gift.Totals{Value: 200, Count: 2, Senders: 2}) {
		t.Errorf("%+v, %v", total, err)
	}
	if all := gifttest.Shown(t, g, "g"); len(all) != 2 {
		t.Errorf("%d are shown", len(all))
	}

	again, _ := chat.WithOperation(ctx)
	rob(2)
	carol := gifttest.Order("g", "carol", "1")
	if _, _, err := g.Place(again, carol, at); !errors.Is(err, ErrAway) {
		t.Fatalf("both replies were lost, but: %v", err)
	}
	if _, fresh, err := g.Place(again, carol, at); err != nil || !fresh {
		t.Errorf("asked once more by the same operation: %v, %v", fresh, err)
	}
	if _, fresh, err := g.Place(ctx, carol, at); err != nil || fresh {
		t.Errorf("by another: %v, %v", fresh, err)
	}
	rob(1)
	if c, err := g.PutGift(ctx, gift.Gift{ID: "rose", Name: "Rose"}); err != nil || c.Version != 1 {
		t.Errorf("%+v, %v", c, err)
	}
}

func listed(t *testing.T, g *Gifts) []string {
	t.Helper()
	all, err := g.Busy(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// finish does all that is left to do in a group.
func finish(t *testing.T, g *Gifts, group string) {
	t.Helper()
	w := gifttest.Work(t, g, group, gifttest.Start.Add(time.Hour))
	for _, a := range w.Ask {
		if _, _, err := g.Settle(t.Context(), group, a.Order.Key(), gifttest.Accept, gifttest.Start, gifttest.Merge); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Ack(t.Context(), group, gifttest.Everything, gifttest.Everything); err != nil {
		t.Fatal(err)
	}
}

// TestNoGroupWithGiftsIsForgotten: a group goes off the list of those with work only when it has none, whatever another node
// does between the steps of whoever takes it off.
func TestNoGroupWithGiftsIsForgotten(t *testing.T) {
	onBothURLs(t, func(t *testing.T, url string) {
		prefix := openPrefix(t)
		a, b := patient(t, openAgain(t, url, prefix)).Gifts(), patient(t, openAgain(t, url, prefix)).Gifts()
		ctx := t.Context()
		gifttest.Place(t, a, gifttest.Order("g", "alice", "1"))
		gifttest.Place(t, b, gifttest.Order("g", "bob", "1"))
		if err := a.rest(ctx, "g"); err != nil || !slices.Equal(listed(t, a), []string{"g"}) {
			t.Fatalf("with pending orders: %v, %v", listed(t, a), err)
		}
		gifttest.Work(t, a, "g", gifttest.Start.Add(time.Hour))
		for _, user := range []string{"alice", "bob"} {
			if _, _, err := a.Settle(ctx, "g", gift.ClientKey(user, "1"), gifttest.Accept, gifttest.Start, gifttest.Merge); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.rest(ctx, "g"); err != nil || len(listed(t, a)) != 1 {
			t.Fatalf("with messages to show: %v, %v", listed(t, a), err)
		}
		finish(t, a, "g")
		if a.rests("g", true) || len(a.idle) != 1 {
			t.Error("it goes at once")
		}
		a.idle["g"] = time.Now().Add(-idleBefore)
		gifttest.Work(t, a, "g", gifttest.Start)
		if all := listed(t, a); len(all) != 0 || len(a.idle) != 0 {
			t.Fatalf("without work: %v", all)
		}
		if groups, err := a.Groups(ctx, "", 10); err != nil || !slices.Equal(groups, []string{"g"}) {
			t.Errorf("all that ever had gifts: %v, %v", groups, err)
		}
		gifttest.Place(t, b, gifttest.Order("g", "bob", "2")) // b believes that it is on the list
		if all := listed(t, b); !slices.Equal(all, []string{"g"}) {
			t.Fatalf("placed under an old mark: %v", all)
		}

		finish(t, a, "g")
		number, err := a.s.rdb.HGet(ctx, a.marks, "g").Result()
		if err != nil {
			t.Fatal(err)
		}
		if resting, err := a.s.run(ctx, scriptGiftRest, a.keys("g"), number).Bool(); err != nil || !resting {
			t.Fatal(resting, err)
		}
		// a dies here, or b comes between its two steps
		if _, fresh, err := b.Record(ctx, gifttest.Billed(gifttest.Order("g", "bob", "3"), gifttest.Start), gifttest.Merge); err != nil || !fresh {
			t.Fatal(fresh, err)
		}
		if off, err := a.s.run(ctx, scriptGiftUnmark, []string{a.marks, a.busy}, "g", number).Bool(); err != nil || off {
			t.Errorf("taken off the list with work: %v, %v", off, err)
		}
		if all := listed(t, a); !slices.Equal(all, []string{"g"}) {
			t.Errorf("between the steps: %v", all)
		}
	})
}

// TestMarksOnlyGrow: where the control plane's Redis lost what it had, a group's new mark is above those that count no longer.
func TestMarksOnlyGrow(t *testing.T) {
	g := open(t, redistest.Shared(t).URL()).Gifts()
	ctx := t.Context()
	for i := range 3 {
		gifttest.Place(t, g, gifttest.Order("g", "alice", fmt.Sprint(i)))
		finish(t, g, "g")
		if err := g.rest(ctx, "g"); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.s.rdb.Del(ctx, g.marks, g.busy).Err(); err != nil {
		t.Fatal(err)
	}
	clear(g.known)
	gifttest.Place(t, g, gifttest.Order("g", "alice", "3"))
	if all := listed(t, g); !slices.Equal(all, []string{"g"}) || g.known["g"].number != 4 {
		t.Errorf("%v, %+v", all, g.known)
	}
}

// TestGiftsOfManyNodes: orders that several nodes place and settle at the same time, some of them the same ones, are each in the
// ledger once, and what is shown sums to it.
func TestGiftsOfManyNodes(t *testing.T) {
	onBothURLs(t, func(t *testing.T, url string) {
		const nodes, orders = 4, 40
		prefix := openPrefix(t)
		ctx := context.Background()
		var wg sync.WaitGroup
		var mu sync.Mutex
		fresh, accepted := 0, map[string]gift.Order{}
		for n := range nodes {
			g := patient(t, openAgain(t, url, prefix)).Gifts()
			wg.Go(func() {
				for i := range orders {
					o := gifttest.Order("g", fmt.Sprint("u", i%3), fmt.Sprint((i+n)/2)) // each id comes from several nodes
					o.Combo = []string{"", "c"}[(i+n)/2%2]
					if _, _, err := g.Place(ctx, o, gifttest.Start); err != nil {
						t.Error(err)
						return
					}
					now, mine, err := g.Settle(ctx, "g", o.Key(), gifttest.Accept, gifttest.Start, gifttest.Merge)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					accepted[o.Key()] = now
					if mine {
						fresh++
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		g := patient(t, openAgain(t, url, prefix)).Gifts()
		if n, err := g.EndCombos(ctx, "g", gifttest.Start.Add(time.Hour), 100, gifttest.Merge); err != nil || n != 3 {
			t.Fatalf("%d combos, %v", n, err)
		}
		all := gifttest.All(t, g, gift.Query{Group: "g", Limit: 7})
		total, err := g.Totals(ctx, "g", "s1")
		if err != nil || fresh != len(accepted) || len(all) != fresh || total.Count != int64(fresh) || total.Senders != 3 {
			t.Errorf("%d accepted, %d of them fresh, %d in the ledger, %+v, %v", len(accepted), fresh, len(all), total, err)
		}
		gifttest.CheckShown(t, accepted, gifttest.Shown(t, g, "g"))
	})
}

// TestALargeLedger: one entry among thousands is found some at a time, and so is what is too old.
func TestALargeLedger(t *testing.T) {
	const entries = ledgerAtOnce*ledgerRounds + 200
	s := patient(t, open(t, redistest.Shared(t).URL()))
	g, ctx := s.Gifts(), t.Context()
	var wg sync.WaitGroup
	for part := range 8 {
		wg.Go(func() {
			for i := part; i < entries; i += 8 {
				o := gifttest.Billed(gifttest.Order("g", fmt.Sprint("u", i), fmt.Sprint(i)), gifttest.Start)
				if _, _, err := g.Record(ctx, o, gifttest.Merge); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	last := gifttest.Order("g", "rare", "x")
	last.Session = "s2"
	gifttest.Settle(t, g, last, gifttest.Accept, gifttest.Start)
	page, err := g.Ledger(ctx, gift.Query{Group: "g", From: "rare", Limit: 1})
	if err != nil || len(page.Entries) != 0 || page.Next != ledgerAtOnce*ledgerRounds {
		t.Errorf("the first page: %+v, %v", page, err)
	}
	if all := gifttest.All(t, g, gift.Query{Group: "g", From: "rare", Limit: 1}); len(all) != 1 || all[0].Number != entries+1 {
		t.Errorf("%+v", all)
	}
	if page, err := g.Ledger(ctx, gift.Query{Group: "g", Session: "s2", Limit: 9}); err != nil || len(page.Entries) != 1 || page.Next != 0 {
		t.Errorf("a session of one, at once: %+v, %v", page, err)
	}
	if err := g.Ack(ctx, "g", gifttest.Everything, entries); err != nil {
		t.Fatal(err)
	}
	rounds := 1
	for {
		n, err := g.Trim(ctx, "g", gifttest.Start.Add(time.Hour), gifttest.Start, 500)
		if err != nil {
			t.Fatal(err)
		}
		if n < 500 {
			break
		}
		rounds++
	}
	left, err := s.rdb.HKeys(ctx, g.keys("g")[7]).Result()
	if err != nil || len(left) != entries+1 || slices.ContainsFunc(left, func(who string) bool { return !strings.HasPrefix(who, gift.All) }) {
		t.Errorf("after %d rounds %d senders are left, of all %d: %v", rounds, len(left), entries+1, err)
	}
	if all := gifttest.All(t, g, gift.Query{Group: "g", Limit: 100}); len(all) != 1 || all[0].From != "rare" { // not told yet
		t.Errorf("%+v", all)
	}
}

// BenchmarkRedisGifts is what a gift costs Redis, from its order to the message that is taken for its room: by itself, as a click
// of a run, and billed elsewhere. Many rooms have gifts, of several senders each; what is taken is taken ten at a time.
func BenchmarkRedisGifts(b *testing.B) {
	for _, c := range []struct{ name, combo string }{{"single", ""}, {"combo", "c"}, {"billed", ""}} {
		b.Run(c.name, func(b *testing.B) { benchGifts(b, c.combo, c.name == "billed") })
	}
}

func benchGifts(b *testing.B, combo string, billed bool) {
	const groups, senders, together = 50, 20, 10
	s := openAgain(b, redistest.Start(b).URL(), openPrefix(b))
	g, talk := s.Gifts(), s.Chat()
	ctx := context.Background()
	give := func(i int) {
		o := gifttest.Order(fmt.Sprint("room", i/together%groups), fmt.Sprint("user", i%senders), fmt.Sprintf("order-%010d", i))
		o.Combo = combo
		at := gifttest.Start.Add(time.Duration(i) * time.Millisecond)
		var err error
		if billed {
			_, _, err = g.Record(ctx, gifttest.Billed(o, at), gifttest.Merge)
		} else if _, _, err = g.Place(ctx, o, at.Add(time.Second)); err == nil {
			_, _, err = g.Settle(ctx, o.Group, o.Key(), gifttest.Accept, at, gifttest.Merge)
		}
		if err == nil && i%together == together-1 {
			var w gift.Work
			if w, err = g.Work(ctx, o.Group, at, 100); err == nil && len(w.Untold) > 0 {
				shown := uint64(0)
				if n := len(w.Show); n > 0 {
					shown = w.Show[n-1].Number
				}
				err = g.Ack(ctx, o.Group, shown, w.Untold[len(w.Untold)-1].Number)
			}
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	const warm = groups * together * 2
	for i := range warm {
		give(i)
	}
	memory := func() float64 {
		info, err := s.rdb.InfoMap(ctx, "memory").Result()
		if err != nil {
			b.Fatal(err)
		}
		var n float64
		_, _ = fmt.Sscan(info["Memory"]["used_memory"], &n)
		return n
	}
	before, took := measured(b, talk), memory()
	b.ResetTimer()
	for i := range b.N {
		give(warm + i)
	}
	b.StopTimer()
	after := measured(b, talk)
	n := float64(b.N)
	cpu := after["cpu"] - before["cpu"]
	b.ReportMetric(n/cpu, "gifts/core·s")
	b.ReportMetric(1e6*cpu/n, "redis-µs/gift")
	b.ReportMetric((after["calls"]-before["calls"])/n, "commands/gift")
	b.ReportMetric((after["in"]-before["in"])/n, "B-in/gift")
	b.ReportMetric((after["out"]-before["out"])/n, "B-out/gift")
	b.ReportMetric((memory()-took)/n, "B-kept/gift")
}
