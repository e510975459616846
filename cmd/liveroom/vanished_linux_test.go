package main

import (
	"net"
	"syscall"
	"testing"
	"time"
)

// TestVanishedPeersAreNoticed: every connection that any port accepts has the limits of one whose peer may vanish.
func TestVanishedPeersAreNoticed(t *testing.T) {
	files := newPair(t, "one")
	p, err := listen(Settings{
		HTTP: "127.0.0.1:0", RTMP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", RTMPS: "127.0.0.1:0", Ops: "127.0.0.1:0",
		TLSCert: files.cert, TLSKey: files.key,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	for name, ln := range map[string]net.Listener{"http": p.http, "https": p.https, "rtmp": p.rtmp, "rtmps": p.rtmps, "ops": p.ops} {
		dialled, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = dialled.Close() }()
		accepted, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = accepted.Close() }()
		if tls, ok := accepted.(interface{ NetConn() net.Conn }); ok {
			accepted = tls.NetConn()
		}
		raw, err := accepted.(syscall.Conn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		option := func(level, of int) (v int) {
			t.Helper()
			var failed error
			if err := raw.Control(func(fd uintptr) { v, failed = syscall.GetsockoptInt(int(fd), level, of) }); err != nil || failed != nil {
				t.Fatal(err, failed)
			}
			return v
		}
		if got := time.Duration(option(syscall.IPPROTO_TCP, tcpUserTimeout)) * time.Millisecond; got != vanishedAfter {
			t.Errorf("%s: unanswered for %v, want %v", name, got, vanishedAfter)
		}
		if option(syscall.SOL_SOCKET, syscall.SO_KEEPALIVE) == 0 || option(syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE) != 15 {
			t.Errorf("%s: a silent peer is not asked whether it is there", name)
		}
	}
}
