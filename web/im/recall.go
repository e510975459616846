package im

import (
	"context"
	"errors"

	"liveroom/chat"
)

// mostRecalled is how many messages one call may take back (spec im-rest §3.14).
const mostRecalled = 10

// ChatRecalls takes messages back (chat.Service).
type ChatRecalls interface {
	Recall(ctx context.Context, group string, by chat.Identity, seq uint64, reason string) error
}

func (s *Server) registerRecall() {
	register(s, &groups, "group_msg_recall", limits{}, s.recall)
}

type recallRequest struct {
	GroupID string `json:"GroupId" im:"need"`
	Seqs    []struct {
		MsgSeq *uint64 `im:"need"`
	} `json:"MsgSeqList" im:"need"`
	Reason string
}

// recalled is how it went with one message.
type recalled struct {
	MsgSeq  uint64
	RetCode int
}

// recallAnswer has its list under a second name too, under which some clients look (spec im-rest §3.14).
type recallAnswer struct {
	RecallRetList []recalled
	Results       []recalled
}

// recall takes messages back, each by itself and in the order given.
func (s *Server) recall(ctx context.Context, by chat.Identity, in *recallRequest) (*recallAnswer, error) {
	if len(in.Seqs) > mostRecalled {
		return nil, bad("MsgSeqList", "may name at most %d messages", mostRecalled)
	}
	list := make([]recalled, len(in.Seqs))
	for i, m := range in.Seqs {
		list[i].MsgSeq = *m.MsgSeq
		err := s.chat.Recall(ctx, in.GroupID, by, *m.MsgSeq, in.Reason)
		var refused *chat.Error
		switch {
		case err == nil:
		case ofMessage(err) && errors.As(err, &refused):
			list[i].RetCode = refused.Code
		default:
			return nil, err
		}
	}
	return &recallAnswer{list, list}, nil
}

// ofMessage says whether a refusal is about one message, and not about the whole call.
func ofMessage(err error) bool {
	return errors.Is(err, chat.ErrNoMessage) || errors.Is(err, chat.ErrRecallLate) || errors.Is(err, chat.ErrNotRecallable)
}
