package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"liveroom/chat"
	"liveroom/chat/schedule"
	"liveroom/status"
)

// Broadcasts is what the API asks of messages to all rooms (schedule.Service).
type Broadcasts interface {
	Add(ctx context.Context, by chat.Identity, d schedule.Draft) (schedule.Broadcast, error)
	Cancel(ctx context.Context, by chat.Identity, id string) (schedule.Broadcast, error)
	Broadcast(ctx context.Context, id string) (schedule.Broadcast, error)
	Broadcasts(ctx context.Context, before uint64, limit int) ([]schedule.Broadcast, error)
}

func (s *Server) registerBroadcasts() {
	op := s.operation("broadcast", http.MethodPost, "/broadcasts", "broadcasts", "Send a message to all rooms, now or when it is due", tokenHolder)
	op.DefaultStatus = http.StatusCreated
	offer(s, s.broadcasts != nil, op, s.addBroadcast)
	offer(s, s.broadcasts != nil, s.operation("broadcasts", http.MethodGet, "/broadcasts", "broadcasts", "List broadcasts", tokenHolder), s.listBroadcasts)
	offer(s, s.broadcasts != nil, s.operation("show-broadcast", http.MethodGet, "/broadcasts/{broadcast}", "broadcasts", "Show how far a broadcast is", tokenHolder), s.showBroadcast)
	offer(s, s.broadcasts != nil, s.operation("cancel-broadcast", http.MethodDelete, "/broadcasts/{broadcast}", "broadcasts", "Cancel a broadcast", tokenHolder), s.cancelBroadcast)
}

// BroadcastFilter says which rooms get it.
type BroadcastFilter struct {
	Status []string `json:"status,omitempty" maxItems:"5" doc:"waiting, live, paused, ended, playback; absent: any."`
	Rooms  []string `json:"rooms,omitempty" maxItems:"500" doc:"By id; absent: all."`
}

// BroadcastDraft is a message to all rooms.
type BroadcastDraft struct {
	ID     string           `json:"id,omitempty" maxLength:"64" pattern:"^[A-Za-z0-9_-]{0,64}$" doc:"Default: made up. Repeating a call with the same id sends nothing anew."`
	Text   string           `json:"text,omitempty" maxLength:"12000" doc:"Short for a body of one text element."`
	Body   []map[string]any `json:"body,omitempty" maxItems:"50" doc:"Tencent's MsgBody array."`
	Filter *BroadcastFilter `json:"filter,omitempty" doc:"Absent: all rooms."`
	At     *Time            `json:"at,omitempty" doc:"When; absent or over: now."`
	Cron   string           `json:"cron,omitempty" maxLength:"100" doc:"Again and again: minute, hour, day of month, month, day of week, in UTC or as CRON_TZ=Asia/Shanghai … says."`
}

// BroadcastPath names a broadcast.
type BroadcastPath struct {
	Broadcast string `path:"broadcast" pattern:"^[A-Za-z0-9_-]{1,64}$" maxLength:"64" example:"tonight"`
}

// BroadcastRun is one go through the rooms.
type BroadcastRun struct {
	StartedAt NullTime `json:"startedAt"`
	EndedAt   NullTime `json:"endedAt"`
	Of        int      `json:"of" doc:"Rooms there were to be told at the start."`
	Rooms     int      `json:"rooms" doc:"That have it."`
	Skipped   int      `json:"skipped" doc:"That were gone, or not of the filter, when their turn came."`
	Failed    int      `json:"failed" doc:"That can't be told."`
	Reached   int      `json:"reached" doc:"People who were there."`
}

// BroadcastBody is a broadcast.
type BroadcastBody struct {
	ID        string          `json:"id"`
	Number    uint64          `json:"number"`
	State     string          `json:"state" enum:"scheduled,running,cancelling,done,cancelled"`
	Body      json.RawMessage `json:"body"`
	Filter    BroadcastFilter `json:"filter"`
	At        NullTime        `json:"at"`
	Cron      string          `json:"cron"`
	By        string          `json:"by"`
	CreatedAt Time            `json:"createdAt"`
	NextAt    NullTime        `json:"nextAt" doc:"When it is due next."`
	Runs      int             `json:"runs" doc:"How often it went through the rooms."`
	Run       BroadcastRun    `json:"run" doc:"The present run, or the last."`
}

func broadcastBody(b schedule.Broadcast) BroadcastBody {
	out := BroadcastBody{
		ID: b.ID, Number: b.Number, State: string(b.State), Body: json.RawMessage(b.Body), Filter: BroadcastFilter{Rooms: b.Filter.Rooms},
		At: NullTime{b.At}, Cron: b.Cron, By: b.By, CreatedAt: Time{b.CreatedAt}, Runs: b.Runs,
		Run: BroadcastRun{
			StartedAt: NullTime{b.Run.StartedAt}, EndedAt: NullTime{b.Run.EndedAt},
			Of: b.Run.Of, Rooms: b.Run.Rooms, Skipped: b.Run.Skipped, Failed: b.Run.Failed, Reached: b.Run.Reached,
		},
	}
	if b.State == schedule.Scheduled {
		out.NextAt = NullTime{b.NextAt}
	}
	for _, code := range b.Filter.Status {
		out.Filter.Status = append(out.Filter.Status, code.String())
	}
	return out
}

func (d BroadcastDraft) draft() (schedule.Draft, error) {
	out := schedule.Draft{ID: d.ID, At: d.At.value(), Cron: d.Cron}
	m, err := SendBody{Text: d.Text, Body: d.Body, Random: 1}.message()
	if err != nil {
		return out, err
	}
	out.Body = string(bytes.TrimSpace(m.Body))
	if d.Filter == nil {
		return out, nil
	}
	out.Filter.Rooms = d.Filter.Rooms
	for _, name := range d.Filter.Status {
		code := status.Waiting
		for ; code <= status.Playback && code.String() != name; code++ {
		}
		if code > status.Playback {
			return out, newProblem(http.StatusUnprocessableEntity, "invalid", "must be waiting, live, paused, ended or playback").at("filter.status")
		}
		out.Filter.Status = append(out.Filter.Status, code)
	}
	return out, nil
}

type addBroadcastIn struct{ Body BroadcastDraft }

type broadcastOut struct{ Body BroadcastBody }

func broadcastAnswer(b schedule.Broadcast, err error) (*broadcastOut, error) {
	if err != nil {
		return nil, err
	}
	return &broadcastOut{broadcastBody(b)}, nil
}

func (s *Server) addBroadcast(ctx context.Context, in *addBroadcastIn) (*broadcastOut, error) {
	d, err := in.Body.draft()
	if err != nil {
		return nil, err
	}
	ctx, cancel := timed(ctx)
	defer cancel()
	return broadcastAnswer(s.broadcasts.Add(ctx, s.speaker(ctx), d))
}

func (s *Server) showBroadcast(ctx context.Context, in *BroadcastPath) (*broadcastOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	return broadcastAnswer(s.broadcasts.Broadcast(ctx, in.Broadcast))
}

func (s *Server) cancelBroadcast(ctx context.Context, in *BroadcastPath) (*broadcastOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	return broadcastAnswer(s.broadcasts.Cancel(ctx, s.speaker(ctx), in.Broadcast))
}

type broadcastsIn struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor string `query:"cursor" maxLength:"20" pattern:"^[0-9]*$" doc:"nextCursor of the page before."`
}

type broadcastsOut struct {
	Body struct {
		Broadcasts []BroadcastBody `json:"broadcasts" doc:"The newest first."`
		NextCursor string          `json:"nextCursor,omitempty" doc:"Absent on the last page."`
	}
}

func (s *Server) listBroadcasts(ctx context.Context, in *broadcastsIn) (*broadcastsOut, error) {
	before, err := numberCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	ctx, cancel := timed(ctx)
	defer cancel()
	all, err := s.broadcasts.Broadcasts(ctx, before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := &broadcastsOut{}
	out.Body.Broadcasts = []BroadcastBody{}
	for i, b := range all {
		if i == in.Limit {
			out.Body.NextCursor = strconv.FormatUint(all[i-1].Number, 10)
			break
		}
		out.Body.Broadcasts = append(out.Body.Broadcasts, broadcastBody(b))
	}
	return out, nil
}
