package delivery

import (
	"context"
	"time"
)

// endpoint is a receiver. While its circuit is open, nothing is sent to it but one event after each pause: the head of the
// queue that is next in line, so that a different one is tried each time.
type endpoint struct {
	id    string
	habit Habit

	first  []*queue // queues of State whose heads may be sent, in the order in which they were ready,
	line   []*queue // and those of the other classes
	flying int      // tries under way

	well   uint64 // tries it answered as a receiver should, whatever it said of the event
	unwell int    // tries in a row that found it unwell
	open   bool
	due    bool          // open, and the pause is over
	turn   bool          // the last probe was of the other classes
	pause  time.Duration // how long the present one is
	round  int           // grows whenever the circuit opens or closes

	recent  tries
	counts  counts
	dead    [classes]int // dead letters there are
	pending [classes]int // of those, the ones that are not stored
}

// endpoint returns an endpoint, which may be new; then nothing is sent to it until its habit is known.
func (s *Service) endpoint(id string) *endpoint {
	ep := s.endpoints[id]
	if ep == nil {
		ep = &endpoint{id: id, habit: Habit{Paused: true}, recent: tries{most: s.cfg.Tries}}
		s.endpoints[id] = ep
	}
	return ep
}

// close closes the circuit.
func (ep *endpoint) close() {
	ep.unwell = 0
	if ep.open {
		ep.open, ep.due = false, false
		ep.round++
	}
}

// ill notes a try that found an endpoint unwell. A probe that did makes the pause longer.
func (s *Service) ill(ep *endpoint, probe bool) {
	ep.unwell++
	switch {
	case ep.habit.Tries > 0:
	case !ep.open && ep.unwell >= unwellMost:
		ep.open, ep.due, ep.pause = true, false, retryMin
		ep.counts.opened++
		ep.round++
		s.log.Warn("callback endpoint is unwell; its events wait", "endpoint", ep.id)
		s.wake(ep)
	case ep.open && probe:
		ep.pause = min(2*ep.pause, retryMax)
		s.wake(ep)
	}
}

// good notes a try that the endpoint answered.
func (s *Service) good(ep *endpoint) {
	if ep.open {
		s.log.Info("callback endpoint is well again", "endpoint", ep.id)
	}
	ep.close()
}

// wake lets an open circuit be tried when its pause is over.
func (s *Service) wake(ep *endpoint) {
	if !ep.open {
		return
	}
	round := ep.round
	s.after(ep.pause, func() {
		if ep.open && ep.round == round {
			ep.due = true
			s.start(ep)
		}
	})
}

// schedule puts a queue in line, if it has something that can be sent now.
func (s *Service) schedule(q *queue) {
	if q.empty() || q.taken || q.ready || q.waits || q.gone {
		return
	}
	q.ready = true
	if q.key.Class == State {
		q.ep.first = append(q.ep.first, q)
	} else {
		q.ep.line = append(q.ep.line, q)
	}
	s.start(q.ep)
}

// later puts a queue in line after some time.
func (s *Service) later(q *queue, d time.Duration) {
	q.waits = true
	s.after(d, func() {
		q.waits = false
		s.schedule(q)
	})
}

// startAll starts what may be started at any endpoint.
func (s *Service) startAll() {
	for _, ep := range s.endpoints {
		s.start(ep)
	}
}

// start starts tries of an endpoint, as many as there may be.
func (s *Service) start(ep *endpoint) {
	if s.run == nil || ep.habit.Paused {
		return
	}
	for ep.flying < s.cfg.PerEndpoint && s.flying < s.cfg.Most && (!ep.open || ep.due) {
		q := ep.next()
		if q == nil {
			return
		}
		q.ready = false
		if q.empty() || q.taken || q.gone {
			continue
		}
		probe := ep.open
		ep.due = false
		q.taken = true
		ep.flying++
		s.flying++
		s.spawn(func(ctx context.Context) { s.try(ctx, q, probe) })
	}
}

// next takes the queue that is next in line, nil if there is none: those of State before all others, but in turn with them
// while the circuit is open, so that none of them alone can keep it so.
func (ep *endpoint) next() *queue {
	line := &ep.first
	if ep.open {
		ep.turn = !ep.turn
	}
	if len(ep.first) == 0 || ep.open && ep.turn && len(ep.line) > 0 {
		line = &ep.line
	}
	if len(*line) == 0 {
		return nil
	}
	q := (*line)[0]
	(*line)[0] = nil
	*line = (*line)[1:]
	return q
}

// backoff is the wait after a number of tries that failed.
func backoff(failed int) time.Duration {
	return min(retryMin<<min(max(failed-1, 0), 20), retryMax)
}

// land puts all queues back in line whose timers and tries Run has ended.
func (s *Service) land() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queues {
		q.waits = false
		s.schedule(q)
	}
}
