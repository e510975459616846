package chat

import "context"

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
