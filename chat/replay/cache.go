package replay

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Bounds of what is remembered of listings.
const (
	listingAge   = 10 * time.Second
	maxNames     = 200_000 // of one recording, and of all listings together
	maxRemembers = 256
)

// listing is which objects the chat of a recording has.
type listing struct {
	read   time.Time
	chunks []chunkRef // by start
	hidden map[uint64]bool
}

type chunkRef struct {
	name  string
	start int64
}

func (l *listing) size() int { return len(l.chunks) + len(l.hidden) + 1 }

// cache holds what was read last, for the many that watch the same. What it hands out is shared.
type cache struct {
	most   int
	flight singleflight.Group

	mu       sync.Mutex
	bytes    int
	chunks   map[string]*list.Element // of *cached, by name
	order    *list.List               // newest first
	listings map[string]*listing
	names    int               // in listings
	round    map[string]uint64 // counts what changed, of recordings with a listing that is being read
}

type cached struct {
	name  string
	items []Item
	bytes int
}

func newCache(most int) *cache {
	return &cache{most: most, chunks: make(map[string]*list.Element), order: list.New(), listings: make(map[string]*listing), round: make(map[string]uint64)}
}

func (c *cache) chunk(name string) ([]Item, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.chunks[name]
	if e == nil {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached).items, true
}

func (c *cache) keep(name string, items []Item) {
	n := &cached{name: name, items: items, bytes: 128}
	for _, i := range items {
		n.bytes += i.size()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.chunks[name] != nil || n.bytes > c.most {
		return
	}
	c.chunks[name] = c.order.PushFront(n)
	c.bytes += n.bytes
	for c.bytes > c.most {
		old := c.order.Remove(c.order.Back()).(*cached)
		delete(c.chunks, old.name)
		c.bytes -= old.bytes
	}
}

// begin notes that a listing is being read.
func (c *cache) begin(recording string) (round uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	round = c.round[recording]
	c.round[recording] = round
	return round
}

// end keeps a listing that was read, unless something was written meanwhile.
func (c *cache) end(recording string, round uint64, l *listing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	same := c.round[recording] == round
	delete(c.round, recording)
	if !same || l == nil {
		return
	}
	c.drop(recording)
	for id, old := range c.listings {
		if c.names+l.size() <= maxNames && len(c.listings) < maxRemembers && time.Since(old.read) < listingAge {
			break
		}
		c.drop(id)
	}
	c.listings[recording], c.names = l, c.names+l.size()
}

func (c *cache) listing(recording string) *listing {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.listings[recording]; l != nil && time.Since(l.read) < listingAge {
		return l
	}
	return nil
}

// forget has what was written seen at once.
func (c *cache) forget(recording string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n, reading := c.round[recording]; reading {
		c.round[recording] = n + 1
	}
	c.drop(recording)
}

// drop lets go of a listing. The mutex is held.
func (c *cache) drop(recording string) {
	if l := c.listings[recording]; l != nil {
		c.names -= l.size()
		delete(c.listings, recording)
	}
}

func (c *cache) held() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}
