package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"liveroom/web/peer"
)

// Server is the public HTTP handler.
type Server struct {
	cfg        Config
	log        *slog.Logger
	rooms      Rooms
	chat       Chat
	accounts   Accounts
	guests     Guests
	sessions   Sessions
	words      Words
	audit      Audit
	files      Files
	levels     Levels
	draws      Draws
	relays     Relays
	pulls      Pulls
	likes      Likes
	follows    Follows
	ranking    Ranking
	guide      Guide
	anybody    shared // what guide recommends
	summaries  Summaries
	kinds      Kinds
	settings   Settings
	keys       Keys
	gifts      Gifts
	callbacks  *Callbacks
	broadcasts Broadcasts
	playbacks  Playbacks
	shifts     Shifts
	nodes      Nodes
	recordings Recordings
	socket     http.Handler
	media      http.Handler
	pages      http.Handler
	im         http.Handler
	peers      http.Handler

	fileExports   Exports // of recordings
	signRecording RecordingSigner

	screenshots Screenshots
	covers      *Covers

	tuning atomic.Pointer[Tuning]

	tokens    tokens
	failures  *limiter // failed authentications
	newcomer  *limiter // named guests
	crowd     *crowd   // requests under way
	exports   *crowd   // exports of draws under way
	origins   origins
	ownOrigin origin // of the public URL
	feed      *feed
	health    *health
	metrics   *metrics
	count     counters

	engine *gin.Engine
	api    huma.API
}

// counters are the server's own figures since its start.
type counters struct {
	authFailures, panics atomic.Uint64
	eventStreams, waits  atomic.Int64
	exports              atomic.Int64 // of draws
}

// New returns the handler. It is not ready until SetReady, and status changes reach waiting requests only while Run runs.
func New(cfg Config, deps Deps) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := errors.Join(cfg.Validate(), deps.validate()); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, log: deps.Log, rooms: deps.Rooms, chat: deps.Chat, accounts: deps.Accounts, guests: deps.Guests, words: deps.Words, files: deps.Files, levels: deps.Levels, audit: deps.Audit, callbacks: deps.Callbacks,
		draws: deps.Draws, exports: newCrowd(exportsOfAddress), likes: deps.Likes, follows: deps.Follows, ranking: deps.Ranking, guide: deps.Guide, summaries: deps.Summaries,
		sessions: deps.Sessions, ownOrigin: newOwnOrigin(cfg.PublicURL),
		kinds: deps.Kinds, settings: deps.Settings, keys: deps.Keys, gifts: deps.Gifts, broadcasts: deps.Broadcasts, recordings: deps.Recordings, fileExports: deps.Exports, signRecording: deps.SignRecording,
		playbacks: deps.Playbacks, shifts: deps.Shifts, nodes: deps.Nodes,
		relays:      deps.Relays,
		pulls:       deps.Pulls,
		screenshots: deps.Screenshots, covers: deps.Covers,
		socket: deps.Socket, media: deps.Media, pages: deps.Pages, im: deps.IM, peers: deps.Peers,
		tokens: newTokens(cfg.Tokens), failures: newLimiter(cfg.FailuresPerMinute), newcomer: newLimiter(cfg.GuestsPerMinute), crowd: newCrowd(cfg.MaxPerAddress),
		origins: newOrigins(cfg.Origins, cfg.PublicURL),
		feed:    newFeed(deps.Events, deps.Watch, cfg.Poll, deps.Log), health: newHealth(cfg.Version, deps.Checks, deps.Facts),
	}
	s.tuning.Store(&Tuning{})
	s.metrics = newMetrics(s, deps.Metrics)
	s.route()
	s.describe()
	return s, nil
}

// Run carries status changes to waiting requests and event streams until ctx ends; then these are sent away.
func (s *Server) Run(ctx context.Context) error { return s.feed.run(ctx) }

// SetReady says whether new clients should be sent here. It is false until it is called.
func (s *Server) SetReady(ready bool) { s.health.ready.Store(ready) }

// ServeHTTP leads a request to the handler it belongs to. Chat and media pass beside the router: they keep their
// connections for hours. So do Tencent's commands, which come in thousands a second and are counted by their door.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = s.arrive(w, r)
	defer s.recovered(r)
	s.bound(w, r, s.cfg.AnswerTimeout)
	if isPeer(r.URL.Path) { // no page's business, and no client's: another node asks for as many as it serves
		s.lead(s.peers, w, r)
		return
	}
	switch { // refusals too: the page tells its viewer why
	case isMedia(r.URL.Path):
		s.origins.share(w.Header(), r, exposedByMedia)
	case isChat(r.URL.Path):
		s.origins.share(w.Header(), r, exposedByChat)
	}
	from := remoteOf(r.Context())
	if !s.crowd.enter(from) {
		s.turnAway(w, r)
		drain(r)
		return
	}
	p := &place{ResponseWriter: w, leave: func() { s.crowd.leave(from) }}
	defer p.served()
	switch {
	case isChat(r.URL.Path):
		s.leadChat(p, r)
	case isMedia(r.URL.Path):
		s.leadMedia(p, r)
	case s.im != nil && isIM(r.URL.Path):
		s.lead(s.im, p, r)
	case s.files != nil && isFile(r.URL.Path):
		s.lead(http.HandlerFunc(s.serveFile), p, r)
	default:
		s.engine.ServeHTTP(w, r)
	}
	drain(r)
}

// maxDrained is how much of a body is read that nobody wanted: as much as net/http reads over HTTP/1.
const maxDrained = 256 << 10

// drain reads what is left of a body over HTTP/2, within the body's deadline. Without it the stream would be reset behind
// the answer, and there are clients (curl before 8) that then forget the answer. Who waits to be asked for the body is not.
func drain(r *http.Request) {
	if r.ProtoMajor >= 2 && r.Body != nil && r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, maxDrained)
	}
}

// Busy is a handler that says in its own words that an address has as many requests under way as it may.
type Busy interface {
	ServeBusy(w http.ResponseWriter, r *http.Request)
}

// turnAway answers whose address has too many requests under way.
func (s *Server) turnAway(w http.ResponseWriter, r *http.Request) {
	if door, ok := s.im.(Busy); ok && isIM(r.URL.Path) {
		door.ServeBusy(w, r)
		return
	}
	newProblem(http.StatusTooManyRequests, "too_many_requests", "this address has as many requests under way as it may").retry(5*time.Second).write(w, r.Context())
}

// leadChat hands over to the chat, if the page that asks may take part. Who is let in counts among the chat's connections,
// whose number per address it limits, and not among the requests under way: not for as long as an event stream lasts.
func (s *Server) leadChat(p *place, r *http.Request) {
	switch {
	case !s.origins.connects(r):
		newProblem(http.StatusForbidden, "forbidden_origin", "pages of this origin may not chat here; see cors-origins").write(p, r.Context())
	case r.Method == http.MethodOptions:
		s.origins.preflight(p.Header(), "GET, POST", "Content-Type")
		p.WriteHeader(http.StatusNoContent)
	default:
		if r.Method == http.MethodGet {
			p.Detach()()
		}
		s.lead(s.socket, p.ResponseWriter, r)
	}
}

// leadMedia hands over to play-out, if the page that asks may play.
func (s *Server) leadMedia(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodOptions {
		s.origins.preflight(w.Header(), "GET, HEAD", "Range")
	}
	if r.Header.Get("Upgrade") != "" && !s.origins.connects(r) {
		newProblem(http.StatusForbidden, "forbidden_origin", "pages of this origin may not play here; see cors-origins").write(w, r.Context())
		return
	}
	s.lead(s.media, w, r)
}

// bound gives an answer its deadline, and the body one of its own where there is one: also a body that nobody reads is
// waited for before the answer goes out. Both are set at each request, because a connection keeps what an earlier one
// set; whoever answers for longer (media, events) moves the first. A recorder in a test has none.
func (s *Server) bound(w http.ResponseWriter, r *http.Request, answer time.Duration) {
	deadlines, now := http.NewResponseController(w), time.Now()
	_ = deadlines.SetWriteDeadline(now.Add(answer))
	if r.Body != nil && r.Body != http.NoBody {
		_ = deadlines.SetReadDeadline(now.Add(s.cfg.BodyTimeout))
	}
}

// lead hands over to a handler that answers in its own time.
func (s *Server) lead(to http.Handler, w http.ResponseWriter, r *http.Request) {
	if to == nil {
		newProblem(http.StatusNotFound, "not_found", "this server doesn't offer it").write(w, r.Context())
		return
	}
	began := time.Now()
	to.ServeHTTP(w, r)
	if p, ok := w.(*place); ok && p.detached {
		return // its handler tells when it is over
	}
	if s.log.Enabled(r.Context(), slog.LevelDebug) {
		s.log.Debug("connection served", "requestId", requestID(r.Context()), "method", r.Method, "path", shownPath(r),
			"remote", r.RemoteAddr, "took", time.Since(began))
	}
}

// recovered ends the connection whose handler panicked, and nothing else.
func (s *Server) recovered(r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p != http.ErrAbortHandler {
		s.count.panics.Add(1)
		s.log.Error("panic in a request", "requestId", requestID(r.Context()), "path", shownPath(r), "panic", p, "stack", string(debug.Stack()))
	}
	panic(http.ErrAbortHandler)
}

// isChat says whether a path is one of the chat's: the WebSocket, the event stream, or a key of one.
func isChat(path string) bool {
	return path == "/chat" || path == "/chat/stream" || strings.HasPrefix(path, "/chat/stream/")
}

// isPeer says whether a path is one between nodes.
func isPeer(path string) bool { return strings.HasPrefix(path, peer.Prefix) }

// isIM says whether a path is one of Tencent's commands.
func isIM(path string) bool { return strings.HasPrefix(path, "/v4/") }

// isMedia says whether a path is /{app}/{stream}.flv, .m3u8, or of an HLS session (/{app}/{stream}/h/…, /p/…).
func isMedia(path string) bool {
	parts := strings.Split(path, "/")
	switch {
	case len(parts) == 3:
		return strings.HasSuffix(parts[2], ".flv") || strings.HasSuffix(parts[2], ".m3u8")
	case len(parts) >= 5:
		switch parts[3] {
		case "h", "p", "v", "f", "d": // of live and of recordings
			return true
		}
	}
	return false
}
