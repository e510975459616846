package flv

import (
	"bytes"
	"context"
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
	head   []byte // of the response, until it is written
	chunks bool
	size   [18]byte // of the chunk
}

var (
	crlf      = []byte("\r\n")
	lastChunk = []byte("0\r\n\r\n")
)

func newConnOutput(v *viewer, conn net.Conn) *connOutput {
	return &connOutput{v: v, conn: conn, out: writev.New(conn)}
}

// begin implements output.
func (o *connOutput) begin() error {
	pieces := borrowPieces()
	*pieces = append(*pieces, o.head)
	o.head = nil
	return o.flush(pieces, 0)
}

// send implements output. The first one has the head of the response in front.
func (o *connOutput) send(head []byte, tags []*stream.Tag) error {
	size := flvBytes(head, tags)
	pieces := borrowPieces()
	if o.head != nil {
		*pieces = append(*pieces, o.head)
		o.head = nil
	}
	if o.chunks {
		b := strconv.AppendInt(o.size[:0], int64(size), 16)
		*pieces = append(*pieces, append(b, crlf...))
	}
	collect(pieces, head, tags)
	if o.chunks {
		*pieces = append(*pieces, crlf)
	}
	return o.flush(pieces, size)
}

// finish ends a chunked response, so that the client can tell the end from a broken connection.
func (o *connOutput) finish() {
	if o.chunks && o.conn.SetWriteDeadline(time.Now().Add(lastWriteTimeout)) == nil {
		_, _ = o.conn.Write(append(o.head, lastChunk...)) // the client may be gone
	}
}

// flush writes the pieces, size bytes of FLV among them, before the deadline, and gives their list back.
func (o *connOutput) flush(pieces *[][]byte, size int) error {
	err := o.v.arm(o.conn)
	if err == nil {
		_, err = o.out.Write(*pieces)
	}
	returnPieces(pieces)
	if err == nil {
		o.v.server.bytes.Add(uint64(size))
	}
	return err
}

// piecesPool lends the lists of what is written at once, so that viewers who wait keep none.
var piecesPool = sync.Pool{New: func() any { return new([][]byte) }}

func borrowPieces() *[][]byte { return piecesPool.Get().(*[][]byte) }

func returnPieces(pieces *[][]byte) {
	clear(*pieces)
	*pieces = (*pieces)[:0]
	piecesPool.Put(pieces)
}

// collect adds FLV bytes to the pieces of the next write.
func collect(pieces *[][]byte, head []byte, tags []*stream.Tag) {
	if len(head) > 0 {
		*pieces = append(*pieces, head)
	}
	for _, t := range tags {
		*pieces = append(*pieces, t.FLV())
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

// playConn plays on a connection that was taken over, and closes it at the end.
func (s *Server) playConn(v *viewer, out *connOutput) error {
	defer out.conn.Close() // ends the reader too
	v.bind(out.conn)
	defer v.bind(nil)
	s.wg.Add(1) // while the viewer's own place is held
	go s.watch(v, out.conn)
	// Who ends the viewer closes its subscriber. A context that can end would cost each wait a place in a queue.
	err := v.play(context.Background(), out)
	if errors.Is(err, stream.ErrEnded) || errors.Is(err, errShutdown) {
		out.finish()
	}
	return err
}

// watch ends a viewer when its client closes, or sends more than anyone has reason to.
func (s *Server) watch(v *viewer, conn net.Conn) {
	defer s.wg.Done()
	defer s.recoverPanic("panic while reading from flv viewer")
	v.end(drain(conn))
}

// drain reads to the end and says what it was.
func drain(r io.Reader) error {
	const excess = 4 << 10
	var scrap [64]byte // small: one waits here for each viewer
	for n := 0; n < excess; {
		got, err := r.Read(scrap[:])
		if n += got; errors.Is(err, io.EOF) {
			return errGone
		} else if err != nil {
			return fmt.Errorf("%w: %w", errGone, err)
		}
	}
	return fmt.Errorf("%w: it sent data", errGone)
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
