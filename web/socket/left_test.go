package socket_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/web/socket"
)

// catcher is a chat that shows the sessions that join, before they are told so.
type catcher struct {
	socket.Rooms
	caught func(chat.Session)
}

func (c catcher) Join(ctx context.Context, group string, who chat.Identity, sess chat.Session, since *chat.Position) (chat.Joined, error) {
	j, err := c.Rooms.Join(ctx, group, who, sess, since)
	c.caught(sess)
	return j, err
}

// raw returns the next push as an object.
func (c *client) raw() object {
	c.t.Helper()
	var o object
	if err := json.Unmarshal(c.frame(), &o); err != nil {
		c.t.Fatal(err)
	}
	return o
}

func TestWhoIsTakenOutIsToldLast(t *testing.T) {
	sessions := make(chan chat.Session, 1)
	d := open(t, socket.Config{}, func(r socket.Rooms) socket.Rooms {
		return catcher{r, func(s chat.Session) { sessions <- s }}
	})
	c := d.member("alice")
	sess := <-sessions
	c.say("before", 1)
	c.messages(1)
	sess.Left("demo", chat.Departure{Reason: chat.DepartBanned, By: "anna", Detail: "rude", Until: time.Unix(1790000100, 0)})
	if o := c.raw(); o["push"] != "left" || o["group"] != "demo" || o["reason"] != "banned" || o["by"] != "anna" || o["detail"] != "rude" || o["until"] != 1790000100.0 {
		t.Fatalf("push = %v", o)
	}
	if n := d.chat.Count("demo").Members; n != 0 {
		t.Fatalf("%d members are left", n)
	}
	if a := c.ask(object{"op": "history", "group": "demo"}); a.Error != "not_joined" {
		t.Fatalf("history after being taken out: %+v", a)
	}
	sess.Deliver(&chat.Batch{Group: "demo", Items: []chat.Item{{Message: &chat.Message{Seq: 9}}}}) // was under way
	c.ok(object{"op": "ping"})
	if len(c.pushes) != 0 {
		t.Fatalf("after left: %+v", c.pushes)
	}
	c.ok(object{"op": "join", "group": "demo"})
	<-sessions
	c.say("after", 2)
	c.messages(1)
}

func TestWhoIsTakenOutWhileJoiningIsToldAfterTheAnswer(t *testing.T) {
	d := open(t, socket.Config{}, func(r socket.Rooms) socket.Rooms {
		return catcher{r, func(s chat.Session) { s.Left("demo", chat.Departure{Reason: chat.DepartKicked, By: "anna"}) }}
	})
	c := d.dial()
	c.ok(object{"op": "auth", "userId": "alice", "userSig": d.sig("alice")})
	c.ok(object{"op": "join", "group": "demo"})
	if o := c.raw(); o["push"] != "left" || o["reason"] != "kicked" || o["until"] != 0.0 {
		t.Fatalf("push = %v", o)
	}
	if n := d.chat.Count("demo").Members; n != 0 {
		t.Fatalf("%d members are left", n)
	}
}
