package socket

import (
	"net"
	"net/netip"

	"liveroom/chat"
)

// Forms of a batch (chat.Batch.Frame).
const webSocketForm = 0

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

var _ wire = (*frames)(nil)

// shape implements wire.
func (f *frames) shape(frame []byte) []byte { return frame }

// batch implements wire.
func (f *frames) batch(b *chat.Batch) delivery { return b.Frame(webSocketForm, encodeBatch) }

// newWebSocket makes the session of an upgraded connection. Its wire lies beside it: thousands are held.
func newWebSocket(srv *Server, conn net.Conn, from netip.Prefix) *session {
	both := &struct {
		session
		frames
	}{frames: frames{in: newInput(conn), lent: &srv.readBufs}}
	both.session.start(srv, conn, &both.frames, from)
	return &both.session
}
