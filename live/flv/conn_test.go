package flv

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"slices"
	"testing"

	"liveroom/live/stream"
)

// pair returns both ends of a TCP connection.
func pair(t testing.TB) (server, client *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); s.Close() })
	return s.(*net.TCPConn), c.(*net.TCPConn)
}

// sink reads a connection to its end.
func sink(t testing.TB, c net.Conn) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(io.Discard, c)
	}()
	t.Cleanup(func() { c.Close(); <-done })
}

// batch returns tags of one GOP.
func batch(t testing.TB) []*stream.Tag {
	t.Helper()
	h := stream.NewHub(stream.Config{})
	p, err := h.Publish("x", stream.PublishOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s := h.Subscribe("x", stream.FLV, stream.SubscribeOptions{})
	defer s.Close()
	for ts := range uint32(4) {
		write(t, p, stream.Video, ts, append(bytes.Clone(keyframe), make([]byte, 3000)...))
	}
	p.Close(stream.StopClosed)
	tags, err := s.Next(t.Context(), nil)
	if err != nil || len(tags) != 4 {
		t.Fatal(len(tags), err)
	}
	return tags
}

// outputs are the ways tags reach a connection.
func outputs(t testing.TB) map[string]output {
	t.Helper()
	v := &viewer{server: New(Config{}, nil, slog.New(slog.DiscardHandler))}
	conns := map[string]net.Conn{}
	for _, name := range []string{"http", "websocket", "copied"} {
		server, client := pair(t)
		sink(t, client)
		conns[name] = server
	}
	chunked := newConnOutput(v, conns["http"])
	chunked.chunks = true
	return map[string]output{
		"http":      chunked,
		"websocket": &webSocketOutput{connOutput: *newConnOutput(v, conns["websocket"])},
		"copied":    newConnOutput(v, struct{ net.Conn }{conns["copied"]}), // as for TLS
	}
}

func TestSendingAllocatesNothing(t *testing.T) {
	tags := batch(t)
	for name, out := range outputs(t) {
		t.Run(name, func(t *testing.T) {
			send := func() {
				if err := out.send(nil, tags); err != nil {
					t.Fatal(err)
				}
			}
			send()
			if n := testing.AllocsPerRun(100, send); n >= 1 && !poolForgets {
				t.Errorf("%v allocations for a write", n)
			}
		})
	}
}

func BenchmarkSend(b *testing.B) {
	tags := batch(b)
	for name, out := range outputs(b) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(flvBytes(nil, tags)))
			b.ReportAllocs()
			for b.Loop() {
				if err := out.send(nil, tags); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// writesConn notes each write to a connection that is not known to be plain TCP.
type writesConn struct {
	net.Conn
	writes chan []byte
}

func (c *writesConn) Write(b []byte) (int, error) {
	c.writes <- bytes.Clone(b)
	return c.Conn.Write(b)
}

type writesListener struct {
	net.Listener
	writes chan []byte
}

func (l writesListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &writesConn{conn, l.writes}, nil
}

// A newcomer gets head, header and the first tags in one write; where nothing is pushed the head goes alone, but at once.
func TestTheFirstWriteHasItAll(t *testing.T) {
	writes := make(chan []byte, 100)
	r := newRig(t, Config{}, func(s *httptest.Server) {
		s.Listener = writesListener{s.Listener, writes}
		s.Start()
	})
	r.open(t, "x")
	if first := <-writes; !bytes.HasSuffix(first, []byte("\r\n\r\n")) || bytes.Contains(first, []byte("FLV")) {
		t.Errorf("without a push: %q", first)
	}
	p := r.publish(t, "x")
	write(t, p, stream.Script, 0, []byte(metadata))
	write(t, p, stream.Video, 0, avcHeader)
	write(t, p, stream.Audio, 0, aacHeader)
	write(t, p, stream.Video, 0, keyframe)
	body := func(b []byte) []byte { return b[bytes.Index(b, []byte("FLV")):] }
	want := slices.Concat(file(tag(stream.Script, 0, metadata), tag(stream.Video, 0, string(avcHeader)),
		tag(stream.Audio, 0, string(aacHeader)), tag(stream.Video, 0, string(keyframe))), []byte("\r\n"))
	if next := <-writes; !bytes.Equal(body(next), want) {
		t.Errorf("with the push: %q", next)
	}
	r.open(t, "x")
	if late := <-writes; !bytes.HasPrefix(late, []byte("HTTP/1.1 200 OK\r\n")) || !bytes.Equal(body(late), want) {
		t.Errorf("to a newcomer: %q", late)
	}
}
