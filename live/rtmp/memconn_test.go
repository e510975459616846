package rtmp

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// memConn is a connection whose peer has said everything beforehand and reads everything.
type memConn struct {
	in *bytes.Reader

	mu     sync.Mutex
	out    bytes.Buffer
	closed bool
}

func newMemConn(input []byte) *memConn { return &memConn{in: bytes.NewReader(input)} }

func bufferOf(b []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(b)) }

func (c *memConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	return c.in.Read(p)
}

func (c *memConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, io.ErrClosedPipe
	}
	return c.out.Write(p)
}

func (c *memConn) written() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.out.Bytes())
}

func (c *memConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return nil
}

func (*memConn) LocalAddr() net.Addr { return tcpAddr }

func (*memConn) RemoteAddr() net.Addr { return tcpAddr }

func (*memConn) SetDeadline(time.Time) error { return nil }

func (*memConn) SetReadDeadline(time.Time) error { return nil }

func (*memConn) SetWriteDeadline(time.Time) error { return nil }

var tcpAddr = net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.1:1935"))

// pipes is a listener of connections in memory, for tests whose time is their own.
type pipes struct {
	t     testing.TB
	conns chan net.Conn
	done  chan struct{}
	close func()
}

func newPipes(t testing.TB) *pipes {
	p := &pipes{t: t, conns: make(chan net.Conn), done: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.done) })
	return p
}

// dial connects to who accepts.
func (p *pipes) dial() net.Conn {
	near, far := net.Pipe()
	p.conns <- far
	p.t.Cleanup(func() { _ = near.Close() })
	return near
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case nc := <-p.conns:
		return nc, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.close(); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1935} }
