package main

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/pires/go-proxyproto"
)

// proxiedListener listens behind the proxies trusted, and accepts until the test ends.
func proxiedListener(t *testing.T, trusted string) (addr string, conns <-chan net.Conn) {
	t.Helper()
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := newProxied(raw, []netip.Prefix{netip.MustParsePrefix(trusted)})
	t.Cleanup(func() { _ = ln.Close() })
	out := make(chan net.Conn)
	go func() {
		defer close(out)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			out <- c
		}
	}()
	return raw.Addr().String(), out
}

func header(t *testing.T, version byte) []byte {
	t.Helper()
	h := proxyproto.HeaderProxyFromAddrs(version, &net.TCPAddr{IP: net.IPv4(203, 0, 113, 7), Port: 4711}, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1935})
	b, err := h.Format()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConnectionsOfAProxy(t *testing.T) {
	local := proxyproto.Header{Version: 2, Command: proxyproto.LOCAL, TransportProtocol: proxyproto.UNSPEC}
	health, err := local.Format()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, trusted string
		send          []byte
		from, rest    string // from empty: closed
	}{
		{"version 1", "127.0.0.0/8", append(header(t, 1), "C0C1"...), "203.0.113.7", "C0C1"},
		{"version 2", "127.0.0.0/8", append(header(t, 2), "C0C1"...), "203.0.113.7", "C0C1"},
		{"the proxy itself", "127.0.0.0/8", append(health, "C0C1"...), "127.0.0.1", "C0C1"},
		{"no header", "127.0.0.0/8", []byte("\x03C1"), "127.0.0.1", "\x03C1"},
		{"broken header", "127.0.0.0/8", []byte("PROXY TCP4 nonsense\r\nC0C1"), "", ""},
		{"stranger", "10.0.0.0/8", append(header(t, 1), "C0C1"...), "127.0.0.1", string(header(t, 1)) + "C0C1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr, conns := proxiedListener(t, c.trusted)
			peer, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close()
			if _, err := peer.Write(c.send); err != nil {
				t.Fatal(err)
			}
			if c.from == "" {
				if n, err := peer.Read(make([]byte, 1)); err == nil {
					t.Errorf("read %d bytes of a connection that should be closed", n)
				}
				return
			}
			conn := <-conns
			defer conn.Close()
			got := make([]byte, len(c.rest))
			if _, err := io.ReadFull(conn, got); err != nil || string(got) != c.rest {
				t.Errorf("read %q %v, want %q", got, err, c.rest)
			}
			if host, _, _ := net.SplitHostPort(conn.RemoteAddr().String()); host != c.from {
				t.Errorf("from %s, want %s", host, c.from)
			}
		})
	}
}

func TestAHeaderThatDoesNotComeHoldsUpNobody(t *testing.T) {
	addr, conns := proxiedListener(t, "127.0.0.0/8")
	silent, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	if _, err := silent.Write([]byte("PROXY TCP4 203.")); err != nil {
		t.Fatal(err)
	}
	peer, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	if _, err := peer.Write(header(t, 1)); err != nil {
		t.Fatal(err)
	}
	conn := <-conns
	defer conn.Close()
	if !strings.HasPrefix(conn.RemoteAddr().String(), "203.0.113.7:") {
		t.Errorf("from %s", conn.RemoteAddr())
	}
	sent := bytes.Repeat([]byte("x"), 100_000) // more than was buffered with the header
	go func() { _, _ = peer.Write(sent) }()
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("what follows the header differs: %v", err)
	}
}
