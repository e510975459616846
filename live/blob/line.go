package blob

import (
	"context"
	"net"
	"net/http"
	"time"
)

const (
	dialTimeout = 10 * time.Second
	idleLines   = 32 // connections kept for the next requests
)

// newLine makes connections on which something moves at least once in stall, or which break: a server that hangs, and a network
// that swallows everything, are noticed. No proxy of the environment is used.
func newLine(stall time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: min(dialTimeout, stall), KeepAlive: 15 * time.Second}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &moving{Conn: c, stall: stall}, nil
		},
		TLSHandshakeTimeout: min(dialTimeout, stall), MaxIdleConnsPerHost: idleLines, IdleConnTimeout: time.Minute,
		DisableCompression: true, MaxResponseHeaderBytes: 64 << 10,
	}
}

// moving is a connection on which each read and write must come to something in time. A write gives the answer time anew: what is
// sent may take long, and the answer is waited for all the while.
type moving struct {
	net.Conn
	stall time.Duration
}

// maxWrite is how much is written at once: all of it must go in the time that nothing may move.
const maxWrite = 256 << 10

func (c *moving) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.stall)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *moving) Write(p []byte) (n int, err error) {
	for {
		if err := c.SetDeadline(time.Now().Add(c.stall)); err != nil {
			return n, err
		}
		some, err := c.Conn.Write(p[n:min(n+maxWrite, len(p))])
		if n += some; err != nil || n == len(p) {
			return n, err
		}
	}
}
