package socket

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"liveroom/chat"
	"liveroom/internal/writev"
)

// session is one client's connection. Fields without a note belong to its reader.
type session struct {
	srv  *Server         // never changes
	id   string          // never changes
	line line            // safe for all; only the writer writes
	out  *writev.Writer  // to line, of whoever is the writer (queue.writing)
	wire wire            // never changes; only the reader reads
	ctx  context.Context // never changes once the reader runs

	queue  queue        // has its own lock
	heard  atomic.Int64 // when a frame was read last, Unix milliseconds
	pinged atomic.Int64 // when a ping was sent last

	besides atomic.Int32 // ops under way beside the reader's: see aside

	limiter  rate.Limiter
	excess   int32 // frames over the rate since the last one within it
	failures uint8 // failed logins
	signedIn bool
	who      chat.Identity // before it signed in, its address only
	authBy   time.Time     // deadline of auth
	renames  *rate.Limiter // of changes of the profile; nil until the first
	owed     int64         // of Server.resuming, until the answer is written

	gone chat.SignOutReason // how the client went
}

var _ chat.Session = (*session)(nil)

// start sets up a session that is all zero.
func (s *session) start(srv *Server, l line, out *writev.Writer, w wire, from netip.Addr) {
	s.srv, s.id, s.who.Addr, s.gone = srv, newID(), from, chat.SignOutClosed
	s.line, s.out, s.wire = l, out, w
	s.queue.maxFrames, s.queue.maxBytes = srv.cfg.QueueFrames, srv.cfg.QueueBytes
	s.limiter = *rate.NewLimiter(rate.Limit(srv.cfg.OpsPerSecond), srv.cfg.OpsBurst)
	s.authBy = time.Now().Add(srv.cfg.AuthTimeout)
	now := time.Now().UnixMilli()
	s.heard.Store(now)
	// Pings of connections that began together are spread over a fifth of the interval.
	s.pinged.Store(now - rand.Int64N(srv.cfg.PingEvery.Milliseconds()/5+1))
}

// from is where the connection comes from.
func (s *session) from() netip.Prefix { return s.who.Network() }

// ID implements chat.Session.
func (s *session) ID() string { return s.id }

// Deliver implements chat.Session. It never blocks.
func (s *session) Deliver(b *chat.Batch) {
	var dropped [classes]uint64
	result, start := s.queue.deliver(b.Group, s.wire.batch(b), &dropped)
	s.startWriter(start)
	s.srv.count.drop(&dropped)
	if result == overflow {
		s.shut(slowConsumer, "")
	}
}

// Close implements chat.Session.
func (s *session) Close(why chat.Closing) {
	g := goodbyeOf(why.Reason)
	g.kind = why.Type
	s.shut(g, why.Detail)
}

// shut says goodbye and lets the connection end; the first goodbye counts.
func (s *session) shut(g goodbye, detail string) {
	push, last := g.frames(detail, s.srv.cfg.ReconnectSpread.Milliseconds())
	first, start := s.queue.close(g.abandon, s.wire.shape(push), s.wire.shape(last))
	if !first {
		return
	}
	s.srv.count.close(g)
	by := time.Now().Add(s.srv.cfg.CloseTimeout)
	// Both end a wait that may be going on; if they fail, the connection is gone already.
	_ = s.line.SetReadDeadline(by)
	_ = s.line.SetWriteDeadline(by)
	s.startWriter(start)
}

// answer queues an answer, or another frame that is for this session alone.
func (s *session) answer(b []byte) { s.startWriter(s.queue.push(s.wire.shape(b))) }

// pingIfSilent sends a ping if nothing was heard for PingEvery, and none was sent.
func (s *session) pingIfSilent(now time.Time) {
	before := now.Add(-s.srv.cfg.PingEvery).UnixMilli()
	if s.heard.Load() > before || s.pinged.Load() > before {
		return
	}
	s.pinged.Store(now.UnixMilli())
	s.answer(controlFrame(finPing, nil))
}

// panicked logs and counts a panic.
func (s *session) panicked(v any, stack []byte) {
	s.srv.count.panics.Add(1)
	s.srv.log.Error("chat connection panicked", "panic", v, "stack", string(stack))
}

// run reads until the connection ends, and cleans up. It waits in wire.next for most of its life: called from here, and
// not deeper, the stack fits into 4 KiB.
func (s *session) run() {
	defer s.end()
	defer s.recovered()
	defer s.wire.release()
	s.extend()
	for {
		op, payload, err := s.wire.next()
		if !s.readOne(op, payload, err) {
			return
		}
		s.settle()
	}
}

// recovered ends the connection after a panic of its reader, or of the clerk that handles its frame. It must be deferred itself.
func (s *session) recovered() {
	if v := recover(); v != nil {
		s.panicked(v, debug.Stack())
		s.shut(internal, "")
	}
}

// end leaves everything the session was part of and closes the connection once the last frames are written.
func (s *session) end() {
	first, start := s.queue.close(false, s.wire.shape(closeFrame(closeNormal, ""))) // the client's close is answered
	s.startWriter(start)
	if first {
		_ = s.line.SetWriteDeadline(time.Now().Add(s.srv.cfg.CloseTimeout))
	}
	s.leaveAll()
	s.srv.sessions.remove(s)
	for moved := s.queue.await(true); moved != nil; moved = s.queue.await(true) {
		<-moved
	}
	s.repay()
	_ = s.line.Close() // nothing is left to lose
	s.srv.guard.leave(s.from())
}

func (s *session) leaveAll() {
	defer func() {
		if v := recover(); v != nil {
			s.panicked(v, debug.Stack())
		}
	}()
	heard := time.Now()
	if s.gone == chat.SignOutTimeout {
		heard = time.UnixMilli(s.heard.Load())
	}
	if s.signedIn {
		s.srv.rooms.SignOut(s.who.User, s, s.gone)
	}
	for _, group := range s.queue.in() {
		s.srv.rooms.Lost(group, s, heard)
	}
}

// repay gives back what a large answer took of the server's budget.
func (s *session) repay() {
	s.srv.resuming.Add(-s.owed)
	s.owed = 0
}
