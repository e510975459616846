package socket

import (
	"context"

	"liveroom/chat"
)

// People is what the door needs to tell who is in a group, and how people may be called.
type People interface {
	MayBeCalled(ctx context.Context, who chat.Identity, nick string) error
	Members(ctx context.Context, group string, by chat.Identity, after string, limit int) (page []chat.Member, next string, err error)
}

// defaultMembers is a page of members whose client names no limit.
const defaultMembers = 30

// members answers who is in the group, who came last first.
func (s *session) members(ctx context.Context, r *request) error {
	f := struct {
		Limit int    `json:"limit"`
		Next  string `json:"next"`
	}{Limit: defaultMembers}
	if err := r.into(&f); err != nil {
		return err
	}
	page, next, err := s.srv.rooms.Members(ctx, r.Group, s.who, f.Next, f.Limit)
	if err != nil {
		return err
	}
	users := make([]string, len(page))
	for i, m := range page {
		users[i] = m.User
	}
	standings := s.standings(ctx, users)
	b := append(answer(r, 64+192*len(page)), `,"members":[`...)
	for i, m := range page {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"user":`...), m.User)
		b = appendField(b, "nick", m.Nick)
		b = appendField(b, "avatar", m.Avatar)
		b = appendField(b, "role", m.Role)
		b = appendField(b, "joinTime", m.JoinedAt.Unix())
		b = appendField(b, "mutedUntil", unix(m.MutedUntil))
		if of := standings[m.User]; of.Level > 0 {
			b = appendField(b, "level", of.Level)
		}
		if of := standings[m.User]; of.Badge != "" {
			b = appendField(b, "badge", of.Badge)
		}
		b = append(b, '}')
	}
	s.answer(finish(appendField(append(b, ']'), "next", next)))
	return nil
}

// count answers how many are there; nobody needs to join for it.
func (s *session) count(ctx context.Context, r *request) error {
	d, err := s.srv.rooms.Describe(ctx, r.Group)
	if err != nil {
		return err
	}
	s.answer(finish(appendField(answer(r, 96), "count", d.Count)))
	return nil
}
