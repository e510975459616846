package socket

import (
	"net"
	"runtime/debug"
	"time"
)

// pieces is the scratch space of a writer, lent by the server while there is something to write.
type pieces struct {
	bufs   [][]byte
	joined []byte // for connections that know no writev
}

// startWriter starts the writer if asked to. The reader, which the server waits for, is still there: it ends only after
// the queue is closed.
func (s *session) startWriter(start bool) {
	if start {
		s.srv.writers.Add(1)
		s.srv.wg.Go(s.write)
	}
}

// write drains the queue and ends. All that waits, up to 32 KiB, goes out in one system call.
func (s *session) write() {
	p := s.srv.lend()
	defer s.srv.giveBack(p)
	defer s.srv.writers.Add(-1)
	defer func() {
		if v := recover(); v != nil {
			s.panicked(v, debug.Stack())
			s.fail()
		}
	}()
	for {
		bufs, then := s.queue.take(p.bufs[:0])
		switch then {
		case finished:
			s.halfClose()
			return
		case rest:
			return
		case writeOn:
		}
		p.bufs = bufs
		err := s.writeOut(p)
		clear(p.bufs[:cap(p.bufs)])
		if err != nil {
			s.srv.count.writeFailures.Add(1)
			s.fail()
			return
		}
	}
}

// writeOut writes the pieces within the deadline, by writev where the connection has it.
func (s *session) writeOut(p *pieces) error {
	timeout := s.srv.cfg.WriteTimeout
	if s.queue.isClosed() {
		timeout = min(timeout, s.srv.cfg.CloseTimeout)
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	if tcp := tcpOf(s.conn); tcp != nil {
		bufs := net.Buffers(p.bufs)
		n, err := bufs.WriteTo(tcp)
		s.srv.count.bytesOut.Add(uint64(n))
		return err
	}
	one := p.bufs[0]
	if len(p.bufs) > 1 {
		p.joined = p.joined[:0]
		for _, b := range p.bufs {
			p.joined = append(p.joined, b...)
		}
		one = p.joined
	}
	n, err := s.conn.Write(one)
	s.srv.count.bytesOut.Add(uint64(n))
	return err
}

// tcpOf is the TCP connection that conn is, or is a transparent wrapper of; nil for one that changes the bytes (TLS).
func tcpOf(conn net.Conn) *net.TCPConn {
	switch c := conn.(type) {
	case *net.TCPConn:
		return c
	case interface{ TCP() *net.TCPConn }:
		return c.TCP()
	}
	return nil
}

// fail ends a connection that cannot be written to. The reader notices and cleans up.
func (s *session) fail() {
	s.queue.broken()
	_ = s.conn.Close() // it is lost anyway
}

// halfClose tells the client that nothing follows, once the last frames are written.
func (s *session) halfClose() {
	if c, ok := s.conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite() // the reader closes the rest
	}
}
