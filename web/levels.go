package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"liveroom/chat/account"
	"liveroom/chat/level"
)

// Levels knows how far users have come (level.Service).
type Levels interface {
	Card(ctx context.Context, user string) (level.Card, error)
	Standings(ctx context.Context, users []string) map[string]level.Standing
	Adjust(ctx context.Context, user string, a level.Adjustment, reason string) (level.Card, error)
	SetMember(ctx context.Context, user string, m level.Member) (level.Card, error)
}

func (s *Server) registerLevels() {
	offer(s, s.levels != nil, s.operation("level", http.MethodGet, "/users/{user}/level", "levels", "Show a user's level", anyone), s.showLevel)
	offer(s, s.levels != nil, s.operation("adjust-level", http.MethodPost, "/users/{user}/level/adjust", "levels", "Add points to a user's score, or take them away", tokenHolder), s.adjustLevel)
	offer(s, s.levels != nil, s.operation("set-membership", http.MethodPut, "/users/{user}/membership", "levels", "Make a user a member", tokenHolder), s.setMembership)
	offer(s, s.levels != nil, s.operation("end-membership", http.MethodDelete, "/users/{user}/membership", "levels", "End a user's membership", tokenHolder), s.endMembership)
}

// LevelBody is how far a user has come.
type LevelBody struct {
	User            string   `json:"user" example:"bob"`
	Level           int      `json:"level" doc:"0: not even the first."`
	Score           int64    `json:"score" doc:"What was earned in the last seconds may be missing."`
	Next            int64    `json:"next" doc:"The score of the level above; 0: there is none."`
	Badge           string   `json:"badge" doc:"Of the membership; empty: none."`
	Membership      string   `json:"membership" doc:"Id of the tier; empty: none."`
	MembershipUntil NullTime `json:"membershipUntil" doc:"null: for ever, or there is none."`
}

type levelOut struct{ Body LevelBody }

func levelAnswer(c level.Card, err error) (*levelOut, error) {
	if err != nil {
		return nil, err
	}
	return &levelOut{LevelBody{c.User, c.Level, c.Score, c.Next, c.Badge, c.Member.Tier, NullTime{c.Member.Until}}}, nil
}

func (s *Server) showLevel(ctx context.Context, in *AccountPath) (*levelOut, error) {
	if err := account.CheckUser(in.User); err != nil {
		return nil, err
	}
	return levelAnswer(s.levels.Card(ctx, in.User))
}

type adjustIn struct {
	AccountPath
	Body struct {
		Points int64  `json:"points" minimum:"-1000000000000" maximum:"1000000000000" doc:"Below 0 takes away; the score never falls below 0."`
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"For the log of who did what."`
		ID     string `json:"id,omitempty" maxLength:"64" doc:"Made by you: asked again with the same one, the newest 16 of a user, nothing more is done."`
	}
}

func (s *Server) adjustLevel(ctx context.Context, in *adjustIn) (*levelOut, error) {
	return s.changeLevel(ctx, in.User, "level_adjust", map[string]string{"points": strconv.FormatInt(in.Body.Points, 10), "reason": in.Body.Reason},
		func(ctx context.Context) (level.Card, error) {
			return s.levels.Adjust(ctx, in.User, level.Adjustment{ID: in.Body.ID, Points: in.Body.Points}, in.Body.Reason)
		})
}

type membershipIn struct {
	AccountPath
	Body struct {
		Tier  string   `json:"tier" minLength:"1" maxLength:"32" doc:"One of the setting level-tiers."`
		Until NullTime `json:"until,omitempty" doc:"When it ends; null or absent: never."`
	}
}

func (s *Server) setMembership(ctx context.Context, in *membershipIn) (*levelOut, error) {
	return s.becomeMember(ctx, in.User, level.Member{Tier: in.Body.Tier, Until: in.Body.Until.Time})
}

func (s *Server) endMembership(ctx context.Context, in *AccountPath) (*levelOut, error) {
	return s.becomeMember(ctx, in.User, level.Member{})
}

func (s *Server) becomeMember(ctx context.Context, user string, m level.Member) (*levelOut, error) {
	detail := map[string]string{"tier": m.Tier}
	if !m.Until.IsZero() {
		detail["until"] = m.Until.UTC().Format(time.RFC3339)
	}
	return s.changeLevel(ctx, user, "membership", detail, func(ctx context.Context) (level.Card, error) {
		return s.levels.SetMember(ctx, user, m)
	})
}

// changeLevel makes a change for a backend, and keeps it in the log.
func (s *Server) changeLevel(ctx context.Context, user, action string, detail map[string]string, change func(context.Context) (level.Card, error)) (*levelOut, error) {
	if err := account.CheckUser(user); err != nil {
		return nil, err
	}
	ctx, cancel := timed(ctx)
	defer cancel()
	out, err := levelAnswer(change(ctx))
	if err == nil {
		s.record(ctx, "", action, user, detail)
	}
	return out, err
}
