package im

import (
	"context"
	"encoding/json"

	"liveroom/chat"
)

// ChatBroadcaster sends messages to all groups (chat.Service).
type ChatBroadcaster interface {
	Broadcast(ctx context.Context, m chat.Message, who chat.Identity) (chat.Ack, error)
}

func (s *Server) registerBroadcast() {
	register(s, &groups, "send_broadcast_msg", limits{rate: 1, tooFast: chat.ErrBroadcastPace.Code}, s.broadcast)
}

type broadcastRequest struct {
	From            Account         `json:"From_Account"` // empty: the calling administrator
	Random          *uint32         `im:"need"`
	MsgBody         json.RawMessage `im:"need"`
	CloudCustomData string
}

type broadcastAnswer struct {
	MsgSeq uint64 // of the broadcast; in each group it has a number of its own
}

// broadcast sends a message to every group in which somebody is (spec im-rest §3.21).
func (s *Server) broadcast(ctx context.Context, by chat.Identity, in *broadcastRequest) (*broadcastAnswer, error) {
	m := chat.Message{From: string(in.From), Random: *in.Random, Body: in.MsgBody, CloudCustomData: in.CloudCustomData}
	ack, err := s.chat.Broadcast(ctx, m, by)
	if err != nil {
		return nil, err
	}
	return &broadcastAnswer{ack.Seq}, nil
}
