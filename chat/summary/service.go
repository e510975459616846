package summary

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Service follows live sessions and closes them. Its methods may be called from any goroutine.
type Service struct {
	cfg   Config
	store Store
	log   *slog.Logger

	pending *pending

	mu    sync.Mutex // guards known
	known map[string]newest
}

// newest is the last summary of a group as it was a moment ago; without session there was none.
type newest struct {
	summary Summary
	at      time.Time
}

// Bounds of what is remembered of groups' last summaries.
const (
	newestKept  = 1_000
	newestFresh = 2 * time.Second
)

// New returns a service over a store. Nothing is followed until Run and Count.
func New(cfg Config, store Store, log *slog.Logger) (*Service, error) {
	if cfg.Now == nil || cfg.Session == nil || cfg.Group == nil || cfg.State == nil || cfg.Live == nil || cfg.Heads == nil {
		return nil, errors.New("summary: Now, Session, Group, State, Live and Heads must be there")
	}
	cfg = cfg.withDefaults()
	return &Service{cfg: cfg, store: store, log: log, pending: newPending(), known: map[string]newest{}}, nil
}

// attempts is how often a change is tried against those of others.
const attempts = 16

// Turn takes in a record of a room's status: those of a room come in their order, and may come again. A session begins with
// the first that names it; the group need not be known later.
func (s *Service) Turn(ctx context.Context, t Turn) error {
	if t.Session == "" {
		return nil
	}
	return s.change(ctx, t.Session, func(have *Session) (Session, bool, error) {
		if have == nil {
			if t.Phase == Over || t.Group == "" {
				return Session{}, false, nil // it was told, or nobody saw anything of it
			}
			if _, err := s.store.Summary(ctx, t.Group, t.Session); !errors.Is(err, ErrUnknown) {
				return Session{}, false, err
			}
			fresh := begin(t)
			have = &fresh
		}
		if _, newer := have.turn(t); !newer {
			return *have, false, nil
		}
		seen, _ := have.sample(s.heads(ctx, have.Group, t.Since))
		next, _ := seen.turn(t)
		return next, true, nil
	})
}

// change alters a stored session until nobody was faster; have is nil if there is none.
func (s *Service) change(ctx context.Context, session string, alter func(have *Session) (Session, bool, error)) error {
	for range attempts {
		var have *Session
		stored, _, err := s.store.Session(ctx, session)
		switch {
		case err == nil:
			have = &stored
		case !errors.Is(err, ErrUnknown):
			return err
		}
		next, changed, err := alter(have)
		if err != nil || !changed {
			return err
		}
		if err = s.store.Swap(ctx, stored.Revision, next); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("session %s: %w %d times", session, ErrConflict, attempts)
}

// heads is how many are in a group now, entered for a moment.
func (s *Service) heads(ctx context.Context, group string, at time.Time) Sample {
	n := s.cfg.Heads(group)
	n.At = at
	if scores, err := s.cfg.Popularity(ctx, []string{group}); err == nil { // else it is not known, as if it were 0
		n.Popularity = scores[group]
	}
	return n
}

// Summary returns how a session of a group went, or ErrUnknown. Of one that is not closed yet it is what is known so far.
func (s *Service) Summary(ctx context.Context, group, session string) (Summary, error) {
	kept, err := s.store.Summary(ctx, group, session)
	if !errors.Is(err, ErrUnknown) {
		return kept, err
	}
	one, counts, err := s.store.Session(ctx, session)
	if err != nil {
		return Summary{}, err
	}
	if one.Group != group {
		return Summary{}, ErrUnknown
	}
	if one.Phase != Over {
		now, err := s.cfg.Now(ctx)
		if err != nil {
			return Summary{}, err
		}
		one = one.end(now, "")
	}
	likes, err := s.cfg.Likes(ctx, group, session)
	gifts, none := s.cfg.Gifts(ctx, group, session)
	so := sum(one, counts, likes, gifts, errors.Join(err, none) == nil)
	so.Running = true
	return so, nil
}

// Summaries lists those of a group, the newest first, limit at most. Next, given as before, goes on where a page ended; as
// next 0 says that it was the last, as before from the newest.
func (s *Service) Summaries(ctx context.Context, group string, before uint64, limit int) (page []Summary, next uint64, err error) {
	page, err = s.store.Summaries(ctx, group, before, limit+1)
	if err != nil {
		return nil, 0, err
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].Began()
	}
	return page, next, nil
}

// Last is what everybody may know of a group's last session that is over, as of two seconds ago or less; ErrUnknown: there is
// none.
func (s *Service) Last(ctx context.Context, group string) (Public, error) {
	now := time.Now()
	s.mu.Lock()
	last, known := s.known[group]
	s.mu.Unlock()
	if !known || now.Sub(last.at) >= newestFresh {
		page, err := s.store.Summaries(ctx, group, 0, 1)
		if err != nil {
			return Public{}, err
		}
		last = newest{at: now}
		if len(page) > 0 {
			last.summary = page[0]
		}
		s.mu.Lock()
		if len(s.known) >= newestKept {
			clear(s.known)
		}
		s.known[group] = last
		s.mu.Unlock()
	}
	if last.summary.Session == "" {
		return Public{}, ErrUnknown
	}
	return last.summary.Shared(), nil
}

// Sweep forgets summaries that are too old.
func (s *Service) Sweep(ctx context.Context) error {
	const most = 1_000
	_, err := s.store.Sweep(ctx, time.Now().Add(-s.cfg.Age), most)
	return err
}
