package rtmp

import (
	"net"
	"net/netip"
	"sync"
)

// quota counts connections and pushes, in all and per address, against the limits. Zero or negative limits are off.
type quota struct {
	conns, perAddr, pushes int

	mu    sync.Mutex // guards what follows
	total int
	addrs map[netip.Prefix]*tally
}

type tally struct{ conns, pushes int }

func newQuota(cfg Config) quota {
	return quota{
		conns: cfg.MaxConns, perAddr: cfg.MaxPerAddr, pushes: cfg.MaxPushesPerAddr,
		addrs: map[netip.Prefix]*tally{},
	}
}

// network is what counts as one address: an IPv4 address, or an IPv6 /64, of which one customer has all.
func network(addr net.Addr) netip.Prefix {
	ap, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return netip.Prefix{} // not an IP transport: all of them are one
	}
	ip, bits := ap.Addr().Unmap().WithZone(""), 64
	if ip.Is4() {
		bits = 32
	}
	p, _ := ip.Prefix(bits) // cannot fail: bits fit the address
	return p
}

// enter counts a connection in and reports whether there is room for it.
func (q *quota) enter(addr net.Addr) bool {
	n := network(addr)
	q.mu.Lock()
	defer q.mu.Unlock()
	t := q.addrs[n]
	if t == nil {
		t = &tally{}
	}
	if q.conns > 0 && q.total >= q.conns || q.perAddr > 0 && t.conns >= q.perAddr {
		return false
	}
	q.addrs[n] = t
	q.total++
	t.conns++
	return true
}

// leave counts it out again.
func (q *quota) leave(addr net.Addr) {
	n := network(addr)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.total--
	t := q.addrs[n]
	if t.conns--; t.conns == 0 {
		delete(q.addrs, n)
	}
}

// enterPush counts a push of a connection that is in, and reports whether there is room for it.
func (q *quota) enterPush(addr net.Addr) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := q.addrs[network(addr)]
	if q.pushes > 0 && t.pushes >= q.pushes {
		return false
	}
	t.pushes++
	return true
}

// leavePush counts it out again.
func (q *quota) leavePush(addr net.Addr) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.addrs[network(addr)].pushes--
}
