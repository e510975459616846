package gift_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/gift"
	"liveroom/chat/gift/gifttest"
)

func TestNinetyNineClicksAreFiveMessages(t *testing.T) {
	bubble(t, gift.Config{}, func(t *testing.T, w *world, n *node) {
		for i := range 99 {
			in := giving("alice", fmt.Sprint(i))
			in.Combo = "c"
			if o := give(t, n, in); o.State != gift.Accepted || o.Value != 100 || o.Session != "s1" {
				t.Fatalf("%+v", o)
			}
			pass(100 * time.Millisecond)
		}
		pass(2 * time.Second)
		shown := w.shown("g")
		var counts []int
		for _, s := range shown {
			counts = append(counts, s.Result.Count)
		}
		if !slices.Equal(counts, []int{20, 20, 20, 20, 19}) || !shown[4].Result.Final || shown[3].Result.Final || shown[4].Result.ComboTotal != 99 {
			t.Errorf("shown: %+v", shown)
		}
		w.agree(t, "g")
	})
}

// TestABackendThatAnswersBadly: late, never at first, garbage, lost answers. In the end its books and ours agree, and nobody is
// charged twice.
func TestABackendThatAnswersBadly(t *testing.T) {
	garbage := errors.New("garbage")
	for name, answer := range map[string]func(ctx context.Context, o gift.Order, attempt int, v gift.Verdict) (gift.Verdict, error){
		"late": func(ctx context.Context, _ gift.Order, attempt int, v gift.Verdict) (gift.Verdict, error) {
			if attempt < 3 {
				time.Sleep(1999 * time.Millisecond)
			}
			return v, nil
		},
		"too late at first": func(ctx context.Context, _ gift.Order, attempt int, v gift.Verdict) (gift.Verdict, error) {
			if attempt < 4 {
				<-ctx.Done()
				return gift.Verdict{}, ctx.Err()
			}
			return v, nil
		},
		"garbage at first": func(_ context.Context, o gift.Order, attempt int, v gift.Verdict) (gift.Verdict, error) {
			if attempt < 6 {
				return gift.Verdict{State: "pending"}, garbage
			}
			return v, nil
		},
		"a state nobody knows": func(_ context.Context, o gift.Order, attempt int, v gift.Verdict) (gift.Verdict, error) {
			if attempt == 1 {
				return gift.Verdict{State: "maybe"}, nil
			}
			return v, nil
		},
		"after the deadline": func(_ context.Context, _ gift.Order, attempt int, v gift.Verdict) (gift.Verdict, error) {
			if attempt == 1 { // does not look at its context
				time.Sleep(20 * time.Second)
			}
			return v, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			var late, settled ear
			bubble(t, gift.Config{Late: late.hear, Settled: settled.hear}, func(t *testing.T, w *world, n *node) {
				w.bank.answer = answer
				w.bank.refuse = func(o gift.Order) bool { return o.From == "bob" }
				began := time.Now()
				pending := map[string]bool{}
				for _, user := range []string{"alice", "bob"} {
					in := giving(user, "1")
					o, err := n.Give(t.Context(), in)
					if err != nil && !errors.Is(err, gift.ErrRefused) {
						t.Fatal(err)
					}
					pending[o.Key()] = o.State == gift.Pending
					again, _ := n.Give(t.Context(), in) // clients try again
					pending[o.Key()] = pending[o.Key()] || again.State == gift.Pending
				}
				if waited := time.Since(began); waited > 10*time.Second {
					t.Errorf("senders waited %v", waited)
				}
				pass(5 * time.Minute)
				for user, want := range map[string]gift.State{"alice": gift.Accepted, "bob": gift.Refused} {
					o, err := n.Order(t.Context(), "g", user, "1")
					if err != nil || o.State != want {
						t.Errorf("%s's order: %+v, %v", user, o, err)
					}
					if told := late.of(o.Key()); pending[o.Key()] && (len(told) != 1 || told[0].State != want) {
						t.Errorf("%s was told pending, and then %+v", user, told)
					}
					if told := settled.of(o.Key()); len(told) == 1 != (want == gift.Accepted) {
						t.Errorf("%s's order is %s, and those who want to know of gifts heard %+v", user, want, told)
					}
				}
				w.agree(t, "g")
			})
		})
	}
}

// TestABackendThatNeverAnswers: it is asked ever less often, for a day; then the order is refused.
func TestABackendThatNeverAnswers(t *testing.T) {
	var late ear
	bubble(t, gift.Config{Late: late.hear}, func(t *testing.T, w *world, n *node) {
		w.bank.refuse = func(gift.Order) bool { return true } // it has not charged
		w.bank.answer = func(ctx context.Context, _ gift.Order, _ int, _ gift.Verdict) (gift.Verdict, error) {
			<-ctx.Done()
			return gift.Verdict{}, ctx.Err()
		}
		began := time.Now()
		if o := give(t, n, giving("alice", "1")); o.State != gift.Pending || time.Since(began) > 2500*time.Millisecond {
			t.Fatalf("%+v after %v", o, time.Since(began))
		}
		pass(10 * time.Minute)
		asked, attempts := w.bank.times()
		for i, want := range []time.Duration{0, 3 * time.Second, 4 * time.Second, 6 * time.Second, 10 * time.Second, 18 * time.Second} {
			if i == 0 {
				continue
			}
			if gap := asked[i].Sub(asked[i-1]); gap < want*8/10 || gap > want*12/10+2*time.Second {
				t.Errorf("asking %d followed after %v, want about %v", i+1, gap, want)
			}
		}
		if gap := asked[len(asked)-1].Sub(asked[len(asked)-2]); gap < 50*time.Second || gap > 72*time.Second {
			t.Errorf("in the end after %v", gap)
		}
		for i, attempt := range attempts {
			if attempt != i+1 {
				t.Fatalf("attempts %v", attempts)
			}
		}
		pass(24 * time.Hour)
		o, err := n.Order(t.Context(), "g", "alice", "1")
		told := late.of(o.Key())
		if err != nil || o.State != gift.Refused || o.Reason != gift.Expired || len(told) != 1 || told[0].Reason != gift.Expired {
			t.Errorf("%+v, %v, told %+v", o, err, told)
		}
		before, _ := w.bank.times()
		pass(time.Hour)
		if after, _ := w.bank.times(); len(after) != len(before) || n.Stats().Groups != 0 || n.Stats().Asking != 0 {
			t.Errorf("asked on: %d more, %+v", len(after)-len(before), n.Stats())
		}
		w.agree(t, "g")
	})
}

func TestGiving(t *testing.T) {
	bubble(t, gift.Config{}, func(t *testing.T, w *world, n *node) {
		ctx := t.Context()
		car := gift.Gift{ID: "car", Name: "Car", Price: gift.MaxPrice, Enabled: true}
		off := gift.Gift{ID: "off", Name: "Off", Price: 1}
		for _, g := range []gift.Gift{car, off} {
			if _, err := n.PutGift(ctx, g); err != nil {
				t.Fatal(err)
			}
		}
		for name, tc := range map[string]struct {
			change func(*gift.Giving)
			want   *chat.Error
			field  string
		}{
			"no such gift":          {func(g *gift.Giving) { g.Gift = "none" }, gift.ErrNoGift, "gift"},
			"a disabled one":        {func(g *gift.Giving) { g.Gift = "off" }, gift.ErrNoGift, "gift"},
			"a bad gift id":         {func(g *gift.Giving) { g.Gift = "a b" }, chat.ErrParameter, "gift"},
			"a bad order id":        {func(g *gift.Giving) { g.Order = "a:b" }, chat.ErrParameter, "order"},
			"no order id":           {func(g *gift.Giving) { g.Order = "" }, chat.ErrParameter, "order"},
			"nothing of it":         {func(g *gift.Giving) { g.Count = 0 }, chat.ErrParameter, "count"},
			"less than nothing":     {func(g *gift.Giving) { g.Count = -5 }, chat.ErrParameter, "count"},
			"too many":              {func(g *gift.Giving) { g.Count = 10_000 }, chat.ErrParameter, "count"},
			"too much":              {func(g *gift.Giving) { g.Gift, g.Count = "car", 5 }, chat.ErrParameter, "count"},
			"a bad combo":           {func(g *gift.Giving) { g.Combo = "\x1f" }, chat.ErrParameter, "combo"},
			"from an anonymous":     {func(g *gift.Giving) { g.From.Anonymous = true }, chat.ErrPermission, "user"},
			"from a guest":          {func(g *gift.Giving) { g.From.Guest = true }, chat.ErrPermission, "user"},
			"a picture that runs":   {func(g *gift.Giving) { g.From.Nick = "\x00" }, chat.ErrParameter, "nick"},
			"an avatar that is big": {func(g *gift.Giving) { g.From.Avatar = string(make([]byte, 501)) }, chat.ErrParameter, "avatar"},
		} {
			in := giving("alice", "bad")
			tc.change(&in)
			var refusal *chat.Error
			if _, err := n.Give(ctx, in); !errors.Is(err, tc.want) || !errors.As(err, &refusal) || refusal.Field != tc.field {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.bank.refuse = func(o gift.Order) bool { return o.Gift == "car" }
		in := giving("alice", "1")
		in.Gift, in.Combo = "car", "c"
		for range 2 {
			var refusal *chat.Error
			o, err := n.Give(ctx, in)
			if !errors.As(err, &refusal) || refusal.Name != "gift_refused" || refusal.Detail != "no money" || o.State != gift.Refused || o.Combo != "" {
				t.Errorf("refused: %+v, %v", o, err)
			}
		}
		in = giving("alice", "2")
		o := give(t, n, in)
		if _, err := n.DeleteGift(ctx, "rose"); err != nil {
			t.Fatal(err)
		}
		if again := give(t, n, in); !gifttest.Same(again, o) {
			t.Errorf("of a gift that is gone: %+v", again)
		}
		in.Count = 2
		if _, err := n.Give(ctx, in); !errors.Is(err, gift.ErrOrderReused) {
			t.Errorf("of a gift that is gone, another count: %v", err)
		}
		pass(3 * time.Second)
		if asked, _ := w.bank.times(); len(asked) != 2 {
			t.Errorf("asked %d times of two orders", len(asked))
		}
		w.agree(t, "g")
	})
}

func TestNobodyThereToSettle(t *testing.T) {
	there := true
	bubble(t, gift.Config{Settles: func() bool { return there }}, func(t *testing.T, w *world, n *node) {
		first := giving("alice", "1")
		o := give(t, n, first)
		there = false
		if again := give(t, n, first); !gifttest.Same(again, o) {
			t.Errorf("an order of before: %+v", again)
		}
		if _, err := n.Give(t.Context(), giving("alice", "2")); !errors.Is(err, gift.ErrNoSettler) {
			t.Errorf("a new order: %v", err)
		}
		if _, err := w.store.Order(t.Context(), "g", gift.ClientKey("alice", "2")); !errors.Is(err, gift.ErrNoOrder) {
			t.Errorf("the new order was kept: %v", err)
		}
		there = true
		give(t, n, giving("alice", "2"))
		pass(3 * time.Second)
		w.agree(t, "g")
	})
}

func TestAUserGivesNoFasterThanHeMay(t *testing.T) {
	bubble(t, gift.Config{Rate: 10, Burst: 5}, func(t *testing.T, _ *world, n *node) {
		taken := 0
		for i := range 20 {
			_, err := n.Give(t.Context(), giving("alice", fmt.Sprint(i)))
			if err == nil {
				taken++
			} else if !errors.Is(err, gift.ErrPace) {
				t.Fatal(err)
			}
		}
		if taken != 5 {
			t.Errorf("%d at once, want 5", taken)
		}
		give(t, n, giving("bob", "1"))
		pass(100 * time.Millisecond)
		give(t, n, giving("alice", "later"))
	})
}

func TestABackendBills(t *testing.T) {
	bubble(t, gift.Config{}, func(t *testing.T, w *world, n *node) {
		ctx, price := t.Context(), int64(7)
		bill := gift.Billing{Group: "g", Order: "pay:1", Gift: "rose", Count: 3, User: "alice"}
		o, err := n.Bill(ctx, bill)
		if err != nil || o.State != gift.Accepted || o.Price != 100 || o.Value != 300 || o.Via != gift.ViaBackend || o.Name != "Rose" {
			t.Fatalf("%+v, %v", o, err)
		}
		own := gift.Billing{Group: "g", Order: "pay:2", Gift: "castle", Name: "Castle", Count: 2, User: "alice", Price: &price, Message: "17"}
		for range 2 {
			if o, err := n.Bill(ctx, own); err != nil || o.Value != 14 || o.Via != gift.ViaMessage {
				t.Fatalf("%+v, %v", o, err)
			}
		}
		other := int64(8)
		own.Price = &other
		if _, err := n.Bill(ctx, own); !errors.Is(err, gift.ErrOrderReused) {
			t.Errorf("for another price: %v", err)
		}
		own.Order, own.Name = "pay:3", ""
		if _, err := n.Bill(ctx, own); !errors.Is(err, gift.ErrNoGift) {
			t.Errorf("without a name: %v", err)
		}
		if got, err := n.Order(ctx, "g", "", "pay:1"); err != nil || !gifttest.Same(got, o) {
			t.Errorf("read: %+v, %v", got, err)
		}
		pass(2 * time.Second)
		if shown := w.shown("g"); len(shown) != 1 || shown[0].Result.Order != "pay:1" {
			t.Errorf("shown: %+v", shown)
		}
		if asked, _ := w.bank.times(); len(asked) != 0 {
			t.Error("the backend was asked about what it billed")
		}
		if totals, err := n.Totals(ctx, "g", gift.All); err != nil || totals != (gift.Totals{Value: 314, Count: 5, Senders: 1}) {
			t.Errorf("%+v, %v", totals, err)
		}
	})
}

// TestManyGiftsAtOnce: 500 gifts a second into one room cost few store operations: messages go together, ten times a second at
// most, and counters are raised once a second.
func TestManyGiftsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		n := w.start(t, gift.Config{}, w.store, nil, w.room, nil)
		defer n.stop()
		if _, err := n.PutGift(t.Context(), rose); err != nil {
			t.Fatal(err)
		}
		for i := range 2500 {
			give(t, n, giving(fmt.Sprintf("u%d", i%500), fmt.Sprint(i)))
			pass(2 * time.Millisecond)
		}
		pass(2 * time.Second)
		m := w.room.of("g")
		if len(m.shown) != 2500 || len(m.appends) > 60 || len(m.raises) > 8 {
			t.Errorf("%d messages in %d appends, counters raised %d times", len(m.shown), len(m.appends), len(m.raises))
		}
		w.agree(t, "g")
	})
}

// TestAnothersOrder: what divides user and order in a key can't be used to read the order of another user.
func TestAnothersOrder(t *testing.T) {
	bubble(t, gift.Config{}, func(t *testing.T, _ *world, n *node) {
		give(t, n, giving("alice:bob", "1"))
		if o, err := n.Order(t.Context(), "g", "alice", "bob:1"); !errors.Is(err, gift.ErrNoOrder) {
			t.Errorf("alice reads %+v, %v", o, err)
		}
		if o, err := n.Order(t.Context(), "g", "alice:bob", "1"); err != nil || o.From != "alice:bob" {
			t.Errorf("her own: %+v, %v", o, err)
		}
	})
}

// TestReasonsOfAnyScript: of a reason 200 characters are kept, as callbacks promise.
func TestReasonsOfAnyScript(t *testing.T) {
	reason := strings.Repeat("余", 200)
	o := gifttest.Order("g", "alice", "1").Settled(gift.Verdict{State: gift.Refused, Reason: reason}, time.Now())
	if o.Reason != reason {
		t.Errorf("kept %d bytes of %d", len(o.Reason), len(reason))
	}
}
