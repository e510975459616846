package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"liveroom/live"
	"liveroom/web/peer"
)

// lone is a cluster of which one node is asked.
type lone string

func (l lone) URL(string) (string, bool) { return string(l), true }

// askedOf are the rooms of a node whose pushes come to another one.
func askedOf(t *testing.T, other http.HandlerFunc) clusterRooms {
	key := []byte("node-key-0123456789abcdef")
	peers := peer.NewServer("n2", key, slog.New(slog.DiscardHandler))
	peers.Handle(ingestPath+"{room}", other)
	ts := httptest.NewServer(peers)
	t.Cleanup(ts.Close)
	client := peer.NewClient("n1", key, lone(ts.URL))
	t.Cleanup(client.Close)
	return clusterRooms{upstream: upstream{Client: client}}
}

// TestARefusalIsNoNewsOfAPush has the node of a push answer something else than how it does, as one that is starting does.
func TestARefusalIsNoNewsOfAPush(t *testing.T) {
	c := askedOf(t, tooEarly)
	if in, err := c.ask(t.Context(), "n2", "r1", 0); err == nil {
		t.Errorf("told of %+v", in)
	}
}

// TestSamplesOfAnotherNode asks for as many as there can be.
func TestSamplesOfAnotherNode(t *testing.T) {
	c := askedOf(t, func(w http.ResponseWriter, r *http.Request) {
		var in live.Ingest
		if r.URL.Query().Get("samples") == "15m0s" {
			in.Samples = make([]live.Sample, 180)
			for i := range in.Samples {
				in.Samples[i] = live.Sample{At: time.Now(), BitsPerSecond: 1e9 / 3, VideoBitsPerSecond: 1e9 / 7, FramesPerSecond: 100.0 / 3, KeyframeInterval: time.Hour, Jitter: time.Hour, Repaired: 1 << 62}
			}
		}
		_ = json.NewEncoder(w).Encode(in)
	})
	for over, want := range map[time.Duration]int{0: 0, live.SampledFor: 180} {
		if in, err := c.ask(t.Context(), "n2", "r1", over); err != nil || len(in.Samples) != want {
			t.Errorf("%d samples of %v: %v", len(in.Samples), over, err)
		}
	}
}
