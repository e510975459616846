package record

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"liveroom/live/blob"
)

// ends notes that nothing more is recorded but what is under way, which may take so long at least. It may be said more than once.
func (s *Service) ends(ctx context.Context, id, cause string, least time.Duration) (Recording, error) {
	now, err := s.store.Now(ctx)
	if err != nil {
		return Recording{}, err
	}
	r, err := s.store.Recording(ctx, id)
	if err != nil {
		return Recording{}, err
	}
	later, err := s.cfg.Later(ctx, r)
	if err != nil {
		return Recording{}, err
	}
	ended := false
	r, err = s.store.Change(ctx, id, func(r *Recording) error {
		if ended = r.State == Running; ended {
			r.State, r.EndedAt, r.Later = Finishing, now, max(later, least)
			if cause != "" {
				r.Cause = cause
			}
		}
		return nil
	})
	if err == nil && ended && r.Kind == Full {
		s.cfg.Tell(Event{Happening: Ended, Recording: r, At: now, Cause: cause})
	}
	return r, err
}

// Sweep ends the recordings whose sessions are over, finishes those that ended, and goes on with removals that were cut off.
// One node does so.
func (s *Service) Sweep(ctx context.Context) error {
	return errors.Join(s.sweepOver(ctx), s.sweepEnded(ctx))
}

func (s *Service) sweepOver(ctx context.Context) error {
	return s.each(ctx, Query{State: Running}, func(r Recording) error {
		session, err := s.cfg.Session(ctx, r.Room)
		if err != nil || session == r.Session {
			return err
		}
		_, err = s.ends(ctx, r.ID, "", 0)
		return ignore(err)
	})
}

func (s *Service) sweepEnded(ctx context.Context) error {
	err := s.each(ctx, Query{State: Finishing}, func(r Recording) error { return s.finish(ctx, r) })
	return errors.Join(err, s.each(ctx, Query{State: Deleting}, func(r Recording) error { return s.remove(ctx, r) }))
}

func ignore(err error) error {
	if errors.Is(err, ErrUnknown) {
		return nil
	}
	return err
}

// each does something with all that a query selects, the oldest first. What fails of one holds up no other.
func (s *Service) each(ctx context.Context, q Query, do func(Recording) error) error {
	q.Limit, q.Oldest = 200, true
	var failed []error
	for {
		page, next, err := s.store.List(ctx, q)
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		for _, r := range page {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := do(r); err != nil && len(failed) < 10 {
				failed = append(failed, fmt.Errorf("recording %s: %w", r.ID, err))
			}
		}
		if q.After = next; next == "" {
			return errors.Join(failed...)
		}
	}
}

// finish writes the index of a recording that ended some time ago, or removes a time shift.
func (s *Service) finish(ctx context.Context, r Recording) error {
	now, err := s.store.Now(ctx)
	if err != nil {
		return err
	}
	if now.Sub(r.EndedAt) < s.cfg.Settle+r.Later || s.busy(r) {
		return nil
	}
	if r.Kind == Shift {
		return s.Delete(ctx, r.ID)
	}
	if later, err := s.cfg.Spooled(ctx, r.ID); later || err != nil {
		return err
	}
	x, err := s.listed(ctx, r.ID)
	if err != nil {
		return err
	}
	if len(x.Segments) > 0 {
		if err := s.writeIndex(ctx, r.ID, x); err != nil {
			if errors.Is(err, blob.ErrFull) { // a listing says the same
				s.log.Warn("index of a recording not written: there is no room; will retry", "recording", r.ID)
			}
			return err
		}
	}
	done := false
	r, err = s.store.Change(ctx, r.ID, func(r *Recording) error {
		if done = r.State == Finishing; done {
			r.finished(x, now)
		}
		return nil
	})
	if err != nil || !done {
		return ignore(err)
	}
	s.cache.forget(r.ID)
	s.log.Info("recording done", "room", r.Room, "recording", r.ID, "state", r.State, "seconds", r.Duration/1000, "gaps", r.Gaps)
	if r.State == Done {
		s.counts.done.Add(1)
		s.cfg.Tell(Event{Happening: Ready, Recording: r, At: now})
	}
	return nil
}

// finished notes that nothing of a recording changes any more.
func (r *Recording) finished(x Index, now time.Time) {
	r.describe(x)
	if r.State = Done; r.Segments == 0 {
		r.State = Failed
		if r.Cause == "" {
			r.Cause = "nothing was pushed that could be kept"
		}
	}
	r.Untold = r.State == Done
	if r.Age > 0 {
		r.ExpiresAt = now.Add(r.Age)
	}
}

// busy says whether this node still has something to store of a recording, or may have: what is shown with a delay comes after
// the end of its session.
func (s *Service) busy(r Recording) bool {
	s.mu.Lock()
	t := s.tapes[r.Stream]
	s.mu.Unlock()
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.coming == r.Session && (len(t.queue) > 0 || slices.Contains(t.writes[:], r.ID))
}
