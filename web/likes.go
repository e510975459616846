package web

import (
	"context"
	"net/http"

	"liveroom/chat/account"
	"liveroom/chat/like"
)

// Likes counts likes (like.Service).
type Likes interface {
	Add(ctx context.Context, group, user string, n int) (like.Accepted, error)
	Totals(ctx context.Context, group, session string) (like.Totals, error)
	Session(group string) string
}

func (s *Server) registerLikes() {
	offer(s, s.likes != nil, s.operation("likes", http.MethodGet, "/rooms/{room}/likes", "likes", "Show how often a room was liked", anyone), s.showLikes)
	offer(s, s.likes != nil, s.operation("add-likes", http.MethodPost, "/rooms/{room}/likes", "likes", "Add likes that your backend took", tokenHolder), s.addLikes)
}

// LikesBody is how often a room was liked.
type LikesBody struct {
	Likes        int64  `json:"likes" doc:"Of all time; in a cluster what was liked in the last second on another node may be missing."`
	Session      string `json:"session" doc:"The live session that was asked for, or is on; empty: none."`
	SessionLikes int64  `json:"sessionLikes" doc:"In that session, but for the last second; the newest 128 of a room are known."`
}

type likesIn struct {
	RoomPath
	Session string `query:"session" maxLength:"64" doc:"Id of a live session; absent: the one that is on."`
}

type likesOut struct{ Body LikesBody }

func (s *Server) showLikes(ctx context.Context, in *likesIn) (*likesOut, error) {
	group, err := s.group(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	session := in.Session
	if session == "" {
		session = s.likes.Session(group)
	}
	t, err := s.likes.Totals(ctx, group, session)
	if err != nil {
		return nil, err
	}
	return &likesOut{LikesBody{t.All, session, t.Session}}, nil
}

type addLikesIn struct {
	RoomPath
	Body struct {
		User  string `json:"user,omitempty" maxLength:"32" doc:"Who likes: his rate holds. Absent: likes of many, which you limited yourself."`
		Count int    `json:"count" minimum:"1" maximum:"1000000" doc:"At most 1000 where a user is named."`
	}
}

type addLikesOut struct {
	Body struct {
		Accepted int    `json:"accepted" doc:"How many were counted; less than count where the user likes too fast."`
		Likes    *int64 `json:"likes,omitempty" doc:"Of all time, as far as is known here at once."`
	}
}

func (s *Server) addLikes(ctx context.Context, in *addLikesIn) (*addLikesOut, error) {
	if in.Body.User != "" {
		if err := account.CheckUser(in.Body.User); err != nil {
			return nil, err
		}
	}
	ctx, cancel := timed(ctx)
	defer cancel()
	group, err := s.group(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	got, err := s.likes.Add(ctx, group, in.Body.User, in.Body.Count)
	if err != nil {
		return nil, err
	}
	out := &addLikesOut{}
	if out.Body.Accepted = got.Likes; got.Known {
		out.Body.Likes = &got.Total
	}
	return out, nil
}
