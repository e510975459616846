package writev

import "net"

// Bound limits what the kernel takes for a peer that does not read: send is the send buffer (the kernel keeps about twice
// that, its own books included), unsent how much of it may wait for its first sending, where the system knows such a bound.
// What lies there is late already, and hides that the peer is slow. Where a limit cannot be set, the kernel's own serves.
func Bound(conn net.Conn, send, unsent int) {
	tcp := tcpBelow(conn)
	if tcp == nil {
		return
	}
	_ = tcp.SetWriteBuffer(send)
	if raw, err := tcp.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = setUnsent(int(fd), unsent) })
	}
}

// tcpBelow is the TCP connection that carries conn, as it is or encrypted; nil if there is none.
func tcpBelow(conn net.Conn) *net.TCPConn {
	if tls, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return tcpBelow(tls.NetConn())
	}
	return TCP(conn)
}
