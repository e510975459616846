package writev

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"
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

func isTimeout(err error) bool {
	ne, ok := errors.AsType[net.Error](err)
	return ok && ne.Timeout()
}

// wrapped is a connection that may change its bytes, so that each write is of a copy.
type wrapped struct{ net.Conn }

func TestWrite(t *testing.T) {
	for name, wrap := range map[string]func(*net.TCPConn) net.Conn{
		"vector": func(c *net.TCPConn) net.Conn { return c },
		"copy":   func(c *net.TCPConn) net.Conn { return wrapped{c} },
	} {
		t.Run(name, func(t *testing.T) {
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
			w := New(wrap(server))
			for range 2 {
				if n, err := w.Write(pieces); err != nil || n != int64(len(want)) {
					t.Fatalf("%d bytes of %d: %v", n, len(want), err)
				}
			}
			if n, err := w.Write(nil); n != 0 || err != nil {
				t.Errorf("nothing to write: %d, %v", n, err)
			}
			server.Close()
			if b := <-got; !bytes.Equal(b, append(want, want...)) {
				t.Errorf("%d bytes arrived of %d", len(b), 2*len(want))
			}
			if _, err := w.Write(pieces); err == nil {
				t.Error("wrote to a closed connection")
			}
		})
	}
}

func TestWriteKeepsTheDeadline(t *testing.T) {
	server, _ := pair(t)
	w, much := New(server), [][]byte{make([]byte, 64<<20)}
	if err := server.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	n, err := w.Write(much)
	if !isTimeout(err) || n <= 0 || n >= 64<<20 {
		t.Errorf("%d bytes, error %v", n, err)
	}
}

func TestTryTakesWhatThereIsRoomFor(t *testing.T) {
	server, client := pair(t)
	w := New(server)
	if err := server.SetWriteDeadline(time.Now().Add(-time.Second)); err != nil { // it is not looked at
		t.Fatal(err)
	}
	if n, err := w.Try([][]byte{[]byte("one "), nil, []byte("two "), []byte("three ")}); n != 14 || err != nil {
		t.Fatalf("%d bytes: %v", n, err)
	}
	if n, err := w.Try([][]byte{[]byte("four")}); n != 4 || err != nil {
		t.Fatalf("%d bytes: %v", n, err)
	}
	got := make([]byte, 18)
	if _, err := io.ReadFull(client, got); err != nil || string(got) != "one two three four" {
		t.Fatalf("%q: %v", got, err)
	}
	total, much := 0, [][]byte{make([]byte, 1<<20)}
	for {
		n, err := w.Try(much)
		if err != nil {
			t.Fatal(err)
		}
		total += n
		if n < 1<<20 {
			break
		}
	}
	if n, err := w.Try(much); n != 0 || err != nil {
		t.Fatalf("a full connection took %d bytes: %v", n, err)
	}
	if n, err := io.ReadFull(client, make([]byte, total)); n != total || err != nil {
		t.Errorf("%d bytes arrived of %d: %v", n, total, err)
	}
	server.Close()
	if _, err := w.Try(much); err == nil {
		t.Error("wrote to a closed connection")
	}
	if n, err := New(wrapped{client}).Try(much); n != 0 || err != nil {
		t.Errorf("a connection that cannot be asked took %d bytes: %v", n, err)
	}
}

func TestWriteTellsThatThePeerIsGone(t *testing.T) {
	server, client := pair(t)
	if err := client.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	client.Close()
	w := New(server)
	var err error
	for range 100 {
		if _, err = w.Write([][]byte{make([]byte, 1<<20)}); err != nil {
			break
		}
	}
	if err == nil || isTimeout(err) {
		t.Errorf("error %v", err)
	}
}

func TestWriteAllocatesNothing(t *testing.T) {
	server, client := pair(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(io.Discard, client)
	}()
	defer func() { client.Close(); <-done }()
	w, pieces := New(server), [][]byte{make([]byte, 100), make([]byte, 3000), make([]byte, 400)}
	write := func() {
		if _, err := w.Write(pieces); err != nil {
			t.Fatal(err)
		}
	}
	write()
	most := 0.0
	if poolForgets {
		most = 2 // now and then a new list, and room in it
	}
	if n := testing.AllocsPerRun(200, write); n > most {
		t.Errorf("%v allocations a write", n)
	}
}

// plain is a connection that counts itself, as a listener with limits hands out.
type plain struct{ *net.TCPConn }

func (c plain) TCP() *net.TCPConn { return c.TCPConn }

func TestWhichConnectionsAreWrittenByVector(t *testing.T) {
	server, _ := pair(t)
	for _, c := range []struct {
		name string
		conn net.Conn
		want *net.TCPConn
	}{
		{"tcp", server, server},
		{"tcp that is watched", plain{server}, server},
		{"tls", tls.Server(server, &tls.Config{}), nil}, // although it knows the connection below
		{"tls over tcp that is watched", tls.Server(plain{server}, &tls.Config{}), nil},
		{"a wrapper that may change the bytes", wrapped{server}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := TCP(c.conn); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if got := New(c.conn).vector != nil; got != (c.want != nil) {
				t.Errorf("vectored writes: %v", got)
			}
		})
	}
}

// What a peer does not read must show here, not lie in the kernel.
func TestBound(t *testing.T) {
	for name, wrap := range map[string]func(*net.TCPConn) net.Conn{
		"tcp":              func(c *net.TCPConn) net.Conn { return c },
		"tls over watched": func(c *net.TCPConn) net.Conn { return tls.Server(plain{c}, &tls.Config{}) },
	} {
		t.Run(name, func(t *testing.T) {
			server, client := pair(t)
			if err := client.SetReadBuffer(64 << 10); err != nil {
				t.Fatal(err)
			}
			Bound(wrap(server), 128<<10, 32<<10)
			w, much := New(server), [][]byte{make([]byte, 64<<20)}
			if err := server.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if n, err := w.Write(much); !isTimeout(err) || n > 1<<20 {
				t.Errorf("the kernel took %d bytes: %v", n, err)
			}
		})
	}
	Bound(wrapped{}, 1, 1) // nothing to bound
}
