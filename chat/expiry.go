package chat

import (
	"context"
	"sync"
	"time"
)

// expiryLook is the longest time between two looks at the clock while a login may end: it may be set.
const expiryLook = time.Minute

// expiry knows when the next UserSig ends, so that one timer does for all.
type expiry struct {
	sooner chan struct{} // has a token when next was brought forward

	mu   sync.Mutex
	next time.Time // no login ends before it; zero: none ends
}

// note takes account of a login that ends at a time; zero: never.
func (e *expiry) note(at time.Time) {
	if at.IsZero() {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.next.IsZero() && !at.Before(e.next) {
		return
	}
	e.next = at
	select {
	case e.sooner <- struct{}{}:
	default:
	}
}

// take says whether a login may have ended, and forgets about the next one: who looks through all notes it anew.
func (e *expiry) take(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.next.IsZero() || e.next.After(now) {
		return false
	}
	e.next = time.Time{}
	return true
}

// wait is how long nothing needs to be done. Ends inside of one second are seen to together.
func (e *expiry) wait(now time.Time) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.next.IsZero() {
		return 1<<63 - 1
	}
	until := e.next.Sub(now)
	if until <= 0 {
		return time.Second
	}
	return min(until, expiryLook)
}

// expire closes sessions whose UserSig is over, until ctx ends.
func (s *Service) expire(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.presence.expiry.sooner:
		case <-timer.C:
			s.closeExpired(time.Now())
		}
		timer.Reset(s.presence.expiry.wait(time.Now()))
	}
}

// closeExpired looks through all devices, if one may be too old.
func (s *Service) closeExpired(now time.Time) {
	p := s.presence
	if !p.expiry.take(now) {
		return
	}
	for i := range p.shards {
		out := p.shards[i].expired(now, &p.expiry, s.cfg.signedOut(SignOutClosed))
		for _, d := range out {
			p.moved(d.who.User)
		}
		s.closeAll(out, Closing{Reason: CloseExpired, Type: KickedByExpiry})
	}
}

// expired takes out whose UserSig is over, and notes the ends of the others.
func (p *presenceShard) expired(now time.Time, rest *expiry, tell func(device)) (out []device) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for user := range p.users {
		over := p.remove(user, func(d device) bool {
			if d.who.Expires.IsZero() || d.who.Expires.After(now) {
				rest.note(d.who.Expires)
				return false
			}
			return true
		}, tell)
		out = append(out, over...)
	}
	return out
}
