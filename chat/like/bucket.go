package like

import (
	"sync"
	"time"
)

// maxGivers is of how many people a process remembers how fast they like. Past it somebody is forgotten, who at worst may
// give a little more.
const maxGivers = 100_000

// buckets are token buckets of people. What is remembered of one is when it is full again; who is not there has a full one.
type buckets struct {
	burst    int
	interval time.Duration // for one more token

	mu   sync.Mutex
	full map[string]time.Time
}

// take takes up to n tokens out of somebody's bucket, and returns how many there were.
func (b *buckets) take(user string, n int, now time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	full, known := b.full[user]
	if full.Before(now) {
		full = now
	}
	missing := int((full.Sub(now) + b.interval - 1) / b.interval)
	n = min(n, b.burst-missing)
	if n <= 0 {
		return 0
	}
	if !known && len(b.full) >= maxGivers {
		b.makeRoom(now)
	}
	if b.full == nil {
		b.full = map[string]time.Time{}
	}
	b.full[user] = full.Add(time.Duration(n) * b.interval)
	return n
}

// makeRoom forgets people whose bucket is full, and somebody else if there is nobody. The lock is held.
func (b *buckets) makeRoom(now time.Time) {
	b.trim(now, 100)
	for user := range b.full {
		if len(b.full) < maxGivers {
			return
		}
		delete(b.full, user)
	}
}

// sweep forgets people whose bucket is full; who calls it now and then forgets them all.
func (b *buckets) sweep(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trim(now, 10_000)
}

// trim looks at so many, from a random place. The lock is held.
func (b *buckets) trim(now time.Time, look int) {
	for user, full := range b.full {
		if look--; look < 0 {
			return
		}
		if !full.After(now) {
			delete(b.full, user)
		}
	}
}
