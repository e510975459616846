package web

import (
	"context"
	"errors"
	"net/http"

	"liveroom/chat/account"
	"liveroom/chat/follow"
)

// Follows knows who follows whom (follow.Service).
type Follows interface {
	SetOwn(ctx context.Context, follower, followed string, on bool) (follow.Done, error)
	Set(ctx context.Context, follower, followed string, on bool) (follow.Done, error)
	Follows(ctx context.Context, user, other string) (bool, error)
	Counts(ctx context.Context, user string) (follow.Counts, error)
	List(ctx context.Context, user string, side follow.Side, cursor string, limit int) (page []follow.Place, next string, err error)
}

func (s *Server) registerFollows() {
	offer(s, s.follows != nil, s.operation("followers", http.MethodGet, "/users/{user}/followers", "follows", "List who follows a user, the newest first", tokenOrAnchor), s.listFollows(follow.Followers))
	offer(s, s.follows != nil, s.operation("following", http.MethodGet, "/users/{user}/following", "follows", "List whom a user follows, the newest first", tokenOrAnchor), s.listFollows(follow.Following))
	offer(s, s.follows != nil, s.operation("follow", http.MethodGet, "/users/{user}/following/{other}", "follows", "Show whether a user follows another", tokenOrAnchor), s.showFollow)
	offer(s, s.follows != nil, s.operation("set-follow", http.MethodPut, "/users/{user}/following/{other}", "follows", "Let a user follow another", tokenOrAnchor), s.setFollow(true))
	offer(s, s.follows != nil, s.operation("delete-follow", http.MethodDelete, "/users/{user}/following/{other}", "follows", "Let a user follow another no longer", tokenOrAnchor), s.setFollow(false))
}

// FollowBody is an entry of a list.
type FollowBody struct {
	User   string `json:"user" example:"bob"`
	Nick   string `json:"nick"`
	Avatar string `json:"avatar"`
	Since  Time   `json:"since"`
}

type followsIn struct {
	AccountPath
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"100"`
	Cursor string `query:"cursor" maxLength:"64" doc:"nextCursor of the page before."`
}

type followsOut struct {
	Body struct {
		Users      []FollowBody `json:"users"`
		Count      int          `json:"count" doc:"Length of the whole list."`
		NextCursor string       `json:"nextCursor,omitempty" doc:"Absent on the last page."`
	}
}

// errNotYou refuses what is between a user and the backends.
func errNotYou() error {
	return newProblem(http.StatusForbidden, "not_you", "only the user himself or an API token may do this")
}

// listFollows makes a handler of one of a user's lists, which a backend or the user himself may read.
func (s *Server) listFollows(side follow.Side) func(context.Context, *followsIn) (*followsOut, error) {
	return func(ctx context.Context, in *followsIn) (*followsOut, error) {
		if !callerOf(ctx).is(in.User) {
			return nil, errNotYou()
		}
		counts, err := s.follows.Counts(ctx, in.User)
		if err != nil {
			return nil, err
		}
		page, next, err := s.follows.List(ctx, in.User, side, in.Cursor, in.Limit)
		if errors.Is(err, follow.ErrCursor) {
			return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "must be nextCursor of another page").at("cursor")
		}
		if err != nil {
			return nil, err
		}
		out := &followsOut{}
		if out.Body.Users, err = s.followBodies(ctx, page); err != nil {
			return nil, err
		}
		out.Body.NextCursor, out.Body.Count = next, counts.Following
		if side == follow.Followers {
			out.Body.Count = counts.Followers
		}
		return out, nil
	}
}

// followBodies are entries with what is known of the users in them.
func (s *Server) followBodies(ctx context.Context, page []follow.Place) ([]FollowBody, error) {
	all, users := make([]FollowBody, len(page)), make([]string, len(page))
	for i, p := range page {
		users[i] = p.User
	}
	if len(users) == 0 {
		return all, nil
	}
	found, err := s.accounts.Profiles(ctx, users)
	if err != nil {
		return nil, err
	}
	cards := make(map[string]account.Account, len(found))
	for _, a := range found {
		cards[a.User] = a
	}
	for i, p := range page {
		a := cards[p.User]
		all[i] = FollowBody{p.User, a.Nick, a.Avatar, Time{p.Since()}}
	}
	return all, nil
}

type followIn struct {
	AccountPath
	Other string `path:"other" minLength:"1" maxLength:"32" doc:"Who is followed." example:"anna"`
}

type followOut struct {
	Body struct {
		Following bool `json:"following"`
		Followers *int `json:"followers,omitempty" doc:"How many follow the other one, if that could be told at once."`
	}
}

// showFollow tells a backend and both of its ends of a follow.
func (s *Server) showFollow(ctx context.Context, in *followIn) (*followOut, error) {
	if who := callerOf(ctx); !who.is(in.User) && !who.is(in.Other) {
		return nil, errNotYou()
	}
	counts, err := s.follows.Counts(ctx, in.Other)
	if err != nil {
		return nil, err
	}
	out := &followOut{}
	out.Body.Followers = &counts.Followers
	out.Body.Following, err = s.follows.Follows(ctx, in.User, in.Other)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// setFollow makes a handler of a change, which a backend or the user himself may make.
func (s *Server) setFollow(on bool) func(context.Context, *followIn) (*followOut, error) {
	return func(ctx context.Context, in *followIn) (*followOut, error) {
		if !callerOf(ctx).is(in.User) {
			return nil, errNotYou()
		}
		ctx, cancel := timed(ctx)
		defer cancel()
		set := s.follows.SetOwn
		if callerOf(ctx).token {
			set = s.follows.Set
		}
		done, err := set(ctx, in.User, in.Other, on)
		if err != nil {
			return nil, err
		}
		out := &followOut{}
		if out.Body.Following = on; done.Known {
			out.Body.Followers = &done.Followers
		}
		return out, nil
	}
}
