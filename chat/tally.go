package chat

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"
)

// How counters are written and told. A storm of likes is stored tallyEvery and told tellEvery, whatever its size.
const (
	tallyEvery = 25 * time.Millisecond  // from one write of a room's counters to the next
	tellEvery  = 250 * time.Millisecond // from one event counters to the next
)

// A user's writes of counters in one group (spec im-websdk §8): 20 in 5 s.
const (
	counterBurst    = 20
	counterInterval = 5 * time.Second / counterBurst
)

// tally is what a room knows of its counters. While something waits or is not told yet it has a goroutine of its own, so
// that writing counters never holds up messages. The room's lock guards it.
type tally struct {
	now     Counters    // as the store has them
	waiting []*counting // for the next write, in the order they came
	busy    bool        // the goroutine exists
	told    uint64      // version the members know, or are about to
	toldAt  time.Time
	writers buckets // of those who write
}

// counting is a change on its way to the store.
type counting struct {
	by     Identity
	change CounterChange
	result Counters
	err    error
	done   chan struct{} // closed once result or err is set
}

// writeCounters hands a change to the room's tally and waits until it is stored.
func (s *Service) writeCounters(ctx context.Context, group string, by Identity, c CounterChange) (Counters, error) {
	if (c.Op == SetCounter || c.Op == AddCounter) && len(c.Values) == 0 {
		return Counters{}, ErrParameter.with("counters", "must name at least one counter")
	}
	if err := c.countersOfServer(); err != nil {
		return Counters{}, err
	}
	return s.putCounters(ctx, group, by, c)
}

// putCounters is writeCounters of a change that was looked at.
func (s *Service) putCounters(ctx context.Context, group string, by Identity, c CounterChange) (Counters, error) {
	c.Values, c.Keys = maps.Clone(c.Values), slices.Clone(c.Keys)
	if err := s.ready(ctx); err != nil {
		return Counters{}, err
	}
	w := &counting{by: by, change: c, done: make(chan struct{})}
	err := s.with(ctx, group, func(r *room) error {
		if err := cmp.Or(r.mayWriteValues(by, "counters"), r.refuseAway()); err != nil {
			return err
		}
		if err := r.tally.pace(r.rank(by), by.User, time.Now()); err != nil {
			return err
		}
		return r.tallyUp(w)
	})
	if err != nil {
		return Counters{}, err
	}
	select {
	case <-w.done:
		return w.result, w.err
	case <-ctx.Done():
		return Counters{}, ctx.Err()
	}
}

// mayWriteValues says why by may not write attributes or counters. The room's lock is held.
func (r *room) mayWriteValues(by Identity, what string) error {
	if r.manages(by) || r.s.tuned().MembersWrite && !by.Anonymous && r.has(by.User) {
		return r.keptOut(by)
	}
	return ErrPermission.with("", "only the owner and administrators may write %s here", what)
}

// pace takes what a write costs a user, or says when he may write again. The room's lock is held.
func (t *tally) pace(rank rank, user string, now time.Time) error {
	if rank >= rankServer {
		return nil
	}
	if at := t.writers.take(user, now, bucket{counterBurst, counterInterval}, maxPaces); !at.IsZero() {
		return ErrCounterPace.until(at)
	}
	return nil
}

// idle says whether nothing is left to do. The room's lock is held.
func (t *tally) idle() bool { return !t.busy && len(t.writers.full) == 0 }

// tallyUp queues a change. The room's lock is held.
func (r *room) tallyUp(w *counting) error {
	if !r.tally.busy {
		if !r.s.spawn(r.runTally) {
			return ErrStopping
		}
		r.tally.busy = true
	}
	r.tally.waiting = append(r.tally.waiting, w)
	return nil
}

// runTally stores and tells until nothing is left. The first change of a quiet room is stored and told at once, and its
// writer answered after that, as of any change of state.
func (r *room) runTally() {
	tick := time.NewTicker(tallyEvery)
	defer tick.Stop()
	for {
		all := r.takeCounters()
		r.storeCounters(all)
		told, last := r.tellCounters(time.Now())
		if told != nil {
			<-told.done
		}
		for _, w := range all {
			close(w.done)
		}
		if last {
			return
		}
		select {
		case <-tick.C:
		case <-r.s.stop:
		}
	}
}

// takeCounters takes what waits. Who lost the right meanwhile is refused.
func (r *room) takeCounters() []*counting {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.tally.waiting
	r.tally.waiting = nil
	return slices.DeleteFunc(all, func(w *counting) bool {
		if w.err = r.mayWriteValues(w.by, "counters"); r.gone {
			w.err = ErrNoGroup
		}
		if w.err != nil {
			close(w.done)
		}
		return w.err != nil
	})
}

// storeCounters makes changes in one step of the store and sets how they ended.
func (r *room) storeCounters(all []*counting) {
	if len(all) == 0 {
		return
	}
	changes := make([]CounterChange, len(all))
	for i, w := range all {
		changes[i] = w.change
	}
	ctx, cancel := r.s.storeContext()
	defer cancel()
	now, done, err := r.s.store.PutCounters(ctx, r.id, changes)
	if err = r.s.storeError(err, "put counters"); err == nil {
		r.mu.Lock()
		if r.usedAt = time.Now(); r.feed == nil || now.Version > r.tally.now.Version { // else another node has written since
			r.tally.now = now
		}
		r.mu.Unlock()
	}
	for i, w := range all {
		switch {
		case err != nil:
			w.err = err
		case done[i].Refused != nil:
			w.err = done[i].Refused
		default:
			w.result = done[i].Counters
		}
	}
}

// tellCounters sends the counters to the members if they changed and it is time, and says whether nothing is left to do.
func (r *room) tellCounters(now time.Time) (told *change, last bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &r.tally
	switch {
	case t.told == t.now.Version:
	case r.gone || len(r.members) == 0:
		t.told = t.now.Version
	case now.Sub(t.toldAt) >= tellEvery || r.s.stopping():
		t.told, t.toldAt = t.now.Version, now
		told = &change{done: make(chan struct{}), apply: (*room).countersEvent}
		if r.s.enqueue(r, nil, told) != nil {
			told = nil // at a stop, when the doors have sent everybody away
		}
	}
	t.busy = t.told != t.now.Version || len(t.waiting) > 0
	return told, !t.busy
}

// countersEvent makes the event of the counters at this moment, which may be newer than what asked for it.
func (r *room) countersEvent() (outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tally.told = r.tally.now.Version
	return outcome{items: []Item{event("counters", r.tally.now.Version, struct {
		Counters map[string]Number `json:"counters"`
	}{r.tally.now.All})}}, nil
}
