package delivery

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// ErrNoEndpoint says that there is no such endpoint.
var ErrNoEndpoint = errors.New("delivery: there is no such endpoint")

// deadPage is how many dead letters are read at a time.
const deadPage = 100

// die puts an event aside. Where there are too many, the oldest goes. The lock is held.
func (s *Service) die(ep *endpoint, e Event, tries int, r Result) {
	s.lastDead++
	s.change.Dead = append(s.change.Dead, DeadLetter{
		Event: e, N: s.lastDead, DeadAt: time.Now().UTC(), Why: r.Why, Tries: tries, Status: r.Status, Answer: r.Answer,
	})
	s.hard++
	signal(s.changed)
	ep.counts.died++
	ep.dead[e.Class]++
	ep.pending[e.Class]++
	if ep.dead[e.Class] <= s.cfg.DeadEach {
		return
	}
	ep.dead[e.Class]--
	if ep.dead[e.Class] >= ep.pending[e.Class] {
		s.dropDead(ep.id, e.Class, 0)
		return
	}
	first := slices.IndexFunc(s.change.Dead, func(l DeadLetter) bool { return l.Endpoint == ep.id && l.Class == e.Class })
	s.change.Dead = slices.Delete(s.change.Dead, first, first+1)
	ep.pending[e.Class]--
}

// dropDead has a stored dead letter removed, the oldest one where n is 0. The lock is held.
func (s *Service) dropDead(endpoint string, class Class, n uint64) {
	drops := s.change.DeadDrop
	last := len(drops) - 1
	if last < 0 || drops[last].Endpoint != endpoint || drops[last].Class != class || (drops[last].Oldest > 0) != (n == 0) {
		drops = append(drops, DeadDrop{Endpoint: endpoint, Class: class})
		last++
	}
	if n == 0 {
		drops[last].Oldest++
	} else {
		drops[last].N = append(drops[last].N, n)
	}
	s.change.DeadDrop = drops
	signal(s.changed)
}

// Place is where a list of dead letters goes on. The zero one is its begin.
type Place struct {
	Class Class
	After uint64 // N
}

// Dead returns up to limit dead letters of an endpoint: State before People before Talk, each in the order in which they were
// put aside.
func (s *Service) Dead(ctx context.Context, endpoint string, from Place, limit int) ([]DeadLetter, error) {
	if !s.knows(endpoint) {
		return nil, ErrNoEndpoint
	}
	_ = s.Settle(ctx) // what is not stored yet is not in the list
	return s.store.Dead(ctx, endpoint, from.Class, from.After, limit)
}

func (s *Service) knows(endpoint string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.endpoints[endpoint] != nil
}

// Replay queues dead letters again, behind what their queues have, in order and under their own ids: those with the given
// N, or all there are. It returns how many.
func (s *Service) Replay(ctx context.Context, id string, n ...uint64) (int, error) {
	return s.takeDead(ctx, id, n, func(ep *endpoint, l DeadLetter) { s.enqueue(ep, l.Event, time.Now(), true) })
}

// DeleteDead removes dead letters: those with the given N, or all there are. It returns how many.
func (s *Service) DeleteDead(ctx context.Context, id string, n ...uint64) (int, error) {
	return s.takeDead(ctx, id, n, func(*endpoint, DeadLetter) {})
}

// takeDead removes dead letters and lets f have each. When it returns that is stored.
func (s *Service) takeDead(ctx context.Context, id string, chosen []uint64, f func(*endpoint, DeadLetter)) (count int, err error) {
	all := len(chosen) == 0
	err = s.eachDead(ctx, id, func(ep *endpoint, l DeadLetter) bool {
		if all || slices.Contains(chosen, l.N) {
			s.takeOut(ep, l)
			f(ep, l)
			count++
		}
		return true
	})
	return count, cmp.Or(err, s.Settle(ctx))
}

// takeOut removes one dead letter. The lock is held.
func (s *Service) takeOut(ep *endpoint, l DeadLetter) {
	s.dropDead(ep.id, l.Class, l.N)
	ep.dead[l.Class] = max(0, ep.dead[l.Class]-1)
	s.hard++
}

// eachDead calls f, with the lock held, with the dead letters that there are now, as long as it says so of one class.
func (s *Service) eachDead(ctx context.Context, id string, f func(*endpoint, DeadLetter) (on bool)) error {
	s.deadTurn.Lock()
	defer s.deadTurn.Unlock()
	s.mu.Lock()
	last := s.lastDead
	s.mu.Unlock()
	if err := s.Settle(ctx); err != nil {
		return err
	}
	for from := (Place{}); from.Class < classes; {
		page, err := s.store.Dead(ctx, id, from.Class, from.After, deadPage)
		if err != nil {
			return err
		}
		from, err = s.deadPage(id, page, last, f)
		if err != nil || len(page) == 0 {
			return err
		}
	}
	return nil
}

// deadPage calls f with a page of dead letters and says where to go on.
func (s *Service) deadPage(id string, page []DeadLetter, last uint64, f func(*endpoint, DeadLetter) bool) (next Place, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ep := s.endpoints[id]
	if ep == nil {
		return next, ErrNoEndpoint
	}
	for _, l := range page {
		next = Place{l.Class, l.N}
		if l.N <= last && !f(ep, l) {
			return Place{Class: l.Class + 1}, nil
		}
	}
	return next, nil
}

// sweepDead removes dead letters that are too old.
func (s *Service) sweepDead(ctx context.Context) error {
	cutoff := time.Now().Add(-s.cfg.DeadAge)
	s.mu.Lock()
	var ids []string
	for id := range s.endpoints {
		ids = append(ids, id)
	}
	s.mu.Unlock()
	for _, id := range ids {
		err := s.eachDead(ctx, id, func(ep *endpoint, l DeadLetter) bool {
			if !l.DeadAt.Before(cutoff) {
				return false
			}
			s.takeOut(ep, l)
			return true
		})
		if err != nil && !errors.Is(err, ErrNoEndpoint) {
			return err
		}
	}
	return nil
}
