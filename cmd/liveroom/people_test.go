package main

import (
	"encoding/json"
	"net/http"
	"testing"
)

// refusedWith makes a call that must be refused.
func (m *member) refusedWith(code int, frame map[string]any) {
	m.t.Helper()
	raw := m.call(frame)
	var head struct{ Code int }
	if err := json.Unmarshal(raw, &head); err != nil || head.Code != code {
		m.t.Errorf("%v: %s (%v), want %d", frame["op"], raw, err, code)
	}
}

func (n *node) login(user string) *member {
	n.t.Helper()
	m := dialMember(n.t, n.http)
	m.must(map[string]any{"op": "auth", "userId": user, "userSig": n.userSig(user)}, nil)
	return m
}

// TestAGroupMadeByChatIsALiveRoom: and dismissing it ends the room.
func TestAGroupMadeByChatIsALiveRoom(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--chat-create-groups=on")
	vera, bob := n.login("vera"), n.login("bob")
	defer vera.leave()
	defer bob.leave()
	var made struct {
		Group struct{ ID, Name, Owner, Notice, Introduction string }
	}
	vera.must(map[string]any{"op": "createGroup", "groupId": "tea room", "name": "Tea", "notice": "Hello", "introduction": "All of tea"}, &made)
	if g := made.Group; g.ID != "tea room" || g.Name != "Tea" || g.Owner != "vera" || g.Notice != "Hello" || g.Introduction != "All of tea" {
		t.Errorf("%+v", g)
	}
	vera.refusedWith(10025, map[string]any{"op": "createGroup", "groupId": "tea room", "name": "Tea"})
	bob.refusedWith(10021, map[string]any{"op": "createGroup", "groupId": "tea room", "name": "Tea"})
	bob.refusedWith(10004, map[string]any{"op": "createGroup", "groupId": "@TGS#1", "name": "Tea"})
	vera.must(map[string]any{"op": "createGroup", "groupId": "plain", "name": "Plain"}, &made)

	var room struct{ ID, Anchor, Title, GroupID string }
	n.call("GET", "/api/v1/rooms/plain", nil, &room)
	if room.Anchor != "vera" || room.Title != "Plain" || room.GroupID != "plain" {
		t.Errorf("%+v", room)
	}
	bob.must(map[string]any{"op": "join", "group": "plain"}, nil)
	bob.refusedWith(10007, map[string]any{"op": "dismiss", "group": "plain"})
	vera.must(map[string]any{"op": "dismiss", "group": "plain"}, nil)
	if resp, body := n.request("GET", "/api/v1/rooms/plain", nil, ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the room is still there: %s", body)
	}
	bob.refusedWith(10010, map[string]any{"op": "count", "group": "plain"})
}

// TestAGroupTakesNoRoomFromAnother: its id may be that of a room whose group is called otherwise.
func TestAGroupTakesNoRoomFromAnother(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--chat-create-groups=on")
	vera := n.login("vera")
	defer vera.leave()
	n.call("POST", "/api/v1/rooms", map[string]any{"id": "taken", "groupId": "another", "anchor": "alice"}, nil)
	n.call("POST", "/api/v1/rooms", map[string]any{"id": "b", "stream": "streamed", "anchor": "alice"}, nil)
	for _, id := range []string{"taken", "streamed"} {
		vera.must(map[string]any{"op": "createGroup", "groupId": id, "name": "Tea"}, nil)
		vera.refusedWith(10025, map[string]any{"op": "createGroup", "groupId": id, "name": "Tea"})
	}
	var room struct{ Anchor, GroupID string }
	n.call("GET", "/api/v1/rooms/taken", nil, &room)
	if room.Anchor != "alice" || room.GroupID != "another" {
		t.Errorf("%+v", room)
	}
}

func TestGroupsAreNotMadeByChatUnlessItIsSet(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--admins=root")
	vera, root := n.login("vera"), n.login("root")
	defer vera.leave()
	defer root.leave()
	vera.refusedWith(10007, map[string]any{"op": "createGroup", "name": "Tea"})
	var made struct{ Group struct{ ID, Owner string } }
	root.must(map[string]any{"op": "createGroup", "name": "Tea"}, &made)
	if made.Group.ID == "" || made.Group.Owner != "root" {
		t.Errorf("%+v", made)
	}
}

// TestNobodyPassesForTheAnchor: through the real store, whichever came first.
func TestNobodyPassesForTheAnchor(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.call("POST", "/api/v1/rooms", map[string]any{"id": "r1", "anchor": "anna"}, nil)
	n.call("PUT", "/api/v1/accounts/anna", map[string]any{"nick": "Anna Live"}, nil)
	n.call("PUT", "/api/v1/accounts/bob", map[string]any{"nick": "Anna.Live"}, nil)
	bob, carol := n.enter("r1", "bob", n.userSig("bob"), nil), n.enter("r1", "carol", n.userSig("carol"), nil)
	defer bob.leave()
	defer carol.leave()
	bob.say("r1", "I am Anna", 1)
	carol.refusedWith(40005, map[string]any{"op": "setProfile", "nick": "АNNA LIVE"}) // А is Cyrillic
	carol.must(map[string]any{"op": "setProfile", "nick": "Carol"}, nil)
	carol.say("r1", "I am Carol", 2)
	n.call("PATCH", "/api/v1/accounts/carol", map[string]any{"nick": "Carol B."}, nil)
	carol.say("r1", "still", 3)
	var history struct {
		Messages []struct{ From, Nick string }
	}
	n.call("GET", "/api/v1/rooms/r1/messages", nil, &history)
	want := []struct{ From, Nick string }{{"bob", ""}, {"carol", "Carol"}, {"carol", "Carol B."}}
	got := history.Messages[len(history.Messages)-len(want):]
	for i, w := range want {
		if got[i] != w {
			t.Errorf("%+v, want %+v", got[i], w)
		}
	}
}
