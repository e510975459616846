package flv

import (
	"context"
	"errors"
	"net"
	"net/http"
	"runtime/debug"

	"github.com/gorilla/websocket"

	"liveroom/address"
	"liveroom/live/stream"
)

// ServeHTTP answers GET and HEAD of /{app}/{stream}.flv, and OPTIONS for pages on other origins. It returns when the
// viewer is gone.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.recover()
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		s.serve(w, r)
	case http.MethodOptions:
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "Range")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
	default:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
	}
}

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

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	protocol := stream.FLV
	if websocket.IsWebSocketUpgrade(r) {
		protocol = stream.WSFLV
	}
	req, err := request(r, protocol)
	if err != nil {
		s.refuse(w, req, err)
		return
	}
	sub, err := s.admit.Play(r.Context(), req)
	if err != nil {
		s.refuse(w, req, err)
		return
	}
	defer sub.Close()
	if r.Method == http.MethodHead {
		setMediaHeaders(w.Header())
		w.WriteHeader(http.StatusOK)
		return
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	v := &viewer{
		sub: sub, cancel: cancel, ctx: ctx, bytes: &s.bytes,
		timeout: s.cfg.WriteTimeout, sendBuffer: s.cfg.SendBufferBytes,
	}
	if !s.join(v) {
		s.refuse(w, req, &stream.Refusal{Code: "stopping", Detail: "the server is stopping; try again in a moment", Temporary: true})
		return
	}
	defer s.leave(v)
	sub.SetIdle(s.cfg.KeepAlive)
	log := s.log.With("protocol", protocol, "app", address.Loggable(req.App), "stream", address.Loggable(req.Name), "remote", req.Remote)
	log.Debug("flv viewer begins")
	err = s.play(v, w, r, req)
	if errors.Is(err, stream.ErrSlow) || isTimeout(err) {
		s.slow.Add(1)
	}
	log.Debug("flv viewer is gone", "reason", err, "lostTags", sub.Lost().Tags)
}

// play takes the connection over as the protocol asks, and plays until one side ends it.
func (s *Server) play(v *viewer, w http.ResponseWriter, r *http.Request, req stream.Request) error {
	if req.Protocol == stream.WSFLV {
		return s.playWebSocket(v, w, r)
	}
	setMediaHeaders(w.Header())
	conn, _, err := http.NewResponseController(w).Hijack()
	if errors.Is(err, http.ErrNotSupported) { // HTTP/2, or a wrapper that cannot
		return s.playResponse(v, w, req)
	}
	if err != nil {
		return err
	}
	return s.playConn(v, conn, w.Header(), r.ProtoAtLeast(1, 1))
}

// setMediaHeaders sets what the response to a play says.
func setMediaHeaders(h http.Header) {
	h.Set("Content-Type", "video/x-flv")
	h.Set("Cache-Control", "no-store")
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

// isTimeout says whether a write deadline passed.
func isTimeout(err error) bool {
	ne, ok := errors.AsType[net.Error](err)
	return ok && ne.Timeout()
}
