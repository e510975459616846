package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"liveroom/chat/account"
	"liveroom/internal/boltstore"
	"liveroom/internal/redisstore"
)

// card is what the test reads of a user's level, over REST or the chat.
type card struct {
	User       string
	Level      int
	Score      int64
	Next       int64
	Badge      string
	Membership string
}

// card is how far a user has come, as a node tells anybody.
func (n *node) card(user string) (c card) {
	n.t.Helper()
	n.read("/api/v1/users/"+user+"/level", &c)
	return c
}

// waitScore waits until a user has a score on a node.
func (n *node) waitScore(user string, want int64) {
	n.t.Helper()
	n.eventually(fmt.Sprintf("%s has a score of %d", user, want), func() bool { return n.card(user).Score == want })
}

// lastFrom is the newest message of a user that a member has.
func (m *member) lastFrom(user string) (last chatMessage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, msg := range m.messages {
		if msg.From == user {
			last = msg
		}
	}
	return last
}

// standing is level and badge of a user in the list of members that a member gets.
func (m *member) standing(group, user string) string {
	m.t.Helper()
	var list struct {
		Members []struct {
			User, Badge string
			Level       int
		}
	}
	m.must(map[string]any{"op": "members", "group": group}, &list)
	for _, one := range list.Members {
		if one.User == user {
			return fmt.Sprint(one.Level, one.Badge)
		}
	}
	return "not there"
}

// TestLevels: what a user does earns him a level, which rides on all he says and shows wherever he does, also after a crash.
func TestLevels(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	n := startNode(t, "--callback-private=127.0.0.0/8", "--event-callback-url="+r.URL+"/events",
		"--level-weights=messages=10,likes=1,onlineMinutes=0", "--level-caps=messages=3,likes=2", "--level-thresholds=20,31,1000", "--level-tiers=gold=Gold:gold:0")
	n.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	n.call(http.MethodPut, "/api/v1/accounts/bob", map[string]any{"nick": "Bob"}, nil)
	bob, alice := n.enter("r1", "bob", n.userSig("bob"), nil), n.enter("r1", "alice", n.userSig("alice"), nil)
	bob.say("r1", "one", 1)
	if first := alice.lastFrom("bob"); first.Level != 0 || first.Badge != "" {
		t.Errorf("at first: %+v", first)
	}
	bob.say("r1", "two", 2)
	n.waitScore("bob", 20)
	eventually(t, "the room is told", func() bool { return alice.heardEvent("level") && bob.heardEvent("level") })
	if c := n.card("bob"); c != (card{User: "bob", Level: 1, Score: 20, Next: 31}) {
		t.Errorf("card %+v", c)
	}
	told := r.wait(t, 1, "/events", "event", "level.changed")
	if change := fmt.Sprint(told.body["change"]); !strings.Contains(change, "from:0") || !strings.Contains(change, "level:1") || !strings.Contains(change, "user:bob") {
		t.Errorf("a backend was told %s", told.raw)
	}
	bob.say("r1", "three", 3)
	bob.say("r1", "four", 4) // beyond the cap
	bob.must(map[string]any{"op": "like", "group": "r1", "count": 5}, nil)
	eventually(t, "messages carry the level", func() bool { return alice.lastFrom("bob").Level == 1 })
	n.waitScore("bob", 32)
	eventually(t, "he is on level 2", func() bool { return alice.standing("r1", "bob") == "2" })

	n.call(http.MethodPut, "/api/v1/users/bob/membership", map[string]any{"tier": "gold", "until": time.Now().Add(time.Hour)}, nil)
	n.call(http.MethodPost, "/api/v1/users/bob/level/adjust", map[string]any{"points": 1000, "reason": "a prize"}, nil)
	bob.say("r1", "five", 5)
	eventually(t, "messages carry the badge", func() bool { last := alice.lastFrom("bob"); return last.Level == 3 && last.Badge == "gold" })
	r.wait(t, 4, "/events", "event", "level.changed")
	gift := map[string]any{"order": "o1", "gift": "rose", "name": "Rose", "price": 150, "count": 2, "user": "bob"}
	for range 2 { // the same order is one gift
		n.call(http.MethodPost, "/api/v1/rooms/r1/gifts", gift, nil)
	}
	n.waitScore("bob", 1035)
	n.stop()
	n.start()
	alice, bob = n.enter("r1", "alice", n.userSig("alice"), nil), n.enter("r1", "bob", n.userSig("bob"), nil)
	eventually(t, "levels are there after a restart", func() bool { return alice.standing("r1", "bob") == "3gold" })
	n.kill()
	n.start()
	alice, bob = n.enter("r1", "alice", n.userSig("alice"), nil), n.enter("r1", "bob", n.userSig("bob"), nil)
	eventually(t, "and after a crash", func() bool { return alice.standing("r1", "bob") == "3gold" })
	var mine card
	bob.must(map[string]any{"op": "getLevel"}, &mine)
	if want := (card{User: "bob", Level: 3, Score: 1035, Badge: "gold", Membership: "gold"}); mine != want {
		t.Errorf("his own card %+v, want %+v", mine, want)
	}
	var profiles struct {
		Profiles []struct {
			Standing struct {
				Level int
				Badge string
			}
		}
	}
	alice.must(map[string]any{"op": "getProfiles", "users": []string{"bob"}}, &profiles)
	if len(profiles.Profiles) != 1 || profiles.Profiles[0].Standing.Level != 3 || profiles.Profiles[0].Standing.Badge != "gold" {
		t.Errorf("profile %+v", profiles)
	}
	var rest struct {
		Members []struct {
			User  string
			Level int
		}
	}
	n.call(http.MethodGet, "/api/v1/rooms/r1/members", nil, &rest)
	if len(rest.Members) != 2 || rest.Members[0].User != "bob" || rest.Members[0].Level != 3 {
		t.Errorf("members over REST: %+v", rest)
	}
	n.kill()
	file, err := boltstore.Open(filepath.Join(n.data, "liveroom.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	deletedInACrash(t, file.Accounts(), "bob")
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	n.start()
	n.comesAnew("bob")
	adjust := map[string]any{"points": 7, "reason": "a prize"}
	n.call(http.MethodPost, "/api/v1/users/bob/level/adjust", adjust, nil)
	n.call(http.MethodDelete, "/api/v1/accounts/bob", nil, nil)
	if c := n.card("bob"); c.Score != 0 || c.Badge != "" {
		t.Errorf("of a deleted account: %+v", c)
	}
}

// deletedInACrash deletes an account as a node does that crashes before it told anybody.
func deletedInACrash(t *testing.T, accounts account.Store, user string) {
	t.Helper()
	if _, err := accounts.DeleteAccount(t.Context(), user, time.Now()); err != nil {
		t.Fatal(err)
	}
}

// comesAnew makes the account of a user anew, who has nothing of what he had.
func (n *node) comesAnew(user string) {
	n.t.Helper()
	n.call(http.MethodPut, "/api/v1/accounts/"+user, map[string]any{"nick": "Anew"}, nil)
	if c := n.card(user); c != (card{User: user, Next: c.Next}) {
		n.t.Errorf("who came anew after a crash has what the one before him had: %+v", c)
	}
}

// TestLevelsOfACluster: a level that is reached on one node shows on the other, caps hold over both, and what was stored
// survives the death of the node that stored it.
func TestLevelsOfACluster(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	c := startCluster(t, 2, nil, "--callback-private=127.0.0.0/8", "--event-callback-url="+r.URL+"/events",
		"--chat-user-burst=0", "--level-weights=messages=10,likes=1,onlineMinutes=0", "--level-caps=messages=4", "--level-thresholds=20,40,1000",
		"--level-tiers=silver=Silver:silver:0") // nothing by the clock
	here, there := c.nodes[0], c.nodes[1]
	here.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	bob, alice := here.enter("r1", "bob", here.userSig("bob"), nil), there.enter("r1", "alice", there.userSig("alice"), nil)
	for i := range 2 {
		bob.say("r1", fmt.Sprint("here ", i), uint32(i+1))
	}
	for _, n := range c.nodes {
		n.waitScore("bob", 20)
	}
	eventually(t, "the other node's members are told", func() bool { return alice.heardEvent("level") })
	eventually(t, "and have it in their list", func() bool { return alice.standing("r1", "bob") == "1" })
	// On the other node he is as far, and gets no further than one node would let him.
	bob2 := there.enter("r1", "bob", there.userSig("bob"), nil)
	for i := range 4 {
		bob2.say("r1", fmt.Sprint("there ", i), uint32(i+11))
	}
	eventually(t, "messages by the other node carry the level", func() bool { return alice.lastFrom("bob").Level >= 1 })
	for _, n := range c.nodes {
		n.waitScore("bob", 40)
	}
	there.call(http.MethodPut, "/api/v1/users/bob/membership", map[string]any{"tier": "silver"}, nil)
	random := uint32(100)
	eventually(t, "the badge shows by the first node", func() bool {
		random++
		bob.say("r1", "badge?", random)
		return alice.lastFrom("bob").Badge == "silver" && alice.lastFrom("bob").Level == 2
	})
	before := here.card("bob")
	here.kill()
	if after := there.card("bob"); after != before || after.Score != 40 || after.Level != 2 || after.Badge != "silver" {
		t.Errorf("after the death of a node %+v, before it %+v", after, before)
	}
	bob2.must(map[string]any{"op": "like", "group": "r1", "count": 3}, nil)
	there.waitScore("bob", 43)
	r.wait(t, 3, "/events", "event", "level.changed")
	if all := r.all("/events", "event", "level.changed"); len(all) != 3 {
		t.Errorf("backends were told %d times: %+v", len(all), all)
	}
	redis, err := redisstore.Open(redisstore.Config{URL: c.url}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer redis.Close()
	deletedInACrash(t, redis.Accounts(), "bob")
	there.comesAnew("bob")
}
