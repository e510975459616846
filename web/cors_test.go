package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"liveroom/web"
)

// asked sends a request with some headers, key and value in turn.
func asked(b *bench, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.server.ServeHTTP(w, r)
	return w
}

func TestPagesOfListedOriginsMayPlay(t *testing.T) {
	listed := []string{"https://www.example.com", "capacitor://localhost"}
	tests := []struct {
		name    string
		origins []string // nil: default
		origin  string
		allowed string // what the answer says
	}{
		{"any, as by default", nil, "https://elsewhere.example", "*"},
		{"any, said with others", append([]string{"*"}, listed...), "https://elsewhere.example", "*"},
		{"listed", listed, "https://www.example.com", "https://www.example.com"},
		{"listed, an app's", listed, "capacitor://localhost", "capacitor://localhost"},
		{"the server's own", listed, "https://live.example", "https://live.example"},
		{"not listed", listed, "https://elsewhere.example", ""},
		{"listed with another scheme", listed, "http://www.example.com", ""},
		{"listed with another port", listed, "https://www.example.com:444", ""},
		{"listed as a part", listed, "https://www.example.com.evil.example", ""},
		{"a file's", listed, "null", ""},
		{"none", listed, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, func(cfg *web.Config, deps *web.Deps) {
				cfg.Origins, cfg.PublicURL, deps.Media = tt.origins, "https://live.example/", echo("media")
			})
			b.createRoom("demo")
			for _, path := range []string{"/live/demo.flv", "/live/demo.m3u8", "/live/demo/p/cap/1.m4s", "/api/v1/rooms", "/api/v1/rooms/none", "/openapi.yaml"} {
				w := asked(b, "GET", path, "Origin", tt.origin)
				if got := w.Header().Get("Access-Control-Allow-Origin"); got != tt.allowed {
					t.Errorf("%s allows %q, want %q", path, got, tt.allowed)
				}
				if want := w.Header().Get("Vary") == "Origin"; want == (tt.allowed == "*") {
					t.Errorf("%s varies by %q", path, w.Header().Get("Vary"))
				}
				if w.Header().Get("Access-Control-Allow-Credentials") != "" {
					t.Errorf("%s allows credentials", path)
				}
				if strings.HasPrefix(path, "/live/") && w.Body.String() == "" {
					t.Errorf("%s was not served", path)
				}
			}
			for path, header := range map[string]string{"/live/demo.flv": "Range", "/live/demo.m3u8": "Range", "/api/v1/rooms": "If-None-Match"} {
				h := asked(b, "OPTIONS", path, "Origin", tt.origin, "Access-Control-Request-Method", "GET").Header()
				want := ""
				if tt.allowed != "" {
					want = header
				}
				if h.Get("Access-Control-Allow-Origin") != tt.allowed || h.Get("Access-Control-Allow-Headers") != want {
					t.Errorf("OPTIONS %s: %v", path, h)
				}
			}
			status := http.StatusOK // the browser asks nobody whether a page may open a WebSocket
			if tt.allowed == "" && tt.origin != "" {
				status = http.StatusForbidden
			}
			w := asked(b, "GET", "/live/demo.flv", "Origin", tt.origin, "Connection", "Upgrade", "Upgrade", "websocket")
			if w.Code != status {
				t.Errorf("WebSocket: %d, want %d", w.Code, status)
			}
		})
	}
}

func TestPagesOfListedOriginsMayChat(t *testing.T) {
	listed := []string{"https://www.example.com"}
	for _, tt := range []struct {
		name    string
		origins []string
		origin  string
		allowed string // what the answer says
		status  int
	}{
		{"any, as by default", nil, "https://elsewhere.example", "*", http.StatusOK},
		{"listed", listed, "https://www.example.com", "https://www.example.com", http.StatusOK},
		{"the server's own", listed, "https://live.example", "https://live.example", http.StatusOK},
		{"not listed", listed, "https://elsewhere.example", "", http.StatusForbidden},
		{"a file's", listed, "null", "", http.StatusForbidden},
		{"no page", listed, "", "", http.StatusOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, func(cfg *web.Config, deps *web.Deps) {
				cfg.Origins, cfg.PublicURL, deps.Socket = tt.origins, "https://live.example/", echo("chat")
			})
			for _, ask := range []struct{ method, path, allowed string }{
				{"GET", "/chat", tt.allowed}, {"GET", "/chat/stream", tt.allowed}, {"POST", "/chat/stream/key", tt.allowed},
			} {
				var headers []string
				if tt.origin != "" {
					headers = []string{"Origin", tt.origin}
				}
				w := asked(b, ask.method, ask.path, headers...)
				if w.Code != tt.status || w.Header().Get("Access-Control-Allow-Origin") != ask.allowed {
					t.Errorf("%s %s: %d, allows %q", ask.method, ask.path, w.Code, w.Header().Get("Access-Control-Allow-Origin"))
				}
				if refused := strings.Contains(w.Body.String(), `"forbidden_origin"`); refused != (tt.status == http.StatusForbidden) {
					t.Errorf("%s %s: %s", ask.method, ask.path, w.Body)
				}
			}
		})
	}
	b := newBench(t, func(_ *web.Config, deps *web.Deps) { deps.Socket = echo("chat") })
	w := asked(b, "OPTIONS", "/chat/stream/key", "Origin", "https://elsewhere.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
	h := w.Header()
	if w.Code != http.StatusNoContent || h.Get("Access-Control-Allow-Methods") != "GET, POST" || h.Get("Access-Control-Allow-Headers") != "Content-Type" || w.Body.Len() > 0 {
		t.Errorf("preflight: %d %v %s", w.Code, h, w.Body)
	}
}

func TestAWebSocketOfTheServersOwnPage(t *testing.T) {
	b := newBench(t, func(cfg *web.Config, deps *web.Deps) {
		cfg.Origins, deps.Media = []string{"https://www.example.com"}, echo("media")
	})
	for origin, status := range map[string]int{"http://example.com": http.StatusOK, "http://evil.example": http.StatusForbidden} { // the request's Host is example.com
		if w := asked(b, "GET", "/live/demo.flv", "Origin", origin, "Connection", "Upgrade", "Upgrade", "websocket"); w.Code != status {
			t.Errorf("from %s: %d, want %d", origin, w.Code, status)
		}
	}
}

func TestCheckOrigin(t *testing.T) {
	for origin, good := range map[string]bool{
		"*": true, "https://a.example": true, "http://localhost:5173": true, "http://[::1]:80": true, "capacitor://localhost": true,
		"": false, "a.example": false, "https://": false, "https://a.example/": false, "https://a.example/x": false, "https://a.example?x": false,
		"https://a.example#": false, "https://u@a.example": false, "null": false, "https://*.example": false,
	} {
		if err := web.CheckOrigin(origin); (err == nil) != good {
			t.Errorf("%q: %v", origin, err)
		}
	}
}
