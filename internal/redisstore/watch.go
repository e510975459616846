package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// How a server that does not answer is noticed, and its return.
const (
	failuresInARow = 2
	probePause     = 200 * time.Millisecond
	reloadProbes   = 5
)

// errSkipped is what commands fail with that are not sent, because their server is known to be away.
var errSkipped = errors.New("it did not answer before; not asked again yet")

// watch knows which servers answer: the one, or each of a cluster for itself. After two failures in a row all commands for a
// server fail at once, until it answers a probe.
type watch struct {
	cfg *Config
	log *slog.Logger

	ctx  context.Context // of probes
	stop context.CancelFunc
	wg   sync.WaitGroup // probes

	reload func() // has the client of a cluster look again which server has what; nil: there is no cluster

	mu      sync.Mutex
	changed chan struct{} // closed when a server went away or came back
	leader  *server       // that has the control plane, as far as is known
	stats   Stats
}

// server is one of those that are watched. It is a redis.Hook of its client.
type server struct {
	w   *watch
	rdb *redis.Client

	// Guarded by watch.mu.
	failures int       // in a row
	downAt   time.Time // zero: it answers
}

// Stats are what was asked of Redis and what came of it, since the start.
type Stats struct {
	Up       bool // see Store.Up
	Answered uint64
	Refused  uint64 // answered with an error
	Unknown  uint64 // sent, perhaps, and not answered
	Skipped  uint64 // not sent, because the server is known to be away

	Waited time.Duration // for answers, all together
	Away   time.Duration // how long servers were away, all together
}

func newWatch(cfg *Config, log *slog.Logger) *watch {
	w := &watch{cfg: cfg, log: log, changed: make(chan struct{})}
	w.ctx, w.stop = context.WithCancel(context.Background())
	return w
}

// over has the watch look at what a client does.
func (w *watch) over(rdb redis.UniversalClient) {
	add := func(c *redis.Client) { c.AddHook(&server{w: w, rdb: c}) }
	switch c := rdb.(type) {
	case *redis.Client:
		add(c)
	case *redis.ClusterClient:
		c.OnNewNode(add)
		w.reload = func() { c.ReloadState(w.ctx) }
	}
}

// close ends the probes.
func (w *watch) close() {
	w.mu.Lock()
	w.stop() // no probe begins from now on
	w.mu.Unlock()
	w.wg.Wait()
}

// Up says whether the server of the control plane, the only one where there is no cluster of them, answers as far as is
// known: true before it was asked. It asks nothing.
func (s *Store) Up() bool {
	up, _ := s.Watch()
	return up
}

// Watch is Up, and a channel that is closed when a server goes away or comes back.
func (s *Store) Watch() (up bool, changed <-chan struct{}) {
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	return s.watch.up(), s.watch.changed
}

// Stats are this Store's figures.
func (s *Store) Stats() Stats {
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	st := s.watch.stats
	if st.Up = s.watch.up(); !st.Up {
		st.Away += time.Since(s.watch.leader.downAt)
	}
	return st
}

func (w *watch) up() bool { return w.leader == nil || w.leader.downAt.IsZero() }

type probing struct{}

// DialHook implements redis.Hook.
func (s *server) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (s *server) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := s.before(ctx, cmd); err != nil {
			return err
		}
		began := time.Now()
		err := next(ctx, cmd)
		s.after(ctx, err, time.Since(began))
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (s *server) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if err := s.before(ctx, cmds...); err != nil {
			for _, cmd := range cmds {
				cmd.SetErr(err)
			}
			return err
		}
		began := time.Now()
		err := next(ctx, cmds)
		s.after(ctx, err, time.Since(began))
		return err
	}
}

// before says why commands are not sent, if they are not.
func (s *server) before(ctx context.Context, cmds ...redis.Cmder) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	for _, cmd := range cmds {
		if args := cmd.Args(); len(args) > 3 && s.w.leader != s {
			if key, ok := args[3].(string); ok && strings.HasPrefix(key, s.w.cfg.Prefix+"{lr}:") { // a script's first key
				s.w.lead(s)
			}
		}
	}
	if s.downAt.IsZero() || ctx.Value(probing{}) != nil {
		return nil
	}
	s.w.stats.Skipped++
	return fmt.Errorf("%w: %w", ErrAway, errSkipped)
}

// lead notes which server has the control plane, which may be another after a fail-over; mu is held.
func (w *watch) lead(s *server) {
	before := w.up()
	if w.leader = s; w.up() != before {
		w.told()
	}
}

// after notes what became of commands.
func (s *server) after(ctx context.Context, err error, took time.Duration) {
	probe := ctx.Value(probing{}) != nil
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	var reply redis.Error
	switch {
	case err == nil || errors.Is(err, redis.Nil):
		s.w.stats.Answered++
	case errors.As(err, &reply) && !strings.HasPrefix(reply.Error(), "LOADING") && !strings.HasPrefix(reply.Error(), "BUSY "):
		s.w.stats.Refused++
		if probe { // a password that is not good any more, for example
			return
		}
	default:
		s.w.stats.Unknown++
		if !s.w.givenUp(err, took) {
			s.failed(err)
		}
		return
	}
	s.w.stats.Waited += took
	s.failures = 0
	if !s.downAt.IsZero() && probe {
		s.back()
	}
}

// givenUp says whether it is the caller who did not wait, so that nothing is known of the server.
func (w *watch) givenUp(err error, took time.Duration) bool {
	var timeout net.Error
	return errors.Is(err, context.Canceled) || errors.Is(err, redis.ErrClosed) ||
		errors.As(err, &timeout) && timeout.Timeout() && took < w.cfg.Timeout*9/10
}

// failed counts a failure; watch.mu is held.
func (s *server) failed(err error) {
	s.failures++
	if s.failures < failuresInARow || !s.downAt.IsZero() || s.w.ctx.Err() != nil {
		return
	}
	s.downAt = time.Now()
	s.w.log.Warn("redis is away", "server", s.rdb.Options().Addr, "err", err)
	s.w.told()
	s.w.wg.Go(s.probe)
}

// back notes that the server answers again; watch.mu is held.
func (s *server) back() {
	away := time.Since(s.downAt)
	s.downAt = time.Time{}
	s.w.stats.Away += away
	s.w.log.Info("redis is back", "server", s.rdb.Options().Addr, "away", away.Round(time.Millisecond))
	s.w.told()
}

func (w *watch) told() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// probe asks a server that is away, until it answers or is used no more.
func (s *server) probe() {
	for n := 0; ; n++ {
		if s.w.reload != nil && n%reloadProbes == 0 { // perhaps another has its place
			s.w.reload()
		}
		select {
		case <-s.w.ctx.Done():
			return
		case <-time.After(probePause):
		}
		ctx, cancel := context.WithTimeout(context.WithValue(s.w.ctx, probing{}, true), s.w.cfg.Timeout)
		err := s.rdb.Ping(ctx).Err()
		cancel()
		if err == nil || errors.Is(err, redis.ErrClosed) {
			return
		}
	}
}
