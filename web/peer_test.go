package web_test

import (
	"io"
	"log/slog"
	"net/http"
	"testing"

	"liveroom/web"
	"liveroom/web/peer"
)

// oneNode is a cluster of one.
type oneNode struct{ url string }

func (n oneNode) URL(string) (string, bool) { return n.url, true }

func TestPathsBetweenNodes(t *testing.T) {
	key := []byte("node-key-0123456789abcdef")
	peers := peer.NewServer("n1", key, slog.New(slog.DiscardHandler))
	peers.Handle("/internal/ping", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "pong")
	}))
	b := newBench(t, func(c *web.Config, d *web.Deps) {
		c.MaxPerAddress = 1 // nodes are not counted
		d.Peers = peers
	})
	c := peer.NewClient("n2", key, oneNode{b.url})
	defer c.Close()
	answer, err := c.Do(t.Context(), peer.Call{Node: "n1", Path: "/internal/ping"})
	must(t, err)
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	must(t, answer.Body.Close())
	if answer.StatusCode != http.StatusOK || string(body) != "pong" {
		t.Errorf("a node is answered %d %q", answer.StatusCode, body)
	}
	for _, method := range []string{http.MethodGet, http.MethodOptions} {
		r, err := http.NewRequestWithContext(t.Context(), method, b.url+"/internal/ping", nil)
		must(t, err)
		r.Header.Set("Origin", "https://page.example")
		r.Header.Set("Access-Control-Request-Method", "GET")
		stranger, err := b.client.Do(r)
		must(t, err)
		must(t, stranger.Body.Close())
		if stranger.StatusCode != http.StatusUnauthorized || stranger.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s of a stranger's page: %d, shared with %q", method, stranger.StatusCode, stranger.Header.Get("Access-Control-Allow-Origin"))
		}
	}
}

func TestOneNodeHasNoPathsBetweenNodes(t *testing.T) {
	b := newBench(t, nil)
	for _, path := range []string{"/internal/ping", "/internal/", "/internal/live.flv"} {
		answer, err := b.client.Get(b.url + path)
		must(t, err)
		must(t, answer.Body.Close())
		if answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, answer.StatusCode)
		}
	}
}
