package main

import (
	"io"
	"log/slog"
	"net"
	"testing"
)

// TestLimitsHoldWhileRedisIsWaitedFor has a second connection come where one may be open.
func TestLimitsHoldWhileRedisIsWaitedFor(t *testing.T) {
	ln, err := listenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	l := newLimits(1, 0, nil)
	stop, err := whileStarting(limited{ln.(*net.TCPListener), l}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	dial := func() net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	dial() // says nothing
	second := dial()
	_, _ = io.WriteString(second, "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n") // it may be closed already
	if answer, _ := io.ReadAll(second); len(answer) > 0 || l.full.Load() != 1 {
		t.Errorf("%d refused; the second is answered %q", l.full.Load(), answer)
	}
}
