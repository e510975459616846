package web_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"liveroom/web"
)

// slowBench is a server whose deadlines a test can wait for, and an operator's port beside it.
func slowBench(t *testing.T) (b *bench, ops string) {
	b = newBench(t, func(cfg *web.Config, deps *web.Deps) {
		cfg.BodyTimeout, cfg.AnswerTimeout = 200*time.Millisecond, 300*time.Millisecond
		refused := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, strings.Repeat("no\n", 10_000))
		})
		deps.Media, deps.Socket, deps.Pages = refused, refused, refused
	})
	ts := httptest.NewUnstartedServer(nil)
	ts.Config = web.NewHTTPServer(b.server.Ops(), slog.New(slog.DiscardHandler))
	ts.Start()
	t.Cleanup(ts.Close)
	return b, ts.URL
}

// dial opens a connection of its own.
func dial(t *testing.T, base string) *net.TCPConn {
	t.Helper()
	u, err := url.Parse(base)
	must(t, err)
	conn, err := net.Dial("tcp", u.Host)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(*net.TCPConn)
}

// A body that never comes must not hold a connection, wherever it is sent and whether or not anybody wants it.
func TestBodiesThatNeverComeAreNotWaitedFor(t *testing.T) {
	b, ops := slowBench(t)
	const declared, chunked = "Content-Length: 1000\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n5\r\nab"
	for _, tt := range []struct{ name, base, request, body string }{
		{"call without token", b.url, "POST /api/v1/rooms", declared},
		{"call that reads", b.url, "POST /api/v1/guests", declared},
		{"call that reads none", b.url, "GET /api/v1/rooms", declared},
		{"health", b.url, "GET /healthz", declared},
		{"page", b.url, "GET /", declared},
		{"nothing there", b.url, "POST /nowhere", chunked},
		{"FLV", b.url, "GET /live/demo.flv", declared},
		{"HLS", b.url, "GET /live/demo.m3u8", chunked},
		{"chat", b.url, "POST /chat", declared},
		{"operator", ops, "GET /health", declared},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, tt.base)
			must(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
			_, err := fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%s", tt.request, tt.body)
			must(t, err)
			if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection is still open")
			}
		})
	}
}

// Who asks and asks and never reads must not hold a connection either.
func TestAnswersThatNobodyReadsAreGivenUp(t *testing.T) {
	b, ops := slowBench(t)
	for _, tt := range []struct{ name, base, path string }{
		{"API", b.url, "/openapi.yaml"},
		{"page", b.url, "/"},
		{"FLV", b.url, "/live/demo.flv"},
		{"HLS", b.url, "/live/demo.m3u8"},
		{"chat", b.url, "/chat"},
		{"operator", ops, "/metrics"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, tt.base)
			must(t, conn.SetReadBuffer(4<<10))
			requests := []byte(strings.Repeat("GET "+tt.path+" HTTP/1.1\r\nHost: x\r\n\r\n", 100))
			for until := time.Now().Add(15 * time.Second); time.Now().Before(until); {
				must(t, conn.SetWriteDeadline(time.Now().Add(time.Second)))
				if _, err := conn.Write(requests); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
					return // closed
				}
			}
			t.Error("the connection is still open")
		})
	}
}

// A profile takes as long as its caller says, and a little more to be read.
func TestProfilesAreNotCut(t *testing.T) {
	_, ops := slowBench(t)
	resp, err := http.Get(ops + "/debug/pprof/trace?seconds=0.6")
	must(t, err)
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("= %d, %v", resp.StatusCode, err)
	}
	http.DefaultClient.CloseIdleConnections()
}

// A body must not cut short what its request waits for.
func TestAnswersMayTakeLongerThanBodies(t *testing.T) {
	b := newBench(t, func(cfg *web.Config, deps *web.Deps) {
		cfg.BodyTimeout = 50 * time.Millisecond
		deps.Media = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			select {
			case <-r.Context().Done():
				w.WriteHeader(http.StatusTeapot)
			case <-time.After(300 * time.Millisecond):
			}
		})
	})
	if a := b.request("POST", "/live/demo.flv", "", "{}"); a.status != http.StatusOK {
		t.Errorf("= %d: the request was given up", a.status)
	}
	if a := b.request("GET", "/live/demo.flv", "", nil); a.status != http.StatusOK {
		t.Errorf("without a body = %d", a.status)
	}
}
