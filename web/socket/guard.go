package socket

import (
	"net/netip"
	"sync"
	"time"
)

// maxWatched bounds how many addresses are remembered for failed logins. Past it nobody new is, until the next minute.
const maxWatched = 20_000

// guard counts per address: sockets now, and failed logins of this minute.
type guard struct {
	max, perAddress, perMinute int // max and perAddress negative: no limit
	delay                      time.Duration

	mu       sync.Mutex
	total    int
	sockets  map[netip.Prefix]int
	failures map[netip.Prefix]int
	since    time.Time // when failures began to be counted
}

func newGuard(cfg Config) *guard {
	return &guard{
		max: cfg.MaxSockets, perAddress: cfg.MaxPerAddress, perMinute: cfg.FailuresPerMinute, delay: cfg.FailureDelay,
		sockets: map[netip.Prefix]int{}, failures: map[netip.Prefix]int{},
	}
}

// admission says whether a socket may be opened.
type admission uint8

const (
	admitted admission = iota
	full               // the server has as many as it may
	crowded            // the address has
)

// admit takes a place for a socket; leave gives it back.
func (g *guard) admit(from netip.Prefix) admission {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.max >= 0 && g.total >= g.max:
		return full
	case g.perAddress >= 0 && g.sockets[from] >= g.perAddress:
		return crowded
	}
	g.total++
	g.sockets[from]++
	return admitted
}

func (g *guard) leave(from netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.total--
	if g.sockets[from]--; g.sockets[from] <= 0 {
		delete(g.sockets, from)
	}
}

// open is how many places are taken.
func (g *guard) open() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.total
}

// failed counts a failed login and tells how long its answer waits: longer with each.
func (g *guard) failed(from netip.Prefix, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget(now)
	if _, known := g.failures[from]; known || len(g.failures) < maxWatched {
		g.failures[from]++
	}
	return g.delay << min(max(g.failures[from]-1, 0), 4)
}

// lockedOut says whether an address failed so often that it is not heard for now.
func (g *guard) lockedOut(from netip.Prefix, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget(now)
	return g.failures[from] >= g.perMinute
}

// forget begins a new minute when the old one is over. The lock is held.
func (g *guard) forget(now time.Time) {
	if now.Sub(g.since) >= time.Minute {
		g.since = now
		clear(g.failures)
	}
}
