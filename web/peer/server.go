package peer

import (
	"bytes"
	"context"
	"crypto/subtle"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// maxBodyBytes bounds the body of a request.
const maxBodyBytes = 1 << 20

// skewLogged is how often at most the log is told that clocks disagree.
const skewLogged = time.Minute

// Server answers other nodes. Handlers are added before it serves.
type Server struct {
	self string
	key  []byte
	log  *slog.Logger
	mux  *http.ServeMux

	served atomic.Uint64

	mu      sync.Mutex // guards what follows
	refused map[string]uint64
	skewAt  time.Time // when clocks were last complained of
}

// NewServer returns what the node self answers nodes with that have the key.
func NewServer(self string, key []byte, log *slog.Logger) *Server {
	return &Server{self: self, key: key, log: log, mux: http.NewServeMux(), refused: map[string]uint64{}}
}

// Handle has h answer what pattern (http.ServeMux) matches; its path is under Prefix.
func (s *Server) Handle(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

// ServeHTTP leads a node's request to its handler, and refuses all others.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sig, why := verify(s.key, s.self, r, time.Now())
	if why == "" {
		why = checkBody(w, r, sig.body)
	}
	if why != "" {
		s.refuse(w, r, sig, why)
		return
	}
	s.served.Add(1)
	trust(r.Context())
	s.mux.ServeHTTP(w, r)
}

// checkBody reads a body and compares it with what was signed. Only who has the key gets this far.
func checkBody(w http.ResponseWriter, r *http.Request, want string) string {
	if want == noBody && r.ContentLength == 0 {
		return ""
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil || subtle.ConstantTimeCompare([]byte(hashed(body)), []byte(want)) == 0 {
		return whyBody
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return ""
}

// refuse answers who is no node. Clocks that disagree are the operator's business: only a node's own signature can be old.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, sig signature, why string) {
	now := time.Now()
	s.mu.Lock()
	s.refused[why]++
	tell := why == whyTime && now.Sub(s.skewAt) > skewLogged
	if tell {
		s.skewAt = now
	}
	s.mu.Unlock()
	if tell {
		s.log.Warn("request of another node refused: its clock and this node's differ by more than 30 s", "node", sig.node)
	} else {
		s.log.Debug("request between nodes refused", "why", why, "remote", r.RemoteAddr)
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, why, http.StatusUnauthorized)
}

// Stats are the server's figures since it was made.
type Stats struct {
	Served  uint64            // requests of nodes
	Refused map[string]uint64 // requests of others: unsigned, forged, time, body, other
}

// Stats returns the server's figures.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Served: s.served.Load(), Refused: maps.Clone(s.refused)}
}

// Trusted is a connection that counts for less once it is known to be another node's: many streams come over connections of
// one address then.
type Trusted interface {
	// Trust says that it is.
	Trust()
}

type connKey struct{}

// WithConn remembers the connection of a request (http.Server.ConnContext), for Trusted.
func WithConn(ctx context.Context, conn net.Conn) context.Context {
	if inner, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		conn = inner.NetConn()
	}
	if t, ok := conn.(Trusted); ok {
		return context.WithValue(ctx, connKey{}, t)
	}
	return ctx
}

func trust(ctx context.Context) {
	if t, ok := ctx.Value(connKey{}).(Trusted); ok {
		t.Trust()
	}
}
