package socket

import (
	"bufio"
	"errors"
	"net"
	"net/http"
)

// takeover is a ResponseWriter that remembers its connection once it is hijacked: gorilla/websocket, which then holds it,
// is needed for the handshake only.
type takeover struct {
	http.ResponseWriter
	conn net.Conn
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
	t.conn = conn
	return conn, rw, nil
}
