package socket

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"liveroom/chat"
	"liveroom/chat/account"
)

// Rooms is what the door needs of the chat.
type Rooms interface {
	Recalls
	Groups
	Moderation
	People
	Values
	Presence
	Letters
	Join(ctx context.Context, group string, who chat.Identity, sess chat.Session, since *chat.Position) (chat.Joined, error)
	Leave(group string, sess chat.Session)
	Lost(group string, sess chat.Session, heard time.Time)
	SendWith(ctx context.Context, m chat.Message, who chat.Identity, how chat.SendOptions) (chat.Ack, error)
	History(ctx context.Context, group string, n int) ([]*chat.Message, error)
}

// Accounts knows people (account.Service). In Login an empty user takes the UserSig's word for who it is.
type Accounts interface {
	Login(ctx context.Context, user, userSig string) (chat.Identity, error)
	Profiles(ctx context.Context, users []string) ([]account.Account, error)
	SetOwnProfile(ctx context.Context, user string, p account.Patch) (account.Account, error)
}

// Server is the door. It is an http.Handler that serves while Run runs: who comes before waits, who comes after is refused.
type Server struct {
	cfg      Config
	rooms    Rooms
	accounts Accounts
	log      *slog.Logger

	upgrader websocket.Upgrader
	scratch  sync.Pool // of *pieces
	readBufs sync.Pool // of *[]byte
	guard    *guard
	sessions registry
	streams  streams
	passing  chan struct{} // a place for each POST that is another node's
	clerks   clerks
	count    counters
	writers  atomic.Int64
	resuming atomic.Int64 // bytes of large resume answers under way

	started chan struct{} // closed when Run begins

	mu   sync.Mutex      // guards what follows, and wg.Go of readers against wg.Wait
	open bool            // Run runs and is not draining
	ran  bool            // Run was called
	base context.Context // of every op
	wg   sync.WaitGroup  // readers and writers
}

// New checks cfg and returns a Server that serves once Run does.
func New(cfg Config, rooms Rooms, accounts Accounts, log *slog.Logger) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, rooms: rooms, accounts: accounts, log: log,
		guard:    newGuard(cfg),
		sessions: registry{byID: map[string]*session{}},
		streams:  streams{byHandle: map[string]*stream{}},
		passing:  make(chan struct{}, maxPassing),
		started:  make(chan struct{}),
	}
	s.scratch.New = func() any { return &pieces{bufs: make([][]byte, 0, maxWriteFrames)} }
	s.readBufs.New = func() any { b := make([]byte, 0, 1<<10); return &b }
	s.upgrader = websocket.Upgrader{
		HandshakeTimeout: cfg.HandshakeTimeout,
		ReadBufferSize:   512,
		WriteBufferPool:  &sync.Pool{}, // never used: gorilla does not write
		WriteBufferSize:  512,
		CheckOrigin:      func(*http.Request) bool { return true }, // no cookies are used (design §3)
		Error: func(w http.ResponseWriter, _ *http.Request, status int, err error) {
			refuse(w, status, "bad_upgrade", err.Error())
		},
	}
	return s, nil
}

// ServeHTTP leads to the way in that a path names: streams, or else a WebSocket.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch key, ofStream := strings.CutPrefix(r.URL.Path, streamPath+"/"); {
	case ofStream:
		s.post(w, r, key)
	case r.URL.Path == streamPath:
		s.openStream(w, r)
	default:
		s.upgrade(w, r)
	}
}

// admit takes a place for whoever asks, and answers if there is none. A program that starts may listen a moment before Run
// does its part; who comes in that moment, perhaps thousands that a restart sent away, must not be told to come back later.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) (from netip.Addr, ok bool) {
	select {
	case <-s.started:
	case <-r.Context().Done():
	}
	if !s.isOpen() {
		s.refuseStopping(w)
		return from, false
	}
	from = s.cfg.ClientAddr(r)
	switch s.guard.admit(chat.Network(from)) {
	case full:
		s.count.refusedFull.Add(1)
		w.Header().Set("Retry-After", "10")
		refuse(w, http.StatusServiceUnavailable, "too_many_sockets", "the chat has as many connections as it may; try again later")
		return from, false
	case crowded:
		s.count.refusedAddress.Add(1)
		refuse(w, http.StatusTooManyRequests, "too_many_sockets_from_address", "this address has as many chat connections as it may")
		return from, false
	case admitted:
	}
	return from, true
}

// upgrade makes a request a WebSocket and returns; the connection lives on in a goroutine of its own, whose stack is small
// because it never saw the request.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) {
	from, ok := s.admit(w, r)
	if !ok {
		return
	}
	t := &takeover{ResponseWriter: w}
	_, err := s.upgrader.Upgrade(t, r, nil)
	if err != nil {
		s.guard.leave(chat.Network(from))
		s.log.Debug("chat upgrade failed", "remote", from, "err", err)
		return
	}
	s.count.accepted.Add(1)
	sess := newWebSocket(s, t.conn, from)
	if !s.begin(sess) {
		s.guard.leave(chat.Network(from))
		_ = t.conn.Close() // the server stopped meanwhile
		return
	}
	go s.serve(sess)
}

func (s *Server) refuseStopping(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "2")
	refuse(w, http.StatusServiceUnavailable, "stopping", "the chat is not taking connections at the moment; try again")
}

// refuse answers a request that does not become a connection.
func refuse(w http.ResponseWriter, status int, code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // the client is gone: nobody to tell
		"status": status, "title": http.StatusText(status), "code": code, "detail": detail,
	})
}

func (s *Server) isOpen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// begin counts a session among those that Run waits for, unless it does already. Who calls it calls serve.
func (s *Server) begin(sess *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open {
		return false
	}
	sess.ctx = s.base
	s.sessions.add(sess)
	s.wg.Add(1)
	return true
}

// serve is a session's life.
func (s *Server) serve(sess *session) {
	defer s.wg.Done()
	sess.run()
}

func (s *Server) lend() *pieces { return s.scratch.Get().(*pieces) }

func (s *Server) giveBack(p *pieces) {
	clear(p.bufs) // what was written may be forgotten
	p.bufs = p.bufs[:0]
	s.scratch.Put(p)
}

// newID returns 128 random bits as text.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// isID says whether s may be an id of newID. A client that comes back brings the one it had, so that its play sessions,
// which name it, go on being its own. It grants nothing: who claims another's only counts as the same viewer.
func isID(s string) bool {
	if len(s) != 22 {
		return false
	}
	_, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil
}

var errRanTwice = errors.New("socket: Run called twice")

// Run serves until ctx ends. Then it tells every client to come back a little later, each at another moment, closes all
// and returns when nothing it started is running.
func (s *Server) Run(ctx context.Context) error {
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	s.mu.Lock()
	if s.ran {
		s.mu.Unlock()
		return errRanTwice
	}
	s.ran, s.open, s.base = true, true, base
	s.mu.Unlock()
	close(s.started)

	s.keepAlive(ctx)
	s.drain(cancel)
	s.clerks.dismiss()
	return context.Cause(ctx)
}

// keepAlive pings who is silent, until ctx ends.
func (s *Server) keepAlive(ctx context.Context) {
	const steps = 15 // of PingEvery: how exact a ping is
	tick := time.NewTicker(max(s.cfg.PingEvery/steps, time.Millisecond))
	defer tick.Stop()
	var buf []*session
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			buf = s.sessions.all(buf[:0])
			for _, sess := range buf {
				sess.pingIfSilent(now)
			}
			clear(buf)
		}
	}
}

// drain sends everybody away and waits; who does not go in time is cut off.
func (s *Server) drain(cancel context.CancelFunc) {
	s.mu.Lock()
	s.open = false
	s.mu.Unlock()
	for _, sess := range s.sessions.all(nil) {
		sess.shut(goingAway, "")
	}
	gone := make(chan struct{})
	go func() {
		s.wg.Wait()
		close(gone)
	}()
	late := time.NewTimer(s.cfg.CloseTimeout + time.Second)
	defer late.Stop()
	select {
	case <-gone:
		return
	case <-late.C:
	}
	cancel()
	for _, sess := range s.sessions.all(nil) {
		_ = sess.line.Close() // its reader and writer notice
	}
	<-gone
}

var _ http.Handler = (*Server)(nil)

// addrOf is for logs: who is calling, without the zone.
func addrOf(p netip.Prefix) string { return p.Addr().String() }
