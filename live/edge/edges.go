package edge

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/live/stream"
)

// Config says who this node is and how patient. Zero durations take their defaults.
type Config struct {
	// Node is this node's id, as status news name it.
	Node string
	// Locate makes the news of a stream come again (live.Service.Locate). It is asked where news may have been lost.
	// Neither news nor an error: the stream is nowhere.
	Locate func(ctx context.Context, name string) error
	// Silence is how long nothing may come from an origin, which tells each KeepAlive that it is there. Default 4 s.
	Silence time.Duration
	// Linger is how long a stream is pulled on after its last viewer has gone. Default 5 s.
	Linger time.Duration
}

// KeepAlive is how often an origin gives a sign of life where there is no media (flv.Config).
const KeepAlive = time.Second

// Peers asks other nodes (peer.Client).
type Peers interface {
	// Get asks for a path between nodes. The caller closes the body.
	Get(ctx context.Context, node, path, query string) (*http.Response, error)
}

// Edges are the streams of other nodes on this one.
type Edges struct {
	cfg   Config
	hub   *stream.Hub
	peers Peers
	log   *slog.Logger
	count counters

	locating chan struct{} // holds a place for each look-up

	wake chan struct{} // tells Run that a stream is to be pulled

	mu       sync.Mutex // guards what follows
	places   map[string]*place
	starting []*place
	nowhere  map[string]time.Time           // streams that the store did not know, and when
	given    map[string]map[*given]struct{} // what other nodes pull from this one, by stream
}

// counters are figures since the start.
type counters struct {
	pulling                          atomic.Int64
	pulls, failures, silences, moves atomic.Uint64
	bytes                            atomic.Uint64
}

// New returns edges that pull into hub while Run runs.
func New(cfg Config, hub *stream.Hub, peers Peers, log *slog.Logger) *Edges {
	if cfg.Silence <= 0 {
		cfg.Silence = 4 * time.Second
	}
	if cfg.Linger <= 0 {
		cfg.Linger = 5 * time.Second
	}
	return &Edges{cfg: cfg, hub: hub, peers: peers, log: log, wake: make(chan struct{}, 1), places: make(map[string]*place), given: make(map[string]map[*given]struct{}), nowhere: make(map[string]time.Time), locating: make(chan struct{}, maxLocating)}
}

// sweepEvery is how often streams that are over are looked for.
const sweepEvery = 10 * time.Second

// Run pulls what is watched here and pushed elsewhere until ctx ends. When it returns, nothing it started is left.
func (e *Edges) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	return stream.Tend(ctx, e.wake, sweepEvery, func() {
		for _, p := range e.takeStarting() {
			wg.Go(func() { e.run(ctx, p) })
		}
	}, e.sweep)
}

// Stats are figures since the start; Pulling is that of this moment.
type Stats struct {
	Pulling  int    // streams of other nodes that come here
	Pulls    uint64 // connections made for that
	Failures uint64 // connections that could not be made, or broke
	Silences uint64 // of them, those over which nothing came any more
	Moves    uint64 // pulls that went on at another node, or with another push
	BytesIn  uint64 // FLV bytes
}

// Stats returns the figures.
func (e *Edges) Stats() Stats {
	c := &e.count
	return Stats{
		Pulling: int(c.pulling.Load()), Pulls: c.pulls.Load(), Failures: c.failures.Load(), Silences: c.silences.Load(),
		Moves: c.moves.Load(), BytesIn: c.bytes.Load(),
	}
}

// Bounds of the time between two tries to reach an origin. The first comes at once: most often the news was faster than the push.
const (
	firstWait = 20 * time.Millisecond
	maxWait   = 2 * time.Second
)

// waitFor is how long to wait before a try: longer after each failure, and by chance, so that edges don't come together.
func waitFor(failures int) time.Duration {
	d := firstWait << min(failures, 10)
	if d > maxWait {
		d = maxWait
	}
	return d/2 + rand.N(d/2)
}
