package socket

import (
	"runtime/debug"
	"time"
)

// What the kernel takes of a client that does not read: about twice sendBuffer in all, of which unsentBytes may wait for
// their first sending. The rest waits in the queue, where it can be given up by class.
const (
	sendBuffer  = 128 << 10
	unsentBytes = 32 << 10
)

// pieces is the scratch space of a writer, lent by the server while there is something to write.
type pieces struct {
	bufs [][]byte
}

// skip leaves out the first n bytes, which are written.
func (p *pieces) skip(n int) {
	done := 0
	for done < len(p.bufs) && n >= len(p.bufs[done]) {
		n -= len(p.bufs[done])
		done++
	}
	left := copy(p.bufs, p.bufs[done:])
	clear(p.bufs[left:])
	p.bufs = p.bufs[:left]
	if n > 0 {
		p.bufs[0] = p.bufs[0][n:]
	}
}

// startWriter writes what waits if asked to: at once, here, as far as the kernel takes it, which for most clients is all,
// and the rest in a goroutine, which may wait for the client. The reader, which the server waits for, is still there: it
// ends only after the queue is closed.
func (s *session) startWriter(start bool) {
	if !start {
		return
	}
	p := s.srv.lend()
	if s.writeNow(p) {
		s.srv.giveBack(p)
		return
	}
	s.srv.count.blocked.Add(1)
	s.srv.writers.Add(1)
	s.srv.wg.Go(func() { s.write(p) })
}

// writeNow drains the queue without waiting. It is false if p is left with what the kernel did not take, for a writer.
func (s *session) writeNow(p *pieces) (done bool) {
	defer s.writerRecovers(&done)
	for s.take(p) {
		n, err := s.out.Try(p.bufs)
		s.srv.count.bytesOut.Add(uint64(n))
		if err != nil {
			s.writeFailed()
			return true
		}
		if p.skip(n); len(p.bufs) > 0 {
			return false
		}
	}
	return true
}

// write writes what is left in p, drains the queue and ends. All that waits, up to 32 KiB, goes out in one system call.
func (s *session) write(p *pieces) {
	defer s.srv.giveBack(p)
	defer s.srv.writers.Add(-1)
	var done bool
	defer s.writerRecovers(&done)
	for {
		if err := s.writeOut(p); err != nil {
			s.writeFailed()
			return
		}
		clear(p.bufs)
		if !s.take(p) {
			return
		}
	}
}

// take moves what is to be written next into p. It is false when there is nothing: the writer's work is over.
func (s *session) take(p *pieces) bool {
	bufs, then := s.queue.take(p.bufs[:0])
	switch then {
	case writeOn:
		p.bufs = bufs
		return true
	case finished:
		s.halfClose()
	case rest:
	}
	return false
}

// writerRecovers ends the connection after a panic of its writer. It must be deferred itself.
func (s *session) writerRecovers(done *bool) {
	if v := recover(); v != nil {
		s.panicked(v, debug.Stack())
		s.fail()
		*done = true
	}
}

// writeOut writes the pieces and waits for the client as long as the deadline allows. It is not taken back afterwards:
// writeNow does not look at it, and the next writeOut sets its own.
func (s *session) writeOut(p *pieces) error {
	timeout := s.srv.cfg.WriteTimeout
	if s.queue.isClosed() {
		timeout = min(timeout, s.srv.cfg.CloseTimeout)
	}
	if err := s.line.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	n, err := s.out.Write(p.bufs)
	s.srv.count.bytesOut.Add(uint64(n))
	return err
}

func (s *session) writeFailed() {
	s.srv.count.writeFailures.Add(1)
	s.fail()
}

// fail ends a connection that cannot be written to. The reader notices and cleans up.
func (s *session) fail() {
	s.queue.broken()
	_ = s.line.Close() // it is lost anyway
}

// halfClose tells the client that nothing follows, once the last frames are written.
func (s *session) halfClose() {
	if c, ok := s.line.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite() // the reader closes the rest
	}
}
