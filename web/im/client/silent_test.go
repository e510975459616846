package client

import (
	"net"
	"sync"
	"testing"
	"time"

	"liveroom/chat/account"
)

// TestSilentHostIsAskedAgain: a host that takes connections and then says nothing does not use up those there may be, so
// that it is found again when it speaks.
func TestSilentHostIsAskedAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taken := make(chan net.Conn, 10*maxConns)
	go func() {
		defer close(taken)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			taken <- conn
		}
	}()
	defer func() {
		_ = l.Close()
		for conn := range taken {
			_ = conn.Close()
		}
	}()
	c, err := New(Config{BaseURL: "https://" + l.Addr().String(), Signer: account.Signer{AppID: 1, Key: "k"}, Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for end := time.Now().Add(30 * time.Second); len(taken) <= maxConns; {
		if time.Now().After(end) {
			t.Fatalf("the host is not asked any more after %d connections", len(taken))
		}
		var calls sync.WaitGroup
		for range maxConns {
			calls.Go(func() { _ = c.Call(t.Context(), "any", "any", struct{}{}, nil) })
		}
		calls.Wait()
	}
}
