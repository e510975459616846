package socket

import (
	"context"

	"liveroom/chat/account"
	"liveroom/chat/level"
)

// Levels knows how far users have come (level.Service).
type Levels interface {
	Card(ctx context.Context, user string) (level.Card, error)
	Standings(ctx context.Context, users []string) map[string]level.Standing
}

// getLevel answers how far a user has come, by default the one who asks.
func (s *session) getLevel(ctx context.Context, r *request) error {
	if s.srv.cfg.Levels == nil {
		return errNotOffered
	}
	f := struct {
		User string `json:"user"`
	}{User: s.who.User}
	if err := r.into(&f); err != nil {
		return err
	}
	if account.CheckUser(f.User) != nil {
		return badParameter("user", "must be a user's id")
	}
	c, err := s.srv.cfg.Levels.Card(ctx, f.User)
	if err != nil {
		return err
	}
	b := appendField(answer(r, 192), "user", c.User)
	b = appendField(b, "level", c.Level)
	b = appendField(b, "score", c.Score)
	b = appendField(b, "next", c.Next)
	b = appendField(b, "badge", c.Badge)
	b = appendField(b, "membership", c.Member.Tier)
	s.answer(finish(appendField(b, "membershipUntil", unix(c.Member.Until))))
	return nil
}

// standings are levels and badges of users, for their cards; none where this server has no levels.
func (s *session) standings(ctx context.Context, users []string) map[string]level.Standing {
	if s.srv.cfg.Levels == nil || len(users) == 0 {
		return nil
	}
	return s.srv.cfg.Levels.Standings(ctx, users)
}
