package chat

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// Bounds of what is held: of a group as much as frequency control could let through meanwhile and in heldSlack besides, of
// High twice as much; of all groups of a node together heldBytes.
const (
	heldSlack = 10 * time.Second
	heldBytes = 64 << 20
)

// holds are messages that members get later (Config.Delay). They have been accepted, and are as good as sent for who sent
// them; to the room they do not exist. They are in memory only.
type holds struct {
	wake chan struct{} // capacity 1: one is due before all others

	mu      sync.Mutex // taken after a room's
	due     heldSends
	groups  map[string]*heldGroup
	bytes   int
	order   uint64
	leaving map[*sending]struct{} // they are due, and not in their rooms yet
	over    bool                  // nobody lets them go any more
}

type heldGroup struct {
	n    int
	tail time.Time // when the last is due: none overtakes another
}

// heldSend is one of them.
type heldSend struct {
	*sending
	at    time.Time
	order uint64
}

type heldSends []heldSend

func (h heldSends) Len() int { return len(h) }
func (h heldSends) Less(i, j int) bool {
	return h[i].at.Before(h[j].at) || h[i].at.Equal(h[j].at) && h[i].order < h[j].order
}
func (h heldSends) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *heldSends) Push(x any)   { *h = append(*h, x.(heldSend)) }
func (h *heldSends) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	(*h)[last] = heldSend{}
	*h = (*h)[:last]
	return x
}

// cost is what a held message counts for, in bytes.
func (p *sending) cost() int { return p.Message.size() + 512 }

// put holds a message for d, or until those before it may go. It says whether it does, and if it can't whether the message
// has to be dropped, so as to hold no more than a group may have.
func (h *holds) put(p *sending, d time.Duration, rate int) (held, full bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	group := p.Message.Group
	g := h.groups[group]
	if h.over || d <= 0 && g == nil {
		return false, false
	}
	if g == nil {
		if h.groups == nil {
			h.groups = make(map[string]*heldGroup)
		}
		g = &heldGroup{}
		h.groups[group] = g
	}
	now := time.Now()
	at := now.Add(d)
	if at.Before(g.tail) {
		at = g.tail
	}
	most := rate * int((at.Sub(now)+heldSlack)/time.Second)
	if p.Message.Priority == High {
		most *= 2
	}
	if g.n >= most || h.bytes+p.cost() > heldBytes {
		return false, true
	}
	g.n++
	g.tail = at
	h.order++
	h.bytes += p.cost()
	heap.Push(&h.due, heldSend{p, at, h.order})
	if h.due[0].order == h.order {
		select {
		case h.wake <- struct{}{}:
		default:
		}
	}
	return true, false
}

// take removes what is due, all of it if nothing is held any longer, and says when the next will be; an hour if none is known.
func (h *holds) take(all bool) (some []*sending, wait time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over = h.over || all
	for now := time.Now(); len(h.due) > 0; {
		if wait = h.due[0].at.Sub(now); wait > 0 && !all {
			return some, wait
		}
		p := heap.Pop(&h.due).(heldSend).sending
		h.bytes -= p.cost()
		if g := h.groups[p.Message.Group]; g.n > 1 {
			g.n--
		} else {
			delete(h.groups, p.Message.Group)
		}
		if h.leaving == nil {
			h.leaving = make(map[*sending]struct{})
		}
		h.leaving[p] = struct{}{}
		some = append(some, p)
	}
	return some, time.Hour
}

// letGo lets held messages go when they are due, until ctx ends; then the rest, before their time: the stream ends as well.
func (s *Service) letGo(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for over := false; ; {
		some, wait := s.holds.take(over)
		for _, p := range some {
			s.deliverHeld(p)
		}
		if over {
			return
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			over = true
		case <-s.holds.wake:
		case <-timer.C:
		}
	}
}

// deliverHeld puts a held message where it would have gone at once, unless it was taken back. Who has been muted since is found
// out there.
func (s *Service) deliverHeld(p *sending) {
	ctx, cancel := s.storeContext()
	defer cancel()
	err := s.with(ctx, p.Message.Group, func(r *room) error {
		if err := s.holds.leave(p); err != nil {
			return err
		}
		if r.crowded(p) {
			return nil
		}
		return s.enqueue(r, p, nil)
	})
	if why := s.holds.leave(p); why != nil { // its key is free by itself, before long
		s.lost(p.Message.Priority, why)
		s.settle(p.Message.Group, p, Ack{}, why)
	} else if err != nil {
		s.abandon(p.Message.Group, p, err)
	}
}

// delay is how much later members get a message.
func (s *Service) delay(ctx context.Context, p *sending) time.Duration {
	if s.cfg.Delay == nil || p.Message.Server || p.prompt {
		return 0
	}
	return s.cfg.Delay(ctx, p.Message.Group)
}

// has says whether something of a group is held.
func (h *holds) has(group string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.groups[group] != nil
}

// holdBack keeps a message for later, and answers its sender as if it had been sent; or, where too much is held, as if
// frequency control had dropped it. The room's lock is held.
func (r *room) holdBack(p *sending, d time.Duration) (held, full bool) {
	h := &r.s.holds
	if r.s.cfg.Delay == nil || p.Message.Server || p.prompt || d <= 0 && !h.has(r.id) {
		return false, false
	}
	later := *p
	later.done = make(chan struct{})
	later.later = &Ack{Time: time.Now(), Seq: r.log.last, Delayed: true}
	held, full = h.put(&later, d, r.s.tuned().RatePerSecond)
	switch {
	case held:
		p.ack = *later.later
		if r.inFlight[p.Key] == p {
			r.inFlight[p.Key] = &later
		}
	case full:
		p.ack = Ack{Time: time.Now(), Seq: r.log.last, Dropped: true}
		if r.inFlight[p.Key] == p {
			delete(r.inFlight, p.Key)
		}
		r.s.fate(p.Message.Priority, dropped)
		r.tellNotSent(p, ErrTooManyMessages)
	default:
		return false, false
	}
	close(p.done)
	return held, full
}
