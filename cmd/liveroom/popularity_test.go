package main

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"liveroom/chat"
	"liveroom/status"
)

// ranking lists a node's rooms by popularity, page by page.
func (n *node) ranking(limit string) (rooms []string) {
	n.t.Helper()
	for cursor := ""; ; {
		var page struct {
			Rooms []struct {
				ID         string
				Popularity int64
			}
			NextCursor string
		}
		n.call(http.MethodGet, "/api/v1/rooms?sort=popularity&limit="+limit+"&cursor="+url.QueryEscape(cursor), nil, &page)
		for _, r := range page.Rooms {
			rooms = append(rooms, r.ID)
		}
		if cursor = page.NextCursor; cursor == "" {
			return rooms
		}
	}
}

// recommended are the rooms that a node recommends to a user, each with its first reason.
func (n *node) recommended(user string) (rooms []string) {
	n.t.Helper()
	var page struct {
		Rooms []struct {
			ID      string
			Reasons []string
		}
	}
	n.call(http.MethodGet, "/api/v1/recommendations?user="+user, nil, &page)
	for _, r := range page.Rooms {
		rooms = append(rooms, r.ID+" "+r.Reasons[0])
	}
	return rooms
}

// TestRoomsAreRankedOverAllNodes: what happens on either node counts, both show the same, also when one was killed, and a room
// that is gone leaves the ranking.
func TestRoomsAreRankedOverAllNodes(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2, nil, "--chat-user-burst=100", "--popularity-weights=message=5,like=1")
	a, b := c.nodes[0], c.nodes[1]
	for _, id := range []string{"r1", "r2", "r3", "r4"} {
		a.createRoom(map[string]any{"id": id, "anchor": "anchor-" + id})
	}
	say := func(n *node, user, room string, times int) {
		t.Helper()
		m := n.enter(room, user, n.userSig(user), nil)
		for i := range times {
			m.say(room, "hello", uint32(i+1))
		}
	}
	say(a, "ann", "r3", 2)
	say(b, "bob", "r3", 2)
	say(a, "ann", "r2", 1)
	say(b, "bob", "r2", 2)
	say(b, "bob", "r1", 1)
	liker := b.enter("r1", "cid", b.userSig("cid"), nil)
	liker.must(map[string]any{"op": "like", "group": "r1", "count": 20}, nil) // 5 and 20 is more than r3 has
	same := func(what string, nodes []*node, want ...string) {
		t.Helper()
		for _, n := range nodes {
			for _, limit := range []string{"1", "50"} {
				n.eventually(what, func() bool { return slices.Equal(n.ranking(limit), want) })
			}
		}
	}
	same("the ranking is the same on both", c.nodes, "r1", "r3", "r2", "r4")
	var counters struct{ Counters map[string]int64 }
	b.eventually("members are told", func() bool {
		a.call(http.MethodGet, "/api/v1/rooms/r1/counters", nil, &counters)
		return counters.Counters[chat.CounterPopularity] >= 20
	})

	push(t, b.addresses("r2").Push.RTMP)
	b.waitStatus("r2", status.Live)
	a.call(http.MethodPut, "/api/v1/users/dora/following/anchor-r2", nil, nil)
	a.eventually("what is live is recommended", func() bool {
		return slices.Equal(a.recommended("dora"), []string{"r2 following"}) && slices.Equal(a.recommended("ann"), []string{"r2 popular"})
	})

	a.kill()
	say(b, "bob", "r4", 10)
	same("it goes on", []*node{b}, "r4", "r1", "r3", "r2")
	b.call(http.MethodDelete, "/api/v1/rooms/r1", nil, nil)
	same("the room is gone", []*node{b}, "r4", "r3", "r2")
	say(b, "dan", "r2", 10) // what was on its way is written with it, or before
	same("others go on", []*node{b}, "r2", "r4", "r3")
	a.start()
	same("also on the other", c.nodes, "r2", "r4", "r3")
}
