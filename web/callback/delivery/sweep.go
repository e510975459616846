package delivery

import (
	"context"
	"time"
)

// How often what is too old is looked for.
const (
	sweepEvery     = 5 * time.Second
	deadSweepEvery = time.Hour
)

// sweepLoop removes what is too old until ctx ends.
func (s *Service) sweepLoop(ctx context.Context) {
	tick, deadTick := time.NewTicker(sweepEvery), time.NewTicker(deadSweepEvery)
	defer tick.Stop()
	defer deadTick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.sweep(ctx)
		case <-deadTick.C:
			if err := s.sweepDead(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("old dead letters of callbacks can't be removed", "err", err)
			}
		}
	}
}

// sweep looks at all queues.
func (s *Service) sweep(ctx context.Context) {
	now := time.Now()
	var old []*queue
	s.mu.Lock()
	for _, q := range s.queues {
		cutoff := now.Add(-s.cfg.age(q.key.Class))
		switch {
		case q.first < q.next && q.oldest.Before(cutoff):
			old = append(old, q)
		case q.empty() && len(q.recent) > 0 && q.usedAt.Before(cutoff):
			q.recent = nil
			s.touch(q)
		case len(q.gaps) > 0 && !q.taken && q.gaps[0].Until.Before(now.Add(-day)):
			q.gaps = append(q.gaps[:0:0], q.gaps[1:]...)
			s.touch(q)
		}
	}
	s.mu.Unlock()
	for _, q := range old {
		cutoff := now.Add(-s.cfg.age(q.key.Class))
		if q.key.Class == State {
			s.buryOld(ctx, q, cutoff)
		} else if err := s.dropOld(ctx, q, cutoff); err != nil && ctx.Err() == nil {
			s.log.Error("the age of queued callbacks can't be read", "endpoint", q.key.Endpoint, "err", err)
			return
		}
	}
}

// dropOld drops what was queued before cutoff.
func (s *Service) dropOld(ctx context.Context, q *queue, cutoff time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := q.first
	for _, i := range q.window {
		if !i.QueuedAt.Before(cutoff) {
			break
		}
		to = i.N + 1
	}
	if to == q.first+uint64(len(q.window)) && to < q.stored {
		s.mu.Unlock()
		older, err := s.store.Older(ctx, q.key, to, cutoff)
		s.mu.Lock()
		if err != nil || q.gone {
			return err
		}
		to = min(older, q.stored)
	}
	if to >= q.stored {
		for _, i := range q.tail {
			if i.N >= to && i.QueuedAt.Before(cutoff) {
				to = i.N + 1
			}
		}
	}
	s.drop(q, to)
	if q.oldest.Before(cutoff) {
		q.oldest = cutoff
	}
	s.schedule(q)
	return nil
}

// buryOld puts aside what was queued before cutoff, unless the head is under way: then the next sweep does.
func (s *Service) buryOld(ctx context.Context, q *queue, cutoff time.Time) {
	s.mu.Lock()
	if q.taken || q.gone {
		s.mu.Unlock()
		return
	}
	q.taken = true
	q.ep.flying++
	s.flying++
	s.mu.Unlock()
	for {
		h, err := s.head(ctx, q)
		s.mu.Lock()
		if err != nil || h == nil || h.n == 0 || !h.at.Before(cutoff) || q.gone {
			if err != nil && ctx.Err() == nil {
				s.unreadable(q, err)
			}
			s.release(q, false)
			s.schedule(q)
			s.start(q.ep)
			s.mu.Unlock()
			return
		}
		s.bury(q, h, Result{Why: "too old"})
		s.mu.Unlock()
	}
}
