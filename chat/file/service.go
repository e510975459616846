package file

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"liveroom/chat"
)

// Config tunes a Service. The zero value of a field means its default; Key and PublicURL are needed.
type Config struct {
	Key       []byte // signs addresses; at least 16 bytes
	PublicURL string // http or https, as clients reach this server; may have a path

	Quota     int64         // bytes of all files together (10 GiB); negative: no files are taken
	Keep      time.Duration // how long a file is kept (25h)
	GrantAge  time.Duration // until when an upload must have begun (10m)
	UserBytes int64         // what a user may upload in an hour (500 MiB)

	Node  string // name of this node in a cluster; empty: there are no others
	Peers Peers  // the others; needed where Node is set

	PerUser    int // uploads of a user that may run at a time (3)
	PerAddress int // of an address, IPv6 by /64 (16)
	Running    int // of all (256)
}

// Validate names the first field that is out of bounds.
func (c Config) Validate() error {
	for _, f := range []struct {
		name string
		ok   bool
		must string
	}{
		{"Key", len(c.Key) >= 16, "at least 16 bytes long"},
		{"PublicURL", c.PublicURL != "", "set"},
		{"Keep", c.Keep > 0, "positive"},
		{"GrantAge", c.GrantAge >= time.Second, "at least 1s"},
		{"UserBytes", c.UserBytes >= leastCharge, "at least 256 KiB"},
		{"Peers", c.Node == "" || c.Peers != nil, "set where Node is"},
		{"PerUser", c.PerUser > 0, "positive"},
		{"PerAddress", c.PerAddress > 0, "positive"},
		{"Running", c.Running > 0, "positive"},
	} {
		if !f.ok {
			return fmt.Errorf("file: %s must be %s", f.name, f.must)
		}
	}
	return nil
}

func (c Config) withDefaults() Config {
	c.Quota = cmp.Or(c.Quota, 10<<30)
	c.Keep = cmp.Or(c.Keep, 25*time.Hour)
	c.GrantAge = cmp.Or(c.GrantAge, 10*time.Minute)
	c.UserBytes = cmp.Or(c.UserBytes, 500<<20)
	c.PerUser = cmp.Or(c.PerUser, 3)
	c.PerAddress = cmp.Or(c.PerAddress, 16)
	c.Running = cmp.Or(c.Running, 256)
	return c
}

// Rooms is what the chat says of who may (chat.Service).
type Rooms interface {
	// MayUpload says why somebody may not upload to a group now.
	MayUpload(ctx context.Context, group string, who chat.Identity) error
	// MayFinishUpload says why somebody may no longer, who was let. It need not be in the group: connections break.
	MayFinishUpload(ctx context.Context, group string, who chat.Identity) error
	// Group finds a group, or answers chat.ErrNoGroup.
	Group(ctx context.Context, id string) (chat.Group, error)
}

// Service is all files of this node.
type Service struct {
	cfg       Config
	rooms     Rooms
	store     Store
	blobs     Blobs
	log       *slog.Logger
	addresses addresses
	limits    limits
	count     counters

	ready chan struct{} // closed when Run knows what there is
	wake  chan struct{} // tells Run that a group is dismissed
	shown chan shownIn  // messages with files, to be noted

	mu        sync.Mutex // guards what follows
	files     int        // that are kept
	used      int64      // their bytes, and those of uploads that run
	uploading map[string]bool
	early     map[string]time.Time // see showEarly
	elsewhere
	dismissed map[string]time.Time // groups whose files are to go, and when they were dismissed
}

// New returns a Service that takes files once Run does.
func New(cfg Config, rooms Rooms, store Store, blobs Blobs, log *slog.Logger) (*Service, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	a, err := newAddresses(cfg.PublicURL, cfg.Key)
	if err != nil {
		return nil, err
	}
	return &Service{
		cfg: cfg, rooms: rooms, store: store, blobs: blobs, log: log, addresses: a, limits: newLimits(cfg),
		ready: make(chan struct{}), wake: make(chan struct{}, 1), shown: make(chan shownIn, maxShown),
		uploading: map[string]bool{}, early: map[string]time.Time{}, dismissed: map[string]time.Time{},
		elsewhere: newElsewhere(cfg),
	}, nil
}

// Run removes what a crash left, then does what others need not wait for, until ctx ends. It runs once.
func (s *Service) Run(ctx context.Context) error {
	for first := true; ; first = false {
		err := s.recover(ctx)
		if err == nil {
			break
		}
		if first {
			s.log.Error("files can't be looked through; will retry", "err", err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Second):
		}
	}
	close(s.ready)
	for {
		select {
		case <-ctx.Done():
			s.noteRest(context.WithoutCancel(ctx))
			return context.Cause(ctx)
		case m := <-s.shown:
			s.noteShown(ctx, m)
		case <-s.wake:
			s.removeDismissed(ctx)
		}
	}
}

// await waits until Run knows what there is.
func (s *Service) await(ctx context.Context) error {
	select {
	case <-s.ready:
		return nil
	case <-ctx.Done():
		return ErrUnavailable
	}
}

// noteRest notes what waits at the end.
func (s *Service) noteRest(ctx context.Context) {
	for {
		select {
		case m := <-s.shown:
			s.noteShown(ctx, m)
		default:
			return
		}
	}
}

// recover counts what there is, and removes bytes that have no record or should be gone.
func (s *Service) recover(ctx context.Context) error {
	files, used, err := s.store.FilesUsage(ctx)
	if err != nil {
		return err
	}
	if _, err := s.store.FilesSince(ctx); err != nil { // a store counts from when it is first asked
		return err
	}
	type found struct {
		Info
		made time.Time
	}
	var here []found
	lost := 0
	err = s.blobs.Each(func(h Held) error {
		f, fate, err := s.fateOf(ctx, h)
		switch {
		case err != nil:
			return err
		case fate == removed:
			s.log.Info("file without a record removed", "file", h.ID)
			return s.blobs.Remove(h.ID)
		case fate == forgotten:
			lost++
		}
		if s.shared() {
			here = append(here, found{f, h.Made})
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.shared() {
		s.files, s.used = files, used
		return nil
	}
	for _, f := range here { // what others have takes no room on this node's disk
		s.hold(f.Info, f.made)
		s.used += f.Size
	}
	if lost > 0 {
		s.log.Warn("the store of this cluster is newer than files on this node and does not know them; their bytes stay until they are too old", "files", lost)
	}
	return nil
}

// fate is what becomes of bytes.
type fate int

const (
	kept      fate = iota
	removed        // their record is withdrawn or deleted, or never was
	forgotten      // the store may have had a record and lost it; they are kept as long as files are
)

// storeMargin is how much younger than the store bytes may seem that it may have forgotten: clocks differ.
const storeMargin = 30 * time.Second

// fateOf says what becomes of bytes that are here, and answers their record. A store that is new, because it lost
// everything or is the wrong one, is not believed: it may come back.
func (s *Service) fateOf(ctx context.Context, h Held) (f Info, what fate, err error) {
	f, err = s.store.File(ctx, h.ID)
	switch {
	case err == nil && f.Withdrawn:
		return f, removed, nil
	case !errors.Is(err, ErrUnknown):
		return f, kept, err
	}
	since, err := s.store.FilesSince(ctx) // after the record, which a store that is emptied in between would not have
	if err != nil {
		return f, kept, err
	}
	if h.Made.Before(since.Add(storeMargin)) && time.Since(h.Made) < s.cfg.Keep {
		return Info{ID: h.ID, Size: h.Size, Node: s.cfg.Node}, forgotten, nil
	}
	return f, removed, nil
}

// storeError turns what a store could not do into a refusal, and logs it. A caller who went away is no failure.
func (s *Service) storeError(err error, op string) error {
	var refusal *chat.Error
	if err == nil || errors.As(err, &refusal) || errors.Is(err, context.Canceled) {
		return err
	}
	s.log.Warn("file store failed", "op", op, "err", err)
	return ErrUnavailable
}
