package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
)

// liked is what the API says of a room's likes.
func (n *node) liked(room string) int64 {
	n.t.Helper()
	var out struct{ Likes int64 }
	n.read("/api/v1/rooms/"+room+"/likes", &out)
	return out.Likes
}

// toldLikes are the likes that a room was told of: as counter, and in its custom field.
func (n *node) toldLikes(room string) (counter, field int64) {
	n.t.Helper()
	var counters struct{ Counters map[string]int64 }
	n.call(http.MethodGet, "/api/v1/rooms/"+room+"/counters", nil, &counters)
	var group struct{ Fields map[string]string }
	n.call(http.MethodGet, "/api/v1/rooms/"+room+"/chat", nil, &group)
	var totals struct{ Likes int64 }
	_ = json.Unmarshal([]byte(group.Fields["live_totals"]), &totals) // empty before anything is told
	return counters.Counters["live_likes"], totals.Likes
}

func (m *member) like(group string, count int) int64 {
	var got struct{ Accepted int64 }
	m.must(map[string]any{"op": "like", "group": group, "count": count}, &got)
	return got.Accepted
}

// customBody is a message of one custom element.
func customBody(data string) []any {
	return []any{map[string]any{"MsgType": "TIMCustomElem", "MsgContent": map[string]any{"Data": data}}}
}

// TestALikeLostToFrequencyControlIsCounted, whether it comes by the op or as a message of the customer's own; the room is told
// the total, and a server that is killed after it was stored goes on with it.
func TestALikeLostToFrequencyControlIsCounted(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--chat-rate", "2", "--like-totals", "300ms", "--like-message", "$.kind.name=heart", "--like-message-count", "$.n")
	n.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	var (
		wg      sync.WaitGroup
		mu      sync.Mutex
		want    int64
		dropped int
	)
	for i := range 12 {
		user := fmt.Sprint("u", i)
		m := n.enter("r1", user, n.userSig(user), nil)
		wg.Go(func() {
			accepted := m.like("r1", 7) + m.like("r1", 100)
			var ack struct{ Fate string }
			m.must(map[string]any{"op": "send", "group": "r1", "random": 1, "priority": "Low", "fate": true, "body": customBody(`{"kind":{"name":"heart"},"n":2}`)}, &ack)
			m.must(map[string]any{"op": "send", "group": "r1", "random": 2, "priority": "Low", "body": customBody(`{"kind":{"name":"rose"},"n":2}`)}, nil)
			mu.Lock()
			defer mu.Unlock()
			want += accepted
			if ack.Fate == "dropped" {
				dropped++
			}
		})
	}
	wg.Wait()
	if dropped == 0 {
		t.Fatal("no message was dropped")
	}
	// Who gave all he may by the op has but what grew again for his own message.
	got := n.liked("r1")
	if got < want || got > want+24 || want < 12*30 {
		t.Errorf("%d likes, %d accepted by the op and up to 24 in messages", got, want)
	}
	n.eventually("the room is told", func() bool {
		counter, field := n.toldLikes("r1")
		return counter == got && field == got
	})
	last := n.enter("r1", "zoe", n.userSig("zoe"), nil)
	last.must(map[string]any{"op": "send", "group": "r1", "random": 1, "priority": "Low", "body": customBody(`{"kind":{"name":"heart"},"n":"5"}`)}, nil)
	n.eventually("her message is counted", func() bool { counter, _ := n.toldLikes("r1"); return counter == got+5 })
	n.kill()
	n.start()
	if again := n.liked("r1"); again != got+5 {
		t.Errorf("after a crash %d likes, before %d", again, got+5)
	}
}

// follows is a list as the API tells it.
func (n *node) follows(user, list string) (users []string) {
	n.t.Helper()
	var out struct {
		Users []struct{ User string }
		Count int
	}
	n.read("/api/v1/users/"+user+"/"+list, &out)
	for _, one := range out.Users {
		users = append(users, one.User)
	}
	if out.Count != len(users) {
		n.t.Errorf("%s of %s: %d in the list, %d counted", list, user, len(users), out.Count)
	}
	return users
}

// TestLikesAndFollowsOfACluster: they are the same from both nodes, also when one is killed.
func TestLikesAndFollowsOfACluster(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2, nil, "--like-totals", "500ms")
	a, b := c.nodes[0], c.nodes[1]
	a.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		want int64
	)
	var members []*member
	for i, n := range []*node{a, b, a, b} {
		user := fmt.Sprint("u", i)
		m := n.enter("r1", user, n.userSig(user), nil)
		members = append(members, m)
		wg.Go(func() {
			for range 20 {
				n := m.like("r1", 2)
				mu.Lock()
				want += n
				mu.Unlock()
			}
			m.must(map[string]any{"op": "follow", "user": "anna"}, nil)
		})
	}
	wg.Wait()
	same := func(n *node) bool { return n.liked("r1") == want }
	eventually(t, "both know all likes", func() bool { return same(a) && same(b) })
	eventually(t, "the room is told on both", func() bool {
		counterA, fieldA := a.toldLikes("r1")
		counterB, fieldB := b.toldLikes("r1")
		return counterA == want && fieldA == want && counterB == want && fieldB == want
	})
	members[0].must(map[string]any{"op": "unfollow", "user": "anna"}, nil)
	members[1].must(map[string]any{"op": "follow", "user": "u0"}, nil)
	for _, list := range [][2]string{{"anna", "followers"}, {"u0", "followers"}, {"u1", "following"}} {
		if onA, onB := a.follows(list[0], list[1]), b.follows(list[0], list[1]); !slices.Equal(onA, onB) || len(onA) == 0 {
			t.Errorf("%s of %s: %v on one, %v on the other", list[1], list[0], onA, onB)
		}
	}
	got := b.follows("anna", "followers")
	slices.Sort(got)
	if !slices.Equal(got, []string{"u1", "u2", "u3"}) {
		t.Errorf("followers: %v", got)
	}

	want += members[0].like("r1", 5)
	eventually(t, "the other knows it", func() bool { return same(b) })
	a.kill()
	want += members[1].like("r1", 3)
	eventually(t, "all likes are known to who is left", func() bool { return same(b) })
	if again := b.follows("anna", "followers"); len(again) != 3 {
		t.Errorf("followers after the other was killed: %v", again)
	}
}
