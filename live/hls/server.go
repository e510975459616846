package hls

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"liveroom/live/pass"
	"liveroom/live/stream"
)

const (
	// sweepEvery is how often idle sessions and ended streams are looked for.
	sweepEvery = 5 * time.Second
	// restAfter is the silence after which the rest of a lost push becomes a segment.
	restAfter = time.Second
	// abandonAfter is the silence after which a stream is taken for gone although nobody ended it here: its room may have
	// moved to another node.
	abandonAfter = 12 * time.Hour
)

// Gatekeeper says whether a request may play: its signature, the room's policy, its state and whether there is a place. An
// error is a *stream.Refusal, or something unexpected. leave gives the place back; it must not block.
type Gatekeeper interface {
	// Authorize only asks.
	Authorize(ctx context.Context, req stream.Request) error
	// Enter takes a place.
	Enter(ctx context.Context, req stream.Request) (leave func(), err error)
	// Reenter takes a place for a session that was admitted before and has none here: on another node, or before a restart,
	// when it may have been watching already.
	Reenter(ctx context.Context, req stream.Request, watching bool) (leave func(), err error)
}

// Server plays streams as HLS. It is an http.Handler.
type Server struct {
	cfg      Config
	hub      *stream.Hub
	admit    Gatekeeper
	log      *slog.Logger
	signer   *signer
	sessions *pass.Sessions
	remotes  *remotes
	unkept   *unkept
	began    time.Time
	counts   counters

	mu sync.Mutex
	// All below is guarded by mu.
	streams  map[string]*entry
	waiting  []*entry // made, but without a segmenter yet
	running  bool
	appeared chan struct{} // closed and replaced when a stream is added

	wake chan struct{}
}

// entry is one session of a stream: its timeline and what its segmenter reads.
type entry struct {
	*timeline
	sub  *stream.Subscriber
	over bool // nothing reads sub any more; guarded by Server.mu

	elsewhere chan struct{} // closed once another node has a later push
	done      chan struct{} // closed when nothing is added any more
	once      sync.Once     // closes elsewhere
}

// New returns a server of the hub's streams. Run segments them.
func New(cfg Config, hub *stream.Hub, admit Gatekeeper, log *slog.Logger) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Server{
		remotes: newRemotes(cfg.CacheBytes), unkept: newUnkept(),
		cfg: cfg, hub: hub, admit: admit, log: log, signer: newSigner(cfg.NodeKey, cfg.PlayKey, cfg.PlayKeyBackup),
		sessions: pass.NewSessions(cfg.SessionIdle, cfg.SessionAge, cfg.MaxSessions), began: time.Now(),
		streams: make(map[string]*entry), wake: make(chan struct{}, 1), appeared: make(chan struct{}),
	}, nil
}

// Run segments every stream that is published until ctx ends. Then it waits until the other nodes have what players have yet
// to come for, two seconds at most; so this one must answer for that long. When it returns, none of its goroutines is left. It
// must not be called twice at a time.
func (s *Server) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer func() { // the last of each list
		ending := context.WithoutCancel(ctx)
		s.keepAll(ending)
		s.handOver(ending)
	}()
	defer wg.Wait()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	wg.Go(func() { s.keep(ctx) })
	s.setRunning(true)
	defer s.setRunning(false)
	defer s.hub.OnPublish(s.begin)()
	for _, name := range s.hub.Names() {
		if in, ok := s.hub.Info(name); ok && pushed(in) {
			s.begin(name)
		}
	}
	return stream.Tend(ctx, s.wake, sweepEvery, func() {
		for _, e := range s.takeWaiting() {
			wg.Go(func() { s.segment(ctx, e) })
		}
	}, s.sweep)
}

// setRunning says whether published streams find a segmenter. At the end those without one are forgotten.
func (s *Server) setRunning(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running = on; on {
		return
	}
	for _, e := range s.waiting {
		e.sub.Close()
		e.retire()
		delete(s.streams, e.name)
	}
	s.waiting = nil
}
