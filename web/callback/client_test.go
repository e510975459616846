package callback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/internal/outbound"
	"liveroom/internal/redistest"
)

// everywhere allows private addresses: the test's own receivers have no others.
var everywhere, _ = outbound.ParsePrivate("on")

func why(t *testing.T, err error) string {
	t.Helper()
	var f *failure
	if !errors.As(err, &f) {
		t.Fatalf("error %v is no failure", err)
	}
	return f.why
}

func TestPostKeepsItsConnection(t *testing.T) {
	var connections atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.Header.Get("Content-Type"), body)
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	c := NewClient(everywhere)
	defer c.Close()
	for range 5 {
		got, err := c.post(t.Context(), time.Minute, srv.URL, http.Header{}, []byte(`{"a":1}`))
		if err != nil || string(got.body) != `POST application/json {"a":1}` || got.status != http.StatusOK {
			t.Fatalf("%v, %d %s", err, got.status, got.body)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("5 requests took %d connections", n)
	}
}

// TestPostSurvivesAConnectionClosedMeanwhile: a receiver that closes idle connections does not cost an event.
func TestPostSurvivesAConnectionClosedMeanwhile(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer srv.Close()
	c := NewClient(everywhere)
	defer c.Close()
	for range 20 {
		if _, err := c.post(t.Context(), time.Minute, srv.URL, http.Header{}, []byte(`{}`)); err != nil {
			t.Fatal(err)
		}
		srv.CloseClientConnections()
	}
}

func TestPostFollowsNoRedirectAndNoProxy(t *testing.T) {
	var strayed atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed.Store(true) }))
	defer other.Close()
	t.Setenv("HTTP_PROXY", other.URL)
	t.Setenv("http_proxy", other.URL)
	for _, code := range []int{301, 302, 303, 307, 308} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, code) }))
		c := NewClient(everywhere)
		got, err := c.post(t.Context(), time.Minute, srv.URL, http.Header{}, []byte(`{}`))
		if err != nil || got.status != code {
			t.Errorf("%d: %v, status %d", code, err, got.status)
		}
		c.Close()
		srv.Close()
	}
	if strayed.Load() {
		t.Error("the client went where the receiver or the environment sent it")
	}
}

// TestPostRefusesPrivateAddresses: also behind a name, here the one of the machine itself, which resolves to 127.0.0.1.
func TestPostRefusesPrivateAddresses(t *testing.T) {
	var reached atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer srv.Close()
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	c := NewClient(outbound.Private{})
	defer c.Close()
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1.2.3"} {
		if _, err := c.post(t.Context(), time.Minute, "http://"+host+":"+port, http.Header{}, nil); err == nil || why(t, err) != "private_address" {
			t.Errorf("%s: %v", host, err)
		}
	}
	if reached.Load() {
		t.Error("a private address was reached")
	}
	loopback, err := outbound.ParsePrivate("127.0.0.0/8,::1/128")
	if err != nil {
		t.Fatal(err)
	}
	allowed := NewClient(loopback)
	defer allowed.Close()
	if _, err := allowed.post(t.Context(), time.Minute, "http://localhost:"+port, http.Header{}, nil); err != nil || !reached.Load() {
		t.Errorf("an allowed address was not reached: %v", err)
	}
}

// TestPostSaysWhyItFailed: in words for people, in a code for counters, and never with the URL, whose query may be secret.
func TestPostSaysWhyItFailed(t *testing.T) {
	hold := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/silent":
			<-hold
		case "/drip": // begins in time, and never ends
			w.WriteHeader(http.StatusOK)
			_, _ = w.Write([]byte("{"))
			w.(http.Flusher).Flush()
			<-hold
		case "/large":
			_, _ = w.Write(bytes.Repeat([]byte(" "), maxReply+1))
		case "/header":
			w.Header().Set("X-Long", strings.Repeat("a", 2*maxReplyHeader))
		case "/cut":
			conn, _, _ := w.(http.Hijacker).Hijack()
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
			_ = conn.Close()
		}
	}))
	defer srv.Close()
	defer close(hold)
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	c := NewClient(everywhere)
	defer c.Close()
	for url, want := range map[string]string{
		srv.URL + "/silent": "timeout",
		srv.URL + "/drip":   "timeout",
		srv.URL + "/large":  "reply_too_large",
		srv.URL + "/header": "connection",
		srv.URL + "/cut":    "connection",
		secure.URL:          "tls",
		strings.Replace(srv.URL, "http:", "https:", 1): "tls",
		"http://" + redistest.FreeAddr(t):              "connect",
		"http://no-such-host.invalid":                  "dns",
		"http://bad host/":                             "bad_url",
	} {
		timeout := time.Minute
		if want == "timeout" {
			timeout = 50 * time.Millisecond
		}
		_, err := c.post(t.Context(), timeout, url+"?token=secret", http.Header{}, []byte(`{}`))
		if err == nil || why(t, err) != want {
			t.Errorf("%s: %v, want %s", url, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "http")) {
			t.Errorf("the error tells the URL: %v", err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.post(gone, time.Minute, srv.URL, http.Header{}, nil); why(t, err) != "stopped" {
		t.Errorf("given up: %v", err)
	}
}
