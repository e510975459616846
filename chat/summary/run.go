package summary

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// closeEvery is how often sessions are looked for that are to be closed.
const closeEvery = time.Second

// roundWait is how long one look, or one search for what is to be closed, may take; what it did not come to is left to the next.
const roundWait = 30 * time.Second

// missedAfter is how old a status must be for its record to be taken as lost: until then it is on its way, behind others.
const missedAfter = 30 * time.Second

// reasonGone is the end of a session whose room is not there any more.
const reasonGone = "room_deleted"

// Run looks how many are in the rooms whose sessions run, and closes those that are over, until ctx ends. It runs on one node of
// a cluster.
func (s *Service) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() {
		r := runner{s: s}
		r.say(ctx, bounded(ctx, s.meet))
		r.run(ctx, s.cfg.Look, s.look)
	})
	wg.Go(func() {
		r := runner{s: s}
		r.run(ctx, closeEvery, s.close)
	})
	wg.Wait()
	return context.Cause(ctx)
}

// runner says once what is wrong.
type runner struct {
	s   *Service
	bad bool
}

// run does something again and again until ctx ends.
func (r *runner) run(ctx context.Context, every time.Duration, do func(context.Context) error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.say(ctx, bounded(ctx, do))
		}
	}
}

// bounded does something for no longer than roundWait.
func bounded(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, roundWait)
	defer cancel()
	return do(ctx)
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
	return errors.Join(err, each(ctx, all, s.Turn))
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
	return errors.Join(err, each(ctx, all, func(ctx context.Context, one Session) error {
		n := s.cfg.Heads(one.Group)
		n.At, n.Popularity = now, scores[one.Group]
		if err := s.lookAt(ctx, one, n); err != nil {
			return fmt.Errorf("session %s of room %s: %w", one.Session, one.Room, err)
		}
		return nil
	}))
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

// close closes the sessions that are over for long enough. Those of a group that can't be closed keep no other.
func (s *Service) close(ctx context.Context) error {
	all, err := s.store.Sessions(ctx, true)
	if err != nil || len(all) == 0 {
		return err
	}
	now, err := s.cfg.Now(ctx)
	if err != nil {
		return err
	}
	groups := map[string][]Session{}
	for _, one := range all {
		if now.Sub(one.EndedAt) >= s.cfg.Settle {
			groups[one.Group] = append(groups[one.Group], one)
		}
	}
	return each(ctx, slices.Collect(maps.Values(groups)), func(ctx context.Context, over []Session) error {
		if err := s.closeGroup(ctx, over, now); err != nil {
			return fmt.Errorf("close sessions of room %s: %w", over[0].Room, err)
		}
		return nil
	})
}

// closing is a session that is kept, and is to be told.
type closing struct {
	session Session
	kept    Summary
}

// errWait is why a session is not kept yet.
var errWait = errors.New("likes and gifts can't be read")

// closeGroup keeps the sessions of a group that are over, those first that began first, and then tells them in the order in
// which they were kept: behind one that could not be told none is, for the room takes them by their numbers. One whose likes and
// gifts are waited for keeps no other, and may be told while a later one runs, or after it.
func (s *Service) closeGroup(ctx context.Context, over []Session, now time.Time) (waits error) {
	slices.SortFunc(over, func(a, b Session) int { return a.BeganAt.Compare(b.BeganAt) })
	var kept []closing
	for _, one := range over {
		so, err := s.keep(ctx, one, now)
		switch {
		case errors.Is(err, errWait):
			waits = err
		case errors.Is(err, ErrUnknown): // another node has just forgotten it
		case err != nil:
			return err
		default:
			kept = append(kept, closing{one, so})
		}
	}
	slices.SortFunc(kept, func(a, b closing) int { return cmp.Compare(a.kept.Number, b.kept.Number) })
	for _, c := range kept {
		if err := s.tell(ctx, c); err != nil {
			return err
		}
	}
	return waits
}

// tell tells a summary, then forgets its session: whoever repeats that after a crash tells the same.
func (s *Service) tell(ctx context.Context, c closing) error {
	if err := s.cfg.Message(ctx, c.kept); err != nil {
		return fmt.Errorf("tell the room: %w", err)
	}
	if err := s.cfg.Report(ctx, c.kept); err != nil {
		return fmt.Errorf("tell backends: %w", err)
	}
	one := c.session
	if err := s.store.Remove(ctx, one.Session); err != nil {
		return err
	}
	s.log.Info("live session summed up", "room", one.Room, "session", one.Session, "duration", one.EndedAt.Sub(one.BeganAt), "peak", c.kept.Peak)
	return nil
}

// keep keeps the summary of a session, or finds that which is kept.
func (s *Service) keep(ctx context.Context, one Session, now time.Time) (Summary, error) {
	kept, err := s.store.Summary(ctx, one.Group, one.Session)
	if !errors.Is(err, ErrUnknown) {
		return kept, err
	}
	stored, counts, err := s.store.Session(ctx, one.Session)
	if err != nil {
		return Summary{}, err
	}
	likes, err := s.cfg.Likes(ctx, one.Group, one.Session)
	gifts, none := s.cfg.Gifts(ctx, one.Group, one.Session)
	if err = errors.Join(err, none); err != nil {
		if now.Sub(one.EndedAt) < s.cfg.Give {
			return Summary{}, fmt.Errorf("%w: %w", errWait, err)
		}
		s.log.Warn("a live session is summed up without likes or gifts", "room", one.Room, "session", one.Session, "err", err)
	}
	return s.store.Keep(ctx, sum(stored, counts, likes, gifts, err == nil), s.cfg.Keep, s.cfg.Age)
}
