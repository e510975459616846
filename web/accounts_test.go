package web_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
)

// device is somebody's connection to the chat.
type device struct {
	id string

	mu     sync.Mutex
	closed chat.Closing
}

func (d *device) ID() string                   { return d.id }
func (d *device) Deliver(*chat.Batch)          {}
func (d *device) Direct(string, *chat.Message) {}
func (d *device) Left(string, chat.Departure)  {}
func (d *device) Close(why chat.Closing)       { d.mu.Lock(); defer d.mu.Unlock(); d.closed = why }
func (d *device) goodbye() (why chat.Closing)  { d.mu.Lock(); defer d.mu.Unlock(); return d.closed }

// connect signs a user in as his client would, and joins a room's group.
func (b *bench) connect(user, group string) *device {
	b.t.Helper()
	who, err := b.accounts.Login(b.t.Context(), user, b.userSig(user))
	must(b.t, err)
	d := &device{id: user + " in " + group}
	must(b.t, b.chat.SignIn(b.t.Context(), who, d))
	_, err = b.chat.Join(b.t.Context(), group, who, d, nil)
	must(b.t, err)
	return d
}

func TestAccountsAreImportedChangedAndListed(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	bob := b.connect("bob", "demo")
	if a := b.do(200, "PUT", "/api/v1/accounts/bob", apiToken, `{"nick":"Bob"}`); a.json["nick"] != "Bob" || a.json["updatedAt"] == nil {
		t.Errorf("%s", a.raw)
	}
	b.do(200, "POST", "/api/v1/rooms/demo/messages", b.userSig("bob"), `{"text":"hi"}`)
	if a := b.do(200, "GET", "/api/v1/rooms/demo/messages", "", nil); !strings.Contains(a.raw, `"nick":"Bob"`) {
		t.Errorf("spoken with another name: %s", a.raw)
	}
	if a := b.do(200, "GET", "/api/v1/rooms/demo/members", apiToken, nil); !strings.Contains(a.raw, `"user":"bob","nick":"Bob"`) {
		t.Errorf("listed under another name: %s", a.raw)
	}
	b.do(200, "PUT", "/api/v1/accounts/zed", apiToken, nil)
	var many []string
	for i := range 99 {
		many = append(many, fmt.Sprintf(`{"user":"u%02d","nick":"N","birthday":%d}`, i, 20000101+i))
	}
	many = append(many, `{"user":"guest_x"}`)
	a := b.do(200, "POST", "/api/v1/accounts", apiToken, `{"accounts":[`+strings.Join(many, ",")+`]}`)
	if made, failed := len(a.json["accounts"].([]any)), len(a.json["failed"].([]any)); made != 99 || failed != 1 || !strings.Contains(a.raw, `"user":"guest_x","code":"unknown_user"`) {
		t.Errorf("%d made, %d failed", made, failed)
	}
	var users []string
	for cursor := ""; ; {
		page := b.do(200, "GET", "/api/v1/accounts?limit=40&cursor="+cursor, apiToken, nil)
		for _, one := range page.json["accounts"].([]any) {
			users = append(users, one.(map[string]any)["user"].(string))
		}
		var more bool
		if cursor, more = page.json["nextCursor"].(string); !more {
			break
		}
	}
	if len(users) != 101 || users[0] != "bob" || users[1] != "u00" || users[100] != "zed" {
		t.Errorf("%v", users)
	}
	for _, c := range []struct {
		status             int
		method, path, body string
		code, field        string
	}{
		{422, "PUT", "/a%20b", `{}`, "invalid", "user"},
		{422, "PUT", "/" + strings.Repeat("x", 33), `{}`, "invalid", "user"},
		{422, "PUT", "/bob", `{"nick":"Administrator"}`, "invalid", "nick"},
		{422, "PATCH", "/bob", `{"gender":"male"}`, "invalid", "gender"},
		{422, "PATCH", "/bob", `{"level":-1}`, "invalid", "level"},
		{422, "PATCH", "/bob", `{"level":4294967296}`, "invalid", "level"},
		{422, "PUT", "/bob", `{"birthday":4294967296}`, "invalid", "birthday"},
		{422, "POST", "", `{"accounts":[{"user":"bob","level":4294967296}]}`, "invalid", "accounts.level"},
		{422, "PATCH", "/bob", `{}`, "invalid", ""},
		{404, "PATCH", "/nobody", `{"nick":"N"}`, "unknown_user", "user"},
		{404, "GET", "/nobody", "", "unknown_user", "user"},
		{404, "DELETE", "/nobody", "", "unknown_user", "user"},
		{404, "POST", "/nobody/kick", "", "unknown_user", "user"},
	} {
		var body any
		if c.body != "" {
			body = c.body
		}
		if a := b.do(c.status, c.method, "/api/v1/accounts"+c.path, apiToken, body); a.code() != c.code || a.field() != c.field {
			t.Errorf("%s %s %s: %s", c.method, c.path, c.body, a.raw)
		}
		if c.method != "GET" {
			b.do(403, c.method, "/api/v1/accounts"+c.path, b.userSig("bob"), body)
		}
	}
	if why := bob.goodbye(); why != (chat.Closing{}) {
		t.Errorf("closed: %+v", why)
	}
}

func TestAnAccountIsKickedEverywhere(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	b.createRoom("tea")
	in, bob, alice := b.connect("bob", "demo"), b.connect("bob", "tea"), b.connect("alice", "demo")
	old, err := b.signer.Sign("bob", time.Now().Add(-time.Minute), time.Hour)
	must(t, err)
	b.do(200, "GET", "/api/v1/rooms/tea/members", old, nil)
	if a := b.do(200, "POST", "/api/v1/accounts/bob/kick", apiToken, nil); a.json["sessions"] != 2.0 {
		t.Errorf("%s", a.raw)
	}
	for _, d := range []*device{in, bob} {
		if why := d.goodbye(); why.Reason != "kicked" || why.Type != "REST_API_Kick" {
			t.Errorf("%s: %+v", d.id, why)
		}
	}
	if why := alice.goodbye(); why != (chat.Closing{}) {
		t.Errorf("alice: %+v", why)
	}
	b.do(401, "GET", "/api/v1/rooms/tea/members", old, nil)
	b.do(200, "GET", "/api/v1/rooms/tea/members", b.userSig("bob"), nil)
	b.do(204, "DELETE", "/api/v1/accounts/alice", apiToken, nil)
	if why := alice.goodbye(); why.Reason != "kicked" {
		t.Errorf("deleted, but not closed: %+v", why)
	}
	b.do(404, "GET", "/api/v1/accounts/alice", apiToken, nil)
}

func TestWhoSeesTheMembers(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	const path = "/api/v1/rooms/demo/members"
	b.connect("bob", "demo")
	b.connect("alice", "demo")
	must(t, mute(b, "bob"))
	a := b.do(200, "GET", path+"?limit=1", b.userSig("alice"), nil)
	if !strings.Contains(a.raw, `"user":"alice","nick":"","avatar":"","role":"Owner","joinedAt":"`) || !strings.Contains(a.raw, `"muted":false,"mutedUntil":null}`) {
		t.Errorf("%s", a.raw)
	}
	next, _ := a.json["nextCursor"].(string)
	if a := b.do(200, "GET", path+"?cursor="+next, apiToken, nil); !strings.Contains(a.raw, `"user":"bob"`) || strings.Contains(a.raw, "alice") || !strings.Contains(a.raw, `"muted":true,"mutedUntil":null}`) || a.json["nextCursor"] != nil {
		t.Errorf("%s", a.raw)
	}
	b.do(200, "GET", path, b.userSig("bob"), nil)
	b.do(403, "GET", path, b.userSig("carol"), nil)
	b.do(401, "GET", path, "", nil)
	if a := b.do(422, "GET", path+"?cursor=x", apiToken, nil); a.field() != "cursor" {
		t.Errorf("a cursor of nobody: %s", a.raw)
	}
	b.do(404, "GET", "/api/v1/rooms/nowhere/members", apiToken, nil)
}

func mute(b *bench, user string) error {
	_, err := b.chat.Mute(context.WithoutCancel(b.t.Context()), "demo", chat.Identity{User: chat.Administrator, Admin: true}, user, chat.Forever, "")
	return err
}
