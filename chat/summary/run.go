package summary

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// closeEvery is how often sessions are looked for that are to be closed.
const closeEvery = time.Second

// missedAfter is how old a status must be for its record to be taken as lost: until then it is on its way, behind others.
const missedAfter = 30 * time.Second

// reasonGone is the end of a session whose room is not there any more.
const reasonGone = "room_deleted"

// Run looks how many are in the rooms whose sessions run, and closes those that are over, until ctx ends. It runs on one node of
// a cluster.
func (s *Service) Run(ctx context.Context) error {
	look, end := time.NewTicker(s.cfg.Look), time.NewTicker(closeEvery)
	defer look.Stop()
	defer end.Stop()
	r := runner{s: s}
	r.say(ctx, s.meet(ctx))
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-look.C:
			r.say(ctx, s.look(ctx))
		case <-end.C:
			r.say(ctx, s.close(ctx))
		}
	}
}

// runner says once what is wrong.
type runner struct {
	s   *Service
	bad bool
}

func (r *runner) say(ctx context.Context, err error) {
	if failed := err != nil && ctx.Err() == nil; failed != r.bad {
		if r.bad = failed; failed {
			r.s.log.Warn("live sessions are not followed as they should; will retry", "err", err)
		}
	}
}

// meet begins the sessions that run and whose records passed before anybody listened to them.
func (s *Service) meet(ctx context.Context) error {
	all, err := s.cfg.Live(ctx)
	for _, t := range all {
		err = errors.Join(err, s.Turn(ctx, t))
	}
	return err
}

// look enters how many are in each room. A room whose status says something else than was heard had its record lost.
func (s *Service) look(ctx context.Context) error {
	all, err := s.store.Sessions(ctx, false)
	if err != nil || len(all) == 0 {
		return err
	}
	now, err := s.cfg.Now(ctx)
	if err != nil {
		return err
	}
	groups := make([]string, len(all))
	for i, one := range all {
		groups[i] = one.Group
	}
	scores, err := s.cfg.Popularity(ctx, groups)
	for _, one := range all {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n := s.cfg.Heads(one.Group)
		n.At, n.Popularity = now, scores[one.Group]
		if late := s.lookAt(ctx, one, n); late != nil {
			err = errors.Join(err, fmt.Errorf("session %s of room %s: %w", one.Session, one.Room, late))
		}
	}
	return err
}

func (s *Service) lookAt(ctx context.Context, one Session, n Sample) error {
	t, err := s.cfg.State(ctx, one.Room)
	switch {
	case errors.Is(err, ErrGone):
		t = Turn{Session: one.Session, Epoch: one.Epoch, Version: one.Version + 1, Phase: Over, Reason: reasonGone, Since: one.seenLast()}
	case err != nil:
		return err
	}
	next, moved := one.turn(t)
	if late := n.At.Sub(t.Since) > missedAfter || t.Reason == reasonGone; !moved || !late || next.Phase == one.Phase {
		if next, moved = one.sample(n); !moved {
			return nil
		}
	}
	err = s.store.Swap(ctx, one.Revision, next)
	if errors.Is(err, ErrConflict) {
		return nil // its record has just come: the next look has it
	}
	return err
}

// close closes the sessions that are over for long enough. One that can't be closed keeps no other.
func (s *Service) close(ctx context.Context) error {
	all, err := s.store.Sessions(ctx, true)
	if err != nil || len(all) == 0 {
		return err
	}
	now, err := s.cfg.Now(ctx)
	if err != nil {
		return err
	}
	for _, one := range all {
		if now.Sub(one.EndedAt) < s.cfg.Settle {
			continue
		}
		if late := s.closeOne(ctx, one, now); late != nil {
			err = errors.Join(err, fmt.Errorf("close session %s of room %s: %w", one.Session, one.Room, late))
		}
	}
	return err
}

// closeOne keeps a summary, then tells it, then forgets the session: whoever repeats that after a crash tells the same.
func (s *Service) closeOne(ctx context.Context, one Session, now time.Time) error {
	kept, err := s.store.Summary(ctx, one.Group, one.Session)
	if errors.Is(err, ErrUnknown) {
		kept, err = s.sum(ctx, one, now)
	}
	if err != nil {
		return err
	}
	if err := s.cfg.Message(ctx, kept); err != nil {
		return fmt.Errorf("tell the room: %w", err)
	}
	if err := s.cfg.Report(ctx, kept); err != nil {
		return fmt.Errorf("tell backends: %w", err)
	}
	if err := s.store.Remove(ctx, one.Session); err != nil {
		return err
	}
	s.log.Info("live session summed up", "room", one.Room, "session", one.Session, "duration", one.EndedAt.Sub(one.BeganAt), "peak", kept.Peak)
	return nil
}

// sum makes the summary and keeps it.
func (s *Service) sum(ctx context.Context, one Session, now time.Time) (Summary, error) {
	stored, counts, err := s.store.Session(ctx, one.Session)
	if err != nil {
		return Summary{}, err
	}
	likes, err := s.cfg.Likes(ctx, one.Group, one.Session)
	gifts, none := s.cfg.Gifts(ctx, one.Group, one.Session)
	if err = errors.Join(err, none); err != nil {
		if now.Sub(one.EndedAt) < s.cfg.Give {
			return Summary{}, fmt.Errorf("read likes and gifts: %w", err)
		}
		s.log.Warn("a live session is summed up without likes or gifts", "room", one.Room, "session", one.Session, "err", err)
	}
	return s.store.Keep(ctx, sum(stored, counts, likes, gifts, err == nil), s.cfg.Keep, s.cfg.Age)
}
