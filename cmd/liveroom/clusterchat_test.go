package main

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"liveroom/internal/redistest"
	"liveroom/status"
)

// TestChatOfACluster: who is in a room on one node hears what is said and done on the others, all in one order.
func TestChatOfACluster(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		url  func(t *testing.T) string
	}{
		{"over one Redis", func(t *testing.T) string { return redistest.Start(t).URL() }},
		{"over a Redis cluster", func(t *testing.T) string { return redistest.StartCluster(t).URL() }},
		{"over a Redis with a sentinel", func(t *testing.T) string { return redistest.StartSentinel(t).URL() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			oneChat(t, startClusterOver(t, 3, c.url(t), "--chat-user-burst=0"))
		})
	}
}

func oneChat(t *testing.T, c *testCluster) {
	c.nodes[0].createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	members := make([]*member, 3)
	for i, n := range c.nodes {
		user := fmt.Sprintf("u%d", i)
		members[i] = n.enter("r1", user, n.userSig(user), nil)
	}
	for i := range 30 {
		members[i%3].say("r1", fmt.Sprintf("m%d", i), uint32(i+1))
	}
	for i, m := range members {
		eventually(t, fmt.Sprintf("member %d has all messages", i), func() bool { return len(m.texts()) == 30 })
		if got, want := m.texts(), members[0].texts(); !slices.Equal(got, want) {
			t.Errorf("member %d heard %v, another %v", i, got, want)
		}
	}

	p := push(t, c.nodes[0].addresses("r1").Push.RTMP)
	live := c.nodes[1].waitStatus("r1", status.Live)
	for _, m := range members {
		m.waitVersion(live.Version)
	}
	late := c.nodes[2].enter("r1", "", "", nil)
	if len(late.joined.Messages) != 20 || fieldVersion(t, late.joined.Fields) != live.Version {
		t.Errorf("who comes late gets %d messages and the field %v", len(late.joined.Messages), late.joined.Fields)
	}
	p.quit()
	gone := c.nodes[2].waitStatus("r1", status.Paused)
	for _, m := range append(members, late) {
		m.waitVersion(gone.Version)
	}

	c.nodes[1].call(http.MethodPatch, "/api/v1/rooms/r1", map[string]any{"notice": "tea at five"}, nil)
	for i, m := range members {
		eventually(t, fmt.Sprintf("member %d is told of the notice", i), func() bool { return m.heardEvent("notice") })
	}
	b := c.nodes[2].backend()
	b.ok("send_group_msg", message("r1", text("from the backend"), "From_Account", "u0"))
	eventually(t, "the backend's message arrives on another node", func() bool { return slices.Contains(members[0].texts(), "from the backend") })
}

// heardEvent says whether an event of a name came.
func (m *member) heardEvent(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.events[name] > 0
}
