package rtmp

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// How refusals are held back: Config.RefusalDelay, as long again for each brakeStep refusals of an address, up to
// brakeMost times as long. An address is forgotten after brakeMemory without one. Encoders that try again by themselves, and
// people who mistype, stay at the beginning; who guesses does not.
const (
	brakeStep      = 10
	brakeMost      = 10
	brakeMemory    = 10 * time.Minute
	brakeAddresses = 4096
)

// brake counts refusals by address.
type brake struct {
	mu    sync.Mutex // guards what follows
	addrs map[netip.Prefix]offences
}

type offences struct {
	count int
	last  time.Time
}

// step counts a refusal and returns how many times the usual delay it is to be held back.
func (b *brake) step(addr net.Addr, now time.Time) int {
	n := network(addr)
	b.mu.Lock()
	defer b.mu.Unlock()
	o, known := b.addrs[n]
	if now.Sub(o.last) > brakeMemory {
		o.count = 0
	}
	if !known && len(b.addrs) >= brakeAddresses {
		b.forget(now)
	}
	o.count, o.last = o.count+1, now
	b.addrs[n] = o
	return min(1+(o.count-1)/brakeStep, brakeMost)
}

// forget makes room: all addresses whose time is over, and if there are none, any one. With so many addresses a single one
// is not what slows a guesser down.
func (b *brake) forget(now time.Time) {
	var some netip.Prefix
	before := len(b.addrs)
	for n, o := range b.addrs {
		if some = n; now.Sub(o.last) > brakeMemory {
			delete(b.addrs, n)
		}
	}
	if len(b.addrs) == before {
		delete(b.addrs, some)
	}
}
