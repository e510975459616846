package web_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"liveroom/chat"
)

// act is an entry as the API shows it.
type act struct {
	Seq                                                    uint64
	At, Group, Room, By, Platform, Address, Action, Target string
	Detail                                                 map[string]string
}

// acts asks for a page of the audit log.
func (b *bench) acts(query string) (all []act, next string) {
	b.t.Helper()
	a := b.do(200, "GET", "/api/v1/audit?"+query, apiToken, nil)
	var page struct {
		Acts       []act
		NextCursor string
	}
	must(b.t, json.Unmarshal([]byte(a.raw), &page))
	return page.Acts, page.NextCursor
}

// TestAuditLogOfEverything: every call that acts on a room, its people or the installation is in the log once answered,
// with who did it, and what was refused is not.
func TestAuditLogOfEverything(t *testing.T) {
	b := newBench(t, nil)
	anchor := b.userSig("alice")
	const room = "/api/v1/rooms/demo"
	for _, c := range []struct {
		method, path, auth, body string
		want                     string // action by target; empty: refused
	}{
		{"POST", "/api/v1/rooms", apiToken, `{"id":"demo","groupId":"@g","title":"t","anchor":"alice"}`, "room_create administrator "},
		{"POST", "/api/v1/rooms", apiToken, `{"id":"demo"}`, ""},
		{"PATCH", room, apiToken, `{"title":"u","anchor":"alice"}`, "room_change administrator "},
		{"POST", room + "/end", anchor, `{"reason":"enough"}`, "end alice "},
		{"POST", room + "/pause", anchor, ``, ""},
		{"POST", room + "/playback", anchor, `{"url":"https://x.example/a.m3u8?sign=secretsecret"}`, "playback alice "},
		{"POST", room + "/reopen", anchor, ``, "reopen alice "},
		{"POST", room + "/drop", apiToken, ``, "drop administrator "},
		{"POST", room + "/forbid", apiToken, `{"until":"2035-01-01T00:00:00Z","reason":"complaint"}`, "forbid administrator "},
		{"POST", room + "/permit", apiToken, ``, "permit administrator "},
		{"POST", room + "/end", b.userSig("bob"), ``, ""},
		{"PUT", room + "/mutes/bob", anchor, `{"duration":"10m","reason":"flood"}`, "mute alice bob"},
		{"DELETE", room + "/mutes/bob", anchor, ``, "unmute alice bob"},
		{"PUT", room + "/bans/bob", anchor, ``, "ban alice bob"},
		{"DELETE", room + "/bans/bob", apiToken, ``, "unban administrator bob"},
		{"PUT", room + "/admins/carol", anchor, ``, "role alice carol"},
		{"PUT", room + "/mutes/bob", b.userSig("bob"), ``, ""},
		{"PATCH", room + "/chat", b.userSig("carol"), `{"muteAll":true}`, "settings carol "},
		{"PUT", room + "/notice", anchor, `{"notice":"hello"}`, "group alice "},
		{"POST", room + "/notifications", apiToken, `{"content":"secret text"}`, "notification administrator "},
		{"POST", "/api/v1/words", apiToken, `{"words":[{"word":"spam"}]}`, "words_add administrator "},
		{"PUT", "/api/v1/accounts/dora", apiToken, `{"nick":"Dora"}`, "account_import administrator dora"},
		{"POST", "/api/v1/accounts/dora/kick", apiToken, ``, "account_kick administrator dora"},
		{"DELETE", "/api/v1/accounts/dora", apiToken, ``, "account_delete administrator dora"},
		{"DELETE", "/api/v1/accounts/dora", b.userSig("alice"), ``, ""},
		{"DELETE", room + "?reason=over", apiToken, ``, "room_delete administrator "},
	} {
		before, _ := b.acts("")
		var body any
		if c.body != "" {
			body = c.body
		}
		a := b.request(c.method, c.path, c.auth, body)
		if (a.status < 300) != (c.want != "") {
			t.Fatalf("%s %s: %d %s", c.method, c.path, a.status, a.raw)
		}
		after, _ := b.acts("")
		if c.want == "" {
			if len(after) != len(before) {
				t.Errorf("%s %s was refused, and is in the log: %+v", c.method, c.path, after[0])
			}
			continue
		}
		got := ""
		if len(after) == len(before)+1 {
			got = after[0].Action + " " + after[0].By + " " + after[0].Target
		}
		if got != c.want || after[0].Platform != "RESTAPI" || after[0].Address != "127.0.0.1" {
			t.Errorf("%s %s: %d acts more, the newest %+v, want %q", c.method, c.path, len(after)-len(before), after[0], c.want)
		}
	}
	a := b.do(200, "GET", "/api/v1/audit", apiToken, nil)
	for _, secret := range []string{"secret", apiToken, anchor} {
		if strings.Contains(a.raw, secret) {
			t.Errorf("the log holds %q: %s", secret, a.raw)
		}
	}
	if all, _ := b.acts("action=forbid"); len(all) != 1 || all[0].Detail["reason"] != "complaint" || all[0].Detail["until"] != "2035-01-01T00:00:00.000Z" {
		t.Errorf("forbid: %+v", all)
	}
	if all, _ := b.acts("action=room_change"); len(all) != 1 || all[0].Detail["changed"] != "title anchor" || all[0].Detail["anchor"] != "alice" {
		t.Errorf("room_change: %+v", all)
	}
	if all, _ := b.acts("room=@g&action=mute"); len(all) != 1 || all[0].Group != "@g" || all[0].Room != "" {
		t.Errorf("of a room that is gone: %+v", all)
	}
	b.do(201, "POST", "/api/v1/rooms", apiToken, `{"id":"anew","groupId":"@g"}`)
	if all, _ := b.acts("room=anew&action=mute"); len(all) != 1 || all[0].Group != "@g" || all[0].Room != "anew" {
		t.Errorf("of a room's group: %+v", all)
	}
}

func TestAuditQueries(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	b.createRoom("tea")
	for i := range 5 {
		b.do(200, "PUT", fmt.Sprint("/api/v1/rooms/demo/mutes/user", i), b.userSig("alice"), nil)
	}
	b.do(200, "PUT", "/api/v1/rooms/tea/bans/user1", apiToken, nil)
	all, next := b.acts("")
	if len(all) != 8 || next != "" {
		t.Fatalf("%d acts, next %q", len(all), next)
	}
	middle := url.QueryEscape(all[3].At)
	for _, tc := range []struct {
		query string
		want  int
	}{
		{"room=demo", 6},
		{"room=tea", 2},
		{"room=none", 0},
		{"by=alice", 5},
		{"target=user1", 2},
		{"action=mute&target=user1", 1},
		{"room=tea&by=administrator&action=ban", 1},
		{"since=2035-01-01T00:00:00Z", 0},
		{"until=2035-01-01T00:00:00Z", 8},
		{"until=2000-01-01T00:00:00Z", 0},
		{"since=" + middle + "&until=2035-01-01T00:00:00Z", 4},
	} {
		got, _ := b.acts(tc.query)
		if len(got) < tc.want || len(got) > tc.want && !strings.HasPrefix(tc.query, "since="+middle) { // acts of one millisecond
			t.Errorf("%s: %d acts, want %d", tc.query, len(got), tc.want)
		}
	}
	var seqs []uint64
	query := "limit=3&by=alice"
	for cursor := ""; ; {
		page, next := b.acts(query + cursor)
		for _, a := range page {
			seqs = append(seqs, a.Seq)
		}
		if next == "" {
			break
		}
		cursor = "&cursor=" + next
	}
	if fmt.Sprint(seqs) != "[7 6 5 4 3]" {
		t.Errorf("pages: %v", seqs)
	}
	for _, bad := range []string{"limit=0", "limit=501", "cursor=x", "cursor=0", "since=yesterday", "until=1", "cursor=99999999999999999999"} {
		if a := b.request("GET", "/api/v1/audit?"+bad, apiToken, nil); a.status != 422 || a.field() == "" {
			t.Errorf("%s: %d %s", bad, a.status, a.raw)
		}
	}
	b.do(401, "GET", "/api/v1/audit", "", nil)
	b.do(403, "GET", "/api/v1/audit", b.userSig("alice"), nil)
}

// TestWhoFloodsTheLogWaits: with the chat and with the stream; the API token does not.
func TestWhoFloodsTheLogWaits(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	for i := range 11 { // the last goes far beyond what he may: he waits long enough for the test to see it
		users := make([]string, 99+min(i, 1))
		for k := range users {
			users[k] = fmt.Sprintf("user%d-%d", i, k)
		}
		_, err := b.chat.Ban(t.Context(), "demo", chat.Identity{User: "alice"}, chat.Ban{Users: users, For: time.Hour})
		must(t, err)
	}
	for _, path := range []string{"pause", "notifications"} {
		a := b.do(429, "POST", "/api/v1/rooms/demo/"+path, b.userSig("alice"), map[string]any{"notifications": map[string]any{"content": "x"}, "pause": nil}[path])
		if a.code() != "acts_too_fast" || a.json["nextAt"] == nil || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %s", path, a.raw)
		}
	}
	b.do(204, "POST", "/api/v1/rooms/demo/notifications", apiToken, `{"content":"x"}`)
}
