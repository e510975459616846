package main

import (
	"net/http"
	"strings"
	"testing"

	"liveroom/chat"
)

// shownSettings are what GET and PATCH /settings answer.
type shownSettings struct {
	Version  uint64
	Settings struct {
		History      int
		GuestLogin   bool
		PublicWords  bool
		EmbedOrigins []string
		Admins       []string
	}
	Configured struct{ History int }
	Changed    []string
}

// patch changes switches.
func (n *node) patch(settings map[string]any) (s shownSettings) {
	n.t.Helper()
	n.call("PATCH", "/api/v1/settings", map[string]any{"settings": settings}, &s)
	return s
}

func (n *node) shown() (s shownSettings) {
	n.t.Helper()
	n.call("GET", "/api/v1/settings", nil, &s)
	return s
}

// guest is the status of who wants to become a guest.
func (n *node) guest() int {
	n.t.Helper()
	resp, _ := n.request("POST", "/api/v1/guests", map[string]any{"nick": "Ming"}, "")
	return resp.StatusCode
}

// frames are whose pages may show a room.
func (n *node) frames() string {
	n.t.Helper()
	resp, _ := n.request("GET", "/embed/demo", nil, "")
	_, sites, _ := strings.Cut(resp.Header.Get("Content-Security-Policy"), "frame-ancestors ")
	return sites
}

// TestSwitchesActAtOnceAndStay: on a running node, over its restart, and over another configuration.
func TestSwitchesActAtOnceAndStay(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	if n.guest() != http.StatusForbidden || n.frames() != "" {
		t.Errorf("at first: guests %d, frames of %q", n.guest(), n.frames())
	}
	root := n.login("root")
	defer root.leave()
	changed := n.patch(map[string]any{
		"guestLogin": true, "publicWords": true, "history": 50, "embedOrigins": []string{"https://a.example"}, "admins": []string{"root"},
		"wordAction": "replace", "broadcasts": false,
	})
	if changed.Version != 1 || changed.Settings.History != 50 || changed.Configured.History != 20 || len(changed.Changed) != 7 {
		t.Errorf("%+v", changed)
	}
	root.roleChanged()
	again := n.login("root")
	defer again.leave()
	again.must(map[string]any{"op": "createGroup", "groupId": "by root", "name": "Tea"}, nil)
	n.acts()
	n.stop()
	n.flags = append(n.flags, "--chat-history=70", "--chat-members=7")
	n.start()
	if s := n.shown(); s.Version != 1 || s.Settings.History != 50 || s.Configured.History != 70 || len(s.Changed) != 7 {
		t.Errorf("after the restart: %+v", s)
	}
	n.acts()
	if s := n.patch(map[string]any{"history": nil, "guestLogin": nil}); s.Settings.History != 70 || s.Settings.GuestLogin {
		t.Errorf("given back: %+v", s)
	}
	if n.guest() != http.StatusForbidden {
		t.Error("guests are made although that was given back")
	}
	last := n.login("root")
	defer last.leave()
	n.patch(map[string]any{"admins": []string{}})
	last.roleChanged()
	none := n.login("root")
	defer none.leave()
	none.refusedWith(10007, map[string]any{"op": "createGroup", "groupId": "by nobody", "name": "Tea"})
}

// acts holds what the switches of TestSwitchesActAtOnceAndStay do.
func (n *node) acts() {
	n.t.Helper()
	if got := n.guest(); got != http.StatusOK {
		n.t.Errorf("a guest is answered %d", got)
	}
	if got := n.frames(); got != "'self' https://a.example" {
		n.t.Errorf("frames of %q", got)
	}
	if resp, body := n.request("GET", "/api/v1/words/client", nil, ""); resp.StatusCode != http.StatusOK {
		n.t.Errorf("words: %s", body)
	}
	if resp, body := n.request("POST", "/api/v1/broadcasts", map[string]any{"text": "hello"}, "Bearer "+n.secrets.APIToken); resp.StatusCode != http.StatusForbidden || !strings.Contains(string(body), "broadcasts_off") {
		n.t.Errorf("a broadcast: %d %s", resp.StatusCode, body)
	}
}

// roleChanged checks that the server sent the member to sign in again at once, as what he is now.
func (m *member) roleChanged() {
	m.t.Helper()
	eventually(m.t, "he is sent to sign in again", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.close != nil && m.close.Reason == chat.CloseRole && m.close.Reconnect && m.close.AfterMs <= 500
	})
}

// TestSwitchesOfACluster: what is changed on one node is in force on the other, also on one that starts later.
func TestSwitchesOfACluster(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2, nil)
	here, there := c.nodes[0], c.nodes[1]
	root := there.login("root")
	defer root.leave()
	here.patch(map[string]any{"guestLogin": true, "history": 50, "admins": []string{"root"}})
	there.eventually("the switches are in force on the other node", func() bool { return there.shown().Version == 1 && there.guest() == http.StatusOK })
	root.roleChanged()
	if s := there.patch(map[string]any{"history": 60}); s.Version != 2 || s.Settings.History != 60 || !s.Settings.GuestLogin {
		t.Errorf("%+v", s)
	}
	here.eventually("and back", func() bool { return here.shown().Version == 2 })
	third := c.add()
	third.start()
	if s := third.shown(); s.Version != 2 || s.Settings.History != 60 || third.guest() != http.StatusOK {
		t.Errorf("a node that starts later: %+v", s)
	}
}
