package gift

import (
	"context"
	"sync"
	"time"
)

// cacheAge is how long a node believes its catalogue.
const cacheAge = time.Second

// giftCache is the catalogue as this node knows it.
type giftCache struct {
	load func(context.Context) (Catalogue, error)

	mu      sync.Mutex // guards the rest
	now     Catalogue
	byID    map[string]Gift
	at      time.Time // when it was read; zero: never
	loading bool
}

// all returns the catalogue. One caller at a time reads it; the others have what was read before, if anything was.
func (c *giftCache) all(ctx context.Context) (Catalogue, error) {
	c.mu.Lock()
	old, known := c.now, !c.at.IsZero()
	if known && (c.loading || time.Since(c.at) < cacheAge) {
		c.mu.Unlock()
		return old, nil
	}
	c.loading = true
	c.mu.Unlock()

	fresh, err := c.load(ctx)
	c.mu.Lock()
	c.loading = false
	c.mu.Unlock()
	switch {
	case err == nil:
		c.put(fresh)
		return fresh, nil
	case known:
		return old, nil
	default:
		return Catalogue{}, err
	}
}

// put takes a catalogue over unless a newer one is known.
func (c *giftCache) put(fresh Catalogue) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if fresh.Version < c.now.Version {
		return
	}
	if fresh.Version != c.now.Version || c.at.IsZero() {
		c.byID = make(map[string]Gift, len(fresh.Gifts))
		for _, g := range fresh.Gifts {
			c.byID[g.ID] = g
		}
	}
	c.now, c.at = fresh, time.Now()
}

// find returns a gift, of a catalogue that was read within cacheAge if the store is there.
func (c *giftCache) find(ctx context.Context, id string) (Gift, bool, error) {
	if _, err := c.all(ctx); err != nil {
		return Gift{}, false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	g, ok := c.byID[id]
	return g, ok, nil
}
