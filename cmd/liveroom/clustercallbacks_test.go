package main

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"liveroom/status"
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
	courier, _ := c.awaitCourier()
	courier.stop()
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

// awaitCourier waits until a node delivers callbacks, and answers which, and some other that runs.
func (c *testCluster) awaitCourier() (courier, other *node) {
	c.t.Helper()
	eventually(c.t, "a node delivers callbacks", func() bool {
		courier, other = nil, nil
		for _, n := range c.nodes {
			switch {
			case n.cmd == nil:
			case slices.Contains(n.about().Leads, "courier"):
				courier = n
			default:
				other = n
			}
		}
		return courier != nil && other != nil
	})
	return courier, other
}

// TestCallbacksWhenTheirNodeIsKilled: a receiver that is made on one node is told of what happens on any, in order, by one of them, and by
// another when that one is killed; any node shows how it is. The push of a node that was killed has its end told once.
func TestCallbacksWhenTheirNodeIsKilled(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	c := startCluster(t, 3, nil, "--callback-private=127.0.0.0/8")
	courier, other := c.awaitCourier()
	other.call(http.MethodPost, "/api/v1/callbacks", map[string]any{"id": "states", "url": r.URL + "/status", "format": "status"}, nil)
	other.call(http.MethodPost, "/api/v1/callbacks", map[string]any{"id": "streams", "url": r.URL + "/css", "format": "css"}, nil)
	for _, n := range c.nodes {
		n.eventually("it knows the receivers", func() bool {
			var all struct {
				Callbacks []struct{ State struct{ Circuit string } }
			}
			n.call(http.MethodGet, "/api/v1/callbacks", nil, &all)
			return len(all.Callbacks) == 2 && all.Callbacks[0].State.Circuit == "closed" && all.Callbacks[1].State.Circuit == "closed"
		})
	}

	other.createRoom(map[string]any{"id": "r1"})
	for range 3 {
		for i, n := range c.nodes {
			n.call(http.MethodPost, "/api/v1/rooms/r1/playback", map[string]any{"url": "https://cdn.example/x.mp4"}, nil)
			c.nodes[(i+1)%3].call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
		}
	}
	courier.createRoom(map[string]any{"id": "r2"})
	push(t, courier.addresses("r2").Push.RTMP)
	began := r.wait(t, 1, "/css", "event_type", 1)
	other.waitStatus("r2", status.Live)
	courier.kill()
	r.wait(t, 1, "/css", "event_type", 0)
	next, another := c.awaitCourier()
	next.waitStatus("r2", status.Paused)
	next.call(http.MethodPost, "/api/v1/rooms/r2/end", map[string]any{}, nil)

	for _, room := range []string{"r1", "r2"} {
		last := another.status(room)
		var order []uint64
		eventually(t, "all changes of "+room+" are told", func() bool {
			order = nil
			for _, g := range r.all("/status", "room", room) {
				order = append(order, uint64(g.body["version"].(float64)))
			}
			return uint64(len(order)) >= last.Version
		})
		if !slices.IsSorted(order) || order[0] != 1 || uint64(len(order)) != last.Version {
			t.Errorf("%s: versions %v, the newest is %d", room, order, last.Version)
		}
	}
	over := r.all("/css", "event_type", 0)
	if len(over) != 1 || over[0].body["sequence"] != began.body["sequence"] || over[0].body["errcode"] != 5. {
		t.Errorf("%d ends of start %s: %v", len(over), began.raw, fmt.Sprint(over))
	}
	for _, n := range []*node{next, another} {
		var log struct{ Deliveries []struct{ Event string } }
		n.call(http.MethodGet, "/api/v1/callbacks/states/deliveries", nil, &log)
		if len(log.Deliveries) == 0 {
			t.Error("the log of tries is empty")
		}
		var test struct{ Outcome string }
		n.call(http.MethodPost, "/api/v1/callbacks/states/test", nil, &test)
		if test.Outcome != "delivered" {
			t.Errorf("test fire: %+v", test)
		}
	}
}
