package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"liveroom/internal/redistest"
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
	one.eventually("a backend is told where they are", func() bool { // a busy machine may ask Redis in vain, which is an error
		r := one.backend().call("openim/query_online_status", map[string]any{"To_Account": []string{"vera", "otto"}})
		r.into(t, &asked)
		return r.ErrorCode == 0
	})
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

	ended := c.nodes[2].watch("r1", hello.Session)
	for _, n := range c.nodes {
		n.waitOnline("r1", 1) // who watches by another node counts once
	}
	anna := c.nodes[0].enter("r1", "anna", c.nodes[0].userSig("anna"), nil)
	anna.must(map[string]any{"op": "ban", "group": "r1", "users": []string{"bad"}, "seconds": 3600}, nil)
	<-ended
}

// watch plays a room over FLV for a chat session, which the channel tells the end of.
func (n *node) watch(room, session string) (ended chan struct{}) {
	n.t.Helper()
	resp, err := http.Get(n.addresses(room).Play.FLV + "&vid=" + session)
	if err != nil || resp.StatusCode != http.StatusOK {
		n.t.Fatalf("FLV: %v %v", resp, err)
	}
	n.t.Cleanup(func() { _ = resp.Body.Close() })
	body := bufio.NewReader(resp.Body)
	if _, err := body.Peek(13); err != nil {
		n.t.Fatal(err)
	}
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, body)
	}()
	return ended
}

// TestTheBannedWatchOnNoNodeThatWasCutOff is banned while the node where he watches, and nobody chats, does not reach Redis.
func TestTheBannedWatchOnNoNodeThatWasCutOff(t *testing.T) {
	t.Parallel()
	c := shakyCluster(t, 2, nil)
	here, there := c.nodes[0], c.nodes[1]
	link := redistest.Through(t, c.redis.Addr)
	there.flags[slices.Index(there.flags, "--redis")+1] = link.URL()
	c.start()
	here.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	push(t, here.addresses("r1").Push.RTMP)
	there.waitStatus("r1", status.Live)
	enter := func(user string) (m *member, session string) {
		m = dialMember(t, here.http)
		var hello struct{ Session string }
		m.must(map[string]any{"op": "auth", "userId": user, "userSig": here.userSig(user)}, &hello)
		m.must(map[string]any{"op": "join", "group": "r1"}, nil)
		return m, hello.Session
	}
	anna, _ := enter("anna")
	_, bad := enter("bad")
	_, good := enter("good")
	ended, goesOn := there.watch("r1", bad), there.watch("r1", good)

	link.Cut()
	there.eventually("it does not reach Redis", func() bool {
		health := there.about()
		return !health.is("redis")
	})
	anna.must(map[string]any{"op": "ban", "group": "r1", "users": []string{"bad"}, "seconds": 3600}, nil)
	here.eventually("the ban is told", func() bool {
		n, err := redistest.Command(c.redis.Addr, "ZCARD", "lr:{lr}:people:banished")
		return err == nil && n == ":1"
	})
	select {
	case <-ended:
		t.Fatal("he watched no more before his node could know")
	default:
	}
	link.Heal()
	<-ended
	if code := there.statusOf(there.addresses("r1").Play.FLV + "&vid=" + bad); code != http.StatusForbidden {
		t.Errorf("the banned got %d", code)
	}
	select {
	case <-goesOn:
		t.Error("another viewer was cut")
	default:
	}
}
