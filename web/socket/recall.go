package socket

import (
	"context"

	"liveroom/chat"
)

// Recalls is what the door needs to take messages back.
type Recalls interface {
	Recall(ctx context.Context, group string, by chat.Identity, seq uint64, reason string) error
}

// recall takes a message back.
func (s *session) recall(ctx context.Context, r *request) error {
	var f struct {
		Reason string `json:"reason"`
	}
	if err := r.into(&f); err != nil {
		return err
	}
	return s.done(r, s.srv.rooms.Recall(ctx, r.Group, s.who, r.Seq, f.Reason))
}
