package main

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"liveroom/internal/writev"
	"liveroom/web"
	"liveroom/web/peer"
)

// Descriptors that connections leave to files, to listeners and to the operator's port, and the most connections a node is
// meant for (design §8).
const (
	spareDescriptors = 512
	mostConnections  = 20_000
	leastConnections = 64  // however few descriptors there are
	opsConnections   = 128 // out of the spare ones: a full house can still be looked at
)

// automaticConnections is how many connections fit in a process with that many descriptors.
func automaticConnections(descriptors uint64) int {
	if descriptors >= mostConnections+spareDescriptors {
		return mostConnections
	}
	return max(int(descriptors)-spareDescriptors, leastConnections)
}

// limits counts the open connections of some listeners together, in all and per address, against what is allowed.
type limits struct {
	all, perAddress int            // 0: no limit
	exempt          []netip.Prefix // proxies: many people come from one address

	full, crowded atomic.Uint64 // refused for each reason

	mu     sync.Mutex // guards what follows
	open   int
	byAddr map[netip.Prefix]int
}

func newLimits(all, perAddress int, exempt []netip.Prefix) *limits {
	return &limits{all: all, perAddress: perAddress, exempt: exempt, byAddr: map[netip.Prefix]int{}}
}

// network is what counts as one address: an IPv4 address, or an IPv6 network of 64 bits, which one person may own. It is
// the zero Prefix for an address that is not counted.
func (l *limits) network(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	for _, p := range l.exempt {
		if p.Contains(addr) {
			return netip.Prefix{}
		}
	}
	from, _ := addr.Prefix(min(addr.BitLen(), 64)) // fails only for no address at all, which stays zero
	return from
}

// enter takes a place for a connection and says whether there was one.
func (l *limits) enter(from netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.all > 0 && l.open >= l.all:
		l.full.Add(1)
		return false
	case l.perAddress > 0 && from.IsValid() && l.byAddr[from] >= l.perAddress:
		l.crowded.Add(1)
		return false
	}
	l.open++
	if from.IsValid() {
		l.byAddr[from]++
	}
	return true
}

// trust takes a connection that stays open out of those of its address.
func (l *limits) trust(from netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(from)
}

// forget counts one less of an address. The mutex is held.
func (l *limits) forget(from netip.Prefix) {
	if l.byAddr[from]--; l.byAddr[from] <= 0 {
		delete(l.byAddr, from)
	}
}

// leave gives the place back.
func (l *limits) leave(from netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	l.forget(from)
}

// taken is how many connections are open.
func (l *limits) taken() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open
}

// limited is a listener that closes connections over its limits at once. Errors of accepting go through to net/http, which
// waits a little and tries again.
type limited struct {
	*net.TCPListener
	limits *limits
}

// Accept implements net.Listener.
func (l limited) Accept() (net.Conn, error) {
	for {
		conn, err := l.AcceptTCP()
		if err != nil {
			return nil, err
		}
		from := l.limits.network(addrOf(conn))
		if l.limits.enter(from) {
			return &limitedConn{TCPConn: conn, limits: l.limits, from: from}, nil
		}
		_ = conn.Close() // nobody to tell
	}
}

// limitedConn gives its place back when it is closed. In all else it is the TCP connection.
type limitedConn struct {
	*net.TCPConn
	limits *limits

	mu     sync.Mutex   // guards what follows
	from   netip.Prefix // what it is counted under; zero: it is another node's
	closed bool
}

var (
	_ writev.Plain = (*limitedConn)(nil)
	_ peer.Trusted = (*limitedConn)(nil)
)

// Close implements net.Conn.
func (c *limitedConn) Close() error {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		c.limits.leave(c.from)
	}
	c.mu.Unlock()
	return c.TCPConn.Close()
}

// Trust implements peer.Trusted: other nodes don't count against what one address may have.
func (c *limitedConn) Trust() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed && c.from.IsValid() {
		c.limits.trust(c.from)
		c.from = netip.Prefix{}
	}
}

// TCP implements writev.Plain.
func (c *limitedConn) TCP() *net.TCPConn { return c.TCPConn }

// connectionMetrics are the figures of the HTTP and HTTPS ports together, and of the operator's.
func (p *program) connectionMetrics() []web.Sample {
	var out []web.Sample
	for _, l := range []struct {
		port   string
		limits *limits
	}{{"public", p.ports.public}, {"ops", p.ports.operators}} {
		port := web.Label{Name: "port", Value: l.port}
		reason := func(r string) web.Label { return web.Label{Name: "reason", Value: r} }
		const limited = "HTTP connections closed at once because there were too many, in all or of one address."
		out = append(out,
			web.Sample{Name: "http_connections", Help: "HTTP connections, media and chat over HTTP included.", Value: float64(l.limits.taken()), Labels: []web.Label{port}},
			counter("http_limited_total", limited, l.limits.full.Load(), port, reason("full")),
			counter("http_limited_total", limited, l.limits.crowded.Load(), port, reason("address")))
	}
	return out
}
