package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"liveroom/web"
)

// TestWhatNobodyReadsIsDrained: a stream of HTTP/2 whose body was not read is reset, and some clients forget the answer then.
func TestWhatNobodyReadsIsDrained(t *testing.T) {
	refuse := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	b := newBench(t, func(_ *web.Config, deps *web.Deps) {
		deps.Media, deps.Socket, deps.Pages, deps.IM = refuse, refuse, refuse, refuse
	})
	for _, c := range []struct {
		name, path, expect string
		proto, size, left  int
	}{
		{"a command", "/v4/openim/sendmsg", "", 2, 1000, 0},
		{"a call without a token", "/api/v1/rooms", "", 2, 1000, 0},
		{"a page", "/", "", 2, 1000, 0},
		{"media", "/live/demo.flv", "", 2, 1000, 0},
		{"more than a request may have", "/v4/openim/sendmsg", "", 2, 300 << 10, 44 << 10},
		{"what is waited with", "/v4/openim/sendmsg", "100-continue", 2, 1000, 1000},
		{"what net/http drains", "/v4/openim/sendmsg", "", 1, 1000, 1000},
	} {
		body := strings.NewReader(strings.Repeat("x", c.size))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.path, body)
		r.ProtoMajor = c.proto
		if c.expect != "" {
			r.Header.Set("Expect", c.expect)
		}
		b.server.ServeHTTP(httptest.NewRecorder(), r)
		if body.Len() != c.left {
			t.Errorf("%s: %d bytes left unread, want %d", c.name, body.Len(), c.left)
		}
	}
}
