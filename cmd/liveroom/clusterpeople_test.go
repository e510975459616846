package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"liveroom/status"
)

// device is one device of a user on a node.
func (n *node) device(user, platform, instance string) *member {
	n.t.Helper()
	m := dialMember(n.t, n.http)
	m.must(map[string]any{"op": "auth", "userId": user, "userSig": n.userSig(user), "platform": platform, "instance": instance}, nil)
	return m
}

// waitOnline waits until a node counts so many people in a room.
func (n *node) waitOnline(room string, want int) {
	n.t.Helper()
	n.eventually(fmt.Sprintf("it counts %d in room %s", want, room), func() bool {
		var out struct{ Online int }
		n.call(http.MethodGet, "/api/v1/rooms/"+room+"/status", nil, &out)
		return out.Online == want
	})
}

// TestPeopleOfACluster: who is where is one over three nodes, and so is what follows from it.
func TestPeopleOfACluster(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, nil)
	one, two, three := c.nodes[0], c.nodes[1], c.nodes[2]
	for _, id := range []string{"a", "b"} {
		one.createRoom(map[string]any{"id": id, "anchor": "anna"})
	}
	join := func(m *member, room string) { t.Helper(); m.must(map[string]any{"op": "join", "group": room}, nil) }
	desk, tablet, app := one.device("vera", "Web", "desk"), two.device("vera", "Web", "tablet"), three.device("vera", "Android", "app")
	join(desk, "a")
	join(app, "a")
	otto := two.device("otto", "Web", "")
	join(otto, "a")
	online := func(want int) {
		t.Helper()
		for _, n := range c.nodes {
			n.waitOnline("a", want)
		}
	}
	online(2)

	join(tablet, "b")
	one.eventually("the page is out of the room that was left on another node", func() bool {
		desk.mu.Lock()
		defer desk.mu.Unlock()
		return slices.Equal(desk.left, []string{"a joined_elsewhere"})
	})
	again := three.device("vera", "Web", "tablet") // the same page by another node
	two.eventually("the former connection of the page is closed", func() bool { return tablet.closedFor() == "reconnected" })

	var asked struct {
		QueryResult []struct{ To_Account, Status string }
	}
	one.backend().ok("openim/query_online_status", map[string]any{"To_Account": []string{"vera", "otto"}}, &asked)
	for _, u := range asked.QueryResult {
		if u.Status != "Online" {
			t.Errorf("%+v", asked)
		}
	}
	var kicked struct{ Sessions int }
	two.call(http.MethodPost, "/api/v1/accounts/vera/kick", nil, &kicked)
	for _, m := range []*member{desk, app, again} {
		one.eventually("vera is kicked everywhere", func() bool { return m.closedFor() == "kicked" })
	}
	online(1)
	three.kill()
	two.kill()
	one.waitOnline("a", 0) // a dead node's members count no more
}

// closedFor is why the server closed a connection; empty: it did not.
func (m *member) closedFor() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.close == nil {
		return ""
	}
	return m.close.Reason
}

// TestTheBannedWatchOnNoNode is banned on one node, in the chat by a second, and watches by the third.
func TestTheBannedWatchOnNoNode(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, nil)
	c.nodes[0].createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	push(t, c.nodes[0].addresses("r1").Push.RTMP)
	c.nodes[2].waitStatus("r1", status.Live)
	bad := dialMember(t, c.nodes[1].http)
	var hello struct{ Session string }
	bad.must(map[string]any{"op": "auth", "userId": "bad", "userSig": c.nodes[1].userSig("bad")}, &hello)
	bad.must(map[string]any{"op": "join", "group": "r1"}, nil)

	resp, err := http.Get(c.nodes[2].addresses("r1").Play.FLV + "&vid=" + hello.Session)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("FLV: %v %v", resp, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body := bufio.NewReader(resp.Body)
	if _, err := body.Peek(13); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.nodes {
		n.waitOnline("r1", 1) // who watches by another node counts once
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, body)
	}()
	anna := c.nodes[0].enter("r1", "anna", c.nodes[0].userSig("anna"), nil)
	anna.must(map[string]any{"op": "ban", "group": "r1", "users": []string{"bad"}, "seconds": 3600}, nil)
	<-ended
}
