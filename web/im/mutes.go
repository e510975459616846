package im

import (
	"context"
	"time"

	"liveroom/chat"
)

// mostMuted is how many people one call may mute (spec im-rest §3.9).
const mostMuted = 500

// ChatMutes keeps people from speaking (chat.Service).
type ChatMutes interface {
	MuteUsers(ctx context.Context, group string, by chat.Identity, users []string, d time.Duration, reason string) (until time.Time, err error)
	Mutes(ctx context.Context, group string, by chat.Identity, after string, limit int) (page []chat.Sanction, next string, err error)
}

func (s *Server) registerMutes() {
	register(s, &groups, "forbid_send_msg", limits{}, s.mute)
	register(s, &groups, "get_group_muted_account", limits{}, s.muted)
	register(s, &groups, "get_group_shutted_uin", limits{}, s.shutted)
}

// muteRequest keeps people from speaking for seconds from now on, in place of what was; 0 lets them speak again.
type muteRequest struct {
	GroupID  string    `json:"GroupId" im:"need"`
	Members  []Account `json:"Members_Account" im:"need"`
	MuteTime *uint32
	ShutUp   *uint32 `json:"ShutUpTime"`
}

// mute mutes people, who need not be there (spec im-rest §3.9).
func (s *Server) mute(ctx context.Context, by chat.Identity, in *muteRequest) (*bare, error) {
	length := in.MuteTime
	if length == nil {
		length = in.ShutUp
	}
	switch {
	case length == nil:
		return nil, missing(&groups, "MuteTime")
	case len(in.Members) > mostMuted:
		return nil, tooMany("Members_Account", mostMuted)
	}
	_, err := s.chat.MuteUsers(ctx, in.GroupID, by, users(in.Members), lasting(*length), "")
	return nil, err
}

type mutedAccount struct {
	Account string `json:"Member_Account"`
	Until   int64  `json:"MutedUntil"`
}

type shuttedUin struct {
	Account string `json:"Member_Account"`
	Until   int64  `json:"ShuttedUntil"`
}

type mutedAnswer struct {
	GroupID string         `json:"GroupId"`
	Muted   []mutedAccount `json:"MutedAccountList,omitzero"` // nil: too many to be listed twice
	Shutted []shuttedUin   `json:"ShuttedUinList,omitzero"`
}

// mostTwice is up to how many people are listed by newer and by older names. Of more the answer would be too large: they
// have the names of the command only.
const mostTwice = 5000

// muted lists whose mute is in force (spec im-rest §3.10).
func (s *Server) muted(ctx context.Context, by chat.Identity, in *groupRequest) (*mutedAnswer, error) {
	out, err := s.mutedOf(ctx, by, in.GroupID)
	if err == nil && len(out.Muted) > mostTwice {
		out.Shutted = nil
	}
	return out, err
}

// shutted is muted by its older name.
func (s *Server) shutted(ctx context.Context, by chat.Identity, in *groupRequest) (*mutedAnswer, error) {
	out, err := s.mutedOf(ctx, by, in.GroupID)
	if err == nil && len(out.Shutted) > mostTwice {
		out.Muted = nil
	}
	return out, err
}

func (s *Server) mutedOf(ctx context.Context, by chat.Identity, group string) (*mutedAnswer, error) {
	out := &mutedAnswer{group, []mutedAccount{}, []shuttedUin{}}
	err := eachSanction(ctx, group, by, s.chat.Mutes, func(one chat.Sanction) bool {
		out.Muted = append(out.Muted, mutedAccount{one.User, until(one.Until)})
		out.Shutted = append(out.Shutted, shuttedUin{one.User, until(one.Until)})
		return true
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// eachSanction goes through mutes or bans by user until see has enough.
func eachSanction(
	ctx context.Context, group string, by chat.Identity,
	list func(ctx context.Context, group string, by chat.Identity, after string, limit int) ([]chat.Sanction, string, error),
	see func(chat.Sanction) bool,
) error {
	for after := ""; ; {
		page, next, err := list(ctx, group, by, after, 500)
		if err != nil {
			return err
		}
		for _, one := range page {
			if !see(one) {
				return nil
			}
		}
		if after = next; next == "" {
			return nil
		}
	}
}
