package gift

import (
	"container/heap"
	"sync"
	"time"
)

// maxAgenda bounds the groups a node works on; of the others Sweep takes care, somewhat later.
const maxAgenda = 50_000

// agenda is when this node looks at which group.
type agenda struct {
	changed chan struct{} // capacity 1: an earlier time than before

	mu    sync.Mutex // guards the rest
	turns map[string]*turn
	queue turnHeap // those not taken
}

// turn is one group's place. Whoever has taken it owns what is not said to be the agenda's.
type turn struct {
	group string

	// The agenda's, under its lock.
	at     time.Time
	index  int       // in the queue; -1: taken
	woken  time.Time // while it is taken: the earliest wake; zero: none
	first  time.Time // earliest next time: the pace
	linger bool      // nothing is to be done; it is only here for its pace
	left   bool      // another node's, unless it has left it lying

	toldAt   time.Time
	failures int
}

func (a *agenda) init() {
	a.changed = make(chan struct{}, 1)
	a.turns = map[string]*turn{}
}

func (a *agenda) len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.turns)
}

// wake makes sure that a group, which has work of this node, is looked at, at a time or earlier but for its pace.
func (a *agenda) wake(group string, at time.Time) { a.put(group, at, false) }

// find makes sure that a group somebody may have left work of is looked at now.
func (a *agenda) find(group string, now time.Time) { a.put(group, now, true) }

func (a *agenda) put(group string, at time.Time, left bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.turns[group]
	if t == nil {
		if len(a.turns) >= maxAgenda {
			return
		}
		t = &turn{group: group, at: at, left: left}
		a.turns[group] = t
		heap.Push(&a.queue, t)
		a.signal(t)
		return
	}
	t.left = t.left && left
	if t.index < 0 {
		t.woken = earlier(t.woken, at)
		return
	}
	if at.Before(t.first) {
		at = t.first
	}
	if t.linger || at.Before(t.at) {
		t.linger, t.at = false, at
		heap.Fix(&a.queue, t.index)
		a.signal(t)
	}
}

// signal tells Run if a turn has become the first. a.mu is held.
func (a *agenda) signal(t *turn) {
	if t.index != 0 {
		return
	}
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

// take takes a turn that is due, or says how long it is until one is; false: there is none.
func (a *agenda) take(now time.Time) (t *turn, wait time.Duration, any bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.queue) > 0 {
		t := a.queue[0]
		if t.at.After(now) {
			return nil, t.at.Sub(now), true
		}
		heap.Pop(&a.queue)
		if !t.linger {
			t.woken = time.Time{}
			return t, 0, true
		}
		delete(a.turns, t.group)
	}
	return nil, 0, false
}

// back gives a turn back: to be looked at again next, or not if that is zero and nobody has woken it; not before first. One
// that is not to be looked at is remembered until a time, for its pace.
func (a *agenda) back(t *turn, next, first, until time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	next = earlier(next, t.woken)
	t.first, t.woken, t.linger = first, time.Time{}, next.IsZero()
	if t.linger {
		next = until
	}
	if next.Before(first) {
		next = first
	}
	t.at = next
	heap.Push(&a.queue, t)
	a.signal(t)
}

// drop forgets a turn that was taken, unless somebody woke it meanwhile.
func (a *agenda) drop(t *turn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t.woken.IsZero() {
		delete(a.turns, t.group)
		return
	}
	t.at, t.woken = t.woken, time.Time{}
	heap.Push(&a.queue, t)
	a.signal(t)
}

// isLeft says whether a turn is of a group that this node has no work of.
func (a *agenda) isLeft(t *turn) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return t.left
}

// adopt makes the work that was left this node's.
func (a *agenda) adopt(t *turn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t.left = false
}

// turnHeap implements heap.Interface, earliest first.
type turnHeap []*turn

func (h turnHeap) Len() int           { return len(h) }
func (h turnHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h turnHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements heap.Interface.
func (h *turnHeap) Push(x any) {
	t := x.(*turn)
	t.index = len(*h)
	*h = append(*h, t)
}

// Pop implements heap.Interface.
func (h *turnHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}
