package socket

import (
	"context"
	"math"
	"time"

	"liveroom/chat"
)

// Moderation is what the ops of owners and administrators need of the chat, which decides who may.
type Moderation interface {
	Mute(ctx context.Context, group string, by chat.Identity, user string, d time.Duration, reason string) (until time.Time, err error)
	Mutes(ctx context.Context, group string, by chat.Identity, after string, limit int) (page []chat.Sanction, next string, err error)
	Kick(ctx context.Context, group string, by chat.Identity, users []string, reason string) error
	Ban(ctx context.Context, group string, by chat.Identity, b chat.Ban) (until time.Time, err error)
	Unban(ctx context.Context, group string, by chat.Identity, users []string) error
	Bans(ctx context.Context, group string, by chat.Identity, after string, limit int) (page []chat.Sanction, next string, err error)
	SetRole(ctx context.Context, group string, by chat.Identity, user string, role chat.Role) error
}

// act are the fields of these ops.
type act struct {
	User    string    `json:"user"`
	Users   []string  `json:"users"`
	Seconds *int64    `json:"seconds"`
	Reason  string    `json:"reason"`
	Address bool      `json:"address"`
	Role    chat.Role `json:"role"`
	Next    string    `json:"next"`
	Limit   int       `json:"limit"`
}

// moderate runs an op of those who look after a group. They need not have joined it.
func (s *session) moderate(ctx context.Context, r *request) error {
	var a act
	if err := r.into(&a); err != nil {
		return err
	}
	rooms := s.srv.rooms
	switch r.Op {
	case "kick":
		return s.done(r, rooms.Kick(ctx, r.Group, s.who, a.Users, a.Reason))
	case "unban":
		return s.done(r, rooms.Unban(ctx, r.Group, s.who, a.Users))
	case "setRole":
		return s.done(r, rooms.SetRole(ctx, r.Group, s.who, a.User, a.Role))
	case "mutes":
		page, next, err := rooms.Mutes(ctx, r.Group, s.who, a.Next, a.Limit)
		return s.sanctions(r, "mutes", page, next, err)
	case "bans":
		page, next, err := rooms.Bans(ctx, r.Group, s.who, a.Next, a.Limit)
		return s.sanctions(r, "bans", page, next, err)
	default: // mute, ban
		return s.sanction(ctx, r, a)
	}
}

func (s *session) sanction(ctx context.Context, r *request, a act) error {
	if a.Seconds == nil || *a.Seconds < 0 || *a.Seconds > math.MaxUint32 {
		return badParameter("seconds", "must be given: 0 to 4294967295, which is forever")
	}
	var until time.Time
	var err error
	if d := time.Duration(*a.Seconds) * time.Second; r.Op == "mute" {
		until, err = s.srv.rooms.Mute(ctx, r.Group, s.who, a.User, d, a.Reason)
	} else {
		until, err = s.srv.rooms.Ban(ctx, r.Group, s.who, chat.Ban{Users: a.Users, For: d, Reason: a.Reason, Address: a.Address})
	}
	if err == nil {
		s.answer(finish(appendField(answer(r, 32), "until", unix(until))))
	}
	return err
}

// sanctions answers a page of mutes or bans.
func (s *session) sanctions(r *request, name string, page []chat.Sanction, next string, err error) error {
	if err != nil {
		return err
	}
	b := append(answer(r, 64+160*len(page)), ',')
	b = append(appendString(b, name), ":["...)
	for i, one := range page {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"user":`...), one.User)
		b = appendField(b, "until", unix(one.Until))
		b = appendField(b, "by", one.By)
		b = appendField(b, "reason", one.Reason)
		b = appendField(b, "time", one.At.Unix())
		if name == "bans" {
			b = appendField(b, "addresses", len(one.From))
		}
		b = append(b, '}')
	}
	s.answer(finish(appendField(append(b, ']'), "next", next)))
	return nil
}

// muteAnswer is what a member who joins must know of not being allowed to speak.
type muteAnswer struct {
	All   bool  `json:"all"`
	Until int64 `json:"until"`
}
