package chat

import (
	"context"
	"errors"
	"time"
)

// remember keeps who sends a message to a group, where somebody wants to know.
func (s *Service) remember(who Identity) *Identity {
	if (s.cfg.Gate == nil || !s.cfg.Gate.AsksMessages()) && (s.cfg.Observer == nil || !s.cfg.Observer.HearsMessages()) {
		return nil
	}
	by := who
	return &by
}

// here is the occasion of what somebody does in this room now.
func (r *room) here(by Identity) Occasion { return Occasion{Group: r.id, Time: time.Now(), By: by} }

// tell tells facts of this room in their order. The room's lock is held, and there is an Observer.
func (r *room) tell(facts ...Fact) {
	r.told++
	r.s.cfg.Observer.Observe(facts...)
}

// settled returns when what was told is as durable as it is to be.
func (s *Service) settled(ctx context.Context) {
	if s.cfg.Observer != nil {
		s.cfg.Observer.Settle(ctx)
	}
}

// tellSends tells what became of the sends of a batch. The room's lock is held.
func (r *room) tellSends(sends []*sending) {
	if r.gone {
		return // that it was dismissed is the last that is told
	}
	var facts []Fact
	for _, p := range sends {
		switch {
		case p.untold():
		case p.err != nil:
			facts = p.notSent(facts, p.err)
		case p.ack.Dropped:
			facts = p.notSent(facts, ErrTooManyMessages)
		case p.heard() && !p.ack.Degraded:
			facts = append(facts, Sent{Occasion{r.id, p.Message.Time, *p.by}, r.epoch, p.Message})
		}
	}
	if len(facts) > 0 {
		r.tell(facts...)
	}
}

// untold says whether nobody is told what becomes of a send.
func (p *sending) untold() bool { return p.Message.Server || p.how.Untold || p.by == nil }

// notSent appends that a send was refused, if it was.
func (p *sending) notSent(facts []Fact, err error) []Fact {
	e, ok := refusalIn(err)
	if !ok {
		return facts
	}
	return append(facts, NotSent{Occasion{p.Message.Group, time.Now(), *p.by}, p.Message, e})
}

// tellNotSent tells that a send was refused which is valid but for that. The room's lock is held.
func (r *room) tellNotSent(p *sending, err error) {
	if r.s.cfg.Observer == nil || r.gone || p.untold() {
		return
	}
	if facts := p.notSent(nil, err); facts != nil {
		r.tell(facts...)
	}
}

// tellUnfit tells that a message was refused as it came in.
func (s *Service) tellUnfit(ctx context.Context, m *Message, who Identity, how SendOptions, err error) {
	e, ok := refusalIn(err)
	if s.cfg.Observer == nil || !ok || how.Untold || who.Anonymous || !s.cfg.Observer.HearsMessages() {
		return
	}
	fit := s.fit(m)
	_ = s.with(ctx, m.Group, func(r *room) error { // of a group that does not exist nothing is told
		r.tell(NotSent{r.here(who), fit, e})
		return nil
	})
}

// fit is a message without what can't be sent of it.
func (s *Service) fit(m *Message) *Message {
	c := *m
	c.Server = false
	if _, err := s.check(&c); err != nil {
		c.Body, c.CloudCustomData = nil, ""
	}
	return &c
}

// refusalIn finds what a message was refused for; false if it failed otherwise, or is under way.
func refusalIn(err error) (e *Error, ok bool) {
	return e, errors.As(err, &e) && e.Code != ErrUnavailable.Code
}
