package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"liveroom/web/peer"
)

// lone is a cluster of which one node is asked.
type lone string

func (l lone) URL(string) (string, bool) { return string(l), true }

// TestARefusalIsNoNewsOfAPush has the node of a push answer something else than how it does, as one that is starting does.
func TestARefusalIsNoNewsOfAPush(t *testing.T) {
	key := []byte("node-key-0123456789abcdef")
	peers := peer.NewServer("n2", key, slog.New(slog.DiscardHandler))
	peers.Handle(ingestPath+"{room}", http.HandlerFunc(tooEarly))
	ts := httptest.NewServer(peers)
	defer ts.Close()
	client := peer.NewClient("n1", key, lone(ts.URL))
	defer client.Close()
	c := clusterRooms{upstream: upstream{Client: client}}
	if in, err := c.ask(t.Context(), "n2", "r1"); err == nil {
		t.Errorf("told of %+v", in)
	}
}
