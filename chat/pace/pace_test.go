package pace

import (
	"strconv"
	"testing"
	"time"
)

func TestTake(t *testing.T) {
	const interval = 100 * time.Millisecond
	begin := time.Unix(1_790_000_000, 0)
	b := New(30, interval)
	for i, step := range []struct {
		at, next time.Duration // since the begin; next 0: none is told
		n, taken int
	}{
		{0, 0, 20, 20},
		{0, interval, 20, 10},
		{0, interval, 1, 0},
		{interval - 1, interval, 1, 0},
		{interval, 0, 1, 1},
		{interval, 2 * interval, 1, 0},
		{11*interval + interval/2, 12 * interval, 30, 10},
		{time.Hour, time.Hour + interval, 1000, 30},
		{0, time.Hour + interval, 1, 0},
	} {
		taken, next := b.Take("ann", step.n, begin.Add(step.at))
		var want time.Time
		if step.next > 0 {
			want = begin.Add(step.next)
		}
		if taken != step.taken || !next.Equal(want) {
			t.Errorf("step %d: %d taken, next %v; want %d, %v", i, taken, next.Sub(begin), step.taken, step.next)
		}
	}
	if taken, _ := b.Take("bob", 30, begin); taken != 30 {
		t.Errorf("somebody else: %d", taken)
	}
}

func TestNotEverybodyIsRemembered(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	b := New(1, time.Second)
	for i := range most + 10 {
		b.Take(strconv.Itoa(i), 1, now)
	}
	if len(b.full) != most {
		t.Errorf("%d are remembered", len(b.full))
	}
	if taken, _ := b.Take(strconv.Itoa(most+9), 1, now); taken != 0 {
		t.Error("who came last is forgotten")
	}
	for range most / 10_000 {
		b.Sweep(now.Add(time.Minute))
	}
	if len(b.full) != 0 {
		t.Errorf("%d are remembered whose bucket is full", len(b.full))
	}
}

func TestResize(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	b := New(10, time.Minute)
	b.Take("ann", 10, now)
	b.Resize(5, time.Second, now)
	if taken, next := b.Take("ann", 1, now); taken != 0 || !next.Equal(now.Add(time.Second)) {
		t.Errorf("an empty one: %d, next %v", taken, next.Sub(now))
	}
	if taken, _ := b.Take("ann", 9, now.Add(time.Hour)); taken != 5 {
		t.Errorf("a full one holds %d", taken)
	}
	if taken, _ := b.Take("bob", 9, now); taken != 5 {
		t.Errorf("a new one holds %d", taken)
	}
	b.Resize(20, time.Second, now)
	if taken, _ := b.Take("bob", 99, now); taken != 15 {
		t.Errorf("a larger one holds %d more", taken)
	}
}
