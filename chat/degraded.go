package chat

import (
	"errors"
	"time"
)

// degradedAfter is how long the store may fail before a room goes on without it; so do two failures.
const degradedAfter = time.Second

// storeFailed notes that the store did not answer what it was asked at a moment, and lets the room go on without it when
// that happened twice, or has lasted for a while: its members are told, and what they send goes to those of this node.
// Only the loop calls it.
func (r *room) storeFailed(began time.Time) {
	f := r.feed
	if f.failures++; f.failures == 1 {
		f.failedAt = began
	}
	if f.failures < 2 && time.Since(f.failedAt) < degradedAfter || r.isAway() {
		return
	}
	r.mu.Lock()
	f.away = true
	r.mu.Unlock()
	r.s.degraded.Add(1)
	for _, o := range f.mine {
		r.answer(o, nil)
	}
	r.conclude(outcome{items: []Item{degradedEvent(true)}}, nil, nil)
}

// comeBack goes on with the store, once nothing is missing any more. Only the loop calls it.
func (r *room) comeBack() {
	f := r.feed
	for _, o := range f.mine {
		if o.acks == nil { // else it would have been found
			r.s.release(r.id, keysOf(o.sends)...)
		}
		r.answer(o, ErrUnavailable)
		o.at = time.Now()
	}
	r.mu.Lock()
	f.away, f.doubts = false, nil
	r.mu.Unlock()
	r.s.degraded.Add(-1)
	r.conclude(outcome{items: []Item{degradedEvent(false)}}, nil, nil)
}

func degradedEvent(is bool) Item {
	return event("degraded", uint64(time.Now().UnixMilli()), struct {
		Degraded bool `json:"degraded"`
	}{is})
}

// doubt remembers sends of which nobody knows whether they are in the log. They are delivered if they are found there, and
// their senders are answered when that is known, or cannot be known in time; those who can't wait, at once.
func (r *room) doubt(o *own) {
	r.mu.Lock()
	if r.feed.doubts == nil {
		r.feed.doubts = make(map[Key]bool)
	}
	for _, p := range o.sends {
		if p.Key != (Key{}) {
			r.feed.doubts[p.Key] = true
		}
	}
	r.mu.Unlock()
	for i, p := range o.sends {
		if !p.how.Local {
			o.sends[i] = p.standIn()
			r.answerSend(p, Ack{}, ErrUnavailable)
		}
	}
}

// answer tells those who wait for what this node did: what the store said, if that is known, else err; nil lets them wait.
// What they did is told to the members in its turn all the same.
func (r *room) answer(o *own, err error) {
	if o.change != nil {
		close(o.change.done)
		o.change = nil
	}
	if !o.waited || o.acks == nil && err == nil {
		return
	}
	o.waited = false
	for i, p := range o.sends {
		if o.acks == nil && !p.how.Local {
			continue // answered at once: see doubt
		}
		o.sends[i] = p.standIn()
		switch {
		case o.acks == nil:
			r.answerSend(p, Ack{}, err)
		case o.acks[i].Refused != nil:
			r.answerSend(p, Ack{}, o.acks[i].Refused)
		default:
			r.answerSend(p, o.acks[i], nil)
		}
	}
}

// answerSend answers who sent, and nobody else.
func (r *room) answerSend(p *sending, ack Ack, err error) {
	p.ack, p.err = ack, err
	r.mu.Lock()
	if r.inFlight[p.Key] == p {
		delete(r.inFlight, p.Key)
	}
	if err != nil {
		r.refundPace(p)
	}
	r.mu.Unlock()
	if err != nil {
		r.s.lost(p.Message.Priority, err)
	}
	close(p.done)
}

// expireDoubts answers who has waited for too long, and forgets what will not be found any more. Only the loop calls it.
func (r *room) expireDoubts(now time.Time) {
	for op, o := range r.feed.mine {
		if o.acks != nil || o.change != nil || !o.out.empty() || now.Sub(o.at) < OperationAge {
			continue
		}
		if r.answer(o, ErrUnavailable); !r.isAway() {
			delete(r.feed.mine, op)
		}
	}
}

// rest answers who still waits, if the loop ends for good.
func (r *room) rest() {
	switch {
	case r.feed == nil:
	case r.isGone():
		r.surrender(ErrNoGroup)
	case r.s.stopping():
		r.surrender(ErrStopping)
	}
}

// surrender answers all who wait, when nothing of this room happens any more.
func (r *room) surrender(err error) {
	for op, o := range r.feed.mine {
		r.answer(o, err)
		if o.out.finally != nil {
			o.out.finally()
		}
		delete(r.feed.mine, op)
	}
}

// flushAway brings a batch to the members of this node, while the store is away. Only the loop calls it.
func (r *room) flushAway(b *batch) {
	if b.op != "" { // the store was asked for it before
		if o := r.feed.mine[b.op]; o != nil {
			r.doubt(o)
		}
		b.sends = nil
	}
	now := time.Now()
	heard := r.speaking(b.sends, now)
	candidates := make([]Candidate, len(heard))
	for i, p := range heard {
		candidates[i] = p.Candidate
	}
	var out outcome
	r.mu.Lock()
	pass := r.feed.window.admit(now, candidates, r.s.tuned().RatePerSecond)
	for i, p := range heard {
		p.ack = Ack{Time: now, Seq: r.log.last, Dropped: !pass[i] && !p.Unheard, Degraded: true}
		if pass[i] {
			p.ack.Seq = 0
			p.Message.Time, p.Message.Degraded = now, true
			out.items = append(out.items, Item{Message: p.Message})
		}
		r.feed.dedup.settle(Settled{Key: p.Key, Ack: p.ack, Expires: now.Add(r.s.cfg.DedupAge), unheard: p.Unheard})
	}
	r.mu.Unlock()
	r.conclude(out, b.sends, nil)
	if b.change != nil {
		r.runChange(b.change)
	}
}

// speaking are those of the sends that go to this node's members, as far as it knows who may speak. The others end, also those
// that were sent to another node before and came from there.
func (r *room) speaking(sends []*sending, now time.Time) (heard []*sending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range sends {
		if m := r.log.sentWith(p.Key, p.Message, now.Add(-r.s.cfg.DedupAge)); m != nil {
			p.ack = Ack{Time: m.Time, Seq: m.Seq, Before: true}
			r.feed.dedup.release(p.Key)
			continue
		}
		switch {
		case p.Message.Server || !p.how.Local:
			p.err = ErrUnavailable
		case !p.Trusted:
			p.err = r.maySpeak(p.Message.From, p.Address)
		}
		if p.err == nil {
			heard = append(heard, p)
		} else {
			r.feed.dedup.release(p.Key)
		}
	}
	return heard
}

// claimHere is claim for a room whose store is away: what was sent here before is not sent again. The room's lock is held.
func (r *room) claimHere(p *sending, now time.Time) (before *Ack, err error) {
	f := r.feed
	if k, known := f.dedup.known[p.Key]; known && !k.pending && now.Before(k.Expires) {
		return &k.Ack, nil
	}
	switch {
	case !f.away:
		return nil, nil
	case !p.how.Local || f.doubts[p.Key]:
		return nil, ErrUnavailable
	}
	p.unclaimed = true
	return nil, nil
}

// claimLate reserves the keys of sends that could not be reserved when they came. It returns those that are to be sent;
// false: the store did not answer. Only the loop calls it.
func (r *room) claimLate(sends []*sending) (rest []*sending, claimed bool) {
	for i, p := range sends {
		if !p.unclaimed || p.Key == (Key{}) {
			rest = append(rest, p)
			continue
		}
		began := time.Now()
		ctx, cancel := r.s.storeContext()
		if p.claimOp == "" {
			p.claimOp = newOperation()
		}
		reserved, err := r.s.store.Reserve(AsOperation(ctx, p.claimOp), r.id, p.Key)
		cancel()
		switch err = r.s.storeError(err, "reserve"); {
		case errors.Is(err, ErrUnavailable):
			r.storeFailed(began)
			return append(rest, sends[i:]...), false
		case err == nil && reserved.Ack != nil:
			r.s.fate(p.Message.Priority, repeated)
			r.answerSend(p, *reserved.Ack, nil)
		case err == nil && reserved.Fresh:
			p.unclaimed = false
			rest = append(rest, p)
		case err == nil:
			r.answerSend(p, Ack{}, ErrInFlight)
		default:
			r.answerSend(p, Ack{}, err)
		}
	}
	return rest, true
}

// Degraded says how many rooms of this node go on without the store, because it does not answer: what their members send
// reaches those of this node alone, and what must be stored is refused.
func (s *Service) Degraded() int { return int(s.degraded.Load()) }

// refuseAway says that what must be stored can't be now. The room's lock is held.
func (r *room) refuseAway() error {
	if r.feed != nil && r.feed.away {
		return ErrUnavailable
	}
	return nil
}
