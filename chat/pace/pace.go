// Package pace limits how fast people do something: each has a token bucket, in the memory of one process, of which nothing is
// kept but when it is full again. Every method may be called from many goroutines at once; none blocks, and no time is read here.
package pace

import (
	"sync"
	"time"
)

// most is of how many people something is remembered. Past it somebody is forgotten, who at worst may do a little more.
const most = 100_000

// Buckets are the token buckets of people, or of whatever else has a name. Who is not there has a full one.
type Buckets struct {
	mu       sync.Mutex // guards what follows
	burst    int
	interval time.Duration // for one more token
	full     map[string]time.Time
}

// New returns buckets that hold burst tokens, and get one more in each interval until they are full.
func New(burst int, interval time.Duration) *Buckets {
	return &Buckets{burst: burst, interval: max(interval, 1), full: map[string]time.Time{}}
}

// Resize changes how large the buckets are and how fast they fill from now on. Nobody waits longer for it than from an empty
// one of the new size.
func (b *Buckets) Resize(burst int, interval time.Duration, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.burst, b.interval = burst, max(interval, 1)
	latest := now.Add(time.Duration(b.burst) * b.interval)
	for name, full := range b.full {
		if full.After(latest) {
			b.full[name] = latest
		}
	}
}

// Take takes up to n tokens out of somebody's bucket, and returns how many there were. If they were less than n, next is when
// there is one more.
func (b *Buckets) Take(name string, n int, now time.Time) (taken int, next time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	full, known := b.full[name]
	if full.Before(now) {
		full = now
	}
	missing := int((full.Sub(now) + b.interval - 1) / b.interval)
	taken = max(0, min(n, b.burst-missing)) // time may have gone back
	full = full.Add(time.Duration(taken) * b.interval)
	if taken > 0 {
		if !known && len(b.full) >= most {
			b.makeRoom(now)
		}
		b.full[name] = full
	}
	if taken < n {
		next = full.Add(-time.Duration(b.burst-1) * b.interval)
	}
	return taken, next
}

// Sweep forgets some of those whose bucket is full; who calls it now and then forgets them all.
func (b *Buckets) Sweep(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trim(now, 10_000)
}

// makeRoom forgets people whose bucket is full, and somebody else if there is nobody. The lock is held.
func (b *Buckets) makeRoom(now time.Time) {
	b.trim(now, 100)
	for name := range b.full {
		if len(b.full) < most {
			return
		}
		delete(b.full, name)
	}
}

// trim looks at so many, from a random place. The lock is held.
func (b *Buckets) trim(now time.Time, look int) {
	for name, full := range b.full {
		if look--; look < 0 {
			return
		}
		if !full.After(now) {
			delete(b.full, name)
		}
	}
}
