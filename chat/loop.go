package chat

import (
	"context"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// run flushes and delivers until the room is quiet for a tick. The first item of an idle room leaves at once.
func (r *room) run() {
	tick := time.NewTimer(time.Hour)
	defer tick.Stop()
	stop := r.s.stop
	for due := true; ; {
		batches, idle := r.take(due)
		if idle {
			r.rest()
			return
		}
		began := time.Now()
		r.flushAll(batches)
		if due {
			tick.Reset(r.s.cfg.pause(len(r.audience), time.Since(began)))
		}
		select {
		case <-tick.C:
			due = true
		case <-r.wake:
			due = false
		case <-stop:
			due = true
		}
	}
}

// tick is how long a room collects, from the beginning of one flush to that of the next. A write to a socket costs nearly
// the same with one message as with ten, so a large room collects longer; and one whose flush takes long, longer still: a
// message waits for a tick and a flush at most, and the flushes leave nearly half of the time to others.
func (c Config) tick(audience int, took time.Duration) time.Duration {
	const large = 1200 // members from which on TickMax holds
	d := c.TickMin + (c.TickMax-c.TickMin)*time.Duration(min(audience, large))/large
	return min(max(d, took*9/5), c.TickSlow)
}

// pause is what is left of a tick after a flush that took so long. Even one longer than its tick leaves a fifth of the
// time to others.
func (c Config) pause(audience int, took time.Duration) time.Duration {
	return max(c.tick(audience, took)-took, took/4)
}

// take returns the batches to flush now: the closed ones, and with the tick also the open one. Idle ends the loop.
func (r *room) take(due bool) (batches []*batch, idle bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	batches, r.closed = r.closed, nil
	if due && r.open != nil {
		batches, r.open = append(batches, r.open), nil
	}
	if r.feed != nil {
		r.feed.idle = len(batches)+len(r.feed.mine) == 0
	}
	if due && len(batches) == 0 && (r.feed == nil || !r.feed.busy() || r.gone || r.s.stopping()) {
		r.running = false
		return nil, true
	}
	return merged(batches), false
}

// merged puts batches together that waited for the same flush: what costs is handing one to all members, and messages of
// the server, each of which closes a batch, must not make a large room fall behind. A change still ends its batch: it may
// change what the next one may do.
func merged(batches []*batch) []*batch {
	var out []*batch
	for _, b := range batches {
		if n := len(out); n > 0 && out[n-1].change == nil && out[n-1].op == "" {
			last := out[n-1]
			last.sends = append(last.sends, b.sends...)
			last.surplus = append(last.surplus, b.surplus...)
			last.change = b.change
			continue
		}
		out = append(out, b)
	}
	return out
}

// flushAll brings batches through the store and to the members.
func (r *room) flushAll(batches []*batch) {
	if r.feed != nil {
		r.flushInTurn(batches)
		return
	}
	for _, b := range batches {
		r.flush(b)
	}
}

// flush brings one batch through the store and to the members, and answers those who wait for it.
func (r *room) flush(b *batch) {
	var out outcome
	r.s.release(r.id, b.surplus...)
	if len(b.sends) > 0 {
		r.store(r.unsilenced(b.sends))
		for _, p := range b.sends {
			if p.heard() {
				out.items = append(out.items, Item{Message: p.Message})
			}
		}
	}
	if b.change != nil {
		done, err := r.applyChange(b.change)
		b.change.err = err
		done.items = append(out.items, done.items...)
		out = done
	}
	r.conclude(out, b.sends, b.change)
}

// conclude hands what happened to the members, and answers those who wait for it: the ended sends, and a change if there is
// one.
func (r *room) conclude(out outcome, ended []*sending, c *change) {
	told := r.publish(out, ended)
	for _, p := range ended {
		if p.heard() && !p.Message.Server && !p.ack.Degraded {
			r.s.cfg.Delivered(p.Message)
		}
		r.s.count(p)
		close(p.done)
	}
	if out.after != nil {
		out.after()
	}
	if out.finally != nil {
		out.finally()
	}
	acted := len(out.acts) > 0 && r.s.cfg.Journal != nil
	if acted {
		r.s.cfg.Journal.Record(out.acts...)
	}
	if c != nil {
		c.told, c.acted = told, acted
		close(c.done)
	}
}

// heard says whether a send that ended is in the log.
func (p *sending) heard() bool { return p.err == nil && !p.ack.Dropped && !p.ack.Before && !p.Unheard }

// store lets the candidates through Store.Flush and sets their answers.
func (r *room) store(sends []*sending) {
	if len(sends) == 0 {
		return
	}
	acks, err := r.askFlush(r.s.base, r.flushOf(sends))
	for i, p := range sends {
		switch {
		case err != nil:
			p.err = err
		case acks[i].Refused != nil:
			p.err = acks[i].Refused
		default:
			p.ack = acks[i]
		}
	}
	if err != nil { // the senders may try again with the same Random
		r.s.release(r.id, keysOf(sends)...)
	}
}

// flushOf is what is asked of the store for sends.
func (r *room) flushOf(sends []*sending) Flush {
	cfg := r.s.tuned()
	f := Flush{
		Candidates: make([]Candidate, len(sends)),
		Limit:      cfg.RatePerSecond, DedupAge: cfg.DedupAge, Keep: cfg.keep(),
	}
	for i, p := range sends {
		f.Candidates[i] = p.Candidate
	}
	return f
}

func (r *room) askFlush(ctx context.Context, f Flush) ([]Ack, error) {
	if r.isGone() {
		return nil, ErrNoGroup
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.s.cfg.StoreTimeout)
	defer cancel()
	acks, err := r.s.store.Flush(ctx, r.id, f)
	return acks, r.s.storeError(err, "flush")
}

func (r *room) applyChange(c *change) (outcome, error) {
	if r.isGone() {
		return outcome{}, ErrNoGroup
	}
	return c.apply(r)
}

func (r *room) isGone() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.gone
}

// publish puts what happened into the room and hands it to everybody who is in it at that moment. Told says whether the
// Observer was told of the change.
func (r *room) publish(out outcome, ended []*sending) (told bool) {
	r.mu.Lock()
	now := time.Now()
	if !out.foreign || len(r.members) > 0 {
		r.usedAt = now
	}
	for _, item := range out.items {
		switch {
		case item.Message == nil:
			r.number(item.Event, out.at)
		case item.Message.Seq > 0: // it is in the store's too
			r.log.append(item.Message)
		}
	}
	r.log.trim(now, r.s.tuned().keep())
	for _, p := range ended {
		if r.inFlight[p.Key] == p {
			delete(r.inFlight, p.Key)
		}
		if p.err != nil {
			r.refundPace(p)
		}
	}
	if r.s.cfg.Observer != nil {
		r.tellSends(ended)
	}
	r.audience = append(r.audience[:0], r.members...)
	defer clear(r.audience) // a quiet room must not keep sessions that left
	toldBefore := r.told
	if out.update != nil {
		before := r.infoSeq()
		if out.update(r); r.infoSeq() != before {
			r.changedAt = now
		}
	}
	if len(out.facts) > 0 && r.s.cfg.Observer != nil {
		r.tell(out.facts...)
	}
	told = r.told != toldBefore
	r.mu.Unlock()

	if len(out.items) == 0 {
		return told
	}
	b := &Batch{Group: r.id, Items: out.items, Priority: mostImportant(out.items)}
	r.s.batches.Add(1)
	r.s.deliveries.Add(uint64(len(r.audience)))
	r.fanOut(b)
	return told
}

// Sizes of a fan-out.
const (
	shareLeast = 512 // members that are worth a goroutine of their own
	shareTurn  = 256 // deliveries after which others may run: 2 to 3 ms
)

// fanOut hands b to the audience, in as many shares as there are processors. It returns when everybody has it: the next
// batch must not overtake this one.
func (r *room) fanOut(b *Batch) {
	shares := max(1, min(runtime.GOMAXPROCS(0), len(r.audience)/shareLeast))
	var wg sync.WaitGroup
	for i := 1; i < shares; i++ {
		wg.Go(func() { r.deliverAll(b, r.audience[len(r.audience)*i/shares:len(r.audience)*(i+1)/shares]) })
	}
	r.deliverAll(b, r.audience[:len(r.audience)/shares])
	wg.Wait()
}

func (r *room) deliverAll(b *Batch, to []*member) {
	for len(to) > 0 {
		turn := to[:min(len(to), shareTurn)]
		for i := 0; i < len(turn); {
			i += r.deliver(b, turn[i:])
		}
		if to = to[len(turn):]; len(to) > 0 {
			runtime.Gosched()
		}
	}
}

// deliver hands b to members until all have it or one panics, which costs only that one its place. It returns how many
// it is done with.
func (r *room) deliver(b *Batch, to []*member) (n int) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		r.s.panics.Add(1)
		r.s.log.Error("chat session panicked", "room", r.id, "panic", v, "stack", string(debug.Stack()))
		r.mu.Lock()
		r.remove(to[n].sess)
		r.mu.Unlock()
		n++
	}()
	for ; n < len(to); n++ {
		to[n].sess.Deliver(b)
	}
	return n
}

func mostImportant(items []Item) Priority {
	p := Low
	for _, item := range items {
		switch {
		case item.Event != nil && item.Event.Lossy:
			continue
		case item.Event != nil || item.Message.Server:
			return High
		}
		p = min(p, item.Message.Priority.class())
	}
	return p
}

// storeContext bounds a store operation of a loop. It outlives Run's context: what was accepted is flushed.
func (s *Service) storeContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(s.base), s.cfg.StoreTimeout)
}
