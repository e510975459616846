package main

import (
	"bufio"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pires/go-proxyproto"

	"liveroom/internal/writev"
)

// Bounds of connections whose PROXY header is still being read.
const (
	proxyHeaderWait = 5 * time.Second
	proxyHeaders    = 256 // at a time; a proxy sends the header with the connection
)

// proxied is a listener that believes the PROXY header (versions 1 and 2) of proxies that it trusts: the connection's remote
// address is then that of the proxy's client. A connection of theirs without a header is their own; one whose header is
// broken, or does not come, is closed. Of all others nothing is read.
type proxied struct {
	net.Listener
	trusted []netip.Prefix

	begin    sync.Once
	accepted chan arrival
	places   chan struct{} // one for each header being read
	closing  chan struct{}
	close    sync.Once
	reading  sync.WaitGroup
}

// arrival is what Accept answers.
type arrival struct {
	conn net.Conn
	err  error
}

// newProxied returns ln itself where no proxy is trusted.
func newProxied(ln net.Listener, trusted []netip.Prefix) net.Listener {
	if len(trusted) == 0 {
		return ln
	}
	return &proxied{
		Listener: ln, trusted: trusted,
		accepted: make(chan arrival), places: make(chan struct{}, proxyHeaders), closing: make(chan struct{}),
	}
}

// Accept implements net.Listener.
func (p *proxied) Accept() (net.Conn, error) {
	p.begin.Do(func() { p.reading.Go(p.acceptAll) })
	select {
	case a := <-p.accepted:
		return a.conn, a.err
	case <-p.closing:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. It waits for headers that are being read, which it cuts short.
func (p *proxied) Close() error {
	err := p.Listener.Close()
	p.close.Do(func() { close(p.closing) })
	p.reading.Wait()
	return err
}

// acceptAll hands out connections until the listener is closed: who waits for a header holds up nobody else.
func (p *proxied) acceptAll() {
	for {
		conn, err := p.Listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil || !p.trusts(conn):
			p.hand(conn, err)
		default:
			select {
			case p.places <- struct{}{}:
				p.reading.Go(func() {
					defer func() { <-p.places }()
					p.read(conn)
				})
			default:
				_ = conn.Close()
			}
		}
	}
}

// trusts says whether a connection comes from a proxy whose word counts.
func (p *proxied) trusts(conn net.Conn) bool {
	addr := addrOf(conn)
	return slices.ContainsFunc(p.trusted, func(t netip.Prefix) bool { return t.Contains(addr) })
}

// hand gives a connection to Accept, or closes it if nobody accepts any more.
func (p *proxied) hand(conn net.Conn, err error) {
	select {
	case p.accepted <- arrival{conn, err}:
	case <-p.closing:
		if conn != nil {
			_ = conn.Close()
		}
	}
}

// read reads the header of one connection.
func (p *proxied) read(conn net.Conn) {
	done := make(chan struct{})
	defer close(done)
	p.reading.Go(func() {
		select {
		case <-p.closing:
			_ = conn.SetReadDeadline(time.Unix(1, 0))
		case <-done:
		}
	})
	_ = conn.SetReadDeadline(time.Now().Add(proxyHeaderWait))
	in := bufio.NewReader(conn)
	header, err := proxyproto.Read(in)
	if err != nil && !errors.Is(err, proxyproto.ErrNoProxyProtocol) {
		_ = conn.Close()
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	c := &proxiedConn{Conn: conn, in: in, from: conn.RemoteAddr()}
	if header != nil && header.Command == proxyproto.PROXY {
		if from, _, ok := header.TCPAddrs(); ok {
			c.from = from
		}
	}
	p.hand(c, nil)
}

// proxiedConn is a connection that came by a proxy.
type proxiedConn struct {
	net.Conn
	in   *bufio.Reader // what came behind the header; nil once it is read
	from net.Addr
}

var _ writev.Plain = (*proxiedConn)(nil)

// RemoteAddr implements net.Conn: where the proxy's client is.
func (c *proxiedConn) RemoteAddr() net.Addr { return c.from }

// Read implements net.Conn.
func (c *proxiedConn) Read(b []byte) (int, error) {
	if c.in == nil {
		return c.Conn.Read(b)
	}
	n, err := c.in.Read(b)
	if c.in.Buffered() == 0 {
		c.in = nil
	}
	return n, err
}

// TCP implements writev.Plain.
func (c *proxiedConn) TCP() *net.TCPConn { return writev.TCP(c.Conn) }

// addrOf is where a connection comes from.
func addrOf(conn net.Conn) netip.Addr {
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
