package schedule

import (
	"context"
	"errors"
	"time"

	"liveroom/chat"
)

// saveEvery is how often a run's place is stored. What was told since is told again where a node dies, which rooms don't notice.
const saveEvery = time.Second

// Run goes through the rooms when something is due, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	failed := false
	for {
		more, err := s.next(ctx)
		if err != nil && !failed && ctx.Err() == nil {
			s.log.Warn("broadcasts wait; will retry", "err", err)
		}
		failed = err != nil
		if more && err == nil {
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

// next does what is due first, and says whether there may be more.
func (s *Service) next(ctx context.Context) (more bool, err error) {
	now, err := s.store.Now(ctx)
	if err != nil {
		return false, err
	}
	b, err := s.store.Due(ctx, now)
	if err != nil || b == nil {
		return false, err
	}
	if b.State == Scheduled {
		b.State, b.Run = Running, Run{StartedAt: now.UTC().Truncate(time.Millisecond)}
		begun, err := s.store.Change(ctx, *b)
		if errors.Is(err, ErrChanged) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		b = &begun
	}
	err = s.through(ctx, *b)
	if errors.Is(err, ErrChanged) || errors.Is(err, ErrUnknown) { // it was cancelled, or another node goes on with it
		return true, nil
	}
	return err == nil, err
}

// through goes through the rooms of a run from where it is, and ends it.
func (s *Service) through(ctx context.Context, b Broadcast) error {
	saved := time.Now()
	for {
		some, next, err := s.rooms.Targets(ctx, b.Filter, b.Run.Cursor)
		if err != nil {
			return err
		}
		for _, t := range some {
			if err := s.tell(ctx, &b, t); err != nil {
				return err
			}
		}
		if next == "" {
			return s.finish(ctx, b)
		}
		b.Run.Cursor = next
		if time.Since(saved) >= saveEvery {
			saved = time.Now()
			if b, err = s.store.Change(ctx, b); err != nil {
				return err
			}
		}
	}
}

// tell tells one room, in its time. What can't be done later either is counted, and the next one's turn.
func (s *Service) tell(ctx context.Context, b *Broadcast, t Target) error {
	timer := time.NewTimer(time.Second / time.Duration(s.cfg.Rate))
	defer timer.Stop()
	people, err := s.rooms.Append(ctx, t.Group, b.Run.Number, b.Body)
	var refusal *chat.Error
	switch {
	case errors.Is(err, chat.ErrNoGroup): // it is gone
	case errors.As(err, &refusal) && !refusal.Temporary:
		s.log.Warn("a room can't be told a broadcast", "room", t.Room, "broadcast", b.ID, "err", err)
		s.failed.Add(1)
		b.Run.Failed++
	case err != nil:
		return err
	default:
		s.told.Add(1)
		s.reached.Add(uint64(people))
		b.Run.Rooms++
		b.Run.Reached += people
	}
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// finish ends a run. What comes again and again waits for its next time after now: what was missed is not made up for.
func (s *Service) finish(ctx context.Context, b Broadcast) error {
	now, err := s.store.Now(ctx)
	if err != nil {
		return err
	}
	b.Runs++
	b.Run.EndedAt = now.UTC().Truncate(time.Millisecond)
	b.State, b.NextAt, b.Run.Cursor = Done, time.Time{}, ""
	if b.Cron != "" && s.cfg.Next != nil {
		if next, err := s.cfg.Next(b.Cron, now); err == nil && !next.IsZero() {
			b.State, b.NextAt = Scheduled, next.UTC()
		}
	}
	if _, err = s.store.Change(ctx, b); err == nil {
		s.runs.Add(1)
	}
	return err
}
