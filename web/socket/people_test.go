package socket_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/web/socket"
)

// listed is one of an answer to members.
type listed struct {
	User, Nick, Avatar, Role string
	JoinTime, MutedUntil     int64
}

func TestMembersAndCountByAnyone(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	if _, err := d.accounts.Import(t.Context(), "alice", ptr("Alice"), ptr("https://h/a.png")); err != nil {
		t.Fatal(err)
	}
	began := time.Now().Unix()
	alice, guest := d.member("alice"), d.guest()
	d.member("bob")
	var first, second struct {
		Members []listed
		Next    string
	}
	alice.into(object{"op": "members", "group": "demo", "limit": 1}, &first)
	alice.into(object{"op": "members", "group": "demo", "limit": 1, "next": first.Next}, &second)
	if len(first.Members) != 1 || first.Members[0].User != "bob" || len(second.Members) != 1 || second.Next != "" {
		t.Fatalf("%+v, then %+v", first, second)
	}
	got := second.Members[0]
	if got.JoinTime < began || got.JoinTime > time.Now().Unix() {
		t.Errorf("joined at %d", got.JoinTime)
	}
	if got.JoinTime = 0; got != (listed{User: "alice", Nick: "Alice", Avatar: "https://h/a.png", Role: "Member"}) {
		t.Errorf("%+v", got)
	}
	if a := guest.ask(object{"op": "members", "group": "demo"}); a.Code != 10007 {
		t.Errorf("an anonymous guest: %+v", a)
	}
	stranger := d.dial()
	stranger.ok(object{"op": "auth", "userId": "carol", "userSig": d.sig("carol")})
	if a := stranger.ask(object{"op": "members", "group": "demo"}); a.Error != "not_joined" {
		t.Errorf("a stranger: %+v", a)
	}
	if a := stranger.ok(object{"op": "count", "group": "demo"}); a.Count != (chat.Count{Members: 3, Online: 3}) {
		t.Errorf("count %+v", a.Count)
	}
	if a := stranger.ask(object{"op": "count", "group": "nowhere"}); a.Code != 10010 {
		t.Errorf("count of nothing: %+v", a)
	}
	if a := alice.ask(object{"op": "members", "group": "demo", "limit": "many"}); a.Code != 10004 || a.Field != "limit" {
		t.Errorf("%+v", a)
	}
}

func TestWhoJoinsSeesHimselfAnnounced(t *testing.T) {
	d := openChat(t, socket.Config{}, chat.Config{TickMin: time.Millisecond, CountEvery: time.Hour, Tips: 10}, nil)
	alice := d.member("alice")
	items := alice.batch()
	if len(items) != 1 || items[0].Event != "tips" || string(items[0].Data) != `{"joined":[{"user":"alice","nick":"","avatar":""}],"left":[],"members":1}` {
		t.Errorf("%+v", items)
	}
}

// into asks and reads the answer into v.
func (c *client) into(o object, v any) {
	c.t.Helper()
	id := c.write(o)
	for {
		raw := c.frame()
		var a struct {
			Reply *int
			Code  int
		}
		if err := json.Unmarshal(raw, &a); err != nil {
			c.t.Fatalf("%v in %s", err, raw)
		}
		if a.Reply == nil {
			c.pushes = append(c.pushes, parsePush(c.t, raw))
			continue
		}
		if *a.Reply != id || a.Code != 0 {
			c.t.Fatalf("%v: %s", o, raw)
		}
		if err := json.Unmarshal(raw, v); err != nil {
			c.t.Fatalf("%v in %s", err, raw)
		}
		return
	}
}

func TestGroupsAreMadeAndDismissed(t *testing.T) {
	var d *door
	d = openChat(t, socket.Config{}, chat.Config{
		TickMin: time.Millisecond, CountEvery: time.Hour, MembersFound: true,
		Found: func(ctx context.Context, g chat.GroupDraft) (string, error) {
			return g.ID, d.chat.Create(ctx, chat.Group{ID: g.ID, Room: g.ID, Owner: g.Owner, Name: g.Name, Notice: g.Notice})
		},
	}, nil)
	alice, bob := d.member("alice"), d.member("bob")
	var made struct {
		Group struct{ ID, Owner, Avatar string }
	}
	alice.into(object{"op": "createGroup", "groupId": "tea", "name": "Tea", "avatar": "https://h/t.png", "fields": object{"k": "v"}}, &made)
	if made.Group.ID != "tea" || made.Group.Owner != "alice" || made.Group.Avatar != "https://h/t.png" {
		t.Errorf("%+v", made)
	}
	alice.refused(object{"op": "setGroup", "group": "tea", "notice": `{"text":"x",`}, "bad_parameter", "notice")
	bob.ok(object{"op": "join", "group": "tea"})
	if a := bob.ask(object{"op": "dismiss", "group": "tea"}); a.Code != 10007 {
		t.Errorf("%+v", a)
	}
	alice.ok(object{"op": "dismiss", "group": "tea"})
	for p := bob.push(); p.Group != "tea" || p.Items[0].Event != "dismissed"; p = bob.push() {
		if p.Push != "left" || p.Group != "demo" { // a page is in one room at a time
			t.Fatalf("%+v", p)
		}
	}
	if a := d.guest().ask(object{"op": "createGroup", "name": "x"}); a.Code != 10007 {
		t.Errorf("a guest: %+v", a)
	}
	if a := alice.ask(object{"op": "createGroup", "name": 1}); a.Code != 10004 || a.Field != "name" {
		t.Errorf("%+v", a)
	}
	if a := alice.ask(object{"op": "createGroup", "name": "x", "notice": `{"images":["javascript:alert(1)"]}`}); a.Code != 10004 || a.Field != "notice" {
		t.Errorf("%+v", a)
	}
}
