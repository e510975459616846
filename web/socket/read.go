package socket

import (
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// lingerBytes is how much of a client's bytes is thrown away so that it can read our goodbye: closing with unread bytes
// would reset the connection under it.
const lingerBytes = 1 << 20

// extend gives the client another IdleTimeout, or until authBy as long as it has not signed in. It is called when a whole
// frame was read, so that dripping bytes gain nothing.
func (s *session) extend() {
	now := time.Now()
	s.heard.Store(now.UnixMilli())
	by := now.Add(s.srv.cfg.IdleTimeout)
	if !s.signedIn && s.authBy.Before(by) {
		by = s.authBy
	}
	_ = s.conn.SetReadDeadline(by) // a closed connection says so at the next read
	if s.queue.isClosed() {        // shut may have set an earlier deadline just before
		_ = s.conn.SetReadDeadline(now.Add(s.srv.cfg.CloseTimeout))
	}
}

// onPing answers a client's ping, in its place among the other frames.
func (s *session) onPing(payload string) error {
	if s.queue.isClosed() {
		return nil
	}
	s.extend()
	if s.allowed() {
		s.answer(controlFrame(finPong, []byte(payload)))
	}
	return nil
}

// onPong notes that the client lives. Pongs nobody asked for count against its rate, and keep no closed connection.
func (s *session) onPong(string) error {
	if !s.queue.isClosed() && s.allowed() {
		s.extend()
	}
	return nil
}

// allowed applies the rate of frames. Who keeps sending over it is sent away.
func (s *session) allowed() bool {
	if s.limiter.Allow() {
		s.excess = 0
		return true
	}
	s.srv.count.tooFast.Add(1)
	if s.excess++; s.excess > s.srv.cfg.OpsBurst {
		s.shut(tooFast, "")
	}
	return false
}

// readOne reads and handles the message that NextReader found. False ends the connection.
func (s *session) readOne(kind int, r io.Reader, err error) bool {
	var raw []byte
	if err == nil {
		buf := s.srv.readBufs.Get().(*[]byte)
		defer s.srv.readBufs.Put(buf)
		raw, err = readAll(r, (*buf)[:0])
		*buf = raw[:0]
	}
	if err != nil {
		s.readFailed(err)
		return false
	}
	if s.queue.isClosed() {
		return true // only the client's close frame is still of interest
	}
	s.extend()
	s.srv.count.ops.Add(1)
	if kind != websocket.TextMessage {
		s.shut(notText, "only text frames are understood")
		return true
	}
	s.handle(raw)
	return true
}

// settle waits until the answers are on their way: who does not read them is not read either.
func (s *session) settle() {
	for moved := s.queue.await(false); moved != nil; moved = s.queue.await(false) {
		<-moved
	}
	s.repay()
}

// readAll is io.ReadAll into a buffer; the read limit bounds it.
func readAll(r io.Reader, b []byte) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

// readFailed finds out why reading ended and tells the client, if it may still be there.
func (s *session) readFailed(err error) {
	var closed *websocket.CloseError
	var network net.Error // gorilla hides what is behind it
	broken := errors.As(err, &network)
	switch {
	case s.queue.isClosed():
		return // our goodbye was said
	case errors.As(err, &closed), errors.Is(err, io.EOF), broken && !network.Timeout():
		return // the client said goodbye, or is gone
	case broken && !s.signedIn:
		s.shut(authTimeout, "")
	case broken:
		s.shut(idle, "")
	case errors.Is(err, websocket.ErrReadLimit):
		s.shut(tooBig, "a frame may have 16384 bytes, fragments together")
	default:
		s.shut(badFrame, strings.TrimPrefix(err.Error(), "websocket: "))
	}
	s.linger()
}

// linger reads on without looking, until the client has closed or CloseTimeout is over.
func (s *session) linger() {
	_, _ = io.CopyN(io.Discard, s.conn, lingerBytes)
}
