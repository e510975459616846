package im

import (
	"context"
	"encoding/json"

	"liveroom/chat"
)

// mostHistory is how many messages one call gets (spec im-rest §3.15).
const mostHistory = 20

// wholeHistory asks for all that the server keeps for newcomers.
const wholeHistory = 0

// ChatHistory remembers messages (chat.Service).
type ChatHistory interface {
	History(ctx context.Context, group string, n int) ([]*chat.Message, error)
}

func (s *Server) registerHistory() {
	register(s, &groups, "group_msg_get_simple", limits{}, s.history)
}

type historyRequest struct {
	GroupID string  `json:"GroupId" im:"need"`
	Number  *uint32 `json:"ReqMsgNumber" im:"need"`
	Seq     *uint64 `json:"ReqMsgSeq"` // of the newest message wanted; absent: the newest there is
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

type historyResponse struct {
	GroupID    string `json:"GroupId"`
	IsFinished int    // 1: there is nothing older
	RspMsgList []pastMessage
}

// history shows what a newcomer would get, newest first. Tencent has none for live groups (spec im-rest §3.15).
func (s *Server) history(ctx context.Context, _ chat.Identity, in *historyRequest) (*historyResponse, error) {
	if *in.Number == 0 {
		return nil, bad("ReqMsgNumber", "must be above 0")
	}
	all, err := s.chat.History(ctx, in.GroupID, wholeHistory)
	if err != nil {
		return nil, err
	}
	out := &historyResponse{GroupID: in.GroupID, IsFinished: 1, RspMsgList: []pastMessage{}}
	for i := len(all) - 1; i >= 0; i-- {
		m := all[i]
		if in.Seq != nil && m.Seq > *in.Seq {
			continue
		}
		if len(out.RspMsgList) == int(min(*in.Number, mostHistory)) {
			out.IsFinished = 0
			break
		}
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
