package gift

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// How much of a group is read at once.
const (
	workAtOnce = 200
	tellAtOnce = 1000
	maxRetry   = 30 * time.Second // longest wait after rounds that failed
)

// Run asks orders, and does what this node's orders make due: messages, combos' ends, counters, askings that failed before. It
// ends with ctx; what is left then stays in the store. Every node runs it, and one at a time Sweep beside it.
func (s *Service) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	if s.settler != nil {
		for range s.cfg.Askers {
			wg.Go(func() { s.askers(ctx, s.fresh) })
			wg.Go(func() { s.askers(ctx, s.again) })
		}
	}
	free := make(chan struct{}, s.cfg.Workers)
	timer := time.NewTimer(s.cfg.Poll) // not 0: timers that fire before they are waited for trip the race detector in bubbles (go.dev/issue/78156)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.agenda.changed:
		case <-timer.C:
		}
		for {
			t, wait, any := s.agenda.take(time.Now())
			if t == nil {
				if any {
					timer.Reset(wait)
				}
				break
			}
			select {
			case free <- struct{}{}:
			case <-ctx.Done():
				s.agenda.back(t, time.Now(), time.Time{}, time.Time{})
				return ctx.Err()
			}
			wg.Go(func() {
				defer func() { <-free }()
				s.round(ctx, t)
			})
		}
	}
}

// Sweep looks every few seconds through all groups that have work, for what a node has left that is gone. It ends with ctx.
func (s *Service) Sweep(ctx context.Context) error {
	for failed := false; ; {
		err := s.sweep(ctx)
		if err != nil && !failed && ctx.Err() == nil {
			s.log.Warn("groups with gifts to settle or show can't be read; will retry", "err", err)
		}
		failed = err != nil
		timer := time.NewTimer(s.cfg.Poll/2 + rand.N(s.cfg.Poll))
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

func (s *Service) sweep(ctx context.Context) error {
	const page = 500
	for after := ""; ; {
		groups, err := s.store.Busy(ctx, after, page)
		if err != nil {
			return err
		}
		for _, g := range groups {
			s.agenda.find(g, time.Now())
			after = g
		}
		if len(groups) < page {
			return nil
		}
	}
}

// round does what a group has due, once.
func (s *Service) round(ctx context.Context, t *turn) {
	now := time.Now()
	next, mine, err := s.serve(ctx, t, now)
	switch {
	case ctx.Err() != nil:
		s.agenda.back(t, now, now, now)
	case err != nil:
		s.stats.failed.Add(1)
		if t.failures == 0 {
			s.log.Warn("gifts of a group can't be settled or shown; will retry", "group", t.group, "err", err)
		}
		wait := min(maxRetry, s.cfg.RetryIn<<min(t.failures, 10))
		t.failures++
		at := time.Now().Add(wait - wait/10 + rand.N(wait/5+1))
		s.agenda.back(t, at, at, at)
	case !mine:
		s.agenda.drop(t)
	default:
		t.failures = 0
		s.agenda.back(t, next, time.Now().Add(s.cfg.Pace), t.toldAt.Add(s.cfg.Tell))
	}
}

// serve does what a group has due and says when there is more; mine is false if all of it is another node's.
func (s *Service) serve(ctx context.Context, t *turn, now time.Time) (next time.Time, mine bool, err error) {
	tell := !now.Before(t.toldAt.Add(s.cfg.Tell))
	limit := workAtOnce
	if tell {
		limit = tellAtOnce
	}
	w, err := s.store.Work(ctx, t.group, now, limit)
	if err != nil {
		return next, true, err
	}
	if s.agenda.isLeft(t) {
		if !s.forsaken(w, now) {
			return next, false, nil
		}
		s.agenda.adopt(t)
	}
	if !w.Ending.IsZero() {
		ended, err := s.store.EndCombos(ctx, t.group, now, limit, s.cfg.Merge)
		if err != nil {
			return next, true, err
		}
		if w, err = s.store.Work(ctx, t.group, now, limit); err != nil {
			return next, true, err
		}
		if ended == limit {
			next = now
		}
	}
	for _, a := range w.Ask {
		begun, err := s.askAgain(ctx, a, now)
		if err != nil {
			return next, true, err
		}
		if !begun { // as many as may are being asked
			next = earlier(next, now.Add(s.cfg.RetryIn))
			break
		}
	}
	next = earlier(next, w.Next)
	if len(w.Ask) > 0 { // they are due again; see Ask
		next = earlier(next, now.Add(s.cfg.RetryIn))
	}
	more, err := s.hand(ctx, t, w, now, tell)
	if len(w.Show) == limit {
		more = now
	}
	return earlier(next, more), true, err
}

// forsaken says whether something is due for so long that whoever should have done it is gone.
func (s *Service) forsaken(w Work, now time.Time) bool {
	limit := now.Add(-s.cfg.Left)
	old := func(at time.Time) bool { return !at.IsZero() && !at.After(limit) }
	return len(w.Ask) > 0 && old(w.Ask[0].NextAt) || old(w.Ending) ||
		len(w.Show) > 0 && old(w.Show[0].At) || len(w.Untold) > 0 && old(w.Untold[0].SettledAt)
}
