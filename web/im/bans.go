package im

import (
	"context"
	"math"
	"time"

	"liveroom/chat"
)

// Bounds of bans (spec im-rest §3.19).
const (
	mostBanned  = 20  // people in one call
	mostBans    = 100 // in one answer
	defaultBans = 100
)

// ChatBans keeps people out (chat.Service).
type ChatBans interface {
	Ban(ctx context.Context, group string, by chat.Identity, b chat.Ban) (until time.Time, err error)
	Unban(ctx context.Context, group string, by chat.Identity, users []string) error
	Bans(ctx context.Context, group string, by chat.Identity, after string, limit int) (page []chat.Sanction, next string, err error)
}

func (s *Server) registerBans() {
	register(s, &groups, "ban_group_member", limits{}, s.ban)
	register(s, &groups, "unban_group_member", limits{}, s.unban)
	register(s, &groups, "get_group_ban_member", limits{}, s.banned)
}

type banRequest struct {
	GroupID     string    `json:"GroupId" im:"need"`
	Members     []Account `json:"Members_Account" im:"need"`
	Duration    *uint32   `im:"need"` // seconds
	Description string    // for the banned too
}

// ban takes people out, who need not be there, and keeps them out.
func (s *Server) ban(ctx context.Context, by chat.Identity, in *banRequest) (*bare, error) {
	switch {
	case len(in.Members) > mostBanned:
		return nil, tooMany("Members_Account", mostBanned)
	case *in.Duration == 0:
		return nil, bad("Duration", "must be above 0; unban_group_member lifts a ban")
	}
	_, err := s.chat.Ban(ctx, in.GroupID, by, chat.Ban{Users: users(in.Members), For: lasting(*in.Duration), Reason: in.Description})
	return nil, renamed(err, "reason", "Description", "seconds", "Duration")
}

type unbanRequest struct {
	GroupID string    `json:"GroupId" im:"need"`
	Members []Account `json:"Members_Account" im:"need"`
}

func (s *Server) unban(ctx context.Context, by chat.Identity, in *unbanRequest) (*bare, error) {
	if len(in.Members) > mostBanned {
		return nil, tooMany("Members_Account", mostBanned)
	}
	return nil, s.chat.Unban(ctx, in.GroupID, by, users(in.Members))
}

type bansRequest struct {
	GroupID string `json:"GroupId" im:"need"`
	Offset  uint32 // how many to pass over; NextOffset of the page before
	Limit   uint32
}

type bannedAccount struct {
	Account string `json:"Member_Account"`
	Until   int64  `json:"BannedUntil"`
}

type bansAnswer struct {
	Banned     []bannedAccount `json:"BannedAccountList"`
	NextOffset uint32          // 0: these were the last
}

// banned is a page of the bans in force, by user.
func (s *Server) banned(ctx context.Context, by chat.Identity, in *bansRequest) (*bansAnswer, error) {
	if in.Limit == 0 {
		in.Limit = defaultBans
	}
	if in.Limit > mostBans {
		return nil, bad("Limit", "must be at most %d", mostBans)
	}
	out := &bansAnswer{Banned: []bannedAccount{}}
	end := in.Offset + min(in.Limit, math.MaxUint32-in.Offset)
	n := uint32(0)
	err := eachSanction(ctx, in.GroupID, by, s.chat.Bans, func(one chat.Sanction) bool {
		if n == end {
			out.NextOffset = end
			return false
		}
		if n++; n > in.Offset {
			out.Banned = append(out.Banned, bannedAccount{one.User, until(one.Until)})
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
