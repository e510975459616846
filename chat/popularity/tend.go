package popularity

import (
	"context"
	"errors"
	"math"
	"time"
)

// Bounds of what one round of Tend does.
const (
	maxPublished = 2_000            // groups whose scores are looked at in one round
	maxTold      = 10_000           // groups of which is known what they were told
	perRound     = 500              // groups told in one round
	maxRefused   = 5                // of these that can't be told; then the round is over
	maxElapsed   = 30 * time.Second // that one round counts those who are there for: nobody knows who was there before
	sweepLives   = 6                // half-lives that an invisible group stays: longer than anybody turns pages
	sweepOnce    = 1_000            // groups dropped in one round
	moved        = 0.02             // share by which a score must have changed to be told
)

// Tend adds those who are there, tells groups their scores and drops those that fell silent, until ctx ends. It runs on one
// node of a cluster.
func (s *Service) Tend(ctx context.Context) error {
	s.sync(ctx)
	t := tender{s: s, told: map[string]int64{}, last: time.Now()}
	tick := time.NewTicker(s.cfg.Tend)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		err := t.round(ctx)
		if failed := err != nil && ctx.Err() == nil; failed != t.bad {
			if t.bad = failed; failed {
				s.log.Warn("popularity is not kept up; will retry", "err", err)
			}
		}
	}
}

// unknown stands for what a group that was swept was told: nobody knows.
const unknown = -1

// tender is what the node that tends knows.
type tender struct {
	s    *Service
	told map[string]int64 // scores that groups were told, not zero; or unknown
	last time.Time        // when those who are there were counted
	bad  bool
}

func (t *tender) round(ctx context.Context) error {
	return errors.Join(t.people(ctx), t.publish(ctx), t.sweep(ctx))
}

// people adds those who are there, for the time since the last round.
func (t *tender) people(ctx context.Context) error {
	groups, err := t.s.cfg.Present(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	minutes := min(now.Sub(t.last), maxElapsed).Minutes()
	t.last = now
	for _, g := range groups {
		t.s.add(g, float64(t.s.cfg.Online(g))*minutes*t.s.cfg.Weights.Minute)
	}
	return nil
}

// publish tells groups whose score moved.
func (t *tender) publish(ctx context.Context) error {
	top, err := t.s.Top(ctx, First(), t.s.Floor(), maxPublished)
	if err != nil {
		return err
	}
	seen := make(map[string]bool, len(top))
	r := rest{budget: perRound}
	for _, one := range top {
		seen[one.Group] = true
		score := Rounded(one.Score)
		before := t.told[one.Group]
		if score != before && math.Abs(float64(score-before)) >= moved*float64(before) {
			r.tell(ctx, t, one.Group, score)
		}
	}
	for group := range t.told {
		switch {
		case seen[group]:
		case len(top) == maxPublished && t.told[group] != unknown: // it may be behind those that were looked at
			delete(t.told, group)
		default:
			r.tell(ctx, t, group, 0)
		}
	}
	return r.err
}

// rest is what is left of a round's telling. One group that can't be told keeps no other; several are taken for all.
type rest struct {
	budget, refused int
	err             error // the first
}

func (r *rest) tell(ctx context.Context, t *tender, group string, score int64) {
	if r.budget == 0 || r.refused == maxRefused {
		return
	}
	r.budget--
	if err := t.tell(ctx, group, score); err != nil {
		if r.refused++; r.err == nil {
			r.err = err
		}
	}
}

// tell tells one group. One that was dismissed leaves the board: what happened in its last second may have come behind the
// news of its end.
func (t *tender) tell(ctx context.Context, group string, score int64) error {
	err := t.s.cfg.Publish(ctx, group, score)
	if errors.Is(err, ErrGone) {
		delete(t.told, group)
		return t.s.Forget(ctx, group)
	}
	if err != nil {
		return err
	}
	if t.told[group] = score; score == 0 {
		delete(t.told, group)
	}
	return nil
}

// sweep drops groups in which long nothing happened. The next round tells them so: who tended before may have told them more.
func (t *tender) sweep(ctx context.Context) error {
	gone, err := t.s.store.Sweep(ctx, t.s.board, t.s.Floor()-sweepLives, sweepOnce)
	if err != nil {
		return err
	}
	for _, group := range gone {
		if len(t.told) < maxTold {
			t.told[group] = unknown
		}
	}
	return nil
}
