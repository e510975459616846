package chat

import (
	"context"
	"time"
)

// MaySpeak says why who may not speak in a group at this moment, as Send would, and sends nothing. It is asked before something
// is taken of a member that only who may speak may give, such as a like.
func (s *Service) MaySpeak(ctx context.Context, group string, who Identity) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	address, trusted := s.cfg.standing(who.User, who)
	return s.with(ctx, group, func(r *room) error {
		if err := r.maySend(who); err != nil || trusted {
			return err
		}
		return r.maySpeak(who.User, address)
	})
}

// Crowded says whether a group delivers nearly as much as frequency control lets through, as far as is known here: what is sent
// to it besides takes the place of something that people say.
func (s *Service) Crowded(group string) bool {
	r := s.inMemory(group)
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	n, since := 0, time.Now().Add(-time.Second)
	for i := len(r.log.messages) - 1; i >= 0 && r.log.messages[i].Time.After(since); i-- {
		if !r.log.messages[i].Server {
			n++
		}
	}
	return n >= s.tuned().RatePerSecond*3/4
}
