package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// moderator is one way of acting on a room: each method puts something in force for one user.
type moderator struct {
	name            string
	mute, kick, ban func(user string)
}

// moderators are all ways that owner and operator have.
func (n *node) moderators(anna *member) []moderator {
	const room = "r1"
	socket := func(frame map[string]any) {
		frame["group"] = room
		anna.must(frame, nil)
	}
	rest := func(authorization string) moderator {
		call := func(method, path string, body any) {
			n.t.Helper()
			if resp, raw := n.request(method, "/api/v1/rooms/"+room+path, body, authorization); resp.StatusCode >= 300 {
				n.t.Fatalf("%s %s: %s %s", method, path, resp.Status, raw)
			}
		}
		return moderator{
			mute: func(user string) { call(http.MethodPut, "/mutes/"+user, map[string]any{"duration": "1h"}) },
			kick: func(user string) { call(http.MethodPost, "/kicks", map[string]any{"users": []string{user}}) },
			ban:  func(user string) { call(http.MethodPut, "/bans/"+user, map[string]any{"duration": "1h"}) },
		}
	}
	token, anchor := rest("Bearer "+n.secrets.APIToken), rest("Bearer "+n.userSig("anna"))
	token.name, anchor.name = "token", "anchor"
	return []moderator{{
		"socket",
		func(user string) { socket(map[string]any{"op": "mute", "user": user, "seconds": 3600}) },
		func(user string) { socket(map[string]any{"op": "kick", "users": []string{user}}) },
		func(user string) { socket(map[string]any{"op": "ban", "users": []string{user}, "seconds": 3600}) },
	}, token, anchor}
}

// on signs a user in on a platform, and joins a room if he may.
func (n *node) on(platform, room, user string) (m *member, refused string) {
	n.t.Helper()
	m = dialMember(n.t, n.http)
	m.must(map[string]any{"op": "auth", "platform": platform, "userId": user, "userSig": n.userSig(user)}, nil)
	return m, m.tries(map[string]any{"op": "join", "group": room})
}

// tries sends a frame and returns the name of its refusal; empty: it was granted.
func (m *member) tries(frame map[string]any) string {
	m.t.Helper()
	var a struct{ Error string }
	if err := json.Unmarshal(m.call(frame), &a); err != nil {
		m.t.Fatal(err)
	}
	return a.Error
}

// speaks tries to say something new.
func (m *member) speaks(text string) string {
	m.t.Helper()
	return m.tries(map[string]any{"op": "send", "group": "r1", "body": textBody(text)})
}

// wasTaken says whether the member was told that it is out of the room, and why.
func (m *member) wasTaken(reason string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, left := range m.left {
		if left == "r1 "+reason {
			return true
		}
	}
	return false
}

// TestModerationHolds mutes, kicks and bans through each door, and forbids words, and tries to get round it: by another
// connection beside or after the first, on another device, and after the server was killed and restarted.
func TestModerationHolds(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(file, []byte("nothing-yet\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n := startNode(t, "--chat-words", file, "--chat-user-burst", "0")
	n.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	anna := n.enter("r1", "anna", n.userSig("anna"), nil)
	all := n.moderators(anna)
	for _, d := range all {
		muted, kicked, banned := n.enter("r1", d.name+"-muted", n.userSig(d.name+"-muted"), nil), n.enter("r1", d.name+"-kicked", n.userSig(d.name+"-kicked"), nil), n.enter("r1", d.name+"-banned", n.userSig(d.name+"-banned"), nil)
		for _, m := range []*member{muted, kicked, banned} {
			if refused := m.speaks("hello"); refused != "" {
				t.Fatalf("%s: nobody did anything, yet %s", d.name, refused)
			}
		}
		d.mute(d.name + "-muted")
		eventually(t, d.name+": the muted may not speak", func() bool { return muted.speaks("x") == "muted" })
		d.kick(d.name + "-kicked")
		eventually(t, d.name+": the kicked is out", func() bool { return kicked.wasTaken("kicked") && kicked.speaks("x") == "not_joined" })
		if refused := kicked.tries(map[string]any{"op": "join", "group": "r1"}); refused != "" {
			t.Errorf("%s: the kicked may come back, yet %s", d.name, refused)
		}
		d.ban(d.name + "-banned")
		eventually(t, d.name+": the banned is out", func() bool { return banned.wasTaken("banned") && banned.speaks("x") == "not_joined" })
		if refused := banned.tries(map[string]any{"op": "join", "group": "r1"}); refused != "banned" {
			t.Errorf("%s: the banned came back on the same connection: %q", d.name, refused)
		}
	}
	n.call(http.MethodPost, "/api/v1/words", map[string]any{"words": []any{map[string]any{"word": "foul"}}}, nil)
	eventually(t, "a word set over REST is refused", func() bool { return anna.speaks("what a F O u l thing, foul") == "blocked_text" })
	if err := os.WriteFile(file, []byte("rotten\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a word set in the file is refused", func() bool { return anna.speaks("rotten apples") == "blocked_text" })

	n.holds(all)
	n.kill()
	n.start()
	n.holds(all)
	n.stop()
	n.start()
	n.holds(all)
}

// holds tries everything that was put in force from new connections.
func (n *node) holds(all []moderator) {
	n.t.Helper()
	refused := func(how, user, want string) *member {
		n.t.Helper()
		m, got := n.on(how, "r1", user)
		if got == "" {
			got = m.speaks("hello")
		}
		if got != want {
			n.t.Errorf("%s on %s: %q, want %q", user, how, got, want)
		}
		return m
	}
	for _, d := range all {
		refused("Web", d.name+"-muted", "muted").leave() // a refresh
		refused("Web", d.name+"-banned", "banned").leave()
		for _, platform := range []string{"Web", "Web", "Android", "MiniProgram"} { // tabs and devices beside each other
			refused(platform, d.name+"-muted", "muted")
			refused(platform, d.name+"-banned", "banned")
		}
		refused("Web", d.name+"-kicked", "")
	}
	anna := n.enter("r1", "anna", n.userSig("anna"), nil)
	for _, text := range []string{"foul", "ｆｏｕｌ", "rotten"} {
		if got := anna.speaks(text); got != "blocked_text" {
			n.t.Errorf("%q: %q", text, got)
		}
	}
	for path, want := range map[string]int{"mutes": len(all), "bans": len(all)} {
		var page map[string][]any
		n.call(http.MethodGet, "/api/v1/rooms/r1/"+path, nil, &page)
		if got := len(page[path]); got != want {
			n.t.Errorf("%d %s listed, want %d", got, path, want)
		}
	}
}

// TestAMuteEndsByItself, also where the server was away meanwhile.
func TestAMuteEndsByItself(t *testing.T) {
	t.Parallel()
	for _, away := range []bool{false, true} {
		t.Run(fmt.Sprint("killed meanwhile ", away), func(t *testing.T) {
			t.Parallel()
			n := startNode(t, "--chat-user-burst", "0")
			n.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
			m := n.enter("r1", "bob", n.userSig("bob"), nil)
			var muted struct{ Until time.Time }
			n.call(http.MethodPut, "/api/v1/rooms/r1/mutes/bob", map[string]any{"duration": "3s"}, &muted)
			if away {
				n.kill()
				n.start()
				m = n.enter("r1", "bob", n.userSig("bob"), nil)
			}
			if refused := m.speaks("x"); refused != "muted" && time.Now().Before(muted.Until) {
				t.Fatalf("the mute does not hold: %q", refused)
			}
			within(t, time.Until(muted.Until)+time.Second, "the mute ends", func() bool { return m.speaks("x") == "" })
			if early := time.Until(muted.Until); early > 0 {
				t.Errorf("the mute ended %s early", early)
			}
		})
	}
}
