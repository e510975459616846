package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/chattest"
	"liveroom/web"
)

// newTalkBench is newBench with its chat.
func newTalkBench(t *testing.T) (*bench, *chat.Service) {
	t.Helper()
	var talk *chat.Service
	b := newBench(t, func(_ *web.Config, d *web.Deps) { talk = d.Chat.(*chat.Service) })
	return b, talk
}

// TestWhoMayDoWhatToWhom is the table of permissions through this door. Anonymous people can't knock at it.
func TestWhoMayDoWhatToWhom(t *testing.T) {
	b, talk := newTalkBench(t)
	b.do(201, "POST", "/api/v1/rooms", apiToken, map[string]any{"id": "matrix", "anchor": "olga"})
	var cast []chattest.Person
	bearers := map[string]string{}
	for _, p := range chattest.Cast() {
		switch {
		case p.Kind < chattest.Member || p.User == "root":
			continue
		case p.Kind == chattest.Server:
			bearers[p.User] = apiToken
		default:
			bearers[p.User] = b.userSig(p.User)
		}
		cast = append(cast, p)
	}
	calls := map[string]struct {
		method, path string
		body         func(user string) any
	}{
		chattest.ActMute:   {"PUT", "/mutes/%s", func(string) any { return `{"duration":"1m"}` }},
		chattest.ActUnmute: {"DELETE", "/mutes/%s", nil},
		chattest.ActKick:   {"POST", "/kicks", func(user string) any { return map[string]any{"users": []string{user}} }},
		chattest.ActBan:    {"PUT", "/bans/%s", nil},
		chattest.ActUnban:  {"DELETE", "/bans/%s", nil},
		chattest.ActRaise:  {"PUT", "/admins/%s", nil},
		chattest.ActLower:  {"DELETE", "/admins/%s", nil},
		chattest.ActMutes:  {"GET", "/mutes", nil},
		chattest.ActBans:   {"GET", "/bans", nil},
	}
	chattest.Permissions(t, talk, cast, func(act string, by, on chattest.Person) string {
		c := calls[act]
		path := c.path
		if strings.Contains(path, "%") {
			path = fmt.Sprintf(path, on.User)
		}
		var body any
		if c.body != nil {
			body = c.body(on.User)
		}
		a := b.request(c.method, "/api/v1/rooms/matrix"+path, bearers[by.User], body)
		if wants := map[string]int{"": 2, "no_permission": 4, "bad_parameter": 4}; a.status/100 != wants[a.code()] {
			t.Errorf("%s of %s by %s: %d %s", act, on.User, by.User, a.status, a.raw)
		}
		return a.code()
	})
}

func TestMutesAndBansOverREST(t *testing.T) {
	b, talk := newTalkBench(t)
	b.createRoom("demo")
	for _, user := range []string{"bob", "carol", "dan"} {
		if a := b.do(200, "PUT", "/api/v1/rooms/demo/mutes/"+user, b.userSig("alice"), nil); a.raw != `{"user":"`+user+`","until":null}`+"\n" {
			t.Errorf("mute for ever: %s", a.raw)
		}
	}
	a := b.do(200, "PUT", "/api/v1/rooms/demo/mutes/bob", apiToken, `{"duration":"1500ms","reason":"茶"}`)
	until, err := time.Parse(time.RFC3339, a.json["until"].(string))
	if left := time.Until(until); err != nil || left < time.Second || left > 3*time.Second {
		t.Errorf("muted for two seconds: %s", a.raw)
	}
	a = b.do(200, "GET", "/api/v1/rooms/demo/mutes?limit=2", apiToken, nil)
	if got := fmt.Sprintf("%v %v", usersOf(a, "mutes"), a.json["nextCursor"]); got != "[bob carol] carol" {
		t.Errorf("the first page: %s", a.raw)
	}
	a = b.do(200, "GET", "/api/v1/rooms/demo/mutes?limit=2&cursor=carol", apiToken, nil)
	if got := fmt.Sprintf("%v %v", usersOf(a, "mutes"), a.json["nextCursor"]); got != "[dan] <nil>" {
		t.Errorf("the last page: %s", a.raw)
	}
	b.account("bob", "carol")
	if a := b.do(403, "POST", "/api/v1/rooms/demo/messages", apiToken, `{"from":"carol","text":"hi"}`); a.code() != "muted" || a.json["until"] != nil {
		t.Errorf("sent as somebody muted for ever: %s", a.raw)
	}
	if a := b.do(403, "POST", "/api/v1/rooms/demo/messages", apiToken, `{"from":"bob","text":"hi"}`); a.code() != "muted" || a.json["until"] != until.UTC().Format("2006-01-02T15:04:05.000Z") {
		t.Errorf("sent as somebody muted: %s", a.raw)
	}
	for range 2 {
		b.do(204, "DELETE", "/api/v1/rooms/demo/mutes/carol", b.userSig("alice"), nil)
	}
	b.do(200, "POST", "/api/v1/rooms/demo/messages", apiToken, `{"from":"carol","text":"hi"}`)

	b.do(200, "PUT", "/api/v1/rooms/demo/bans/carol", apiToken, `{"duration":"1h","address":true}`)
	if a := b.do(403, "POST", "/api/v1/rooms/demo/messages", apiToken, `{"from":"carol","text":"hi"}`); a.code() != "banned" || a.json["until"] == nil {
		t.Errorf("sent as somebody banned: %s", a.raw)
	}
	b.do(204, "DELETE", "/api/v1/rooms/demo/bans/carol", apiToken, nil)
	b.do(204, "DELETE", "/api/v1/rooms/demo/bans/carol", apiToken, nil)

	b.do(204, "PUT", "/api/v1/rooms/demo/admins/carol", b.userSig("alice"), nil)
	b.do(200, "PUT", "/api/v1/rooms/demo/mutes/x", b.userSig("carol"), nil)
	if g, err := talk.Group(t.Context(), "demo"); err != nil || len(g.Admins) != 1 {
		t.Errorf("%+v, %v", g, err)
	}

	// What is of one room's group is of no other's, and a new room of the same name begins anew.
	b.do(204, "DELETE", "/api/v1/rooms/demo", apiToken, nil)
	b.createRoom("demo")
	for _, path := range []string{"mutes", "bans"} {
		if a := b.do(200, "GET", "/api/v1/rooms/demo/"+path, apiToken, nil); len(usersOf(a, path)) != 0 {
			t.Errorf("the new room has %s", a.raw)
		}
	}
	if a := b.do(200, "GET", "/api/v1/rooms/demo/admins", apiToken, nil); len(a.json["admins"].([]any)) != 0 {
		t.Errorf("the new room has %s", a.raw)
	}
}

func usersOf(a answer, list string) (users []string) {
	all, _ := a.json[list].([]any)
	for _, one := range all {
		users = append(users, one.(map[string]any)["user"].(string))
	}
	return users
}

// TestUserIDsWithSlashes: they are lawful, and who has one is moderated like others.
func TestUserIDsWithSlashes(t *testing.T) {
	b, _ := newTalkBench(t)
	b.createRoom("demo")
	b.do(200, "PUT", "/api/v1/accounts/a%2Fb", apiToken, `{"nick":"Ann"}`)
	if a := b.do(200, "GET", "/api/v1/accounts/a%2Fb", apiToken, nil); a.json["user"] != "a/b" {
		t.Errorf("%s", a.raw)
	}
	b.do(200, "PUT", "/api/v1/rooms/demo/bans/a%2Fb", apiToken, nil)
	if a := b.do(200, "GET", "/api/v1/rooms/demo/bans", apiToken, nil); !strings.Contains(a.raw, `"user":"a/b"`) {
		t.Errorf("%s", a.raw)
	}
	b.do(204, "DELETE", "/api/v1/rooms/demo/bans/a%2Fb", apiToken, nil)
	b.do(200, "POST", "/api/v1/accounts/a%2Fb/kick", apiToken, nil)
	b.do(422, "GET", "/api/v1/rooms/demo%2Fcounters", apiToken, nil) // a room's id, and not a longer path
}

func TestModerationRefusalsOverREST(t *testing.T) {
	b, _ := newTalkBench(t)
	b.createRoom("demo")
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		code, field              string
	}{
		{"no room", "PUT", "none/mutes/bob", "", 404, "not_found", ""},
		{"no length", "PUT", "demo/mutes/bob", `{"duration":"0s"}`, 422, "invalid", "duration"},
		{"negative", "PUT", "demo/bans/bob", `{"duration":"-1s"}`, 422, "invalid", "duration"},
		{"longer than forever", "PUT", "demo/bans/bob", `{"duration":"1193047h"}`, 422, "invalid", "duration"},
		{"a number", "PUT", "demo/mutes/bob", `{"duration":60}`, 422, "invalid", "duration"},
		{"unknown field", "PUT", "demo/mutes/bob", `{"seconds":60}`, 422, "invalid", "seconds"},
		{"long reason", "PUT", "demo/mutes/bob", `{"reason":"` + strings.Repeat("x", 1001) + `"}`, 422, "invalid", "reason"},
		{"long reason in bytes", "PUT", "demo/bans/bob", `{"reason":"` + strings.Repeat("茶", 334) + `"}`, 422, "bad_parameter", "reason"},
		{"no user id", "PUT", "demo/mutes/a%20b", "", 422, "bad_parameter", "user"},
		{"long user id", "DELETE", "demo/mutes/" + strings.Repeat("x", 33), "", 422, "invalid", "user"},
		{"the server", "PUT", "demo/bans/administrator", "", 422, "bad_parameter", "user"},
		{"nobody", "POST", "demo/kicks", `{"users":[]}`, 422, "invalid", "users"},
		{"nobody to notify", "POST", "demo/notifications", `{"content":"x","users":[]}`, 422, "invalid", "users"},
		{"long page", "GET", "demo/bans?limit=501", "", 422, "invalid", "limit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var body any
			if tt.body != "" {
				body = tt.body
			}
			a := b.request(tt.method, "/api/v1/rooms/"+tt.path, apiToken, body)
			if a.status != tt.status || a.code() != tt.code || !strings.Contains(a.field(), tt.field) {
				t.Errorf("= %d %s of %q, want %d %s of %q: %s", a.status, a.code(), a.field(), tt.status, tt.code, tt.field, a.raw)
			}
		})
	}
}
