package socket_test

import (
	"context"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/web/socket"
)

// TestAHeldMessageIsRecalledByItsRandom: by its sender and by who looks after the room; the others hear the rest only.
func TestAHeldMessageIsRecalledByItsRandom(t *testing.T) {
	t.Parallel()
	later := func(context.Context, string) time.Duration { return time.Second }
	d := openChat(t, socket.Config{}, chat.Config{TickMin: time.Millisecond, CountEvery: time.Hour, Delay: later}, nil)
	d.group("later", "anna")
	join := func(user string) *client {
		c := d.dial()
		c.ok(object{"op": "auth", "userId": user, "userSig": d.sig(user)})
		c.ok(object{"op": "join", "group": "later"})
		return c
	}
	amy, bob, anna := join("amy"), join("bob"), join("anna")
	say := func(random int, words string) {
		t.Helper()
		a := amy.ok(object{"op": "send", "group": "later", "random": random, "fate": true, "body": []object{{"MsgType": "TIMTextElem", "MsgContent": object{"Text": words}}}})
		if a.Fate != "delayed" {
			t.Fatalf("%q is %q", words, a.Fate)
		}
	}
	say(1, "oops")
	say(2, "insult")
	say(3, "fine")
	recall := func(random int, more object) object {
		o := object{"op": "recall", "group": "later", "random": random}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	bob.refused(recall(1, object{"from": "amy"}), "no_permission", "from")
	amy.refused(recall(9, nil), "no_such_message", "random")
	amy.ok(recall(1, nil))
	anna.ok(recall(2, object{"from": "amy", "reason": "rude"}))
	if m := bob.messages(1)[0]; m.Seq != 1 || m.Random != 3 {
		t.Errorf("bob heard %+v", m)
	}
}
