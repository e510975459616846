package flv

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"liveroom/live/stream"
)

// Config bounds what a viewer may cost. Zero fields take their defaults.
type Config struct {
	// WriteTimeout is how long one write may take before the viewer is closed. Default 10 s.
	WriteTimeout time.Duration
	// KeepAlive is the silence after which an empty script tag is sent. Default 10 s.
	KeepAlive time.Duration
	// SendBufferBytes is the kernel's send buffer per viewer (it keeps about twice that, its own books included): what may
	// be on its way to the viewer. Default 512 KiB.
	SendBufferBytes int
	// UnsentBytes is how much of that may wait for its first sending, where the system knows such a bound: what lies there is
	// late already, and hides that the viewer is slow. Default 128 KiB.
	UnsentBytes int
}

// Validate names the first field with a value that makes no sense.
func (c Config) Validate() error {
	switch {
	case c.WriteTimeout < 0:
		return fmt.Errorf("flv: WriteTimeout is %v, must not be negative", c.WriteTimeout)
	case c.KeepAlive < 0:
		return fmt.Errorf("flv: KeepAlive is %v, must not be negative", c.KeepAlive)
	case c.SendBufferBytes < 0:
		return fmt.Errorf("flv: SendBufferBytes is %d, must not be negative", c.SendBufferBytes)
	case c.UnsentBytes < 0:
		return fmt.Errorf("flv: UnsentBytes is %d, must not be negative", c.UnsentBytes)
	}
	return nil
}

func (c Config) withDefaults() Config {
	if c.WriteTimeout <= 0 {
		c.WriteTimeout = 10 * time.Second
	}
	if c.KeepAlive <= 0 {
		c.KeepAlive = 10 * time.Second
	}
	if c.SendBufferBytes <= 0 {
		c.SendBufferBytes = 512 << 10
	}
	if c.UnsentBytes <= 0 {
		c.UnsentBytes = 128 << 10
	}
	return c
}

// Player decides whether a request may play. A *stream.Refusal is told to the client.
type Player interface {
	// Play subscribes who may play. The server closes the subscriber.
	Play(ctx context.Context, r stream.Request) (*stream.Subscriber, error)
	// Authorize only says whether Play would.
	Authorize(ctx context.Context, r stream.Request) error
}

// Server plays streams over HTTP, from New until Run or Shutdown end it.
type Server struct {
	cfg   Config
	admit Player
	log   *slog.Logger
	ws    websocket.Upgrader

	played, slow, panics, bytes atomic.Uint64

	mu sync.Mutex
	// Guarded by mu: who plays, how often was refused, and whether it is over.
	viewers map[*viewer]struct{}
	refused map[string]uint64
	stopped bool

	wg sync.WaitGroup // one for each viewer, added only under mu while not stopped; its reader adds to that
}

// New returns a server. It starts no goroutine.
func New(cfg Config, admit Player, log *slog.Logger) *Server {
	return &Server{
		cfg: cfg.withDefaults(), admit: admit, log: log,
		ws: websocket.Upgrader{
			ReadBufferSize: 512, WriteBufferSize: 512, WriteBufferPool: &sync.Pool{},
			CheckOrigin: func(*http.Request) bool { return true }, // who leads here asks where the page is from
		},
		viewers: make(map[*viewer]struct{}),
		refused: make(map[string]uint64),
	}
}

// Run waits until ctx ends and then shuts down. When it returns, no viewer is left.
func (s *Server) Run(ctx context.Context) error {
	<-ctx.Done()
	s.Shutdown()
	return context.Cause(ctx)
}

// Shutdown ends all viewers, waits for them, and refuses new ones.
func (s *Server) Shutdown() {
	s.mu.Lock()
	s.stopped = true
	all := make([]*viewer, 0, len(s.viewers))
	for v := range s.viewers {
		all = append(all, v)
	}
	s.mu.Unlock()
	for _, v := range all {
		v.end(errShutdown)
	}
	s.wg.Wait()
}

// Stats are the server's figures since it was made; Playing is that of this moment.
type Stats struct {
	Playing    int
	Played     uint64
	ClosedSlow uint64            // viewers closed because they took no data in time or lost GOPs too often
	Panics     uint64            // viewers ended by a fault of ours
	BytesOut   uint64            // FLV bytes written
	Refused    map[string]uint64 // by refusal code
}

// Stats returns the server's figures.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		Playing: len(s.viewers), Played: s.played.Load(), ClosedSlow: s.slow.Load(), Panics: s.panics.Load(),
		BytesOut: s.bytes.Load(), Refused: maps.Clone(s.refused),
	}
}

// join counts a viewer in, unless the server has stopped.
func (s *Server) join(v *viewer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.viewers[v] = struct{}{}
	s.wg.Add(1)
	s.played.Add(1)
	return true
}

func (s *Server) leave(v *viewer) {
	s.mu.Lock()
	delete(s.viewers, v)
	s.mu.Unlock()
	s.wg.Done()
}
