package web

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"liveroom/chat"
)

// maxLimited bounds how many addresses a limiter remembers. Past it, new ones share one allowance, so that filling the
// table gains an attacker nothing.
const maxLimited = 20_000

// limiter gives each address its own allowance.
type limiter struct {
	every rate.Limit
	burst int

	mu      sync.Mutex
	byAddr  map[netip.Prefix]*rate.Limiter
	crowd   *rate.Limiter
	sweptAt time.Time
	limited uint64
}

func newLimiter(perMinute int) *limiter {
	every := rate.Limit(float64(perMinute) / 60)
	return &limiter{every: every, burst: perMinute, byAddr: map[netip.Prefix]*rate.Limiter{}, crowd: rate.NewLimiter(every, perMinute)}
}

// allow takes n of addr's allowance and says whether there was so much. With n = 0 it only looks.
func (l *limiter) allow(addr netip.Addr, n int, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket := l.bucket(addr, n > 0, now)
	if bucket == nil {
		return true
	}
	ok := bucket.TokensAt(now) >= 1
	if n > 0 {
		bucket.AllowN(now, n)
	}
	if !ok {
		l.limited++
	}
	return ok
}

func (l *limiter) bucket(addr netip.Addr, create bool, now time.Time) *rate.Limiter {
	key := chat.Network(addr)
	if b := l.byAddr[key]; b != nil || !create {
		return b
	}
	if len(l.byAddr) >= maxLimited && !l.sweep(now) {
		return l.crowd
	}
	b := rate.NewLimiter(l.every, l.burst)
	l.byAddr[key] = b
	return b
}

// sweep forgets addresses whose allowance is whole again, at most once a second, and says whether there is room now.
func (l *limiter) sweep(now time.Time) bool {
	if now.Sub(l.sweptAt) < time.Second {
		return false
	}
	l.sweptAt = now
	for key, b := range l.byAddr {
		if b.TokensAt(now) >= float64(l.burst) {
			delete(l.byAddr, key)
		}
	}
	return len(l.byAddr) < maxLimited
}

// refusedCount is how often the answer was no.
func (l *limiter) refusedCount() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.limited
}
