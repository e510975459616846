package flv

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"liveroom/live/stream"
)

// connOutput writes tags to a connection of its own: on TCP one vectored write of the shared bytes, elsewhere (TLS) one
// write of a copy, so that merged tags share a record.
type connOutput struct {
	v      *viewer
	conn   net.Conn
	vector bool
	pieces [][]byte    // reused
	vec    net.Buffers // what WriteTo consumes of pieces
	flat   []byte      // reused
}

func newConnOutput(v *viewer, conn net.Conn) *connOutput {
	_, tcp := conn.(*net.TCPConn)
	return &connOutput{v: v, conn: conn, vector: tcp}
}

func (o *connOutput) send(head []byte, tags []*stream.Tag) error {
	o.pieces = o.pieces[:0]
	if len(head) > 0 {
		o.pieces = append(o.pieces, head)
	}
	for _, t := range tags {
		o.pieces = append(o.pieces, t.FLV())
	}
	return o.flush()
}

// flush writes the collected pieces before the deadline.
func (o *connOutput) flush() error {
	if err := o.v.arm(o.conn); err != nil {
		return err
	}
	var (
		n   int64
		err error
	)
	if o.vector {
		o.vec = o.pieces
		n, err = o.vec.WriteTo(o.conn)
	} else {
		o.flat = o.flat[:0]
		for _, p := range o.pieces {
			o.flat = append(o.flat, p...)
		}
		var m int
		m, err = o.conn.Write(o.flat)
		n = int64(m)
		if cap(o.flat) > maxFlatBytes { // a large keyframe must not be held for ever
			o.flat = nil
		}
	}
	clear(o.pieces)
	o.v.bytes.Add(uint64(n))
	return err
}

// maxFlatBytes is the largest copy buffer kept between writes.
const maxFlatBytes = 64 << 10

// playConn answers on a hijacked connection, whose end is the end of the response.
func (s *Server) playConn(v *viewer, conn net.Conn, header http.Header) error {
	defer conn.Close()
	setSendBuffer(conn, v.sendBuffer)
	v.bind(conn)
	defer v.bind(nil)

	var wg sync.WaitGroup
	defer wg.Wait()
	defer conn.Close() // before waiting: ends the reader
	wg.Go(func() {
		defer s.recoverReader()
		v.end(watch(conn))
	})

	if err := v.arm(conn); err != nil {
		return err
	}
	if _, err := conn.Write(responseHead(header)); err != nil {
		return v.reason(err)
	}
	return v.play(newConnOutput(v, conn))
}

// recoverReader counts a panic in a viewer's reading goroutine, which has no other frame to catch it.
func (s *Server) recoverReader() {
	if p := recover(); p != nil {
		s.panics.Add(1)
		s.log.Error("panic while reading from flv viewer", "panic", p)
	}
}

// watch returns when the client closes, or sends more than anyone has reason to.
func watch(r io.Reader) error {
	const excess = 4 << 10
	n, err := io.Copy(io.Discard, io.LimitReader(r, excess))
	switch {
	case n == excess:
		return fmt.Errorf("%w: it sent data", errGone)
	case err != nil:
		return fmt.Errorf("%w: %w", errGone, err)
	default:
		return errGone
	}
}

// responseHead is the head of an HTTP/1.1 response that ends with the connection.
func responseHead(header http.Header) []byte {
	h := header.Clone()
	h.Del("Content-Length")
	h.Del("Transfer-Encoding")
	h.Set("Connection", "close")
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 200 OK\r\n")
	_ = h.Write(&b) // a Buffer does not fail
	b.WriteString("\r\n")
	return b.Bytes()
}
