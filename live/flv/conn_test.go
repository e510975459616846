package flv

import (
	"bytes"
	"context"
	"crypto/tls"
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

func TestVectorWriter(t *testing.T) {
	server, client := pair(t)
	var pieces [][]byte
	var want []byte
	for i := range 3000 { // more than one call takes, and more than the buffers hold
		p := bytes.Repeat([]byte{byte(i)}, 3*(i%700))
		pieces = append(pieces, p)
		want = append(want, p...)
	}
	got := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(client) // what is missing shows
		got <- b
	}()
	w := newVectorWriter(server)
	for range 2 {
		if err := w.write(pieces); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.write(nil); err != nil {
		t.Errorf("nothing to write: %v", err)
	}
	server.Close()
	if b := <-got; !bytes.Equal(b, append(want, want...)) {
		t.Errorf("%d bytes arrived of %d", len(b), 2*len(want))
	}
	if err := w.write(pieces); err == nil {
		t.Error("wrote to a closed connection")
	}
}

func TestVectorWriterKeepsTheDeadline(t *testing.T) {
	server, _ := pair(t)
	if err := server.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if err := newVectorWriter(server).write([][]byte{make([]byte, 64<<20)}); !isTimeout(err) {
		t.Errorf("error %v", err)
	}
}

func TestVectorWriterTellsThatThePeerIsGone(t *testing.T) {
	server, client := pair(t)
	if err := client.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	client.Close()
	w := newVectorWriter(server)
	var err error
	for range 100 {
		if err = w.write([][]byte{make([]byte, 1<<20)}); err != nil {
			break
		}
	}
	if err == nil || isTimeout(err) {
		t.Errorf("error %v", err)
	}
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

// plainConn is a connection that counts itself, as a listener with limits hands out.
type plainConn struct{ *net.TCPConn }

func (c plainConn) TCP() *net.TCPConn { return c.TCPConn }

func TestWhichConnectionsAreWrittenByVector(t *testing.T) {
	server, _ := pair(t)
	for _, c := range []struct {
		name string
		conn net.Conn
		want *net.TCPConn
	}{
		{"tcp", server, server},
		{"tcp that is watched", plainConn{server}, server},
		{"tls", tls.Server(server, &tls.Config{}), nil}, // although it knows the connection below
		{"tls over tcp that is watched", tls.Server(plainConn{server}, &tls.Config{}), nil},
		{"a wrapper that may change the bytes", struct{ net.Conn }{server}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := tcpConn(c.conn); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if got := newVectorWriter(c.conn) != nil; got != (c.want != nil) {
				t.Errorf("vectored writes: %v", got)
			}
		})
	}
}
