package socket

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"liveroom/chat"
)

// streamPath is where streams are opened; below it their keys take POSTs.
const streamPath = "/chat/stream"

// streams knows the open streams by the first half of their keys.
type streams struct {
	mu       sync.Mutex
	byHandle map[string]*stream
}

func handleOf(key string) string { return key[:len(key)/2] }

func (all *streams) add(st *stream) {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.byHandle[handleOf(st.key)] = st
}

func (all *streams) remove(st *stream) {
	all.mu.Lock()
	defer all.mu.Unlock()
	delete(all.byHandle, handleOf(st.key))
}

// find returns the stream with that key, in a time that tells nothing of how much of the key's second half is right.
func (all *streams) find(key string) *stream {
	all.mu.Lock()
	defer all.mu.Unlock()
	st := all.byHandle[handleOf(key)]
	if st == nil || subtle.ConstantTimeCompare([]byte(st.key), []byte(key)) != 1 {
		return nil
	}
	return st
}

// open is how many there are.
func (all *streams) open() int {
	all.mu.Lock()
	defer all.mu.Unlock()
	return len(all.byHandle)
}

// openStream answers with a stream and returns when its session has ended.
func (s *Server) openStream(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		notAllowed(w, http.MethodGet)
		return
	}
	from, ok := s.admit(w, r)
	if !ok {
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would keep events until it has a page of them
	st := newStream(w, r)
	defer st.finish()
	sess := newStreamSession(s, st, from)
	if !s.begin(sess) {
		s.guard.leave(chat.Network(from))
		s.refuseStopping(w)
		return
	}
	s.count.accepted.Add(1)
	s.streams.add(st)
	defer s.streams.remove(st)
	sess.startWriter(sess.queue.push(st.hello(s.cfg.Node)))
	s.serve(sess)
}

// post takes one frame for a stream. The frame is answered there.
func (s *Server) post(w http.ResponseWriter, r *http.Request, key string) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		notAllowed(w, http.MethodPost)
		return
	}
	secret, node, _ := strings.Cut(key, nodeMark)
	if s.cfg.Peers != nil && node != "" && node != s.cfg.Node {
		s.pass(w, r, key, node)
		return
	}
	s.postHere(w, r, secret)
}

// postHere is post for a stream of this node.
func (s *Server) postHere(w http.ResponseWriter, r *http.Request, secret string) {
	st := s.streams.find(secret)
	if st == nil {
		refuseGone(w)
		return
	}
	if !st.enter() {
		refuseBusy(w)
		return
	}
	defer st.leave()
	p, ok := readPost(w, r)
	if !ok {
		refuse(w, http.StatusBadRequest, "bad_body", "the frame did not arrive whole")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.cfg.OpTimeout)
	defer cancel()
	switch taken := st.take(ctx, p); {
	case errors.Is(p.err, errFrameTooBig):
		refuse(w, http.StatusRequestEntityTooLarge, "too_big", p.err.Error())
	case taken:
		w.WriteHeader(http.StatusNoContent)
	case ctx.Err() != nil:
		refuseBusy(w)
	default:
		refuseGone(w)
	}
}

// readPost reads the body of a POST. It is false if that breaks off: what came of it is forgotten.
func readPost(w http.ResponseWriter, r *http.Request) (p post, ok bool) {
	var err error
	var tooBig *http.MaxBytesError
	if p.frame, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxFrameBytes)); errors.As(err, &tooBig) {
		return post{err: errFrameTooBig}, true
	}
	return p, err == nil
}

func refuseGone(w http.ResponseWriter) {
	refuse(w, http.StatusNotFound, "no_such_stream", "the stream has ended; open another one")
}

func refuseBusy(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	refuse(w, http.StatusTooManyRequests, "too_many_posts", "frames of this stream are still waiting; send one after the other, and read the answers")
}

func notAllowed(w http.ResponseWriter, method string) {
	w.Header().Set("Allow", method)
	refuse(w, http.StatusMethodNotAllowed, "method_not_allowed", "only "+method+" is answered here")
}
