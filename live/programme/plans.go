package programme

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"liveroom/internal/calendar"
	"liveroom/status"
)

// Add plans a playback of a room. A repeat with the same id and content answers it as it is.
func (s *Service) Add(ctx context.Context, room, who string, d Draft) (Plan, error) {
	r, err := s.rooms.Room(ctx, room)
	if err != nil {
		return Plan{}, err
	}
	now, err := s.store.Now(ctx)
	if err != nil {
		return Plan{}, err
	}
	if d.ID == "" {
		d.ID = newID()[:16]
	}
	now, d.At = now.UTC().Truncate(time.Millisecond), d.At.UTC().Truncate(time.Millisecond)
	if err := d.check(now); err != nil {
		return Plan{}, err
	}
	if _, err := s.check(ctx, r, d.Content); err != nil {
		return Plan{}, err
	}
	p := Plan{Draft: d, By: who, State: Scheduled, CreatedAt: now, NextAt: d.At}
	if d.Cron != "" {
		if p.NextAt, err = s.first(d.Cron, now); err != nil {
			return Plan{}, err
		}
	}
	_, err = s.change(ctx, r, func(b *Board) error {
		if i := b.plan(d.ID); i >= 0 {
			if p = b.Plans[i]; !p.same(d) {
				return ErrReused
			}
			return errSame
		}
		return b.add(p)
	})
	if err != nil && !errors.Is(err, errSame) {
		return Plan{}, err
	}
	s.stir()
	return p, nil
}

// errSame says that a change changes nothing.
var errSame = errors.New("programme: as it is")

// add keeps a plan; the oldest that is over makes place.
func (b *Board) add(p Plan) error {
	if len(b.Plans) >= MaxPlans {
		i := slices.IndexFunc(b.Plans, func(o Plan) bool { return o.State == Done && o.Begun == "" })
		if i < 0 {
			return ErrTooMany
		}
		b.Plans = slices.Delete(b.Plans, i, i+1)
	}
	b.Plans = append(b.Plans, p)
	return nil
}

// first is when an expression is due first. Those that are due too often are refused.
func (s *Service) first(cron string, now time.Time) (time.Time, error) {
	first, err := calendar.First(s.cfg.Next, cron, now, MinBetween)
	if err != nil {
		return time.Time{}, invalid("cron", "%v", err)
	}
	return first, nil
}

// Plans are those of a room, in the order they were made.
func (s *Service) Plans(ctx context.Context, room string) ([]Plan, error) {
	r, err := s.rooms.Room(ctx, room)
	if err != nil {
		return nil, err
	}
	b, err := s.board(ctx, r)
	return b.Plans, err
}

// Plan is one of a room's, or ErrUnknown.
func (s *Service) Plan(ctx context.Context, room, id string) (Plan, error) {
	plans, err := s.Plans(ctx, room)
	if err != nil {
		return Plan{}, err
	}
	i := slices.IndexFunc(plans, func(p Plan) bool { return p.ID == id })
	if i < 0 {
		return Plan{}, ErrUnknown
	}
	return plans[i], nil
}

// Remove forgets a plan. What the room plays back just now goes on.
func (s *Service) Remove(ctx context.Context, room, id string) error {
	r, err := s.rooms.Room(ctx, room)
	if err != nil {
		return err
	}
	_, err = s.change(ctx, r, func(b *Board) error {
		i := b.plan(id)
		if i < 0 {
			return ErrUnknown
		}
		b.Plans = slices.Delete(b.Plans, i, i+1)
		return nil
	})
	return err
}

func (s *Service) stir() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// duePage is how many rooms are looked at together.
const duePage = 100

// stepLimit bounds how long one room may take.
const stepLimit = 10 * time.Second

// A room that fails is tried again after retryLeast, then less often, and after retryMost at last.
const (
	retryLeast = 2 * time.Second
	retryMost  = time.Minute
)

// retry is when a room that failed is tried again.
type retry struct {
	at    time.Time
	pause time.Duration
}

// Run does what is planned when it is due, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	failed, later := false, map[string]retry{}
	for {
		more, err := s.due(ctx, later)
		if err != nil && !failed && ctx.Err() == nil {
			s.log.Warn("planned playbacks wait; will retry", "err", err)
		}
		failed = err != nil
		if more && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		case <-s.wake:
		}
	}
}

// due does what is due in some rooms, and says whether there may be more. Those that fail are noted in later, and hold up no other: as
// many more are asked for. The error is that of one of them, or says that it is not known what is due.
func (s *Service) due(ctx context.Context, later map[string]retry) (more bool, err error) {
	now, err := s.store.Now(ctx)
	if err != nil {
		return false, err
	}
	limit := duePage + len(later)
	rooms, err := s.store.Due(ctx, now, limit)
	if err != nil {
		return false, err
	}
	if len(later) > 0 && len(rooms) < limit { // these are all that are due
		due := make(map[string]bool, len(rooms))
		for _, room := range rooms {
			due[room] = true
		}
		maps.DeleteFunc(later, func(room string, _ retry) bool { return !due[room] })
	}
	for _, room := range rooms {
		before, again := later[room]
		if again && time.Now().Before(before.at) {
			continue
		}
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		step, cancel := context.WithTimeout(ctx, stepLimit)
		failed := s.carryOut(step, room, now)
		cancel()
		if failed == nil {
			delete(later, room)
			continue
		}
		err = fmt.Errorf("room %s: %w", room, failed)
		pause := min(max(2*before.pause, retryLeast), retryMost)
		later[room] = retry{time.Now().Add(pause), pause}
	}
	return len(rooms) == limit, err
}

// carryOut does what is due in a room: first it stores what is about to be shown, then it drives the room.
func (s *Service) carryOut(ctx context.Context, room string, now time.Time) error {
	r, err := s.rooms.Room(ctx, room)
	if gone(err) {
		return s.clear(ctx, room)
	}
	if err != nil {
		return err
	}
	b, err := s.store.Board(ctx, room)
	if err == nil && b.forget(r.CreatedAt) { // or it would be due for ever
		b, err = s.change(ctx, r, func(*Board) error { return nil })
	}
	if err != nil {
		return err
	}
	for _, p := range b.Plans {
		if p.Begun == "" && p.State == Scheduled && !p.NextAt.After(now) {
			if p, err = s.prepare(ctx, r, p, now); err != nil {
				return err
			}
		}
		if p.Begun != "" {
			if err := s.show(ctx, r, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// prepare stores what is to be shown of a plan that is due, or why nothing is, and when it is due next.
func (s *Service) prepare(ctx context.Context, room Room, p Plan, now time.Time) (Plan, error) {
	code, out := room.Record.Code, Outcome{At: p.NextAt}
	_, err := s.check(ctx, room, p.Content)
	switch {
	case err != nil && !isRefusal(err):
		return p, err
	case err != nil:
		out.Problem = err.Error()
	case now.Sub(p.NextAt) > MaxLate:
		out.Problem = "nobody was there to begin it in time"
	case code == status.Live || code == status.Paused:
		out.Problem = "the room was " + code.String()
	}
	show := Programme{Content: p.Content, ID: newID(), Room: room.ID, By: p.By, Plan: p.ID, CreatedAt: now.UTC().Truncate(time.Millisecond)}
	if out.Problem == "" {
		out.Programme = show.ID
	}
	var next time.Time
	if p.Cron != "" && s.cfg.Next != nil {
		next, _ = s.cfg.Next(p.Cron, now)
	}
	found := false
	_, err = s.change(ctx, room, func(b *Board) error {
		i := b.plan(p.ID)
		if found = i >= 0 && b.Plans[i].Begun == "" && b.Plans[i].NextAt.Equal(out.At); !found {
			return errSame // another node was faster, or it was removed
		}
		x := &b.Plans[i]
		if x.Last, x.NextAt = &out, next; next.IsZero() {
			x.State = Done
		}
		if out.Problem == "" {
			x.Begun = show.ID
			b.begin(show, s.shows(room))
		}
		p = *x
		return nil
	})
	if !found && (err == nil || errors.Is(err, errSame)) {
		return Plan{}, nil
	}
	if err == nil && out.Problem != "" {
		s.failed.Add(1)
		s.log.Warn("planned playback did not begin", "room", room.ID, "playback", p.ID, "why", out.Problem)
	}
	return p, err
}

// show drives a room to what was prepared, and notes that it is done.
func (s *Service) show(ctx context.Context, room Room, p Plan) error {
	b, err := s.board(ctx, room)
	if err != nil {
		return err
	}
	begun, ok := b.programme(p.Begun)
	problem := ""
	if !ok {
		problem = "its programme is gone"
	} else if err = s.drive(ctx, room.ID, p, begun); isRefusal(err) {
		problem = err.Error()
	} else if err != nil {
		return err
	}
	_, err = s.change(ctx, room, func(b *Board) error {
		i := b.plan(p.ID)
		if i < 0 || b.Plans[i].Begun != p.Begun {
			return errSame
		}
		x := &b.Plans[i]
		x.Begun = ""
		if problem == "" {
			x.Runs++
		} else if x.Last != nil {
			x.Last.Programme, x.Last.Problem = "", problem
		}
		return nil
	})
	switch {
	case errors.Is(err, errSame):
		return nil
	case err != nil:
		return err
	case problem != "":
		s.failed.Add(1)
		s.log.Warn("planned playback did not begin", "room", room.ID, "playback", p.ID, "why", problem)
	default:
		s.begun.Add(1)
		s.log.Info("planned playback began", "room", room.ID, "playback", p.ID)
	}
	return nil
}

// drive moves a room to a programme, unless it shows it already.
func (s *Service) drive(ctx context.Context, room string, p Plan, begun Programme) error {
	r, err := s.rooms.Room(ctx, room)
	if err != nil || s.shows(r) == begun.ID {
		return err
	}
	var until time.Time
	switch {
	case p.For > 0:
		until = begun.CreatedAt.Add(p.For)
	case !p.Loop:
		length, err := s.check(ctx, r, begun.Content)
		if err != nil {
			return err
		}
		until = begun.CreatedAt.Add(length - begun.StartAt)
	}
	_, err = s.rooms.Playback(ctx, room, status.ReasonByAdmin, s.address(r.Stream, begun.ID), until, "planned playback")
	return err
}

// isRefusal says that trying again changes nothing.
func isRefusal(err error) bool {
	var no *status.Refused
	return gone(err) || errors.As(err, &no) || isInvalid(err)
}
