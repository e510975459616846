package level

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Config of a Service. The zero value of a field but Rules and Around means its default.
type Config struct {
	Rules Rules
	Every time.Duration // from one hand-over of what was earned to the next (5 s)

	// Pending is how many users may have earned something that is in no step yet (200,000). What those beyond earn is lost: the
	// store has been away for long then.
	Pending int
	Known   int // how many users' standings are remembered (100,000); past it, any one gives way

	// Earns says whether a user has a level at all, and whether he is a guest, whose record goes when he does. Nil: all do, and
	// none is.
	Earns func(user string) (guest, earns bool)

	// Around are the users with names who are in a room on this node, each once.
	Around func() []string

	// Tell is told of each change that comes to be known here, made by this node or another, with what the user is from now on.
	// It must not block. Nil: nobody wants to know.
	Tell func(c Change, now Standing)

	// Report tells others outside of changes, and returns when they are sure to hear of them. Each is reported at least once in
	// the cluster, by the node that made it or, if that did not, by TellRest. Nil: nobody wants to know.
	Report func(ctx context.Context, changes []Change) error
}

// Service is the levels of an installation, as one node has them.
type Service struct {
	cfg   Config
	store Store
	log   *slog.Logger
	maker string        // of this run's steps
	phase time.Duration // when in a minute this node looks who is there

	pending *pending
	known   *known

	mu     sync.Mutex // guards wanted
	wanted []string   // users who are in known, but may be out of date
	wake   chan struct{}

	// What follows is Run's alone.
	due     []*Step // not answered yet, in the order of their numbers
	number  uint64
	silence bool // the store does not answer, which was said

	stats struct{ steps, deeds, changes, dropped atomic.Uint64 }
}

// Stats are figures of a Service.
type Stats struct {
	Pending int    // users who earned something that is in no step yet
	Steps   uint64 // that the store took
	Deeds   uint64 // in them
	Changes uint64 // of levels and memberships, made here
	Lost    uint64 // earnings, because too many waited
	Dropped uint64 // deeds, because what is stored can't be read
}

// New checks cfg and returns a Service over store.
func New(cfg Config, store Store, log *slog.Logger) (*Service, error) {
	if err := cfg.Rules.Validate(); err != nil {
		return nil, fmt.Errorf("level: %w", err)
	}
	if cfg.Every == 0 {
		cfg.Every = 5 * time.Second
	}
	if cfg.Pending == 0 {
		cfg.Pending = 200_000
	}
	if cfg.Known == 0 {
		cfg.Known = 100_000
	}
	if cfg.Earns == nil {
		cfg.Earns = func(string) (bool, bool) { return false, true }
	}
	if cfg.Tell == nil {
		cfg.Tell = func(Change, Standing) {}
	}
	if cfg.Report == nil {
		cfg.Report = func(context.Context, []Change) error { return nil }
	}
	return &Service{
		cfg: cfg, store: store, log: log, maker: rand.Text(), phase: mathrand.N(time.Minute),
		pending: newPending(cfg.Pending), known: newKnown(cfg.Known), wake: make(chan struct{}, 1),
	}, nil
}

// Rules are those in force. They must not be changed.
func (s *Service) Rules() *Rules { return &s.cfg.Rules }

// Maker names this run of this node to News.
func (s *Service) Maker() string { return s.maker }

// Stats may be called at any time.
func (s *Service) Stats() Stats {
	return Stats{
		Pending: int(s.pending.users.Load()), Steps: s.stats.steps.Load(), Deeds: s.stats.deeds.Load(), Changes: s.stats.changes.Load(),
		Lost: s.pending.lost.Load(), Dropped: s.stats.dropped.Load(),
	}
}

// Earn counts what a user did: n of a source's units. It takes some 50 ns, allocates nothing in the long run and may be called
// under any lock. It is stored within Config.Every. Online and Membership are Run's business.
func (s *Service) Earn(user string, by Source, n int64) {
	if n > 0 && user != "" {
		s.pending.note(user, by, n, Minutes{})
	}
}

// Standing is the level and badge of a user as known here. It does not block and asks nobody; of one who is not known it is
// what those have who never earned anything, and he is read for the next time.
func (s *Service) Standing(user string) Standing {
	one, found := s.known.get(user)
	if !found {
		s.Came(user)
		return s.nobody().Standing
	}
	return one
}

// nobody is the standing of who never earned anything.
func (s *Service) nobody() standing {
	return standing{Standing: Standing{Level: s.cfg.Rules.Level(0)}}
}

// Came has a user's standing read, who will need it. It may be called under any lock.
func (s *Service) Came(user string) {
	if _, earns := s.cfg.Earns(user); earns && user != "" && s.known.expect(user, s.nobody()) {
		s.want(user)
	}
}

// Run hands over what is earned, looks who is there, and reads who came, until ctx ends; then it hands over the rest.
func (s *Service) Run(ctx context.Context) error {
	hand := time.NewTicker(s.cfg.Every)
	defer hand.Stop()
	look := time.NewTimer(s.untilLook(time.Now()))
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			s.end(ctx)
			return context.Cause(ctx)
		case <-hand.C:
			s.handOver(ctx)
			s.read(ctx) // who could not be read before
		case <-look.C:
			s.look(time.Now())
			look.Reset(s.untilLook(time.Now()))
		case <-s.wake:
			s.read(ctx)
		}
	}
}

// untilLook is the time until it is next looked who is there: once in each minute of the clock, each node at a moment of its
// own, so that not all ask the store at once.
func (s *Service) untilLook(now time.Time) time.Duration {
	next := now.Truncate(time.Minute).Add(s.phase)
	if !next.After(now) {
		next = next.Add(time.Minute)
	}
	return next.Sub(now)
}

// look counts a minute for all who are there, and takes badges away whose time is over.
func (s *Service) look(now time.Time) {
	for _, user := range s.cfg.Around() {
		s.pending.note(user, Online, 0, minute(now.Unix()))
		if left, had := s.known.lapse(user, now); had {
			s.cfg.Tell(Change{User: user, From: left.Level, Level: left.Level, Time: now}, left)
		}
	}
}

// endLimit is how long handing over the rest may take.
const endLimit = 3 * time.Second

// end hands over what is left.
func (s *Service) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endLimit)
	defer cancel()
	for range 2 { // steps that waited; what came meanwhile
		s.handOver(ctx)
	}
	if left := len(s.due) + int(s.pending.users.Load()); left > 0 {
		s.log.Warn("what users earned last was not stored", "users", left)
	}
}

// handOver makes steps of what was earned, and has the store take them, those that wait first. What comes while they wait comes
// together until they are taken.
func (s *Service) handOver(ctx context.Context) {
	if len(s.due) == 0 {
		s.due = s.steps(time.Now())
	}
	for len(s.due) > 0 {
		step := s.due[0]
		changes, err := s.store.Take(ctx, *step)
		switch {
		case err == nil:
			s.stats.steps.Add(1)
			s.stats.deeds.Add(uint64(len(step.Deeds)))
		case errors.Is(err, ErrBroken):
			s.log.Error("what users earned can't be stored and is dropped", "users", len(step.Deeds), "err", err)
			s.stats.dropped.Add(uint64(len(step.Deeds)))
		default:
			if !s.silence && ctx.Err() == nil {
				s.log.Warn("what users earn is not stored at present; will retry", "err", err)
			}
			s.silence = true
			return
		}
		s.due, s.silence = s.due[1:], false
		s.made(ctx, changes)
	}
}

// steps are what was earned since the last time.
func (s *Service) steps(now time.Time) (all []*Step) {
	s.pending.take(func(user string, e earning) {
		guest, earns := s.cfg.Earns(user)
		if !earns {
			return
		}
		if len(all) == 0 || len(all[len(all)-1].Deeds) == MaxDeeds {
			s.number++
			all = append(all, &Step{Maker: s.maker, Number: s.number, Time: now, Rules: &s.cfg.Rules})
		}
		last := all[len(all)-1]
		last.Deeds = append(last.Deeds, Deed{User: user, Guest: guest, Earned: e.amounts, Seen: e.seen})
	})
	return all
}
