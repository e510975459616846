package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"liveroom/internal/redisstore"
	"liveroom/web"
	"liveroom/web/peer"
)

// listed are the nodes that a node tells of.
func (n *node) listed() (l struct {
	Cluster bool
	Store   string
	Nodes   []web.NodeBody
},
) {
	n.t.Helper()
	n.call(http.MethodGet, "/api/v1/nodes", nil, &l)
	return l
}

// TestANodeThatIsAlone tells of itself.
func TestANodeThatIsAlone(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	first, again := n.listed(), n.listed()
	if first.Cluster || first.Store != "folder" || len(first.Nodes) != 1 || first.Nodes[0].ID == "" || first.Nodes[0].ID != again.Nodes[0].ID ||
		!first.Nodes[0].Self || first.Nodes[0].URL != "" || first.Nodes[0].State != web.NodeReady || len(first.Nodes[0].Checks) < 3 {
		t.Errorf("%+v", first)
	}
}

// TestAskingANode has nodes that answer, refuse, are gone or say nothing.
func TestAskingANode(t *testing.T) {
	key := []byte("node-key-0123456789abcdef")
	log := slog.New(slog.DiscardHandler)
	redis, err := redisstore.Open(redisstore.Config{URL: "redis://127.0.0.1:1"}, log) // nobody asks it
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = redis.Close() }()
	n2 := redisstore.Node{ID: "n2-x", Name: "n2", URL: "http://n2", Version: "v1", StartedAt: time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)}
	for _, c := range []struct {
		name    string
		key     string
		answers http.HandlerFunc
		state   string
		detail  string
	}{
		{"it answers", string(key), func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(web.NodeBody{ID: "another", Self: true, State: web.NodeReady, Pushes: 7})
		}, web.NodeReady, ""},
		{"it is starting", string(key), tooEarly, web.NodeSilent, "it can't be asked: it answers 503"},
		{"it has another key", "another-key-0123456789ab", tooEarly, web.NodeSilent, "it refuses this node"},
		{"it talks nonsense", string(key), func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, web.NodeSilent, "it can't be asked"},
		{"it hangs", string(key), func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, web.NodeSilent, "it does not answer within a second"},
	} {
		t.Run(c.name, func(t *testing.T) {
			peers := peer.NewServer("n2-x", []byte(c.key), log)
			peers.Handle("GET "+nodePath, c.answers)
			ts := httptest.NewServer(peers)
			defer ts.Close()
			client := peer.NewClient("n1", key, lone(ts.URL))
			defer client.Close()
			ctx := t.Context()
			if c.name == "it hangs" {
				short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
				defer cancel()
				ctx = short
			}
			cl := &cluster{nodes: redis.Nodes("n1", "http://n1", "v1", 0), ask: client}
			got := cl.askNode(ctx, n2)
			if got.State != c.state || !strings.HasPrefix(got.Detail, c.detail) || got.ID != "n2-x" || got.Self || got.URL != "http://n2" || got.Version != "v1" || got.Checks == nil ||
				!got.StartedAt.Equal(n2.StartedAt) || c.state == web.NodeReady && got.Pushes != 7 {
				t.Errorf("%+v", got)
			}
		})
	}
}
