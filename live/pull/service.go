package pull

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"liveroom/live/record"
	"liveroom/live/rtmp"
	"liveroom/live/stream"
	"liveroom/status"
)

// Config of a Service. Zero durations take their defaults.
type Config struct {
	// Node is this node's id.
	Node string
	// Dial connects to sources; it refuses addresses that are not allowed, after names were looked up. Nil: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Allowed says whether a source may be at an address. Nil: everywhere.
	Allowed func(ip netip.Addr) bool
	// Own says whether a host is this server; of HTTP it is given with its port, if that is in the address. Nil: none is.
	Own func(host string) bool
	// Next is the first moment after one at which an expression has something begin. Nil: nothing comes again and again.
	Next func(cron string, after time.Time) (time.Time, error)
	// Board shows other nodes how tasks do. Nil: this node is alone.
	Board Board
	// Tell is told of what befalls tasks. It must not block. Nil: nobody is.
	Tell func(Event)
	// Retry is the time before the second try, which doubles with each further one up to RetryMost, by chance half of it less.
	// Defaults 1 s and 1 min.
	Retry, RetryMost time.Duration
	// Steady is how long a source must run before its failures are forgotten. Default 30 s.
	Steady time.Duration
	// Silent is how long a source may send no media. Default 15 s; HLS has twice as long.
	Silent time.Duration
	// Free is how long nobody must have pushed into a room before a task that waits for that goes on. Default 15 s.
	Free time.Duration
	// Every is how often it is looked what is due; Look how often tasks are read again and states posted. Defaults 500 ms and 5 s.
	Every, Look time.Duration
}

// Push is a room's push, made by this server (live.Push).
type Push interface {
	Write(kind stream.Kind, timestamp uint32, buf []byte) error
	Done() <-chan struct{}
	Err() error
	Close(reason stream.StopReason)
}

// Room is what a pull needs to know of a room.
type Room struct {
	Stream    string
	CreatedAt time.Time
	Busy      bool // something pushes into it
}

// Rooms are the live rooms. An error that is status.ErrUnknownRoom says that there is no such room.
type Rooms interface {
	Room(ctx context.Context, id string) (Room, error)
	// Feed begins to push into a room in which nobody pushes. The error is a *stream.Refusal.
	Feed(ctx context.Context, id, source string) (Push, error)
}

// Service has the pulls of all rooms. Any node may be asked; Run does what is to be done, on one node at a time.
type Service struct {
	cfg     Config
	store   Store
	rooms   Rooms
	library record.Library
	log     *slog.Logger
	count   counters
	wake    chan struct{} // capacity 1: tasks have changed
	opener  func(ctx context.Context, t Task, from int64) (feed, error)

	mu   sync.Mutex // guards runs
	runs map[string]*run
}

// New returns a service that pulls nothing before Run.
func New(cfg Config, store Store, rooms Rooms, library record.Library, log *slog.Logger) *Service {
	for d, def := range map[*time.Duration]time.Duration{
		&cfg.Retry: time.Second, &cfg.RetryMost: time.Minute, &cfg.Steady: 30 * time.Second, &cfg.Silent: 15 * time.Second,
		&cfg.Free: 15 * time.Second, &cfg.Every: 500 * time.Millisecond, &cfg.Look: 5 * time.Second,
	} {
		if *d <= 0 {
			*d = def
		}
	}
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{}).DialContext
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
	s := &Service{cfg: cfg, store: store, rooms: rooms, library: library, log: log, wake: make(chan struct{}, 1), runs: map[string]*run{}}
	s.opener = s.open
	s.count.failures = map[string]uint64{}
	for _, code := range append(rtmp.FailureCodes(), CauseGone, CauseCodec, CauseFormat, CauseEnded, CauseStore, CauseTaken, CauseDropped, "room") {
		s.count.failures[code] = 0
	}
	return s
}

// Listed is a task and how it does.
type Listed struct {
	Task
	State State
}

// List returns the tasks of a room and how they do.
func (s *Service) List(ctx context.Context, roomID string) ([]Listed, error) {
	r, err := s.rooms.Room(ctx, roomID)
	if err != nil {
		return nil, err
	}
	all, err := s.tasksOf(ctx, roomID, r)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	states := s.states()
	if s.cfg.Board != nil {
		posted, err := s.cfg.Board.Read(ctx)
		if err != nil {
			return nil, err
		}
		for id, st := range states {
			posted[id] = st
		}
		states = posted
	}
	list := make([]Listed, len(all))
	for i, t := range all {
		list[i] = Listed{t, stateOf(t, states)}
	}
	return list, nil
}

// tasksOf are those of a room as it is now: a room that was deleted and made anew has none of the old one's.
func (s *Service) tasksOf(ctx context.Context, roomID string, r Room) ([]Task, error) {
	all, err := s.store.Tasks(ctx, roomID)
	if err != nil {
		return nil, fmt.Errorf("pulls of room %s: %w", roomID, err)
	}
	return slices.DeleteFunc(all, func(t Task) bool { return older(t, r) }), nil
}

func older(t Task, r Room) bool { return t.CreatedAt.Before(r.CreatedAt.Truncate(time.Millisecond)) }

// now is the store's clock, in whole milliseconds.
func (s *Service) now(ctx context.Context) (time.Time, error) {
	now, err := s.store.Now(ctx)
	return now.UTC().Truncate(time.Millisecond), err
}

// Add gives a room one more task.
func (s *Service) Add(ctx context.Context, roomID string, d Draft) (Listed, error) {
	r, err := s.rooms.Room(ctx, roomID)
	if err != nil {
		return Listed{}, err
	}
	now, err := s.now(ctx)
	if err != nil {
		return Listed{}, err
	}
	d.StartAt, d.EndAt = d.StartAt.UTC().Truncate(time.Millisecond), d.EndAt.UTC().Truncate(time.Millisecond)
	t := Task{Draft: d, ID: status.NewULID(now), Room: roomID, CreatedAt: now, ChangedAt: now}
	all, err := s.tasksOf(ctx, roomID, r)
	if err == nil && d.Recording != "" && d.URL == "" {
		err = s.checkRecording(ctx, d.Recording)
	}
	if err == nil {
		err = s.prepare(&t, r, now, all)
	}
	if err != nil {
		return Listed{}, err
	}
	if err := s.store.AddTask(ctx, t); err != nil {
		return Listed{}, err
	}
	s.stir()
	return Listed{t, stateOf(t, nil)}, nil
}

// prepare checks a task that is new or changed beside all of its room, and has it begin anew.
func (s *Service) prepare(t *Task, r Room, now time.Time, all []Task) error {
	if err := s.check(&t.Draft, r.Stream, now); err != nil {
		return err
	}
	for _, other := range all {
		if other.ID != t.ID && t.URL != "" && other.URL == t.URL && other.Cron == t.Cron && other.StartAt.Equal(t.StartAt) {
			return &Error{Code: "exists", Field: "url", Detail: "another pull of this room brings that at the same time"}
		}
	}
	return s.plan(t, now)
}

func (s *Service) checkRecording(ctx context.Context, id string) error {
	r, err := s.library.Recording(ctx, id)
	switch {
	case errors.Is(err, record.ErrUnknown):
		return invalid("recording", "there is no such recording")
	case err != nil:
		return err
	case r.Kind == record.Shift:
		return invalid("recording", "is kept for time shift only; record the session to play it back")
	case r.State != record.Done:
		return invalid("recording", "is not finished; it is %s", r.State)
	case r.Duration == 0:
		return invalid("recording", "is empty")
	}
	return nil
}

// Patch changes what is not nil.
type Patch struct {
	Name, URL, Recording, Cron *string
	Kind                       *Kind
	StartAt, EndAt             *time.Time
	For                        *time.Duration
	Loop, Enabled              *bool
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// Change changes a task. If more than its name changes it begins anew.
func (s *Service) Change(ctx context.Context, roomID, id string, p Patch) (Listed, error) {
	r, err := s.rooms.Room(ctx, roomID)
	if err != nil {
		return Listed{}, err
	}
	now, err := s.now(ctx)
	if err != nil {
		return Listed{}, err
	}
	all, err := s.tasksOf(ctx, roomID, r) // before: f may not ask the store
	if err == nil && p.Recording != nil {
		err = s.checkRecording(ctx, *p.Recording)
	}
	if err != nil {
		return Listed{}, err
	}
	t, err := s.store.ChangeTask(ctx, roomID, id, func(t *Task) error {
		if older(*t, r) {
			return ErrUnknown
		}
		was := t.Draft
		set(&t.Name, p.Name)
		set(&t.URL, p.URL)
		set(&t.Recording, p.Recording)
		set(&t.Cron, p.Cron)
		set(&t.StartAt, p.StartAt)
		set(&t.EndAt, p.EndAt)
		set(&t.For, p.For)
		set(&t.Loop, p.Loop)
		set(&t.Enabled, p.Enabled)
		if p.URL != nil && p.Recording == nil {
			t.Recording = ""
		}
		if p.Recording != nil && p.URL == nil {
			t.URL = ""
		}
		if t.source() != was.source() {
			t.Kind = "" // as the source is
		}
		set(&t.Kind, p.Kind)
		t.StartAt, t.EndAt = t.StartAt.UTC().Truncate(time.Millisecond), t.EndAt.UTC().Truncate(time.Millisecond)
		t.ChangedAt = now
		if renamed := was; p.Name != nil {
			if renamed.Name = t.Name; renamed == t.Draft {
				return s.check(&t.Draft, r.Stream, t.CreatedAt)
			}
		}
		return s.prepare(t, r, now, all)
	})
	if err != nil {
		return Listed{}, err
	}
	s.stir()
	return Listed{t, stateOf(t, nil)}, nil
}

// Remove removes a task, and ends its push at once.
func (s *Service) Remove(ctx context.Context, roomID, id string) error {
	if err := s.store.RemoveTask(ctx, roomID, id); err != nil {
		return err
	}
	s.stir()
	return nil
}

// RemoveRoom removes the tasks of a room that is being deleted.
func (s *Service) RemoveRoom(ctx context.Context, roomID string) error {
	if err := s.store.RemoveTasks(ctx, roomID); err != nil {
		return fmt.Errorf("remove the pulls of room %s: %w", roomID, err)
	}
	s.stir()
	return nil
}

// InUse says whether a task that has not ended plays a recording.
func (s *Service) InUse(ctx context.Context, recording string) (bool, error) {
	all, err := s.store.Tasks(ctx, "")
	return slices.ContainsFunc(all, func(t Task) bool {
		return t.Recording == recording && t.Enabled && (t.Run.On() || !t.NextAt.IsZero())
	}), err
}

// Reload has tasks read again: another node may have changed them.
func (s *Service) Reload(context.Context) error { s.stir(); return nil }

func (s *Service) stir() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// states are how the tasks do that run here.
func (s *Service) states() map[string]State {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]State, len(s.runs))
	for id, r := range s.runs {
		all[id] = r.board.get()
	}
	return all
}
