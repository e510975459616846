package rtmp

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/internal/writev"
)

// writer sends on a connection, each write under its own deadline. Replies and media come from different goroutines; the
// mutex gives them their turns, so that one chunk is never inside another.
type writer struct {
	nc      net.Conn
	timeout time.Duration
	sent    *atomic.Uint64

	mu      sync.Mutex // held while writing
	out     *writev.Writer
	armedAt time.Time // when the deadline in force was set
}

func newWriter(nc net.Conn, timeout time.Duration, sent *atomic.Uint64) *writer {
	return &writer{nc: nc, timeout: timeout, sent: sent, out: writev.New(nc)}
}

// write sends one buffer.
func (w *writer) write(b []byte) error { return w.writeAll([][]byte{b}) }

// writeAll sends buffers as one. What they hold is not touched, and not kept.
func (w *writer) writeAll(bufs [][]byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := time.Now(); now.Sub(w.armedAt) > w.timeout/10 { // setting one is not free: one that is nearly new is kept
		if err := w.nc.SetWriteDeadline(now.Add(w.timeout)); err != nil {
			return err
		}
		w.armedAt = now
	}
	n, err := w.out.Write(bufs)
	clear(bufs)
	w.sent.Add(uint64(n)) //nolint:gosec // never negative
	return err
}
