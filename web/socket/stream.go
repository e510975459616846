package socket

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"liveroom/chat"
	"liveroom/internal/writev"
)

// stream is the wire, and the line, of a session where WebSockets do not get through: the frames of the server are the
// events of one answer that does not end, those of the client the bodies of POSTs, which name the stream's key.
type stream struct {
	w     http.ResponseWriter // of whoever is the writer
	ctl   *http.ResponseController
	gone  <-chan struct{} // the client is
	key   string          // two of newID: streams are found by the first, the second proves
	posts chan post       // to the reader
	late  *time.Timer     // the read deadline
	ended chan struct{}   // nothing follows
	end   func()          // closes ended

	mu      sync.Mutex // guards what follows, and deadlines against the answer's end
	posting int        // POSTs under way
	writing bool       // in w
	over    bool       // the answer is complete: w is not ours any more
}

// post is what a POST brought, or why there is nothing.
type post struct {
	frame []byte
	err   error
}

// maxPosts is how many POSTs of one stream may be under way. A client that keeps its frames in order has one.
const maxPosts = 8

var (
	_ wire = (*stream)(nil)
	_ line = (*stream)(nil)
)

func newStream(w http.ResponseWriter, r *http.Request) *stream {
	ended := make(chan struct{})
	return &stream{
		w: w, ctl: http.NewResponseController(w), gone: r.Context().Done(), key: newID() + newID(),
		posts: make(chan post), late: time.NewTimer(time.Hour), ended: ended, end: sync.OnceFunc(func() { close(ended) }),
	}
}

// newStreamSession makes the session of a stream.
func newStreamSession(srv *Server, st *stream, from netip.Addr) *session {
	s := &session{}
	s.start(srv, st, writev.To(st), st, from)
	return s
}

// hello is the first event: the key of the client's POSTs, which may come to another node of a cluster than this one.
func (st *stream) hello(node string) []byte {
	key := st.key
	if node != "" {
		key += nodeMark + node
	}
	return []byte("event: open\ndata: {\"key\":\"" + key + "\"}\n\n")
}

// next implements wire: it waits for a POST.
func (st *stream) next() (op byte, payload []byte, err error) {
	select {
	case p := <-st.posts:
		return opText, p.frame, p.err
	case <-st.late.C:
		return 0, nil, os.ErrDeadlineExceeded
	case <-st.ended:
	case <-st.gone:
	}
	return 0, nil, io.EOF
}

// take hands over what a POST brought when the session asks for its next frame. It is false if that does not happen
// before ctx ends.
func (st *stream) take(ctx context.Context, p post) bool {
	select {
	case st.posts <- p:
		return true
	case <-st.ended:
	case <-st.gone:
	case <-ctx.Done():
	}
	return false
}

// release implements wire: bodies are nobody else's.
func (st *stream) release() {}

// shape implements wire. A ping is a comment, which keeps proxies from ending a silent answer; a close frame is its end.
func (st *stream) shape(frame []byte) []byte {
	switch frame[0] {
	case finText:
		return event(nil, frame)
	case finPing:
		return []byte(":\n\n")
	}
	return nil
}

// batch implements wire.
func (st *stream) batch(b *chat.Batch) delivery { return b.Frame(streamForm, encodeEvent) }

// encodeEvent builds the delivery of a batch to a stream.
func encodeEvent(b *chat.Batch) []byte {
	d := delivery(b.Frame(webSocketForm, encodeBatch))
	return event([]byte{d[0]}, d.frame())
}

// event appends the event that says what a text frame does. A line break may only stand between two tokens of JSON, where a
// space means the same; in an event it would begin another field.
func event(out, frame []byte) []byte {
	payload := unseal(frame)
	out = append(append(out, "data: "...), payload...)
	text := out[len(out)-len(payload):]
	for i, c := range text {
		if c == '\n' || c == '\r' {
			text[i] = ' '
		}
	}
	return append(out, "\n\n"...)
}

// Read implements line. What a stream's client sends it sends whole: nothing is left.
func (st *stream) Read([]byte) (int, error) { return 0, io.EOF }

// Write sends events. The deadline is taken back, because HTTP/2 ends a stream whose deadline passes in silence.
func (st *stream) Write(b []byte) (int, error) {
	if !st.begin() {
		return 0, net.ErrClosed
	}
	n, err := st.w.Write(b)
	if err == nil {
		err = st.ctl.Flush()
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.writing = false
	if err == nil {
		_ = st.ctl.SetWriteDeadline(time.Time{}) // a recorder in a test has none
	}
	return n, err
}

func (st *stream) begin() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.writing = !st.over
	return st.writing
}

// SetReadDeadline implements line.
func (st *stream) SetReadDeadline(t time.Time) error {
	st.late.Reset(time.Until(t))
	return nil
}

// SetWriteDeadline implements line.
func (st *stream) SetWriteDeadline(t time.Time) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.over {
		return net.ErrClosed
	}
	return st.ctl.SetWriteDeadline(t)
}

// CloseWrite is called when the last frame is written. The client is not waited for: it learns from the end of the answer.
func (st *stream) CloseWrite() error {
	st.end()
	return nil
}

// Close implements line. A write under way fails; the answer is complete when its handler returns.
func (st *stream) Close() error {
	st.end()
	st.mu.Lock()
	defer st.mu.Unlock()
	if !st.writing {
		return nil // a deadline in the past would cut off what is on its way
	}
	return st.ctl.SetWriteDeadline(time.Unix(1, 0))
}

// finish gives the answer back to the HTTP server. No writer is left.
func (st *stream) finish() {
	st.end()
	st.late.Stop()
	st.mu.Lock()
	defer st.mu.Unlock()
	st.over = true
}

// enter takes a place for a POST and says whether there was one; leave gives it back.
func (st *stream) enter() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.posting >= maxPosts {
		return false
	}
	st.posting++
	return true
}

func (st *stream) leave() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.posting--
}
