package snapshot

import (
	"sync"
	"time"
)

// Bounds of what is remembered, so that a lobby that many look at costs the store little.
const (
	listFresh     = 5 * time.Second // how long a listing is good, of pictures that other nodes take
	maxLists      = 10_000
	maxImageBytes = 64 << 20 // of all pictures together
)

// cache remembers listings and pictures. It forgets any listing, and the oldest pictures.
type cache struct {
	mu     sync.Mutex // guards all below
	lists  map[string]listing
	images map[string][]byte
	order  []string // of images, the oldest first; may name some that are gone
	bytes  int
}

type listing struct {
	at    time.Time
	shots []Shot // never changed
}

func newCache() *cache { return &cache{lists: map[string]listing{}, images: map[string][]byte{}} }

// get is a room's listing, if it is good.
func (c *cache) get(room string) ([]Shot, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, ok := c.lists[room]
	return l.shots, ok && time.Since(l.at) < listFresh
}

// again is a room's listing, however old, which is good for a while again.
func (c *cache) again(room string) ([]Shot, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, ok := c.lists[room]
	if ok {
		c.store(room, l.shots, time.Now())
	}
	return l.shots, ok
}

// put replaces a listing.
func (c *cache) put(room string, shots []Shot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.store(room, shots, time.Now())
}

// forget forgets a listing.
func (c *cache) forget(room string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.lists, room)
}

// offer replaces a listing by one that began to be read at a time, unless one was put since.
func (c *cache) offer(room string, shots []Shot, began time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.lists[room].at.After(began) {
		c.store(room, shots, began)
	}
}

// store keeps a listing. The mutex is held.
func (c *cache) store(room string, shots []Shot, at time.Time) {
	if _, there := c.lists[room]; !there && len(c.lists) >= maxLists {
		for other := range c.lists {
			delete(c.lists, other)
			break
		}
	}
	c.lists[room] = listing{at, shots}
}

// image is a picture by the name of its object.
func (c *cache) image(name string) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	data, ok := c.images[name]
	return data, ok
}

// keepImage remembers a picture.
func (c *cache) keepImage(name string, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, there := c.images[name]; there || len(data) > maxImageBytes {
		return
	}
	c.images[name], c.order, c.bytes = data, append(c.order, name), c.bytes+len(data)
	for c.bytes > maxImageBytes || len(c.order) > maxLists {
		oldest := c.order[0]
		c.order = c.order[1:]
		c.bytes -= len(c.images[oldest])
		delete(c.images, oldest)
	}
}

// drop forgets pictures.
func (c *cache) drop(names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range names {
		c.bytes -= len(c.images[name])
		delete(c.images, name)
	}
}
