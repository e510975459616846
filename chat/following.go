package chat

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// How a room keeps in step with the other nodes (design §7).
const (
	holeWait  = 50 * time.Millisecond  // how long an entry may be late before the store is asked for it
	lookEvery = 10 * time.Second       // from one look at the store to the next, although nothing seems to be missing
	lookAgain = 200 * time.Millisecond // from one try to the next while the store does not answer
	lookMost  = 500                    // entries asked for at once
	inboxMost = 20_000                 // entries that wait; beyond, they are asked for when it is their turn
)

// following is what a room of a Feed has beside others: the entries that it is still to take in, and how well the store
// answers. The room's lock guards it, but for what is said to be the loop's own.
type following struct {
	r    *room
	stop func() // of the subscription; waits for calls under way

	begun bool    // the room is filled
	early []Entry // before that

	pos   uint64           // of the newest entry that is in the room
	inbox map[uint64]Entry // those above it, by position
	look  bool             // some may be missing

	away   bool // the store is, and the room degraded
	window window
	dedup  dedup        // of messages that went to this node's members only
	doubts map[Key]bool // of sends that may be in the log: nobody knows

	idle   bool            // the loop, if it runs, does nothing but take in
	looked []chan struct{} // of who waits for the next look; closed then

	asking string // the operation that the loop is about

	mine     map[string]*own // by operation; the loop's own
	holeAt   time.Time       // since when an entry is missing; the loop's own
	askedAt  time.Time       // when the store was looked at last; the loop's own
	failures int             // of the store in a row; the loop's own
	failedAt time.Time       // when the first of them began; the loop's own

	lookedAt time.Time // when it was known last that nothing is missing
}

// follow subscribes a new room, before it is loaded.
func (s *Service) follow(ctx context.Context, r *room) error {
	if s.feed == nil {
		return nil
	}
	r.feed = &following{r: r, inbox: make(map[uint64]Entry), mine: make(map[string]*own)}
	stop, err := s.feed.Follow(ctx, r.id, r.feed)
	if err == nil {
		r.feed.stop = sync.OnceFunc(stop)
	}
	return err
}

// unfollow ends what follow began. The room's lock is not held.
func (r *room) unfollow() {
	if r.feed != nil && r.feed.stop != nil {
		r.feed.stop()
	}
}

// begin goes on from a state of the group: what is in it already is not taken in again. The room's lock is held.
func (f *following) begin(state GroupState) {
	f.begun, f.pos, f.lookedAt = true, state.Pos, time.Now()
	early := f.early
	f.early = nil
	for _, e := range early {
		f.put(e)
	}
	if f.busy() {
		f.r.rouse(true)
	}
}

// Took implements Follower.
func (f *following) Took(e Entry) {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	switch {
	case f.r.gone:
	case f.begun:
		f.put(e)
		f.r.rouse(!e.plain() && e.Op != f.asking)
	case len(f.early) < inboxMost:
		f.early = append(f.early, e)
	default:
		f.look = true
	}
}

// Missed implements Follower.
func (f *following) Missed() {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	if f.look = true; f.begun && !f.r.gone {
		f.r.rouse(true)
	}
}

// put files an entry, if it is new. The room's lock is held.
func (f *following) put(e Entry) {
	switch {
	case e.Epoch != f.r.epoch, len(f.inbox) >= inboxMost && e.Pos > f.pos:
		f.look = true
	case e.Pos > f.pos:
		f.inbox[e.Pos] = e
	}
}

// next takes the entry that follows, if it is there.
func (f *following) next() (e Entry, ok bool) {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	if e, ok = f.inbox[f.pos+1]; ok {
		f.pos++
		delete(f.inbox, f.pos)
	}
	return e, ok
}

// ask notes what the loop asks the store for: it is about to look for the entry, and need not be woken for it.
func (f *following) ask(op string) {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	f.asking = op
}

// has says whether the entry of an operation waits.
func (f *following) has(op string) bool {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	for _, e := range f.inbox {
		if e.Op == op {
			return true
		}
	}
	return false
}

// busy says whether the loop has something to do for it. The room's lock is held.
func (f *following) busy() bool { return len(f.inbox) > 0 || f.look || f.away }

// quiet says whether the room's loop does nothing for this node. The room's lock is held.
func (r *room) quiet() bool {
	if !r.running || r.feed == nil {
		return !r.running
	}
	return r.feed.idle && !r.feed.away && r.open == nil && len(r.closed) == 0
}

// hole says whether later entries wait for one that is missing.
func (f *following) hole() bool {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	_, next := f.inbox[f.pos+1] // it came while the others were handed out
	return len(f.inbox) > 0 && !next
}

// takeLook says whether the store is to be looked at, and notes that it is.
func (f *following) takeLook() bool {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	look := f.look || f.away
	f.look = false
	return look
}

// tellLooked tells who waits that the store was looked at.
func (f *following) tellLooked() {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	for _, looked := range f.looked {
		close(looked)
	}
	f.looked = nil
}

// overtake waits until a room has seen what a member has who comes from another node, but not for long: what is missing
// then comes later, and he has it already.
func (s *Service) overtake(ctx context.Context, group string, since *Position) {
	if s.feed == nil || since == nil {
		return
	}
	s.lookNow(ctx, group, func(r *room) bool {
		return since.Epoch > r.epoch || since.Epoch == r.epoch && since.Seq > r.log.last
	})
}

// lookNow waits until a room has looked at the store, if it is one that must. Its lock is held while that is asked.
func (s *Service) lookNow(ctx context.Context, group string, must func(*room) bool) {
	var looked chan struct{}
	_ = s.with(ctx, group, func(r *room) error { // who asked finds out that there is no such group
		if f := r.feed; !f.away && must(r) {
			looked = make(chan struct{})
			f.looked = append(f.looked, looked)
			f.look = true
			r.rouse(true)
		}
		return nil
	})
	if looked == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.StoreTimeout)
	defer cancel()
	select {
	case <-looked:
	case <-s.stop:
	case <-ctx.Done():
	}
}

// lookLater notes that the store is to be looked at, by the loop in its time.
func (f *following) lookLater() {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	f.look = true
}

// isAway says whether the room is degraded.
func (r *room) isAway() bool {
	if r.feed == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.feed.away
}

// rouse sees to it that the room's loop runs, and with wake that it does not wait for its tick. The room's lock is held.
func (r *room) rouse(wake bool) {
	if !r.running {
		r.running = r.s.spawn(r.run)
		return
	}
	if !wake {
		return
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// lookUp lets a room that somebody is in look whether it has missed something without knowing. That the store is away for
// one room makes the others look at once.
func (s *Service) lookUp(r *room, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.feed
	if f == nil || r.gone || len(r.members) == 0 {
		return
	}
	if now.Sub(f.lookedAt) >= lookEvery || s.degraded.Load() > 0 && !f.away {
		f.look = true
		r.rouse(true)
	}
}

// keepUp asks the store for what is missing, when it is time. Only the loop calls it.
func (r *room) keepUp() {
	f := r.feed
	now := time.Now()
	switch {
	case !f.hole():
		f.holeAt = time.Time{}
	case f.holeAt.IsZero():
		f.holeAt = now
	case now.Sub(f.holeAt) >= holeWait:
		f.lookLater()
	}
	if (f.failures == 0 || now.Sub(f.askedAt) >= lookAgain) && !r.isGone() && f.takeLook() {
		f.askedAt = now
		r.fetch()
		f.tellLooked()
	}
	r.expireDoubts(now)
}

// fetch asks the store for what is missing, and takes it in. Only the loop calls it.
func (r *room) fetch() {
	f := r.feed
	for {
		began := time.Now()
		found, whole, err := r.entries()
		switch {
		case errors.Is(err, ErrNoGroup):
			r.end()
			return
		case err != nil:
			f.lookLater()
			r.storeFailed(began)
			return
		case !whole:
			r.takeOver()
			return
		}
		r.mu.Lock()
		for _, e := range found {
			f.put(e)
		}
		r.mu.Unlock()
		r.advance()
		if len(found) < lookMost || r.isGone() {
			r.storeAnswered()
			return
		}
	}
}

// entries asks for the next ones.
func (r *room) entries() ([]Entry, bool, error) {
	ctx, cancel := r.s.storeContext()
	defer cancel()
	r.mu.Lock()
	epoch, pos := r.epoch, r.feed.pos
	r.mu.Unlock()
	found, whole, err := r.s.feed.Entries(ctx, r.id, epoch, pos, lookMost)
	return found, whole, r.s.storeError(err, "entries")
}

// plain says whether an entry is of messages alone, which may wait for the tick.
func (e *Entry) plain() bool {
	if len(e.Messages) == 0 || e.Status != nil {
		return false
	}
	return !slices.ContainsFunc(e.Messages, func(m *Message) bool { return m.Server })
}
