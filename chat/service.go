package chat

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// roomIdle is how long a room without sessions stays in memory.
const roomIdle = time.Minute

// Service is every chat room of this node.
type Service struct {
	cfg   Config // without what Tune changes, which is in tuning
	store Store
	feed  Feed // the store's, if several nodes use it; nil: this one is alone
	log   *slog.Logger

	tuning atomic.Pointer[Config]

	started chan struct{}   // closed when Run begins
	stop    chan struct{}   // closed when Run ends
	base    context.Context // of the rooms' goroutines; set before started is closed
	wg      sync.WaitGroup  // the rooms' goroutines

	life    sync.Mutex // guards running and stopped, and wg.Go against wg.Wait
	running bool
	stopped bool

	mu    sync.Mutex // guards rooms
	rooms map[string]*room

	presence *presence
	abroad   *abroad // nil: this node is alone
	silences *silences
	begun    time.Time
	restless restless
	founders founders
	letters  letters
	holds    holds

	complaints complaints

	broadcasts broadcasts
	turns      turns
	births     births

	sessions   atomic.Int64
	degraded   atomic.Int64 // rooms
	batches    atomic.Uint64
	deliveries atomic.Uint64
	panics     atomic.Uint64
	direct     atomic.Uint64
	recalls    atomic.Uint64
	blocks     atomic.Uint64
	told       atomic.Uint64
	untold     atomic.Uint64
	refusals   [len(refusals)]atomic.Uint64
	fates      [Lowest + 1][fates]atomic.Uint64
}

// New checks cfg and returns a Service that works once Run does.
func New(cfg Config, store Store, log *slog.Logger) (*Service, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	a := newAbroad(cfg.Neighbours)
	feed, _ := store.(Feed)
	s := &Service{
		cfg: cfg.TunedTo(Tuning{}), store: store, feed: feed, log: log, abroad: a,
		started: make(chan struct{}), stop: make(chan struct{}), rooms: make(map[string]*room),
		presence: newPresence(a), silences: newSilences(), begun: time.Now(), restless: restless{stirred: make(chan struct{}, 1)}, holds: holds{wake: make(chan struct{}, 1)},
	}
	s.tuning.Store(&cfg)
	return s, nil
}

// Run owns every room's goroutine until ctx ends. When it returns, none is running and everything accepted is flushed.
// What is sent before Run begins waits for it. It runs once, and fails at once if the store does not tell who is silenced.
func (s *Service) Run(ctx context.Context) error {
	s.life.Lock()
	if s.running {
		s.life.Unlock()
		return errors.New("chat: Run called twice")
	}
	s.running, s.base = true, ctx
	s.life.Unlock()
	defer s.halt()
	if err := s.prepare(ctx); err != nil {
		return err
	}
	close(s.started)

	var expiry sync.WaitGroup
	expiry.Go(func() { s.expire(ctx) })
	expiry.Go(func() { s.manRobots(ctx) })
	expiry.Go(func() { s.live(ctx) })
	expiry.Go(func() { s.letGo(ctx) })
	s.sweep(ctx)
	expiry.Wait()
	return context.Cause(ctx)
}

// Begun waits until what is asked of the Service is done, and does not wait: who is silenced is known.
func (s *Service) Begun(ctx context.Context) error {
	select {
	case <-s.started:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// prepareEvery is how long a node waits before it asks a store again that did not answer at its start.
const prepareEvery = 500 * time.Millisecond

// prepare learns from the store what must be known before anybody may come. A store that several nodes use may be away for a
// while; what one's own file doesn't tell it never will.
func (s *Service) prepare(ctx context.Context) error {
	for first := true; ; first = false {
		err := s.loadSilences(ctx)
		if err == nil || s.feed == nil {
			return err
		}
		if first {
			s.log.Warn("nobody may come before the store answers", "error", err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(prepareEvery):
		}
	}
}

// halt lets nothing begin any more, and waits for what is under way.
func (s *Service) halt() {
	s.life.Lock()
	s.stopped = true
	s.life.Unlock()
	close(s.stop)
	s.wg.Wait()
	s.lastWords()
	for _, r := range s.loaded() {
		r.unfollow()
	}
}

// sweep does until ctx ends what no message triggers: pushing counts, telling of people, and putting idle rooms away.
func (s *Service) sweep(ctx context.Context) {
	tick := time.NewTicker(s.cfg.CountEvery)
	defer tick.Stop()
	people := time.NewTimer(time.Hour)
	defer people.Stop()
	people.Stop()
	away := time.NewTicker(awayEvery)
	defer away.Stop()
	if s.cfg.Gate == nil && s.cfg.Observer == nil {
		away.Stop() // nobody wants to know
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.restless.stirred:
			people.Reset(peopleEvery)
		case now := <-people.C:
			for r := range s.restless.take() {
				s.pushPeople(r, now)
			}
		case now := <-away.C:
			for _, r := range s.loaded() {
				r.lookForAway(now)
			}
		case now := <-tick.C:
			for _, r := range s.loaded() {
				s.pushCount(r, now)
				s.putAway(r, now)
				s.lookUp(r, now)
			}
		}
	}
}

// loaded returns the rooms in memory.
func (s *Service) loaded() []*room {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*room, 0, len(s.rooms))
	for _, r := range s.rooms {
		if r.loaded() {
			all = append(all, r)
		}
	}
	return all
}

// inMemory is a group's room if it is loaded; nil: it is not.
func (s *Service) inMemory(group string) *room {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[group]
	if r == nil || !r.loaded() {
		return nil
	}
	return r
}

// putAway forgets a room nobody has used for a while; the store knows all of it.
func (s *Service) putAway(r *room, now time.Time) {
	r.mu.Lock()
	r.trimPaces(now)
	r.tally.writers.trim(now, trimPaces)
	r.retire(now)
	idle := r.quiet() && len(r.robots) == 0 && r.tally.idle() && len(r.members) == 0 && len(r.paces) == 0 && len(r.inFlight) == 0 && len(r.away) == 0 && now.Sub(r.usedAt) >= roomIdle
	r.gone = r.gone || idle
	r.mu.Unlock()
	if idle {
		s.drop(r)
	}
}

// drop takes a room out of the table.
func (s *Service) drop(r *room) {
	s.mu.Lock()
	if s.rooms[r.id] == r {
		delete(s.rooms, r.id)
	}
	s.mu.Unlock()
	r.unfollow()
}

// with runs f on a group's room, under its lock.
func (s *Service) with(ctx context.Context, group string, f func(*room) error) error {
	for {
		r, err := s.room(ctx, group)
		if err != nil {
			return err
		}
		r.mu.Lock()
		if !r.gone {
			err := f(r)
			r.mu.Unlock()
			return err
		}
		r.mu.Unlock()
		s.drop(r) // whoever made it gone is about to do the same
	}
}

// room finds a room or loads it, once for all who ask.
func (s *Service) room(ctx context.Context, group string) (*room, error) {
	if !validID(group) {
		return nil, ErrGroupID
	}
	s.mu.Lock()
	r, ok := s.rooms[group]
	if !ok {
		r = newRoom(s, group)
		s.rooms[group] = r
	}
	s.mu.Unlock()
	if !ok {
		s.load(ctx, r)
	}
	select {
	case <-r.ready:
		return r, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// load fills a new room. Others wait for it, so that the first caller's going away must not fail them.
func (s *Service) load(ctx context.Context, r *room) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.StoreTimeout)
	defer cancel()
	state, err := s.begin(ctx, r)
	if err == nil {
		err = s.births.wait(ctx, r.id) // the store may have it a moment before it is told of
	}
	if r.err = s.storeError(err, "load"); r.err != nil {
		s.drop(r)
	} else {
		r.mu.Lock()
		r.fill(state)
		r.mu.Unlock()
	}
	close(r.ready)
}

// begin loads a group, what happens to it from now on included.
func (s *Service) begin(ctx context.Context, r *room) (GroupState, error) {
	if err := s.follow(ctx, r); err != nil {
		return GroupState{}, err
	}
	return s.store.LoadGroup(ctx, r.id)
}

// storeError turns what a store could not do into a refusal, and logs it now and then.
func (s *Service) storeError(err error, op string) error {
	var refusal *Error
	if err == nil || errors.As(err, &refusal) || errors.Is(err, ErrOutdated) {
		return err
	}
	s.complaints.say(s.log, op, err)
	return ErrUnavailable
}

// stopping says whether Run is over.
func (s *Service) stopping() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// ready waits until Run has begun.
func (s *Service) ready(ctx context.Context) error {
	if s.stopping() {
		return ErrStopping
	}
	select {
	case <-s.started:
		return nil
	case <-s.stop:
		return ErrStopping
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enqueue puts p into the room's open batch, and c behind it, which closes the batch. The room's lock is held.
func (s *Service) enqueue(r *room, p *sending, c *change) error {
	if !r.running {
		if !s.spawn(r.run) {
			return ErrStopping
		}
		r.running = true
	}
	if r.open == nil {
		r.open = &batch{}
	}
	if p != nil {
		r.open.sends = append(r.open.sends, p)
	}
	r.open.change = c
	if c == nil && !p.Message.Server {
		return nil
	}
	r.closed, r.open = append(r.closed, r.open), nil
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return nil
}

// spawn starts a goroutine of a room, unless Run is over.
func (s *Service) spawn(run func()) bool {
	s.life.Lock()
	defer s.life.Unlock()
	if !s.running || s.stopped {
		return false
	}
	s.wg.Go(run)
	return true
}

// change lets the room's loop apply a change in its turn and waits for it. Permit is asked under the room's lock, before
// the change is queued and again in its turn: what was before it may have taken the right away.
func (s *Service) change(ctx context.Context, group string, permit func(*room) error, apply func(context.Context) (outcome, error)) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	c := &change{done: make(chan struct{})}
	may := permit
	permit = func(r *room) error { return cmp.Or(may(r), r.refuseAway()) }
	c.apply = func(r *room) (outcome, error) {
		if err := r.asks(permit); err != nil {
			return outcome{}, err
		}
		ctx, cancel := s.storeContext()
		defer cancel()
		ctx, c.op = r.sharing(ctx)
		return apply(ctx)
	}
	err := s.with(ctx, group, func(r *room) error {
		if err := permit(r); err != nil {
			return err
		}
		return s.enqueue(r, nil, c)
	})
	if err != nil {
		return err
	}
	select {
	case <-c.done:
		if c.acted {
			s.cfg.Journal.Settle(ctx)
		}
		if c.told {
			s.settled(ctx)
		}
		return c.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// validID says whether id is a group id: 1 to 48 printable ASCII characters (spec im-rest §3.0).
func validID(id string) bool {
	if id == "" || len(id) > 48 {
		return false
	}
	for _, c := range []byte(id) {
		if c < 0x20 || c > 0x7e {
			return false
		}
	}
	return true
}
