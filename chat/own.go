package chat

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"
)

// turnMost is how many messages of entries go to the members at once.
const turnMost = 200

// own is what this node asked of the store and is told when its entry has its turn.
type own struct {
	sends  []*sending
	acks   []Ack // of sends, in their order; nil: the answer was lost
	change *change
	out    outcome               // of the change: what its maker alone tells
	late   func(e Entry) outcome // the same of a change whose answer was lost

	at     time.Time // when it was asked
	waited bool      // somebody waits for one of sends
}

// advance takes in the entries that are there, in their order, until one is missing. Only the loop calls it.
func (r *room) advance() {
	f := r.feed
	var turn outcome
	var ended []*sending
	tell := func(c *change) {
		if c != nil || len(ended) > 0 || !turn.empty() {
			r.conclude(turn, ended, c)
		}
		turn, ended = outcome{}, nil
	}
	for {
		e, ok := f.next()
		if !ok {
			tell(nil)
			return
		}
		o := f.mine[e.Op]
		delete(f.mine, e.Op)
		turn.join(r.absorb(e, o == nil))
		if o != nil {
			ended = append(ended, o.settle(e)...)
		}
		switch {
		case o != nil && (o.change != nil || !o.out.empty() || o.late != nil):
			told := o.out
			if o.late != nil {
				told = o.late(e)
			}
			turn.acts, turn.facts, turn.finally = told.acts, told.facts, told.finally
			tell(o.change)
		case !e.plain():
			tell(nil)
		case len(turn.items) >= turnMost:
			tell(nil)
			r.breathe()
		}
		if r.isGone() {
			tell(nil)
			return
		}
	}
}

// breathe gives the members' connections time to take in a part of much.
func (r *room) breathe() {
	wait := time.NewTimer(r.s.cfg.TickMin)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-r.s.stop:
	}
}

// join puts what comes next behind it. What ends a turn is at most one of both.
func (o *outcome) join(next outcome) {
	next.items = append(o.items, next.items...)
	next.foreign = next.foreign && (o.foreign || len(o.items) == 0)
	*o = next
}

// empty says whether nobody is to learn anything of it.
func (o *outcome) empty() bool {
	return len(o.items) == 0 && o.update == nil && o.after == nil && o.finally == nil && len(o.acts) == 0 && len(o.facts) == 0
}

// settle sets how the sends ended whose entry this is, and returns them.
func (o *own) settle(e Entry) []*sending {
	if o.acks == nil {
		o.acks = acksOf(o.sends, e)
	}
	for i, p := range o.sends {
		p.end(o.acks[i])
	}
	return o.sends
}

// standIn is what is told of in the place of a send whose sender was answered already.
func (p *sending) standIn() *sending {
	m, c := *p.Message, p.Candidate
	c.Message = &m
	return &sending{Candidate: c, how: p.how, by: p.by, done: make(chan struct{})}
}

// end sets how a send ended by the store's answer.
func (p *sending) end(a Ack) {
	if a.Refused != nil {
		p.err = a.Refused
		return
	}
	p.ack = a
	if a.delivers(p.Unheard) && p.Message.Seq == 0 { // no answer set it
		p.Message.Seq, p.Message.Time = a.Seq, a.Time
	}
}

// delivers says whether what it answers is in the log by that.
func (a *Ack) delivers(unheard bool) bool {
	return a.Refused == nil && !a.Dropped && !a.Before && !unheard
}

// acksOf finds out what an answer that was lost would have said: who is not among the messages was dropped.
func acksOf(sends []*sending, e Entry) []Ack {
	acks, rest := make([]Ack, len(sends)), e.Messages
	for i, p := range sends {
		acks[i] = Ack{Time: e.At, Dropped: !p.Unheard}
		if len(rest) > 0 {
			acks[i].Seq = e.Messages[len(e.Messages)-1].Seq
		}
		if len(rest) > 0 && !p.Unheard && rest[0].From == p.Message.From && rest[0].Random == p.Message.Random && bytes.Equal(rest[0].Body, p.Message.Body) {
			acks[i] = Ack{Time: rest[0].Time, Seq: rest[0].Seq}
			rest = rest[1:]
		}
	}
	return acks
}

// flushInTurn brings batches through the store, and what they changed to the members when it has its turn. What came before
// leaves with what is sent now: a write to a member costs nearly the same with both. A change must know what was before it.
func (r *room) flushInTurn(batches []*batch) {
	if len(batches) > 0 && batches[0].change == nil && r.feed.failures == 0 {
		if !r.flushShared(batches[0]) {
			r.again(batches)
			return
		}
		batches = batches[1:]
	} else {
		r.advance()
	}
	r.keepUp()
	for i, b := range batches {
		switch {
		case r.isAway():
			r.flushAway(b)
		case !r.flushShared(b):
			r.again(batches[i:])
			return
		}
	}
}

// again puts batches in front of those that wait for the next tick.
func (r *room) again(batches []*batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = append(batches, r.closed...)
}

// flushShared brings one batch through the store. False: it did not answer, and is to be asked again.
func (r *room) flushShared(b *batch) bool {
	r.s.release(r.id, b.surplus...)
	b.surplus = nil
	if b.op == "" {
		sends, claimed := r.claimLate(b.sends)
		if b.sends = sends; !claimed {
			return false
		}
		b.sends = r.audible(b.sends)
	}
	if len(b.sends) > 0 && !r.storeShared(b) {
		return false
	}
	if b.sends = nil; b.change == nil {
		r.advance()
	} else {
		r.runChange(b.change)
	}
	return true
}

// audible are those of the sends that may be stored. The others end here.
func (r *room) audible(sends []*sending) []*sending {
	rest := r.unsilenced(sends)
	if len(rest) < len(sends) {
		r.conclude(outcome{}, slices.DeleteFunc(slices.Clone(sends), func(p *sending) bool { return p.err == nil }), nil)
	}
	return rest
}

// storeShared lets the candidates through Store.Flush; their entry is still to be taken in. False: it did not answer.
func (r *room) storeShared(b *batch) bool {
	began := time.Now()
	if b.op == "" {
		b.op = newOperation()
		r.feed.mine[b.op] = &own{sends: b.sends, at: began, waited: true}
	}
	o := r.feed.mine[b.op]
	if o == nil {
		return true // its entry came by itself, though not its answer
	}
	r.feed.ask(b.op)
	acks, err := r.askFlush(AsOperation(r.s.base, b.op), r.flushOf(b.sends))
	switch {
	case errors.Is(err, ErrUnavailable):
		if r.storeFailed(began); !r.isAway() && !r.s.stopping() {
			return false
		}
		r.doubt(o)
		return true
	case err != nil:
		delete(r.feed.mine, b.op)
		for _, p := range b.sends {
			p.err = err
		}
		r.s.release(r.id, keysOf(b.sends)...)
		r.conclude(outcome{}, b.sends, nil)
		return true
	}
	r.storeAnswered()
	o.acks = acks
	for i, a := range acks {
		if a.delivers(b.sends[i].Unheard) {
			r.feed.expect(b.op)
			return true
		}
	}
	delete(r.feed.mine, b.op)
	r.conclude(outcome{}, o.settle(Entry{}), nil) // nothing is in the log
	return true
}

// expect sees to it that the entry of what was done comes, which is there already unless something went wrong.
func (f *following) expect(op string) {
	if !f.has(op) {
		f.lookLater()
	}
}

// runChange lets a change happen and waits for its entry, if it made one.
func (r *room) runChange(c *change) {
	began := time.Now()
	out, err := r.applyChange(c)
	if c.err = err; c.op == "" || err != nil {
		if errors.Is(err, ErrUnavailable) {
			if out.late != nil && r.waitsFor(c, out.late, began) {
				r.advance()
				return
			}
			r.storeFailed(began)
		}
		r.advance()
		r.conclude(out, nil, c)
		return
	}
	r.storeAnswered()
	told := outcome{acts: out.acts, facts: out.facts, finally: out.finally}
	if r.feed.has(c.op) {
		r.feed.mine[c.op] = &own{change: c, out: told, at: began}
		r.advance()
		return
	}
	r.advance()
	told.facts = nil // it is as it was
	r.conclude(told, nil, c)
}

// ifDone is an outcome that its maker tells when it is found out that it happened, and not before.
func ifDone(out outcome) outcome { return outcome{late: func(Entry) outcome { return out }} }

// waitsFor notes a change that may have been done though the store did not say so. It says whether it was: its entry is there.
// Only the loop calls it.
func (r *room) waitsFor(c *change, late func(Entry) outcome, began time.Time) bool {
	o := &own{late: late, at: began}
	r.feed.mine[c.op] = o
	if !r.feed.has(c.op) {
		return false
	}
	o.change, c.err = c, nil
	return true
}

// storeAnswered notes that the store is there. Only the loop calls it.
func (r *room) storeAnswered() {
	f := r.feed
	f.failures = 0
	r.mu.Lock()
	f.lookedAt = time.Now()
	away := f.away
	r.mu.Unlock()
	if away {
		r.comeBack()
	}
}

// sharing is ctx for one operation of the store that a change asks for, under an id that is known if there are other nodes.
// Only the loop calls it.
func (r *room) sharing(ctx context.Context) (context.Context, string) {
	if r.feed == nil {
		return ctx, ""
	}
	ctx, op := WithOperation(ctx)
	r.feed.ask(op)
	return ctx, op
}
