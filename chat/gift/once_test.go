package gift_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat/gift"
)

// forgetful is a backend that can't know an order again: a second question about it is refused without asking.
type forgetful struct{ *bank }

func (f forgetful) Settle(ctx context.Context, o gift.Order, attempt int) (gift.Verdict, error) {
	if attempt > 1 {
		return gift.Verdict{State: gift.Refused, Reason: "no_answer"}, nil
	}
	return f.bank.Settle(ctx, o, attempt)
}

// unwritable is a store that settles nothing while it is away.
type unwritable struct {
	gift.Store
	away *atomic.Bool
}

func (s unwritable) Settle(ctx context.Context, group, key string, v gift.Verdict, at time.Time, m gift.Merge) (gift.Order, bool, error) {
	if s.away.Load() {
		return gift.Order{}, false, errors.New("away")
	}
	return s.Store.Settle(ctx, group, key, v, at, m)
}

// TestNobodyPaysForWhatIsRefused: where a backend is asked once about an order, no node refuses what another is asking or has an
// answer to, be the backend slow, its queue long or the store away.
func TestNobodyPaysForWhatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := gift.Config{Once: true, Askers: 4, Rate: 1000, Burst: 1000}
		w := newWorld()
		away := &atomic.Bool{}
		var nodes []*node
		for range 2 {
			n := w.start(t, cfg, unwritable{w.store, away}, forgetful{w.bank}, w.room, nil)
			defer n.stop()
			nodes = append(nodes, n)
		}
		if _, err := nodes[0].PutGift(t.Context(), rose); err != nil {
			t.Fatal(err)
		}
		w.bank.answer = func(_ context.Context, _ gift.Order, _ int, v gift.Verdict) (gift.Verdict, error) {
			time.Sleep(1900 * time.Millisecond)
			return v, nil
		}
		var wg sync.WaitGroup
		give := func(orders string, n int) {
			for i := range n {
				wg.Go(func() { _, _ = nodes[i%2].Give(t.Context(), giving("alice", fmt.Sprint(orders, i))) })
			}
			wg.Wait()
			pass(2 * time.Minute)
			w.agree(t, "g")
		}
		give("many", 200) // more than can be asked before they are due again
		asked, _ := w.bank.times()
		if len(asked) < 50 || len(asked) >= 200 {
			t.Errorf("%d of 200 were asked about", len(asked))
		}
		away.Store(true)
		time.AfterFunc(10*time.Second, func() { away.Store(false) })
		give("away", 8)
		for _, n := range nodes {
			if st := n.Stats(); st.Contradicted != 0 || st.Asking != 0 {
				t.Errorf("%+v", st)
			}
		}
		if again, _ := w.bank.times(); len(again) != len(asked)+8 {
			t.Errorf("%d of 8 were asked about", len(again)-len(asked))
		}
	})
}
