package schedule

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"liveroom/chat"
	"liveroom/internal/calendar"
)

// Target is a room that gets a message; without a Group it is none any more, or not of the filter.
type Target struct {
	Room  string `json:"room"`
	Group string `json:"group"`
}

// Rooms is what broadcasts need of rooms and their chat.
type Rooms interface {
	// Targets are at most so many rooms of a filter behind a cursor (empty: from the start), as they are now, and the cursor
	// behind the last of them; empty: there are no more. Each room comes once. There may be none and more all the same.
	Targets(ctx context.Context, f Filter, cursor string, limit int) (some []Target, next string, err error)
	// Append tells a group a message of the server under a run's number, once, and how many people are there.
	Append(ctx context.Context, group string, run uint64, body string) (people int, err error)
}

// Config tunes a Service. Zero fields take their defaults.
type Config struct {
	Rate     int           // rooms a second; default 100
	Every    time.Duration // how often it is looked what is due; default 500 ms
	Patience time.Duration // how long a room may take before the others go on without it; default 3 s

	// Next is the first moment after one at which an expression has something done; an error says what is wrong with it.
	Next func(cron string, after time.Time) (time.Time, error)

	// Off says whether nothing may be sent at the moment: nobody adds a broadcast then, and those that are there wait, in the middle
	// of their rooms too. It must not block. Nil: all may be sent always.
	Off func() bool

	Journal chat.Journal // nil: nobody keeps who did what
}

// Service is the broadcasts. Any node may be asked; Run does the work, on one node at a time.
type Service struct {
	cfg   Config
	store Store
	rooms Rooms
	log   *slog.Logger
	wake  chan struct{}

	runs, told, failed, reached atomic.Uint64
}

// New returns a Service.
func New(cfg Config, store Store, rooms Rooms, log *slog.Logger) *Service {
	if cfg.Rate == 0 {
		cfg.Rate = 100
	}
	if cfg.Off == nil {
		cfg.Off = func() bool { return false }
	}
	if cfg.Every == 0 {
		cfg.Every = 500 * time.Millisecond
	}
	if cfg.Patience == 0 {
		cfg.Patience = 3 * time.Second
	}
	return &Service{cfg: cfg, store: store, rooms: rooms, log: log, wake: make(chan struct{}, 1)}
}

// Stats are figures of this node since its start.
type Stats struct {
	Runs          uint64 // that ended
	Rooms, Failed uint64 // told; could not be told
	Reached       uint64 // people who were there
}

// Stats may be called at any time.
func (s *Service) Stats() Stats {
	return Stats{s.runs.Load(), s.told.Load(), s.failed.Load(), s.reached.Load()}
}

// Add takes a broadcast, or refuses with chat.ErrBroadcastsOff. A repeat with the same id and content answers it as it is.
func (s *Service) Add(ctx context.Context, by chat.Identity, d Draft) (Broadcast, error) {
	if s.cfg.Off() {
		return Broadcast{}, chat.ErrBroadcastsOff
	}
	if d.ID == "" {
		d.ID = strings.ToLower(rand.Text()[:16])
	}
	now, err := s.store.Now(ctx)
	if err != nil {
		return Broadcast{}, err
	}
	now, d.At = now.UTC().Truncate(time.Millisecond), d.At.UTC().Truncate(time.Millisecond)
	if d.At.Year() == 1 {
		d.At = time.Time{}
	}
	d.Filter.Rooms = unique(d.Filter.Rooms)
	if err := d.check(now); err != nil {
		return Broadcast{}, err
	}
	b := Broadcast{Draft: d, By: by.User, State: Scheduled, CreatedAt: now, NextAt: now}
	switch {
	case d.Cron != "":
		if b.NextAt, err = s.first(d.Cron, now); err != nil {
			return Broadcast{}, err
		}
	case d.At.After(now):
		b.NextAt = d.At
	}
	stored, fresh, err := s.store.Add(ctx, b)
	if err != nil {
		return Broadcast{}, err
	}
	if !fresh && !stored.same(d) {
		return Broadcast{}, ErrReused
	}
	if fresh {
		s.note(ctx, by, "broadcast_schedule", d.ID, map[string]string{"cron": d.Cron})
	}
	s.stir()
	return stored, nil
}

// first is when an expression is due first. Those that are due too often are refused.
func (s *Service) first(cron string, now time.Time) (time.Time, error) {
	first, err := calendar.First(s.cfg.Next, cron, now, MinBetween)
	if err != nil {
		return time.Time{}, invalid("cron", "%v", err)
	}
	return first, nil
}

// Broadcast is one of them.
func (s *Service) Broadcast(ctx context.Context, id string) (Broadcast, error) {
	return s.store.Broadcast(ctx, id)
}

// Broadcasts are those with a number below before (0: all), the newest first.
func (s *Service) Broadcasts(ctx context.Context, before uint64, limit int) ([]Broadcast, error) {
	return s.store.Broadcasts(ctx, before, limit)
}

// Cancel ends a broadcast: rooms that do not have it when it is answered do not get it. One that is cancelled already is answered
// as it is. Where who goes through the rooms does not stop in time, since one of them is blocked or a node died, it is answered as
// Cancelling, and stops later.
func (s *Service) Cancel(ctx context.Context, by chat.Identity, id string) (Broadcast, error) {
	for {
		b, err := s.store.Broadcast(ctx, id)
		if err != nil {
			return Broadcast{}, err
		}
		switch b.State {
		case Cancelled, Cancelling:
			return s.stopped(ctx, b)
		case Done:
			return Broadcast{}, ErrOver
		case Running:
			b.State = Cancelling
		case Scheduled:
			b.State, b.NextAt = Cancelled, time.Time{}
		}
		b, err = s.store.Change(ctx, b)
		if errors.Is(err, ErrChanged) {
			continue
		}
		if err != nil {
			return Broadcast{}, err
		}
		s.note(ctx, by, "broadcast_cancel", id, nil)
		return s.stopped(ctx, b)
	}
}

// stopped is a broadcast that was cancelled when nobody works on it any more, or as it is after the time a room may take.
func (s *Service) stopped(ctx context.Context, b Broadcast) (Broadcast, error) {
	s.stir()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Patience+time.Second)
	defer cancel()
	tick := time.NewTicker(lookEvery / 2)
	defer tick.Stop()
	for b.State == Cancelling {
		select {
		case <-ctx.Done():
			return b, nil
		case <-tick.C:
		}
		if now, err := s.store.Broadcast(ctx, b.ID); err == nil {
			b = now
		}
	}
	return b, nil
}

func (s *Service) note(ctx context.Context, by chat.Identity, action, id string, detail map[string]string) {
	if s.cfg.Journal == nil {
		return
	}
	s.cfg.Journal.Record(chat.Act{Time: time.Now(), By: by, Action: action, Target: id, Detail: detail})
	s.cfg.Journal.Settle(ctx)
}

func (s *Service) stir() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
