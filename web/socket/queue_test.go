package socket

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func newQueue(frames, size int, groups ...string) *queue {
	return &queue{maxFrames: frames, maxBytes: size, groups: groups}
}

// made is a delivery of a class with the given text as frame.
func made(c class, text string) delivery { return append([]byte{byte(c)}, text...) }

// texts are what waits, in order.
func (q *queue) texts() string {
	var all []string
	for _, e := range q.entries {
		all = append(all, string(e.b))
	}
	return strings.Join(all, " ")
}

func TestAFullQueueLosesTheLeastImportant(t *testing.T) {
	for _, tc := range []struct {
		name    string
		waiting []delivery
		next    delivery
		want    string
		outcome outcome
		dropped [classes]uint64
	}{
		{"room left", []delivery{made(low, "l1")}, made(low, "l2"), "l1 l2", queued, [classes]uint64{}},
		{"low for low: the oldest", []delivery{made(low, "l1"), made(high, "h1"), made(low, "l2")}, made(low, "l3"), "h1 l2 l3", queued, [classes]uint64{low: 1}},
		{"low goes for normal", []delivery{made(normal, "n1"), made(low, "l1"), made(normal, "n2")}, made(normal, "n3"), "n1 n2 n3", queued, [classes]uint64{low: 1}},
		{"low goes before normal, for high", []delivery{made(normal, "n1"), made(low, "l1"), made(high, "h1")}, made(high, "h2"), "n1 h1 h2", queued, [classes]uint64{low: 1}},
		{"normal goes for high", []delivery{made(normal, "n1"), made(normal, "n2"), made(high, "h1")}, made(high, "h2"), "n2 h1 h2", queued, [classes]uint64{normal: 1}},
		{"high goes for high", []delivery{made(high, "h1"), made(high, "h2"), made(control, "c1")}, made(high, "h3"), "h2 c1 h3", queued, [classes]uint64{high: 1}},
		{"high goes for control", []delivery{made(control, "c1"), made(high, "h1"), made(high, "h2")}, made(control, "c2"), "c1 h2 c2", queued, [classes]uint64{high: 1}},
		{"normal is lost among high", []delivery{made(high, "h1"), made(high, "h2"), made(high, "h3")}, made(normal, "n1"), "h1 h2 h3", lost, [classes]uint64{normal: 1}},
		{"low is lost among normal", []delivery{made(normal, "n1"), made(normal, "n2"), made(normal, "n3")}, made(low, "l1"), "n1 n2 n3", lost, [classes]uint64{low: 1}},
		{"control among control is too much", []delivery{made(control, "c1"), made(control, "c2"), made(control, "c3")}, made(control, "c4"), "c1 c2 c3", overflow, [classes]uint64{}},
		{"answers are never lost", []delivery{made(reply, "r1"), made(reply, "r2"), made(low, "l1")}, made(control, "c1"), "r1 r2 c1", queued, [classes]uint64{low: 1}},
		{"too many bytes", []delivery{made(low, "l1"), made(normal, "n1")}, made(normal, "n2n2n2"), "n2n2n2", queued, [classes]uint64{low: 1, normal: 1}},
		{"one larger than all: when alone", []delivery{made(low, "l1")}, made(high, "hhhhhhhhhhhh"), "hhhhhhhhhhhh", queued, [classes]uint64{low: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			q := newQueue(3, 7, "g")
			var dropped [classes]uint64
			for _, d := range tc.waiting {
				if d.class() == reply {
					q.push(d.frame())
				} else if o, _ := q.deliver("g", d, &dropped); o != queued {
					t.Fatalf("setting up: %v", o)
				}
			}
			o, _ := q.deliver("g", tc.next, &dropped)
			if o != tc.outcome || q.texts() != tc.want || dropped != tc.dropped {
				t.Fatalf("outcome %v, waiting %q, dropped %v; want %v, %q, %v", o, q.texts(), dropped, tc.outcome, tc.want, tc.dropped)
			}
			q.checkBytes(t)
		})
	}
}

// checkBytes holds the counters against what waits.
func (q *queue) checkBytes(t *testing.T) {
	t.Helper()
	var replies, batches int
	for _, e := range q.entries {
		if e.class == reply {
			replies += len(e.b)
		} else {
			batches += len(e.b)
		}
	}
	if q.replyBytes != replies || q.batchBytes != batches {
		t.Fatalf("counted %d and %d bytes, there are %d and %d", q.replyBytes, q.batchBytes, replies, batches)
	}
}

// drain takes everything as a writer would.
func (q *queue) drain(t *testing.T) []byte {
	t.Helper()
	var out []byte
	for {
		bufs, then := q.take(nil)
		size := 0
		for _, b := range bufs {
			out, size = append(out, b...), size+len(b)
		}
		if size > maxWriteBytes || len(bufs) > maxWriteFrames {
			t.Fatalf("one write of %d bytes in %d pieces", size, len(bufs))
		}
		q.checkBytes(t)
		if then != writeOn {
			if size > 0 {
				t.Fatal("the end, and yet something to write")
			}
			return out
		}
	}
}

func TestWritesAreBoundedAndInOrder(t *testing.T) {
	q := newQueue(1000, 1<<20, "g")
	var want []byte
	var dropped [classes]uint64
	for i, size := range []int{10, maxWriteBytes - 10, 1, maxWriteBytes, maxWriteBytes + 1, 5, 300_000, 7, 0} {
		b := bytes.Repeat([]byte{byte('a' + i)}, size)
		want = append(want, b...)
		if i%2 == 0 {
			q.push(b)
		} else {
			q.deliver("g", append([]byte{byte(low)}, b...), &dropped)
		}
	}
	for range 200 {
		q.push([]byte("x"))
		want = append(want, 'x')
	}
	if got := q.drain(t); !bytes.Equal(got, want) {
		t.Fatalf("wrote %d bytes, want %d, or in another order", len(got), len(want))
	}
	if q.entries != nil {
		t.Errorf("an idle queue holds space for %d entries", cap(q.entries))
	}
}

func TestOneWriterAtATime(t *testing.T) {
	q := newQueue(10, 100, "g")
	if !q.push([]byte("a")) {
		t.Fatal("the first frame starts no writer")
	}
	if q.push([]byte("b")) {
		t.Fatal("the second frame starts a second writer")
	}
	if got := q.drain(t); string(got) != "ab" {
		t.Fatalf("wrote %q", got)
	}
	if !q.push([]byte("c")) {
		t.Fatal("a frame after the writer's end starts none")
	}
}

func TestAFrameWrittenInPartIsNeverGivenUp(t *testing.T) {
	q := newQueue(10, 1<<20, "g")
	var dropped [classes]uint64
	big := bytes.Repeat([]byte("l"), maxWriteBytes+100)
	q.deliver("g", append([]byte{byte(low)}, big...), &dropped)
	q.deliver("g", made(low, "rest"), &dropped)
	first, _ := q.take(nil)
	got := slices.Clone(first[0])
	q.close(true, []byte("bye"))
	got = append(got, q.drain(t)...)
	if want := string(big) + "bye"; string(got) != want {
		t.Fatalf("wrote %d bytes ending in %q", len(got), got[len(got)-10:])
	}
}

func TestCloseIsLast(t *testing.T) {
	for _, abandon := range []bool{false, true} {
		q := newQueue(10, 100, "g")
		var dropped [classes]uint64
		q.push([]byte("a"))
		q.deliver("g", made(high, "h"), &dropped)
		if first, _ := q.close(abandon, []byte("bye"), []byte("!")); !first {
			t.Fatal("closed before")
		}
		if first, start := q.close(false, []byte("again")); first || start {
			t.Fatal("closed twice")
		}
		if o, start := q.deliver("g", made(control, "late"), &dropped); o != lost || start {
			t.Fatal("delivered after the end")
		}
		if q.push([]byte("late")) {
			t.Fatal("pushed after the end")
		}
		want := "ahbye!"
		if abandon {
			want = "bye!"
		}
		if got := q.drain(t); string(got) != want {
			t.Fatalf("abandon %v: wrote %q, want %q", abandon, got, want)
		}
		if _, then := q.take(nil); then != finished {
			t.Fatal("not finished")
		}
	}
}

func TestABrokenQueueHoldsNothing(t *testing.T) {
	q := newQueue(10, 100, "g")
	q.push([]byte("a"))
	moved := q.await(true)
	q.broken()
	<-moved
	if len(q.entries) != 0 || q.await(true) != nil || q.push([]byte("b")) {
		t.Fatal("still at work")
	}
	q.checkBytes(t)
}

func TestReadersWaitForTheirAnswersToLeave(t *testing.T) {
	q := newQueue(10, 100, "g")
	if q.push(make([]byte, replyPause-1)); q.await(false) != nil {
		t.Fatal("waits although little waits")
	}
	q.push([]byte("x"))
	moved := q.await(false)
	if moved == nil {
		t.Fatal("reads on with 64 KiB of answers unread")
	}
	q.take(nil)
	<-moved
	if q.await(false) != nil {
		t.Fatal("still waits")
	}
}

func TestDeliveriesWaitForTheJoinsAnswer(t *testing.T) {
	q := newQueue(4, 100)
	var dropped [classes]uint64
	if o, _ := q.deliver("g", made(control, "early"), &dropped); o != lost {
		t.Fatal("delivered without a join")
	}
	q.join("g")
	q.deliver("g", made(low, "1"), &dropped)
	q.deliver("g", made(control, "2"), &dropped)
	if len(q.entries) != 0 {
		t.Fatal("delivered before the answer")
	}
	q.joined([]byte("answer"), &dropped)
	q.deliver("g", made(low, "3"), &dropped)
	if q.texts() != "answer 1 2 3" {
		t.Fatalf("waiting: %q", q.texts())
	}
	if !q.leave("g") || q.leave("g") {
		t.Fatal("leave")
	}
	if o, _ := q.deliver("g", made(control, "4"), &dropped); o != lost {
		t.Fatal("delivered after leaving")
	}

	q.join("h")
	for range 4 {
		q.deliver("h", made(low, "x"), &dropped)
	}
	if o, _ := q.deliver("h", made(low, "x"), &dropped); o != overflow {
		t.Fatal("a join that takes long holds back without bound")
	}
	q.unjoined()
	if in, _ := q.has("h"); in || q.held != nil {
		t.Fatal("a failed join left something")
	}

	q = newQueue(4, 100)
	q.join("gone")
	q.deliver("gone", delivery{byte(control) | flagLast, 'd'}, &dropped)
	q.deliver("gone", made(low, "after"), &dropped)
	q.joined([]byte("answer"), &dropped)
	if in, n := q.has("gone"); in || n != 0 || q.texts() != "answer d" {
		t.Fatalf("dismissed while joining: in %v, waiting %q", in, q.texts())
	}
}
