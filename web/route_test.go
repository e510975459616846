package web_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"liveroom/web"
)

// echo answers with its name, so that a test sees who was asked.
func echo(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, name+" "+r.RemoteAddr)
	})
}

func TestEveryPathLeadsSomewhere(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) {
		d.Socket, d.Media, d.Pages, d.IM = echo("socket"), echo("media"), echo("pages"), echo("im")
	})
	for path, want := range map[string]string{
		"/chat":                              "socket",
		"/chat/stream":                       "socket",
		"/chat/stream/key":                   "socket",
		"/live/demo.flv?txSecret=x":          "media",
		"/live/demo.m3u8":                    "media",
		"/any-app/demo.m3u8":                 "media",
		"/live/demo/h/sid/v0.m3u8":           "media",
		"/live/demo/p/cap/1-2.m4s":           "media",
		"/":                                  "pages",
		"/rooms/demo":                        "pages",
		"/embed/demo":                        "pages",
		"/assets/app-123.js":                 "pages",
		"/anchor":                            "pages",
		"/nothing":                           "pages",
		"/live/demo.mp4":                     "pages",
		"/v4/openim/sendmsg?usersig=x":       "im",
		"/v4/group_open_http_svc/send?sdk=1": "im",
	} {
		a := b.request("GET", path, "", nil)
		if got, _, _ := strings.Cut(a.raw, " "); got != want || a.status != 200 {
			t.Errorf("%s leads to %q with %d, want %s", path, a.raw, a.status, want)
		}
	}
	for _, path := range []string{"/api/v1/nothing", "/api/v2/rooms", "/api/v1/rooms/demo/nothing", "/api/v1/rooms/", "/api/"} {
		if a := b.request("GET", path, "", nil); a.status != 404 || a.code() != "not_found" || a.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s = %d %s", path, a.status, a.raw)
		}
	}
	wrong := b.do(405, "PUT", "/api/v1/rooms", apiToken, `{}`)
	if wrong.code() != "method_not_allowed" || !strings.Contains(wrong.header.Get("Allow"), "POST") {
		t.Errorf("PUT /rooms: %s, Allow %q", wrong.raw, wrong.header.Get("Allow"))
	}
}

func TestHandlersThatAreNotThere(t *testing.T) {
	b := newBench(t, nil)
	for _, path := range []string{"/chat", "/live/demo.flv", "/", "/v4/openim/sendmsg"} {
		if a := b.do(404, "GET", path, "", nil); a.code() != "not_found" {
			t.Errorf("%s = %s", path, a.raw)
		}
	}
}

func TestOtherOriginsMayReadAndNoMore(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	if a := b.do(200, "GET", "/api/v1/rooms/demo/status", "", nil); a.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(a.header.Get("Access-Control-Expose-Headers"), "ETag") {
		t.Errorf("GET: %v", a.header)
	}
	if a := b.request("GET", "/api/v1/rooms/none", "", nil); a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("another origin's page can't read the error")
	}
	if a := b.do(200, "POST", "/api/v1/rooms/demo/end", apiToken, nil); a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("POST: %v", a.header)
	}
	pre := b.do(204, "OPTIONS", "/api/v1/rooms/demo/status", "", nil)
	if pre.header.Get("Access-Control-Allow-Methods") != "GET" || strings.Contains(pre.header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("OPTIONS: %v", pre.header)
	}
}

func TestTheLogHidesWhatIsSecret(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Socket, d.Media, d.IM = echo("s"), echo("m"), echo("i") })
	for _, path := range []string{
		"/live/demo.flv?txSecret=SECRET1&txTime=6955B900", "/live/demo/h/SECRET2/v0.m3u8", "/live/demo/p/SECRET3/1-2.m4s",
		"/v4/openim/sendmsg?usersig=SECRET4&identifier=admin", "/chat?userSig=SECRET5", "/api/v1/rooms?token=SECRET6",
		"/chat/stream/SECRET7",
	} {
		b.request("GET", path, "", nil)
	}
	eventually(t, "everything is logged", func() bool { return strings.Count(b.logs.String(), "served") >= 7 })
	text := b.logs.String()
	if strings.Contains(text, "SECRET") {
		t.Errorf("log: %s", text)
	}
	for _, want := range []string{"txTime=6955B900", "identifier=admin", "status=200"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %s: %s", want, text)
		}
	}
}

func TestPanicsEndOneRequest(t *testing.T) {
	boom := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })
	late := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic("boom")
	})
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Media, d.Pages, d.Socket = boom, boom, late })
	if a := b.do(500, "GET", "/", "", nil); a.code() != "internal" || strings.Contains(a.raw, "boom") {
		t.Errorf("= %s", a.raw)
	}
	for _, path := range []string{"/live/demo.flv", "/chat"} {
		once := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // on a kept connection it would ask again
		resp, err := once.Get(b.url + path)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		if err == nil {
			t.Errorf("%s ended as if it were whole", path)
		}
	}
	b.do(200, "GET", "/healthz", "", nil)
	if got := b.figure("liveroom_http_panics_total"); got != 3 {
		t.Errorf("panics = %v", got)
	}
}

func TestClientAddress(t *testing.T) {
	for _, tt := range []struct {
		name    string
		trusted []string
		header  []string
		want    string
	}{
		{"nobody is trusted", nil, []string{"192.0.2.1"}, "127.0.0.1"},
		{"another is trusted", []string{"10.0.0.0/8"}, []string{"192.0.2.1"}, "127.0.0.1"},
		{"one proxy", []string{"127.0.0.1/32"}, []string{"192.0.2.1"}, "192.0.2.1"},
		{"a forged beginning", []string{"127.0.0.1/32"}, []string{"203.0.113.9, 192.0.2.1"}, "192.0.2.1"},
		{"two proxies", []string{"127.0.0.1/32", "10.0.0.0/8"}, []string{"203.0.113.9, 192.0.2.1, 10.1.1.1"}, "192.0.2.1"},
		{"two headers", []string{"127.0.0.1/32", "10.0.0.0/8"}, []string{"192.0.2.1", "10.1.1.1"}, "192.0.2.1"},
		{"rubbish", []string{"127.0.0.1/32"}, []string{"192.0.2.1, unknown"}, "127.0.0.1"},
		{"with port", []string{"127.0.0.1/32"}, []string{"192.0.2.1:5123"}, "192.0.2.1"},
		{"IPv6 with port", []string{"127.0.0.1/32"}, []string{"[2001:db8::1]:5123"}, "2001:db8::1"},
		{"no header", []string{"127.0.0.1/32"}, nil, "127.0.0.1"},
		{"IPv6", []string{"127.0.0.1/32"}, []string{"2001:db8::1"}, "2001:db8::1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, func(c *web.Config, d *web.Deps) {
				d.Socket = echo("socket")
				for _, p := range tt.trusted {
					c.TrustedProxies = append(c.TrustedProxies, netip.MustParsePrefix(p))
				}
			})
			req, err := http.NewRequestWithContext(t.Context(), "GET", b.url+"/chat", nil)
			must(t, err)
			for _, h := range tt.header {
				req.Header.Add("X-Forwarded-For", h)
			}
			resp, err := b.client.Do(req)
			must(t, err)
			defer func() { _ = resp.Body.Close() }()
			body, _ := io.ReadAll(resp.Body)
			_, remote, _ := strings.Cut(string(body), " ")
			if host, _, err := net.SplitHostPort(remote); err != nil || host != tt.want {
				t.Errorf("RemoteAddr = %s, want %s", remote, tt.want)
			}
		})
	}
}

// Chat and media take connections over, or move their deadlines: then they last.
func TestLongConnectionsOutliveTheDeadlineOfAnAnswer(t *testing.T) {
	const answer, late = 200 * time.Millisecond, 500 * time.Millisecond
	b := newBench(t, func(cfg *web.Config, d *web.Deps) {
		cfg.AnswerTimeout = answer
		d.Socket = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }()
			<-time.After(late)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nlate")
		})
		d.Media = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
			<-time.After(late)
			_, _ = io.WriteString(w, "late")
		})
	})
	for _, path := range []string{"/live/demo.flv", "/chat"} {
		b.do(http.StatusOK, "GET", "/healthz", "", nil) // on the same connection
		if a := b.do(http.StatusOK, "GET", path, "", nil); a.raw != "late" {
			t.Errorf("%s = %q", path, a.raw)
		}
	}
}

func TestServeDrains(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		_, _ = io.WriteString(w, "whole")
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- web.Serve(ctx, web.NewHTTPServer(h, slog.New(slog.DiscardHandler)), ln, 10*time.Second)
	}()
	conn, err := net.Dial("tcp", ln.Addr().String())
	must(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	must(t, err)
	<-entered
	cancel()
	eventually(t, "the listener is closed", func() bool {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	close(leave)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || string(body) != "whole" {
		t.Errorf("what ran was cut: %q %v", body, err)
	}
	if err := <-served; err != context.Canceled {
		t.Errorf("Serve = %v", err)
	}
}

func TestServeCutsWhatDoesNotEnd(t *testing.T) {
	entered := make(chan struct{})
	gone := make(chan struct{})
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		close(gone)
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- web.Serve(ctx, web.NewHTTPServer(h, slog.New(slog.DiscardHandler)), ln, 20*time.Millisecond)
	}()
	conn, err := net.Dial("tcp", ln.Addr().String())
	must(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	must(t, err)
	<-entered
	cancel()
	if err := <-served; err != context.Canceled {
		t.Errorf("Serve = %v", err)
	}
	<-gone
}

func TestNewRefusesWhatCannotBe(t *testing.T) {
	if _, err := web.New(web.Config{Tokens: []string{"short"}}, web.Deps{}); err == nil || !strings.Contains(err.Error(), "16") || !strings.Contains(err.Error(), "Rooms") {
		t.Errorf("New = %v", err)
	}
	if _, err := web.New(web.Config{MaxWaits: -1}, web.Deps{}); err == nil || !strings.Contains(err.Error(), "MaxWaits") {
		t.Errorf("New = %v", err)
	}
}
