package popularity

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/chat"
)

// ErrGone is what Config.Publish answers of a group that was dismissed.
var ErrGone = errors.New("popularity: no such group")

// Bounds of what a node holds and writes.
const (
	maxPending = 20_000 // groups in which something happened since the last write; of more it is lost and counted
	writeChunk = 500    // groups written in one step
	fastShare  = 4      // the half-life of Mark.Fast is so many times shorter
)

// Visible is the least score that is shown: it rounds to one.
const Visible = 0.5

// Service keeps the popularity of groups. Its methods may be called from any goroutine.
type Service struct {
	cfg   Config
	store Store
	log   *slog.Logger
	board string
	slow  Scale
	fast  Scale

	skew atomic.Int64 // nanoseconds from this machine's clock to the common one
	lost atomic.Uint64

	mu      sync.Mutex // guards pending
	pending map[string]event
}

// event is what happened in a group since the last write, as if all at once when the first of it did.
type event struct {
	weight float64
	at     time.Time
}

// New returns a service over a store. Nothing is written until Run.
func New(cfg Config, store Store, log *slog.Logger) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	return &Service{
		cfg: cfg, store: store, log: log, board: strconv.FormatInt(cfg.HalfLife.Milliseconds(), 10),
		slow: Scale{cfg.HalfLife}, fast: Scale{cfg.HalfLife / fastShare}, pending: map[string]event{},
	}, nil
}

// Message notes a member's message that was delivered to a group.
func (s *Service) Message(group string) { s.add(group, s.cfg.Weights.Message) }

// Join notes somebody who came to a group.
func (s *Service) Join(group string) { s.add(group, s.cfg.Weights.Join) }

// Like notes likes.
func (s *Service) Like(group string, n int64) { s.add(group, float64(n)*s.cfg.Weights.Like) }

// Gift notes a gift of a value in minor units of money.
func (s *Service) Gift(group string, value int64) {
	s.add(group, float64(value)/100*s.cfg.Weights.Gift)
}

// Gone notes that a group was dismissed: what is on its way for it is dropped. Forget takes it off the board.
func (s *Service) Gone(group string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.pending[group]; !known && len(s.pending) >= maxPending {
		s.lost.Add(1) // it leaves the board when it is to be told its score
		return
	}
	s.pending[group] = event{weight: -1}
}

// add never blocks for longer than another add takes.
func (s *Service) add(group string, weight float64) {
	if !(weight > 0) {
		return
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	e, known := s.pending[group]
	switch {
	case known && e.weight < 0:
		return // it was dismissed
	case known:
		e.weight += weight
	case len(s.pending) >= maxPending:
		s.lost.Add(1)
		return
	default:
		e = event{weight, now}
	}
	s.pending[group] = e
}

// now is the common clock.
func (s *Service) now() time.Time { return time.Now().Add(time.Duration(s.skew.Load())) }

// Stats are counts of a Service.
type Stats struct {
	Pending int    // groups whose last second is not written yet
	Lost    uint64 // groups' seconds that could not be written
}

// Stats may be called at any time.
func (s *Service) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Pending: len(s.pending), Lost: s.lost.Load()}
}

// Run writes what happens on this node until ctx ends, and once more then.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	synced := time.Time{}
	w := writer{s: s}
	for {
		if time.Since(synced) >= s.cfg.Tend {
			s.sync(ctx)
			synced = time.Now()
		}
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			w.write(last)
			return context.Cause(ctx)
		case <-tick.C:
			w.write(ctx)
		}
	}
}

// sync finds the difference to the common clock. Without an answer the last one stays.
func (s *Service) sync(ctx context.Context) {
	before := time.Now()
	common, err := s.cfg.Now(ctx)
	if err != nil {
		return
	}
	took := time.Since(before)
	s.skew.Store(int64(common.Sub(before.Add(took / 2))))
}

// writer writes what is pending, in chunks that are tried again under their names where the answer was lost.
type writer struct {
	s    *Service
	left []chunk
	bad  bool // the last write failed, and that was said
}

// chunk is one step on its way to the store.
type chunk struct {
	marks []Mark
	gone  []string
	op    string
	since time.Time
}

// write empties what is pending. A chunk that can't be written is tried again until the store may have forgotten that it was.
func (w *writer) write(ctx context.Context) {
	w.left = append(w.left, w.s.take()...)
	var err error
	for len(w.left) > 0 && ctx.Err() == nil {
		c := w.left[0]
		if time.Since(c.since) > chat.OperationAge*8/10 {
			w.s.lost.Add(uint64(len(c.marks)))
			w.left = w.left[1:]
			continue
		}
		if err = w.s.put(ctx, c); err != nil {
			break
		}
		w.left = w.left[1:]
	}
	if failed := err != nil && ctx.Err() == nil; failed != w.bad {
		if w.bad = failed; failed {
			w.s.log.Warn("popularity can't be written; will retry for some seconds", "err", err)
		}
	}
}

func (s *Service) put(ctx context.Context, c chunk) error {
	if len(c.gone) > 0 {
		if err := s.store.Forget(ctx, s.board, c.gone); err != nil {
			return err
		}
	}
	if len(c.marks) == 0 {
		return nil
	}
	return s.store.Raise(chat.AsOperation(ctx, c.op), s.board, c.marks)
}

// take is what is pending, in steps.
func (s *Service) take() (steps []chunk) {
	s.mu.Lock()
	events := s.pending
	s.pending = make(map[string]event, min(len(events), maxPending))
	s.mu.Unlock()
	now := time.Now()
	var c chunk
	done := func() {
		if len(c.marks)+len(c.gone) > 0 {
			_, c.op = chat.WithOperation(context.Background())
			c.since = now
			steps = append(steps, c)
			c = chunk{}
		}
	}
	for group, e := range events {
		if e.weight < 0 {
			c.gone = append(c.gone, group)
		} else {
			c.marks = append(c.marks, Mark{group, s.slow.Level(e.weight, e.at), s.fast.Level(e.weight, e.at)})
		}
		if len(c.marks)+len(c.gone) >= writeChunk {
			done()
		}
	}
	done()
	return steps
}
