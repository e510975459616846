package im

import (
	"context"
	"strconv"

	"liveroom/chat"
)

// ChatPeople tells who is in groups (chat.Service).
type ChatPeople interface {
	Members(ctx context.Context, group string, by chat.Identity, after string, limit int) (page []chat.Member, next string, err error)
	Present(ctx context.Context, group string, users []string) (there []string, err error)
}

func (s *Server) registerLiveGroups() {
	register(s, &groups, "get_online_member_num", limits{}, s.onlineNumber)
	register(s, &liveGroups, "get_members", limits{}, s.members)
	register(s, &liveGroups, "check_members", limits{}, s.checkMembers)
}

type onlineAnswer struct {
	OnlineMemberNum int
}

// onlineNumber counts people with a live connection, guests included (spec im-rest §3.16).
func (s *Server) onlineNumber(ctx context.Context, _ chat.Identity, in *groupRequest) (*onlineAnswer, error) {
	d, err := s.chat.Describe(ctx, in.GroupID)
	if err != nil {
		return nil, err
	}
	return &onlineAnswer{d.Count.Members}, nil
}

type membersRequest struct {
	GroupID   string `json:"GroupId" im:"need"`
	Timestamp uint64 // NextTimestamp of the page before; 0: the first
	Mark      uint32 // only who has it; 0: anybody but who is hidden
}

type liveMember struct {
	Account  string `json:"Member_Account"`
	JoinTime int64
	NickName string
	Avatar   string
}

type membersAnswer struct {
	Members []liveMember `json:"MemberList"`
	Next    uint64       `json:"NextTimestamp"` // 0: these were the last
}

// members lists a page of who is there, who came last first (spec im-rest §3.20).
func (s *Server) members(ctx context.Context, by chat.Identity, in *membersRequest) (*membersAnswer, error) {
	after := ""
	if in.Timestamp != 0 {
		after = strconv.FormatUint(in.Timestamp, 10)
	}
	list := s.chat.Members
	if in.Mark != 0 {
		list = func(ctx context.Context, group string, by chat.Identity, after string, limit int) ([]chat.Member, string, error) {
			return s.chat.Marked(ctx, group, by, in.Mark, after, limit)
		}
	}
	page, next, err := list(ctx, in.GroupID, by, after, 0)
	if err != nil {
		return nil, err
	}
	out := &membersAnswer{Members: make([]liveMember, len(page))}
	for i, m := range page {
		out.Members[i] = liveMember{m.User, m.JoinedAt.Unix(), m.Nick, m.Avatar}
	}
	if next != "" {
		if out.Next, err = strconv.ParseUint(next, 10, 64); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// mostChecked is how many people one call may ask for; Tencent names no number.
const mostChecked = 500

type membersCheckRequest struct {
	GroupID string    `json:"GroupId" im:"need"`
	Members []Account `json:"Member_Account" im:"need"`
}

type membersCheckAnswer struct {
	Members []string `json:"Member_Account"`
}

// checkMembers tells which of some people are there, also of those that get_members does not go back to.
func (s *Server) checkMembers(ctx context.Context, _ chat.Identity, in *membersCheckRequest) (*membersCheckAnswer, error) {
	if len(in.Members) > mostChecked {
		return nil, tooMany("Member_Account", mostChecked)
	}
	there, err := s.chat.Present(ctx, in.GroupID, users(in.Members))
	if err != nil {
		return nil, err
	}
	return &membersCheckAnswer{append([]string{}, there...)}, nil
}
