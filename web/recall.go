package web

import (
	"context"
	"net/http"

	"liveroom/chat"
)

// ChatRecalls is what the API needs to take messages back (chat.Service).
type ChatRecalls interface {
	Recall(ctx context.Context, group string, by chat.Identity, seq uint64, reason string) error
	Verdict(ctx context.Context, group string, by chat.Identity, seq uint64, block bool, reason string) error
}

func (s *Server) registerRecall() {
	op := s.operation("recall-message", http.MethodDelete, "/rooms/{room}/messages/{seq}", "chat", "Take a message back", tokenOrAnchor)
	op.DefaultStatus = http.StatusNoContent
	register(s, op, s.recallMessage)
	op = s.operation("judge-message", http.MethodPost, "/rooms/{room}/messages/{seq}/verdict", "chat", "Say what a review found of a delivered message", tokenOrAnchor)
	op.DefaultStatus = http.StatusNoContent
	register(s, op, s.judgeMessage)
}

// MessagePath names the message a call is about.
type MessagePath struct {
	RoomPath
	Seq uint64 `path:"seq" minimum:"1" doc:"The message's number." example:"5"`
}

type recallIn struct {
	MessagePath
	Reason string `query:"reason" maxLength:"200" doc:"For the people in the room; at most 200 bytes."`
}

func (s *Server) recallMessage(ctx context.Context, in *recallIn) (*empty, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	group, err := s.group(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	return nil, s.chat.Recall(ctx, group, s.speaker(ctx), in.Seq, in.Reason)
}

// VerdictBody is what a review found.
type VerdictBody struct {
	Verdict string `json:"verdict" enum:"block,pass" doc:"block takes the message from everybody who has it; pass changes nothing."`
	Reason  string `json:"reason,omitempty" maxLength:"200" doc:"At most 200 bytes."`
}

type verdictIn struct {
	MessagePath
	Body VerdictBody
}

func (s *Server) judgeMessage(ctx context.Context, in *verdictIn) (*empty, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	group, err := s.group(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	return nil, s.chat.Verdict(ctx, group, s.speaker(ctx), in.Seq, in.Body.Verdict == "block", in.Body.Reason)
}
