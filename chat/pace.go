package chat

import (
	"context"
	"time"
)

// Bounds of what a room remembers of who spoke.
const (
	maxPaces  = 100_000 // members
	trimPaces = 1000    // looked at in one sweep
)

// pace is when a member spoke, over all his devices. A room keeps it when he leaves, and until it means nothing any more.
type pace struct {
	full time.Time // when his token bucket is full again
	sent time.Time // his last message
}

// paceOf checks a member's token bucket and the group's slow mode, and takes what a message costs. It says why and until
// when he must wait, or when he may send again if the group is in slow mode. The room's lock is held.
func (r *room) paceOf(user string, now time.Time) (next time.Time, err error) {
	cfg, slow := r.s.tuned(), r.settings.SlowMode
	interval, burst := cfg.tokenInterval(), cfg.UserBurst
	if user == "" || interval == 0 && slow == 0 {
		return time.Time{}, nil
	}
	p := r.paces[user]
	if at := p.sent.Add(slow); slow > 0 && now.Before(at) {
		return time.Time{}, ErrSlowMode.until(at)
	}
	if interval > 0 {
		full, wait := bucket{burst, interval}.take(p.full, now)
		if !wait.IsZero() {
			if full.Before(p.full) { // as it is from now on
				p.full = full
				r.keepPace(user, p, now)
			}
			return time.Time{}, ErrTooManyMessages.until(wait)
		}
		p.full = full
	}
	p.sent = now
	r.keepPace(user, p, now)
	return r.nextAt(user, now), nil
}

// keepPace remembers a pace, and makes room first if there are too many: by forgetting anybody, which at worst lets him
// speak a little earlier.
func (r *room) keepPace(user string, p pace, now time.Time) {
	if r.paces == nil {
		r.paces = make(map[string]pace)
	}
	if _, known := r.paces[user]; !known && len(r.paces) >= maxPaces {
		r.trimPaces(now)
		for some := range r.paces {
			if len(r.paces) < maxPaces {
				break
			}
			delete(r.paces, some)
		}
	}
	r.paces[user] = p
}

// trimPaces forgets some of those who may speak freely again; who calls it often gets them all. The room's lock is held.
func (r *room) trimPaces(now time.Time) {
	looked := 0
	for user, p := range r.paces { // from a random place
		if looked++; looked > trimPaces {
			return
		}
		if !p.full.After(now) && !p.sent.Add(r.settings.SlowMode).After(now) {
			delete(r.paces, user)
		}
	}
}

// refundPace gives back what a message cost that was refused after all, or failed. The room's lock is held.
func (r *room) refundPace(p *sending) {
	was, ok := r.paces[p.paced]
	if p.paced == "" || p.pacedAt.IsZero() || !ok {
		return
	}
	was.full = was.full.Add(-r.s.tuned().tokenInterval())
	if was.sent.Equal(p.pacedAt) {
		was.sent = time.Time{}
	}
	p.pacedAt = time.Time{}
	r.paces[p.paced] = was
}

// nextAt is when a member may send again in slow mode; zero: at once. The room's lock is held.
func (r *room) nextAt(user string, now time.Time) time.Time {
	p, known := r.paces[user]
	at := p.sent.Add(r.settings.SlowMode)
	if !known || user == "" || r.settings.SlowMode == 0 || !at.After(now) {
		return time.Time{}
	}
	return at
}

// restorePaces learns who spoke from the log, so that slow mode holds over a restart. The room's lock is held.
func (r *room) restorePaces() {
	for _, m := range r.log.messages {
		if !m.Server && m.From != Administrator {
			r.keepPace(m.From, pace{sent: m.Time}, m.Time)
		}
	}
}

// pacedAs is the name under which somebody's messages are counted here; empty: he may send as he likes. The room's lock is
// held.
func (r *room) pacedAs(who Identity) string {
	if r.manages(who) {
		return ""
	}
	return who.User
}

// pace lets p through or says when it may come again.
func (s *Service) pace(ctx context.Context, p *sending) error {
	if p.paced == "" {
		return nil
	}
	return s.with(ctx, p.Message.Group, func(r *room) (err error) {
		now := time.Now()
		if p.next, err = r.paceOf(p.paced, now); err == nil {
			p.pacedAt = now
		}
		return err
	})
}

// nextAt is what a sender is told whose message was sent before.
func (s *Service) nextAt(ctx context.Context, group, user string) (at time.Time) {
	_ = s.with(ctx, group, func(r *room) error { // a group that is gone has no slow mode
		at = r.nextAt(user, time.Now())
		return nil
	})
	return at
}

// tokenInterval is how long a member's bucket needs for one message; 0: there is no bucket.
func (c *Config) tokenInterval() time.Duration {
	if c.UserBurst <= 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / c.UserRate)
}

// until returns a copy of e that says when to try again.
func (e *Error) until(at time.Time) *Error {
	c := *e
	c.NextAt = at
	return &c
}
