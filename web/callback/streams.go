package callback

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/internal/wait"
	"liveroom/live"
	"liveroom/web/callback/delivery"
)

// Reasons of a push's end, as CSS numbers them (spec css §3.3), that occur here.
const (
	stopClosed   = 1
	stopInternal = 5
	stopContent  = 6
	stopSilent   = 8
	stopLost     = 12
	stopCut      = 21
)

// stops says how CSS receivers are told of an end.
var stops = map[live.EndReason]stopped{
	live.EndClosed:    {Code: stopClosed, Message: "The push client actively stopped the push"},
	live.EndStopping:  {Code: stopInternal, Message: "The server was stopped"},
	live.EndRefused:   {Code: stopContent, Message: "The content of the push can't be used"},
	live.EndSilent:    {Code: stopSilent, Message: "No data was received for a long time"},
	live.EndLost:      {Code: stopLost, Message: "The connection was lost"},
	live.EndDropped:   {Code: stopCut, Message: "The push was dropped"},
	live.EndForbidden: {Code: stopCut, Message: "Pushing to the stream was forbidden"},
	live.EndRoomOver:  {Code: stopCut, Message: "The room has ended"},
	live.EndReplaced:  {Code: stopCut, Message: "The push was replaced by a newer one"},
}

// StreamsConfig says whose pushes they are.
type StreamsConfig struct {
	App    uint64 // of CSS
	Domain string // stands for the host that was pushed to where the client names none

	// Of a node that shares its PushStore with others: its id, another one at each start, and which of these live.
	Owner string
	Alive func(owner string) bool
}

// Streams tells CSS receivers of pushes that begin and end. It is told by live, and does its work in Run. A push is noted in
// a store before its start is told and until its stop is, so that each start that was told has its stop told: after a crash
// by the next Run, or by another node's Sweep.
type Streams struct {
	cfg       StreamsConfig
	receivers *Registry
	queue     Queue
	store     PushStore
	log       *slog.Logger

	wake    chan struct{} // capacity 1
	skipped atomic.Uint64
	noted   map[string]bool // sequences of starts that were told, and whether they are in the store; Run's own

	mu      sync.Mutex
	running map[pushKey]Push // told or not
	steps   []step           // not told yet, in order
}

type pushKey struct {
	room       string
	generation uint64
}

// step is the start of a push, or its end.
type step struct {
	push Push
	stop *stopped
}

var _ live.Pushes = (*Streams)(nil)

// maxSteps bounds the starts and stops that wait for a store that does not answer. Beyond, starts are left out, and stops with them.
const maxSteps = 10_000

// NewStreams returns what tells of the pushes of a CSS application.
func NewStreams(cfg StreamsConfig, receivers *Registry, queue Queue, store PushStore, log *slog.Logger) *Streams {
	return &Streams{
		cfg: cfg, receivers: receivers, queue: queue, store: store, log: log,
		wake: make(chan struct{}, 1), noted: map[string]bool{}, running: map[pushKey]Push{},
	}
}

// Skipped is how many pushes were not told of because the store did not answer.
func (s *Streams) Skipped() uint64 { return s.skipped.Load() }

// PushBegan implements live.Pushes.
func (s *Streams) PushBegan(p live.PushInfo) {
	push := Push{
		Sequence: newSequence(p.StartedAt), Room: p.Room, Stream: p.Stream, App: p.Request.App, Domain: p.Request.Host,
		Param: strings.Join(p.Request.Query, "&"), UserIP: host(p.Request.Remote), Node: host(p.Request.Local), Owner: s.cfg.Owner, StartedAt: p.StartedAt.UTC().Truncate(time.Millisecond),
	}
	if push.Domain == "" {
		push.Domain = s.cfg.Domain
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.steps) >= maxSteps {
		s.skipped.Add(1)
		return
	}
	s.running[pushKey{p.Room, p.Generation}] = push
	s.add(step{push: push})
}

// PushOver implements live.Pushes.
func (s *Streams) PushOver(p live.PushInfo, end live.PushEnd) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := pushKey{p.Room, p.Generation}
	push, ok := s.running[key]
	if !ok {
		return
	}
	delete(s.running, key)
	stop := stops[end.Why]
	stop.At, stop.Width, stop.Height = end.At, end.Format.Width, end.Format.Height
	s.add(step{push, &stop})
}

// add queues a step. The lock is held.
func (s *Streams) add(x step) {
	s.steps = append(s.steps, x)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// newSequence names a push: a decimal number that grows with time.
func newSequence(at time.Time) string {
	const random = 20 // bits of chance beside the milliseconds
	return strconv.FormatInt(at.UnixMilli()<<random|rand.Int64N(1<<random), 10)
}

// host is the address without its port.
func host(address string) string {
	if name, _, err := net.SplitHostPort(address); err == nil {
		return name
	}
	return address
}

// Bounds of Run's waiting.
const (
	pushStoreTimeout = 5 * time.Second
	pushStorePause   = time.Second
)

// Run tells of the pushes of an earlier run that have ended with it, unless that is Sweep's, then of those that begin and
// end, until ctx ends and once more then. What is told is in the queue when it returns.
func (s *Streams) Run(ctx context.Context) error {
	for s.cfg.Alive == nil && ctx.Err() == nil {
		if err := s.Sweep(ctx); err == nil {
			break
		} else if ctx.Err() == nil {
			s.log.Warn("pushes of the last run not told of yet", "err", err)
		}
		_ = wait.For(ctx, pushStorePause)
	}
	for {
		select {
		case <-ctx.Done():
			s.work(context.WithoutCancel(ctx))
			return ctx.Err()
		case <-s.wake:
			s.work(ctx)
		}
	}
}

// Sweep tells the stops of pushes whose node came to nothing any more. Where nodes share their store one of them calls it now
// and then; that of a push which two nodes tell has one id.
func (s *Streams) Sweep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pushStoreTimeout)
	defer cancel()
	left, err := s.store.Pushes(ctx)
	if s.cfg.Alive != nil {
		left = slices.DeleteFunc(left, func(p Push) bool { return s.cfg.Alive(p.Owner) })
	}
	if err != nil || len(left) == 0 {
		return err
	}
	stop := stops[live.EndStopping]
	stop.At = time.Now()
	over := make([]string, len(left))
	for i, p := range left {
		over[i] = p.Sequence
		s.append(step{p, &stop})
	}
	return s.forget(ctx, over)
}

// forget forgets pushes once their stops are kept.
func (s *Streams) forget(ctx context.Context, over []string) error {
	if len(over) == 0 {
		return nil
	}
	if err := s.queue.Settle(ctx); err != nil {
		return err
	}
	return s.store.DeletePushes(ctx, over...)
}

// work tells what waits.
func (s *Streams) work(ctx context.Context) {
	s.mu.Lock()
	steps := s.steps
	s.steps = nil
	s.mu.Unlock()
	if len(steps) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, pushStoreTimeout)
	defer cancel()
	if err := s.tell(ctx, steps); err != nil {
		s.log.Warn("told of pushes, but not noted which", "err", err)
	}
}

// tell notes the pushes that begin, queues all events, and forgets the pushes that ended once their events are kept.
func (s *Streams) tell(ctx context.Context, steps []step) error {
	var began []Push
	for _, x := range steps {
		if x.stop == nil && s.receivers.Wants(StreamStart) != nil {
			began = append(began, x.push)
		}
	}
	failed := s.store.PutPushes(ctx, began...)
	for _, p := range began {
		s.noted[p.Sequence] = failed == nil
	}
	var over []string
	for _, x := range steps {
		if _, told := s.noted[x.push.Sequence]; told && x.stop != nil {
			over = append(over, x.push.Sequence)
		}
	}
	told := s.toldElsewhere(ctx, over)
	for _, x := range steps {
		if x.stop == nil || !told[x.push.Sequence] {
			s.append(x)
		}
	}
	for _, sequence := range over {
		delete(s.noted, sequence)
	}
	if err := s.forget(ctx, over); err != nil {
		return err
	}
	return failed
}

// toldElsewhere are those of pushes that end now whose stops another node has told: it took this one for dead.
func (s *Streams) toldElsewhere(ctx context.Context, over []string) map[string]bool {
	if s.cfg.Alive == nil || len(over) == 0 {
		return nil
	}
	left, err := s.store.Pushes(ctx)
	if err != nil {
		return nil
	}
	told := map[string]bool{}
	for _, sequence := range over {
		told[sequence] = s.noted[sequence] && !slices.ContainsFunc(left, func(p Push) bool { return p.Sequence == sequence })
	}
	return told
}

// append queues a step's event for those who want it.
func (s *Streams) append(x step) {
	command, kind := StreamStart, ":start"
	if x.stop != nil {
		command, kind = StreamStop, ":stop"
	}
	to := s.receivers.Wants(command)
	if to == nil {
		return
	}
	tell(s.queue, to, delivery.Event{
		Room: x.push.Room, Class: delivery.State, ID: x.push.Room + ":" + x.push.Sequence + kind, Command: command,
		Body: streamBody(s.cfg.App, x.push, x.stop),
	})
}
