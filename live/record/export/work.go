package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"time"

	"liveroom/live/blob"
	"liveroom/live/record"
)

// How the worker waits: for jobs of other nodes, between words of how far a job is, and before it tries again.
const (
	pollEvery = 2 * time.Second
	tellEvery = 2 * time.Second
	firstTry  = 5 * time.Second
	lastTry   = 5 * time.Minute
	mostTries = 40 // of what is doubtful: some three hours

	catchUpEvery = time.Hour
	catchUpAge   = 48 * time.Hour
	openJobs     = 100 // that are looked at, at a time
)

// Run works at the jobs until ctx ends, one after another. Of several nodes one runs it at a time; that two do for a moment
// costs work, nothing else.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var caught time.Time
	for {
		if time.Since(caught) >= catchUpEvery {
			caught = time.Now()
			if err := s.catchUp(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("recordings without their exports not looked for", "err", err)
			}
		}
		busy, err := s.next(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("exports wait", "err", err)
		}
		if busy && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		case <-s.wake:
		}
	}
}

// catchUp tells of recordings that were done when nobody was there to be told, and begins their exports. One whose exports can't
// begin, such as one that has too many, holds up no other.
func (s *Service) catchUp(ctx context.Context) error {
	q := record.Query{State: record.Done, Kind: record.Full, Limit: 100}
	var failed error
	for range 10 {
		page, next, err := s.lib.List(ctx, q)
		if err != nil {
			return errors.Join(failed, err)
		}
		for _, r := range page {
			if time.Since(r.EndedAt) > catchUpAge {
				continue
			}
			err := s.Auto(ctx, r)
			if r.Untold {
				err = errors.Join(err, s.finish(ctx, r))
			}
			if err != nil && failed == nil {
				failed = err
			}
		}
		if q.After = next; next == "" {
			break
		}
	}
	return failed
}

// next works at the next job, if there is one.
func (s *Service) next(ctx context.Context) (busy bool, err error) {
	all, err := s.store.Open(ctx, openJobs)
	if err != nil {
		return false, err
	}
	due := s.rested(all)
	if len(due) == 0 {
		return false, nil
	}
	j := due[0]
	if j.State != Deleting {
		s.work(ctx, j)
		return true, nil
	}
	if err := s.clear(ctx, j); err != nil {
		s.rest(j, false)
		return true, fmt.Errorf("remove export %s of recording %s: %w", j.ID, j.Recording, err)
	}
	return true, nil
}

// rested are the open jobs whose turn it is. Pauses of others that are no more are forgotten.
func (s *Service) rested(open []Job) (out []Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := map[string]bool{}
	for _, j := range open {
		there[j.turn()] = true
		if !time.Now().Before(s.later[j.turn()].until) {
			out = append(out, j)
		}
	}
	if len(open) < openJobs {
		maps.DeleteFunc(s.later, func(key string, _ pause) bool { return !there[key] })
	}
	return out
}

// rest has a job tried again later, each time twice as long, and answers how often it was tried, and whether it did not wait for
// room before.
func (s *Service) rest(j Job, full bool) (tries int, anew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.later[j.turn()]
	anew = !p.full
	p.tries++
	p.until, p.full = time.Now().Add(min(firstTry<<min(p.tries-1, 10), lastTry)), full
	s.later[j.turn()] = p
	return p.tries, anew
}

// turn is the key of its pauses: that its making failed holds up its removal by nothing.
func (j Job) turn() string {
	if j.State == Deleting {
		return j.key() + "/x"
	}
	return j.key()
}

func (j Job) key() string { return j.Recording + "/" + j.ID }

// clear removes what there is of a job that was deleted. What a cut has become stays, what it has not goes.
func (s *Service) clear(ctx context.Context, j Job) error {
	prefix := record.Prefix(j.Recording) + "x/" + j.ID + "-"
	if j.Format == Cut {
		_, err := s.lib.Recording(ctx, j.Target)
		if err == nil {
			return s.store.Deleted(ctx, j.Recording, j.ID, false)
		}
		if !errors.Is(err, record.ErrUnknown) {
			return err
		}
		prefix = record.Prefix(j.Target)
	}
	var names []string
	err := s.blobs.List(ctx, prefix, "", func(h blob.Held) error {
		names = append(names, h.Name)
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.blobs.Remove(ctx, names...); err != nil {
		return err
	}
	return s.store.Deleted(ctx, j.Recording, j.ID, j.auto())
}

// work works at a job until it is done, failed, cancelled, or is to be tried again.
func (s *Service) work(ctx context.Context, j Job) {
	ctx, cancel := context.WithCancelCause(ctx)
	s.mu.Lock()
	s.doing, s.cancel = j.key(), cancel
	s.mu.Unlock()
	s.count.running.Add(1)
	err := s.make(ctx, &j)
	s.count.running.Add(-1)
	s.mu.Lock()
	s.doing, s.cancel = "", nil
	s.mu.Unlock()
	stopped := ctx.Err() != nil
	cancel(nil)
	switch {
	case err == nil:
		s.count.done.Add(1)
		s.log.Info("export done", "recording", j.Recording, "export", j.ID, "format", j.Format, "files", len(j.Files))
	case errors.Is(err, ErrUnknown): // it is not wanted any more
	case stopped: // or that, or the server stops: what it told of need not be told again
		s.put(context.WithoutCancel(ctx), j)
	default:
		s.missed(context.WithoutCancel(ctx), j, err)
	}
}

// missed notes that a job did not succeed. Where its recording was deleted meanwhile, nothing went wrong.
func (s *Service) missed(ctx context.Context, j Job, err error) {
	gone := s.gone(ctx, j.Recording)
	if gone {
		err = record.ErrUnknown
	}
	words, then := why(err)
	full := errors.Is(err, blob.ErrFull)
	tries, anew := s.rest(j, full)
	j.Cause, j.State = words, Waiting
	again := then == passing || then == doubtful && tries < mostTries
	if !again {
		j.State, j.EndedAt = Failed, time.Now().UTC().Truncate(time.Millisecond)
		if !gone {
			s.count.failed.Add(1)
		}
	}
	level, what := slog.LevelWarn, "export not made"
	switch {
	case gone:
		level = slog.LevelInfo
	case full:
		level = slog.LevelError
	case errors.Is(err, errSpooled):
		level, what = slog.LevelInfo, "export made; it is told of when all nodes see it"
	case errors.Is(err, errUntold):
		what = "export made, but nobody could be told of it yet"
	}
	s.log.Log(ctx, level, what, "recording", j.Recording, "export", j.ID, "again", again, "err", err)
	if full && anew {
		s.want(ctx, j)
	}
	s.put(ctx, j)
}

// want has Config.Full told of a job.
func (s *Service) want(ctx context.Context, j Job) {
	ctx, cancel := context.WithTimeout(ctx, pollEvery)
	defer cancel()
	if r, err := s.lib.Recording(ctx, j.Recording); err == nil {
		s.cfg.Full(r, j)
	}
}

// gone says whether a recording is no more.
func (s *Service) gone(ctx context.Context, recording string) bool {
	ctx, cancel := context.WithTimeout(ctx, pollEvery)
	defer cancel()
	_, err := s.lib.Recording(ctx, recording)
	return errors.Is(err, record.ErrUnknown)
}

// put stores a job as far as that can be done soon.
func (s *Service) put(ctx context.Context, j Job) {
	ctx, cancel := context.WithTimeout(ctx, pollEvery)
	defer cancel()
	if err := s.store.Put(ctx, j); err != nil && !errors.Is(err, ErrUnknown) {
		s.log.Warn("state of an export not stored", "recording", j.Recording, "export", j.ID, "err", err)
	}
}

// make makes what of a job is not made yet.
func (s *Service) make(ctx context.Context, j *Job) error {
	r, err := s.finished(ctx, j.Recording)
	if err != nil {
		return err
	}
	x, err := s.lib.Index(ctx, j.Recording)
	if err != nil {
		return err
	}
	j.State, j.Cause = Running, ""
	pieces := cutOut(x, j.Span.From, j.Span.To)
	if j.Format == Cut {
		err = s.cut(ctx, r, j, pieces)
	} else {
		err = s.files(ctx, r, j, pieces)
	}
	if err != nil {
		return err
	}
	j.State, j.Made, j.EndedAt = Done, j.Span.To-j.Span.From, time.Now().UTC().Truncate(time.Millisecond)
	return s.store.Put(ctx, *j)
}

// progress returns what is told of each ms that is made: it stores it now and then, and ends the work where nobody wants it.
func (s *Service) progress(ctx context.Context, j *Job) func(ms int64) error {
	last := time.Now()
	return func(ms int64) error {
		j.Made += ms
		if time.Since(last) < tellEvery {
			return nil
		}
		last = time.Now()
		if err := s.store.Put(ctx, *j); errors.Is(err, ErrUnknown) {
			return err
		}
		return nil // that the store is away for a moment holds nothing up
	}
}

// files makes the files of an export.
func (s *Service) files(ctx context.Context, r record.Recording, j *Job, pieces []piece) error {
	j.Made = 0
	for _, f := range j.Files {
		if f.Segments > len(pieces) {
			return errChanged
		}
		pieces = pieces[f.Segments:]
		j.Made += f.Duration
	}
	if err := s.store.Put(ctx, *j); err != nil {
		return err
	}
	untold := s.tell(ctx, r, j)
	src := newSource(s.lib, j.Recording)
	for len(pieces) > 0 {
		name := j.fileName(len(j.Files) + 1)
		got, err := write(ctx, s.blobs, src, record.Prefix(j.Recording)+name, j.Format, pieces, j.FileMax.Milliseconds(), s.progress(ctx, j))
		if err != nil {
			return err
		}
		tracks, err := src.tracks(ctx, got.pieces[0].seg.Init)
		if err != nil {
			return err
		}
		f := described(tracks, got)
		f.Name = name
		s.count.bytes.Add(uint64(got.bytes)) //nolint:gosec // not negative
		j.Files = append(j.Files, f)
		if err := s.store.Put(ctx, *j); err != nil {
			return err
		}
		untold = s.tell(ctx, r, j)
		pieces = pieces[len(got.pieces):]
	}
	return untold
}

// tell has those files told that are not yet, or answers an errUntold. That they are is stored with the job's next step: after a
// crash before that the last is told once more.
func (s *Service) tell(ctx context.Context, r record.Recording, j *Job) error {
	if j.Told == len(j.Files) {
		return nil
	}
	if waits, err := s.cfg.Spooled(ctx, j.Recording); err != nil {
		return fmt.Errorf("%w: %w", errUntold, err)
	} else if waits {
		return errSpooled
	}
	for ; j.Told < len(j.Files); j.Told++ {
		if err := s.cfg.Ready(ctx, r, *j, j.Told+1); err != nil && !nothing(err) {
			return fmt.Errorf("%w: %w", errUntold, err)
		}
	}
	return nil
}

// nothing says that an error of Config.Ready or Finished is that there is nothing to tell of any more.
func nothing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, record.ErrUnknown)
}

// names are what codecs are called.
var names = map[string]string{"avc1": "h264", "avc3": "h264", "hvc1": "hevc", "hev1": "hevc", "av01": "av1", "mp4a": "aac", "Opus": "opus"}

func described(tracks []track, m made) File {
	first, last := m.pieces[0], m.pieces[len(m.pieces)-1]
	f := File{Start: first.from, End: last.to, Duration: total(m.pieces), Bytes: m.bytes, Segments: len(m.pieces)}
	for _, t := range tracks {
		if t.video {
			f.Video, f.Width, f.Height = names[t.codec], int(t.width), int(t.height)
		} else {
			f.Audio = names[t.codec]
		}
	}
	return f
}
