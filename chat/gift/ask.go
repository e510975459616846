package gift

import (
	"context"
	"math/rand/v2"
	"time"
)

type flightKey struct{ group, key string }

// flight is an order that is being placed or asked by this node, or waits for it.
type flight struct {
	id      flightKey
	order   Order
	attempt int
	until   time.Time     // of a first attempt: another node may ask again from then on
	placed  chan struct{} // closed when the order is in the store, or will not be by this flight
	late    bool          // its sender has been told that it is pending, or is gone. Service.mu guards it.
	done    chan struct{} // closed when it is over
	after   Order         // the order then; without an id: it was not placed
}

// board returns the flight of an order that is under way here, or begins one: then the order is to be placed, and the flight
// departs.
func (s *Service) board(o Order) (f *flight, first bool) {
	id := flightKey{o.Group, o.Key()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.flights[id]; f != nil {
		return f, false
	}
	f = &flight{id: id, attempt: 1, placed: make(chan struct{}), done: make(chan struct{})}
	s.flights[id] = f
	return f, true
}

// depart begins the first asking of an order that was just placed. One that was not, or was before, is another's to ask; so is
// it later when too many wait.
func (s *Service) depart(f *flight, o Order, until time.Time, fresh bool) {
	f.order, f.until = o, until
	if !fresh {
		s.land(f, o)
	} else {
		select {
		case s.fresh <- f:
		default:
			s.land(f, o)
		}
	}
	close(f.placed)
}

// await waits for an asking to be over, but no longer than a sender does. o is the order as it was before.
func (s *Service) await(ctx context.Context, f *flight, o Order) Order {
	t := time.NewTimer(s.cfg.Wait)
	defer t.Stop()
	select {
	case <-f.done:
	case <-t.C:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-f.done:
		if f.after.ID != "" {
			o = f.after
		}
	default:
		f.late = true
	}
	return o
}

// askAgain begins another asking of a pending order that is due, and claims it in the store first, so that no other node does
// the same. It answers false when too many wait.
func (s *Service) askAgain(ctx context.Context, a Asking, now time.Time) (bool, error) {
	key := a.Order.Key()
	if !now.Before(a.Order.CreatedAt.Add(s.cfg.Expire)) {
		return true, s.expire(ctx, a.Order, now)
	}
	if s.settler == nil { // it was placed when somebody settled
		_, err := s.decide(ctx, a.Order, Verdict{State: Accepted}, now)
		return true, err
	}
	f := &flight{id: flightKey{a.Order.Group, key}, order: a.Order, attempt: a.Attempt + 1, placed: s.placed, late: true, done: make(chan struct{})}
	s.mu.Lock()
	under := s.flights[f.id] != nil
	full := len(s.again) == cap(s.again)
	if !under && !full {
		s.flights[f.id] = f
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
	fresh, err := s.decide(ctx, o, Verdict{State: Refused, Reason: Expired}, now)
	if fresh {
		s.stats.expired.Add(1)
		s.log.Warn("gift order expired: nobody settled it", "group", o.Group, "order", o.ID, "via", o.Via)
	}
	return err
}

// decide settles a pending order without asking anybody.
func (s *Service) decide(ctx context.Context, o Order, v Verdict, now time.Time) (fresh bool, err error) {
	done, fresh, err := s.store.Settle(ctx, o.Group, o.Key(), v, now, s.cfg.Merge)
	if err != nil || !fresh {
		return false, err
	}
	s.settled(done)
	s.tellLate(done)
	return true, nil
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
	if s.cfg.Once && f.attempt == 1 && time.Now().Add(2*s.cfg.Timeout).After(f.until) {
		s.land(f, f.order) // it waited too long: another node might refuse it meanwhile
		return
	}
	asked, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	v, err := s.settler.Settle(asked, f.order, f.attempt)
	cancel()
	if err != nil || !v.Known() {
		s.stats.unknown.Add(1)
		s.log.Debug("gift order not settled; will ask again", "group", f.order.Group, "attempt", f.attempt, "err", err)
		s.land(f, f.order)
		return
	}
	now, fresh, err := s.keep(ctx, f, v)
	switch {
	case err != nil:
		s.log.Warn("a settled gift can't be stored; will ask again", "group", f.order.Group, "err", err)
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

// keep stores an answer. That it is there does not end with ctx; and where it can't be had again, and the store is away, it is
// kept as long as nobody else may settle the order.
func (s *Service) keep(ctx context.Context, f *flight, v Verdict) (now Order, fresh bool, err error) {
	at := moment()
	for {
		once, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Timeout)
		now, fresh, err = s.store.Settle(once, f.order.Group, f.order.Key(), v, at, s.cfg.Merge)
		cancel()
		if err == nil || !s.cfg.Once || final(err) || !time.Now().Add(s.cfg.Timeout).Before(f.until) {
			return now, fresh, err
		}
		timer := time.NewTimer(s.cfg.RetryIn / 4)
		select {
		case <-ctx.Done():
			timer.Stop()
			return now, fresh, err
		case <-timer.C:
		}
	}
}

// land ends an asking and says whether its sender has to be told apart.
func (s *Service) land(f *flight, now Order) (late bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.flights, f.id)
	f.after = now
	close(f.done)
	return f.late
}

func (s *Service) tellLate(o Order) {
	if o.Via == ViaClient {
		s.cfg.Late(o)
	}
}
