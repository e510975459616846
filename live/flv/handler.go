package flv

import (
	"errors"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"

	"github.com/gorilla/websocket"

	"liveroom/address"
	"liveroom/internal/writev"
	"liveroom/live/stream"
)

// Detacher is a ResponseWriter of a server that counts requests under way: after Detach this one is, until done is called,
// although its handler returns.
type Detacher interface {
	Detach() (done func())
}

// detach finds the Detacher among a ResponseWriter and what it wraps.
func detach(w http.ResponseWriter) (done func()) {
	for {
		if d, ok := w.(Detacher); ok {
			return d.Detach()
		}
		inner, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return func() {}
		}
		w = inner.Unwrap()
	}
}

// ServeHTTP answers GET, HEAD and OPTIONS of /{app}/{stream}.flv. A viewer on a connection that can be taken over is served
// on after it returns, as Detacher says; any other is gone by then.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.recover()
	switch r.Method {
	case http.MethodGet:
		s.serve(w, r)
	case http.MethodHead:
		s.serveHead(w, r)
	case http.MethodOptions:
		w.Header().Set("Allow", allowed)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", allowed)
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
	}
}

const allowed = "GET, HEAD, OPTIONS"

// recover ends the connection, and nothing else, after a panic.
func (s *Server) recover() {
	p := recover()
	if p == nil {
		return
	}
	if p != http.ErrAbortHandler {
		s.panics.Add(1)
		s.log.Error("panic while playing flv", "panic", p, "stack", string(debug.Stack()))
	}
	panic(http.ErrAbortHandler)
}

// recoverPanic counts a panic in a goroutine of a viewer, which has no other frame to catch it.
func (s *Server) recoverPanic(message string) {
	if p := recover(); p != nil {
		s.panics.Add(1)
		s.log.Error(message, "panic", p, "stack", string(debug.Stack()))
	}
}

// serveHead says what a GET would be told, without playing.
func (s *Server) serveHead(w http.ResponseWriter, r *http.Request) {
	req, _, err := request(r, stream.FLV)
	if err == nil {
		err = s.admit.Authorize(r.Context(), req)
	}
	if err != nil {
		s.refuse(w, req, err)
		return
	}
	setMediaHeaders(w.Header())
	w.WriteHeader(http.StatusOK)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	protocol := stream.FLV
	if websocket.IsWebSocketUpgrade(r) {
		protocol = stream.WSFLV
	}
	req, only, err := request(r, protocol)
	if err != nil {
		s.refuse(w, req, err)
		return
	}
	sub, err := s.admit.Play(r.Context(), req)
	if err != nil {
		s.refuse(w, req, err)
		return
	}
	v := &viewer{server: s, sub: sub, only: only}
	if s.log.Enabled(r.Context(), slog.LevelDebug) {
		v.log = s.log.With("protocol", protocol, "app", address.Loggable(req.App), "stream", address.Loggable(req.Name), "remote", req.Remote)
		v.log.Debug("flv viewer begins")
	}
	if !s.join(v) {
		sub.Close()
		s.refuse(w, req, &stream.Refusal{Code: "stopping", Detail: "the server is stopping; try again in a moment", Temporary: true})
		return
	}
	s.play(v, w, r, req)
}

// play answers on a connection of its own, in a goroutine of its own, where the protocol lets it: what the request and
// net/http hold would else be held for as long as the viewer stays.
func (s *Server) play(v *viewer, w http.ResponseWriter, r *http.Request, req stream.Request) {
	var err error
	left := true
	defer func() {
		if left { // also after a panic
			s.over(v, err)
		}
	}()
	var play func() error
	if req.Protocol == stream.WSFLV {
		play, err = s.upgrade(v, w, r)
	} else {
		setMediaHeaders(w.Header())
		play, err = s.takeOver(v, w, r.ProtoAtLeast(1, 1))
		if errors.Is(err, http.ErrNotSupported) { // HTTP/2, or a wrapper that cannot
			err = s.playResponse(r.Context(), v, w, req)
		}
	}
	if play == nil {
		return
	}
	left = false
	go s.run(v, play, detach(w))
}

// run plays in a goroutine of the viewer's own, which its place among the viewers accounts for.
func (s *Server) run(v *viewer, play func() error, done func()) {
	err := errPanic
	defer done()
	defer func() { s.over(v, err) }()
	defer s.recoverPanic("panic while playing flv")
	err = play()
}

// takeOver takes the connection from net/http. The error is http.ErrNotSupported where there is none to take.
func (s *Server) takeOver(v *viewer, w http.ResponseWriter, chunks bool) (play func() error, err error) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	writev.Bound(conn, s.cfg.SendBufferBytes, s.cfg.UnsentBytes)
	out := newConnOutput(v, conn)
	out.head, out.chunks = responseHead(w.Header(), chunks), chunks
	return func() error { return s.playConn(v, out) }, nil
}

// over counts a viewer out.
func (s *Server) over(v *viewer, err error) {
	v.sub.Close()
	if tooSlow(err) {
		s.slow.Add(1)
	}
	if v.log != nil {
		v.log.Debug("flv viewer is gone", "reason", err, "lostTags", v.sub.Lost().Tags)
	}
	s.leave(v)
}

// setMediaHeaders sets what the response to a play says. It has no end, so it has no ranges, and a proxy that gathered it
// before passing it on would hold it for ever.
func setMediaHeaders(h http.Header) {
	h.Set("Content-Type", "video/x-flv")
	h.Set("Cache-Control", "no-store")
	h.Set("Accept-Ranges", "none")
	h.Set("X-Accel-Buffering", "no")
	h.Set("X-Content-Type-Options", "nosniff")
}

func (s *Server) refuse(w http.ResponseWriter, req stream.Request, err error) {
	code := WriteRefusal(w, err)
	s.mu.Lock()
	s.refused[code]++
	s.mu.Unlock()
	if code == codeInternal {
		s.log.Error("cannot admit flv viewer", "app", address.Loggable(req.App), "stream", address.Loggable(req.Name), "remote", req.Remote, "error", err)
		return
	}
	s.log.Debug("flv viewer refused", "code", code, "app", address.Loggable(req.App), "stream", address.Loggable(req.Name), "remote", req.Remote)
}

// tooSlow says whether a viewer was ended for not keeping up: it lost GOPs too often, or a write's deadline passed. The time
// limits of the system are for peers that are gone.
func tooSlow(err error) bool {
	return errors.Is(err, stream.ErrSlow) || errors.Is(err, os.ErrDeadlineExceeded)
}
