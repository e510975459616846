package bench

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// Shape of a histogram: subBuckets for each power of two, so that a value is known to 1.6 %.
const (
	subBits    = 6
	subBuckets = 1 << subBits
	octaves    = 36 // up to an hour in ns
)

// histogram counts durations in constant memory. It may be used by many at once.
type histogram struct {
	counts [subBuckets * (octaves + 1)]atomic.Uint64
	n      atomic.Uint64
	max    atomic.Int64
}

// add counts d; a negative one counts as none.
func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	h.counts[bucket(uint64(d))].Add(1)
	h.n.Add(1)
	atLeast(&h.max, int64(d))
}

// atLeast raises a to v.
func atLeast(a *atomic.Int64, v int64) {
	for {
		old := a.Load()
		if v <= old || a.CompareAndSwap(old, v) {
			return
		}
	}
}

// bucket is where v is counted: exactly while it is small, and then by its subBits+1 highest bits.
func bucket(v uint64) int {
	shift := max(0, bits.Len64(v)-subBits-1)
	return min(shift*subBuckets+int(v>>shift), subBuckets*(octaves+1)-1) //nolint:gosec // under 128
}

// middle is the middle of what is counted in bucket i.
func middle(i int) time.Duration {
	shift := max(0, i/subBuckets-1)
	low := uint64(i-shift*subBuckets) << shift //nolint:gosec // not negative
	return time.Duration(low + (uint64(1)<<shift)/2)
}

// quantile is the value that a share q of the values doesn't exceed; 0 without values.
func (h *histogram) quantile(q float64) time.Duration {
	n := h.n.Load()
	if n == 0 {
		return 0
	}
	rank := min(uint64(max(math.Ceil(q*float64(n)), 1)), n) - 1
	for i := range h.counts {
		c := h.counts[i].Load()
		if rank < c {
			return min(middle(i), time.Duration(h.max.Load()))
		}
		rank -= c
	}
	return time.Duration(h.max.Load())
}

// spread is what a report says of a histogram, in milliseconds.
func (h *histogram) spread() Spread {
	ms := func(d time.Duration) float64 { return round(d.Seconds()*1000, 3) }
	return Spread{
		Count: h.n.Load(), P50: ms(h.quantile(.5)), P99: ms(h.quantile(.99)), Max: ms(time.Duration(h.max.Load())),
	}
}

// merge adds what another one counted.
func (h *histogram) merge(other *histogram) {
	for i := range other.counts {
		if c := other.counts[i].Load(); c > 0 {
			h.counts[i].Add(c)
			h.n.Add(c)
		}
	}
	atLeast(&h.max, other.max.Load())
}
