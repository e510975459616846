package rtmp

import (
	"bufio"
	"io"

	"github.com/yutopp/go-rtmp/handshake"
)

// shake does the server's side of the simple handshake. The caller has set one deadline for all of it on the connection.
// The digest of the "complex" handshake is not looked at: its clients fall back when the server does not answer it.
func shake(r *bufio.Reader, w io.Writer) error {
	version, err := r.Peek(1)
	if err != nil {
		return err
	}
	// Others exist only on paper or encrypt (RTMPE); HTTP and TLS at the wrong port are turned away by this, too.
	if version[0] != 3 {
		return protocolError("handshake version %d", version[0])
	}
	buffered := &handshakeIO{r: r, w: bufio.NewWriterSize(w, 4<<10)}
	// What C2 echoes proves nothing and several encoders do not echo, so it is not compared.
	return handshake.HandshakeWithClient(buffered, buffered.w, &handshake.Config{SkipHandshakeVerification: true})
}

// handshakeIO joins the small writes of the handshake and lets them go before it waits for the peer.
type handshakeIO struct {
	r *bufio.Reader
	w *bufio.Writer
}

func (h *handshakeIO) Read(p []byte) (int, error) {
	if h.r.Buffered() == 0 {
		if err := h.w.Flush(); err != nil {
			return 0, err
		}
	}
	return h.r.Read(p)
}
