package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Service is all queues. Its methods may be called at any time, from any goroutine.
type Service struct {
	cfg    Config
	store  Store
	sender Sender
	log    *slog.Logger
	epoch  string // of this Service, in the ids that it makes

	write   chan struct{} // tells the writer that somebody settles,
	hurry   chan struct{} // that much waits,
	changed chan struct{} // and that something is to be stored some time

	mu        sync.Mutex // guards all below, and what endpoints and queues have
	endpoints map[string]*endpoint
	queues    map[Key]*queue
	numbered  uint64 // ids made
	flying    int    // tries under way
	run       *run   // nil while Run does not run

	dirty     map[*queue]bool // what of it changed is not stored
	change    Change          // what else is to be stored; its Queues are made from dirty
	lastDead  uint64          // N of the newest dead letter
	hard      uint64          // events of State and People, and acts on dead letters, so far
	settled   uint64          // of those, the ones that need not be waited for
	moved     chan struct{}   // closed and made anew whenever settled grows
	unwritten int64           // bytes of items that are not stored
	windows   int64           // bytes of items in windows
	talk      int64           // bytes of Talk in all queues
	inbox     inbox           // what was taken out of an Exchange's inbox and is to be stored
	failures  uint64          // of the store
	past      counts          // of endpoints that are gone
	losing    bool            // an event of State was lost, and that was said

	deadTurn sync.Mutex // one act on dead letters at a time; taken before mu
}

// run is a Run that runs.
type run struct {
	ctx context.Context
	wg  sync.WaitGroup
}

// New returns a Service that goes on with what the store has. It sends nothing before SetEndpoints and Run.
func New(ctx context.Context, cfg Config, store Store, sender Sender, log *slog.Logger) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Service{
		cfg: cfg.withDefaults(), store: store, sender: sender, log: log,
		epoch: newEpoch(),
		write: make(chan struct{}, 1), hurry: make(chan struct{}, 1), changed: make(chan struct{}, 1), moved: make(chan struct{}),
		endpoints: map[string]*endpoint{}, queues: map[Key]*queue{}, dirty: map[*queue]bool{},
	}
	queues, err := store.Queues(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the queues of callbacks: %w", err)
	}
	for _, q := range queues {
		s.adopt(q)
	}
	counts, err := store.DeadCounts(ctx)
	if err != nil {
		return nil, fmt.Errorf("count the dead letters of callbacks: %w", err)
	}
	for _, c := range counts {
		s.endpoint(c.Endpoint).dead[c.Class] = c.Count
		s.lastDead = max(s.lastDead, c.Last)
	}
	return s, nil
}

// SetEndpoints says which endpoints there are. What is kept for others is removed; what changes, is in force at once.
func (s *Service) SetEndpoints(all map[string]Habit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, ep := range s.endpoints {
		if _, stays := all[id]; !stays {
			s.remove(ep)
		}
	}
	for id, habit := range all {
		ep := s.endpoint(id)
		ep.habit = habit
		if habit.Tries > 0 {
			ep.close()
		}
	}
	s.startAll()
}

// remove forgets an endpoint and all it has.
func (s *Service) remove(ep *endpoint) {
	delete(s.endpoints, ep.id)
	ep.close()
	s.past.add(ep.counts)
	for key, q := range s.queues {
		if q.ep == ep {
			s.discard(q, q.next)
			q.gone = true
			delete(s.queues, key)
			delete(s.dirty, q)
		}
	}
	of := func(endpoint string) bool { return endpoint == ep.id }
	s.change.Dead = slices.DeleteFunc(s.change.Dead, func(l DeadLetter) bool { return of(l.Endpoint) })
	s.change.DeadDrop = slices.DeleteFunc(s.change.DeadDrop, func(d DeadDrop) bool { return of(d.Endpoint) })
	s.change.Gone = append(s.change.Gone, ep.id)
	signal(s.changed)
}

// inbox is a place in an inbox, and the bytes up to there from the one before.
type inbox struct {
	place string
	bytes int64
}

// take queues events of an inbox in their order; those for endpoints that there are not are forgotten.
func (s *Service) take(events []Posted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		s.inbox.place = e.Place
		s.inbox.bytes += e.Bytes
		ep := s.endpoints[e.Endpoint]
		if ep == nil || e.Class >= classes {
			continue
		}
		q := s.queue(ep, Key{e.Endpoint, e.Room, e.Class})
		if e.QueuedAt.Before(q.usedAt) {
			e.QueuedAt = q.usedAt
		}
		ep.counts.dropped[e.Class] += e.Lost
		s.enqueue(ep, e.Event, e.QueuedAt, false)
		s.forget(q)
	}
	signal(s.changed)
}

// waiting is how many bytes of events wait for the store.
func (s *Service) waiting() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unwritten
}

// Append queues events in their order; those for endpoints that there are not are forgotten. It never blocks.
func (s *Service) Append(events ...Event) {
	if len(events) == 0 {
		return
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		if ep := s.endpoints[e.Endpoint]; ep != nil && e.Class < classes {
			s.enqueue(ep, e, now, false)
		}
	}
}

// enqueue queues one event. Given again are those that come out of dead letters: their ids are known.
func (s *Service) enqueue(ep *endpoint, e Event, now time.Time, again bool) {
	q := s.queue(ep, Key{e.Endpoint, e.Room, e.Class})
	once := e.Class == State && !again && e.ID != ""
	if once && slices.Contains(q.recent, e.ID) {
		return
	}
	if e.ID == "" {
		e.ID = s.newID(e.Room)
	}
	if e.At.IsZero() {
		e.At = now
	}
	item := &Item{Event: e, QueuedAt: now}
	if s.unwritten+item.size() > s.cfg.Unwritten && !s.relieve(q) {
		s.forget(q)
		return
	}
	if once {
		q.remember(e.ID)
	}
	if e.Class != Talk {
		s.hard++
	}
	s.push(q, item)
	if most := s.cfg.each(e.Class); most > 0 && q.next-q.first > most {
		s.drop(q, q.next-most)
	}
	if s.talk > s.cfg.Backlog {
		s.trimBacklog()
	}
	s.schedule(q)
}

// newID makes an id that no other Service makes.
func (s *Service) newID(room string) string {
	s.numbered++
	return room + ":" + s.epoch + ":" + strconv.FormatUint(s.numbered, 10)
}

// relieve makes room in memory for one more event of a queue when the store takes nothing, and says whether it did. Of
// State nothing can be dropped, so the newest is lost when even twice the room is taken.
func (s *Service) relieve(q *queue) bool {
	if q.key.Class != State {
		if n := uint64(len(q.tail)); n > 0 {
			s.drop(q, q.stored+(n+1)/2)
		}
		return true
	}
	if s.unwritten <= 2*s.cfg.Unwritten {
		return true
	}
	q.ep.counts.lost++
	if !s.losing {
		s.log.Error("callbacks can't be stored; events are lost", "endpoint", q.ep.id, "room", q.key.Room)
	}
	s.losing = true
	return false
}

// trimBacklog drops the oldest tenth of each queue of Talk, because all of them together take too much.
func (s *Service) trimBacklog() {
	for _, q := range s.queues {
		if n := q.next - q.first; q.key.Class == Talk && n > 0 {
			s.drop(q, q.first+(n+9)/10)
		}
	}
}

// ErrUnsettled says that what was appended may be lost in a crash so far. It is kept, and sent, all the same.
var ErrUnsettled = errors.New("events are not stored yet")

// Settle waits until what was appended before of State and People is stored or delivered, two seconds at most: then the
// error is ErrUnsettled, or else that of ctx.
func (s *Service) Settle(ctx context.Context) error {
	s.mu.Lock()
	upTo := s.hard
	s.mu.Unlock()
	var late *time.Timer
	for {
		s.mu.Lock()
		done, moved := s.settled >= upTo, s.moved
		s.mu.Unlock()
		if done {
			return nil
		}
		signal(s.write)
		if late == nil {
			late = time.NewTimer(settleTimeout)
			defer late.Stop()
		}
		select {
		case <-moved:
		case <-late.C:
			return ErrUnsettled // the writer says what is wrong
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// signal wakes who waits for a channel, or who will next.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run sends and stores until ctx ends, and then stores what is left. What was under way is sent again by the next Run.
func (s *Service) Run(ctx context.Context) error {
	work, stop := context.WithCancel(ctx)
	defer stop()
	r := &run{ctx: work}
	s.mu.Lock()
	s.run = r
	s.startAll()
	for _, ep := range s.endpoints {
		s.wake(ep)
	}
	r.wg.Go(func() { s.sweepLoop(work) })
	s.mu.Unlock()
	err := s.writeLoop(ctx)
	s.mu.Lock()
	s.run = nil
	s.mu.Unlock()
	stop()
	r.wg.Wait()
	s.land()
	if last := s.writeRest(ctx); last != nil {
		return last
	}
	return err
}

// spawn runs f as part of Run, if it runs. The lock is held.
func (s *Service) spawn(f func(ctx context.Context)) bool {
	r := s.run
	if r == nil {
		return false
	}
	r.wg.Go(func() { f(r.ctx) })
	return true
}

// after calls f with the lock held when some time has passed, unless Run ends before. The lock is held.
func (s *Service) after(d time.Duration, f func()) {
	s.spawn(func(ctx context.Context) {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if ctx.Err() == nil {
			f()
		}
	})
}
