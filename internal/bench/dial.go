package bench

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"time"
)

const (
	dialTimeout  = 10 * time.Second
	beginTimeout = 20 * time.Second // until the answer of a server that holds requests
)

// ports of schemes.
var ports = map[string]string{"http": "80", "ws": "80", "https": "443", "wss": "443", "rtmp": "1935", "rtmps": "443"}

// dial connects to the host of an address, with TLS where its scheme says so.
func dial(ctx context.Context, u *url.URL, config *tls.Config) (net.Conn, error) {
	port := u.Port()
	if port == "" {
		port = ports[u.Scheme]
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	host := net.JoinHostPort(u.Hostname(), port)
	switch u.Scheme {
	case "https", "wss", "rtmps":
		return (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", host)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", host)
}

// dial connects a viewer.
func (v *viewer) dial(ctx context.Context, u *url.URL) (*counted, error) {
	conn, err := dial(ctx, u, v.run.plan.TLS)
	if err != nil {
		return nil, err
	}
	return &counted{conn, v}, nil
}
