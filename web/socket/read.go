package socket

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"time"

	"liveroom/chat"
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
	_ = s.line.SetReadDeadline(by) // a closed connection says so at the next read
	if s.queue.isClosed() {        // shut may have set an earlier deadline just before
		_ = s.line.SetReadDeadline(now.Add(s.srv.cfg.CloseTimeout))
	}
}

// onPing answers a client's ping, in its place among the other frames.
func (s *session) onPing(payload []byte) {
	if s.queue.isClosed() {
		return
	}
	s.extend()
	if s.allowed() {
		s.answer(controlFrame(finPong, payload))
	}
}

// onPong notes that the client lives. Pongs nobody asked for count against its rate, and keep no closed connection.
func (s *session) onPong() {
	if !s.queue.isClosed() && s.allowed() {
		s.extend()
	}
}

// allowed applies the rate of frames. Who keeps sending over it is sent away.
func (s *session) allowed() bool {
	if s.limiter.Allow() {
		s.excess = 0
		return true
	}
	s.srv.count.tooFast.Add(1)
	if s.excess++; int(s.excess) > s.srv.cfg.OpsBurst {
		s.shut(tooFast, "")
	}
	return false
}

// readOne handles a frame that was read. False ends the connection.
func (s *session) readOne(op byte, payload []byte, err error) bool {
	switch {
	case err != nil:
		s.readFailed(payload, err)
		return false
	case op == opPing:
		s.onPing(payload)
		return true
	case op == opPong:
		s.onPong()
		return true
	case s.queue.isClosed():
		return true // only the client's close frame is still of interest
	}
	s.extend()
	s.srv.count.ops.Add(1)
	if op != opText {
		s.shut(notText, "only text frames are understood")
		return true
	}
	s.srv.clerks.handle(s, payload)
	return true
}

// settle waits until the answers are on their way: who does not read them is not read either.
func (s *session) settle() {
	for moved := s.queue.await(false); moved != nil; moved = s.queue.await(false) {
		<-moved
	}
	s.repay()
}

// readFailed finds out why reading ended and tells the client, if it may still be there.
func (s *session) readFailed(payload []byte, err error) {
	var bad errBadFrame
	var network net.Error
	switch {
	case s.queue.isClosed():
		return // our goodbye was said
	case errors.Is(err, errSaidGoodbye):
		if len(payload) > 1 && binary.BigEndian.Uint16(payload) == closeNormal {
			s.gone = chat.SignOutAsked
		}
		return
	case errors.As(err, &bad):
		s.shut(badFrame, bad.Error())
	case errors.Is(err, errFrameTooBig):
		s.shut(tooBig, err.Error())
	case !errors.As(err, &network) || !network.Timeout():
		return // the client is gone
	case !s.signedIn:
		s.shut(authTimeout, "")
	default:
		s.gone = chat.SignOutTimeout
		s.shut(idle, "")
	}
	s.linger()
}

// linger reads on without looking, until the client has closed or CloseTimeout is over.
func (s *session) linger() {
	_, _ = io.CopyN(io.Discard, s.line, lingerBytes)
}
