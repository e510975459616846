package im

import (
	"context"

	"liveroom/chat"
)

// mostMarked is how many people one call may mark, or make robots (spec im-rest §3.20).
const mostMarked = 500

// ChatMarks marks members of groups (chat.Service).
type ChatMarks interface {
	Mark(ctx context.Context, group string, by chat.Identity, set bool, members []chat.MemberMarks) (done []chat.MemberMarks, err error)
	Marked(ctx context.Context, group string, by chat.Identity, mark uint32, after string, limit int) (page []chat.Member, next string, err error)
	AddRobots(ctx context.Context, group string, by chat.Identity, users []string) error
	RemoveRobots(ctx context.Context, group string, by chat.Identity, users []string) error
}

func (s *Server) registerMarks() {
	register(s, &liveGroups, "modify_user_info", limits{}, s.modifyMarks)
	register(s, &liveGroups, "add_robots", limits{}, s.addRobots)
	register(s, &liveGroups, "del_robots", limits{}, s.removeRobots)
}

type marksRequest struct {
	GroupID string  `json:"GroupId" im:"need"`
	Command *uint32 `json:"CommandType" im:"need"` // 1: set, 2: delete
	Members []struct {
		Account Account  `json:"Member_Account" im:"need"`
		Marks   []uint32 `im:"need"`
	} `json:"MemberList" im:"need"`
}

type markedMember struct {
	Account string `json:"Member_Account"`
	Marks   []uint32
}

type marksAnswer struct {
	Command uint32         `json:"CommandType"`
	Members []markedMember `json:"MemberList"` // those who are there: nobody else is marked
}

// modifyMarks sets marks on people who are there, or takes them off, and tells on whom (spec im-rest §3.20).
func (s *Server) modifyMarks(ctx context.Context, by chat.Identity, in *marksRequest) (*marksAnswer, error) {
	switch {
	case *in.Command != commandSet && *in.Command != commandDelete:
		return nil, bad("CommandType", "must be 1 (set) or 2 (delete)")
	case len(in.Members) > mostMarked:
		return nil, tooMany("MemberList", mostMarked)
	}
	members := make([]chat.MemberMarks, len(in.Members))
	for i, m := range in.Members {
		members[i] = chat.MemberMarks{User: string(m.Account), Marks: m.Marks}
	}
	done, err := s.chat.Mark(ctx, in.GroupID, by, *in.Command == commandSet, members)
	if err != nil {
		return nil, renamed(err, "users", "MemberList", "marks", "Marks")
	}
	out := &marksAnswer{*in.Command, make([]markedMember, len(done))}
	for i, m := range done {
		out.Members[i] = markedMember{m.User, m.Marks}
	}
	return out, nil
}

// robotsRequest names accounts that count as members of a group, wherever they are. What Tencent calls the list is not
// known for sure (spec im-rest §3.20).
type robotsRequest struct {
	GroupID string    `json:"GroupId" im:"need"`
	Robots  []Account `json:"Robot_Account" im:"need"`
}

func (s *Server) addRobots(ctx context.Context, by chat.Identity, in *robotsRequest) (*bare, error) {
	return nil, in.change(ctx, by, s.chat.AddRobots)
}

func (s *Server) removeRobots(ctx context.Context, by chat.Identity, in *robotsRequest) (*bare, error) {
	return nil, in.change(ctx, by, s.chat.RemoveRobots)
}

func (in *robotsRequest) change(ctx context.Context, by chat.Identity, do func(ctx context.Context, group string, by chat.Identity, users []string) error) error {
	if len(in.Robots) > mostMarked {
		return tooMany("Robot_Account", mostMarked)
	}
	return renamed(do(ctx, in.GroupID, by, users(in.Robots)), "users", "Robot_Account")
}
