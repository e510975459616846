package gift

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestCatalogueOfAStoreThatLostIt: versions begin anew then, and what is sold must have the price that is listed.
func TestCatalogueOfAStoreThatLostIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rose := func(price int64) Gift { return Gift{ID: "rose", Name: "Rose", Price: price, Enabled: true} }
		kept := Catalogue{Version: 3, Gifts: []Gift{rose(100)}}
		c := giftCache{load: func(context.Context) (Catalogue, error) { time.Sleep(time.Millisecond); return kept, nil }}
		costs := func(want int64) {
			t.Helper()
			all, err := c.all(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			g, ok, err := c.find(t.Context(), "rose")
			listed, there := all.Find("rose")
			if err != nil || ok != there || g.Price != want || listed.Price != want {
				t.Errorf("sold for %d, listed for %d, want %d (%v)", g.Price, listed.Price, want, err)
			}
		}
		costs(100)
		for _, lost := range []Catalogue{{}, {Version: 1, Gifts: []Gift{rose(200)}}, {Version: 1, Gifts: []Gift{rose(300)}}} {
			kept = lost
			time.Sleep(2 * cacheAge)
			price := int64(0)
			if len(lost.Gifts) > 0 {
				price = lost.Gifts[0].Price
			}
			costs(price)
		}

		// A catalogue that was being read while this node changed it is older than the change.
		time.Sleep(2 * cacheAge)
		done := make(chan struct{})
		go func() { defer close(done); _, _ = c.all(t.Context()) }()
		synctest.Wait()
		c.put(Catalogue{Version: 2, Gifts: []Gift{rose(400)}})
		<-done
		costs(400)
	})
}

// TestCatalogueOfAStoreThatIsAway: who has a catalogue waits a quarter of a second for a newer one, one caller a second.
func TestCatalogueOfAStoreThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away, asked := false, 0
		c := giftCache{load: func(ctx context.Context) (Catalogue, error) {
			if asked++; !away {
				return Catalogue{Version: 1, Gifts: []Gift{{ID: "rose", Name: "Rose", Price: 100, Enabled: true}}}, nil
			}
			<-ctx.Done()
			return Catalogue{}, ctx.Err()
		}}
		looks := func(want time.Duration) {
			t.Helper()
			began := time.Now()
			if g, ok, err := c.find(t.Context(), "rose"); err != nil || !ok || g.Price != 100 || time.Since(began) != want {
				t.Errorf("%+v, %v, %v after %v, want %v", g, ok, err, time.Since(began), want)
			}
		}
		looks(0)
		away = true
		time.Sleep(2 * cacheAge)
		looks(cacheWait)
		looks(0)
		time.Sleep(2 * cacheAge)
		looks(cacheWait)
		away = false
		time.Sleep(2 * cacheAge)
		looks(0)
		if asked != 4 {
			t.Errorf("asked %d times", asked)
		}
	})
}
