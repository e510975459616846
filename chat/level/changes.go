package level

import (
	"context"
	"slices"
	"time"
)

// restAge is how old an untold change is of which its maker may still be about to tell.
const restAge = 30 * time.Second

// made tells of changes that this node made.
func (s *Service) made(ctx context.Context, changes []Change) {
	if len(changes) == 0 {
		return
	}
	s.stats.changes.Add(uint64(len(changes)))
	for _, c := range changes {
		s.note(c)
	}
	if err := s.report(ctx, changes); err != nil {
		s.log.Warn("new levels are not reported yet; will retry", "changes", len(changes), "err", err)
	}
}

// report reports changes, and notes that they are. What fails is done again by TellRest.
func (s *Service) report(ctx context.Context, changes []Change) error {
	if err := s.cfg.Report(ctx, changes); err != nil {
		return err
	}
	return s.store.Told(ctx, changes)
}

// TellRest reports what was changed and not reported, because the node that made it died or could not. It is run now and then
// by one node.
func (s *Service) TellRest(ctx context.Context) error {
	for {
		rest, err := s.store.Untold(ctx, time.Now().Add(-restAge), MaxDeeds)
		if err == nil && len(rest) > 0 {
			err = s.report(ctx, rest)
		}
		if err != nil || len(rest) < MaxDeeds {
			return err
		}
	}
}

// note has a change in force here, and tells of it, if its user is known here. One that comes late, after newer ones, is not
// told.
func (s *Service) note(c Change) {
	if c.Gone {
		s.pending.drop(c.User)
		s.known.forget(c.User)
		return
	}
	if one := s.standingOf(c.Level, c.Member, c.Version, time.Now()); s.known.renew(c.User, one) {
		s.cfg.Tell(c, one.Standing)
	}
}

// standingOf is what is remembered of a user with a level and a membership.
func (s *Service) standingOf(level int, m Member, version uint64, now time.Time) standing {
	one := standing{Standing{level, s.cfg.Rules.Badge(m, now)}, time.Time{}, version}
	if one.Badge != "" {
		one.until = m.Until
	}
	return one
}

// Changed implements Listener: another node made changes.
func (s *Service) Changed(changes []Change) {
	for _, c := range changes {
		s.note(c)
	}
}

// Missed implements Listener: all that is known here is read again.
func (s *Service) Missed() { s.want(s.known.all()...) }

// want has users read who have a place in known.
func (s *Service) want(users ...string) {
	s.mu.Lock()
	s.wanted = append(s.wanted, users...)
	if len(s.wanted) > 2*s.cfg.Known { // the store is away, and who is wanted was forgotten meanwhile
		s.wanted = s.wanted[len(s.wanted)-s.cfg.Known:]
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// read reads the standings of who is wanted.
func (s *Service) read(ctx context.Context) {
	for {
		s.mu.Lock()
		some := s.wanted[:min(len(s.wanted), MaxAsked)]
		s.wanted = s.wanted[len(some):]
		s.mu.Unlock()
		if len(some) == 0 {
			return
		}
		records, err := s.store.Records(ctx, some)
		if err != nil {
			s.mu.Lock()
			s.wanted = slices.Concat(some, s.wanted)
			s.mu.Unlock()
			return
		}
		now := time.Now()
		for i := range records {
			s.known.renew(records[i].User, s.recorded(&records[i], now))
		}
	}
}

// recorded is what is remembered of a stored record.
func (s *Service) recorded(rec *Record, now time.Time) standing {
	return s.standingOf(s.cfg.Rules.Level(s.cfg.Rules.Score(rec)), rec.Member, rec.Version, now)
}
