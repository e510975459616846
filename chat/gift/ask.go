package gift

import (
	"context"
	"math/rand/v2"
	"time"
)

type flightKey struct{ group, key string }

// flight is an order that is being asked by this node, or waits for it.
type flight struct {
	order   Order
	attempt int
	late    bool          // its sender has been told that it is pending, or is gone. Service.mu guards it.
	done    chan struct{} // closed when it is over
	after   Order         // the order then
}

func (f *flight) key() flightKey { return flightKey{f.order.Group, f.order.Key()} }

// flight returns the asking of a pending order that is under way here, or begins the first one of a fresh order. Nil: there is
// none, because another node asks or too many wait.
func (s *Service) flight(o Order, fresh bool) *flight {
	f := &flight{order: o, attempt: 1, done: make(chan struct{}), after: o}
	s.mu.Lock()
	defer s.mu.Unlock()
	if under := s.flights[f.key()]; under != nil || !fresh {
		return under
	}
	select {
	case s.fresh <- f:
		s.flights[f.key()] = f
		return f
	default:
		return nil
	}
}

// await waits for an asking to be over, but no longer than a sender does.
func (s *Service) await(ctx context.Context, f *flight) Order {
	t := time.NewTimer(s.cfg.Wait)
	defer t.Stop()
	select {
	case <-f.done:
		return f.after
	case <-t.C:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-f.done:
		return f.after
	default:
		f.late = true
		return f.order
	}
}

// askAgain begins another asking of a pending order that is due, and claims it in the store first, so that no other node does
// the same. It answers false when too many wait.
func (s *Service) askAgain(ctx context.Context, a Asking, now time.Time) (bool, error) {
	key := a.Order.Key()
	if !now.Before(a.Order.CreatedAt.Add(s.cfg.Expire)) {
		return true, s.expire(ctx, a.Order, now)
	}
	f := &flight{order: a.Order, attempt: a.Attempt + 1, late: true, done: make(chan struct{}), after: a.Order}
	s.mu.Lock()
	under := s.flights[f.key()] != nil
	full := len(s.again) == cap(s.again)
	if !under && !full {
		s.flights[f.key()] = f
	}
	s.mu.Unlock()
	if under || full {
		return !full, nil
	}
	mine, err := s.store.Ask(ctx, a.Order.Group, key, a.Attempt, now.Add(s.cfg.Timeout+s.wait(f.attempt)))
	if err != nil || !mine {
		s.land(f, f.order)
		return true, err
	}
	select {
	case s.again <- f:
		return true, nil
	default: // another group's came first; it is due again later
		s.land(f, f.order)
		return false, nil
	}
}

// wait is how long after an attempt the next one follows: doubled each time, and spread by a fifth so that orders which failed
// together are not asked together for ever.
func (s *Service) wait(attempt int) time.Duration {
	d := s.cfg.RetryAt
	if shift := attempt - 1; shift < 20 {
		d = min(d, s.cfg.RetryIn<<shift)
	}
	return d - d/10 + rand.N(d/5+1)
}

// expire refuses an order that nobody settled.
func (s *Service) expire(ctx context.Context, o Order, now time.Time) error {
	done, fresh, err := s.store.Settle(ctx, o.Group, o.Key(), Verdict{State: Refused, Reason: Expired}, now, s.cfg.Merge)
	if err != nil || !fresh {
		return err
	}
	s.stats.expired.Add(1)
	s.log.Warn("gift order expired: nobody settled it", "group", o.Group, "order", o.ID, "via", o.Via)
	s.settled(done)
	s.tellLate(done)
	return nil
}

// askers ask what comes until ctx ends.
func (s *Service) askers(ctx context.Context, flights <-chan *flight) {
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-flights:
			s.ask(ctx, f)
		}
	}
}

// ask asks once, and settles the order if the answer says how.
func (s *Service) ask(ctx context.Context, f *flight) {
	asked, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	v, err := s.settler.Settle(asked, f.order, f.attempt)
	cancel()
	if err != nil || !v.Known() {
		s.stats.unknown.Add(1)
		s.log.Debug("gift order not settled; will ask again", "group", f.order.Group, "attempt", f.attempt, "error", err)
		s.land(f, f.order)
		return
	}
	// The answer is there: what ends now does not take it away.
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Timeout)
	defer cancel()
	now, fresh, err := s.store.Settle(keep, f.order.Group, f.order.Key(), v, moment(), s.cfg.Merge)
	switch {
	case err != nil:
		s.log.Warn("a settled gift can't be stored; will ask again", "group", f.order.Group, "error", err)
		s.land(f, f.order)
		return
	case fresh:
		s.settled(now)
	case now.State != v.State:
		s.stats.contradicted.Add(1)
		s.log.Error("a gift order was settled otherwise before: the backend's books and ours differ",
			"group", now.Group, "order", now.ID, "from", now.From, "kept", now.State, "answered", v.State)
	}
	if s.land(f, now) && fresh {
		s.tellLate(now)
	}
}

// land ends an asking and says whether its sender has to be told apart.
func (s *Service) land(f *flight, now Order) (late bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.flights, f.key())
	f.after = now
	close(f.done)
	return f.late
}

func (s *Service) tellLate(o Order) {
	if o.Via == ViaClient {
		s.cfg.Late(o)
	}
}
