package gift_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/gift"
	"liveroom/chat/gift/gifttest"
)

var errDead = errors.New("this node is dead")

// fuse kills a node at one of its steps, before or after it took effect. A dead node does nothing more.
type fuse struct {
	mu    sync.Mutex
	steps int
	dieAt int // 0: never
	after bool
	dead  bool
	kill  func()
}

func (f *fuse) step(do func() error) error {
	f.mu.Lock()
	if f.dead {
		f.mu.Unlock()
		return errDead
	}
	f.steps++
	dies := f.steps == f.dieAt
	f.dead = dies
	f.mu.Unlock()
	if dies {
		defer f.kill()
		if !f.after {
			return errDead
		}
	}
	if err := do(); err != nil || !dies {
		return err
	}
	return errDead
}

// mortal is the world as a node with a fuse reaches it.
type mortal struct {
	*fuse
	w *world
}

func (m mortal) Catalogue(ctx context.Context) (c gift.Catalogue, err error) {
	err = m.step(func() error { c, err = m.w.store.Catalogue(ctx); return err })
	return c, err
}

func (m mortal) PutGift(ctx context.Context, g gift.Gift) (gift.Catalogue, error) {
	return m.w.store.PutGift(ctx, g)
}

func (m mortal) DeleteGift(ctx context.Context, id string) (gift.Catalogue, error) {
	return m.w.store.DeleteGift(ctx, id)
}

func (m mortal) Place(ctx context.Context, o gift.Order, at time.Time) (now gift.Order, fresh bool, err error) {
	err = m.step(func() error { now, fresh, err = m.w.store.Place(ctx, o, at); return err })
	return now, fresh, err
}

func (m mortal) Record(ctx context.Context, o gift.Order, merge gift.Merge) (now gift.Order, fresh bool, err error) {
	err = m.step(func() error { now, fresh, err = m.w.store.Record(ctx, o, merge); return err })
	return now, fresh, err
}

func (m mortal) Ask(ctx context.Context, group, key string, attempt int, next time.Time) (mine bool, err error) {
	err = m.step(func() error { mine, err = m.w.store.Ask(ctx, group, key, attempt, next); return err })
	return mine, err
}

func (m mortal) Order(ctx context.Context, group, key string) (gift.Order, error) {
	return m.w.store.Order(ctx, group, key)
}

func (m mortal) Busy(ctx context.Context, after string, limit int) ([]string, error) {
	return m.w.store.Busy(ctx, after, limit)
}

func (m mortal) Work(ctx context.Context, group string, now time.Time, limit int) (gift.Work, error) {
	return m.w.store.Work(ctx, group, now, limit)
}

func (m mortal) EndCombos(ctx context.Context, group string, now time.Time, limit int, merge gift.Merge) (n int, err error) {
	err = m.step(func() error { n, err = m.w.store.EndCombos(ctx, group, now, limit, merge); return err })
	return n, err
}

func (m mortal) Ack(ctx context.Context, group string, shown, told uint64) error {
	return m.step(func() error { return m.w.store.Ack(ctx, group, shown, told) })
}

func (m mortal) Ledger(ctx context.Context, q gift.Query) (gift.Page, error) {
	return m.w.store.Ledger(ctx, q)
}

func (m mortal) Totals(ctx context.Context, group, session string) (gift.Totals, error) {
	return m.w.store.Totals(ctx, group, session)
}

func (m mortal) Ranking(ctx context.Context, group, session string, limit int) ([]gift.Rank, error) {
	return m.w.store.Ranking(ctx, group, session, limit)
}

func (m mortal) Groups(ctx context.Context, after string, limit int) ([]string, error) {
	return m.w.store.Groups(ctx, after, limit)
}

func (m mortal) Trim(ctx context.Context, group string, accepted, refused time.Time, limit int) (int, error) {
	return m.w.store.Trim(ctx, group, accepted, refused, limit)
}

// mortalStore and mortalBank have a Settle each.
type mortalStore struct{ mortal }

func (m mortalStore) Settle(ctx context.Context, group, key string, v gift.Verdict, at time.Time, merge gift.Merge) (now gift.Order, fresh bool, err error) {
	err = m.step(func() error { now, fresh, err = m.w.store.Settle(ctx, group, key, v, at, merge); return err })
	return now, fresh, err
}

type mortalBank struct{ mortal }

func (m mortalBank) Settle(ctx context.Context, o gift.Order, attempt int) (v gift.Verdict, err error) {
	err = m.step(func() error { v, err = m.w.bank.Settle(ctx, o, attempt); return err })
	if err != nil {
		v = gift.Verdict{}
	}
	return v, err
}

func (m mortal) Append(ctx context.Context, group, fence string, messages ...chat.Fenced) error {
	return m.step(func() error { return m.w.room.Append(ctx, group, fence, messages...) })
}

func (m mortal) RaiseCounters(ctx context.Context, group string, to map[string]chat.Number) error {
	return m.step(func() error { return m.w.room.RaiseCounters(ctx, group, to) })
}

// books are what a teller was told.
type books struct {
	mu     sync.Mutex
	newest map[string]uint64 // by group
	gap    bool
}

func (b *books) Tell(_ context.Context, group string, entries []gift.Entry) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range entries {
		b.gap = b.gap || e.Number > b.newest[group]+1
		b.newest[group] = max(b.newest[group], e.Number)
	}
	return nil
}

// drama is a few senders, and nodes that die: the first one at a step; where it was alone another comes after two seconds.
func drama(t *testing.T, nodes, dieAt int, after bool) (steps int) {
	synctest.Test(t, func(t *testing.T) {
		w, told := newWorld(), &books{newest: map[string]uint64{}}
		w.bank.refuse = func(o gift.Order) bool { return o.From == "carol" }
		w.bank.answer = func(ctx context.Context, o gift.Order, attempt int, v gift.Verdict) (gift.Verdict, error) {
			if o.From == "dave" && attempt == 1 {
				<-ctx.Done()
				return gift.Verdict{}, ctx.Err()
			}
			return v, nil
		}
		if _, err := w.store.PutGift(t.Context(), rose); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var all []*node
		start := func(f *fuse) *node {
			m := mortal{f, w}
			n := w.start(t, gift.Config{}, mortalStore{m}, mortalBank{m}, m, told)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, n)
			return n
		}
		choose := func(i int) *node {
			mu.Lock()
			defer mu.Unlock()
			return all[max(0, len(all)-1-i%nodes)]
		}
		f := &fuse{dieAt: dieAt, after: after}
		var reviving sync.WaitGroup
		var first *node
		f.kill = func() {
			reviving.Go(func() {
				first.stop()
				if nodes == 1 {
					time.Sleep(2 * time.Second)
					start(&fuse{})
				}
			})
		}
		first = start(f)
		for range nodes - 1 {
			start(&fuse{})
		}

		var clients sync.WaitGroup
		next := 0
		until := func(try func(n *node) error) { // a client that tries again, at another node
			first := next
			next++
			clients.Go(func() {
				for i := first; ; i++ {
					if err := try(choose(i)); err == nil || errors.Is(err, gift.ErrRefused) {
						return
					}
					time.Sleep(777 * time.Millisecond)
				}
			})
		}
		for i := range 23 {
			until(func(n *node) error {
				in := giving("alice", fmt.Sprint(i))
				in.Combo = "c"
				_, err := n.Give(t.Context(), in)
				return err
			})
			time.Sleep(60 * time.Millisecond)
		}
		for i, user := range []string{"bob", "carol", "dave"} {
			until(func(n *node) error {
				in := giving(user, "1")
				in.Count = i + 1
				_, err := n.Give(t.Context(), in)
				return err
			})
		}
		clients.Wait()
		for i := range 2 { // its books count what it asks for, not what it bills
			until(func(n *node) error {
				_, err := n.Bill(t.Context(), gift.Billing{Group: "billed", Order: fmt.Sprint(i), Gift: "rose", Count: 1, User: "erin"})
				return err
			})
		}
		clients.Wait()
		pass(5 * time.Minute)
		reviving.Wait()
		for _, n := range all {
			n.stop()
		}
		steps = f.steps
		w.agree(t, "g")
		gifttest.CheckShown(t, accepted(t, w, "billed"), w.shown("billed"))
		if n := len(w.shown("billed")); n != 2 {
			t.Errorf("billed gifts were shown %d times", n)
		}
		for key, v := range w.bank.books {
			o, err := w.store.Order(t.Context(), "g", key[len("g/"):])
			if err != nil || o.State != v.State {
				t.Errorf("%s is %+v, %v; the backend said %v", key, o, err, v)
			}
		}
		for _, g := range []string{"g", "billed"} {
			if n := len(accepted(t, w, g)); told.gap || told.newest[g] != uint64(n) {
				t.Errorf("of %d entries %d were told, with a gap: %v", n, told.newest[g], told.gap)
			}
			if work, err := w.store.Work(t.Context(), g, time.Now(), 10); err != nil || len(work.Ask)+len(work.Show)+len(work.Untold) > 0 {
				t.Errorf("left in %s: %+v, %v", g, work, err)
			}
		}
	})
	return steps
}

func accepted(t *testing.T, w *world, group string) map[string]gift.Order {
	all := map[string]gift.Order{}
	for _, e := range gifttest.All(t, w.store, gift.Query{Group: group, Limit: 100}) {
		all[e.Key()] = e.Order
	}
	return all
}

// TestANodeDiesAtAnyStep: whichever step of it is the last, whether it took effect or not, and whether another node is there or
// comes: books, ledger, totals and messages agree in the end, and every message was shown once.
func TestANodeDiesAtAnyStep(t *testing.T) {
	for _, nodes := range []int{1, 2} {
		t.Run(fmt.Sprintf("%d nodes", nodes), func(t *testing.T) {
			steps := drama(t, nodes, 0, false)
			t.Logf("%d steps", steps)
			if steps < 50 {
				t.Fatalf("only %d steps to die at", steps)
			}
			for at := 1; at <= steps && !t.Failed(); at++ {
				for _, after := range []bool{false, true} {
					if drama(t, nodes, at, after); t.Failed() {
						t.Fatalf("died at step %d of %d, after it took effect: %v", at, steps, after)
					}
				}
			}
		})
	}
}
