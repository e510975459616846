//go:build !unix

package socket

import "net"

// newInput returns an input that reads from conn.
func newInput(conn net.Conn) input { return anyInput{conn} }
