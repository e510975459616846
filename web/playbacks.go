package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"liveroom/chat"
	"liveroom/live"
	"liveroom/live/programme"
	"liveroom/status"
)

// Playbacks is what the API asks of what rooms play back (programme.Service).
type Playbacks interface {
	Play(ctx context.Context, room string, by status.Reason, who string, c programme.Content, until time.Time, detail string) (status.Record, error)
	Shown(ctx context.Context, room string) (p programme.Programme, length time.Duration, ok bool, err error)
	Add(ctx context.Context, room, who string, d programme.Draft) (programme.Plan, error)
	Plans(ctx context.Context, room string) ([]programme.Plan, error)
	Plan(ctx context.Context, room, id string) (programme.Plan, error)
	Remove(ctx context.Context, room, id string) error
}

// Shifts says how far back what is live can be watched (vod.Server).
type Shifts interface {
	Shiftable(ctx context.Context, room string) (oldest time.Time, most time.Duration, ok bool, err error)
}

func (s *Server) registerPlaybacks() {
	op := s.operation("plan-playback", http.MethodPost, "/rooms/{room}/playbacks", "playbacks", "Plan a playback", tokenOrAnchor)
	op.DefaultStatus = http.StatusCreated
	offer(s, s.playbacks != nil, op, s.planPlayback)
	offer(s, s.playbacks != nil, s.operation("playbacks", http.MethodGet, "/rooms/{room}/playbacks", "playbacks", "List planned playbacks", tokenOrAnchor), s.listPlaybacks)
	offer(s, s.playbacks != nil, s.operation("show-playback", http.MethodGet, "/rooms/{room}/playbacks/{playback}", "playbacks", "Show what came of a planned playback", tokenOrAnchor), s.showPlayback)
	op = s.operation("remove-playback", http.MethodDelete, "/rooms/{room}/playbacks/{playback}", "playbacks", "Remove a planned playback", tokenOrAnchor)
	op.DefaultStatus = http.StatusNoContent
	offer(s, s.playbacks != nil, op, s.removePlayback)
}

// PlaybackDraft is a playback that is to come.
type PlaybackDraft struct {
	ID         string    `json:"id,omitempty" maxLength:"64" pattern:"^[A-Za-z0-9_-]{0,64}$" doc:"Default: made up. Repeating a call with the same id plans nothing anew."`
	Recordings []string  `json:"recordings" minItems:"1" maxItems:"50" doc:"Finished recordings of the room, by id, played one after the other."`
	Loop       bool      `json:"loop,omitempty" doc:"Begin anew at the end: the room's page does, other players are not told to."`
	StartAt    *Duration `json:"startAt,omitempty" doc:"Where players begin. Default: 0s."`
	At         *Time     `json:"at,omitempty" doc:"When; either this or cron."`
	Cron       string    `json:"cron,omitempty" maxLength:"100" doc:"Again and again: minute, hour, day of month, month, day of week, in UTC or as CRON_TZ=Asia/Shanghai … says."`
	For        *Duration `json:"for,omitempty" doc:"How long the room plays it, at most 168h. Default: once through; without end where it loops."`
}

// PlaybackOutcome is what came of one time of a planned playback.
type PlaybackOutcome struct {
	At      Time   `json:"at" doc:"When it was due."`
	Began   bool   `json:"began"`
	Problem string `json:"problem,omitempty" doc:"Why it did not begin, in words."`
}

// PlaybackPlan is a planned playback.
type PlaybackPlan struct {
	ID         string           `json:"id"`
	Recordings []string         `json:"recordings"`
	Loop       bool             `json:"loop"`
	StartAt    Duration         `json:"startAt"`
	At         NullTime         `json:"at"`
	Cron       string           `json:"cron"`
	For        *Duration        `json:"for" doc:"null: once through; without end where it loops."`
	State      string           `json:"state" enum:"scheduled,done"`
	By         string           `json:"by"`
	CreatedAt  Time             `json:"createdAt"`
	NextAt     NullTime         `json:"nextAt" doc:"When it is due next."`
	Runs       int              `json:"runs" doc:"How often it began."`
	Last       *PlaybackOutcome `json:"last" doc:"What came of it when it was due last."`
}

func planBody(p programme.Plan) PlaybackPlan {
	out := PlaybackPlan{
		ID: p.ID, Recordings: p.Recordings, Loop: p.Loop, StartAt: Duration(p.StartAt), At: NullTime{p.At}, Cron: p.Cron, State: string(p.State), By: p.By,
		CreatedAt: Time{p.CreatedAt}, Runs: p.Runs,
	}
	if p.State == programme.Scheduled {
		out.NextAt = NullTime{p.NextAt}
	}
	if p.For > 0 {
		lasts := Duration(p.For)
		out.For = &lasts
	}
	if p.Last != nil {
		out.Last = &PlaybackOutcome{At: Time{p.Last.At}, Began: p.Last.Programme != "", Problem: p.Last.Problem}
	}
	return out
}

// PlaybackPath names a planned playback of a room.
type PlaybackPath struct {
	RoomPath
	Playback string `path:"playback" pattern:"^[A-Za-z0-9_-]{1,64}$" maxLength:"64" example:"tonight"`
}

type planPlaybackIn struct {
	RoomPath
	Body PlaybackDraft
}

type planOut struct{ Body PlaybackPlan }

func planAnswer(p programme.Plan, err error) (*planOut, error) {
	if err != nil {
		return nil, err
	}
	return &planOut{planBody(p)}, nil
}

// mayPlan is mayDrive for calls that change plans: nobody may flood the audit log with them.
func (s *Server) mayPlan(ctx context.Context, room string) (live.Listed, error) {
	l, err := s.mayDrive(ctx, room)
	if err == nil {
		err = chat.Unhurried(s.audit, s.speaker(ctx))
	}
	return l, err
}

func (s *Server) planPlayback(ctx context.Context, in *planPlaybackIn) (*planOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	l, err := s.mayPlan(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	d := in.Body
	p, err := s.playbacks.Add(ctx, in.Room, s.speaker(ctx).User, programme.Draft{
		ID: d.ID, At: d.At.value(), Cron: d.Cron, For: d.For.value(),
		Content: programme.Content{Recordings: d.Recordings, Loop: d.Loop, StartAt: d.StartAt.value()},
	})
	if err == nil {
		s.record(ctx, l.Room.GroupID, "playback_plan", p.ID, map[string]string{"cron": d.Cron})
	}
	return planAnswer(p, err)
}

func (s *Server) showPlayback(ctx context.Context, in *PlaybackPath) (*planOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	if _, err := s.mayDrive(ctx, in.Room); err != nil {
		return nil, err
	}
	return planAnswer(s.playbacks.Plan(ctx, in.Room, in.Playback))
}

type playbacksOut struct {
	Body struct {
		Playbacks []PlaybackPlan `json:"playbacks" doc:"In the order they were planned, at most 20."`
	}
}

func (s *Server) listPlaybacks(ctx context.Context, in *RoomPath) (*playbacksOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	if _, err := s.mayDrive(ctx, in.Room); err != nil {
		return nil, err
	}
	all, err := s.playbacks.Plans(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	out := &playbacksOut{}
	out.Body.Playbacks = make([]PlaybackPlan, len(all))
	for i, p := range all {
		out.Body.Playbacks[i] = planBody(p)
	}
	return out, nil
}

func (s *Server) removePlayback(ctx context.Context, in *PlaybackPath) (*empty, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	l, err := s.mayPlan(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	if err := s.playbacks.Remove(ctx, in.Room, in.Playback); err != nil {
		return nil, err
	}
	s.record(ctx, l.Room.GroupID, "playback_remove", in.Playback, nil)
	return nil, nil
}

// PlaybackPlay is how to play what a room plays back of its recordings.
type PlaybackPlay struct {
	HLS      string   `json:"hls" doc:"Signed. The chat that was kept with the recordings is beside the media playlist it leads to: chat in the place of index.m3u8."`
	Loop     bool     `json:"loop" doc:"Begin anew at the end; the playlist itself ends, and can't say so."`
	StartAt  Duration `json:"startAt" doc:"Where to begin."`
	Duration Duration `json:"duration" doc:"Of all together; gaps take no time."`
	MP4      string   `json:"mp4,omitempty" doc:"Where it can be downloaded, signed: one recording whose MP4 is one file, in a room whose rule lets viewers."`
}

// ShiftPlay is how to watch what is live from an earlier time.
type ShiftPlay struct {
	HLS    string   `json:"hls" doc:"Signed. Add tsDelay, or tsFormat, tsStart and tsEnd."`
	From   Time     `json:"from" doc:"The oldest moment there is now."`
	Window Duration `json:"window" doc:"How far back one may go at the most."`
}

// recorded says what of a room's recordings can be played just now, at its HLS play address, and downloaded until then.
func (s *Server) recorded(ctx context.Context, room, hls string, until time.Time) (back *PlaybackPlay, shift *ShiftPlay, err error) {
	l, err := s.rooms.Room(ctx, room)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case l.Record.Code == status.Playback && s.playbacks != nil:
		p, length, ok, err := s.playbacks.Shown(ctx, room)
		if err != nil || !ok {
			return nil, nil, err
		}
		back = &PlaybackPlay{HLS: hls, Loop: p.Loop, StartAt: Duration(p.StartAt), Duration: Duration(length)}
		if l.Room.Recording.Download && len(p.Recordings) == 1 && s.fileExports != nil {
			back.MP4, err = s.download(ctx, p.Recordings[0], until)
		}
		return back, nil, err
	case (l.Record.Code == status.Live || l.Record.Code == status.Paused) && s.shifts != nil:
		oldest, most, ok, err := s.shifts.Shiftable(ctx, room)
		if err != nil || !ok {
			return nil, nil, err
		}
		return nil, &ShiftPlay{HLS: withQuery(hls, "txTimeshift=on"), From: Time{oldest}, Window: Duration(most)}, nil
	}
	return nil, nil, nil
}

// withQuery adds to the query of an address, or is its first.
func withQuery(to, query string) string {
	if strings.Contains(to, "?") {
		return to + "&" + query
	}
	return to + "?" + query
}
