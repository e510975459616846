package im

import (
	"context"
	"encoding/json"

	"liveroom/chat"
)

// mostMentions is how many people a message may call by name (spec im-rest §1.7).
const mostMentions = 30

// ChatSender sends messages (chat.Service).
type ChatSender interface {
	SendWith(ctx context.Context, m chat.Message, who chat.Identity, o chat.SendOptions) (chat.Ack, error)
}

func (s *Server) registerMessages() {
	register(s, &groups, "send_group_msg", limits{tooFast: chat.ErrTooManyMessages.Code}, s.sendToGroup)
}

// sendRequest is a message to a group (spec im-rest §3.11). What is for people who are not there, or reads them, means
// nothing in a live group and is let pass: OnlineOnlyFlag, OfflinePushInfo, NeedReadReceipt, SupportMessageExtension.
type sendRequest struct {
	GroupID         string          `json:"GroupId" im:"need"`
	Random          *uint32         `im:"need"` // the same within 5 minutes is the same message
	MsgBody         json.RawMessage `im:"need"`
	MsgPriority     string
	From            Account `json:"From_Account"` // empty: the calling administrator
	CloudCustomData string
	Forbid          []string  `json:"ForbidCallbackControl"`
	Control         []string  `json:"SendMsgControl"`
	To              []Account `json:"To_Account"`
	Mentions        []mention `json:"GroupAtInfo"`
	TopicID         string    `json:"TopicId"`
}

// mention calls somebody, or all, by name. The pages that get the message do nothing with it here.
type mention struct {
	All     uint32  `json:"GroupAtAllFlag"`
	Account Account `json:"GroupAt_Account"`
}

// dropped is why a message that was answered with success reaches nobody (spec im-rest §5.1).
const dropped = "MsgFreqCtrl"

type sendAnswer struct {
	MsgTime       int64
	MsgSeq        uint64 // 0: it was dropped
	MsgDropReason string `json:",omitempty"`
}

// sendToGroup sends a message in anybody's name. MsgBody goes on byte for byte.
func (s *Server) sendToGroup(ctx context.Context, by chat.Identity, in *sendRequest) (*sendAnswer, error) {
	if err := in.fitsLive(); err != nil {
		return nil, err
	}
	options, err := sendOptions(&groups, in.Forbid)
	if err != nil {
		return nil, err
	}
	m := chat.Message{Group: in.GroupID, From: string(in.From), Random: *in.Random, Body: in.MsgBody, CloudCustomData: in.CloudCustomData}
	if m.Priority, err = chat.ParsePriority(in.MsgPriority); err != nil {
		return nil, err
	}
	ack, err := s.chat.SendWith(ctx, m, by, options)
	if err != nil {
		return nil, err
	}
	return sent(ack), nil
}

// fitsLive refuses what a live group can't do.
func (in *sendRequest) fitsLive() error {
	switch {
	case len(in.To) > 0:
		return unsupported("To_Account", "an %s has no messages for some of its members", avChatRoom)
	case len(in.Control) > 0:
		return bad("SendMsgControl", "is not allowed in an %s: nothing is unread there", avChatRoom)
	case in.TopicID != "":
		return bad("TopicId", "an %s has no topics", avChatRoom)
	case len(in.Mentions) > mostMentions:
		return refuse(10053, "GroupAtInfo may call at most %d people", mostMentions)
	}
	for _, m := range in.Mentions {
		if m.All != 0 {
			return bad("GroupAtInfo", "nobody can call all in an %s", avChatRoom)
		}
	}
	return nil
}

// sendOptions reads which callbacks a message is not told to.
func sendOptions(of *service, forbid []string) (o chat.SendOptions, err error) {
	for _, word := range forbid {
		switch word {
		case "ForbidBeforeSendMsgCallback":
			o.Unasked = true
		case "ForbidAfterSendMsgCallback":
			o.Untold = true
		default:
			return o, refuse(of.parameter, "ForbidCallbackControl: must be ForbidBeforeSendMsgCallback or ForbidAfterSendMsgCallback")
		}
	}
	return o, nil
}

// sent is how a message ended. A repeat is answered like the message it repeats.
func sent(ack chat.Ack) *sendAnswer {
	if ack.Dropped {
		return &sendAnswer{MsgTime: ack.Time.Unix(), MsgDropReason: dropped}
	}
	return &sendAnswer{MsgTime: ack.Time.Unix(), MsgSeq: ack.Seq}
}
