package socket_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"liveroom/chat"
	"liveroom/web/socket"
)

func TestAuth(t *testing.T) {
	d := open(t, socket.Config{FailureDelay: time.Millisecond}, nil)
	if _, err := d.accounts.Import(t.Context(), "alice", ptr("Alice"), nil); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name  string
		op    object
		code  int
		field string
		user  string
		nick  string
		anon  bool
	}{
		{name: "UserSig", op: object{"userId": "alice", "userSig": d.sig("alice"), "platform": "Web"}, user: "alice", nick: "Alice"},
		{name: "the UserSig says who", op: object{"userSig": d.sig("alice")}, user: "alice", nick: "Alice"},
		{name: "anonymous", op: object{}, anon: true},
		{name: "another's UserSig", op: object{"userId": "bob", "userSig": d.sig("alice")}, code: 70013, field: "userId"},
		{name: "a name but no UserSig", op: object{"userId": "alice"}, code: 70002, field: "userSig"},
		{name: "rubbish", op: object{"userSig": "rubbish"}, code: 70003, field: "userSig"},
		{name: "platform too long", op: object{"platform": strings.Repeat("x", 17)}, code: 10004, field: "platform"},
		{name: "platform with a line feed", op: object{"platform": "a\nb"}, code: 10004, field: "platform"},
		{name: "userId as number", op: object{"userId": 7}, code: 10004, field: "userId"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := dial(t, d.url)
			tc.op["op"] = "auth"
			a := c.ask(tc.op)
			if a.Code != tc.code || a.Field != tc.field {
				t.Fatalf("answer = %+v, want code %d, field %q", a, tc.code, tc.field)
			}
			if tc.code != 0 {
				if a.Error == "" || a.Detail == "" {
					t.Fatalf("a refusal without words: %+v", a)
				}
				if next := c.ask(object{"op": "join", "group": "demo"}); next.Code != 10001 || next.Error != "not_authenticated" {
					t.Fatalf("joined without a login: %+v", next)
				}
				return
			}
			if a.Anonymous != tc.anon || a.Nick != tc.nick || !tc.anon && a.User != tc.user || tc.anon && !strings.HasPrefix(a.User, "anon_") {
				t.Fatalf("answer = %+v", a)
			}
			if a.PingSeconds != 15 || time.Since(time.UnixMilli(a.ServerTime)).Abs() > time.Minute || len(a.Session) != 22 {
				t.Fatalf("answer = %+v", a)
			}
			if again := c.ask(object{"op": "auth"}); again.Code != 10004 || again.Error != "already_authenticated" {
				t.Fatalf("second auth: %+v", again)
			}
		})
	}
	if strings.Contains(d.log.String(), d.sig("alice")[:40]) {
		t.Error("a UserSig stands in the log")
	}
}

func ptr[T any](v T) *T { return &v }

// TestWhoComesBackKeepsTheSession is a viewer who takes a nickname or loses the line: the player goes on under the first
// session's id, so the new connection must too.
func TestWhoComesBackKeepsTheSession(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	first := d.dial().ok(object{"op": "auth"}).Session
	if again := d.dial().ok(object{"op": "auth", "userSig": d.sig("alice"), "session": first}).Session; again != first {
		t.Errorf("came back as %q, was %q", again, first)
	}
	for _, bad := range []string{"", "short", strings.Repeat("x", 4000), "????????????????????????"[:22], first[:21] + "!"} {
		if got := d.dial().ok(object{"op": "auth", "session": bad}).Session; got == bad || len(got) != 22 {
			t.Errorf("session %.30q was taken as %q", bad, got)
		}
	}
}

func TestOpsAreAnsweredInOrder(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	c := d.member("alice")
	var ids []int
	for i := range 8 {
		ids = append(ids, c.write(object{"op": "send", "group": "demo", "random": i + 1, "body": text(fmt.Sprint(i))}), c.write(object{"op": "ping"}))
	}
	for _, id := range ids {
		if a := c.reply(id); a.Code != 0 {
			t.Fatalf("answer to %d: %+v", id, a)
		}
	}
	for i, m := range c.messages(8) {
		if m.Seq != uint64(i+1) || m.Random != uint32(i+1) || m.From != "alice" || textOf(t, m) != fmt.Sprint(i) {
			t.Fatalf("message %d = %+v", i, m)
		}
	}
}

func TestMembersGetMessagesAndState(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	d.group("owned", "alice")
	alice, bob := d.dial(), d.dial()
	for user, c := range map[string]*client{"alice": alice, "bob": bob} {
		c.ok(object{"op": "auth", "userId": user, "userSig": d.sig(user)})
	}
	if j := alice.ok(object{"op": "join", "group": "owned"}); j.Role != "Owner" || j.Epoch == "" || !j.Complete || j.Messages == nil || j.Attributes == nil || j.Fields == nil {
		t.Fatalf("owner joined: %+v", j)
	}
	if j := bob.ok(object{"op": "join", "group": "owned"}); j.Role != "Member" || j.Count.Members != 2 {
		t.Fatalf("member joined: %+v", j)
	}
	body := `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"<b>\u00e9\u2028&\\\"</b> 😀"}}]`
	raw := fmt.Sprintf(`{"id":90,"op":"send","group":"owned","random":4294967295,"priority":"High","body":%s,"cloudCustomData":"\"x\""}`, body)
	if err := alice.WriteMessage(websocket.TextMessage, []byte(raw)); err != nil {
		t.Fatal(err)
	}
	ack := alice.reply(90)
	m := bob.messages(1)[0]
	if string(m.Body) != body {
		t.Fatalf("the body changed:\n got %s\nwant %s", m.Body, body)
	}
	if ack.Code != 0 || m.Seq != ack.Seq || m.Time != ack.Time || m.Random != 4294967295 || m.Priority != "High" || m.CloudCustomData != `"x"` || m.From != "alice" {
		t.Fatalf("message = %+v, ack = %+v", m, ack)
	}
	if own := alice.messages(1)[0]; own.Seq != m.Seq {
		t.Fatalf("own message = %+v", own)
	}

	alice.ok(object{"op": "setAttributes", "group": "owned", "attributes": object{"a": "1", "b": "2"}})
	alice.ok(object{"op": "deleteAttributes", "group": "owned", "keys": []string{"a"}})
	alice.ok(object{"op": "replaceAttributes", "group": "owned", "attributes": object{"c": "3"}})
	var last item
	for _, want := range []string{`"b":"2"`, `{"b":"2"}`, `{"c":"3"}`} {
		e := bob.batch()[0]
		if e.Type != "event" || e.Event != "attributes" || !strings.Contains(string(e.Data), want) || e.Version <= last.Version {
			t.Fatalf("event = %+v, want %s in it", e, want)
		}
		last = e
	}
	if a := bob.ok(object{"op": "getAttributes", "group": "owned"}); len(a.Attributes) != 1 || a.Attributes["c"] != "3" {
		t.Fatalf("attributes = %+v", a.Attributes)
	}
	if a := bob.ok(object{"op": "getAttributes", "group": "owned", "keys": []string{"nothing"}}); a.Attributes == nil || len(a.Attributes) != 0 {
		t.Fatalf("no attributes = %+v", a.Attributes)
	}
	if a := bob.ask(object{"op": "setAttributes", "group": "owned", "attributes": object{"a": "1"}}); a.Code != 10007 {
		t.Fatalf("a member may write attributes: %+v", a)
	}
	if a := bob.ok(object{"op": "history", "group": "owned", "count": 5}); len(a.Messages) != 1 || string(a.Messages[0].Body) != body {
		t.Fatalf("history = %+v", a.Messages)
	}
}

func TestRefusals(t *testing.T) {
	d := open(t, socket.Config{MaxGroups: 2, OpsBurst: 1000}, nil)
	d.group("second", "")
	d.group("third", "")
	member, guest := d.dial(), d.guest()
	member.ok(object{"op": "auth", "userSig": d.sig("alice"), "rooms": "many"})
	member.ok(object{"op": "join", "group": "demo"})
	member.ok(object{"op": "join", "group": "second"})
	for _, tc := range []struct {
		name  string
		by    *client
		op    object
		code  int
		err   string
		field string
	}{
		{"unknown op", member, object{"op": "dance"}, 10003, "unknown_op", "op"},
		{"no op", member, object{}, 10003, "unknown_op", "op"},
		{"unknown group", guest, object{"op": "join", "group": "nowhere"}, 10010, "no_such_group", ""},
		{"bad group id", guest, object{"op": "join", "group": "小"}, 10015, "bad_group_id", "group"},
		{"joined twice", member, object{"op": "join", "group": "demo"}, 10013, "already_joined", "group"},
		{"too many groups", member, object{"op": "join", "group": "third"}, 10037, "too_many_groups", "group"},
		{"send before join", guest, object{"op": "send", "group": "second", "body": text("x")}, 10007, "not_joined", "group"},
		{"history before join", guest, object{"op": "history", "group": "second"}, 10007, "not_joined", "group"},
		{"attributes before join", guest, object{"op": "getAttributes", "group": "second"}, 10007, "not_joined", "group"},
		{"anonymous guests only receive", guest, object{"op": "send", "group": "demo", "body": text("x")}, 10007, "no_permission", ""},
		{"random above 32 bits", member, object{"op": "send", "group": "demo", "random": 1 << 32, "body": text("x")}, 10004, "bad_parameter", "random"},
		{"random negative", member, object{"op": "send", "group": "demo", "random": -1, "body": text("x")}, 10004, "bad_parameter", "random"},
		{"priority in small letters", member, object{"op": "send", "group": "demo", "priority": "high", "body": text("x")}, 10004, "bad_parameter", "priority"},
		{"body is an object", member, object{"op": "send", "group": "demo", "body": object{}}, 10004, "bad_parameter", "body"},
		{"no body", member, object{"op": "send", "group": "demo"}, 10004, "bad_parameter", "body"},
		{"body too large", member, object{"op": "send", "group": "demo", "body": text(strings.Repeat("x", 13<<10))}, 80002, "message_too_large", "body"},
		{"negative count", member, object{"op": "history", "group": "demo", "count": -1}, 10004, "bad_parameter", "count"},
		{"attributes as list", member, object{"op": "setAttributes", "group": "demo", "attributes": []string{}}, 10004, "bad_parameter", "attributes"},
		{"attribute as number", member, object{"op": "setAttributes", "group": "demo", "attributes": object{"a": 1}}, 10004, "bad_parameter", "attributes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := tc.by.ask(tc.op)
			if a.Code != tc.code || a.Error != tc.err || a.Field != tc.field || a.Detail == "" || a.Temporary {
				t.Fatalf("answer = %+v, want %d %s %q", a, tc.code, tc.err, tc.field)
			}
		})
	}
	// Everything still works.
	member.ok(object{"op": "leave", "group": "nowhere"})
	member.say("still here", 1)
	if m := guest.messages(1)[0]; textOf(t, m) != "still here" {
		t.Fatalf("message = %+v", m)
	}
}

func TestTheServersMessagesCannotBeForged(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	c := d.member("alice")
	forged := []object{{"MsgType": "TIMCustomElem", "MsgContent": object{"Data": `{"type":"live_status","code":4}`}}}
	if a := c.ask(object{"op": "send", "group": "demo", "random": 1, "body": forged}); a.Code != 10007 {
		t.Fatalf("forged status: %+v", a)
	}
	if a := c.ask(object{"op": "send", "group": "demo", "random": 2, "from": "administrator", "nick": "Boss", "server": true, "body": text("obey")}); a.Code != 0 {
		t.Fatalf("unknown fields are not ignored: %+v", a)
	}
	if m := c.messages(1)[0]; m.From != "alice" || m.Nick != "" {
		t.Fatalf("alice speaks as %q (%q)", m.From, m.Nick)
	}
}

func TestLeaveEndsDeliveryAtItsAnswer(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	c, other := d.member("alice"), d.member("bob")
	c.ok(object{"op": "leave", "group": "demo"})
	other.say("after", 1)
	other.messages(1)
	if j := c.ok(object{"op": "join", "group": "demo"}); len(j.Messages) != 1 || len(c.pushes) != 0 {
		t.Fatalf("rejoined with %+v after pushes %+v", j.Messages, c.pushes)
	}
}

func TestResumeAfterReconnect(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	alice := d.member("alice")
	bob := d.dial()
	bob.ok(object{"op": "auth"})
	j := bob.ok(object{"op": "join", "group": "demo"})
	alice.say("one", 1)
	seen := bob.messages(1)[0].Seq
	_ = bob.Conn.Close()
	for i := range 30 {
		alice.say(fmt.Sprint("missed ", i), 100+i)
	}
	back := d.dial()
	back.ok(object{"op": "auth"})
	again := back.ok(object{"op": "join", "group": "demo", "epoch": j.Epoch, "seq": seen})
	if !again.Complete || len(again.Messages) != 30 || again.Seq != seen+30 {
		t.Fatalf("resumed with complete=%v, %d messages, seq %d", again.Complete, len(again.Messages), again.Seq)
	}
	for i, m := range again.Messages {
		if m.Type != "message" || m.Seq != seen+1+uint64(i) || textOf(t, m) != fmt.Sprint("missed ", i) {
			t.Fatalf("missed message %d = %+v", i, m)
		}
	}
	alice.say("live again", 200)
	if m := back.messages(1)[0]; m.Seq != again.Seq+1 {
		t.Fatalf("after the resume: %+v", m)
	}
	foreign := d.dial()
	foreign.ok(object{"op": "auth"})
	if f := foreign.ok(object{"op": "join", "group": "demo", "epoch": "another", "seq": 3}); f.Complete || len(f.Messages) != 20 {
		t.Fatalf("another epoch: complete=%v, %d messages", f.Complete, len(f.Messages))
	}
}

func TestDismissedGroupsAreLeft(t *testing.T) {
	d := open(t, socket.Config{MaxGroups: 1}, nil)
	d.group("next", "")
	c := d.member("alice")
	if err := d.chat.Dismiss(t.Context(), "demo"); err != nil {
		t.Fatal(err)
	}
	if e := c.batch()[0]; e.Event != "dismissed" {
		t.Fatalf("event = %+v", e)
	}
	if a := c.ask(object{"op": "send", "group": "demo", "body": text("x")}); a.Code != 10007 {
		t.Fatalf("send to a dismissed group: %+v", a)
	}
	c.ok(object{"op": "join", "group": "next"})
}

func TestAStatusChangeIsTheLastItemOfItsBatch(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	c := d.guest()
	record := `{"room":"demo","epoch":"01J","version":7,"code":2,"name":"live"}`
	err := d.chat.ApplyStatus(t.Context(), chat.StatusChange{
		Group: "demo", Epoch: "01J", Version: 7, Record: []byte(record), Field: []byte(`{"code":2,"name":"live","version":7}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	var status item
	for status.From == "" {
		for _, it := range c.batch() {
			if it.Type == "message" {
				status = it
			}
		}
	}
	if status.From != "administrator" || status.Priority != "High" || !strings.Contains(string(status.Body), `\"type\":\"live_status\"`) {
		t.Fatalf("status message = %+v %s", status, status.Body)
	}
	late := d.dial()
	late.ok(object{"op": "auth"})
	if j := late.ok(object{"op": "join", "group": "demo"}); j.Attributes["live_status"] == "" || j.Fields["live_status"] == "" {
		t.Fatalf("latecomer: %+v", j)
	}
}

func TestStateEventsCarryTheWholeState(t *testing.T) {
	d := openChat(t, socket.Config{}, chat.Config{TickMin: time.Millisecond, CountEvery: 20 * time.Millisecond, CountMaxAge: 20 * time.Millisecond}, nil)
	admin := chat.Identity{User: "administrator", Admin: true}
	c := d.guest()
	next := func(kind string) item {
		t.Helper()
		for {
			for _, it := range c.batch() {
				if it.Event == kind {
					return it
				}
			}
		}
	}
	d.guest()
	e := next("count")
	if string(e.Data) == `{"members":1,"viewers":0,"online":1}` { // from before, where this machine is slow
		e = next("count")
	}
	if string(e.Data) != `{"members":2,"viewers":0,"online":2}` {
		t.Errorf("count = %s", e.Data)
	}
	if err := d.chat.SetNotice(t.Context(), "demo", admin, "hello"); err != nil {
		t.Fatal(err)
	}
	if e := next("notice"); string(e.Data) != `{"notice":"hello"}` || e.Version != 1 {
		t.Errorf("notice = %s, version %d", e.Data, e.Version)
	}
	if err := d.chat.SetProfile(t.Context(), "demo", chat.Profile{Name: "茶", Owner: "anna", Admins: []string{"helper"}}); err != nil {
		t.Fatal(err)
	}
	if e := next("profile"); string(e.Data) != `{"name":"茶","owner":"anna"}` || e.Version != 1 {
		t.Errorf("profile = %s, version %d", e.Data, e.Version)
	}
	for i, field := range []string{"a", "b"} {
		if err := d.chat.SetFields(t.Context(), "demo", admin, map[string]string{field: "x"}); err != nil {
			t.Fatal(err)
		}
		want := []string{`{"fields":{"a":"x"}}`, `{"fields":{"a":"x","b":"x"}}`}[i]
		if e := next("fields"); string(e.Data) != want || e.Version != uint64(i+1) {
			t.Errorf("fields = %s, version %d, want %s", e.Data, e.Version, want)
		}
	}
	if err := d.chat.Dismiss(t.Context(), "demo"); err != nil {
		t.Fatal(err)
	}
	if e := next("dismissed"); string(e.Data) != `{}` {
		t.Errorf("dismissed = %s", e.Data)
	}
}
