//go:build !linux

package rtmp

import "net"

// quietReader does not exist here: pushes are read as they come.
type quietReader struct{}

func newQuietReader(net.Conn) *quietReader { return nil }

func (*quietReader) hush(bool) {}

func (*quietReader) read([]byte) (int, error) { return 0, nil }
