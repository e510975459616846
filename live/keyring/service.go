package keyring

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"liveroom/address"
)

// UsesEvery is how often a Service notes in its Store when keys were used.
const UsesEvery = time.Minute

// maxTries is how often a change is tried while others change the same.
const maxTries = 10

// Bounds of a key that is given.
const (
	MinKeyBytes = 8
	MaxKeyBytes = 128
)

// Config says what a Service begins with.
type Config struct {
	Push, Play address.Keys // as configured
	NodeKey    []byte       // fingerprints are made with it
	Others     []string     // secrets that no key may be

	// Settle is how long a new key is accepted before this node signs with it, for the other nodes to hear of it. 0: there are none.
	Settle time.Duration
	// Apply puts keys in force on this node: the primary ones sign. It is called one at a time, by New for the first time, and
	// must not block.
	Apply func(push, play address.Keys)
	// UsedAt is when a key was used last on this node; zero if never.
	UsedAt func(kind Kind, secret string) time.Time
	// Replaced is told that the configured keys have taken the place of a ring. Nil: nobody is.
	Replaced func(version uint64)
	// Keep has a ring kept where the command line finds it, if it is kept elsewhere. Nil: it is not.
	Keep func(Ring) error
	// Kept is what was kept there, for a Store that has forgotten.
	Kept Ring
}

// Service is the keys in force on this node.
type Service struct {
	cfg   Config
	mark  string
	store Store
	log   *slog.Logger

	changing sync.Mutex // one change or reload at a time

	mu sync.Mutex
	// All below is guarded by mu.
	ring    Ring // whole
	settled map[Kind]time.Time
	wake    chan struct{} // capacity 1: something is to settle
	foreign uint64        // version of a ring from other configured keys that was spoken of
}

// New reads what is kept and puts it in force. A ring that came from other keys than those that are configured goes.
func New(ctx context.Context, cfg Config, store Store, log *slog.Logger) (*Service, error) {
	s := &Service{
		cfg: cfg, mark: Mark(cfg.Push, cfg.Play), store: store, log: log,
		settled: map[Kind]time.Time{}, wake: make(chan struct{}, 1),
	}
	r, err := s.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	s.ring = r.whole(cfg.Push, cfg.Play)
	s.apply(time.Now())
	s.keep(r)
	return s, nil
}

// begin is the ring to begin with: the Store's, unless it has forgotten it or other keys are configured now.
func (s *Service) begin(ctx context.Context) (Ring, error) {
	for range maxTries {
		r, err := s.store.Ring(ctx)
		if err != nil {
			return Ring{}, err
		}
		next := r
		switch kept := s.cfg.Kept; {
		case r.Version > 0 && r.From != s.mark:
			next = Ring{Version: r.Version + 1, From: s.mark}
		case kept.From == s.mark && kept.Version > r.Version:
			next = kept
		default:
			return r, nil
		}
		err = s.store.Put(ctx, r.Version, next)
		if errors.Is(err, ErrChanged) {
			continue
		}
		if err == nil && r.From != s.mark && r.Version > 0 {
			s.log.Warn("other push or play keys are configured: they take the place of those that were rotated", "version", next.Version)
			if s.cfg.Replaced != nil {
				s.cfg.Replaced(next.Version)
			}
		}
		return next, err
	}
	return Ring{}, ErrChanged
}

// Reload puts in force what is kept, which another node may have changed. What is in force stays if it can't be read.
func (s *Service) Reload(ctx context.Context) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	return s.reload(ctx)
}

func (s *Service) reload(ctx context.Context) error {
	for range maxTries {
		r, err := s.store.Ring(ctx)
		if err != nil {
			return err
		}
		s.mu.Lock()
		mine := s.ring
		s.mu.Unlock()
		if r.Version < mine.Version { // the Store has forgotten
			if err := s.store.Put(ctx, r.Version, mine); !errors.Is(err, ErrChanged) {
				return err
			}
			continue
		}
		s.take(r)
		return nil
	}
	return ErrChanged
}

// take puts a ring of the Store in force.
func (s *Service) take(r Ring) {
	if !s.replace(r) {
		return
	}
	s.log.Info("push and play keys have changed", "version", r.Version)
	s.keep(r)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// replace is take but for what takes time. It says whether anything has changed.
func (s *Service) replace(r Ring) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Version > 0 && r.From != s.mark {
		if s.foreign != r.Version {
			s.log.Error("another node has other push or play keys configured; this one goes on with its own", "version", r.Version)
		}
		s.foreign = r.Version
		return false
	}
	next := r.whole(s.cfg.Push, s.cfg.Play)
	if next == s.ring {
		return false
	}
	now := time.Now()
	for _, k := range []Kind{Push, Play} {
		signs := s.signing(k, now).Primary
		delete(s.settled, k)
		if p := next.pair(k); signs == p.Backup.Secret && signs != "" && s.cfg.Settle > 0 {
			s.settled[k] = now.Add(s.cfg.Settle)
		}
	}
	s.ring = next
	s.apply(now)
	return true
}

// signing are the keys of a kind in the order that they are in force: a new one does not sign before it has settled. s.mu is held.
func (s *Service) signing(k Kind, now time.Time) address.Keys {
	keys := s.ring.pair(k).keys()
	if at, waits := s.settled[k]; waits && now.Before(at) {
		keys.Primary, keys.Backup = keys.Backup, keys.Primary
	}
	return keys
}

// apply puts the ring in force. s.mu is held.
func (s *Service) apply(now time.Time) {
	s.cfg.Apply(s.signing(Push, now), s.signing(Play, now))
}

// keep has a ring kept for the command line.
func (s *Service) keep(r Ring) {
	if s.cfg.Keep == nil {
		return
	}
	if err := s.cfg.Keep(r); err != nil {
		s.log.Error("keys can't be kept for the command line", "err", err)
	}
}

// Run has new keys sign once they have settled, and notes now and then when keys were used. It returns the cause of ctx's end.
func (s *Service) Run(ctx context.Context) error {
	uses := time.NewTicker(UsesEvery)
	defer uses.Stop()
	for {
		settled := s.settle(time.Now())
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.wake:
		case <-settled:
		case <-uses.C:
			s.noteUses(ctx)
		}
	}
}

// settle has keys sign that have settled, and answers when the next do.
func (s *Service) settle(now time.Time) <-chan time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	var next time.Time
	for k, at := range s.settled {
		if !now.Before(at) {
			delete(s.settled, k)
			s.apply(now)
		} else if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	if next.IsZero() {
		return nil
	}
	return time.After(next.Sub(now))
}

// noteUses has the Store know when keys were used. It is no loss if that fails.
func (s *Service) noteUses(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, UsesEvery/4)
	defer cancel()
	uses, any := s.uses()
	if !any {
		return
	}
	if err := s.store.Use(ctx, uses); err != nil && ctx.Err() == nil {
		s.log.Debug("when keys were used is not noted", "err", err)
	}
}

// uses are when this node used each key last; any says whether it used one at all.
func (s *Service) uses() (uses map[string]time.Time, any bool) {
	s.mu.Lock()
	r := s.ring
	s.mu.Unlock()
	uses = map[string]time.Time{}
	for _, k := range []Kind{Push, Play} {
		for _, key := range []Key{r.pair(k).Primary, r.pair(k).Backup} {
			if key.Secret != "" {
				at := s.cfg.UsedAt(k, key.Secret)
				any = any || !at.IsZero()
				uses[fingerprint(s.cfg.NodeKey, k, key.Secret)] = at
			}
		}
	}
	return uses, any
}

// same says whether a text is one of secrets, and takes as long whichever it is.
func same(text string, secrets ...string) bool {
	found := 0
	for _, other := range secrets {
		if other != "" {
			found |= subtle.ConstantTimeCompare([]byte(text), []byte(other))
		}
	}
	return found == 1
}
