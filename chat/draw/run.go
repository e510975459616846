package draw

import (
	"context"
	"errors"
	"sync"
	"time"

	"liveroom/chat"
)

// How work is cut.
const (
	logPage    = 500 // messages looked at in one step
	outPage    = 16  // of an outbox at a time
	maxAtOnce  = 8   // groups that are worked on at a time
	stepTime   = 5 * time.Second
	placeEvery = 10 * time.Second // a place is stored at least so often where nobody enters: the log is kept for minutes
)

// progress is how far a node has looked beyond the place that is stored.
type progress struct {
	draw  string
	place uint64
	at    time.Time // when a place was stored last
}

// Run collects entries, closes draws whose time is up, and tells rooms what they are to know, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	seen := map[string]progress{} // by group, of those that are busy
	failed := false
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		case <-s.wake:
		}
		err := s.round(ctx, seen)
		if err != nil && !failed && ctx.Err() == nil {
			s.log.Warn("draws wait; will retry", "err", err)
		}
		failed = err != nil
	}
}

// round does one step of each busy group.
func (s *Service) round(ctx context.Context, seen map[string]progress) error {
	busy, err := s.store.Busy(ctx)
	if err != nil {
		return err
	}
	var (
		mu   sync.Mutex // guards errs and next
		errs error
		next = make(map[string]progress, len(busy))
		wg   sync.WaitGroup
		free = make(chan struct{}, maxAtOnce)
	)
	for _, group := range busy {
		free <- struct{}{}
		was := seen[group]
		wg.Go(func() {
			defer func() { <-free }()
			stepCtx, cancel := context.WithTimeout(ctx, stepTime)
			defer cancel()
			now, err := s.step(stepCtx, group, was)
			if err != nil {
				s.failed.Add(1)
			}
			mu.Lock()
			defer mu.Unlock()
			errs, next[group] = errors.Join(errs, err), now
		})
	}
	wg.Wait()
	clear(seen)
	for group, p := range next {
		if p.draw != "" {
			seen[group] = p
		}
	}
	return errs
}

// step empties a group's outbox and moves its open draw on as far as its log goes.
func (s *Service) step(ctx context.Context, group string, was progress) (progress, error) {
	open, out, err := s.store.Work(ctx, group, outPage)
	if err != nil {
		return was, err
	}
	if err := s.empty(ctx, group, out); err != nil {
		return was, err
	}
	if open == nil {
		return progress{}, nil
	}
	now, err := s.store.Now(ctx)
	if err != nil {
		return was, err
	}
	if was.draw != open.ID || was.place < open.Place {
		was = progress{open.ID, open.Place, time.Now()}
	}
	d := *open
	if now.Before(d.EndsAt.Add(s.cfg.Settle)) {
		return s.collect(ctx, d, was)
	}
	for d.State == Open {
		if d, err = s.advance(ctx, d, now); err != nil {
			return was, err
		}
	}
	_, out, err = s.store.Work(ctx, group, outPage)
	if err == nil {
		err = s.empty(ctx, group, out)
	}
	return progress{}, err
}

// empty takes an outbox to the room. Who wants to know of ends is told before they are gone from it.
func (s *Service) empty(ctx context.Context, group string, out []Out) error {
	for _, o := range out {
		err := s.rooms.Append(ctx, group, o)
		var refusal *chat.Error
		if errors.As(err, &refusal) && !refusal.Temporary {
			if !errors.Is(err, chat.ErrNoGroup) { // nobody is left to tell
				s.log.Error("a room can't be told of its draw", "group", group, "draw", o.Draw, "kind", o.Kind, "err", err)
			}
			err = nil
		}
		if err == nil && o.Kind != KindStart && s.cfg.Ended != nil {
			err = s.tellEnded(ctx, group, o.Draw)
		}
		if err == nil {
			err = s.store.Ack(ctx, group, o.Number)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) tellEnded(ctx context.Context, group, id string) error {
	d, err := s.store.Draw(ctx, group, id)
	if errors.Is(err, ErrNoDraw) {
		return nil // so old that it is gone
	}
	if err != nil {
		return err
	}
	return s.cfg.Ended(ctx, d)
}

// collect looks at the messages of an open draw that came since.
func (s *Service) collect(ctx context.Context, d Draw, p progress) (progress, error) {
	for {
		found, end, err := s.look(ctx, d, p.place)
		if errors.Is(err, chat.ErrNoGroup) {
			return progress{}, s.abandon(ctx, d)
		}
		if err != nil {
			return p, err
		}
		idle := len(found.Entries) == 0 && !found.Gap && time.Since(p.at) < placeEvery
		if idle || found.Place == d.Place && len(found.Entries) == 0 && !found.Gap {
			p.place = max(p.place, found.Place)
		} else {
			if d, err = s.enter(ctx, d, found); err != nil || d.State != Open {
				return progress{}, err
			}
			p.place, p.at = d.Place, time.Now()
		}
		if end {
			return p, nil
		}
	}
}

// enter stores what was found.
func (s *Service) enter(ctx context.Context, d Draw, found More) (Draw, error) {
	next, err := s.store.Enter(ctx, d.Group, d.ID, d.Place, found)
	if err == nil && next.Entries > d.Entries {
		s.entered.Add(uint64(next.Entries - d.Entries))
	}
	return next, err
}

// advance does the next thing of a draw whose time is up: it looks at the rest of its messages, or closes it.
func (s *Service) advance(ctx context.Context, d Draw, now time.Time) (Draw, error) {
	found, end, err := s.look(ctx, d, d.Place)
	if errors.Is(err, chat.ErrNoGroup) {
		if err = s.abandon(ctx, d); err != nil {
			return d, err
		}
		return s.store.Draw(ctx, d.Group, d.ID)
	}
	if err != nil {
		return d, err
	}
	if len(found.Entries) > 0 || found.Gap && !d.Gap || !end {
		return s.enter(ctx, d, found)
	}
	entries := make([]Entry, 0, d.Entries)
	for e, err := range s.entries(ctx, d) {
		if err != nil {
			return d, err
		}
		entries = append(entries, e)
	}
	c := Closing{State: Ended, Place: d.Place, At: now, EntriesHash: EntriesHash(entries)}
	if c.Drawn, err = Pick(d.Seed, d.ID, entries, d.Winners); err != nil {
		return d, err
	}
	closed, err := s.store.Close(ctx, d.Group, d.ID, c)
	if err == nil && closed.State == Ended {
		s.ended.Add(1)
	}
	return closed, err
}

// abandon cancels a draw whose group is gone.
func (s *Service) abandon(ctx context.Context, d Draw) error {
	now, err := s.store.Now(ctx)
	if err != nil {
		return err
	}
	_, err = s.store.Close(ctx, d.Group, d.ID, Closing{State: Cancelled, Place: d.Place, At: now, Reason: "the room is gone"})
	return err
}

// look reads the log from a place on: who enters there, and whether that was all there is for this draw.
func (s *Service) look(ctx context.Context, d Draw, place uint64) (found More, end bool, err error) {
	messages, whole, err := s.rooms.Log(ctx, d.Group, place, logPage)
	if err != nil {
		return More{}, false, err
	}
	found.Place = place
	if !whole {
		if found.Gap = !d.Gap; found.Gap {
			s.gaps.Add(1)
		}
		if len(messages) == 0 {
			return s.rewind(ctx, d, found)
		}
	}
	end = len(messages) < logPage
	m := newMatcher(d.Trigger)
	seen := map[string]bool{}
	for _, msg := range messages {
		if !msg.Time.Before(d.EndsAt) {
			end = true
			break
		}
		found.Place = msg.Seq
		if msg.Time.Before(d.StartedAt) || seen[msg.From] || !m.enters(msg) {
			continue
		}
		seen[msg.From] = true
		found.Entries = append(found.Entries, Entry{msg.From, msg.Nick, msg.Seq, msg.Time.UTC().Truncate(time.Millisecond)})
	}
	candidates := found.Entries
	left, asked, err := s.eligible(ctx, d, candidates)
	found.Entries = left
	if err == nil && asked < len(candidates) { // the next step goes on with who is next
		found.Place, end = candidates[asked].Seq-1, false
	}
	return found, end, err
}

// rewind goes back in a log that numbers anew: a Redis that lost changes began another epoch. Who is in the draw stays in it
// once, and times tell which messages are its own.
func (s *Service) rewind(ctx context.Context, d Draw, found More) (More, bool, error) {
	_, seq, err := s.rooms.Look(ctx, d.Group)
	if err == nil && seq < found.Place {
		found.Place = 0
		found.Gap = true
		return found, false, nil
	}
	return found, true, err
}
