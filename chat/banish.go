package chat

import (
	"context"
	"time"
)

// BanishedAge is for how long it is remembered at most whose play sessions a ban ended: longer than a page is kept open.
const BanishedAge = 12 * time.Hour

// Banishment is that people who were banned from a group may not watch its stream until then, zero: for BanishedAge. Watches
// are the names (Identity.Watch) of their play sessions, which may be on any node.
type Banishment struct {
	Group   string    `json:"group"`
	Watches []string  `json:"watches"`
	Until   time.Time `json:"until,omitzero"`
}

// End is when it is over.
func (b Banishment) End(now time.Time) time.Time {
	if latest := now.Add(BanishedAge); b.Until.IsZero() || b.Until.After(latest) {
		return latest
	}
	return b.Until
}

// banish ends on all nodes what people watch who were banned from a group on this one.
func (s *Service) banish(group string, watches []string, until time.Time) {
	if len(watches) == 0 {
		return
	}
	b := Banishment{group, watches, until}
	if s.banishNow(context.WithoutCancel(s.base), b) != nil {
		s.banishHere(b)
	}
	if s.abroad != nil {
		s.abroad.mail.say("", news{Banished: &b})
	}
}

// banishHere does for this node what is to be done on all, until it is done. Who hears news must not wait for it.
func (s *Service) banishHere(all ...Banishment) {
	s.spawn(func() {
		for _, b := range all {
			for s.banishNow(s.base, b) != nil && pausing(s.base, newsRetry) {
			}
		}
	})
}

func (s *Service) banishNow(ctx context.Context, b Banishment) error {
	if s.cfg.Banished == nil {
		return nil
	}
	return s.cfg.Banished(ctx, b)
}

// banishMissed does on this node what others did while it may not have heard them.
func (s *Service) banishMissed(ctx context.Context) error {
	all, err := s.abroad.n.Banished(ctx)
	if err == nil && len(all) > 0 {
		s.banishHere(all...)
	}
	return err
}
