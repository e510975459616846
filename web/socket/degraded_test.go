package socket_test

import (
	"errors"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/web/socket"
)

// While the store is away, clients are told that their messages reach the members of this node only, and again when it is
// back; who comes meanwhile is told at once.
func TestClientsAreToldThatTheStoreIsAway(t *testing.T) {
	store := chat.NewMemory().Node()
	d := openStore(t, socket.Config{}, chat.Config{TickMin: 5 * time.Millisecond, CountEvery: time.Hour}, store, nil)
	anna, bob := d.member("anna"), d.member("bob")
	say := func(random uint32) answer {
		return anna.ask(object{"op": "send", "group": "demo", "random": random, "body": []any{object{"MsgType": "TIMTextElem", "MsgContent": object{"Text": "hi"}}}})
	}
	if a := say(1); a.Scope != "room" || a.Seq != 1 {
		t.Errorf("the answer is %+v", a)
	}
	bob.messages(1)
	store.Fail(errors.New("gone"))
	if a := say(2); a.Code != 0 || a.Scope != "node" || a.Seq != 0 || a.Time == 0 {
		t.Errorf("the answer is %+v", a)
	}
	if got := bob.event("degraded"); string(got.Data) != `{"degraded":true}` {
		t.Errorf("told %s", got.Data)
	}
	if m := bob.messages(1)[0]; !m.Degraded || m.Seq != 0 || m.Random != 2 {
		t.Errorf("got %+v", m)
	}
	if a := anna.ask(object{"op": "mute", "group": "demo", "user": "bob", "seconds": 1}); a.Code == 0 {
		t.Errorf("the answer is %+v", a)
	}
	carol := d.dial()
	carol.ok(object{"op": "auth", "userId": "carol", "userSig": d.sig("carol")})
	if a := carol.ok(object{"op": "join", "group": "demo"}); !a.Degraded || len(a.Messages) != 1 {
		t.Errorf("who comes is answered %+v", a)
	}
	store.Fail(nil)
	for _, c := range []*client{bob, carol} {
		if got := c.event("degraded"); string(got.Data) != `{"degraded":false}` {
			t.Errorf("told %s", got.Data)
		}
	}
	if a := say(3); a.Scope != "room" || a.Seq != 2 {
		t.Errorf("the answer is %+v", a)
	}
}

// event reads until an event of a kind comes.
func (c *client) event(kind string) item {
	c.t.Helper()
	for {
		for _, it := range c.batch() {
			if it.Event == kind {
				return it
			}
		}
	}
}
