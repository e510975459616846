package peer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var key = []byte("node-key-0123456789abcdef")

// nodes are URLs by id.
type nodes map[string]string

func (n nodes) URL(id string) (string, bool) {
	u, ok := n[id]
	return u, ok
}

// echo answers what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = io.WriteString(w, strings.Join([]string{r.Method, r.URL.Path, r.URL.RawQuery, string(body)}, "|"))
}

// start serves the handler of the node b-2.
func start(t *testing.T, log io.Writer) (*Server, string) {
	t.Helper()
	s := NewServer("b-2", key, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	s.Handle("/internal/echo/{what}", http.HandlerFunc(echo))
	ts := httptest.NewServer(s)
	t.Cleanup(ts.Close)
	return s, ts.URL
}

func newTestClient(t *testing.T, with []byte, n Nodes) *Client {
	t.Helper()
	c := NewClient("a-1", with, n)
	t.Cleanup(c.Close)
	return c
}

func text(t *testing.T, r *http.Response, err error) (int, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

func TestNodesAskEachOther(t *testing.T) {
	s, url := start(t, io.Discard)
	c := newTestClient(t, key, nodes{"b-2": url})
	for _, test := range []struct {
		name string
		call Call
		want string
	}{
		{"plain", Call{Node: "b-2", Path: "/internal/echo/x"}, "GET|/internal/echo/x||"},
		{"query", Call{Node: "b-2", Path: "/internal/echo/x", Query: "b=2&a=%20"}, "GET|/internal/echo/x|b=2&a=%20|"},
		{"escaped path", Call{Node: "b-2", Path: "/internal/echo/x%2Fy"}, "GET|/internal/echo/x/y||"},
		{"body", Call{Node: "b-2", Method: http.MethodPost, Path: "/internal/echo/x", Body: []byte("hello")}, "POST|/internal/echo/x||hello"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := c.Do(t.Context(), test.call)
			if code, got := text(t, r, err); code != http.StatusOK || got != test.want {
				t.Errorf("answer %d %q, want %q", code, got, test.want)
			}
		})
	}
	if got := s.Stats(); got.Served != 4 || len(got.Refused) != 0 {
		t.Errorf("stats %+v, want 4 served", got)
	}
	r, err := c.Do(t.Context(), Call{Node: "b-2", Path: "/internal/other"})
	if code, _ := text(t, r, err); code != http.StatusNotFound {
		t.Errorf("a path nobody serves: %d, want 404", code)
	}
	if _, err := c.Do(t.Context(), Call{Node: "c-3", Path: "/internal/echo/x"}); !errors.Is(err, ErrUnknown) {
		t.Errorf("a node nobody knows: %v, want ErrUnknown", err)
	}
}

// TestAURLMayEndInASlash, as operators write them.
func TestAURLMayEndInASlash(t *testing.T) {
	_, url := start(t, io.Discard)
	r, err := newTestClient(t, key, nodes{"b-2": url + "/"}).Get(t.Context(), "b-2", "/internal/echo/x", "")
	if code, got := text(t, r, err); code != http.StatusOK || got != "GET|/internal/echo/x||" {
		t.Errorf("answer %d %q", code, got)
	}
}

// TestARequestIsForOneNode: what was overheard is worth nothing at another one that has the same key, nor at the same address
// once the node was started again.
func TestARequestIsForOneNode(t *testing.T) {
	s, url := start(t, io.Discard)
	_, err := newTestClient(t, key, nodes{"c-3": url}).Get(t.Context(), "c-3", "/internal/echo/x", "")
	if !errors.Is(err, ErrRefused) || s.Stats().Refused[whyOther] != 1 || s.Stats().Served != 0 {
		t.Errorf("error %v, stats %+v, want ErrRefused", err, s.Stats())
	}
}

func TestOtherKeyIsRefusedAndNeverLogged(t *testing.T) {
	var log bytes.Buffer
	_, url := start(t, &log)
	other := []byte("another-key-0123456789abcdef")
	_, err := newTestClient(t, other, nodes{"b-2": url}).Do(t.Context(), Call{Node: "b-2", Path: "/internal/echo/x"})
	if !errors.Is(err, ErrRefused) {
		t.Fatalf("error %v, want ErrRefused", err)
	}
	for _, secret := range []string{string(key), string(other)} {
		if strings.Contains(log.String()+err.Error(), secret) {
			t.Errorf("a key is told: %s %v", log.String(), err)
		}
	}
}

// TestForgedRequests changes each thing that is signed, one at a time.
func TestForgedRequests(t *testing.T) {
	var log bytes.Buffer
	s, url := start(t, &log)
	now := time.Now()
	for _, test := range []struct {
		name string
		at   time.Time
		body string // signed
		edit func(*http.Request)
		want string
	}{
		{"nothing", now, "", func(*http.Request) {}, ""},
		{"nothing, with a body", now, "hello", func(*http.Request) {}, ""},
		{"29 s old", now.Add(-29 * time.Second), "", func(*http.Request) {}, ""},
		{"29 s early", now.Add(29 * time.Second), "", func(*http.Request) {}, ""},
		{"31 s old", now.Add(-31 * time.Second), "", func(*http.Request) {}, whyTime},
		{"31 s early", now.Add(31 * time.Second), "", func(*http.Request) {}, whyTime},
		{"another path", now, "", func(r *http.Request) { r.URL.Path = "/internal/echo/y" }, whyForged},
		{"another query", now, "", func(r *http.Request) { r.URL.RawQuery = "a=1" }, whyForged},
		{"another method", now, "", func(r *http.Request) { r.Method = http.MethodDelete }, whyForged},
		{"another body", now, "hello", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("hallo")) }, whyBody},
		{"a body where none was", now, "", func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("hello")), 5
		}, whyBody},
		{"no signature", now, "", func(r *http.Request) { r.Header.Del(header) }, whyUnsigned},
		{"another version", now, "", edit(0, "peer2"), whyUnsigned},
		{"another time", now, "", edit(1, "1700000000000"), whyForged},
		{"no time", now, "", edit(1, ""), whyForged},
		{"hash of another body", now, "hello", edit(2, hashed([]byte("hallo"))), whyForged},
		{"no MAC", now, "", edit(3, ""), whyForged},
		{"no hex", now, "", edit(3, "zz"), whyForged},
		{"half a MAC", now, "", edit(3, strings.Repeat("00", 16)), whyForged},
		{"another node", now, "", edit(4, "c-3"), whyForged},
		{"no node", now, "", edit(4, ""), whyUnsigned},
		{"for another node", now, "", edit(5, "c-3"), whyForged},
		{"for no node", now, "", edit(5, ""), whyUnsigned},
		{"a novel", now, "", edit(4, strings.Repeat("x", 1000)), whyUnsigned},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := s.Stats().Refused[test.want]
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/internal/echo/x", strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set(header, sign(key, "a-1", "b-2", r, []byte(test.body), test.at))
			test.edit(r)
			answer, err := http.DefaultTransport.RoundTrip(r)
			code, got := text(t, answer, err)
			if test.want == "" {
				if code != http.StatusOK {
					t.Errorf("answer %d %q, want 200", code, got)
				}
				return
			}
			if code != http.StatusUnauthorized || strings.TrimSpace(got) != test.want {
				t.Errorf("answer %d %q, want 401 %q", code, got, test.want)
			}
			if s.Stats().Refused[test.want] != before+1 {
				t.Errorf("not counted as %s: %+v", test.want, s.Stats())
			}
		})
	}
	if n := strings.Count(log.String(), "clock"); n != 1 {
		t.Errorf("the log tells %d times that clocks differ, want once:\n%s", n, log.String())
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

// edit replaces one part of the signature.
func edit(part int, with string) func(*http.Request) {
	return func(r *http.Request) {
		parts := strings.Split(r.Header.Get(header), " ")
		parts[part] = with
		r.Header.Set(header, strings.Join(parts, " "))
	}
}

func TestLargeBodiesAreRefused(t *testing.T) {
	_, url := start(t, io.Discard)
	c := newTestClient(t, key, nodes{"b-2": url})
	_, err := c.Do(t.Context(), Call{Node: "b-2", Method: http.MethodPost, Path: "/internal/echo/x", Body: make([]byte, maxBodyBytes+1)})
	if !errors.Is(err, ErrRefused) {
		t.Errorf("error %v, want ErrRefused", err)
	}
	r, err := c.Do(t.Context(), Call{Node: "b-2", Method: http.MethodPost, Path: "/internal/echo/x", Body: make([]byte, maxBodyBytes)})
	if code, _ := text(t, r, err); code != http.StatusOK {
		t.Errorf("1 MiB: %d, want 200", code)
	}
}

// trusted is a connection that counts how often it was trusted.
type trusted struct {
	net.Conn
	times *atomic.Int64
}

func (c trusted) Trust() { c.times.Add(1) }

func TestOnlyNodesAreTrusted(t *testing.T) {
	var times atomic.Int64
	s := NewServer("b-2", key, slog.New(slog.DiscardHandler))
	s.Handle("/internal/echo/{what}", http.HandlerFunc(echo))
	ts := httptest.NewUnstartedServer(s)
	ts.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return WithConn(ctx, trusted{c, &times})
	}
	ts.Start()
	defer ts.Close()
	stranger, err := http.Get(ts.URL + "/internal/echo/x")
	if code, _ := text(t, stranger, err); code != http.StatusUnauthorized || times.Load() != 0 {
		t.Errorf("a stranger: %d, trusted %d times", code, times.Load())
	}
	r, err := newTestClient(t, key, nodes{"b-2": ts.URL}).Do(t.Context(), Call{Node: "b-2", Path: "/internal/echo/x"})
	if code, _ := text(t, r, err); code != http.StatusOK || times.Load() != 1 {
		t.Errorf("a node: %d, trusted %d times, want once", code, times.Load())
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	s := NewServer("b-2", key, slog.New(slog.DiscardHandler))
	s.Handle("/internal/away", http.RedirectHandler("http://192.0.2.1/", http.StatusFound))
	ts := httptest.NewServer(s)
	defer ts.Close()
	r, err := newTestClient(t, key, nodes{"b-2": ts.URL}).Do(t.Context(), Call{Node: "b-2", Path: "/internal/away"})
	if code, _ := text(t, r, err); code != http.StatusFound {
		t.Errorf("answer %d, want 302 as it is", code)
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	var opened atomic.Int64
	s := NewServer("b-2", key, slog.New(slog.DiscardHandler))
	s.Handle("/internal/echo/{what}", http.HandlerFunc(echo))
	ts := httptest.NewUnstartedServer(s)
	ts.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	ts.Start()
	defer ts.Close()
	c := newTestClient(t, key, nodes{"b-2": ts.URL})
	for range 5 {
		r, err := c.Do(t.Context(), Call{Node: "b-2", Path: "/internal/echo/x"})
		text(t, r, err)
	}
	if opened.Load() != 1 {
		t.Errorf("%d connections for 5 requests, want 1", opened.Load())
	}
}
