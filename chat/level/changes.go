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
	var told []Change
	for _, c := range changes {
		s.stats.changes.Add(1)
		s.note(c, false)
		if err := s.cfg.Report(ctx, c); err != nil {
			s.log.Warn("a new level is not reported yet; will retry", "err", err)
			continue
		}
		told = append(told, c)
	}
	s.acknowledge(ctx, told)
}

// acknowledge notes that changes were reported. Where that fails they are reported again.
func (s *Service) acknowledge(ctx context.Context, told []Change) {
	if len(told) == 0 {
		return
	}
	if err := s.store.Told(ctx, told); err != nil {
		s.log.Debug("reported levels will be reported again", "changes", len(told), "err", err)
	}
}

// TellRest reports what was changed and not reported, because the node that made it died or could not. It is run now and then
// by one node.
func (s *Service) TellRest(ctx context.Context) error {
	for {
		rest, err := s.store.Untold(ctx, time.Now().Add(-restAge), MaxDeeds)
		if err != nil {
			return err
		}
		for _, c := range rest {
			if err := s.cfg.Report(ctx, c); err != nil {
				return err
			}
		}
		if len(rest) > 0 {
			if err := s.store.Told(ctx, rest); err != nil {
				return err
			}
		}
		if len(rest) < MaxDeeds {
			return nil
		}
	}
}

// note has a change in force here, and tells of it. One that comes late is not told.
func (s *Service) note(c Change, only bool) {
	if c.Gone {
		s.known.forget(c.User)
		return
	}
	if one := s.standingOf(c.Level, c.Member, c.Version, time.Now()); s.known.put(c.User, one, only) {
		s.cfg.Tell(c, one.Standing)
	}
}

// standingOf is what is remembered of a user with a level and a membership.
func (s *Service) standingOf(level int, m Member, version uint64, now time.Time) standing {
	one := standing{Standing{level, s.cfg.Rules.badge(m, now)}, time.Time{}, version}
	if one.Badge != "" {
		one.until = m.Until
	}
	return one
}

// Changed implements Listener: another node made changes. They matter here if the user is known here.
func (s *Service) Changed(changes []Change) {
	for _, c := range changes {
		s.note(c, true)
	}
}

// Missed implements Listener: all that is known here is read again.
func (s *Service) Missed() { s.want(s.known.all()...) }

// want has users read who have a place in known.
func (s *Service) want(users ...string) {
	s.mu.Lock()
	s.wanted = append(s.wanted, users...)
	if len(s.wanted) > 2*maxKnown { // the store is away, and who is wanted was forgotten meanwhile
		s.wanted = s.wanted[len(s.wanted)-maxKnown:]
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
			s.known.put(records[i].User, s.recorded(&records[i], now), true)
		}
	}
}

// recorded is what is remembered of a stored record.
func (s *Service) recorded(rec *Record, now time.Time) standing {
	return s.standingOf(s.cfg.Rules.Level(s.cfg.Rules.Score(rec)), rec.Member, rec.Version, now)
}
