// Package writev writes several buffers to a connection at once: the tags of a merged write, shared by all who watch, go to
// each of them without being copied or joined. The buffers are only read.
package writev

import (
	"io"
	"net"
	"sync"
)

// Plain is a connection that watches over a TCP connection without changing what is written to it: a listener may count
// its connections, for example. What is written to TCP's is what the peer reads, which is why this is not the NetConn of
// a TLS connection.
type Plain interface {
	net.Conn
	TCP() *net.TCPConn
}

// TCP is the TCP connection that conn's bytes go out and come in on as they are, nil if there is none.
func TCP(conn net.Conn) *net.TCPConn {
	switch c := conn.(type) {
	case *net.TCPConn:
		return c
	case Plain:
		return c.TCP()
	default:
		return nil
	}
}

// Writer writes to one connection. Its calls must not overlap; it keeps no buffer between them.
type Writer struct {
	out    io.Writer
	vector *vector // nil where each write is of a copy
}

// New returns a writer for conn. On TCP, plain or watched over, a Write is one vectored system call, elsewhere (TLS) one
// write of a copy, so that merged buffers share a record.
func New(conn net.Conn) *Writer {
	return &Writer{out: conn, vector: newVector(TCP(conn))}
}

// To returns a writer for what is no connection. Each write is one of a copy.
func To(w io.Writer) *Writer { return &Writer{out: w} }

// Write writes all pieces and returns the number of bytes written, all of them if there is no error. The connection's
// write deadline holds.
func (w *Writer) Write(pieces [][]byte) (int64, error) {
	if w.vector != nil {
		return w.vector.write(pieces)
	}
	return Join(w.out, pieces)
}

// Try writes what the system takes of the pieces at this moment, without waiting and without looking at the write deadline,
// and returns how many bytes that was: fewer than there are if the rest would have to wait. Where a connection cannot be
// asked (TLS), nothing is taken. A Try and a Write must not overlap.
func (w *Writer) Try(pieces [][]byte) (int, error) {
	if w.vector == nil {
		return 0, nil
	}
	return w.vector.tryNow(pieces)
}

// Join writes all pieces in one Write of a copy, and returns what that returns.
func Join(w io.Writer, pieces [][]byte) (int64, error) {
	flat := flats.Get().(*[]byte)
	*flat = (*flat)[:0]
	for _, p := range pieces {
		*flat = append(*flat, p...)
	}
	n, err := w.Write(*flat)
	if cap(*flat) <= maxFlatBytes { // a large keyframe's memory is not kept
		flats.Put(flat)
	}
	return int64(n), err
}

// maxFlatBytes is the largest copy kept for the next write.
const maxFlatBytes = 256 << 10

var flats = sync.Pool{New: func() any { return new([]byte) }}
