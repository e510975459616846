package delay

import (
	"container/heap"
	"time"

	"liveroom/live/stream"
)

// item is something that waits for its time. Of push with tag, begin or over, and do, one is set.
type item struct {
	at   time.Time
	push *push
	tag  *stream.Tag
	what kind
	do   func()
}

type kind uint8

const (
	tagged  kind = iota // a tag of the push
	begins              // the push begins to be shown
	ended               // all of it has been shown
	control             // do
)

// itemBytes is what an item counts for beside the bytes of its tag.
const itemBytes = 320

func (i *item) cost() int64 {
	if i.tag == nil {
		return itemBytes
	}
	return int64(len(i.tag.FLV())) + itemBytes
}

// line is what waits of one stream, in order. Stage.mu guards it, but for current.
type line struct {
	name    string
	ring    []item // length is a power of two
	base, n int
	bytes   int64     // that wait
	tail    time.Time // when the last item is due
	pushes  int       // that have begun and of which not all has been shown
	place   int       // in the stage's heap; -1: it is not there, as nothing waits

	current *push // what is shown now; Stage.out guards it
}

func (l *line) head() *item { return &l.ring[l.base] }

func (l *line) push(i item) {
	if l.n == len(l.ring) {
		next := make([]item, max(2*l.n, 16))
		for k := range l.n {
			next[k] = l.ring[(l.base+k)&(len(l.ring)-1)]
		}
		l.ring, l.base = next, 0
	}
	l.ring[(l.base+l.n)&(len(l.ring)-1)] = i
	l.n++
	l.bytes += i.cost()
	l.tail = i.at
}

func (l *line) pop() item {
	i := l.ring[l.base]
	l.ring[l.base] = item{}
	l.base = (l.base + 1) & (len(l.ring) - 1)
	l.n--
	l.bytes -= i.cost()
	return i
}

// lines are those in which something waits, that with the earliest first.
type lines []*line

func (h lines) Len() int           { return len(h) }
func (h lines) Less(i, j int) bool { return h[i].head().at.Before(h[j].head().at) }
func (h lines) Swap(i, j int)      { h[i], h[j] = h[j], h[i]; h[i].place, h[j].place = i, j }
func (h *lines) Push(x any)        { l := x.(*line); l.place = len(*h); *h = append(*h, l) }
func (h *lines) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	(*h)[last] = nil
	*h, l.place = (*h)[:last], -1
	return l
}

var _ heap.Interface = (*lines)(nil)
