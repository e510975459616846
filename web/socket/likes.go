package socket

import (
	"context"

	"liveroom/chat"
	"liveroom/chat/like"
)

// Likes takes likes of members (like.Service).
type Likes interface {
	Like(ctx context.Context, group string, who chat.Identity, n int) (like.Accepted, error)
}

// like gives likes to a group. Those beyond the member's rate are not accepted, which is no error.
func (s *session) like(ctx context.Context, r *request) error {
	likes := s.srv.cfg.Likes
	if likes == nil {
		return errNotOffered
	}
	if err := s.joined(r); err != nil {
		return err
	}
	got, err := likes.Like(ctx, r.Group, s.who, r.Count)
	if err != nil {
		return err
	}
	b := appendField(answer(r, 64), "accepted", got.Likes)
	if got.Known {
		b = appendField(b, "likes", got.Total)
	}
	s.answer(finish(b))
	return nil
}
