package flv

import (
	"net"

	"liveroom/internal/writev"
)

// bound limits what the kernel takes for a viewer that does not read. Where it cannot, its own sizes serve as well.
func (c Config) bound(conn net.Conn) {
	tcp := tcpBelow(conn)
	if tcp == nil {
		return
	}
	_ = tcp.SetWriteBuffer(c.SendBufferBytes)
	if raw, err := tcp.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = setUnsent(int(fd), c.UnsentBytes) })
	}
}

// tcpBelow is the TCP connection that carries conn, as it is or encrypted; nil if there is none.
func tcpBelow(conn net.Conn) *net.TCPConn {
	switch c := conn.(type) {
	case *net.TCPConn:
		return c
	case writev.Plain:
		return c.TCP()
	case interface{ NetConn() net.Conn }: // TLS
		return tcpBelow(c.NetConn())
	default:
		return nil
	}
}
