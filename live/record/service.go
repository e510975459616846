package record

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/live/blob"
)

// Config says how recordings are kept. Zero fields take their defaults; the functions have none but where it is said.
type Config struct {
	// Segment is how long stored segments are at least, where what is pushed allows it. Default 6 s.
	Segment time.Duration
	// QueueBytes bounds what waits for the store of one stream, Memory that of all. Default 32 MiB, 512 MiB.
	QueueBytes, Memory int64
	// Settle is how long after the end of a session its recording is looked at as finished: what was under way when it ended
	// is stored by then. Default 4 s.
	Settle time.Duration
	// Bytes bounds all recordings together; beyond, the oldest that are done go. 0: no limit.
	Bytes int64

	// Rule is the one of the room with a stream, RoomRule that of a room.
	Rule, RoomRule func(ctx context.Context, name string) (Rule, error)
	// Session is the id of a room's live session, be it interrupted or paused; empty: none runs, or there is no such room.
	Session func(ctx context.Context, room string) (string, error)
	// Later says how much later than now the last of a recording may be shown, as it ends: its room's viewers see things later. Nil:
	// nothing is shown later.
	Later func(ctx context.Context, r Recording) (time.Duration, error)
	// InUse says whether somebody needs a recording, or makes one of that id, so that neither age nor bytes remove it. Nil: nobody ever does.
	InUse func(ctx context.Context, id string) (bool, error)
	// Spooled says whether objects of a recording wait on a node, be it this one, that other nodes don't see in the store yet: it is
	// neither finished nor removed before. Nil: none ever do.
	Spooled func(ctx context.Context, id string) (bool, error)
	// Why says why nothing can be recorded here, nil where it can. Nil: it always can.
	Why func() error
	// Tell is told what happens to recordings, in order for each; it must not block. Nil: nobody is.
	Tell func(Event)
	// Removed is told of recordings whose objects are gone. Nil: nobody is.
	Removed func(ctx context.Context, r Recording) error
	// NewID makes ids that sort by time (ULID).
	NewID func(time.Time) string
}

func (c Config) withDefaults() Config {
	or(&c.Segment, 6*time.Second)
	or(&c.QueueBytes, 32<<20)
	or(&c.Memory, 512<<20)
	or(&c.Settle, 4*time.Second)
	if c.Later == nil {
		c.Later = func(context.Context, Recording) (time.Duration, error) { return 0, nil }
	}
	if c.InUse == nil {
		c.InUse = func(context.Context, string) (bool, error) { return false, nil }
	}
	if c.Spooled == nil {
		c.Spooled = func(context.Context, string) (bool, error) { return false, nil }
	}
	if c.Why == nil {
		c.Why = func() error { return nil }
	}
	if c.Tell == nil {
		c.Tell = func(Event) {}
	}
	if c.Removed == nil {
		c.Removed = func(context.Context, Recording) error { return nil }
	}
	return c
}

func or[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Service is the recordings as one node sees them. It writes what Take is given while Run runs; everything else may be asked
// at any time.
type Service struct {
	cfg    Config
	store  Store
	blobs  blob.Store
	log    *slog.Logger
	cache  cache
	counts counters
	held   atomic.Int64 // bytes that wait for the store

	mu sync.Mutex
	// All below is guarded by mu.
	tapes   map[string]*tape // by stream
	running bool
	spawn   func(func(context.Context))
}

var _ Library = (*Service)(nil)

// New returns a service that has nothing running.
func New(cfg Config, store Store, blobs blob.Store, log *slog.Logger) (*Service, error) {
	cfg = cfg.withDefaults()
	if cfg.Rule == nil || cfg.RoomRule == nil || cfg.Session == nil || cfg.NewID == nil {
		return nil, errors.New("record: Rule, RoomRule, Session and NewID are needed")
	}
	if cfg.Segment < time.Second || cfg.Segment > time.Minute {
		return nil, fmt.Errorf("record: Segment is %v, must be from 1s to 1m", cfg.Segment)
	}
	return &Service{cfg: cfg, store: store, blobs: blobs, log: log, tapes: map[string]*tape{}}, nil
}

// Run writes what Take is given until ctx ends, then what it was given until then, for some seconds at most. When it returns
// none of its goroutines is left.
func (s *Service) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	s.mu.Lock()
	s.running = true
	s.spawn = func(f func(context.Context)) { wg.Go(func() { f(ctx) }) }
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	s.running = false
	s.mu.Unlock()
	wg.Wait()
	return context.Cause(ctx)
}

// Recording implements Library. Of one that runs, the figures are those of now.
func (s *Service) Recording(ctx context.Context, id string) (Recording, error) {
	r, err := s.find(ctx, id)
	if err != nil {
		return Recording{}, err
	}
	return s.fresh(ctx, r), nil
}

// find is a recording that is not being removed.
func (s *Service) find(ctx context.Context, id string) (Recording, error) {
	if !ValidID(id) {
		return Recording{}, ErrUnknown
	}
	r, err := s.store.Recording(ctx, id)
	if err == nil && r.State == Deleting {
		err = ErrUnknown
	}
	if err != nil {
		return Recording{}, err
	}
	return r, nil
}

// fresh brings the figures of a recording that is not finished up to now, as far as that can be known.
func (s *Service) fresh(ctx context.Context, r Recording) Recording {
	if r.State != Running && r.State != Finishing {
		return r
	}
	if x, err := s.index(ctx, r); err == nil {
		r.describe(x)
	}
	return r
}

// List lists a page of recordings.
func (s *Service) List(ctx context.Context, q Query) (page []Recording, next string, err error) {
	if q.State == Deleting {
		return nil, "", nil
	}
	page, next, err = s.store.List(ctx, q)
	for i := range page {
		page[i] = s.fresh(ctx, page[i])
	}
	return page, next, err
}

// Index implements Library.
func (s *Service) Index(ctx context.Context, id string) (Index, error) {
	r, err := s.find(ctx, id)
	if err != nil {
		return Index{}, err
	}
	return s.index(ctx, r)
}

// Current implements Library: a time shift where there is one, for it has all of the session that may be watched, else the
// full recording.
func (s *Service) Current(ctx context.Context, room string) (Recording, error) {
	session, err := s.cfg.Session(ctx, room)
	if err != nil {
		return Recording{}, err
	}
	if session == "" {
		return Recording{}, ErrUnknown
	}
	for _, kind := range []Kind{Shift, Full} {
		r, err := s.store.Running(ctx, session, kind)
		if errors.Is(err, ErrUnknown) {
			continue
		}
		return r, err
	}
	return Recording{}, ErrUnknown
}

// Window is how far back viewers of a room may watch while live; 0: not at all.
func (s *Service) Window(ctx context.Context, room string) (time.Duration, error) {
	rule, err := s.cfg.RoomRule(ctx, room)
	return rule.Shift, err
}

// Open implements Library.
func (s *Service) Open(ctx context.Context, id, file string) (blob.Object, error) {
	if _, ok := ParseSegmentName(file); !ValidID(id) || !ok && !initPattern.MatchString(file) {
		return nil, fmt.Errorf("record: file %q: %w", clip(file), errNotExist)
	}
	return s.blobs.Open(ctx, Prefix(id)+file)
}

// Start records a room's session from now on, where its rule is to record on demand. One that is recorded already goes on.
func (s *Service) Start(ctx context.Context, room, by string) (Recording, error) {
	rule, err := s.cfg.RoomRule(ctx, room)
	if err != nil {
		return Recording{}, err
	}
	if err := s.cfg.Why(); err != nil {
		return Recording{}, err
	}
	if rule.Mode != Demand && rule.Mode != Always {
		return Recording{}, refuse("recording_off", "recording is off in this room; set its recording.mode to demand or always")
	}
	session, err := s.cfg.Session(ctx, room)
	if err != nil {
		return Recording{}, err
	}
	if session == "" {
		return Recording{}, refuse("not_live", "nothing is live in this room that could be recorded")
	}
	now, err := s.store.Now(ctx)
	if err != nil {
		return Recording{}, err
	}
	r, fresh, err := s.store.Begin(ctx, s.made(rule, session, Full, by, now))
	if err != nil {
		return Recording{}, err
	}
	if fresh {
		s.log.Info("recording asked for", "room", room, "recording", r.ID, "by", by)
	}
	s.look(rule.Stream)
	return s.fresh(ctx, r), nil
}

// made is a new recording of a session.
func (s *Service) made(rule Rule, session string, kind Kind, by string, now time.Time) Recording {
	r := Recording{
		ID: s.cfg.NewID(now), Kind: kind, Room: rule.Room, Group: rule.Group, Stream: rule.Stream, Title: rule.Title,
		Session: session, CreatedAt: now, State: Running, By: by,
	}
	if kind == Full {
		r.Formats, r.FileMax, r.Age = rule.Formats, rule.FileMax, rule.Keep
	}
	return r
}

// heardLater is how long a node may take to notice that another stopped what it writes: it does with the next segment.
const heardLater = 12 * time.Second

// Stop ends what Start began.
func (s *Service) Stop(ctx context.Context, room, by string) (Recording, error) {
	rule, err := s.cfg.RoomRule(ctx, room)
	if err != nil {
		return Recording{}, err
	}
	if rule.Mode == Always {
		return Recording{}, refuse("recording_always", "this room is always recorded; set its recording.mode to demand first")
	}
	session, err := s.cfg.Session(ctx, room)
	if err != nil {
		return Recording{}, err
	}
	r, err := s.store.Running(ctx, session, Full)
	if session == "" || errors.Is(err, ErrUnknown) {
		return Recording{}, refuse("not_recording", "nothing is being recorded in this room")
	}
	if err != nil {
		return Recording{}, err
	}
	var least time.Duration
	if !s.busy(r) {
		least = heardLater
	}
	if r, err = s.ends(ctx, r.ID, "", least); err != nil {
		return Recording{}, err
	}
	s.log.Info("recording stopped", "room", room, "recording", r.ID, "by", by)
	s.look(rule.Stream)
	return s.fresh(ctx, r), nil
}

// Patch changes what people say of a recording; nil leaves a field as it is.
type Patch struct {
	Title *string
	// Keep says whether it is kept whatever its age and the bytes of all.
	Keep *bool
}

// maxTitleBytes bounds a title, as a room's.
const maxTitleBytes = 120

// Update changes a recording.
func (s *Service) Update(ctx context.Context, id string, p Patch) (Recording, error) {
	if p.Title != nil && len(*p.Title) > maxTitleBytes {
		return Recording{}, &Error{Code: "invalid", Field: "title", Detail: fmt.Sprintf("must be at most %d bytes", maxTitleBytes)}
	}
	if _, err := s.find(ctx, id); err != nil {
		return Recording{}, err
	}
	r, err := s.store.Change(ctx, id, func(r *Recording) error {
		if r.State == Deleting {
			return ErrUnknown
		}
		if p.Title != nil {
			r.Title = *p.Title
		}
		if p.Keep != nil {
			r.Pinned = *p.Keep
		}
		return nil
	})
	if err != nil {
		return Recording{}, err
	}
	return s.fresh(ctx, r), nil
}

// Told notes that who is to be told that a recording is done was told.
func (s *Service) Told(ctx context.Context, id string) error {
	_, err := s.store.Change(ctx, id, func(r *Recording) error {
		r.Untold = false
		return nil
	})
	return ignore(err)
}

// Place makes a recording of objects that are stored already under the names of its segments, such as those of a cut: it is
// done at once. Its id, room, session and what it is Of are the caller's; asked again, it answers the same. An error that is
// blob.ErrUnavailable says that some of them are not in the store yet.
func (s *Service) Place(ctx context.Context, r Recording) (Recording, error) {
	if !ValidID(r.ID) {
		return Recording{}, fmt.Errorf("record: %q is no id", clip(r.ID))
	}
	if later, err := s.cfg.Spooled(ctx, r.ID); err != nil {
		return Recording{}, err
	} else if later {
		return Recording{}, fmt.Errorf("record: place %s: %w: some of it waits on a node", r.ID, blob.ErrUnavailable)
	}
	x, err := s.listed(ctx, r.ID)
	if err != nil {
		return Recording{}, err
	}
	now, err := s.store.Now(ctx)
	if err != nil {
		return Recording{}, err
	}
	x.Ended = true
	if err := s.writeIndex(ctx, r.ID, x); err != nil {
		return Recording{}, err
	}
	r.Kind, r.State, r.CreatedAt, r.EndedAt = Full, Done, now, now
	r.finished(x, now)
	stored, fresh, err := s.store.Add(ctx, r)
	if fresh {
		s.cfg.Tell(Event{Happening: Ready, Recording: stored, At: now})
	}
	return stored, err
}

func clip(s string) string {
	if len(s) > 64 {
		s = s[:64] + "…"
	}
	return s
}
