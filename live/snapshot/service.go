package snapshot

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"liveroom/live/blob"
)

// Config says what is taken and kept. Zero fields take their defaults.
type Config struct {
	Widths []int // of each picture, 0 for the stream's own; default that alone
	Keep   int   // the newest pictures of a room; default 10

	// Sources are the rooms whose push is on this node now. It is asked once a second and may take a while.
	Sources func(context.Context) []Source
	// Taken is told of each picture once it is kept, before those who wait for it; may be nil. It may take a moment, as storing
	// does: the room's next picture waits, and no other room's.
	Taken func(context.Context, Taken)
}

const (
	step       = 250 * time.Millisecond // how often it is looked whose turn it is
	sourceStep = time.Second            // and whose push is here
	storeTime  = 30 * time.Second       // for a picture to be stored
	listTime   = 5 * time.Second        // for those of a room to be listed
	maxStoring = 16                     // pictures being stored at a time
	maxWaiting = 32                     // callers of Take for one room
	maxGone    = 1024                   // rooms that were deleted; beyond, Sweep finds their pictures
)

// Service takes pictures while Run runs, and reads them at any time.
type Service struct {
	cfg    Config
	frames Frames
	maker  Maker
	store  blob.Store
	log    *slog.Logger
	cache  *cache
	flight singleflight.Group
	counts counts

	wake chan struct{}
	gone chan departed // rooms whose pictures are to be removed

	mu      sync.Mutex // guards all below; not held while anything is made, stored or told
	running bool
	rooms   map[string]*room
	queue   []*room
	making  int
	storing int
}

// room is where taking pictures of one stands.
type room struct {
	source  Source
	here    bool // among the sources
	due     time.Time
	begun   time.Time // the last picture
	last    mark
	shots   []Shot // of last, empty if it failed
	queued  bool
	lined   time.Time // when it was queued last
	busy    bool      // being taken
	failing bool      // as the log knows
	waiting []chan<- outcome
}

// mark says which keyframe was the last.
type mark struct {
	session    string
	generation uint64
	time       int64
}

type outcome struct {
	shots []Shot
	err   error
}

// New returns a service over a store. It starts nothing.
func New(cfg Config, frames Frames, maker Maker, store blob.Store, log *slog.Logger) *Service {
	if len(cfg.Widths) == 0 {
		cfg.Widths = []int{0}
	}
	cfg.Keep = cmp.Or(cfg.Keep, 10)
	return &Service{
		cfg: cfg, frames: frames, maker: maker, store: store, log: log, cache: newCache(),
		wake: make(chan struct{}, 1), gone: make(chan departed, maxGone), rooms: map[string]*room{},
	}
}

// Available says why no pictures can be taken on this node, an *Unavailable; nil if they can.
func (s *Service) Available() error { return s.maker.Available() }

// Run takes pictures until ctx ends. When it returns none is being taken.
func (s *Service) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer s.rest()
	defer wg.Wait()
	s.mu.Lock()
	s.running = true
	s.mu.Unlock()
	wg.Go(func() { s.forgetting(ctx) })
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	var (
		looked  time.Time
		missing error
	)
	for {
		if now := time.Now(); now.Sub(looked) >= sourceStep {
			looked = now
			s.meet(s.cfg.Sources(ctx))
			missing = s.mayMake(missing)
		}
		if missing == nil {
			s.line(time.Now())
		}
		s.begin(ctx, &wg)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		case <-s.wake:
		}
	}
}

// mayMake says why no picture can be made at all, and logs it when that changes.
func (s *Service) mayMake(was error) error {
	err := s.maker.Available()
	s.mu.Lock()
	wanted := false
	for _, r := range s.rooms {
		wanted = wanted || r.source.Every > 0
	}
	s.mu.Unlock()
	switch {
	case err != nil && !wanted:
		return was // nobody misses anything
	case err != nil && was == nil:
		s.log.Warn("screenshots are not taken", "err", err)
	case err == nil && was != nil:
		s.log.Info("screenshots are taken again")
	}
	return err
}

// rest sends those away who wait.
func (s *Service) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running, s.queue = false, nil
	for _, r := range s.rooms {
		r.answer(outcome{err: ErrNoStream})
	}
	clear(s.rooms)
}

// answer tells those who wait for a room's picture. The service's mutex is held; each channel has room for one.
func (r *room) answer(o outcome) {
	for _, w := range r.waiting {
		w <- o
	}
	r.waiting = nil
}

// meet takes note of whose push is here. A room that is gone is remembered until its next picture would be due, so that a push
// that comes again and again does not bring pictures more often.
func (s *Service) meet(sources []Source) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rooms {
		r.here = false
	}
	for _, src := range sources {
		r := s.rooms[src.Room]
		if r == nil {
			r = &room{due: now}
			s.rooms[src.Room] = r
		}
		if every := r.source.Every; every != src.Every && src.Every > 0 {
			r.due = minTime(r.due, now.Add(src.Every))
		}
		r.source, r.here = src, true
	}
	for id, r := range s.rooms {
		if !r.here && !r.queued && !r.busy && !now.Before(r.due) {
			r.answer(outcome{err: ErrNoStream})
			delete(s.rooms, id)
		}
	}
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// line queues the rooms that are due and have a newer keyframe.
func (s *Service) line(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rooms {
		if r.here && !r.queued && !r.busy && r.source.Every > 0 && !now.Before(r.due) && s.fresh(r) {
			r.queued, r.lined = true, now
			s.queue = append(s.queue, r)
		}
	}
}

// next takes the room out of the queue whose turn it is: one that somebody waits for, else the one whose last picture was
// begun first. So all come equally often where not all can come as often as they want. The mutex is held.
func (s *Service) next() *room {
	first := 0
	for i, r := range s.queue {
		if f := s.queue[first]; turn(r, f) < 0 {
			first = i
		}
	}
	r := s.queue[first]
	s.queue = slices.Delete(s.queue, first, first+1)
	r.queued = false
	return r
}

// turn is negative where a comes before b.
func turn(a, b *room) int {
	switch asked := len(a.waiting) > 0; {
	case asked != (len(b.waiting) > 0) && asked:
		return -1
	case asked != (len(b.waiting) > 0):
		return 1
	}
	return cmp.Or(a.begun.Compare(b.begun), cmp.Compare(a.source.Room, b.source.Room))
}

// fresh says whether a keyframe came since the last picture.
func (s *Service) fresh(r *room) bool {
	k, ok := s.frames.Keyframe(r.source.Stream)
	return ok && mark{k.Session, k.Generation, k.Time} != r.last
}

// begin takes pictures of those in the queue, as many at a time as may be.
func (s *Service) begin(ctx context.Context, wg *sync.WaitGroup) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) > 0 && s.making < s.maker.AtOnce() && s.storing < maxStoring && ctx.Err() == nil {
		r := s.next()
		k, ok := s.frames.Keyframe(r.source.Stream) // the newest by now, not the one it was queued for
		if !ok || !r.here {
			r.answer(outcome{err: ErrNoStream})
			continue
		}
		now := time.Now()
		if every := r.source.Every; every > 0 && !now.Before(r.due) {
			missed := now.Sub(r.due) / every
			unseen := max(r.lined.Sub(r.due), 0) / every // there was no keyframe for these
			s.counts.skipped.Add(uint64(max(missed-unseen, 0)))
			r.due = r.due.Add((missed + 1) * every)
		}
		r.last, r.shots, r.busy, r.begun = mark{k.Session, k.Generation, k.Time}, nil, true, now
		s.making++
		source := r.source
		wg.Go(func() { s.take(ctx, r, source, k, now) })
	}
}

// nudge has Run look at once.
func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
