package gift_test

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/gift"
	"liveroom/chat/gift/gifttest"
)

// TestThePriceAGiverSawIsWhatHePays: an order of another price is refused before anybody is asked; one that was placed is
// answered as it is, whatever the gift costs by then.
func TestThePriceAGiverSawIsWhatHePays(t *testing.T) {
	bubble(t, gift.Config{}, func(t *testing.T, w *world, n *node) {
		seen := func(order string, price int64) gift.Giving {
			in := giving("alice", order)
			in.Price = &price
			return in
		}
		costs := func(price int64) {
			g := rose
			g.Price = price
			if _, err := n.PutGift(t.Context(), g); err != nil {
				t.Fatal(err)
			}
		}
		refused := func(in gift.Giving, want *chat.Error, detail string) {
			t.Helper()
			var why *chat.Error
			if _, err := n.Give(t.Context(), in); !errors.As(err, &why) || !errors.Is(why, want) || why.Field != "price" || why.Detail != detail {
				t.Errorf("%s: %v", in.Order, err)
			}
		}
		first := give(t, n, seen("1", 100))
		costs(120)
		for _, price := range []int64{100, 0, gift.MaxPrice} {
			refused(seen("2", price), gift.ErrPriceChanged, "the gift costs 120 now")
		}
		for _, price := range []int64{-1, gift.MaxPrice + 1, math.MinInt64, math.MaxInt64} {
			refused(seen("2", price), chat.ErrParameter, fmt.Sprintf("must be 0 to %d", int64(gift.MaxPrice)))
		}
		if _, err := n.Order(t.Context(), "g", "alice", "2"); !errors.Is(err, gift.ErrNoOrder) {
			t.Errorf("it was placed: %v", err)
		}
		for _, price := range []int64{100, 120} {
			if again := give(t, n, seen("1", price)); !gifttest.Same(again, first) {
				t.Errorf("the first, again: %+v", again)
			}
		}
		other := seen("1", 100)
		other.Count = 2
		if _, err := n.Give(t.Context(), other); !errors.Is(err, gift.ErrOrderReused) {
			t.Errorf("the first, of another count: %v", err)
		}
		if o := give(t, n, seen("2", 120)); o.Price != 120 || o.Value != 120 {
			t.Errorf("at the price of now: %+v", o)
		}
		costs(0)
		refused(seen("3", 120), gift.ErrPriceChanged, "the gift costs 0 now")
		give(t, n, seen("3", 0))
		if o := give(t, n, giving("alice", "4")); o.Value != 0 {
			t.Errorf("who was shown no price: %+v", o)
		}
		pass(3 * time.Second)
		if asked, _ := w.bank.times(); len(asked) != 4 {
			t.Errorf("asked %d times of four orders", len(asked))
		}
		w.agree(t, "g")
	})
}
