//go:build !linux

package flv

import "net"

// vectorWriter writes several pieces with one call.
type vectorWriter struct {
	conn *net.TCPConn
	vec  net.Buffers
}

// newVectorWriter returns nil where the connection allows no such thing.
func newVectorWriter(conn net.Conn) *vectorWriter {
	if tcp := tcpConn(conn); tcp != nil {
		return &vectorWriter{conn: tcp}
	}
	return nil
}

// write writes all pieces or fails; the connection's write deadline holds.
func (w *vectorWriter) write(pieces [][]byte) error {
	w.vec = pieces
	_, err := w.vec.WriteTo(w.conn)
	return err
}
