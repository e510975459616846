package relay

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// room is the relays of one room while its push is on this node.
type room struct {
	*Service
	id      string
	after   <-chan struct{} // closed when those before it have ended; nil: there were none
	done    chan struct{}   // closed by who runs it
	changed chan struct{}   // capacity 1: its targets are to be read
	quit    chan struct{}   // closed: it ends now
	last    chan struct{}   // closed: it ends when what is left of the stream has been sent
	moved   atomic.Bool     // the push is on another node, which posts
	ctx     context.Context // of run
	away    bool            // its targets could not be read; run's own

	// Guarded by Service.mu.
	epoch    string
	revision uint64
	quitting bool
	ending   bool

	mu   sync.Mutex // guards runs
	runs map[string]*run
}

func newRoom(s *Service, id string) *room {
	r := &room{
		Service: s, id: id, done: make(chan struct{}), changed: make(chan struct{}, 1), quit: make(chan struct{}), last: make(chan struct{}),
		runs: map[string]*run{},
	}
	r.look()
	return r
}

// stop ends it at once. Service.mu is held.
func (r *room) stop() {
	if !r.quitting {
		r.quitting = true
		close(r.quit)
	}
}

// finish ends it after the rest of the stream. Service.mu is held.
func (r *room) finish() {
	if !r.ending {
		r.ending = true
		close(r.last)
	}
}

// over says that it ends or has ended. Service.mu is held.
func (r *room) over() bool { return r.quitting || r.ending }

// look has the targets read soon.
func (r *room) look() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// states are how the targets do.
func (r *room) states() map[string]State {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make(map[string]State, len(r.runs))
	for id, one := range r.runs {
		all[id] = one.board.get()
	}
	return all
}

// run relays until the push is elsewhere, its session is over, or ctx ends.
func (r *room) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.ctx = ctx
	if r.after != nil {
		select {
		case <-r.after:
		case <-ctx.Done():
			return
		}
	}
	defer r.leave()
	look, post := time.NewTicker(r.cfg.Look), time.NewTicker(r.cfg.Post)
	defer look.Stop()
	defer post.Stop()
	last := r.last
	var retry <-chan time.Time
	read := func() {
		if retry = nil; !r.read(ctx) {
			retry = time.After(retryRead)
		}
	}
	for {
		var ending <-chan struct{}
		if last == nil { // the relays end by themselves
			if ending = r.unfinished(); ending == nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-r.quit:
			return
		case <-last:
			last = nil
			r.drain()
		case <-ending: // and others may still
		case <-look.C:
			read()
		case <-r.changed:
			read()
		case <-retry:
			read()
		case <-post.C:
			r.post(ctx)
		}
	}
}

// drain lets the relays end by themselves.
func (r *room) drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.runs {
		one.ends()
	}
}

// unfinished is closed when one of the relays ends that have not ended; nil: all have.
func (r *room) unfinished() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.runs {
		if !isClosed(one.done) {
			return one.done
		}
	}
	return nil
}

// leave ends all relays, and says so on the board unless another node does that now.
func (r *room) leave() {
	r.mu.Lock()
	runs := r.runs
	r.runs = map[string]*run{}
	r.mu.Unlock()
	for _, one := range runs {
		one.cancel(nil)
	}
	for _, one := range runs {
		<-one.done
	}
	if r.cfg.Board != nil && !r.moved.Load() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), time.Second)
		defer cancel()
		_ = r.cfg.Board.Post(ctx, r.id, map[string]State{}) // else it is outdated by itself
	}
}

// retryRead is how long to wait before targets are read again that could not be.
const retryRead = time.Second

// read brings the relays in step with the targets that are stored. It says whether it could: where the store is away they go on
// as they are.
func (r *room) read(ctx context.Context) bool {
	if isClosed(r.last) {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Look)
	defer cancel()
	here, err := r.rooms.Room(ctx, r.id)
	if err != nil {
		return r.failed(err)
	}
	if !here.Here { // news that it began here came late
		r.Service.mu.Lock()
		defer r.Service.mu.Unlock()
		r.stop()
		return true
	}
	all, err := r.targetsOf(ctx, r.id, here)
	if err != nil {
		return r.failed(err)
	}
	r.away = false
	all = slices.DeleteFunc(all, func(t Target) bool { return !t.Enabled })
	old := r.outdated(all)
	for _, one := range old {
		one.cancel(errOff)
	}
	for _, one := range old {
		<-one.done
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range all {
		if r.runs[t.ID] == nil {
			r.runs[t.ID] = r.start(t, here.Stream)
		}
	}
	return true
}

// failed notes that the targets could not be read.
func (r *room) failed(err error) bool {
	if !r.away && r.ctx.Err() == nil {
		r.log.Warn("relays of a room can't be read; will retry", "room", r.id, "err", err)
	}
	r.away = true
	return false
}

// outdated takes out the relays that are not what they should be any more.
func (r *room) outdated(all []Target) (old []*run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, one := range r.runs {
		i := slices.IndexFunc(all, func(t Target) bool { return t.ID == id })
		if i < 0 || all[i].URL != one.target.URL {
			delete(r.runs, id)
			old = append(old, one)
		}
	}
	return old
}

// post shows the states to other nodes.
func (r *room) post(ctx context.Context) {
	states := r.states()
	if r.cfg.Board == nil || len(states) == 0 || r.moved.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Post)
	defer cancel()
	if err := r.cfg.Board.Post(ctx, r.id, states); err != nil {
		r.log.Debug("states of relays not posted", "room", r.id, "err", err)
	}
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}
