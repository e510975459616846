package web_test

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"liveroom/web"
)

func TestHostileRequests(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	var many strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&many, `"x%d":1,`, i)
	}
	for _, tt := range []struct {
		name, method, path string
		body               any
		headers            []string
		want               int
	}{
		{"deep nesting", "POST", "/api/v1/rooms", deep, nil, 400},
		{"many unknown fields", "POST", "/api/v1/rooms", `{` + many.String() + `"id":"a"}`, nil, 422},
		{"a long unknown field", "POST", "/api/v1/rooms", `{"` + strings.Repeat("x", 50_000) + `":1}`, nil, 422},
		{"invalid UTF-8", "POST", "/api/v1/rooms", "{\"id\":\"\xff\xfe\"}", nil, 422},
		{"markup as id", "POST", "/api/v1/rooms", `{"id":"<script>alert(1)</script>"}`, nil, 422},
		{"null for everything", "POST", "/api/v1/rooms", `null`, nil, 422},
		{"form", "POST", "/api/v1/rooms", `id=a`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		{"form of another page", "POST", "/api/v1/rooms", `{"id":"a"}`, []string{"Content-Type", "text/plain"}, 415},
		{"version too large", "GET", "/api/v1/rooms/demo/status?wait=1s&epoch=x&version=99999999999999999999", nil, nil, 422},
		{"negative version", "GET", "/api/v1/rooms/demo/status?wait=1s&epoch=x&version=-1", nil, nil, 422},
		{"limit too large", "GET", "/api/v1/rooms?limit=99999999999999999999", nil, nil, 422},
		{"a cursor of another place", "GET", "/api/v1/rooms?cursor=%00%ff", nil, nil, 200},
		{"NUL in the path", "GET", "/api/v1/rooms/de%00mo", nil, nil, 422},
		{"climbing path", "GET", "/api/v1/rooms/..%2f..%2fetc", nil, nil, 422},
		{"line end in the path", "GET", "/api/v1/rooms/a%0d%0aX-Evil:%201", nil, nil, 422},
		{"line end in a key", "POST", "/api/v1/rooms", `{"id":"demo","title":"Room demo"}`, []string{"Idempotency-Key", strings.Repeat("k", 129)}, 422},
		{"strange range", "GET", "/api/v1/rooms/demo", nil, []string{"Range", "bytes=9-1"}, 200},
		{"strange Accept", "GET", "/api/v1/rooms/demo", nil, []string{"Accept", "image/png"}, 200},
		{"very long duration", "POST", "/api/v1/rooms", `{"id":"a","grace":"` + strings.Repeat("9", 31) + `h"}`, nil, 422},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := b.request(tt.method, tt.path, apiToken, tt.body, tt.headers...)
			if a.status != tt.want {
				t.Errorf("= %d %.300s, want %d", a.status, a.raw, tt.want)
			}
			if len(a.raw) > 2000 {
				t.Errorf("%d bytes of answer", len(a.raw))
			}
			if a.header.Get("X-Evil") != "" {
				t.Error("a header was injected")
			}
			if a.status >= 400 && !strings.HasPrefix(a.raw, `{"title"`) {
				t.Errorf("not a problem: %.300s", a.raw)
			}
		})
	}
}

func TestHugeHeadersAreRefused(t *testing.T) {
	b := newBench(t, nil)
	req, err := http.NewRequestWithContext(t.Context(), "GET", b.url+"/healthz", nil)
	must(t, err)
	req.Header.Set("X-Big", strings.Repeat("x", 64<<10))
	resp, err := b.client.Do(req)
	if err == nil { // the server may also just close
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("= %d", resp.StatusCode)
		}
	}
}

func TestListenersHaveDeadlines(t *testing.T) {
	srv := web.NewHTTPServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if srv.ReadHeaderTimeout <= 0 || srv.IdleTimeout <= 0 || srv.MaxHeaderBytes <= 0 {
		t.Errorf("a client may hold a connection without end: %+v", srv)
	}
	if srv.WriteTimeout != 0 || srv.ReadTimeout != 0 {
		t.Error("media would be cut")
	}
}

func TestServersMayBeMadeAtTheSameTime(t *testing.T) {
	b := newBench(t, nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { newBench(t, nil) })
	}
	for range 20 {
		b.request("GET", "/api/v1/rooms", "", nil)
	}
	wg.Wait()
}

func TestConcurrentCreatesWithOneKeyMakeOneRoom(t *testing.T) {
	b := newBench(t, nil)
	answers := make([]answer, 12)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			answers[i] = b.request("POST", "/api/v1/rooms", apiToken, `{"title":"x"}`, "Idempotency-Key", "once")
		})
	}
	wg.Wait()
	made := 0
	for _, a := range answers {
		if a.status != 201 || a.json["id"] != answers[0].json["id"] {
			t.Errorf("= %d %s", a.status, a.raw)
		}
		if a.header.Get("Idempotency-Replayed") == "" {
			made++
		}
	}
	if list := b.do(200, "GET", "/api/v1/rooms", "", nil); made != 1 || len(list.json["rooms"].([]any)) != 1 {
		t.Errorf("%d say they made it: %s", made, list.raw)
	}
}

func TestManyWaitersAreAnsweredAtOnce(t *testing.T) {
	b := newBench(t, nil)
	made := b.createRoom("demo")
	path := "/api/v1/rooms/demo/status?wait=60s&version=1&epoch=" + made.json["status"].(map[string]any)["epoch"].(string)
	const n = 200
	answers := make(chan answer, n)
	for range n {
		go func() { answers <- b.request("GET", path, "", nil) }()
	}
	eventually(t, "all are held", func() bool { return b.figure("liveroom_status_waits") == n })
	b.do(200, "POST", "/api/v1/rooms/demo/end", apiToken, nil)
	for range n {
		if a := receive(t, answers); a.json["version"] != 2.0 {
			t.Fatalf("= %d %s", a.status, a.raw)
		}
	}
}

func TestAWaiterThatLeavesIsForgotten(t *testing.T) {
	b := newBench(t, nil)
	made := b.createRoom("demo")
	conn, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	must(t, err)
	_, err = fmt.Fprintf(conn, "GET /api/v1/rooms/demo/status?wait=60s&version=1&epoch=%s HTTP/1.1\r\nHost: x\r\n\r\n",
		made.json["status"].(map[string]any)["epoch"])
	must(t, err)
	eventually(t, "it is held", func() bool { return b.figure("liveroom_status_waits") == 1 })
	must(t, conn.Close())
	eventually(t, "it is forgotten", func() bool { return b.figure("liveroom_status_waits") == 0 })
	if strings.Contains(b.logs.String(), "level=ERROR") {
		t.Errorf("leaving is an error in the log: %s", b.logs.String())
	}
}

// FuzzAPI sends anything anywhere: the server may refuse, but must neither panic nor blame itself.
func FuzzAPI(f *testing.F) {
	f.Add("GET", "/api/v1/rooms/demo/status?wait=1ms&epoch=x&version=1", "")
	f.Add("POST", "/api/v1/rooms", `{"id":"a","grace":"5s","scheduledAt":"2030-01-01T00:00:00Z"}`)
	f.Add("PATCH", "/api/v1/rooms/demo", `{"endAt":null,"title":"x"}`)
	f.Add("POST", "/api/v1/rooms/demo/playback", `{"url":"https://e.com/a.mp4","until":"2030-01-01T00:00:00Z"}`)
	f.Add("POST", "/api/v1/rooms/demo/messages", `{"body":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]}`)
	f.Add("PUT", "/api/v1/rooms/demo/attributes", `{"attributes":{"a":"b"}}`)
	f.Add("GET", "/live/demo.flv?txSecret=x", "")
	f.Add("DELETE", "/api/v1/rooms/demo?reason=x", "")
	b := newBench(f, func(_ *web.Config, d *web.Deps) { d.Media, d.Pages = echo("media"), echo("pages") })
	b.createRoom("demo")
	f.Fuzz(func(t *testing.T, method, target, body string) {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://x"+target, strings.NewReader(body))
		if err != nil || strings.HasPrefix(req.URL.Path, "/api/v1/events") || strings.Contains(req.URL.RawQuery, "wait") && !strings.Contains(target, "wait=1ms") {
			return // not a request at all, or one that stays open
		}
		req.RemoteAddr = "192.0.2.1:1"
		req.Header.Set("Authorization", "Bearer "+apiToken)
		req.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		b.server.ServeHTTP(w, req)
		resp := w.Result()
		answer, _ := io.ReadAll(resp.Body)
		if resp.StatusCode == http.StatusInternalServerError {
			t.Fatalf("%s %q %q = %s\n%s", method, target, body, answer, b.logs.String())
		}
		if resp.StatusCode >= 400 && resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Fatalf("%s %q = %d %s", method, target, resp.StatusCode, resp.Header.Get("Content-Type"))
		}
	})
}

func BenchmarkStatus(b *testing.B) {
	bench := newBench(b, func(_ *web.Config, d *web.Deps) { d.Log = slog.New(slog.DiscardHandler) })
	bench.createRoom("demo")
	req := httptest.NewRequest("GET", "/api/v1/rooms/demo/status", nil)
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		if bench.server.ServeHTTP(w, req); w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
}

func BenchmarkStatuses500(b *testing.B) {
	bench := newBench(b, func(_ *web.Config, d *web.Deps) { d.Log = slog.New(slog.DiscardHandler) })
	var ids []string
	for i := range 500 {
		id := fmt.Sprintf("r%d", i)
		bench.createRoom(id)
		ids = append(ids, id)
	}
	req := httptest.NewRequest("GET", "/api/v1/statuses?rooms="+strings.Join(ids, ","), nil)
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		if bench.server.ServeHTTP(w, req); w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
}

// What a client puts into a path by mistake is as secret as in its place.
func TestPathsAreLoggedWithoutSecrets(t *testing.T) {
	b := newBench(t, func(_ *web.Config, deps *web.Deps) {
		deps.Media, deps.Pages = http.NotFoundHandler(), http.NotFoundHandler()
	})
	const secret = "32dfe1fbc21b6a2f25bc941d197128b4"
	for _, path := range []string{
		"/live/demo.flv?txSecret=" + secret + "&txTime=1",
		"/live/demo.flv%3FtxSecret=" + secret + "&txTime=1",
		"/live/demo%3FtxSecret%3D" + secret + "%26txTime%3D1.flv",
		"/live/demo&txSecret=" + secret + "&txTime=1.flv",
		"/live/demo.m3u8;txSecret=" + secret,
		"/live/txSecret=" + secret + "&txTime=1/demo.flv",
		"/live/demo/h/" + secret + "/v0.m3u8",
		"/live/demo/p/" + secret + "/1-1.m4s",
		"//live/demo/h/" + secret + "/v0.m3u8",
		"/proxied/live/demo/p/" + secret + "/1-1.m4s",
		"/live/demo/h/" + secret,
		"/demo/chat/stream/" + secret,
		"//chat/stream/" + secret + "/demo",
	} {
		b.request("GET", path, "", nil)
	}
	log := b.logs.String()
	for line := range strings.Lines(log) {
		if strings.Contains(line, secret) {
			t.Errorf("logged: %s", line)
		}
	}
	if n := strings.Count(log, "demo"); n < 13 {
		t.Errorf("%d of 13 paths can be recognised in the log", n)
	}
}
