package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"liveroom/live/rtmp"
	"liveroom/live/stream"
	"liveroom/status"
)

// Config of a Service. Zero durations take their defaults.
type Config struct {
	// Node is this node's id, as status news name it.
	Node string
	// Client says how targets are reached; its Dial refuses addresses that are not allowed.
	Client rtmp.ClientConfig
	// Allowed says whether a target may be at an address. Nil: everywhere.
	Allowed func(ip netip.Addr) bool
	// Own says whether a host is this server. Nil: none is.
	Own func(host string) bool
	// Board shows other nodes how relays do. Nil: this node is alone.
	Board Board
	// Tell is told of what befalls relays. It must not block. Nil: nobody is.
	Tell func(Event)
	// Linger is how long a connection is kept while no media comes from the source. Default 10 s.
	Linger time.Duration
	// Retry is the time before the second try, which doubles with each further one up to RetryMost, by chance half of it less.
	// Defaults 1 s and 1 min.
	Retry, RetryMost time.Duration
	// Steady is how long a relay runs before its failures are forgotten. Default 30 s.
	Steady time.Duration
	// Look is how often the targets of running rooms are read again, and states posted. Defaults 30 s and 5 s.
	Look, Post time.Duration
}

// Streams are the pushed streams (stream.Hub).
type Streams interface {
	Subscribe(name, protocol string, o stream.SubscribeOptions) *stream.Subscriber
}

// Room is what a relay needs to know of a room.
type Room struct {
	Stream    string
	CreatedAt time.Time
	Here      bool // its push is on this node, or its last one was
}

// Rooms finds rooms.
type Rooms interface {
	// Room answers an error where there is no such room, or where it can't be found out now.
	Room(ctx context.Context, id string) (Room, error)
}

// Source is where a room's push is, as its status has it.
type Source struct {
	Room     string
	Epoch    string
	Revision uint64
	On       bool   // live or paused
	Node     string // that holds the push; empty while there is none
}

// Service serves the relays of one node.
type Service struct {
	cfg     Config
	store   Store
	rooms   Rooms
	streams Streams
	log     *slog.Logger
	count   counters
	wake    chan struct{} // capacity 1: there is something in starting

	mu       sync.Mutex // guards what follows
	live     map[string]*room
	starting []*room
}

// New returns a service that relays nothing before Run.
func New(cfg Config, store Store, rooms Rooms, streams Streams, log *slog.Logger) *Service {
	for d, def := range map[*time.Duration]time.Duration{
		&cfg.Linger: 10 * time.Second, &cfg.Retry: time.Second, &cfg.RetryMost: time.Minute, &cfg.Steady: 30 * time.Second,
		&cfg.Look: 30 * time.Second, &cfg.Post: 5 * time.Second,
	} {
		if *d <= 0 {
			*d = def
		}
	}
	if cfg.Allowed == nil {
		cfg.Allowed = func(netip.Addr) bool { return true }
	}
	if cfg.Own == nil {
		cfg.Own = func(string) bool { return false }
	}
	if cfg.Tell == nil {
		cfg.Tell = func(Event) {}
	}
	s := &Service{cfg: cfg, store: store, rooms: rooms, streams: streams, log: log, wake: make(chan struct{}, 1), live: map[string]*room{}}
	s.count.failures = map[string]uint64{CauseSlow: 0}
	for _, code := range rtmp.FailureCodes() {
		s.count.failures[code] = 0
	}
	return s
}

// Run relays until ctx ends. When it returns nothing it started is left.
func (s *Service) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.wake:
		}
		s.mu.Lock()
		starting := s.starting
		s.starting = nil
		s.mu.Unlock()
		for _, r := range starting {
			wg.Go(func() {
				defer s.forget(r)
				r.run(ctx)
			})
		}
	}
}

// Follow tells where a room's push is. It may come twice, late, and out of order; it does not block.
func (s *Service) Follow(o Source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.live[o.Room]
	if r != nil && (o.Epoch < r.epoch || o.Epoch == r.epoch && o.Revision <= r.revision) {
		return
	}
	switch {
	case o.On && o.Node == s.cfg.Node:
		if r == nil || r.over() {
			s.begin(o, r)
		}
	case r == nil:
		return
	case o.On && o.Node != "":
		r.moved.Store(true)
		r.stop()
	case !o.On:
		r.finish()
	}
	r = s.live[o.Room]
	r.epoch, r.revision = o.Epoch, o.Revision
}

// begin makes a room's relays, after those that still end. s.mu is held.
func (s *Service) begin(o Source, before *room) {
	r := newRoom(s, o.Room)
	if before != nil {
		before.stop()
		r.after = before.done
	}
	s.live[o.Room] = r
	s.starting = append(s.starting, r)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// forget lets go of a room whose relays have ended.
func (s *Service) forget(r *room) {
	close(r.done)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live[r.id] == r {
		delete(s.live, r.id)
	}
}

// Reload has the targets of all rooms here read again: another node may have changed them.
func (s *Service) Reload(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.live {
		r.look()
	}
	return nil
}

func (s *Service) reload(room string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.live[room]; r != nil {
		r.look()
	}
}

// Listed is a target and how it does.
type Listed struct {
	Target
	State State
}

// List returns the targets of a room and how they do.
func (s *Service) List(ctx context.Context, roomID string) ([]Listed, error) {
	all, err := s.targets(ctx, roomID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	s.mu.Lock()
	r := s.live[roomID]
	s.mu.Unlock()
	var states map[string]State
	if r != nil {
		states = r.states()
	} else if s.cfg.Board != nil {
		if states, err = s.cfg.Board.Read(ctx, roomID); err != nil {
			return nil, err
		}
	}
	list := make([]Listed, len(all))
	for i, t := range all {
		list[i] = Listed{t, stateOf(t, states)}
	}
	return list, nil
}

// stateOf is how a target does, of those of which something is known.
func stateOf(t Target, states map[string]State) State {
	if !t.Enabled {
		return State{Phase: Idle, Since: t.ChangedAt, Cause: Cause{CauseOff, "the relay is switched off"}}
	}
	if st, ok := states[t.ID]; ok {
		return st
	}
	return State{Phase: Idle, Since: t.ChangedAt}
}

// targets are those of a room as it is now: a room that was deleted and made anew has none of the old one's.
func (s *Service) targets(ctx context.Context, roomID string) ([]Target, error) {
	r, err := s.rooms.Room(ctx, roomID)
	if err != nil {
		return nil, err
	}
	return s.targetsOf(ctx, roomID, r)
}

func (s *Service) targetsOf(ctx context.Context, roomID string, r Room) ([]Target, error) {
	all, err := s.store.Targets(ctx, roomID)
	if err != nil {
		return nil, fmt.Errorf("relays of room %s: %w", roomID, err)
	}
	return slices.DeleteFunc(all, func(t Target) bool { return t.CreatedAt.Before(r.CreatedAt.Truncate(time.Millisecond)) }), nil
}

// Draft is a target to be.
type Draft struct {
	Name, URL string
	Enabled   bool
}

// Add gives a room one more target.
func (s *Service) Add(ctx context.Context, roomID string, d Draft) (Listed, error) {
	r, err := s.rooms.Room(ctx, roomID)
	if err != nil {
		return Listed{}, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	t := Target{ID: status.NewULID(now), Room: roomID, Name: d.Name, URL: d.URL, Enabled: d.Enabled, CreatedAt: now, ChangedAt: now}
	if err := s.check(t, r.Stream); err != nil {
		return Listed{}, err
	}
	all, err := s.targetsOf(ctx, roomID, r)
	if err == nil {
		err = distinct(t, all)
	}
	if err == nil {
		err = s.store.AddTarget(ctx, t)
	}
	if err != nil {
		return Listed{}, err
	}
	s.reload(roomID)
	return Listed{t, stateOf(t, nil)}, nil
}

// Patch changes what is not nil.
type Patch struct {
	Name, URL *string
	Enabled   *bool
}

// Change changes a target. One whose address changes, or that is switched off, is taken leave of at once, with a goodbye.
func (s *Service) Change(ctx context.Context, roomID, id string, p Patch) (Listed, error) {
	r, err := s.rooms.Room(ctx, roomID)
	if err != nil {
		return Listed{}, err
	}
	all, err := s.targetsOf(ctx, roomID, r)
	if err != nil {
		return Listed{}, err
	}
	t, err := s.store.ChangeTarget(ctx, roomID, id, func(t *Target) error {
		if p.Name != nil {
			t.Name = *p.Name
		}
		if p.URL != nil {
			t.URL = *p.URL
		}
		if p.Enabled != nil {
			t.Enabled = *p.Enabled
		}
		t.ChangedAt = time.Now().UTC().Truncate(time.Millisecond)
		return errors.Join(s.check(*t, r.Stream), distinct(*t, all))
	})
	if err != nil {
		return Listed{}, err
	}
	s.reload(roomID)
	return Listed{t, stateOf(t, nil)}, nil
}

// Remove removes a target, and takes leave of it at once.
func (s *Service) Remove(ctx context.Context, roomID, id string) error {
	if err := s.store.RemoveTarget(ctx, roomID, id); err != nil {
		return err
	}
	s.reload(roomID)
	return nil
}

// RemoveRoom removes the targets of a room that is being deleted.
func (s *Service) RemoveRoom(ctx context.Context, roomID string) error {
	if err := s.store.RemoveTargets(ctx, roomID); err != nil {
		return fmt.Errorf("remove the relays of room %s: %w", roomID, err)
	}
	s.reload(roomID)
	return nil
}
