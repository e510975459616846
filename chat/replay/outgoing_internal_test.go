package replay

import (
	"fmt"
	"runtime"
	"testing"
)

// TestOldestChunksMakeRoom: what waits stays in order, markers are never dropped, and to drop costs the same however much waits.
func TestOldestChunksMakeRoom(t *testing.T) {
	chunk := func(n int) job { return job{name: fmt.Sprint("c", n), data: make([]byte, 10), messages: 1} }
	o := newOutgoing(50)
	o.put(job{name: "m0", marker: true})
	lost := 0
	for n := range 7 {
		lost += o.put(chunk(n))
		o.put(job{name: fmt.Sprint("m", n), marker: true})
	}
	if lost != 2 || o.waiting() != 50 {
		t.Errorf("lost %d, %d bytes wait", lost, o.waiting())
	}
	var order string
	for !o.empty() {
		j, _ := o.take(t.Context())
		order += j.name + " "
	}
	if order != "m0 m1 c2 m2 c3 m3 c4 m4 c5 m5 c6 m6 " {
		t.Errorf("%s", order)
	}
	if o.waiting() != 0 || len(o.marked) != 0 {
		t.Errorf("%d bytes, %d markers left", o.waiting(), len(o.marked))
	}

	const many = 20_000
	full := newOutgoing(10 * many)
	for n := range maxMarkers {
		full.put(job{name: fmt.Sprint("m", n), marker: true})
	}
	for n := range many {
		full.put(chunk(n))
	}
	const drops = 200
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range drops {
		full.put(chunk(0))
	}
	runtime.ReadMemStats(&after)
	if n := (after.TotalAlloc - before.TotalAlloc) / drops; n > 256<<10 || full.waiting() != 10*many { // a copy of all is 10 MB
		t.Errorf("%d bytes are allocated to drop one of many, %d bytes wait", n, full.waiting())
	}
}
