package rtmp

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// writer sends on a connection, each write under its own deadline. Replies and media come from different goroutines; the
// mutex gives them their turns, so that one chunk is never inside another.
type writer struct {
	nc      net.Conn
	timeout time.Duration
	sent    *atomic.Uint64

	mu      sync.Mutex // held while writing
	pending net.Buffers
	joined  []byte // for transports without gathered writes (TLS)
}

// write sends one buffer.
func (w *writer) write(b []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.nc.SetWriteDeadline(time.Now().Add(w.timeout)); err != nil {
		return err
	}
	n, err := w.nc.Write(b)
	w.sent.Add(uint64(n)) //nolint:gosec // never negative
	return err
}

// writeAll sends buffers as one. The slice is used up, what its elements point to is not touched.
func (w *writer) writeAll(bufs [][]byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.nc.SetWriteDeadline(time.Now().Add(w.timeout)); err != nil {
		return err
	}
	if _, ok := w.nc.(*net.TCPConn); ok {
		w.pending = bufs
		n, err := w.pending.WriteTo(w.nc)
		w.sent.Add(uint64(n)) //nolint:gosec // never negative
		return err
	}
	w.joined = w.joined[:0]
	for _, b := range bufs {
		w.joined = append(w.joined, b...)
	}
	clear(bufs)
	n, err := w.nc.Write(w.joined)
	w.sent.Add(uint64(n)) //nolint:gosec // never negative
	if cap(w.joined) > playChunkBytes {
		w.joined = nil // a keyframe's memory is not kept for each of many players
	}
	return err
}
