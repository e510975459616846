package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"liveroom/chat/summary"
)

// Summaries knows how live sessions went (summary.Service).
type Summaries interface {
	Summary(ctx context.Context, group, session string) (summary.Summary, error)
	Summaries(ctx context.Context, group string, before uint64, limit int) (page []summary.Summary, next uint64, err error)
}

func (s *Server) registerSummaries() {
	offer(s, s.summaries != nil, s.operation("sessions", http.MethodGet, "/rooms/{room}/sessions", "summaries", "List the live sessions of a room that are over", tokenOrAnchor), s.listSessions)
	offer(s, s.summaries != nil, s.operation("session-summary", http.MethodGet, "/rooms/{room}/sessions/{session}/summary", "summaries", "Show how a live session went, or goes", tokenOrAnchor), s.sessionSummary)
}

// summed returns the group of the room of a caller who may know how its sessions went.
func (s *Server) summed(ctx context.Context, room string) (group string, err error) {
	l, err := s.mayDrive(ctx, room)
	return l.Room.GroupID, err
}

// SummaryBody is how a live session went.
type SummaryBody struct {
	Room        string      `json:"room"`
	Group       string      `json:"group"`
	Session     string      `json:"session" doc:"As the status record names it."`
	StartedAt   string      `json:"startedAt" format:"date-time"`
	EndedAt     string      `json:"endedAt" format:"date-time"`
	Reason      string      `json:"reason" doc:"Of the end, as in the status record; lost: its end was missed, and this is when it was seen last."`
	Duration    int64       `json:"duration" doc:"Seconds, pauses included."`
	Paused      int64       `json:"paused" doc:"Seconds, all pauses together."`
	Pauses      int         `json:"pauses" doc:"How many."`
	PauseList   []PauseBody `json:"pauseList" doc:"The first 100."`
	Viewers     int64       `json:"viewers" doc:"How often somebody began to watch."`
	Peak        int         `json:"peak" doc:"Most people at a time, in the chat or watching."`
	PeakAt      string      `json:"peakAt,omitempty" format:"date-time"`
	PeakMembers int         `json:"peakMembers" doc:"Most in the chat."`
	PeakViewers int         `json:"peakViewers" doc:"Most play sessions."`
	Members     int64       `json:"members" doc:"Different users with names who were in the chat, anonymous guests not among them. Exact up to a million; with Redis an estimate with a standard error of 0.81 %."`
	WatchTime   int64       `json:"watchTime" doc:"Seconds of all people together, pauses not included."`
	Messages    int64       `json:"messages" doc:"Of members, delivered."`
	Likes       int64       `json:"likes"`
	GiftValue   int64       `json:"giftValue" doc:"Minor units."`
	GiftCount   int64       `json:"giftCount"`
	GiftSenders int         `json:"giftSenders"`
	Top         []TopGiver  `json:"top" doc:"Who gave most, ten at most."`
	Popularity  int64       `json:"popularity" doc:"Its peak."`
	Curve       []int64     `json:"curve" doc:"Popularity from beginning to end, at most 360 points, each the most within its step."`
	OnlineCurve []int64     `json:"onlineCurve" doc:"People, in the same steps."`
	CurveStep   int64       `json:"curveStep" doc:"Seconds of a step; the last may be shorter."`
	Running     bool        `json:"running" doc:"true: the session runs, or ended seconds ago, and this is what is known so far; endedAt is now."`
	Complete    bool        `json:"complete" doc:"false: likes or gifts could not be read for five minutes, and are 0."`
}

// PauseBody is a time without the anchor.
type PauseBody struct {
	From    string `json:"from" format:"date-time"`
	Seconds int64  `json:"seconds"`
	Reason  string `json:"reason" doc:"As in the status record."`
}

// TopGiver is somebody who gave gifts.
type TopGiver struct {
	Rank   int    `json:"rank"`
	User   string `json:"user"`
	Nick   string `json:"nick"`
	Avatar string `json:"avatar"`
	Level  int    `json:"level"`
	Value  int64  `json:"value" doc:"Minor units."`
	Count  int64  `json:"count"`
}

func summaryBody(s summary.Summary) SummaryBody {
	b := SummaryBody{
		Room: s.Room, Group: s.Group, Session: s.Session, StartedAt: s.StartedAt, EndedAt: s.EndedAt, Reason: s.Reason, Duration: s.Duration, Paused: s.Paused,
		Pauses: s.Pauses, PauseList: []PauseBody{}, Viewers: s.Viewers, Peak: s.Peak, PeakAt: s.PeakAt, PeakMembers: s.PeakMembers, PeakViewers: s.PeakViewers,
		Members: s.Members, WatchTime: s.WatchTime, Messages: s.Messages, Likes: s.Likes, GiftValue: s.GiftValue, GiftCount: s.GiftCount, GiftSenders: s.GiftSenders,
		Top: []TopGiver{}, Popularity: s.Popularity, Curve: s.Curve, OnlineCurve: s.OnlineCurve, CurveStep: s.CurveStep, Running: s.Running, Complete: s.Complete,
	}
	for _, p := range s.PauseList {
		b.PauseList = append(b.PauseList, PauseBody(p))
	}
	for _, r := range s.Top {
		b.Top = append(b.Top, TopGiver(r))
	}
	return b
}

type sessionsIn struct {
	RoomPath
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor string `query:"cursor" maxLength:"20" pattern:"^[0-9]*$" doc:"nextCursor of the page before."`
}

type sessionsOut struct {
	Body struct {
		Sessions   []SummaryBody `json:"sessions" doc:"The newest first."`
		NextCursor string        `json:"nextCursor,omitempty" doc:"Absent on the last page."`
	}
}

func (s *Server) listSessions(ctx context.Context, in *sessionsIn) (*sessionsOut, error) {
	group, err := s.summed(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	before, err := numberCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	page, next, err := s.summaries.Summaries(ctx, group, before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &sessionsOut{}
	out.Body.Sessions = make([]SummaryBody, len(page))
	for i, one := range page {
		out.Body.Sessions[i] = summaryBody(one)
	}
	if next > 0 {
		out.Body.NextCursor = strconv.FormatUint(next, 10)
	}
	return out, nil
}

type sessionIn struct {
	RoomPath
	Session string `path:"session" maxLength:"64" doc:"As the status record names it." example:"01JD0000000000000000000001"`
}

type summaryOut struct{ Body SummaryBody }

func (s *Server) sessionSummary(ctx context.Context, in *sessionIn) (*summaryOut, error) {
	group, err := s.summed(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	found, err := s.summaries.Summary(ctx, group, in.Session)
	if errors.Is(err, summary.ErrUnknown) {
		return nil, newProblem(http.StatusNotFound, "not_found", "this room had no such session, or it is long over")
	}
	if err != nil {
		return nil, err
	}
	return &summaryOut{summaryBody(found)}, nil
}
