package web

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strconv"
	"time"

	"liveroom/chat"
	"liveroom/chat/draw"
	"liveroom/live"
)

// Draws is what the API asks of lucky draws (draw.Service), which decides who may.
type Draws interface {
	Start(ctx context.Context, group string, by chat.Identity, t draw.Terms) (draw.Draw, error)
	End(ctx context.Context, group string, by chat.Identity, id string) (draw.Draw, error)
	Cancel(ctx context.Context, group string, by chat.Identity, id, reason string) (draw.Draw, error)
	Draw(ctx context.Context, group, id string) (draw.Draw, error)
	Draws(ctx context.Context, group string, before uint64, limit int) ([]draw.Draw, error)
	Export(ctx context.Context, group, id string) (draw.Draw, iter.Seq2[draw.Entry, error], error)
}

func (s *Server) registerDraws() {
	op := s.operation("start-draw", http.MethodPost, "/rooms/{room}/draws", "draws", "Start a lucky draw", tokenOrAnchor)
	op.DefaultStatus = http.StatusCreated
	offer(s, s.draws != nil, op, s.startDraw)
	op = s.operation("draws", http.MethodGet, "/rooms/{room}/draws", "draws", "List the room's draws", anyone)
	op.Description = "Each with the first 20 of its winners. Those of a room that is gone are there by the id of its chat group, here and where one is named."
	offer(s, s.draws != nil, op, s.listDraws)
	offer(s, s.draws != nil, s.operation("draw", http.MethodGet, "/rooms/{room}/draws/{draw}", "draws", "Show a draw", anyone), s.showDraw)
	offer(s, s.draws != nil, s.operation("end-draw", http.MethodPost, "/rooms/{room}/draws/{draw}/end", "draws", "End a draw now, and draw its winners", tokenOrAnchor), s.endDraw)
	offer(s, s.draws != nil, s.operation("cancel-draw", http.MethodPost, "/rooms/{room}/draws/{draw}/cancel", "draws", "End a draw without winners", tokenOrAnchor), s.cancelDraw)
	s.registerDrawExport()
}

// DrawBody is a draw.
type DrawBody draw.View

// DrawPath names a draw.
type DrawPath struct {
	RoomPath
	Draw string `path:"draw" pattern:"^[A-Za-z0-9_-]{1,64}$" maxLength:"64" doc:"The draw's id." example:"friday"`
}

// DrawTrigger says which messages enter: one of keyword and messageType is given.
type DrawTrigger struct {
	Keyword     string `json:"keyword,omitempty" maxLength:"60" doc:"The text of the message, without regard to case, width and blanks around it."`
	Contains    bool   `json:"contains,omitempty" doc:"The keyword may be a part of the text."`
	MessageType string `json:"messageType,omitempty" maxLength:"64" doc:"type in the Data of a custom message."`
}

// DrawEligibility says who may enter; absent: everybody who may speak.
type DrawEligibility struct {
	MinLevel     int   `json:"minLevel,omitempty" minimum:"0" maximum:"100"`
	Follower     bool  `json:"follower,omitempty" doc:"Follows the room's anchor."`
	GiftValue    int64 `json:"giftValue,omitempty" minimum:"0" doc:"Has given gifts of at least so much in this live session, in minor units."`
	NotWonBefore bool  `json:"notWonBefore,omitempty" doc:"Has won none of the room's draws that are kept."`
}

// DrawDraft is a draw to be started.
type DrawDraft struct {
	ID          string           `json:"id,omitempty" maxLength:"64" pattern:"^[A-Za-z0-9_-]{0,64}$" doc:"Unique in the room; default: made up. Repeating a call with the same id starts nothing anew."`
	Title       string           `json:"title" minLength:"1" maxLength:"120"`
	Prize       string           `json:"prize,omitempty" maxLength:"120"`
	Trigger     DrawTrigger      `json:"trigger"`
	Window      Duration         `json:"window" doc:"How long one may enter, from 10s to 1h."`
	Winners     int              `json:"winners" minimum:"1" maximum:"1000" doc:"How many win."`
	Eligibility *DrawEligibility `json:"eligibility,omitempty"`
}

func (d DrawDraft) terms() draw.Terms {
	t := draw.Terms{
		ID: d.ID, Title: d.Title, Prize: d.Prize, Trigger: draw.Trigger(d.Trigger), Window: time.Duration(d.Window), Winners: d.Winners,
	}
	if d.Eligibility != nil {
		t.Eligibility = draw.Eligibility(*d.Eligibility)
	}
	return t
}

type startDrawIn struct {
	RoomPath
	Body DrawDraft
}

type drawOut struct{ Body DrawBody }

func drawAnswer(d draw.Draw, err error) (*drawOut, error) {
	if err != nil {
		return nil, err
	}
	return &drawOut{DrawBody(d.View())}, nil
}

// drawing runs something on the draws of a room.
func (s *Server) drawing(ctx context.Context, room string, act func(ctx context.Context, group string, by chat.Identity) (draw.Draw, error)) (*drawOut, error) {
	var d draw.Draw
	err := s.forMember(ctx, room, func(ctx context.Context, group string, by chat.Identity) (err error) {
		d, err = act(ctx, group, by)
		return err
	})
	return drawAnswer(d, err)
}

func (s *Server) startDraw(ctx context.Context, in *startDrawIn) (*drawOut, error) {
	return s.drawing(ctx, in.Room, func(ctx context.Context, group string, by chat.Identity) (draw.Draw, error) {
		return s.draws.Start(ctx, group, by, in.Body.terms())
	})
}

func (s *Server) endDraw(ctx context.Context, in *DrawPath) (*drawOut, error) {
	return s.drawing(ctx, in.Room, func(ctx context.Context, group string, by chat.Identity) (draw.Draw, error) {
		return s.draws.End(ctx, group, by, in.Draw)
	})
}

type cancelDrawIn struct {
	DrawPath
	Body *struct {
		Reason string `json:"reason,omitempty" maxLength:"200" doc:"Told to the room; at most 200 bytes."`
	}
}

func (s *Server) cancelDraw(ctx context.Context, in *cancelDrawIn) (*drawOut, error) {
	reason := ""
	if in.Body != nil {
		reason = in.Body.Reason
	}
	return s.drawing(ctx, in.Room, func(ctx context.Context, group string, by chat.Identity) (draw.Draw, error) {
		return s.draws.Cancel(ctx, group, by, in.Draw, reason)
	})
}

// drawsOf is the group whose draws are read. They outlive their room: where there is none (missing says so), the group it names.
func (s *Server) drawsOf(ctx context.Context, room string) (group string, missing *live.Error, err error) {
	group, err = s.group(ctx, room)
	if errors.As(err, &missing) {
		return room, missing, nil
	}
	return group, nil, err
}

func (s *Server) showDraw(ctx context.Context, in *DrawPath) (*drawOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	group, _, err := s.drawsOf(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	return drawAnswer(s.draws.Draw(ctx, group, in.Draw))
}

type drawsIn struct {
	RoomPath
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor string `query:"cursor" maxLength:"20" pattern:"^[0-9]*$" doc:"nextCursor of the page before."`
}

type drawsOut struct {
	Body struct {
		Draws      []DrawBody `json:"draws" doc:"The newest first."`
		NextCursor string     `json:"nextCursor,omitempty" doc:"Absent on the last page."`
	}
}

func (s *Server) listDraws(ctx context.Context, in *drawsIn) (*drawsOut, error) {
	before, err := numberCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	ctx, cancel := timed(ctx)
	defer cancel()
	group, missing, err := s.drawsOf(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	all, err := s.draws.Draws(ctx, group, before, in.Limit+1)
	if err == nil && len(all) == 0 && missing != nil {
		err = missing
	}
	if err != nil {
		return nil, err
	}
	out := &drawsOut{}
	out.Body.Draws = []DrawBody{}
	for i, d := range all {
		if i == in.Limit {
			out.Body.NextCursor = strconv.FormatUint(all[i-1].Number, 10)
			break
		}
		out.Body.Draws = append(out.Body.Draws, DrawBody(d.View()))
	}
	return out, nil
}
