package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/live/blob"
	"liveroom/live/record"
)

// Library is what exports and cuts need of the recordings. record.Service is one.
type Library interface {
	record.Library
	// List lists a page of recordings.
	List(ctx context.Context, q record.Query) (page []record.Recording, next string, err error)
	// Place makes a recording of objects that are stored already; asked again, it answers the same.
	Place(ctx context.Context, r record.Recording) (record.Recording, error)
	// Told notes that Config.Finished was told of a recording.
	Told(ctx context.Context, id string) error
}

// Config says what a Service is told besides.
type Config struct {
	// NewID makes ids that sort by time (ULID).
	NewID func(time.Time) string
	// Ready is told of each file that is whole, the n-th of the job from 1 on; after a crash perhaps once more. Where it answers an
	// error it is told again later, unless that is fs.ErrNotExist or record.ErrUnknown: there is nothing to tell any more. The
	// job is not done before. Nil: nobody is told.
	Ready func(ctx context.Context, r record.Recording, j Job, n int) error
	// Finished is told, by Listen, of recordings that are done, and again as Ready is; after a crash by Run. Nil: nobody is.
	Finished func(ctx context.Context, r record.Recording) error
	// Spooled says whether something of a recording waits on a node, where the others don't see it: files are not told of before.
	// Nil: nothing ever does.
	Spooled func(ctx context.Context, recording string) (bool, error)
	// Full is told, once for each job, that it waits for room. It must not block. Nil: nobody is.
	Full func(r record.Recording, j Job)
}

// Service takes jobs, on each node, and works at them while Run runs, on one node at a time.
type Service struct {
	cfg   Config
	lib   Library
	blobs blob.Store
	store Store
	log   *slog.Logger
	wake  chan struct{} // capacity 1
	count counters

	noticed chan record.Recording

	mu     sync.Mutex // guards what is below
	doing  string     // key of the job that this node works at
	cancel context.CancelCauseFunc
	later  map[string]pause // jobs that are to be tried again
}

type counters struct {
	done, failed, bytes atomic.Uint64
	running             atomic.Int64
}

// pause is when a job is tried again.
type pause struct {
	until time.Time
	tries int
	full  bool // it waits for room
}

// New returns a service. Nothing runs.
func New(cfg Config, lib Library, blobs blob.Store, store Store, log *slog.Logger) *Service {
	if cfg.Ready == nil {
		cfg.Ready = func(context.Context, record.Recording, Job, int) error { return nil }
	}
	if cfg.Finished == nil {
		cfg.Finished = func(context.Context, record.Recording) error { return nil }
	}
	if cfg.Spooled == nil {
		cfg.Spooled = func(context.Context, string) (bool, error) { return false, nil }
	}
	if cfg.Full == nil {
		cfg.Full = func(record.Recording, Job) {}
	}
	return &Service{cfg: cfg, noticed: make(chan record.Recording, mostNoticed), lib: lib, blobs: blobs, store: store, log: log, wake: make(chan struct{}, 1), later: map[string]pause{}}
}

// Stats are figures of this node since its start.
type Stats struct {
	Done, Failed uint64 // jobs
	Bytes        uint64 // of files that were made
	Running      int64  // jobs it works at now
	Full         int    // jobs that wait for room
}

// Stats returns them.
func (s *Service) Stats() Stats {
	s.mu.Lock()
	full := 0
	for _, p := range s.later {
		if p.full {
			full++
		}
	}
	s.mu.Unlock()
	return Stats{Full: full, Done: s.count.done.Load(), Failed: s.count.failed.Load(), Bytes: s.count.bytes.Load(), Running: s.count.running.Load()}
}

// Request is what is asked for.
type Request struct {
	Format Format
	Span   Span   // in ms of play time; its ends are moved to where a decoder can begin (Snap)
	By     string // who asks
	Title  string // of a cut; empty: that of the recording
}

// finished is a recording that is done.
func (s *Service) finished(ctx context.Context, id string) (record.Recording, error) {
	r, err := s.lib.Recording(ctx, id)
	switch {
	case err != nil:
		return record.Recording{}, err
	case r.Kind != record.Full:
		return record.Recording{}, record.ErrUnknown
	case r.State != record.Done:
		return record.Recording{}, ErrUnfinished
	}
	return r, nil
}

// Export begins an export or a cut. Errors: record.ErrUnknown, ErrUnfinished, ErrTooMany, ErrUnreadable, *RangeError.
func (s *Service) Export(ctx context.Context, id string, q Request) (Job, error) {
	r, err := s.finished(ctx, id)
	if err != nil {
		return Job{}, err
	}
	span, err := Snap(ctx, s.lib, id, q.Span)
	if Unreadable(err) || errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	if err != nil {
		return Job{}, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	j := Job{
		ID: s.cfg.NewID(now), Recording: id, Room: r.Room, Format: q.Format, FileMax: r.FileMax, Span: span, State: Waiting, By: q.By, CreatedAt: now,
	}
	if q.Format == Cut {
		j.Target, j.Title = s.cfg.NewID(now), q.Title
		if j.Title == "" {
			j.Title = r.Title
		}
	}
	return s.add(ctx, j)
}

func (s *Service) add(ctx context.Context, j Job) (Job, error) {
	j, fresh, err := s.store.Add(ctx, j)
	if err == nil && fresh {
		s.log.Info("export asked for", "recording", j.Recording, "export", j.ID, "format", j.Format, "by", j.By)
		s.stir()
	}
	return j, err
}

// Auto begins the exports that the rule of a recording's room asks for, unless they are or were there.
func (s *Service) Auto(ctx context.Context, r record.Recording) error {
	if r.State != record.Done || r.Kind != record.Full || r.Of != "" {
		return nil
	}
	for _, format := range []Format{MP4, FLV} {
		if !slices.Contains(r.Formats, record.Format(format)) {
			continue
		}
		j := Job{
			ID: string(format), Recording: r.ID, Room: r.Room, Format: format, FileMax: r.FileMax, Span: Span{To: r.Duration}, State: Waiting,
			CreatedAt: time.Now().UTC().Truncate(time.Millisecond),
		}
		if _, err := s.add(ctx, j); err != nil {
			return fmt.Errorf("export recording %s as %s: %w", r.ID, format, err)
		}
	}
	return nil
}

// stir has the worker look for jobs.
func (s *Service) stir() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Exports are those of a recording, in the order of their making.
func (s *Service) Exports(ctx context.Context, recording string) ([]Job, error) {
	if _, err := s.lib.Recording(ctx, recording); err != nil {
		return nil, err
	}
	all, err := s.store.Jobs(ctx, recording)
	return slices.DeleteFunc(all, Job.Hidden), err
}

// One is an export, or ErrUnknown.
func (s *Service) One(ctx context.Context, recording, id string) (Job, error) {
	all, err := s.Exports(ctx, recording)
	if err != nil {
		return Job{}, err
	}
	i := slices.IndexFunc(all, func(j Job) bool { return j.ID == id })
	if i < 0 {
		return Job{}, ErrUnknown
	}
	return all[i], nil
}

// Delete cancels an export, or removes its files, soon. A recording that was cut stays.
func (s *Service) Delete(ctx context.Context, recording, id string) error {
	if _, err := s.lib.Recording(ctx, recording); err != nil {
		return err
	}
	if err := s.store.Delete(ctx, recording, id); err != nil {
		return err
	}
	s.log.Info("export deleted", "recording", recording, "export", id)
	s.stop(func(key string) bool { return key == recording+"/"+id })
	s.stir()
	return nil
}

// Makes says whether a cut that is not done yet is to become a recording of an id.
func (s *Service) Makes(ctx context.Context, id string) (bool, error) {
	all, err := s.store.Open(ctx, mostOpen)
	if err == nil && len(all) == mostOpen {
		return true, nil // perhaps one of the others
	}
	return slices.ContainsFunc(all, func(j Job) bool { return j.Target == id }), err
}

// mostOpen is how many open jobs Makes looks at.
const mostOpen = 1000

// Forget forgets the exports of a recording whose objects are gone, theirs among them.
func (s *Service) Forget(ctx context.Context, recording string) error {
	s.stop(func(key string) bool { return strings.HasPrefix(key, recording+"/") })
	return s.store.Forget(ctx, recording)
}

// errCancelled ends the work at a job that is not wanted any more.
var errCancelled = errors.New("export: cancelled")

// stop ends the work at a job on this node; another node hears of it with its next word to the store.
func (s *Service) stop(which func(key string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil && which(s.doing) {
		s.cancel(errCancelled)
	}
}

// Open opens the n-th file of an export, from 1 on. An error that is fs.ErrNotExist or ErrUnknown says that it is not there.
func (s *Service) Open(ctx context.Context, recording, id string, n int) (blob.Object, File, error) {
	j, err := s.One(ctx, recording, id)
	if err != nil {
		return nil, File{}, err
	}
	if n < 1 || n > len(j.Files) {
		return nil, File{}, fmt.Errorf("export %s has no file %d: %w", id, n, fs.ErrNotExist)
	}
	f := j.Files[n-1]
	o, err := s.blobs.Open(ctx, record.Prefix(recording)+f.Name)
	return o, f, err
}
