package flv

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

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

func newOutput(t testing.TB) (*connOutput, []*stream.Tag) {
	t.Helper()
	server, client := pair(t)
	sink(t, client)
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
	out := newConnOutput(&viewer{ctx: context.Background(), bytes: new(atomic.Uint64), timeout: 10 * time.Second}, server)
	out.chunks = true
	return out, tags
}

func TestSendingAllocatesNothing(t *testing.T) {
	out, tags := newOutput(t)
	send := func() {
		if err := out.send(nil, tags); err != nil {
			t.Fatal(err)
		}
	}
	send()
	if n := testing.AllocsPerRun(100, send); n >= 1 {
		t.Errorf("%v allocations for a write", n)
	}
}

func BenchmarkSend(b *testing.B) {
	out, tags := newOutput(b)
	b.SetBytes(4 * 3025)
	b.ReportAllocs()
	for b.Loop() {
		if err := out.send(nil, tags); err != nil {
			b.Fatal(err)
		}
	}
}
