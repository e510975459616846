package bench

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestHistogram(t *testing.T) {
	var empty histogram
	if got := empty.spread(); got != (Spread{}) {
		t.Errorf("empty: %+v", got)
	}
	var h histogram
	for i := 1; i <= 1000; i++ {
		h.add(time.Duration(i) * time.Millisecond)
	}
	h.add(-time.Second) // a clock that went back
	for q, want := range map[float64]float64{0: 0, .5: 500, .99: 990, 1: 1000} {
		if got := h.quantile(q).Seconds() * 1000; math.Abs(got-want) > want/50 {
			t.Errorf("quantile %v is %.1f ms, want %.0f", q, got, want)
		}
	}
	if s := h.spread(); s.Count != 1001 || s.Max != 1000 {
		t.Errorf("%+v", s)
	}
}

func TestHistogramOfAFew(t *testing.T) {
	var h histogram
	for i := 1; i <= 100; i++ {
		h.add(time.Duration(i))
	}
	for q, want := range map[float64]time.Duration{.01: 1, .5: 50, .99: 99, 1: 100} {
		if got := h.quantile(q); got != want {
			t.Errorf("quantile %v of 1 to 100 is %d, want %d", q, got, want)
		}
	}
}

func TestHistogramKeepsEveryValueTo2Percent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, int64(time.Hour)), 1, 50).Draw(t, "values")
		var h histogram
		for _, v := range values {
			h.add(time.Duration(v))
		}
		slices.Sort(values)
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		want := float64(values[max(int(math.Ceil(q*float64(len(values)))), 1)-1])
		if got := float64(h.quantile(q)); math.Abs(got-want) > 1+want/50 {
			t.Fatalf("quantile %v of %v is %.0f, want %.0f", q, values, got, want)
		}
	})
}
