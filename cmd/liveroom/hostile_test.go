package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"liveroom/status"
)

// gauge reads one number without labels from the metrics.
func (n *node) gauge(name string) float64 {
	n.t.Helper()
	m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(n.metrics())
	if m == nil {
		n.t.Fatalf("no metric %s", name)
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		n.t.Fatal(err)
	}
	return v
}

// used is the memory that the node still needs after a collection. What the process holds beyond it, the runtime gives back
// when it likes.
func (n *node) used() float64 {
	n.t.Helper()
	get(n.t, "http://"+n.ops+"/debug/pprof/heap?gc=1&debug=1")
	return n.gauge("go_memstats_heap_alloc_bytes") + n.gauge("go_memstats_stack_inuse_bytes")
}

// TestBadInputTouchesNobodyElse throws rubbish at every port while a show goes on.
func TestBadInputTouchesNobodyElse(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "r1"})
	a := n.addresses("r1")
	push(t, a.Push.RTMP)
	live := n.waitStatus("r1", status.Live)
	viewer := openFLV(t, a.Play.FLV)
	viewer.waitMedia(10)
	talker := n.enter("r1", "bob", n.userSig("bob"), nil)
	base := n.gauge("go_goroutines")
	memory := n.used()

	attacks := map[string][]byte{
		"nothing":          {},
		"half a handshake": append([]byte{3}, make([]byte, 700)...),
		"random":           random(4096),
		"random rtmp":      append(append([]byte{3}, make([]byte, 3072)...), random(20000)...),
		"amf bomb":         append(append([]byte{3}, make([]byte, 3072)...), amfBomb()...),
		"giant message":    append(append([]byte{3}, make([]byte, 3072)...), giantMessage()...),
		"half a request":   []byte("GET /live/r1.flv HTTP/1.1\r\nHost: x\r\nX: "),
		"giant header":     append([]byte("GET / HTTP/1.1\r\nX: "), bytes.Repeat([]byte("a"), 2<<20)...),
		"half a websocket": []byte("GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff"),
	}
	for name, bytes := range attacks {
		t.Run(name, func(t *testing.T) {
			for _, addr := range []string{n.rtmp, n.http} {
				for range 20 {
					throw(t, addr, bytes)
				}
			}
			viewer.waitMedia(5)
		})
	}
	t.Run("opened and dropped", func(t *testing.T) {
		for range 1000 * scale() {
			for _, addr := range []string{n.rtmp, n.http} {
				conn, err := net.Dial("tcp", addr)
				if err != nil {
					t.Fatal(err)
				}
				_ = conn.Close()
			}
		}
	})
	talker.say("r1", "still here", 1)
	viewer.waitMedia(10)
	if r := n.status("r1"); r.Version != live.Version {
		t.Errorf("the room noticed: %+v", r)
	}
	http.DefaultClient.CloseIdleConnections()
	n.eventually(fmt.Sprintf("goroutines return to %.0f", base), func() bool { return n.gauge("go_goroutines") <= base+10 })
	if after := n.used(); after > memory+20<<20 {
		t.Errorf("memory in use went from %.0f to %.0f MiB", memory/(1<<20), after/(1<<20))
	}
	if strings.Contains(n.log.String(), "goroutine ") {
		t.Error("something panicked")
	}
}

func random(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.Read(b)
	return b
}

// throw opens a connection, sends, and leaves after the server closed or 50 ms.
func throw(t *testing.T, addr string, data []byte) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatalf("the port does not answer any more: %v", err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(50 * time.Millisecond))
	_, _ = conn.Write(data)
	_, _ = io.Copy(io.Discard, conn)
}

// amfBomb is a command whose strict arrays claim 2^31 elements each (research on go-rtmp: 20 bytes that end a process).
func amfBomb() []byte {
	body := []byte{2, 0, 1, 'x'}
	for range 4 {
		body = append(body, 0x0a, 0x7f, 0xff, 0xff, 0xff)
	}
	return append([]byte{3, 0, 0, 0, 0, 0, byte(len(body)), 20, 0, 0, 0, 0}, body...)
}

// giantMessage announces 16 MB on many chunk streams and begins each.
func giantMessage() []byte {
	var out []byte
	for id := byte(3); id < 60; id++ {
		out = append(out, id, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0)
		out = append(out, make([]byte, 128)...)
	}
	return out
}
