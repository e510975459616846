package socket

import (
	"context"
	"time"

	"liveroom/chat"
	"liveroom/chat/draw"
)

// Draws is what the ops of lucky draws need (draw.Service), which decides who may.
type Draws interface {
	Start(ctx context.Context, group string, by chat.Identity, t draw.Terms) (draw.Draw, error)
	End(ctx context.Context, group string, by chat.Identity, id string) (draw.Draw, error)
	Cancel(ctx context.Context, group string, by chat.Identity, id, reason string) (draw.Draw, error)
	Draw(ctx context.Context, group, id string) (draw.Draw, error)
	Draws(ctx context.Context, group string, before uint64, limit int) ([]draw.Draw, error)
}

// startDraw starts a draw in a group, and answers it.
func (s *session) startDraw(ctx context.Context, r *request) error {
	var f struct {
		Draw        string           `json:"draw"`
		Title       string           `json:"title"`
		Prize       string           `json:"prize"`
		Trigger     draw.Trigger     `json:"trigger"`
		Seconds     int64            `json:"seconds"`
		Winners     int              `json:"winners"`
		Eligibility draw.Eligibility `json:"eligibility"`
	}
	if err := r.into(&f); err != nil {
		return err
	}
	if f.Seconds < 0 || f.Seconds > int64(draw.MaxWindow/time.Second) {
		return badParameter("seconds", "must be from 10 to 3600")
	}
	return s.drawing(r, func(all Draws) (draw.Draw, error) {
		return all.Start(ctx, r.Group, s.who, draw.Terms{
			ID: f.Draw, Title: f.Title, Prize: f.Prize, Trigger: f.Trigger, Window: time.Duration(f.Seconds) * time.Second,
			Winners: f.Winners, Eligibility: f.Eligibility,
		})
	})
}

// drawAct are the fields of ops on a draw.
type drawAct struct {
	Draw   string `json:"draw"`
	Reason string `json:"reason"`
}

func (s *session) endDraw(ctx context.Context, r *request) error {
	var f drawAct
	if err := r.into(&f); err != nil {
		return err
	}
	return s.drawing(r, func(all Draws) (draw.Draw, error) { return all.End(ctx, r.Group, s.who, f.Draw) })
}

func (s *session) cancelDraw(ctx context.Context, r *request) error {
	var f drawAct
	if err := r.into(&f); err != nil {
		return err
	}
	return s.drawing(r, func(all Draws) (draw.Draw, error) { return all.Cancel(ctx, r.Group, s.who, f.Draw, f.Reason) })
}

// draw answers a draw, or the group's newest; null if there is none. Nobody needs to join for it.
func (s *session) draw(ctx context.Context, r *request) error {
	var f drawAct
	if err := r.into(&f); err != nil {
		return err
	}
	if s.srv.cfg.Draws == nil {
		return errNotOffered
	}
	id := f.Draw
	if id == "" {
		if _, err := s.srv.rooms.Describe(ctx, r.Group); err != nil {
			return err
		}
		newest, err := s.srv.cfg.Draws.Draws(ctx, r.Group, 0, 1)
		if err != nil {
			return err
		}
		if len(newest) == 0 {
			s.answer(finish(append(answer(r, 16), `,"draw":null`...)))
			return nil
		}
		if len(newest[0].Drawn) < draw.ListedWinners {
			s.answerDraw(r, newest[0])
			return nil
		}
		id = newest[0].ID // he may be one of those that a list has not
	}
	return s.drawing(r, func(all Draws) (draw.Draw, error) { return all.Draw(ctx, r.Group, id) })
}

// drawing answers what something makes of the draws.
func (s *session) drawing(r *request, act func(Draws) (draw.Draw, error)) error {
	if s.srv.cfg.Draws == nil {
		return errNotOffered
	}
	d, err := act(s.srv.cfg.Draws)
	if err != nil {
		return err
	}
	s.answerDraw(r, d)
	return nil
}

// answerDraw answers a draw with the first of its winners, and with the user himself if he won.
func (s *session) answerDraw(r *request, d draw.Draw) {
	s.answer(finish(appendField(answer(r, 1024), "draw", d.ListedFor(s.who.User).View())))
}
