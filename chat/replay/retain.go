package replay

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"liveroom/live/blob"
)

// sweepEvery is how often it is looked whose chat is too old.
const sweepEvery = time.Hour

// sweepWhole is how often it is looked at all that is older than Config.Age, and not only at what has become it since the last time: for
// what was finished long after it ended, and what was stored after it was looked at.
const sweepWhole = 24 * time.Hour

// removeAtOnce is how many objects are removed in one call.
const removeAtOnce = 500

// RunRetention removes what is older than Config.Age until ctx ends. One node does. Reading stops at that age by itself.
func (s *Service) RunRetention(ctx context.Context) error {
	if s.cfg.Age == 0 {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	var whole, last time.Time // when a sweep began that left nothing, of all and at all
	for {
		now := time.Now()
		since := last
		if now.Sub(whole) >= sweepWhole {
			since = time.Time{}
		}
		switch err := s.sweep(ctx, since, now); {
		case err == nil && since.IsZero():
			whole, last = now, now
		case err == nil:
			last = now
		case ctx.Err() == nil:
			s.log.Warn("old chat of recordings could not be removed; trying again later", "err", err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(sweepEvery):
		}
	}
}

// Sweep removes once all that is older than Config.Age.
func (s *Service) Sweep(ctx context.Context) error { return s.sweep(ctx, time.Time{}, time.Now()) }

// sweep removes what is older than Config.Age now and was not at a sweep before; a time of zero: there was none. What can't be removed
// holds up nothing else.
func (s *Service) sweep(ctx context.Context, before, now time.Time) (failed error) {
	err := s.recs.Finished(ctx, func(r Recording) error {
		if r.Of != "" || r.Ended.IsZero() || now.Sub(r.Ended) <= s.cfg.Age || !before.IsZero() && before.Sub(r.Ended) > s.cfg.Age {
			return nil
		}
		if err := s.Remove(ctx, r.ID); err != nil {
			failed = fmt.Errorf("chat of recording %s: %w", r.ID, err)
		}
		return ctx.Err()
	})
	return cmp.Or(err, failed)
}

// Remove removes the chat of a recording.
func (s *Service) Remove(ctx context.Context, recording string) error {
	defer s.cache.forget(recording)
	for {
		var names []string
		err := s.blobs.List(ctx, folder(recording), "", func(h blob.Held) error {
			if names = append(names, h.Name); len(names) == removeAtOnce {
				return errEnough
			}
			return nil
		})
		if len(names) == 0 || err != nil && err != errEnough { //nolint:errorlint // our own
			return err
		}
		if err := s.blobs.Remove(ctx, names...); err != nil {
			return err
		}
	}
}
