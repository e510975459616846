package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// around is what a node says of a room and its people beside talking.
type around struct {
	Likes     int64
	Followers int
	Score     int64 // of u0
	Level     int
}

// around asks a node.
func (n *node) around(room string) (a around) {
	n.t.Helper()
	a.Likes, a.Followers = n.liked(room), len(n.follows("anna", "followers"))
	c := n.card("u0")
	a.Score, a.Level = c.Score, c.Level
	return a
}

// less says whether anything is less than before.
func (a around) less(before around) bool {
	return a.Likes < before.Likes || a.Followers < before.Followers || a.Score < before.Score || a.Level < before.Level
}

// TestInteractionOfACluster: likes, follows, levels and popularity are the same from both nodes after members of both
// were at it, none of which a node takes back meanwhile, and after one of them is killed. A broadcast that one had begun the other
// ends, and each room is told once.
func TestInteractionOfACluster(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2, nil, "--chat-user-burst=0", "--like-totals=500ms",
		"--level-weights=messages=1,likes=1,onlineMinutes=0", "--level-caps=messages=0,likes=0", "--level-thresholds=5,10,20,100000")
	here, there := c.awaitLeader("broadcasts")
	here.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	var (
		wg    sync.WaitGroup
		likes atomic.Int64 // accepted, of all
		own   atomic.Int64 // and of u0, who is on both nodes
		said  atomic.Int64 // messages of u0
	)
	var last *member // of the node that stays
	for i := range 6 {
		n, user := []*node{here, there}[i%2], fmt.Sprint("u", i/2*2) // u0, u2, u4, each on both
		m := n.enter("r1", user, n.userSig(user), nil)
		last = m
		wg.Go(func() {
			for round := uint32(1); round <= 18; round++ { // as many frames as a connection may send at once
				took := m.like("r1", 1)
				likes.Add(took)
				var ack struct{ Fate string }
				m.must(map[string]any{"op": "send", "group": "r1", "random": round + uint32(i)*1000, "priority": "High", "fate": true, "body": textBody("hi")}, &ack)
				if user == "u0" {
					own.Add(took)
					if ack.Fate == "delivered" {
						said.Add(1)
					}
				}
			}
			m.must(map[string]any{"op": "follow", "user": "anna"}, nil)
		})
	}
	var seen [2]around // a node knows its own likes a moment before the other does
	for i := range 10 {
		now := c.nodes[i%2].around("r1")
		if now.less(seen[i%2]) {
			t.Errorf("a node says %+v, and said %+v before", now, seen[i%2])
		}
		seen[i%2] = now
	}
	wg.Wait()
	want := around{likes.Load(), 3, own.Load() + said.Load(), 0}
	for _, threshold := range []int64{5, 10, 20, 100_000} {
		if want.Score >= threshold {
			want.Level++
		}
	}
	for _, n := range c.nodes {
		n.eventually(fmt.Sprintf("it says %+v", want), func() bool { return n.around("r1") == want })
	}
	if want.Level < 3 || want.Likes == 0 {
		t.Errorf("too little happened: %+v", want)
	}
	popularity := func(n *node) int64 {
		var list struct {
			Rooms []struct {
				ID         string
				Popularity int64
			}
		}
		n.call(http.MethodGet, "/api/v1/rooms?sort=popularity&limit=1", nil, &list)
		if len(list.Rooms) != 1 || list.Rooms[0].ID != "r1" {
			t.Errorf("the ranking is %+v", list)
			return 0
		}
		return list.Rooms[0].Popularity
	}
	there.eventually("both nodes see the room as popular, one by a few points less, for time passes", func() bool {
		a, b := popularity(here), popularity(there)
		return a > 0 && b > 0 && max(a, b)-min(a, b) <= max(a, b)/20+1
	})

	const rooms = 220
	var all []string
	for i := range rooms {
		all = append(all, fmt.Sprint("all", i))
		there.createRoom(map[string]any{"id": all[i]})
	}
	there.call(http.MethodPost, "/api/v1/broadcasts", map[string]any{"id": "b1", "text": "hello all", "filter": map[string]any{"rooms": all}}, nil)
	there.eventually("the broadcast is under way", func() bool { return there.broadcast("b1").Run.Rooms > 0 })
	here.kill()
	if b := there.broadcast("b1"); b.State != "running" || b.Run.Rooms >= rooms {
		t.Errorf("it was over before: %+v", b)
	}
	if now := there.around("r1"); now != want {
		t.Errorf("after one was killed the other says %+v, want %+v", now, want)
	}
	if popularity(there) == 0 {
		t.Error("the room is not popular any more")
	}
	took := last.like("r1", 2)
	there.eventually("it goes on", func() bool { return there.liked("r1") == want.Likes+took })
	there.eventually("the broadcast is done", func() bool { return there.broadcast("b1").State == "done" })
	if run := there.broadcast("b1").Run; run.Of != rooms || run.Rooms != rooms || run.Skipped != 0 || run.Failed != 0 {
		t.Errorf("the broadcast: %+v", run)
	}
	for _, room := range all {
		var told struct{ Messages []chatMessage }
		there.call(http.MethodGet, "/api/v1/rooms/"+room+"/messages", nil, &told)
		times := 0
		for _, m := range told.Messages {
			times += strings.Count(string(m.Body), "hello all")
		}
		if times != 1 {
			t.Errorf("%s was told %d times", room, times)
		}
	}
}

// shownBroadcast is how far a broadcast is.
type shownBroadcast struct {
	State string
	Run   struct{ Of, Rooms, Skipped, Failed, Reached int }
}

func (n *node) broadcast(id string) (b shownBroadcast) {
	n.t.Helper()
	n.call(http.MethodGet, "/api/v1/broadcasts/"+id, nil, &b)
	return b
}

// awaitLeader is the node of two that does some work, and the other.
func (c *testCluster) awaitLeader(of string) (leader, other *node) {
	c.t.Helper()
	eventually(c.t, "a node leads "+of, func() bool {
		for i, n := range c.nodes {
			if slices.Contains(n.about().Leads, of) {
				leader, other = n, c.nodes[1-i]
			}
		}
		return leader != nil
	})
	return leader, other
}
