package socket

import (
	"context"

	"liveroom/chat"
)

// Recalls is what the door needs to take messages back.
type Recalls interface {
	Recall(ctx context.Context, group string, by chat.Identity, seq uint64, reason string) error
	RecallByRandom(ctx context.Context, group string, by chat.Identity, from string, random uint32, reason string) error
}

// recall takes a message back: by its number, or by its random and sender where that is not known yet.
func (s *session) recall(ctx context.Context, r *request) error {
	var f struct {
		Reason string `json:"reason"`
		From   string `json:"from"`
	}
	if err := r.into(&f); err != nil {
		return err
	}
	if r.Seq == 0 && r.Random != 0 {
		return s.done(r, s.srv.rooms.RecallByRandom(ctx, r.Group, s.who, f.From, r.Random, f.Reason))
	}
	return s.done(r, s.srv.rooms.Recall(ctx, r.Group, s.who, r.Seq, f.Reason))
}
