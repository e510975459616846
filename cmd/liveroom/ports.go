package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"liveroom/web"
)

// ports are the listeners of the program; HTTPS and RTMPS are nil without a certificate.
type ports struct {
	http, https, rtmp, rtmps, ops net.Listener
}

// listen takes every port at once, so that one in use is said at the start and by name.
func listen(set Settings) (ports, error) {
	var p ports
	var cert *certificate
	if set.TLSCert != "" {
		var err error
		if cert, err = newCertificate(set.TLSCert, set.TLSKey); err != nil {
			return p, fmt.Errorf("certificate: %w", err)
		}
	}
	for _, want := range []struct {
		name, addr string
		ln         *net.Listener
		alpn       []string // TLS with these protocols
	}{
		{"http", set.HTTP, &p.http, nil},
		{"rtmp", set.RTMP, &p.rtmp, nil},
		{"ops", set.Ops, &p.ops, nil},
		{"https", set.HTTPS, &p.https, []string{"h2", "http/1.1"}},
		{"rtmps", set.RTMPS, &p.rtmps, []string{}},
	} {
		if want.addr == "" {
			continue
		}
		ln, err := net.Listen("tcp", want.addr)
		if err != nil {
			p.close()
			return ports{}, fmt.Errorf("--%s: %w; is another program using the port?", want.name, err)
		}
		if want.alpn != nil {
			ln = tls.NewListener(ln, cert.config(want.alpn...))
		}
		*want.ln = ln
	}
	return p, nil
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
		{"ops", serveHTTP(p.ops, prog.web.Ops(), prog.log)},
		{"rtmp", func(ctx context.Context) error { return prog.rtmp.Serve(ctx, p.rtmp) }},
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
