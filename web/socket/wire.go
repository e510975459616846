package socket

import (
	"io"
	"net"
	"net/netip"
	"time"

	"liveroom/chat"
	"liveroom/internal/writev"
)

// Forms of a batch (chat.Batch.Frame).
const (
	webSocketForm = iota
	streamForm
)

// wire is how the frames of one session travel. Whatever is said is made as a frame of a WebSocket; the wire knows what its
// client gets of it.
type wire interface {
	// next reads the next message or control frame. The payload is valid until the next call. Errors are final.
	next() (op byte, payload []byte, err error)
	// release gives back what next borrowed, once nothing is read any more.
	release()
	// shape is what the client gets of a frame; nil: nothing.
	shape(frame []byte) []byte
	// batch is what it gets of a batch, shared with all whose wire is of this kind.
	batch(b *chat.Batch) delivery
}

// line is the connection below a wire, as far as a session needs it; net.Conn says what its methods do.
type line interface {
	io.Reader // of what nobody wants any more
	io.Closer
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

var _ wire = (*frames)(nil)

// shape implements wire.
func (f *frames) shape(frame []byte) []byte { return frame }

// batch implements wire.
func (f *frames) batch(b *chat.Batch) delivery { return b.Frame(webSocketForm, encodeBatch) }

// newWebSocket makes the session of an upgraded connection. Its wire lies beside it: thousands are held.
func newWebSocket(srv *Server, conn net.Conn, from netip.Addr) *session {
	both := &struct {
		session
		frames
	}{frames: frames{in: newInput(conn), lent: &srv.readBufs}}
	both.session.start(srv, conn, writev.New(conn), &both.frames, from)
	writev.Bound(conn, sendBuffer, unsentBytes)
	return &both.session
}
