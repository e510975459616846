//go:build !linux

package writev

import "net"

// vector writes with one call.
type vector struct {
	conn *net.TCPConn
	bufs net.Buffers
}

// newVector returns nil where the connection allows no such thing.
func newVector(tcp *net.TCPConn) *vector {
	if tcp == nil {
		return nil
	}
	return &vector{conn: tcp}
}

func (v *vector) write(pieces [][]byte) (int64, error) {
	v.bufs = append(v.bufs[:0], pieces...) // it is used up by writing
	used := v.bufs
	n, err := used.WriteTo(v.conn)
	clear(v.bufs)
	return n, err
}

// tryNow takes nothing: asking without waiting is not known here.
func (v *vector) tryNow([][]byte) (int, error) { return 0, nil }
