package replay

import (
	"context"
	"time"

	"liveroom/live/blob"
)

// sweepEvery is how often it is looked whose chat is too old.
const sweepEvery = time.Hour

// removeAtOnce is how many objects are removed in one call.
const removeAtOnce = 500

// RunRetention removes what is older than Config.Age until ctx ends. One node does. Reading stops at that age by itself.
func (s *Service) RunRetention(ctx context.Context) error {
	if s.cfg.Age == 0 {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	for {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("old chat of recordings could not be removed; trying again later", "err", err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(sweepEvery):
		}
	}
}

// Sweep removes once what is older than Config.Age.
func (s *Service) Sweep(ctx context.Context) error {
	var old []string
	err := s.recs.Finished(ctx, func(r Recording) error {
		if r.Of == "" && !r.Ended.IsZero() && time.Since(r.Ended) > s.cfg.Age {
			old = append(old, r.ID)
		}
		return nil
	})
	for _, id := range old {
		if err == nil {
			err = s.Remove(ctx, id)
		}
	}
	return err
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
