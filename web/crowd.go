package web

import (
	"net/http"
	"net/netip"
	"sync"

	"liveroom/chat"
)

// crowd counts the requests each address has under way. A listener that counts connections can't know them: one
// connection of HTTP/2 carries hundreds, and behind a proxy many people share one address.
type crowd struct {
	limit int // negative: no limit

	mu      sync.Mutex // guards what follows
	open    map[netip.Prefix]int
	refused uint64
}

func newCrowd(limit int) *crowd { return &crowd{limit: limit, open: map[netip.Prefix]int{}} }

// enter takes a place for a request and says whether there was one. Where there is no address, there is no limit.
func (c *crowd) enter(addr netip.Addr) bool {
	from := chat.Network(addr)
	if c.limit < 0 || !from.IsValid() {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[from] >= c.limit {
		c.refused++
		return false
	}
	c.open[from]++
	return true
}

// leave gives the place back.
func (c *crowd) leave(addr netip.Addr) {
	from := chat.Network(addr)
	if c.limit < 0 || !from.IsValid() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[from]--; c.open[from] <= 0 {
		delete(c.open, from)
	}
}

// place is the ResponseWriter of a request that may outlast its handler (flv.Detacher).
type place struct {
	http.ResponseWriter
	leave    func()
	detached bool
}

// Unwrap is for http.ResponseController.
func (p *place) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// Detach keeps the request's place until done is called.
func (p *place) Detach() (done func()) {
	p.detached = true
	return p.leave
}

// served gives the place back when the handler returns, unless it was detached.
func (p *place) served() {
	if !p.detached {
		p.leave()
	}
}

// refusedCount is how often the answer was no.
func (c *crowd) refusedCount() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refused
}
