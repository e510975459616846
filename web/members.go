package web

import (
	"context"
	"errors"
	"net/http"

	"liveroom/chat"
)

// ChatPeople is what the API needs of who is in the chat (chat.Service).
type ChatPeople interface {
	CloseUser(user string, why chat.Closing) int
	Members(ctx context.Context, group string, by chat.Identity, after string, limit int) (page []chat.Member, next string, err error)
}

func (s *Server) registerMembers() {
	register(s, s.operation("members", http.MethodGet, "/rooms/{room}/members", "chat", "List who is in the chat, who came last first", tokenOrAnchor), s.members)
}

// MemberBody is somebody with a name in a room's chat.
type MemberBody struct {
	User       string   `json:"user" example:"bob"`
	Nick       string   `json:"nick"`
	Avatar     string   `json:"avatar"`
	Role       string   `json:"role" enum:"Owner,Admin,Member"`
	JoinedAt   Time     `json:"joinedAt" doc:"Since when without a break, on whatever device."`
	Muted      bool     `json:"muted"`
	MutedUntil NullTime `json:"mutedUntil" doc:"When a mute ends; null: when it is lifted, or there is none."`
	Level      int      `json:"level,omitempty" doc:"Absent: 0."`
	Badge      string   `json:"badge,omitempty" doc:"Of the membership; absent: none."`
}

type membersIn struct {
	RoomPath
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Cursor string `query:"cursor" maxLength:"32" doc:"nextCursor of the page before."`
}

type membersOut struct {
	Body struct {
		Members    []MemberBody `json:"members" doc:"The newest, as many as the server's setting chat-members says; anonymous guests are not among them."`
		NextCursor string       `json:"nextCursor,omitempty" doc:"Absent on the last page."`
	}
}

func (s *Server) members(ctx context.Context, in *membersIn) (*membersOut, error) {
	out := &membersOut{}
	err := s.forMember(ctx, in.Room, func(ctx context.Context, group string, by chat.Identity) error {
		page, next, err := s.chat.Members(ctx, group, by, in.Cursor, in.Limit)
		out.Body.Members = s.memberBodies(ctx, page)
		out.Body.NextCursor = next
		var refused *chat.Error
		if errors.As(err, &refused) && refused.Field == "next" { // as the chat protocol calls it
			return newProblem(http.StatusUnprocessableEntity, "invalid", "must be nextCursor of another page").at("cursor")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// memberBodies are members as the API shows them, with their levels.
func (s *Server) memberBodies(ctx context.Context, page []chat.Member) []MemberBody {
	users, all := make([]string, len(page)), make([]MemberBody, len(page))
	for i, m := range page {
		users[i] = m.User
		all[i] = MemberBody{
			User: m.User, Nick: m.Nick, Avatar: m.Avatar, Role: string(m.Role), JoinedAt: Time{m.JoinedAt},
			Muted: !m.MutedUntil.IsZero(), MutedUntil: lasting(m.MutedUntil),
		}
	}
	if s.levels == nil || len(all) == 0 {
		return all
	}
	standings := s.levels.Standings(ctx, users)
	for i, user := range users {
		all[i].Level, all[i].Badge = standings[user].Level, standings[user].Badge
	}
	return all
}
