package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"liveroom/chat"
)

// Moderation is what the API needs of the chat to keep order (chat.Service), which decides who may.
type Moderation interface {
	Mute(ctx context.Context, group string, by chat.Identity, user string, d time.Duration, reason string) (until time.Time, err error)
	Mutes(ctx context.Context, group string, by chat.Identity, after string, limit int) (page []chat.Sanction, next string, err error)
	Kick(ctx context.Context, group string, by chat.Identity, users []string, reason string) error
	Ban(ctx context.Context, group string, by chat.Identity, b chat.Ban) (until time.Time, err error)
	Unban(ctx context.Context, group string, by chat.Identity, users []string) error
	Bans(ctx context.Context, group string, by chat.Identity, after string, limit int) (page []chat.Sanction, next string, err error)
	Admins(ctx context.Context, group string, by chat.Identity) (chat.Profile, error)
	SetRole(ctx context.Context, group string, by chat.Identity, user string, role chat.Role) error
}

func (s *Server) registerModeration() {
	noContent := func(id, method, path, summary string) huma.Operation {
		op := s.operation(id, method, path, "moderation", summary, tokenOrAnchor)
		op.DefaultStatus = http.StatusNoContent
		return op
	}
	register(s, s.operation("mutes", http.MethodGet, "/rooms/{room}/mutes", "moderation", "List who may not speak", tokenOrAnchor), s.mutes)
	register(s, s.operation("mute", http.MethodPut, "/rooms/{room}/mutes/{user}", "moderation", "Keep a user from speaking", tokenOrAnchor), s.mute)
	register(s, noContent("unmute", http.MethodDelete, "/rooms/{room}/mutes/{user}", "Let a user speak again"), s.unmute)
	register(s, s.operation("bans", http.MethodGet, "/rooms/{room}/bans", "moderation", "List who is banned", tokenOrAnchor), s.bans)
	register(s, s.operation("ban", http.MethodPut, "/rooms/{room}/bans/{user}", "moderation", "Put a user out of the chat for a time", tokenOrAnchor), s.ban)
	register(s, noContent("unban", http.MethodDelete, "/rooms/{room}/bans/{user}", "Lift a ban"), s.unban)
	register(s, noContent("kick", http.MethodPost, "/rooms/{room}/kicks", "Put users out of the chat; they may come back"), s.kick)
	register(s, s.operation("admins", http.MethodGet, "/rooms/{room}/admins", "moderation", "List the chat's administrators", tokenOrAnchor), s.admins)
	register(s, noContent("make-admin", http.MethodPut, "/rooms/{room}/admins/{user}", "Make a user an administrator of the chat"), s.makeAdmin)
	register(s, noContent("unmake-admin", http.MethodDelete, "/rooms/{room}/admins/{user}", "Make an administrator a member again"), s.unmakeAdmin)
}

// MemberPath names a user of a room's chat, who need not be there.
type MemberPath struct {
	RoomPath
	User string `path:"user" minLength:"1" maxLength:"32" doc:"The user's account." example:"bob"`
}

// SanctionBody is a mute or a ban.
type SanctionBody struct {
	User      string   `json:"user"`
	Until     NullTime `json:"until" doc:"When it ends; null: when it is lifted."`
	By        string   `json:"by" doc:"Who did it."`
	Reason    string   `json:"reason"`
	At        Time     `json:"at"`
	Addresses int      `json:"addresses,omitempty" doc:"Of a ban: how many networks it holds for too."`
}

// SanctionDraft is how long something holds, and why.
type SanctionDraft struct {
	Duration *Duration `json:"duration,omitempty" doc:"From 1s, rounded up to whole seconds. Absent: until it is lifted."`
	Reason   string    `json:"reason,omitempty" maxLength:"1000" doc:"At most 1000 bytes."`
}

// BanDraft is a SanctionDraft for a ban.
type BanDraft struct {
	SanctionDraft
	Address bool `json:"address,omitempty" doc:"Also ban the networks (IPv4 address, IPv6 /64) the user is in the chat from, for anybody but owner and administrators."`
}

// EndBody tells when a mute or ban ends.
type EndBody struct {
	User  string   `json:"user"`
	Until NullTime `json:"until" doc:"When it ends; null: when it is lifted."`
}

type endOut struct{ Body EndBody }

type muteIn struct {
	MemberPath
	Body *SanctionDraft
}

type banIn struct {
	MemberPath
	Body *BanDraft
}

type kickIn struct {
	RoomPath
	Body struct {
		Users  []string `json:"users" minItems:"1" maxItems:"100"`
		Reason string   `json:"reason,omitempty" maxLength:"1000" doc:"At most 1000 bytes; the users are told."`
	}
}

type sanctionsIn struct {
	RoomPath
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Cursor string `query:"cursor" maxLength:"32" doc:"nextCursor of the page before."`
}

// SanctionsPage is a part of the mutes or bans in force, by user.
type SanctionsPage struct {
	NextCursor string `json:"nextCursor,omitempty" doc:"Absent on the last page."`
}

type mutesOut struct {
	Body struct {
		Mutes []SanctionBody `json:"mutes"`
		SanctionsPage
	}
}

type bansOut struct {
	Body struct {
		Bans []SanctionBody `json:"bans"`
		SanctionsPage
	}
}

type adminsOut struct {
	Body struct {
		Owner  string   `json:"owner" doc:"The room's anchor; empty: none."`
		Admins []string `json:"admins"`
	}
}

// forMember runs an act on a user of a room's chat.
func (s *Server) forMember(ctx context.Context, room string, act func(ctx context.Context, group string, by chat.Identity) error) error {
	ctx, cancel := timed(ctx)
	defer cancel()
	group, err := s.group(ctx, room)
	if err != nil {
		return err
	}
	return act(ctx, group, s.speaker(ctx))
}

func (s *Server) mute(ctx context.Context, in *muteIn) (*endOut, error) {
	var draft SanctionDraft
	if in.Body != nil {
		draft = *in.Body
	}
	return s.sanction(ctx, in.MemberPath, draft, func(ctx context.Context, group string, by chat.Identity, d time.Duration) (time.Time, error) {
		return s.chat.Mute(ctx, group, by, in.User, d, draft.Reason)
	})
}

func (s *Server) ban(ctx context.Context, in *banIn) (*endOut, error) {
	var draft BanDraft
	if in.Body != nil {
		draft = *in.Body
	}
	return s.sanction(ctx, in.MemberPath, draft.SanctionDraft, func(ctx context.Context, group string, by chat.Identity, d time.Duration) (time.Time, error) {
		return s.chat.Ban(ctx, group, by, chat.Ban{Users: []string{in.User}, For: d, Reason: draft.Reason, Address: draft.Address})
	})
}

// sanction runs a mute or ban, which lasts forever if it has no length.
func (s *Server) sanction(
	ctx context.Context, on MemberPath, draft SanctionDraft,
	act func(ctx context.Context, group string, by chat.Identity, d time.Duration) (until time.Time, err error),
) (*endOut, error) {
	d := chat.Forever
	if draft.Duration != nil {
		if d = draft.Duration.value(); d <= 0 || d > chat.Forever {
			return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "must be above 0 and at most 1193046h; absent: until it is lifted").at("duration")
		}
	}
	var until time.Time
	err := s.forMember(ctx, on.Room, func(ctx context.Context, group string, by chat.Identity) (err error) {
		until, err = act(ctx, group, by, d)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &endOut{EndBody{on.User, lasting(until)}}, nil
}

// lasting is the end of a mute or ban; null if it has none.
func lasting(until time.Time) NullTime {
	if chat.IsEndless(until) {
		return NullTime{}
	}
	return NullTime{until}
}

func (s *Server) unmute(ctx context.Context, in *MemberPath) (*empty, error) {
	return nil, s.forMember(ctx, in.Room, func(ctx context.Context, group string, by chat.Identity) error {
		_, err := s.chat.Mute(ctx, group, by, in.User, 0, "")
		return err
	})
}

func (s *Server) unban(ctx context.Context, in *MemberPath) (*empty, error) {
	return nil, s.forMember(ctx, in.Room, func(ctx context.Context, group string, by chat.Identity) error {
		return s.chat.Unban(ctx, group, by, []string{in.User})
	})
}

func (s *Server) kick(ctx context.Context, in *kickIn) (*empty, error) {
	return nil, s.forMember(ctx, in.Room, func(ctx context.Context, group string, by chat.Identity) error {
		return s.chat.Kick(ctx, group, by, in.Body.Users, in.Body.Reason)
	})
}

func (s *Server) mutes(ctx context.Context, in *sanctionsIn) (*mutesOut, error) {
	out := &mutesOut{}
	var err error
	out.Body.Mutes, out.Body.NextCursor, err = s.sanctions(ctx, in, s.chat.Mutes)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Server) bans(ctx context.Context, in *sanctionsIn) (*bansOut, error) {
	out := &bansOut{}
	var err error
	out.Body.Bans, out.Body.NextCursor, err = s.sanctions(ctx, in, s.chat.Bans)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Server) sanctions(
	ctx context.Context, in *sanctionsIn,
	list func(ctx context.Context, group string, by chat.Identity, after string, limit int) ([]chat.Sanction, string, error),
) (all []SanctionBody, next string, err error) {
	all = []SanctionBody{}
	err = s.forMember(ctx, in.Room, func(ctx context.Context, group string, by chat.Identity) error {
		page, more, err := list(ctx, group, by, in.Cursor, in.Limit)
		for _, one := range page {
			all = append(all, SanctionBody{one.User, lasting(one.Until), one.By, one.Reason, Time{one.At}, len(one.From)})
		}
		next = more
		return err
	})
	return all, next, err
}

func (s *Server) admins(ctx context.Context, in *RoomPath) (*adminsOut, error) {
	out := &adminsOut{}
	err := s.forMember(ctx, in.Room, func(ctx context.Context, group string, by chat.Identity) error {
		p, err := s.chat.Admins(ctx, group, by)
		out.Body.Owner, out.Body.Admins = p.Owner, append([]string{}, p.Admins...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Server) makeAdmin(ctx context.Context, in *MemberPath) (*empty, error) {
	return s.setRole(ctx, in, chat.RoleAdmin)
}

func (s *Server) unmakeAdmin(ctx context.Context, in *MemberPath) (*empty, error) {
	return s.setRole(ctx, in, chat.RoleMember)
}

func (s *Server) setRole(ctx context.Context, in *MemberPath, role chat.Role) (*empty, error) {
	return nil, s.forMember(ctx, in.Room, func(ctx context.Context, group string, by chat.Identity) error {
		return s.chat.SetRole(ctx, group, by, in.User, role)
	})
}
