package status

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"liveroom/internal/wait"
)

// Config of a Machine.
type Config struct {
	Attempts int  // how often a change is tried against others' changes; default 64
	Shared   bool // other nodes drive the same rooms, and Heard tells what they do
}

// Machine drives the states of rooms in a Store. All methods may be called from any goroutine.
type Machine struct {
	store    Store
	attempts int

	mu       sync.Mutex
	nextID   int
	watchers map[int]watcher
	own      map[string]uint64 // revisions committed here of which Heard has not told yet; nil unless shared
}

type watcher struct {
	f   func(State)
	own bool // told of own changes only
}

// maxOwn bounds Machine.own: so many are only missing while the news don't come.
const maxOwn = 10_000

// NewMachine returns the machine over store. It starts nothing.
func NewMachine(store Store, cfg Config) *Machine {
	if cfg.Attempts <= 0 {
		cfg.Attempts = 64
	}
	m := &Machine{store: store, attempts: cfg.Attempts, watchers: map[int]watcher{}}
	if cfg.Shared {
		m.own = map[string]uint64{}
	}
	return m
}

// Now is the store's clock.
func (m *Machine) Now(ctx context.Context) (time.Time, error) { return m.store.Now(ctx) }

// State is a room's present state; ErrUnknownRoom when there is none or only a tombstone.
func (m *Machine) State(ctx context.Context, room string) (State, error) {
	s, err := m.store.Load(ctx, room)
	if err == nil && s.Deleted {
		err = ErrUnknownRoom
	}
	if err != nil {
		return State{}, fmt.Errorf("load status of room %s: %w", room, err)
	}
	return s, nil
}

// Claim is what a publisher gets when it is admitted.
type Claim struct {
	Generation   uint64 // give it back to PushStopped and Reassert
	Record       Record
	SessionStart time.Time // zero of the session's clock, store's clock
	Now          time.Time // store's clock at the claim
	Gated        bool      // the room is paused on purpose: nothing may leave
}

// localNode stands for the only node of an installation that names none.
const localNode = "local"

// ClaimPush admits a push in one step: refusal, or a new generation, the transition and its outbox entry.
func (m *Machine) ClaimPush(ctx context.Context, room, node string) (Claim, error) {
	return m.claim(ctx, room, Event{Kind: PushStarted, Node: node})
}

// ClaimDelayed is ClaimPush for a push that viewers see that much later.
func (m *Machine) ClaimDelayed(ctx context.Context, room, node string, delay time.Duration) (Claim, error) {
	return m.claim(ctx, room, Event{Kind: PushStarted, Node: node, Delay: delay})
}

// ClaimFree is ClaimDelayed for a push that takes over no other: where one runs it is a *Refused of code room_busy.
func (m *Machine) ClaimFree(ctx context.Context, room, node string, delay time.Duration) (Claim, error) {
	return m.claim(ctx, room, Event{Kind: PushStarted, Node: node, Delay: delay, Yields: true})
}

// Reassert takes a publisher back that others believed lost. ErrStale says that it is not the newest any more, or was
// dropped; then, as after a *Refused, the caller closes it.
func (m *Machine) Reassert(ctx context.Context, room, node string, generation uint64) (Claim, error) {
	return m.claim(ctx, room, Event{Kind: PushReasserted, Node: node, Generation: generation})
}

func (m *Machine) claim(ctx context.Context, room string, e Event) (Claim, error) {
	if e.Node == "" {
		e.Node = localNode
	}
	s, now, err := m.do(ctx, room, e)
	if err != nil {
		return Claim{}, err
	}
	return Claim{
		Generation: s.Generation, Record: s.Record, SessionStart: s.SessionStart, Now: now, Gated: s.Gated(),
	}, nil
}

// PushStopped reports that a generation's push is over. An older generation changes nothing.
func (m *Machine) PushStopped(ctx context.Context, room string, generation uint64, why Reason) (Record, error) {
	return m.Do(ctx, room, Event{Kind: PushStopped, Generation: generation, Stop: why})
}

// Do lets an event happen and returns the record after it: *Refused when the table refuses it.
func (m *Machine) Do(ctx context.Context, room string, e Event) (Record, error) {
	s, _, err := m.do(ctx, room, e)
	return s.Record, err
}

// do applies e to the newest state until nobody has been faster.
func (m *Machine) do(ctx context.Context, room string, e Event) (State, time.Time, error) {
	for try := range m.attempts {
		s, now, err := m.try(ctx, room, e)
		if err == nil {
			return s, now, nil
		}
		if !errors.Is(err, ErrConflict) {
			return State{}, time.Time{}, fmt.Errorf("%s in room %s: %w", e.Kind, room, err)
		}
		if err := backOff(ctx, try); err != nil {
			return State{}, time.Time{}, fmt.Errorf("%s in room %s: %w", e.Kind, room, err)
		}
	}
	return State{}, time.Time{}, fmt.Errorf("%s in room %s: %w %d times", e.Kind, room, ErrConflict, m.attempts)
}

func (m *Machine) try(ctx context.Context, room string, e Event) (State, time.Time, error) {
	s, err := m.store.Load(ctx, room)
	if err != nil {
		return State{}, time.Time{}, err
	}
	now, err := m.store.Now(ctx)
	if err != nil {
		return State{}, time.Time{}, err
	}
	if e.Kind == PushStarted {
		e.Session = NewULID(now)
	}
	next, err := Apply(s, e, now)
	if err != nil || next.Revision == s.Revision {
		return next, now, err
	}
	if err := m.store.Swap(ctx, s.Revision, next); err != nil {
		return State{}, time.Time{}, err
	}
	m.Committed(next)
	return next, now, nil
}

// backOff lets the others finish: not at all at first, later up to 20 ms.
func backOff(ctx context.Context, try int) error {
	if try < 2 {
		return ctx.Err()
	}
	return wait.For(ctx, time.Duration(rand.Int64N(int64(min(try, 20))*int64(time.Millisecond))))
}

// Watch calls f after each change committed in this process, on the goroutine that made it, and after each that Heard
// brings; so possibly several at once and out of order: f compares Revision, must not block, and may not change the same room.
func (m *Machine) Watch(f func(State)) (cancel func()) { return m.watch(watcher{f, false}) }

// WatchOwn is Watch without what Heard brings: for work that the node does that made the change.
func (m *Machine) WatchOwn(f func(State)) (cancel func()) { return m.watch(watcher{f, true}) }

func (m *Machine) watch(w watcher) (cancel func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := m.nextID
	m.nextID++
	m.watchers[id] = w
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.watchers, id)
	}
}

// Committed tells the watchers of a change that was committed beside the machine: a room's creation.
func (m *Machine) Committed(s State) {
	m.mu.Lock()
	if m.own != nil {
		if len(m.own) >= maxOwn {
			clear(m.own)
		}
		m.own[s.Record.Room] = max(m.own[s.Record.Room], s.Revision)
	}
	m.mu.Unlock()
	m.tell(s, true)
}

// Heard tells the watchers of a change that another node committed. One's own, which come back with the news, and what is
// older than these is not told again.
func (m *Machine) Heard(s State) {
	m.mu.Lock()
	own := m.own[s.Record.Room]
	if s.Revision >= own {
		delete(m.own, s.Record.Room)
	}
	m.mu.Unlock()
	if s.Revision > own {
		m.tell(s, false)
	}
}

// Reset forgets what was committed here: the store may have lost it, and what it says now is the newest.
func (m *Machine) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.own)
}

func (m *Machine) tell(s State, own bool) {
	m.mu.Lock()
	fs := make([]func(State), 0, len(m.watchers))
	for _, w := range m.watchers {
		if own || !w.own {
			fs = append(fs, w.f)
		}
	}
	m.mu.Unlock()
	for _, f := range fs {
		f(s)
	}
}
