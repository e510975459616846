package record

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"liveroom/live/blob"
)

const (
	orphansEvery = 6 * time.Hour
	orphanAge    = 24 * time.Hour // that an object must have, so that nothing under way is taken for one
)

// SweepOrphans removes objects of recordings that the store does not know: of a cut that was given up before it was one, or that
// came when its recording was removed already. Each is older than a day. Left alone is what the store may have forgotten: all of
// ids older than the oldest recording that it knows, and whatever has an index. One node does so, now and then.
func (s *Service) SweepOrphans(ctx context.Context) error {
	now, err := s.store.Now(ctx)
	if err != nil {
		return err
	}
	oldest, _, err := s.store.List(ctx, Query{Limit: 1, Oldest: true})
	if err != nil || len(oldest) == 0 {
		return err
	}
	var id, after string
	orphan := false
	for {
		var names []string
		err := s.blobs.List(ctx, prefixAll, after, func(h blob.Held) error {
			after = h.Name
			of, _, _ := strings.Cut(strings.TrimPrefix(h.Name, prefixAll), "/")
			if of != id {
				id = of
				var err error
				if orphan, err = s.orphan(ctx, id, oldest[0].ID); err != nil {
					return err
				}
			}
			if orphan && now.Sub(h.Modified) > orphanAge {
				names = append(names, h.Name)
			}
			if len(names) == removeStep {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
		if len(names) > 0 {
			if err := s.blobs.Remove(ctx, names...); err != nil {
				return err
			}
			s.log.Info("objects of no recording removed", "objects", len(names), "last", names[len(names)-1])
		}
		if err == nil {
			return nil
		}
	}
}

// orphan says whether nobody knows, expects or has finished a recording, and the store would know it.
func (s *Service) orphan(ctx context.Context, id, oldest string) (bool, error) {
	if !ValidID(id) || id <= oldest {
		return false, nil
	}
	if _, err := s.store.Recording(ctx, id); !errors.Is(err, ErrUnknown) {
		return false, err
	}
	if used, err := s.cfg.InUse(ctx, id); used || err != nil {
		return false, err
	}
	o, err := s.blobs.Open(ctx, Prefix(id)+indexFile)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, o.Close()
}
