package im

import (
	"context"
	"encoding/json"
	"slices"

	"liveroom/chat"
)

// mostHistory is how many messages one call gets (spec im-rest §3.15).
const mostHistory = 20

// ChatHistory remembers messages (chat.Service).
type ChatHistory interface {
	HistoryUpTo(ctx context.Context, group string, upTo uint64, n int) (messages []*chat.Message, more bool, err error)
}

func (s *Server) registerHistory() {
	register(s, &groups, "group_msg_get_simple", limits{}, s.history)
}

type historyRequest struct {
	GroupID string  `json:"GroupId" im:"need"`
	Number  *uint32 `json:"ReqMsgNumber" im:"need"`
	Seq     uint64  `json:"ReqMsgSeq"` // of the newest message wanted; 0: the newest there is
}

// What a message in the history is.
const (
	placeMessage  = 0
	placeGone     = 1
	placeRecalled = 2
)

type pastMessage struct {
	From            string `json:"From_Account"`
	IsPlaceMsg      int
	MsgBody         json.RawMessage
	CloudCustomData string `json:",omitempty"`
	MsgPriority     int    // 1 High to 4 Lowest: a number here
	MsgRandom       uint32
	MsgSeq          uint64
	MsgTimeStamp    int64
}

type historyAnswer struct {
	GroupID    string `json:"GroupId"`
	IsFinished int    // 1: there is nothing older
	RspMsgList []pastMessage
}

// history shows what a newcomer would get, newest first. Tencent has none for live groups (spec im-rest §3.15).
func (s *Server) history(ctx context.Context, _ chat.Identity, in *historyRequest) (*historyAnswer, error) {
	if *in.Number == 0 {
		return nil, bad("ReqMsgNumber", "must be above 0")
	}
	found, more, err := s.chat.HistoryUpTo(ctx, in.GroupID, in.Seq, int(min(*in.Number, mostHistory)))
	if err != nil {
		return nil, err
	}
	out := &historyAnswer{GroupID: in.GroupID, IsFinished: 1, RspMsgList: make([]pastMessage, 0, len(found))}
	if more {
		out.IsFinished = 0
	}
	for _, m := range slices.Backward(found) {
		out.RspMsgList = append(out.RspMsgList, past(m))
	}
	return out, nil
}

// past is a message of the history. One that was withdrawn is a hole without a body.
func past(m *chat.Message) pastMessage {
	p := pastMessage{
		From: m.From, IsPlaceMsg: placeMessage, MsgBody: m.Body, CloudCustomData: m.CloudCustomData,
		MsgPriority: int(m.Priority), MsgRandom: m.Random, MsgSeq: m.Seq, MsgTimeStamp: m.Time.Unix(),
	}
	switch m.Withdrawn {
	case "":
		return p
	case chat.Recalled:
		p.IsPlaceMsg = placeRecalled
	case chat.Blocked:
		p.IsPlaceMsg = placeGone
	}
	p.MsgBody = json.RawMessage("[]")
	return p
}
