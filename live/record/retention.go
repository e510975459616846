package record

import (
	"context"
	"errors"
	"strings"
	"time"

	"liveroom/live/blob"
)

const (
	sweepEvery  = 2 * time.Second
	retainEvery = time.Minute
	// overEvery is how often all recordings that run are held against their sessions: mostly the node that writes one knows of its
	// end at once (Over).
	overEvery = 10 * time.Second
	// orphansFirst is how long after the start, or after another node, orphans are looked for.
	orphansFirst = 10 * time.Minute
)

// Tend sweeps, retains, and removes orphans until ctx ends. One node does so.
func (s *Service) Tend(ctx context.Context) error {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	began := time.Now()
	over, retained, orphans := began, began, began.Add(orphansFirst-orphansEvery)
	due := func(last *time.Time, every time.Duration) bool {
		now := time.Now()
		if now.Sub(*last) < every {
			return false
		}
		*last = now
		return true
	}
	failing := false
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-sweep.C:
		}
		var errs []error
		if due(&over, overEvery) {
			errs = append(errs, s.sweepOver(ctx))
		}
		errs = append(errs, s.sweepEnded(ctx))
		if due(&retained, retainEvery) {
			errs = append(errs, s.Retain(ctx))
		}
		if due(&orphans, orphansEvery) {
			errs = append(errs, s.SweepOrphans(ctx))
		}
		err := errors.Join(errs...)
		if err != nil && !failing && ctx.Err() == nil {
			s.log.Warn("recordings not swept; will retry", "err", err)
		}
		failing = err != nil
	}
}

// removeStep is how many objects are removed at a time.
const removeStep = 200

// Delete removes a recording and all that belongs to it. One that is being recorded is refused.
func (s *Service) Delete(ctx context.Context, id string) error {
	if _, err := s.find(ctx, id); err != nil {
		return err
	}
	r, err := s.store.Change(ctx, id, func(r *Recording) error {
		switch {
		case r.State == Running:
			return refuse("recording_running", "it is being recorded; stop it first")
		case r.State == Finishing && r.Kind == Full:
			return refuse("recording_running", "it is being finished; try again in some seconds")
		}
		r.State = Deleting
		return nil
	})
	if err != nil {
		return err
	}
	return s.remove(ctx, r)
}

// remove removes the objects of a recording that is Deleting, then what is known of it; a sweep goes on with it after a crash.
func (s *Service) remove(ctx context.Context, r Recording) error {
	if later, err := s.cfg.Spooled(ctx, r.ID); later || err != nil {
		return err // a sweep does it: what comes later would stay
	}
	if err := s.removeAll(ctx, Prefix(r.ID)); err != nil {
		return err
	}
	if err := s.cfg.Removed(ctx, r); err != nil {
		return err
	}
	s.cache.forget(r.ID)
	if err := s.store.Remove(ctx, r.ID); err != nil {
		return err
	}
	s.counts.removed.Add(1)
	s.log.Info("recording removed", "room", r.Room, "recording", r.ID, "kind", r.Kind)
	return nil
}

// removeAll removes all objects under a prefix.
func (s *Service) removeAll(ctx context.Context, prefix string) error {
	for {
		var names []string
		err := s.blobs.List(ctx, prefix, "", func(h blob.Held) error {
			if !strings.HasPrefix(h.Name, prefix) {
				return nil
			}
			if names = append(names, h.Name); len(names) == removeStep {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
		if len(names) == 0 {
			return nil
		}
		if err := s.blobs.Remove(ctx, names...); err != nil {
			return err
		}
	}
}

// Retain removes what is too old, and the oldest where all of them take too many bytes: only what is done, is not pinned and
// nobody uses. One node does so, now and then.
func (s *Service) Retain(ctx context.Context) error {
	now, err := s.store.Now(ctx)
	if err != nil {
		return err
	}
	var total int64
	err = s.each(ctx, Query{}, func(r Recording) error {
		gone := false
		if (r.State == Done || r.State == Failed) && !r.ExpiresAt.IsZero() && !now.Before(r.ExpiresAt) {
			var err error
			if gone, err = s.removable(ctx, r); err != nil {
				return err
			}
			if gone {
				return ignore(s.Delete(ctx, r.ID))
			}
		}
		total += s.fresh(ctx, r).Bytes
		return nil
	})
	s.counts.total.Store(total)
	if err != nil || s.cfg.Bytes <= 0 || total <= s.cfg.Bytes {
		return err
	}
	return s.each(ctx, Query{State: Done}, func(r Recording) error {
		if total <= s.cfg.Bytes {
			return nil
		}
		gone, err := s.removable(ctx, r)
		if err != nil || !gone {
			return err
		}
		if err := s.Delete(ctx, r.ID); err != nil {
			return ignore(err)
		}
		total -= r.Bytes
		s.counts.total.Store(total)
		return nil
	})
}

func (s *Service) removable(ctx context.Context, r Recording) (bool, error) {
	if r.Pinned {
		return false, nil
	}
	used, err := s.cfg.InUse(ctx, r.ID)
	return err == nil && !used, err
}
