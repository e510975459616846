package main

import (
	"net/http"
	"testing"

	"liveroom/status"
)

// TestClusterOfThreeNodes is the way of a room over the nodes of a cluster.
func TestClusterOfThreeNodes(t *testing.T) {
	c := startCluster(t, 3, nil)
	a, b, third := c.nodes[0], c.nodes[1], c.nodes[2]
	a.createRoom(map[string]any{"id": "r1"})
	for _, n := range c.nodes {
		if r := n.status("r1"); r.Code != status.Waiting {
			t.Fatalf("%+v", r)
		}
	}
	b.call(http.MethodPost, "/api/v1/rooms/r1/playback", map[string]any{"url": "https://cdn.example/x.mp4"}, nil)
	if r := third.status("r1"); r.Code != status.Playback {
		t.Fatalf("%+v", r)
	}
	if h := a.about(); h.Redis["role"] != "master" || h.Redis["appendOnly"] != "no" || !h.is("redis") {
		t.Errorf("%+v", h)
	}
	if named := documentedMetrics(t, "| metric of a cluster", get(t, "http://"+a.ops+"/metrics")); named < 6 {
		t.Errorf("found %d metrics in the document", named)
	}
}
