package socket_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/web/socket"
)

// events is a foreign client of a stream: it reads events as the HTML standard says, as far as they occur here.
type events struct {
	http     *http.Client
	url      string
	resp     *http.Response
	lines    *bufio.Scanner
	comments int
	key      string
}

// event reads the next event; its name is "message" unless it says otherwise. At the end ok is false.
func (e *events) event() (name, data string, ok bool) {
	name = "message"
	var parts []string
	for e.lines.Scan() {
		line := e.lines.Text()
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "" && parts != nil:
			return name, strings.Join(parts, "\n"), true
		case line == "":
		case field == "":
			e.comments++
		case field == "event":
			name = value
		case field == "data":
			parts = append(parts, value)
		default:
			return name, line, false
		}
	}
	return "", "", false
}

func (e *events) message(t testing.TB) []byte {
	t.Helper()
	name, data, ok := e.event()
	if !ok || name != "message" {
		t.Fatalf("event %q %q, %v", name, data, e.lines.Err())
	}
	return []byte(data)
}

// over expects the clean end of the answer.
func (e *events) over(t testing.TB) {
	t.Helper()
	if name, data, ok := e.event(); ok || e.lines.Err() != nil {
		t.Fatalf("after the goodbye: %q %q, %v", name, data, e.lines.Err())
	}
}

// say posts a body and returns the answer's status and code.
func (e *events) say(t testing.TB, key, body string) (status int, code string) {
	t.Helper()
	resp, err := e.http.Post(e.url+"/"+key, "text/plain;charset=UTF-8", strings.NewReader(body))
	if err != nil {
		t.Fatalf("post: %v", err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var problem struct{ Code string }
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &problem); err != nil || resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Fatalf("%s %s: %v", resp.Header.Get("Content-Type"), raw, err)
		}
	}
	if resp.StatusCode != http.StatusNoContent && problem.Code == "" {
		t.Fatalf("%s without a code", resp.Status)
	}
	return resp.StatusCode, problem.Code
}

func (e *events) post(t testing.TB, o object) {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	if status, code := e.say(t, e.key, string(b)); status != http.StatusNoContent {
		t.Fatalf("post %s: %d %s", b, status, code)
	}
}

// openStream opens a stream of a server at base with a client of HTTP.
func openStream(t testing.TB, hc *http.Client, base string) *client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/chat/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := hc.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	h := resp.Header
	if resp.StatusCode != http.StatusOK || h.Get("Content-Type") != "text/event-stream" || h.Get("Cache-Control") != "no-store" || h.Get("X-Accel-Buffering") != "no" {
		t.Fatalf("%s %v", resp.Status, h)
	}
	e := &events{http: hc, url: base + "/chat/stream", resp: resp, lines: bufio.NewScanner(resp.Body)}
	e.lines.Buffer(nil, 4<<20)
	name, data, ok := e.event()
	var hello struct{ Key string }
	if err := json.Unmarshal([]byte(data), &hello); err != nil || !ok || name != "open" || len(hello.Key) < 22 {
		t.Fatalf("first event %q %q, %v", name, data, err)
	}
	e.key = hello.Key
	return &client{stream: e, t: t}
}

// stream opens a stream over plain HTTP/1.1.
func (d *door) stream() *client {
	d.t.Helper()
	return openStream(d.t, http.DefaultClient, "http"+strings.TrimSuffix(strings.TrimPrefix(d.url, "ws"), "/chat"))
}

// streamOverTLS opens a stream of the same server over TLS.
func (d *door) streamOverTLS(h2 bool) *client {
	d.t.Helper()
	web := httptest.NewUnstartedServer(d.Server)
	web.EnableHTTP2 = h2
	web.StartTLS()
	d.t.Cleanup(web.Close)
	return openStream(d.t, web.Client(), web.URL)
}

// talk is what a stream must do as a WebSocket does.
func talk(d *door, c *client) {
	d.t.Helper()
	c.ok(object{"op": "auth", "userId": "alice", "userSig": d.sig("alice")})
	if a := c.ask(object{"op": "nonsense"}); a.Error != "unknown_op" {
		d.t.Fatalf("answer = %+v", a)
	}
	j := c.ok(object{"op": "join", "group": "demo"})
	bob := d.member("bob")
	bob.say("hello from a WebSocket", 1)
	c.say("hello from a stream", 2)
	for _, who := range []*client{bob, c} {
		if m := who.messages(2); textOf(d.t, m[0]) != "hello from a WebSocket" || textOf(d.t, m[1]) != "hello from a stream" || m[1].Seq != j.Seq+2 {
			d.t.Fatalf("messages = %+v", m)
		}
	}
	c.ok(object{"op": "leave", "group": "demo"})
	if st := d.Stats(); st.Streams != 1 || st.Sockets != 2 {
		d.t.Fatalf("stats = %+v", st)
	}
}

func TestAStreamDoesWhatAWebSocketDoes(t *testing.T) {
	t.Run("HTTP/1.1", func(t *testing.T) {
		d := open(t, socket.Config{}, nil)
		talk(d, d.stream())
	})
	t.Run("a proxy", func(t *testing.T) {
		d := open(t, socket.Config{}, nil)
		to, err := url.Parse("http" + strings.TrimPrefix(d.url, "ws"))
		if err != nil {
			t.Fatal(err)
		}
		to.Path = ""
		proxy := httptest.NewServer(httputil.NewSingleHostReverseProxy(to))
		defer proxy.Close()
		c := openStream(t, proxy.Client(), proxy.URL)
		talk(d, c)
		_ = c.stream.resp.Body.Close()
		d.await("the stream to be gone", func() bool { return d.Stats().Streams == 0 })
	})
	for _, h2 := range []bool{false, true} {
		t.Run(map[bool]string{false: "HTTP/1.1 over TLS", true: "HTTP/2"}[h2], func(t *testing.T) {
			d := open(t, socket.Config{}, nil)
			c := d.streamOverTLS(h2)
			if c.stream.resp.ProtoMajor == 2 != h2 {
				t.Fatalf("over %s", c.stream.resp.Proto)
			}
			talk(d, c)
			_ = c.stream.resp.Body.Close()
			d.await("the stream to be gone", func() bool { return d.Stats().Streams == 0 })
		})
	}
}

// HTTP/2 ends a stream whose write deadline passes, also when nothing is being written.
func TestAnHTTP2StreamOutlivesItsWriteDeadlines(t *testing.T) {
	d := open(t, socket.Config{WriteTimeout: 50 * time.Millisecond, PingEvery: 40 * time.Millisecond, IdleTimeout: patience}, nil)
	c := d.streamOverTLS(true)
	c.ok(object{"op": "auth"})
	var pinging sync.WaitGroup
	pinging.Go(func() {
		<-time.After(300 * time.Millisecond)
		_, _ = c.stream.say(t, c.stream.key, `{"id":100,"op":"ping"}`)
	})
	c.reply(100)
	pinging.Wait() // its own answer may come later
	if c.stream.comments < 3 {
		t.Errorf("%d heartbeats", c.stream.comments)
	}
	_ = c.stream.resp.Body.Close()
}

func TestLineBreaksInABodyStayInOneEvent(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	c := d.stream()
	c.ok(object{"op": "auth", "userId": "alice", "userSig": d.sig("alice")})
	c.ok(object{"op": "join", "group": "demo"})
	const frame = "{\"id\":9,\"op\":\"send\",\"group\":\"demo\",\"random\":1,\"body\":[\r\n{\"MsgType\":\"TIMTextElem\",\n\n\"MsgContent\":{\"Text\":\"a\\nb\"}}]}"
	if status, code := c.stream.say(t, c.stream.key, frame); status != http.StatusNoContent {
		t.Fatal(status, code)
	}
	if m := c.messages(1)[0]; textOf(t, m) != "a\nb" {
		t.Fatalf("message = %+v", m)
	}
}

func TestASilentStreamGetsHeartbeatsThenIsGone(t *testing.T) {
	d := open(t, socket.Config{PingEvery: 100 * time.Millisecond, IdleTimeout: time.Second}, nil)
	dead, lively := d.stream(), d.stream()
	dead.ok(object{"op": "auth"})
	lively.ok(object{"op": "auth"})
	outlived := time.Now().Add(2200 * time.Millisecond)
	for time.Now().Before(outlived) {
		<-time.After(100 * time.Millisecond)
		lively.ok(object{"op": "ping"})
	}
	if p := dead.closed("idle", 0); !p.Reconnect {
		t.Errorf("goodbye = %+v", p)
	}
	if dead.stream.comments < 2 {
		t.Errorf("%d heartbeats", dead.stream.comments)
	}
}

func TestPostsThatAreRefused(t *testing.T) {
	d := open(t, socket.Config{OpsPerSecond: 1e6, OpsBurst: 1e6}, nil)
	c, other := d.stream(), d.stream()
	e := c.stream
	half := len(e.key) / 2
	for name, key := range map[string]string{
		"unknown":          strings.Repeat("x", len(e.key)),
		"empty":            "",
		"half":             e.key[:half],
		"the half twice":   e.key[:half] + e.key[:half],
		"another's second": e.key[:half] + other.stream.key[half:],
		"with a path":      e.key + "/x",
	} {
		if status, code := e.say(t, key, `{"id":1,"op":"ping"}`); status != http.StatusNotFound || code != "no_such_stream" {
			t.Errorf("%s: %d %s", name, status, code)
		}
	}
	for _, tc := range []struct {
		method, path, allow string
	}{{"POST", "", "GET"}, {"HEAD", "", "GET"}, {"GET", "/" + e.key, "POST"}, {"DELETE", "/" + e.key, "POST"}} {
		r, err := http.NewRequestWithContext(t.Context(), tc.method, e.url+tc.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := e.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != tc.allow {
			t.Errorf("%s %s: %s, allow %q", tc.method, tc.path, resp.Status, resp.Header.Get("Allow"))
		}
	}
	other.ok(object{"op": "ping"}) // unharmed
	if status, code := e.say(t, e.key, strings.Repeat(" ", 16<<10+1)); status != http.StatusRequestEntityTooLarge || code != "too_big" {
		t.Errorf("too big: %d %s", status, code)
	}
	c.closed("too_big", 1009)
	d.await("its end", func() bool { return d.Stats().Streams == 1 })
	if status, code := e.say(t, e.key, `{"id":1,"op":"ping"}`); status != http.StatusNotFound || code != "no_such_stream" {
		t.Errorf("after the end: %d %s", status, code)
	}
}

func TestAStreamIsClosedForWhatAWebSocketIs(t *testing.T) {
	cfg := socket.Config{OpsPerSecond: 0.001, OpsBurst: 3, FailureDelay: time.Millisecond, AuthTimeout: 2 * time.Second}
	d := open(t, cfg, nil)
	for _, tc := range []struct {
		name, reason string
		frames       []string
	}{
		{"not JSON", "bad_frame", []string{"hello"}},
		{"not UTF-8", "bad_frame", []string{"{\"id\":1,\"op\":\"\xff\"}"}},
		{"empty", "bad_frame", []string{""}},
		{"logins that fail", "auth_failed", []string{`{"id":1,"op":"auth","userSig":"x"}`, `{"id":2,"op":"auth","userSig":"x"}`, `{"id":3,"op":"auth","userSig":"x"}`}},
		{"a flood", "too_fast", strings.Split(strings.Repeat(`{"id":1,"op":"ping"};`, 7), ";")[:7]},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := d.stream()
			for _, f := range tc.frames {
				if status, code := c.stream.say(t, c.stream.key, f); status != http.StatusNoContent {
					t.Fatalf("%q: %d %s", f, status, code)
				}
			}
			for {
				p := c.frame()
				if !strings.HasPrefix(string(p), `{"reply"`) {
					c.pushes = append(c.pushes, parsePush(t, p))
					break
				}
			}
			c.closed(tc.reason, 0)
		})
	}
	t.Run("no auth", func(t *testing.T) { d.stream().closed("auth_timeout", 0) })
}

// A client that posts without reading the answers has a few POSTs held, and the rest refused.
func TestPostsOfAStreamAreLimited(t *testing.T) {
	hold := make(chan struct{})
	d := open(t, socket.Config{}, func(r socket.Rooms) socket.Rooms {
		return &twisted{Rooms: r, history: func(context.Context, string, int) ([]*chat.Message, error) { <-hold; return nil, nil }}
	})
	c := d.stream()
	c.ok(object{"op": "auth"})
	c.ok(object{"op": "join", "group": "demo"})
	busy := c.write(object{"op": "history", "group": "demo"})
	statuses := make(chan int)
	const posts = 12
	for range posts {
		go func() {
			status, _ := c.stream.say(t, c.stream.key, `{"id":50,"op":"ping"}`)
			statuses <- status
		}()
	}
	for range posts - 8 {
		if status := <-statuses; status != http.StatusTooManyRequests {
			t.Errorf("refused with %d", status)
		}
	}
	close(hold)
	c.reply(busy)
	for range 8 {
		if status := <-statuses; status != http.StatusNoContent {
			t.Errorf("taken with %d", status)
		}
	}
	for range 8 {
		c.reply(50)
	}
}

func TestStreamsAreSentAwayWhenTheServerStops(t *testing.T) {
	d := open(t, socket.Config{CloseTimeout: 5 * time.Second}, nil)
	c := d.stream()
	c.ok(object{"op": "auth"})
	stopped := make(chan struct{})
	began := time.Now()
	go func() { defer close(stopped); d.stop() }()
	if p := c.closed("going_away", 1012); !p.Reconnect || p.AfterMs < 100 {
		t.Errorf("goodbye = %+v", p)
	}
	<-stopped
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("took %s: the client of a stream has no close to wait for", took)
	}
	if status, code := c.stream.say(t, c.stream.key, `{"id":1,"op":"ping"}`); status != http.StatusNotFound || code != "no_such_stream" {
		t.Errorf("afterwards: %d %s", status, code)
	}
}

func TestAStreamThatIsNotReadIsEnded(t *testing.T) {
	for name, dial := range map[string]func(*door) *client{
		"HTTP/1.1": (*door).stream,
		"HTTP/2":   func(d *door) *client { return d.streamOverTLS(true) },
	} {
		t.Run(name, func(t *testing.T) { notRead(t, dial) })
	}
}

func notRead(t *testing.T, dial func(*door) *client) {
	d := open(t, socket.Config{WriteTimeout: 200 * time.Millisecond, QueueBytes: 64 << 10}, nil)
	c := dial(d)
	c.ok(object{"op": "auth"})
	c.ok(object{"op": "join", "group": "demo"})
	bob := d.member("bob")
	body, err := json.Marshal(text(strings.Repeat("x", 11<<10)))
	if err != nil {
		t.Fatal(err)
	}
	d.await("the stream to be ended", func() bool { // once the kernel's buffers are full
		for range 20 {
			if _, err := d.chat.SendServer(t.Context(), chat.Message{Group: "demo", Body: body}); err != nil {
				t.Fatal(err)
			}
			bob.messages(1) // he keeps up
		}
		return d.Stats().Streams == 0
	})
	if st := d.Stats(); st.Closed["slow_consumer"] == 0 && st.WriteFailures == 0 {
		t.Fatalf("stats = %+v", st)
	}
}

func TestStreamsCountAmongTheSocketsOfAnAddress(t *testing.T) {
	d := open(t, socket.Config{MaxPerAddress: 2}, nil)
	c := d.stream()
	d.dial()
	d.refused(http.StatusTooManyRequests)
	resp, err := http.Get(c.stream.url)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusTooManyRequests {
		t.Fatalf("a second stream: %s", resp.Status)
	}
	_ = c.stream.resp.Body.Close()
	d.await("a place", func() bool { return d.Stats().Sockets == 1 })
	d.stream()
}
