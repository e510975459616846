package socket_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"liveroom/web/peer"
	"liveroom/web/socket"
)

// doors are the nodes of a cluster, by name.
type doors map[string]string

func (d doors) URL(node string) (string, bool) {
	url, ok := d[node]
	return url, ok
}

// twoNodes opens the nodes one and two of a cluster.
func twoNodes(t *testing.T) (nodes []*door) {
	key, urls := []byte("node-key-0123456789abcdef"), doors{"gone": "http://127.0.0.1:1"}
	for _, name := range []string{"one", "two"} {
		client := peer.NewClient(name, key, urls)
		t.Cleanup(client.Close)
		d := open(t, socket.Config{Node: name, Peers: client}, nil)
		peers := peer.NewServer(name, key, slog.New(slog.DiscardHandler))
		peers.Handle("POST "+socket.PeerPath+"{key}", http.HandlerFunc(d.ServePeer))
		inner := httptest.NewServer(peers)
		t.Cleanup(inner.Close)
		urls[name] = inner.URL
		nodes = append(nodes, d)
	}
	return nodes
}

// TestSlowFramesHoldUpNoOther: who sends frames for another node byte by byte, which takes no key, is in nobody's way.
func TestSlowFramesHoldUpNoOther(t *testing.T) {
	nodes := twoNodes(t)
	c := nodes[0].stream()
	c.stream.url = "http" + strings.TrimPrefix(nodes[1].url, "ws") + "/stream" // from now on all goes to the other
	var wg sync.WaitGroup
	defer wg.Wait()
	for range 1024 { // as many as may be under way between nodes
		body, slow := io.Pipe()
		defer func() { _ = slow.Close() }()
		wg.Go(func() {
			nodes[1].ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/chat/stream/x.gone", body))
		})
		if _, err := slow.Write([]byte("{")); err != nil { // it is read
			t.Fatal(err)
		}
	}
	c.ok(object{"op": "auth", "userId": "alice", "userSig": nodes[0].sig("alice")})
}

// TestAStreamTakesFramesOfAnyNode: whoever is between may send a stream's POSTs to another node than has it.
func TestAStreamTakesFramesOfAnyNode(t *testing.T) {
	doors := twoNodes(t)
	c := doors[0].stream()
	e := c.stream
	e.url = "http" + strings.TrimPrefix(doors[1].url, "ws") + "/stream" // from now on all goes to the other
	c.ok(object{"op": "auth", "userId": "alice", "userSig": doors[0].sig("alice")})
	c.ok(object{"op": "join", "group": "demo"})
	if st := doors[1].Stats(); st.Sockets != 0 {
		t.Errorf("the other node has %d sessions", st.Sockets)
	}

	secret, _, _ := strings.Cut(e.key, ".")
	for _, forged := range []string{
		secret, secret + ".two", secret + ".gone", secret + ".three", secret + ".", secret[:len(secret)-1] + "!.one",
		secret[:len(secret)/2] + ".one", ".one", "x%2Fy.one", "..%2F..%2Fhls.one", "%3Fx.one",
	} {
		if status, code := e.say(t, forged, `{"op":"ping"}`); status != http.StatusNotFound || code != "no_such_stream" {
			t.Errorf("key %q: %d %s", forged, status, code)
		}
	}
	if status, code := e.say(t, e.key, strings.Repeat(" ", 17<<10)); status != http.StatusRequestEntityTooLarge || code != "too_big" {
		t.Errorf("a frame of 17 KiB: %d %s", status, code)
	}
	c.closed("too_big", 0)
	doors[0].await("the stream is gone", func() bool { status, _ := e.say(t, e.key, `{"op":"ping"}`); return status == http.StatusNotFound })
}
