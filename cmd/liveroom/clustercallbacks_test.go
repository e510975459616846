package main

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
)

// TestCallbacksOfACluster: a backend gets each event once and in order, on whatever node it happened, also when the node
// that delivers stops.
func TestCallbacksOfACluster(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	c := startCluster(t, 3, nil, "--callback-private=127.0.0.0/8", "--status-callback-url="+r.URL+"/status")
	drive := func(i int) {
		t.Helper()
		n := c.nodes[i%3]
		if n.cmd == nil {
			n = c.nodes[(i+1)%3]
		}
		action, body := "playback", map[string]any{"url": "https://cdn.example/x.mp4"}
		if i%2 == 1 {
			action, body = "end", map[string]any{}
		}
		n.call(http.MethodPost, "/api/v1/rooms/r1/"+action, body, nil)
	}
	c.nodes[0].createRoom(map[string]any{"id": "r1"})
	for i := range 6 {
		drive(i)
	}
	eventually(t, "the events of the first courier", func() bool { return len(r.all("/status", "room", "r1")) == 7 })
	for _, n := range c.nodes {
		if slices.Contains(n.about().Leads, "courier") {
			n.stop()
			break
		}
	}
	for i := range 6 {
		drive(i)
	}
	eventually(t, "the events of the second courier", func() bool { return len(r.all("/status", "room", "r1")) >= 13 })
	for i, got := range r.all("/status", "room", "r1") {
		if version := fmt.Sprint(got.body["version"]); version != fmt.Sprint(i+1) {
			t.Errorf("event %d has version %s", i, version)
		}
	}
}
