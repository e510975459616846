package gift_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/gift"
)

// TestTheRoomIsAwayForAWhile: what could not be shown and told is, when it can, each once and in order.
func TestTheRoomIsAwayForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		told := &books{newest: map[string]uint64{}}
		var away atomic.Bool
		teller := tellerFunc(func(ctx context.Context, group string, entries []gift.Entry) error {
			if away.Load() {
				return errors.New("no queue")
			}
			return told.Tell(ctx, group, entries)
		})
		n := w.start(t, gift.Config{}, w.store, nil, w.room, teller)
		defer n.stop()
		if _, err := n.PutGift(t.Context(), rose); err != nil {
			t.Fatal(err)
		}
		w.room.fail = func([]chat.Fenced) error {
			if away.Load() {
				return chat.ErrUnavailable
			}
			return nil
		}
		for i := range 30 {
			away.Store(i >= 5 && i < 20)
			give(t, n, giving("alice", fmt.Sprint(i)))
			pass(time.Second)
			if i == 19 && (len(w.shown("g")) != 5 || n.Stats().Failed == 0) {
				t.Errorf("while it is away: %d shown, %+v", len(w.shown("g")), n.Stats())
			}
		}
		pass(time.Minute)
		if told.gap || told.newest["g"] != 30 {
			t.Errorf("told up to %d, with a gap: %v", told.newest["g"], told.gap)
		}
		w.agree(t, "g")
	})
}

type tellerFunc func(ctx context.Context, group string, entries []gift.Entry) error

func (f tellerFunc) Tell(ctx context.Context, group string, entries []gift.Entry) error {
	return f(ctx, group, entries)
}

// TestWhatNoRoomTakesHoldsNothingUp: a message that is refused for good, and a group that is gone.
func TestWhatNoRoomTakesHoldsNothingUp(t *testing.T) {
	bubble(t, gift.Config{}, func(t *testing.T, w *world, n *node) {
		w.room.fail = func(messages []chat.Fenced) error {
			if slices.ContainsFunc(messages, func(f chat.Fenced) bool { return read(f.Message).Order == "7" }) {
				return chat.ErrTooLarge
			}
			return nil
		}
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() { give(t, n, giving("alice", fmt.Sprint(i))) })
		}
		wg.Wait()
		pass(time.Minute)
		if shown := w.shown("g"); len(shown) != 19 || n.Stats().Dropped != 1 || n.Stats().Shown != 19 {
			t.Errorf("%d shown, %+v", len(shown), n.Stats())
		}
		w.room.fail = func([]chat.Fenced) error { return chat.ErrNoGroup }
		give(t, n, giving("alice", "gone"))
		pass(time.Minute)
		work, err := w.store.Work(t.Context(), "g", time.Now(), 10)
		if err != nil || len(work.Show) > 0 || n.Stats().Failed != 0 || n.Stats().Groups != 0 {
			t.Errorf("of a group that is gone: %+v, %v, %+v", work, err, n.Stats())
		}
		if totals, err := n.Totals(t.Context(), "g", gift.All); err != nil || totals.Count != 21 {
			t.Errorf("%+v, %v", totals, err)
		}
	})
}

// TestAnImpatientClientIsAnsweredOnce: the same order sent again while it is settled is asked once, and every sending answered.
func TestAnImpatientClientIsAnsweredOnce(t *testing.T) {
	bubble(t, gift.Config{}, func(t *testing.T, w *world, n *node) {
		w.bank.answer = func(_ context.Context, _ gift.Order, _ int, v gift.Verdict) (gift.Verdict, error) {
			time.Sleep(time.Second)
			return v, nil
		}
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if o := give(t, n, giving("alice", "1")); o.State != gift.Accepted {
					t.Errorf("%+v", o)
				}
			})
		}
		wg.Wait()
		pass(time.Minute)
		if asked, _ := w.bank.times(); len(asked) != 1 {
			t.Errorf("asked %d times", len(asked))
		}
		w.agree(t, "g")
	})
}

// TestTwoNodesAskOnce: an order that both know is due is asked by one of them.
func TestTwoNodesAskOnce(t *testing.T) {
	eager := gift.Config{Left: 1, Poll: 50 * time.Millisecond}
	bubble(t, eager, func(t *testing.T, w *world, n *node) {
		n.stop()
		nodes := []*node{w.start(t, eager, slow{w.store}, w.bank, w.room, nil), w.start(t, eager, slow{w.store}, w.bank, w.room, nil)}
		defer nodes[0].stop()
		defer nodes[1].stop()
		w.bank.answer = func(ctx context.Context, _ gift.Order, attempt int, v gift.Verdict) (gift.Verdict, error) {
			if attempt < 6 {
				<-ctx.Done()
				return gift.Verdict{}, ctx.Err()
			}
			return v, nil
		}
		for _, n := range nodes {
			give(t, n, giving("alice", "1"))
		}
		pass(3 * time.Minute)
		if _, attempts := w.bank.times(); !slices.Equal(attempts, []int{1, 2, 3, 4, 5, 6}) {
			t.Errorf("attempts: %v", attempts)
		}
		w.agree(t, "g")
	})
}

// slow is a store far away: what is read is old when it arrives.
type slow struct{ gift.Store }

func (s slow) Work(ctx context.Context, group string, now time.Time, limit int) (gift.Work, error) {
	w, err := s.Store.Work(ctx, group, now, limit)
	time.Sleep(100 * time.Millisecond)
	return w, err
}

// TestManyOrdersWithoutAnswer: more orders than are asked at a time are all settled when the backend is back.
func TestManyOrdersWithoutAnswer(t *testing.T) {
	bubble(t, gift.Config{Askers: 4, Rate: 1000, Burst: 1000}, func(t *testing.T, w *world, n *node) {
		var back atomic.Bool
		w.bank.answer = func(ctx context.Context, _ gift.Order, _ int, v gift.Verdict) (gift.Verdict, error) {
			if back.Load() {
				return v, nil
			}
			<-ctx.Done()
			return gift.Verdict{}, ctx.Err()
		}
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				if o := give(t, n, giving("alice", fmt.Sprint(i))); o.State != gift.Pending {
					t.Errorf("%+v", o)
				}
			})
		}
		wg.Wait()
		pass(time.Minute)
		back.Store(true)
		pass(5 * time.Minute)
		if totals, err := n.Totals(t.Context(), "g", gift.All); err != nil || totals.Count != 200 {
			t.Errorf("%+v, %v, %+v", totals, err, n.Stats())
		}
		w.agree(t, "g")
	})
}

// TestTheCatalogueOfAnotherNode: a change is known everywhere a second later, and while the store is away the old one serves.
func TestTheCatalogueOfAnotherNode(t *testing.T) {
	bubble(t, gift.Config{}, func(t *testing.T, w *world, n *node) {
		f := &fuse{kill: func() {}}
		other := w.start(t, gift.Config{}, mortalStore{mortal{f, w}}, w.bank, w.room, nil)
		defer other.stop()
		if c, err := other.Catalogue(t.Context()); err != nil || len(c.Gifts) != 1 {
			t.Fatalf("%+v, %v", c, err)
		}
		if _, err := n.PutGift(t.Context(), gift.Gift{ID: "car", Name: "Car", Enabled: true}); err != nil {
			t.Fatal(err)
		}
		pass(1100 * time.Millisecond)
		for range 2 {
			if c, err := other.Catalogue(t.Context()); err != nil || len(c.Gifts) != 2 || c.Version != 2 {
				t.Fatalf("a second later: %+v, %v", c, err)
			}
			f.dead = true
			pass(time.Hour)
		}
	})
}

// TestAnAnswerAfterTheOrderExpired: the order stays refused, and somebody is told that the books differ.
func TestAnAnswerAfterTheOrderExpired(t *testing.T) {
	bubble(t, gift.Config{Expire: 10 * time.Second}, func(t *testing.T, w *world, n *node) {
		w.bank.answer = func(_ context.Context, _ gift.Order, _ int, v gift.Verdict) (gift.Verdict, error) {
			time.Sleep(time.Minute) // whatever its context says
			return v, nil
		}
		give(t, n, giving("alice", "1"))
		pass(2 * time.Minute)
		o, err := n.Order(t.Context(), "g", "alice", "1")
		if err != nil || o.State != gift.Refused || o.Reason != gift.Expired {
			t.Errorf("%+v, %v", o, err)
		}
		if st := n.Stats(); st.Contradicted != 1 || st.Expired != 1 || st.Accepted != 0 || st.Asking != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestTheLargestMessage: whatever names and pictures hold, their message is within what a room takes.
func TestTheLargestMessage(t *testing.T) {
	bubble(t, gift.Config{}, func(t *testing.T, w *world, n *node) {
		long := func(s string, n int) string { return strings.Repeat(s, n/len(s)) }
		g := gift.Gift{ID: "g", Name: long("<", gift.MaxName), Icon: "https://h/" + long("\"", 490), Effect: long("&", 500), Combo: true, Enabled: true}
		if _, err := n.PutGift(t.Context(), g); err != nil {
			t.Fatal(err)
		}
		largest := 0
		w.room.fail = func(messages []chat.Fenced) error {
			for _, m := range messages {
				largest = max(largest, len(m.Message.Body))
			}
			return nil
		}
		in := giving(long("\\", 32), long("x", 64))
		in.Gift, in.Combo, in.From.Nick, in.From.Avatar = "g", long("y", 64), long("\\", 400), long("\"", 500)
		give(t, n, in)
		pass(5 * time.Second)
		if len(w.shown("g")) != 1 || largest > 8000 {
			t.Errorf("%d shown, %d bytes", len(w.shown("g")), largest)
		}
	})
}

func TestExportAndTrim(t *testing.T) {
	bubble(t, gift.Config{Kept: 24 * time.Hour, KeptRefused: time.Minute}, func(t *testing.T, w *world, n *node) {
		w.bank.refuse = func(o gift.Order) bool { return o.From == "bob" }
		for i := range 1200 {
			give(t, n, giving("alice", fmt.Sprint(i)))
			time.Sleep(100 * time.Millisecond)
		}
		if _, err := n.Give(t.Context(), giving("bob", "1")); !errors.Is(err, gift.ErrRefused) {
			t.Fatal(err)
		}
		pass(time.Minute)
		count := func() (count int) {
			for e, err := range n.Export(t.Context(), gift.Query{Group: "g", Session: "s1"}) {
				if count++; err != nil || e.Number == 0 {
					t.Fatal(e, err)
				}
			}
			return count
		}
		if got := count(); got != 1200 {
			t.Errorf("%d entries", got)
		}
		for range n.Export(t.Context(), gift.Query{Group: "g"}) {
			break
		}
		pass(24*time.Hour - 2*time.Minute)
		if err := n.Trim(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := count(); got == 0 || got > 1000 {
			t.Errorf("%d entries are left of a day", got)
		}
		if _, err := n.Order(t.Context(), "g", "bob", "1"); err != nil {
			t.Errorf("a refused order is kept as long as it might be asked: %v", err)
		}
		pass(time.Hour)
		if err := n.Trim(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := count(); got != 0 {
			t.Errorf("%d entries are left", got)
		}
		if _, err := n.Order(t.Context(), "g", "bob", "1"); !errors.Is(err, gift.ErrNoOrder) {
			t.Errorf("a refused order: %v", err)
		}
		if page, err := n.Ledger(t.Context(), gift.Query{Group: "g", Limit: gift.MaxPage + 1}); err == nil {
			t.Errorf("a page too long: %+v", page)
		}
		if ranks, err := n.Ranking(t.Context(), "g", gift.All, 10); err != nil || len(ranks) != 1 || ranks[0].Count != 1200 {
			t.Errorf("%+v, %v", ranks, err)
		}
	})
}

// TestPendingOrdersOfBeforeAllWasFree: they are accepted, and nothing waits for askers that are not there.
func TestPendingOrdersOfBeforeAllWasFree(t *testing.T) {
	bubble(t, gift.Config{Rate: 1000, Burst: 1000}, func(t *testing.T, w *world, n *node) {
		w.bank.answer = func(context.Context, gift.Order, int, gift.Verdict) (gift.Verdict, error) {
			return gift.Verdict{}, errors.New("no answer")
		}
		for i := range 100 {
			give(t, n, giving("alice", fmt.Sprint(i)))
		}
		n.stop()
		free := w.start(t, gift.Config{}, w.store, nil, w.room, nil)
		defer free.stop()
		pass(time.Minute)
		if totals, err := free.Totals(t.Context(), "g", gift.All); err != nil || totals.Count != 100 || free.Stats().Asking != 0 {
			t.Errorf("%+v, %v, %+v", totals, err, free.Stats())
		}
		w.agree(t, "g")
	})
}
