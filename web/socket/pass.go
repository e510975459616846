package socket

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"liveroom/web/peer"
)

// PeerPath is where other nodes bring what was posted to them for a stream of this one: PeerPath + the stream's key.
const PeerPath = "/internal/chat/stream/"

const (
	// nodeMark stands in a key before the node that has the stream. No other part of a key has it.
	nodeMark = "."

	maxPassing     = 1024    // POSTs under way to other nodes; those that are still coming here are none
	maxPassedReply = 4 << 10 // of an answer that is passed back
)

// Peers asks other nodes.
type Peers interface {
	// Do asks a node that is alive. The caller closes the body.
	Do(ctx context.Context, call peer.Call) (*http.Response, error)
}

// pass has another node take what was posted here for a stream of its own: whoever is between may send a client's POSTs to any
// node. Its answer is the answer. A node that lives no more has no streams.
func (s *Server) pass(w http.ResponseWriter, r *http.Request, key, node string) {
	frame, err := io.ReadAll(io.LimitReader(r.Body, maxFrameBytes+1)) // one that is too big is so there as well
	if err != nil {
		refuse(w, http.StatusBadRequest, "bad_body", "the frame did not arrive whole")
		return
	}
	select {
	case s.passing <- struct{}{}:
		defer func() { <-s.passing }()
	default:
		refuseBusy(w)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.cfg.OpTimeout)
	defer cancel()
	answer, err := s.cfg.Peers.Do(ctx, peer.Call{Node: node, Method: http.MethodPost, Path: PeerPath + url.PathEscape(key), Body: frame})
	if err != nil {
		s.log.Debug("a frame could not be passed on to the node of its stream", "node", node) // the error may show the key
		refuseGone(w)
		return
	}
	defer func() { _ = answer.Body.Close() }()
	for _, name := range []string{"Content-Type", "Retry-After"} {
		if value := answer.Header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, io.LimitReader(answer.Body, maxPassedReply)) // the client is gone, or the node: nobody to tell
}

// ServePeer takes what was posted to another node for a stream of this one. The path has the stream's key as {key}.
func (s *Server) ServePeer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	secret, _, _ := strings.Cut(r.PathValue("key"), nodeMark)
	s.postHere(w, r, secret)
}
