package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/sync/singleflight"

	"liveroom/chat/account"
	"liveroom/chat/popularity"
	"liveroom/live"
	"liveroom/status"
)

// Guide recommends live rooms (popularity.Guide).
type Guide interface {
	Recommend(ctx context.Context, user string, limit int) ([]popularity.Recommended, error)
}

// Bounds of what is recommended. Every page of the lobby that is open asks every few seconds.
const (
	maxRecommended = 50
	recommendFresh = time.Second     // how long what anybody is recommended is good
	recommendWait  = 5 * time.Second // how long finding it out may take
)

// registerGuide offers what is recommended.
func (s *Server) registerGuide() {
	op := s.operation("recommendations", http.MethodGet, "/recommendations", "rooms", "Recommend live rooms, and say why", anyone)
	op.Description = "Whom a user follows is his own: with user, send his UserSig, a token or the cookie of a session. 304 answers an If-None-Match with the present ETag."
	op.Middlewares = huma.Middlewares{s.signedInForUser}
	register(s, op, s.recommendations)
	s.api.OpenAPI().Paths[op.Path].Get.Responses["304"] = &huma.Response{Description: "Nothing has changed"}
}

// RecommendedBody is a live room and why it is recommended.
type RecommendedBody struct {
	RoomBody
	Reasons []string `json:"reasons" doc:"following: the user follows its anchor; popular: it is among the twenty most popular; rising: more happens in it than some minutes ago; new: it began less than 15 minutes ago; live: nothing of these."`
}

type recommendIn struct {
	IfNoneMatch string `header:"If-None-Match" maxLength:"128"`
	User        string `query:"user" maxLength:"32" doc:"Who is to be recommended something: rooms of anchors he follows come first. Default: anybody." example:"alice"`
	Limit       int    `query:"limit" minimum:"1" maximum:"50" default:"20"`
}

// signedInForUser lets everybody through who asks for nobody in particular.
func (s *Server) signedInForUser(ctx huma.Context, next func(huma.Context)) {
	if ctx.Query("user") == "" {
		next(ctx)
		return
	}
	s.signedIn(ctx, next)
}

type recommendOut struct {
	Status int
	ETag   string `header:"ETag"`
	Cache  string `header:"Cache-Control"`
	Body   struct {
		Rooms []RecommendedBody `json:"rooms" doc:"The most recommended first."`
	}
}

// recommendations shows rooms as they were a second ago at most: one that ended before is left out.
func (s *Server) recommendations(ctx context.Context, in *recommendIn) (*recommendOut, error) {
	if s.guide == nil || s.ranking == nil {
		return nil, notRanked()
	}
	out := &recommendOut{Status: http.StatusOK, Cache: "public, max-age=1"}
	if in.User != "" {
		out.Cache = "private, no-cache"
		if err := account.CheckUser(in.User); err != nil {
			return nil, err
		}
		if !callerOf(ctx).is(in.User) {
			return nil, errNotYou()
		}
	}
	all, err := s.anybody.get(ctx, func(ctx context.Context) ([]recommended, error) {
		return s.recommend(ctx, "", maxRecommended, nil)
	})
	if err == nil && in.User != "" {
		all, err = s.recommend(ctx, in.User, in.Limit, all)
	}
	if err != nil {
		return nil, err
	}
	out.Body.Rooms = []RecommendedBody{}
	for _, r := range all {
		if r.Record.Code == status.Live && len(out.Body.Rooms) < in.Limit {
			out.Body.Rooms = append(out.Body.Rooms, s.recommendedBody(r))
		}
	}
	if out.ETag, err = tagOf(out.Body); err != nil {
		return nil, err
	}
	if in.IfNoneMatch != "" && matches(in.IfNoneMatch, out.ETag) {
		out.Status = http.StatusNotModified
	}
	return out, nil
}

// tagOf is an ETag that says what is in a body.
func tagOf(body any) (string, error) {
	raw, err := json.Marshal(body)
	sum := sha256.Sum256(raw)
	return `"` + hex.EncodeToString(sum[:12]) + `"`, err
}

// recommended is a room as it was when it was recommended.
type recommended struct {
	live.Listed
	why popularity.Recommended
}

func (s *Server) recommendedBody(r recommended) RecommendedBody {
	body := RecommendedBody{RoomBody: s.roomBody(r.Listed)}
	score := popularity.Rounded(r.why.Score)
	body.Popularity = &score
	for _, why := range r.why.Reasons {
		body.Reasons = append(body.Reasons, string(why))
	}
	return body
}

// recommend finds what a user is recommended, without rooms that are gone. Rooms that are known are not read again.
func (s *Server) recommend(ctx context.Context, user string, limit int, known []recommended) ([]recommended, error) {
	found, err := s.guide.Recommend(ctx, user, limit)
	if err != nil {
		return nil, err
	}
	rooms := make(map[string]live.Listed, len(known))
	for _, r := range known {
		rooms[r.Room.ID] = r.Listed
	}
	var ids []string
	for _, r := range found {
		if _, there := rooms[r.Room]; !there {
			ids = append(ids, r.Room)
		}
	}
	read, err := s.many(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, l := range read {
		if l != nil {
			rooms[l.Room.ID] = *l
		}
	}
	all := make([]recommended, 0, len(found))
	for _, r := range found {
		if l, there := rooms[r.Room]; there {
			all = append(all, recommended{l, r})
		}
	}
	return all, nil
}

// shared is what anybody is recommended, found out once for all who ask at a time.
type shared struct {
	asking singleflight.Group

	mu  sync.Mutex // guards what follows
	all []recommended
	at  time.Time
}

// get returns what is known, or what find says now. Who asks first may go away: others wait for it.
func (c *shared) get(ctx context.Context, find func(context.Context) ([]recommended, error)) ([]recommended, error) {
	c.mu.Lock()
	all, at := c.all, c.at
	c.mu.Unlock()
	if !at.IsZero() && time.Since(at) < recommendFresh {
		return all, nil
	}
	found, err, _ := c.asking.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recommendWait)
		defer cancel()
		all, err := find(ctx)
		if err == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.all, c.at = all, time.Now()
		}
		return all, err
	})
	if err != nil {
		return nil, err
	}
	return found.([]recommended), nil
}
