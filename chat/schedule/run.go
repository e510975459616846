package schedule

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"liveroom/chat"
)

const (
	pageRooms = 100 // at most, looked up at a time
	together  = 16  // rooms told at a time
	maxLate   = 100 // rooms put aside before they have another turn

	// saveEvery is how often a run's place is stored. What was told since is told again where a node dies, which rooms don't notice.
	saveEvery = time.Second
	// lookEvery is how often it is looked whether somebody cancelled.
	lookEvery = 100 * time.Millisecond
	// lastWait is what those who are late wait before their last turn; the waits before are half as long each, from 1 s on.
	lastWait = 16 * time.Second
)

// errOff says that a run waits until something may be sent again.
var errOff = errors.New("broadcasts are switched off")

// Run goes through the rooms when something is due, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	failed := false
	for {
		more, err := s.next(ctx)
		if err != nil && !failed && ctx.Err() == nil {
			s.log.Warn("broadcasts wait; will retry", "err", err)
		}
		failed = err != nil
		if more && err == nil {
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

// next does what is due first, and says whether there may be more.
func (s *Service) next(ctx context.Context) (more bool, err error) {
	now, err := s.store.Now(ctx)
	if err != nil {
		return false, err
	}
	b, err := s.store.Due(ctx, now)
	if err != nil || b == nil || s.cfg.Off() && b.State != Cancelling {
		return false, err
	}
	if b.State == Scheduled {
		of, err := s.count(ctx, b.Filter)
		if err != nil {
			return false, err
		}
		b.State, b.Run = Running, Run{StartedAt: now.UTC().Truncate(time.Millisecond), Of: of}
		begun, err := s.store.Change(ctx, *b)
		if errors.Is(err, ErrChanged) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		b = &begun
	}
	if b.State == Running {
		err = s.through(ctx, b)
	}
	if errors.Is(err, errOff) {
		return false, nil
	}
	if b.State == Cancelling || errors.Is(err, ErrChanged) {
		err = s.stop(ctx, *b)
	}
	if errors.Is(err, ErrChanged) || errors.Is(err, ErrUnknown) { // another node goes on with it
		return true, nil
	}
	return err == nil, err
}

// count is how many rooms are to be told now.
func (s *Service) count(ctx context.Context, f Filter) (n int, err error) {
	if len(f.Rooms) > 0 {
		return len(f.Rooms), nil
	}
	for cursor := ""; ; {
		some, next, err := s.rooms.Targets(ctx, f, cursor, pageRooms)
		if err != nil {
			return 0, err
		}
		if n += len(some); next == "" {
			return n, nil
		}
		cursor = next
	}
}

// through goes through the rooms of a run from where it is, and ends it. b is how far it is; with ErrChanged that is not stored.
func (s *Service) through(ctx context.Context, b *Broadcast) error {
	for saved := time.Now(); !b.Run.Listed; {
		some, next, err := s.rooms.Targets(ctx, b.Filter, b.Run.Cursor, min(s.cfg.Rate, pageRooms))
		if err != nil {
			return err
		}
		if err := s.tell(ctx, b, some, 0); err != nil {
			return err
		}
		b.Run.Cursor, b.Run.Listed = next, next == ""
		if s.cfg.Off() {
			return cmp.Or(s.save(ctx, b), errOff)
		}
		if len(b.Run.Late) >= maxLate {
			if err := s.again(ctx, b); err != nil {
				return err
			}
		}
		if b.Run.Listed && len(b.Run.Late) > 0 || time.Since(saved) >= saveEvery {
			saved = time.Now()
			if err := s.save(ctx, b); err != nil {
				return err
			}
		}
	}
	if err := s.again(ctx, b); err != nil {
		return err
	}
	return s.finish(ctx, b)
}

// save stores how far a run is.
func (s *Service) save(ctx context.Context, b *Broadcast) error {
	stored, err := s.store.Change(ctx, *b)
	if err == nil {
		*b = stored
	}
	return err
}

// again gives those who are late other turns, and ends with what can't be told. Where the store is away it waits for it, like all
// else: a room has failed only if the store was there.
func (s *Service) again(ctx context.Context, b *Broadcast) error {
	for wait := time.Second; len(b.Run.Late) > 0 && wait <= lastWait; wait *= 2 {
		late := b.Run.Late
		b.Run.Late = nil
		if err := s.tell(ctx, b, late, wait); err != nil {
			return err
		}
		if err := s.save(ctx, b); err != nil {
			return err
		}
	}
	for _, t := range b.Run.Late {
		s.fail(b, t, errors.New("not in its time"))
	}
	b.Run.Late = nil
	return nil
}

func (s *Service) fail(b *Broadcast, t Target, why error) {
	s.log.Warn("a room can't be told a broadcast", "room", t.Room, "broadcast", b.ID, "err", why)
	s.failed.Add(1)
	b.Run.Failed++
}

// answer is what came of telling a room.
type answer struct {
	asked  bool
	people int
	err    error
}

// tell waits and tells rooms then, so many a second and several at a time, and counts what comes of it. Those it can't tell in their
// time are late. Where another revision than b's is stored it asks no more of them, and is ErrChanged.
func (s *Service) tell(ctx context.Context, b *Broadcast, some []Target, wait time.Duration) error {
	turn, end := context.WithCancelCause(ctx)
	var watcher sync.WaitGroup
	watcher.Go(func() { s.watch(turn, b.ID, b.Revision, end) })
	answers := s.ask(ctx, turn, b, some, wait)
	why := context.Cause(turn)
	end(nil)
	watcher.Wait()
	if ctx.Err() != nil { // nobody knows what came of those that were under way
		return context.Cause(ctx)
	}
	for i, a := range answers {
		var refusal *chat.Error
		switch {
		case !a.asked:
		case errors.Is(a.err, chat.ErrNoGroup): // it is gone
			b.Run.Skipped++
		case errors.As(a.err, &refusal) && !refusal.Temporary:
			s.fail(b, some[i], a.err)
		case a.err != nil:
			s.log.Debug("a room is late for a broadcast", "room", some[i].Room, "broadcast", b.ID, "err", a.err)
			b.Run.Late = append(b.Run.Late, some[i])
		default:
			s.told.Add(1)
			s.reached.Add(uint64(a.people))
			b.Run.Rooms++
			b.Run.Reached += a.people
		}
	}
	return why
}

// ask asks rooms until turn ends, and waits for all it asked.
func (s *Service) ask(ctx, turn context.Context, b *Broadcast, some []Target, wait time.Duration) []answer {
	answers := make([]answer, len(some))
	if wait > 0 {
		select {
		case <-turn.Done():
		case <-time.After(wait):
		}
	}
	pace := time.NewTicker(time.Second / time.Duration(s.cfg.Rate))
	defer pace.Stop()
	slots := make(chan struct{}, together)
	var asked sync.WaitGroup
	defer asked.Wait()
	number, body := b.Run.Number, b.Body
	for i, t := range some {
		if t.Group == "" {
			answers[i] = answer{asked: true, err: chat.ErrNoGroup}
			continue
		}
		select {
		case slots <- struct{}{}:
		case <-turn.Done():
			return answers
		}
		select {
		case <-pace.C:
		case <-turn.Done():
			return answers
		}
		asked.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(ctx, s.cfg.Patience)
			defer cancel()
			people, err := s.rooms.Append(ctx, t.Group, number, body)
			answers[i] = answer{true, people, err}
		})
	}
	return answers
}

// watch ends what it is given once another revision is stored: somebody cancelled, or another node goes on.
func (s *Service) watch(ctx context.Context, id string, revision uint64, end context.CancelCauseFunc) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if now, err := s.store.Broadcast(ctx, id); err == nil && now.Revision != revision {
			end(ErrChanged)
			return
		}
	}
}

// stop ends a run that somebody cancelled, with what was done; ErrChanged: nobody did, or it is ended already.
func (s *Service) stop(ctx context.Context, b Broadcast) error {
	stored, err := s.store.Broadcast(ctx, b.ID)
	if err != nil {
		return err
	}
	if stored.State != Cancelling || stored.Run.Number != b.Run.Number {
		return ErrChanged
	}
	now, err := s.store.Now(ctx)
	if err != nil {
		return err
	}
	b.Revision, b.State, b.NextAt = stored.Revision, Cancelled, time.Time{}
	b.Run.EndedAt, b.Run.Cursor, b.Run.Late = now.UTC().Truncate(time.Millisecond), "", nil
	_, err = s.store.Change(ctx, b)
	return err
}

// finish ends a run that went through all rooms. What comes again and again waits for its next time after now: what was missed is not made up for.
func (s *Service) finish(ctx context.Context, was *Broadcast) error {
	b := *was // as it is, should somebody have cancelled it meanwhile
	now, err := s.store.Now(ctx)
	if err != nil {
		return err
	}
	b.Runs++
	b.Run.EndedAt = now.UTC().Truncate(time.Millisecond)
	b.State, b.NextAt, b.Run.Cursor, b.Run.Listed = Done, time.Time{}, "", false
	if b.Cron != "" && s.cfg.Next != nil {
		if next, err := s.cfg.Next(b.Cron, now); err == nil && !next.IsZero() {
			b.State, b.NextAt = Scheduled, next.UTC()
		}
	}
	if _, err = s.store.Change(ctx, b); err == nil {
		s.runs.Add(1)
	}
	return err
}
