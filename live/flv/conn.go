package flv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"liveroom/internal/writev"
	"liveroom/live/stream"
)

// connOutput writes tags to a connection of its own, each write as one chunk if the response is chunked.
type connOutput struct {
	v      *viewer
	conn   net.Conn
	out    *writev.Writer
	chunks bool
	pieces [][]byte // reused
	size   []byte   // of the chunk, reused
}

var (
	crlf      = []byte("\r\n")
	lastChunk = []byte("0\r\n\r\n")
)

func newConnOutput(v *viewer, conn net.Conn) *connOutput {
	return &connOutput{v: v, conn: conn, out: writev.New(conn)}
}

func (o *connOutput) send(head []byte, tags []*stream.Tag) error {
	o.pieces = o.pieces[:0]
	if o.chunks {
		o.size = strconv.AppendInt(o.size[:0], int64(flvBytes(head, tags)), 16)
		o.size = append(o.size, '\r', '\n')
		o.pieces = append(o.pieces, o.size)
	}
	o.collect(head, tags)
	if o.chunks {
		o.pieces = append(o.pieces, crlf)
	}
	return o.flush(flvBytes(head, tags))
}

// finish ends a chunked response, so that the client can tell the end from a broken connection.
func (o *connOutput) finish() {
	if o.chunks && o.conn.SetWriteDeadline(time.Now().Add(lastWriteTimeout)) == nil {
		_, _ = o.conn.Write(lastChunk) // the client may be gone
	}
}

// collect adds FLV bytes to the pieces of the next write.
func (o *connOutput) collect(head []byte, tags []*stream.Tag) {
	if len(head) > 0 {
		o.pieces = append(o.pieces, head)
	}
	for _, t := range tags {
		o.pieces = append(o.pieces, t.FLV())
	}
}

// flvBytes is the size of what a send has to write.
func flvBytes(head []byte, tags []*stream.Tag) int {
	n := len(head)
	for _, t := range tags {
		n += len(t.FLV())
	}
	return n
}

// flush writes the collected pieces, that many bytes of FLV among them, before the deadline.
func (o *connOutput) flush(size int) error {
	if err := o.v.arm(o.conn); err != nil {
		return err
	}
	_, err := o.out.Write(o.pieces)
	clear(o.pieces)
	if err == nil {
		o.v.bytes.Add(uint64(size))
	}
	return err
}

// playConn answers on a hijacked connection, which is closed at the end. HTTP/1.1 gets a chunked response.
func (s *Server) playConn(v *viewer, conn net.Conn, header http.Header, chunks bool) error {
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
	if _, err := conn.Write(responseHead(header, chunks)); err != nil {
		return v.reason(err)
	}
	out := newConnOutput(v, conn)
	out.chunks = chunks
	err := v.play(out)
	if errors.Is(err, stream.ErrEnded) || errors.Is(err, errShutdown) {
		out.finish()
	}
	return err
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

// responseHead is the head of a response after which the connection is closed.
func responseHead(header http.Header, chunks bool) []byte {
	h := header.Clone()
	h.Del("Content-Length")
	h.Del("Transfer-Encoding")
	if chunks {
		h.Set("Transfer-Encoding", "chunked")
	}
	h.Set("Connection", "close")
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 200 OK\r\n")
	_ = h.Write(&b) // a Buffer does not fail
	b.WriteString("\r\n")
	return b.Bytes()
}
