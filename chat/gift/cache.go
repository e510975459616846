package gift

import (
	"context"
	"sync"
	"time"
)

const (
	cacheAge  = time.Second            // how long a node believes its catalogue
	cacheWait = 250 * time.Millisecond // longest that who has an older one waits for the store: his order has to be refused in time
)

// giftCache is the catalogue as this node knows it.
type giftCache struct {
	load func(context.Context) (Catalogue, error)

	mu      sync.Mutex // guards the rest
	now     Catalogue
	byID    map[string]Gift
	at      time.Time // when it was read or changed; zero: never
	tried   time.Time // when it was read last, or could not be
	loading bool
}

// all returns the catalogue. One caller at a time reads it; the others have what was read before, if anything was.
func (c *giftCache) all(ctx context.Context) (Catalogue, error) {
	c.mu.Lock()
	old, known := c.now, !c.at.IsZero()
	if known && (c.loading || time.Since(c.tried) < cacheAge) {
		c.mu.Unlock()
		return old, nil
	}
	c.loading = true
	c.mu.Unlock()

	if known {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, cacheWait)
		defer cancel()
	}
	began := time.Now()
	fresh, err := c.load(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loading, c.tried = false, time.Now()
	switch {
	case err == nil && (fresh.Version >= c.now.Version || began.After(c.at)):
		c.set(fresh) // an older version than was known before it was read: the store has lost what it had
		return fresh, nil
	case err == nil || known:
		return c.now, nil
	default:
		return Catalogue{}, err
	}
}

// put takes a changed catalogue over unless a newer one is known.
func (c *giftCache) put(fresh Catalogue) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if fresh.Version >= c.now.Version {
		c.set(fresh)
	}
}

// set is told what the catalogue is now. The lock is held.
func (c *giftCache) set(fresh Catalogue) {
	c.byID = make(map[string]Gift, len(fresh.Gifts))
	for _, g := range fresh.Gifts {
		c.byID[g.ID] = g
	}
	c.now, c.at, c.tried = fresh, time.Now(), time.Now()
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
