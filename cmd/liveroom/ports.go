package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"liveroom/web"
)

// ports are the listeners of the program; HTTPS and RTMPS are nil without a certificate, ops without an address.
type ports struct {
	http, https, rtmp, rtmps, ops net.Listener
	public, operators             *limits // of http and https, of ops; live/rtmp has its own
}

// certificateRecheck is how long a renewed certificate may wait for its first use.
const certificateRecheck = 5 * time.Second

// listen takes every port at once, so that one in use is said at the start and by name.
func listen(set Settings) (ports, error) {
	p := ports{
		public:    newLimits(set.maxConnections(), set.MaxPerAddress, set.proxies()),
		operators: newLimits(opsConnections, set.MaxPerAddress, set.proxies()),
	}
	var cert *certificate
	if set.TLSCert != "" {
		var err error
		if cert, err = newCertificate(set.TLSCert, set.TLSKey, certificateRecheck); err != nil {
			return p, fmt.Errorf("certificate: %w", err)
		}
	}
	for _, want := range []struct {
		name, addr string
		ln         *net.Listener
		limits     *limits
		alpn       []string // TLS with these protocols
	}{
		{"http", set.HTTP, &p.http, p.public, nil},
		{"rtmp", set.RTMP, &p.rtmp, nil, nil},
		{"ops", set.Ops, &p.ops, p.operators, nil},
		{"https", set.HTTPS, &p.https, p.public, []string{"h2", "http/1.1"}},
		{"rtmps", set.RTMPS, &p.rtmps, nil, []string{}},
	} {
		if want.addr == "" {
			continue
		}
		ln, err := listenTCP(want.addr)
		if err != nil {
			p.close()
			if errors.Is(err, syscall.EADDRINUSE) {
				err = fmt.Errorf("%w; is another program using the port?", err)
			}
			return ports{}, fmt.Errorf("--%s: %w", want.name, err)
		}
		if tcp, ok := ln.(*net.TCPListener); ok && want.limits != nil {
			ln = limited{tcp, want.limits}
		}
		if want.limits == nil { // RTMP has no X-Forwarded-For
			ln = newProxied(ln, set.proxies())
		}
		if want.alpn != nil {
			ln = tls.NewListener(ln, cert.config(want.alpn...))
		}
		*want.ln = ln
	}
	return p, nil
}

// vanishedAfter is how long a peer may leave what was sent to it unanswered before it counts as gone. Without it the system
// tries for a quarter of an hour, and a viewer of a paused room, who is sent next to nothing, counts all that time. A peer
// that is there, but for so long reads nothing of what waits for it, is cut off as well (tcp(7)); the doors are quicker.
const vanishedAfter = 30 * time.Second

// listenTCP listens for connections whose silent peers are asked whether they are there.
func listenTCP(addr string) (net.Listener, error) {
	c := net.ListenConfig{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: vanishedAfter / 2, Interval: vanishedAfter / 6, Count: 3},
		Control: func(_, _ string, raw syscall.RawConn) error {
			var failed error
			err := raw.Control(func(fd uintptr) { failed = setUserTimeout(fd, vanishedAfter) })
			return errors.Join(err, failed)
		},
	}
	return c.Listen(context.Background(), "tcp", addr)
}

// attrs adds to attributes of the log which ports are open, and where.
func (p ports) attrs(to ...any) []any {
	for _, open := range []struct {
		name string
		ln   net.Listener
	}{{"http", p.http}, {"https", p.https}, {"rtmp", p.rtmp}, {"rtmps", p.rtmps}, {"ops", p.ops}} {
		if open.ln != nil {
			to = append(to, open.name, open.ln.Addr().String())
		}
	}
	return to
}

func (p ports) close() {
	for _, ln := range []net.Listener{p.http, p.https, p.rtmp, p.rtmps, p.ops} {
		if ln != nil {
			_ = ln.Close()
		}
	}
}

// actors serve each port.
func (p ports) actors(prog *program) []actor {
	out := []actor{
		{"http", serveHTTP(p.http, prog.web, prog.log)},
		{"rtmp", func(ctx context.Context) error { return prog.rtmp.Serve(ctx, p.rtmp) }},
	}
	if p.ops != nil {
		out = append(out, actor{"ops", serveHTTP(p.ops, prog.web.Ops(), prog.log)})
	}
	if p.https != nil {
		out = append(out, actor{"https", serveHTTP(p.https, prog.web, prog.log)})
	}
	if p.rtmps != nil {
		out = append(out, actor{"rtmps", func(ctx context.Context) error { return prog.rtmp.Serve(ctx, p.rtmps) }})
	}
	return out
}

// shutdownWait is how long requests under way may take to end; media and chat are ended by their own servers.
const shutdownWait = 5 * time.Second

func serveHTTP(ln net.Listener, h http.Handler, log *slog.Logger) func(context.Context) error {
	srv := web.NewHTTPServer(h, log)
	return func(ctx context.Context) error { return web.Serve(ctx, srv, ln, shutdownWait) }
}

// media leads a play request to the protocol its path ends in.
type media struct{ flv, hls http.Handler }

func (m media) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, ".flv") {
		m.flv.ServeHTTP(w, r)
		return
	}
	m.hls.ServeHTTP(w, r)
}
