package rtmp

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/internal/outbound"
	"liveroom/live/stream"
)

// urlOf is the address of a stream on a server of the test.
func urlOf(t testing.TB, addr, rest string) URL {
	t.Helper()
	u, err := ParseURL("rtmp://" + addr + rest)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// pushed makes a stream with metadata, headers and frames, and a subscriber that reads it.
func pushed(t testing.TB) *stream.Subscriber {
	t.Helper()
	hub := stream.NewHub(stream.Config{})
	p, err := hub.Publish("source", stream.PublishOptions{Generation: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []struct {
		kind stream.Kind
		time uint32
		body []byte
	}{
		{stream.Script, 0, encodeAMF("onMetaData", amfMap{{"width", 320}})},
		{stream.Video, 0, avcHeader},
		{stream.Audio, 0, aacHeader},
		{stream.Video, 0, frame(true, 150_000)},
		{stream.Audio, 10, sound(300)},
		{stream.Video, 40, frame(false, 5000)},
	} {
		if err := p.Write(m.kind, m.time, inBuffer(m.body)); err != nil {
			t.Fatal(err)
		}
	}
	sub := hub.Subscribe("source", "test", stream.SubscribeOptions{Internal: true})
	t.Cleanup(func() { sub.Close(); p.Close(stream.StopClosed) })
	return sub
}

// tagsOf reads so many tags of a subscriber.
func tagsOf(t testing.TB, sub *stream.Subscriber, n int) []*stream.Tag {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var all []*stream.Tag
	for len(all) < n {
		tags, err := sub.Next(ctx, nil)
		if err != nil {
			t.Fatalf("after %d tags: %v", len(all), err)
		}
		all = append(all, tags...)
	}
	return all
}

// TestOutgoingAndIncoming publishes to a server and plays from it: what arrives is what was there.
func TestOutgoingAndIncoming(t *testing.T) {
	tags := tagsOf(t, pushed(t), 6)
	r := newRoom()
	d := open(t, Config{}, r)
	u := urlOf(t, d.addr, "/live/far?txSecret=abc&txTime=1")
	out, err := Publish(t.Context(), ClientConfig{}, u)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	within(t, "the push", r.started)
	req := r.lastRequest()
	if req.App != "live" || req.Name != "far" || strings.Join(req.Query, " ") != "txSecret=abc&txTime=1" || req.Host != "127.0.0.1" {
		t.Errorf("the server was asked for %+v", req)
	}
	for _, tag := range tags {
		out.Add(tag, uint32(tag.Time()))
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if out.Sent() < 155_000 {
		t.Errorf("%d bytes sent", out.Sent())
	}

	in, err := Play(t.Context(), ClientConfig{}, u)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for i, want := range tags {
		kind, ms, buf, err := in.Next()
		if err != nil {
			t.Fatal(err)
		}
		got := buf[stream.HeaderBytes : len(buf)-stream.TrailerBytes]
		if kind != want.Kind() || !bytes.Equal(got, want.Payload()) || int64(ms)-want.Time() > 50 {
			t.Errorf("tag %d: %v at %d with %d bytes, want %v at %d with %d", i, kind, ms, len(got), want.Kind(), want.Time(), len(want.Payload()))
		}
	}
	out.Close()
	if reason := within(t, "the end of the push", r.stops); reason != stream.StopClosed {
		t.Errorf("the push ended with %s", reason)
	}
	r.hub.End("far", nil)
	if _, _, _, err := in.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
	if d.Stats().ProtocolErrors > 0 {
		t.Error("the server saw what it does not understand")
	}
}

// codeOf is the code of a Failure.
func codeOf(t testing.TB, err error) (code, detail string) {
	t.Helper()
	f, ok := errors.AsType[*Failure](err)
	if !ok {
		t.Fatalf("%v (%T) is no Failure", err, err)
	}
	return f.Code, f.Detail
}

// farEnd answers one connection with a script and returns its address.
func farEnd(t testing.TB, script func(c *client, nc net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = ln.Close(); <-done })
	go func() {
		defer close(done)
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			played(t, nc, script)
		}
	}()
	return ln.Addr().String()
}

// played answers a connection with a script, and closes it.
func played(t testing.TB, nc net.Conn, script func(c *client, nc net.Conn)) {
	_ = nc.SetDeadline(time.Now().Add(time.Minute))
	in := newChunkReader(bufio.NewReader(nc), limits{1 << 24, 1 << 24, 1 << 26}, func() error { return nil })
	script(&client{t: t, nc: nc, in: in, size: defaultChunkSize, careless: true}, nc)
	_ = nc.Close()
}

// greeted does the server's side of the handshake and waits for connect.
func greeted(c *client) *client {
	_ = shake(c.in.r, c.nc)
	return c.heard("connect")
}

// heard waits for a command; nothing more comes where the other side has gone.
func (c *client) heard(name string) *client {
	for {
		p, err := c.hear()
		if err != nil {
			return c
		}
		if p.kind != message.TypeIDCommandMessageAMF0 {
			continue
		}
		if cmd, err := parseCall(p.body); err == nil && cmd.name == name {
			c.tx = cmd.transaction
			return c
		}
	}
}

// answers sends a command with the transaction that was heard last.
func (c *client) answers(name string, args ...any) *client {
	c.say(message.TypeIDCommandMessageAMF0, 0, encodeAMF(append([]any{name, c.tx}, args...)...))
	return c
}

// streamed goes on up to where a publish or play was asked for.
func streamed(c *client, what string) *client {
	greeted(c).answers("_result", nil, statusInfo(levelStatus, "NetConnection.Connect.Success", ""))
	return c.heard("createStream").answers("_result", nil, 5).heard(what)
}

// TestTroubleIsNamed: whatever the other server does is told with its code, in words, without the key.
func TestTroubleIsNamed(t *testing.T) {
	t.Parallel()
	status := func(level, code, words string) amfProps { return statusInfo(level, code, words) }
	for name, tt := range map[string]struct {
		script func(c *client, nc net.Conn)
		code   string
		words  string
	}{
		"it hangs up":              {func(*client, net.Conn) {}, FailClosed, "handshake"},
		"it speaks HTTP":           {func(_ *client, nc net.Conn) { _, _ = nc.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }, FailForeign, "RTMP"},
		"it never answers":         {func(_ *client, nc net.Conn) { _, _ = io.Copy(io.Discard, nc) }, FailTimeout, "the handshake"},
		"it never answers connect": {func(c *client, _ net.Conn) { greeted(c).heard("never") }, FailTimeout, "connect"},
		"it never answers publish": {func(c *client, _ net.Conn) { streamed(c, "publish").heard("never") }, FailTimeout, "publish"},
		"it refuses the app": {func(c *client, _ net.Conn) {
			greeted(c).answers("_error", nil, status(levelError, "NetConnection.Connect.InvalidApp", "no app stream-key here")).heard("never")
		}, FailDenied, "InvalidApp no app … here"},
		"it wants a password": {func(c *client, _ net.Conn) {
			greeted(c).answers("_error", nil, status(levelError, "NetConnection.Connect.Rejected", "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ")).heard("never")
		}, FailAuth, "user"},
		"it points elsewhere": {func(c *client, _ net.Conn) {
			info := append(status(levelError, "NetConnection.Connect.Rejected", ""), property{"ex", amfProps{{"code", 302}, {"redirect", "rtmp://169.254.169.254/live"}}})
			greeted(c).answers("_error", nil, info).heard("never")
		}, FailRedirect, "not followed"},
		"it refuses the key": {func(c *client, _ net.Conn) {
			streamed(c, "publish")
			c.tx = 0
			c.answers("onStatus", nil, status(levelError, "NetStream.Publish.BadName", "stream-key?sign=topsecret is wrong")).heard("never")
		}, FailDenied, "stream key is wrong, or in use: NetStream.Publish.BadName … is wrong"},
		"its chunk size is 0": {func(c *client, _ net.Conn) { greeted(c).number(message.TypeIDSetChunkSize, 0) }, FailProtocol, "chunk size"},
		"it talks and talks": {func(c *client, nc net.Conn) {
			_ = shake(c.in.r, nc)
			for {
				if _, err := nc.Write(appendMessage(nil, 128, chunkControl, 0, 0, message.TypeIDAck, make([]byte, 4))); err != nil {
					return
				}
			}
		}, FailProtocol, "before an answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.code == FailTimeout { // in memory, where time is the test's own
				synctest.Test(t, func(t *testing.T) { named(t, inMemory(t, tt.script), "a.example", tt.code, tt.words) })
				return
			}
			named(t, ClientConfig{Open: time.Minute}, farEnd(t, tt.script), tt.code, tt.words)
		})
	}
}

// named publishes in vain, and looks at how that is told.
func named(t *testing.T, cfg ClientConfig, addr, wantCode, wantWords string) {
	t.Helper()
	out, err := Publish(t.Context(), cfg, urlOf(t, addr, "/live/stream-key?sign=topsecret"))
	if err == nil {
		out.Close()
		t.Fatal("it was taken for a push that runs")
	}
	code, words := codeOf(t, err)
	if code != wantCode || !strings.Contains(words, wantWords) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "stream-key") {
		t.Errorf("%s: %s, want %s with %q", code, words, wantCode, wantWords)
	}
}

// inMemory reaches a server in memory, which answers with a script.
func inMemory(t *testing.T, script func(c *client, nc net.Conn)) ClientConfig {
	var server sync.WaitGroup
	t.Cleanup(server.Wait)
	return ClientConfig{Dial: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		server.Go(func() { played(t, far, script) })
		return near, nil
	}}
}

// TestUnreachable names what happens before there is a connection.
func TestUnreachable(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	_ = ln.Close()
	public := outbound.Private{}
	for name, tt := range map[string]struct {
		dial func(ctx context.Context, network, address string) (net.Conn, error)
		code string
	}{
		"nobody listens":    {nil, FailRefused},
		"a private address": {(&net.Dialer{Control: public.Control}).DialContext, FailPrivate},
		"no such name": {func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "x"}
		}, FailName},
		"no way":    {func(context.Context, string, string) (net.Conn, error) { return nil, syscall.EHOSTUNREACH }, FailReach},
		"no answer": {func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }, FailTimeout},
	} {
		open := time.Minute
		if tt.code == FailTimeout {
			open = time.Millisecond
		}
		_, err := Publish(t.Context(), ClientConfig{Dial: tt.dial, Open: open}, urlOf(t, addr, "/live/key"))
		if code, words := codeOf(t, err); code != tt.code {
			t.Errorf("%s: %s: %s, want %s", name, code, words, tt.code)
		}
	}
}

// TestOutgoingOverTLS: a certificate that is not known is refused, with its reason.
func TestOutgoingOverTLS(t *testing.T) {
	web := httptest.NewTLSServer(nil)
	cert, roots := web.TLS.Certificates[0], x509.NewCertPool()
	roots.AddCert(web.Certificate())
	web.Close()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	r := newRoom()
	d := openOn(t, Config{}, r, ln)
	u, err := ParseURL("rtmps://" + d.addr + "/live/far")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Publish(t.Context(), ClientConfig{}, u)
	if code, words := codeOf(t, err); code != FailTLS || !strings.Contains(words, "certificate") {
		t.Errorf("%s: %s", code, words)
	}
	out, err := Publish(t.Context(), ClientConfig{TLS: &tls.Config{RootCAs: roots}}, u)
	if err != nil {
		t.Fatal(err)
	}
	within(t, "the push", r.started)
	out.Close()
	if reason := within(t, "its end", r.stops); reason != stream.StopClosed {
		t.Error(reason)
	}
}

// TestOutgoingEnds names why a push to another server ends that had begun.
func TestOutgoingEnds(t *testing.T) {
	t.Parallel()
	started := func(c *client) *client {
		streamed(c, "publish")
		c.tx = 0
		return c.answers("onStatus", nil, statusInfo(levelStatus, "NetStream.Publish.Start", ""))
	}
	for name, tt := range map[string]struct {
		script func(c *client, nc net.Conn)
		code   string
		words  string
	}{
		"it says so": {func(c *client, _ net.Conn) {
			started(c).answers("onStatus", nil, statusInfo(levelError, "NetStream.Publish.Denied", "quota of far-key exceeded")).heard("never")
		}, FailClosed, "quota of … exceeded"},
		"it has too much to say": {func(c *client, nc net.Conn) {
			started(c)
			read := make(chan struct{})
			go func() { defer close(read); _, _ = io.Copy(io.Discard, nc) }()
			defer func() { _ = nc.Close(); <-read }()
			for {
				if _, err := nc.Write(appendMessage(nil, 128, chunkControl, 0, 0, message.TypeIDAck, make([]byte, 4))); err != nil {
					return
				}
			}
		}, FailProtocol, "more than it has to say"},
		"it hangs up": {func(c *client, _ net.Conn) { started(c) }, FailClosed, "the push"},
		"it reads no more": {func(c *client, nc net.Conn) {
			started(c)
			<-c.t.Context().Done()
		}, FailStalled, "took nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tags := tagsOf(t, pushed(t), 6)
			addr := farEnd(t, tt.script)
			cfg := ClientConfig{Open: time.Minute, Write: time.Minute}
			if tt.code == FailStalled { // it reads nothing, however long that is
				cfg.Write = 200 * time.Millisecond
			}
			out, err := Publish(t.Context(), cfg, urlOf(t, addr, "/live/far-key"))
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			for err == nil {
				for _, tag := range tags {
					out.Add(tag, uint32(tag.Time()))
				}
				err = out.Flush()
			}
			if code, words := codeOf(t, err); code != tt.code || !strings.Contains(words, tt.words) {
				t.Errorf("%s: %s, want %s with %q", code, words, tt.code, tt.words)
			}
		})
	}
}

// FuzzOtherServer: whatever another server says, a client of it neither panics nor goes on for ever.
func FuzzOtherServer(f *testing.F) {
	welcome := append([]byte{shakeVersion}, make([]byte, 2*shakeBytes)...)
	say := func(b []byte, name string, values ...any) []byte {
		return appendMessage(b, defaultChunkSize, chunkCommand, 0, 0, message.TypeIDCommandMessageAMF0, encodeAMF(append([]any{name}, values...)...))
	}
	hello := say(nil, "_result", 1, nil, statusInfo(levelStatus, "NetConnection.Connect.Success", ""))
	publishing := say(hello, "_result", 4, nil, 1)
	publishing = say(publishing, "onStatus", 0, nil, statusInfo(levelStatus, "NetStream.Publish.Start", ""))
	plays := say(hello, "_result", 2, nil, 1)
	plays = say(plays, "onStatus", 0, nil, statusInfo(levelStatus, "NetStream.Play.Start", ""))
	plays = appendMessage(plays, defaultChunkSize, chunkVideo, 1, 0, message.TypeIDVideoMessage, frame(true, 1000))
	u := urlOf(f, "a.example", "/live/key")
	f.Add(publishing)
	f.Add(plays)
	f.Add(say(nil, "_error", 1, nil, amfProps{{"ex", amfProps{{"redirect", "rtmp://x/y"}}}}))
	f.Fuzz(func(t *testing.T, says []byte) {
		cfg := ClientConfig{Dial: func(context.Context, string, string) (net.Conn, error) {
			return newMemConn(append(welcome[:len(welcome):len(welcome)], says...)), nil
		}}
		if out, err := Publish(t.Context(), cfg, u); err == nil {
			<-out.Done()
			out.Close()
		}
		in, err := Play(t.Context(), cfg, u)
		if err != nil {
			return
		}
		defer in.Close()
		for range len(says) + 1 {
			kind, _, buf, err := in.Next()
			if err != nil {
				return
			}
			if len(buf) <= stream.HeaderBytes+stream.TrailerBytes || kind != stream.Audio && kind != stream.Video && kind != stream.Script {
				t.Fatalf("a tag of kind %v with %d bytes", kind, len(buf))
			}
		}
		t.Error("there are more tags than bytes")
	})
}
