package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"liveroom/status"
	"liveroom/web"
)

// TestClusterOfThreeNodes is the way of a room over the nodes of a cluster.
func TestClusterOfThreeNodes(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, nil)
	a, b, third := c.nodes[0], c.nodes[1], c.nodes[2]
	a.createRoom(map[string]any{"id": "r1", "anchor": "alice"})
	for _, n := range c.nodes {
		if r := n.status("r1"); r.Code != status.Waiting {
			t.Fatalf("%+v", r)
		}
	}

	changes := b.statusEvents("")
	waited := b.waitNewer(b.status("r1"))
	first := push(t, a.addresses("r1").Push.RTMP)
	live := third.waitStatus("r1", status.Live)
	if r := <-waited; r.Version != live.Version {
		t.Errorf("who waited on another node got %+v", r)
	}
	if _, r := changes.next(); r.Version != live.Version || r.Epoch != live.Epoch {
		t.Errorf("the events of another node told %+v", r)
	}
	for _, n := range c.nodes {
		mustDecode(t, n.addresses("r1").Play.FLV)
	}
	for i, n := range c.nodes { // each knows how all are
		n.eventually("all nodes answer", func() bool {
			l, pushes, self := n.listed(), 0, -1
			for j, one := range l.Nodes {
				if one.State != web.NodeReady || one.LastSeenAt.IsZero() || one.URL == "" || one.Goroutines == 0 {
					t.Logf("%+v", one)
					return false
				}
				if one.Self {
					self = j
				}
				pushes += one.Pushes
			}
			return l.Cluster && len(l.Nodes) == 3 && pushes == 1 && self == i
		})
	}

	push(t, b.addresses("r1").Push.RTMP)
	first.wait() // the second took over
	if r := third.status("r1"); r.Code != status.Live || r.Session != live.Session {
		t.Errorf("after the takeover: %+v", r)
	}
	mustDecode(t, third.addresses("r1").Play.FLV)

	third.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	for _, n := range c.nodes {
		n.waitStatus("r1", status.Ended)
	}
	if h := a.about(); h.Redis["role"] != "master" || h.Redis["appendOnly"] != "no" || !h.is("redis") {
		t.Errorf("%+v", h)
	}
	if named := documentedMetrics(t, "| metric of a cluster", get(t, "http://"+a.ops+"/metrics")); named < 12 {
		t.Errorf("found %d metrics in the document", named)
	}
}

// waitNewer asks for a record that is newer than r, and passes on the answer.
func (n *node) waitNewer(r status.Record) <-chan status.Record {
	out := make(chan status.Record, 1)
	go func() {
		defer close(out)
		resp, err := http.Get(fmt.Sprintf("http://%s/api/v1/rooms/%s/status?wait=30s&epoch=%s&version=%d", n.http, r.Room, r.Epoch, r.Version))
		if err != nil {
			return
		}
		defer func() { _ = resp.Body.Close() }()
		var newer status.Record
		if json.NewDecoder(resp.Body).Decode(&newer) == nil {
			out <- newer
		}
	}()
	return out
}
