package main

import (
	"slices"
	"testing"
)

// TestTwoDevicesOfOneUser: the whole program, as it is by default, with a page and an app of one user.
func TestTwoDevicesOfOneUser(t *testing.T) {
	n := startNode(t)
	for _, id := range []string{"a", "b"} {
		n.createRoom(map[string]any{"id": id, "anchor": "anna"})
	}
	device := func(platform, instance string) *member {
		m := dialMember(t, n.http)
		m.must(map[string]any{"op": "auth", "userId": "vera", "userSig": n.userSig("vera"), "platform": platform, "instance": instance}, nil)
		return m
	}
	join := func(m *member, room string) { t.Helper(); m.must(map[string]any{"op": "join", "group": room}, nil) }
	told := func(m *member, want ...string) {
		t.Helper()
		n.eventually("a device is told that it is out of a room", func() bool {
			m.mu.Lock()
			defer m.mu.Unlock()
			return slices.Equal(m.left, want)
		})
	}
	desk, tablet, app := device("Web", "desk"), device("Web", "tablet"), device("Android", "app")
	join(desk, "a")
	join(app, "a")
	join(tablet, "b")
	told(desk, "a joined_elsewhere")

	join(app, "b") // an app may be in several
	app.say("a", "from the app", 1)
	tablet.must(map[string]any{"op": "leave", "group": "b"}, nil)
	told(app, "b left_elsewhere")
	app.say("a", "and again", 2)

	join(desk, "a")
	again := device("Web", "desk") // its line fell, and nobody noticed
	again.must(map[string]any{"op": "join", "group": "a"}, &again.joined)
	if members := again.joined.Count.Members; members != 1 {
		t.Errorf("one user on two devices is %d members", members)
	}
	n.eventually("the former connection of the page is closed", func() bool {
		desk.mu.Lock()
		defer desk.mu.Unlock()
		return desk.close != nil && desk.close.Reason == "reconnected" && !desk.close.Reconnect
	})
}
