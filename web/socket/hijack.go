package socket

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
)

// takeover is a ResponseWriter whose connection, once hijacked, can be muted.
type takeover struct {
	http.ResponseWriter
	conn *mutedConn
}

// Hijack implements http.Hijacker.
func (t *takeover) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	h, ok := t.ResponseWriter.(http.Hijacker)
	if !ok {
		return nil, nil, errors.New("socket: the connection cannot be taken over")
	}
	conn, rw, err := h.Hijack()
	if err != nil {
		return nil, nil, err
	}
	t.conn = &mutedConn{Conn: conn}
	return t.conn, rw, nil
}

// mutedConn is what gorilla/websocket sees of a connection. Once muted, its writes go nowhere: after the handshake only
// the queue's writer writes, and gorilla's own pongs and close frames would overtake or split its frames.
type mutedConn struct {
	net.Conn
	muted atomic.Bool
}

// Write implements net.Conn.
func (c *mutedConn) Write(b []byte) (int, error) {
	if c.muted.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}
