package socket_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/web/socket"
)

func TestAMessageFromUserToUser(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	if _, err := d.accounts.Import(t.Context(), "otto", ptr("Otto"), ptr("https://example.com/otto.png")); err != nil {
		t.Fatal(err)
	}
	page, app := d.device("otto", "Web", "1"), d.device("otto", "iOS", "2")
	vera := d.device("vera", "Web", "1")
	body := []object{{"MsgType": "TIMCustomElem", "MsgContent": object{"Data": `{"do":"exit"}`, "Desc": "", "Ext": ""}}}
	a := page.ok(object{"op": "sendC2C", "user": "vera", "random": 7, "body": body, "cloudCustomData": "x"})
	if a.Time == 0 {
		t.Fatalf("answer %+v", a)
	}
	for _, c := range []*client{vera, app} {
		o := c.raw()
		m, _ := o["message"].(map[string]any)
		sent, _ := json.Marshal(m["body"])
		want, _ := json.Marshal(body)
		if o["push"] != "c2c" || m["from"] != "otto" || m["to"] != "vera" || m["nick"] != "Otto" || m["avatar"] != "https://example.com/otto.png" ||
			m["random"] != 7.0 || m["time"] != float64(a.Time) || m["seq"] != 0.0 || m["cloudCustomData"] != "x" || string(sent) != string(want) {
			t.Fatalf("push %v", o)
		}
	}
	if b := page.ok(object{"op": "sendC2C", "user": "vera", "random": 7, "body": body, "cloudCustomData": "x"}); b.Time != a.Time {
		t.Fatalf("repeated: %+v, first %+v", b, a)
	}
	for _, c := range []*client{vera, app, page} {
		c.ok(object{"op": "ping"})
		if len(c.pushes) > 0 {
			t.Fatalf("a repeat or an echo: %+v", c.pushes)
		}
	}
	guest := d.guest()
	if a := guest.ask(object{"op": "sendC2C", "user": "vera", "body": text("hi")}); a.Code != 10007 {
		t.Fatalf("a guest sends: %+v", a)
	}
	if a := page.ask(object{"op": "sendC2C", "user": 5, "body": text("hi")}); a.Code != 10004 || a.Field != "user" {
		t.Fatalf("to a number: %+v", a)
	}
}

// TestASlowSocketLosesMessagesOfUsers, and is not closed for it: anybody can send them.
func TestASlowSocketLosesMessagesOfUsers(t *testing.T) {
	d := openChat(t, socket.Config{QueueFrames: 8, QueueBytes: 1 << 20, OpsPerSecond: 1e6, OpsBurst: 1e6}, chat.Config{TickMin: 5 * time.Millisecond, CountEvery: time.Hour, UserBurst: 1000, UserRate: 1000}, nil)
	vera, otto := d.device("vera", "Web", "1"), d.device("otto", "Web", "1")
	big := strings.Repeat("x", 10_000)
	sent := 0
	for d.Stats().DroppedHigh == 0 {
		if sent++; sent > 5000 {
			t.Fatal("nothing is ever lost")
		}
		otto.ok(object{"op": "sendC2C", "user": "vera", "random": sent, "body": text(big)})
	}
	id := vera.write(object{"op": "ping"})
	if vera.reply(id); len(vera.pushes) == 0 || len(vera.pushes) >= sent {
		t.Fatalf("%d of %d arrived", len(vera.pushes), sent)
	}
}

func TestWhatIsToldToAUser(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	page, other := d.device("otto", "Web", "1"), d.device("vera", "Web", "1")
	if err := d.chat.TellUser(t.Context(), "otto", "gift", object{"order": object{"id": "o-1"}}); err != nil {
		t.Fatal(err)
	}
	if err := d.chat.TellUser(t.Context(), "otto", "nothing", object{}); err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal([]object{page.raw(), page.raw()})
	if want := `[{"order":{"id":"o-1"},"push":"gift"},{"push":"nothing"}]`; string(got) != want {
		t.Errorf("he was told %s, want %s", got, want)
	}
	if other.ok(object{"op": "ping"}); len(other.pushes) > 0 {
		t.Errorf("another was told %+v", other.pushes)
	}
}

// TestMuchIsToldToAUser, also where members may only say little.
func TestMuchIsToldToAUser(t *testing.T) {
	d := openChat(t, socket.Config{}, chat.Config{MessageBytes: 1024}, nil)
	page := d.device("otto", "Web", "1")
	if err := d.chat.TellUser(t.Context(), "otto", "gift", object{"order": strings.Repeat("x", 4096)}); err != nil {
		t.Fatal(err)
	}
	if told := page.raw(); told["push"] != "gift" {
		t.Errorf("he was told %v", told)
	}
	if err := d.chat.TellUser(t.Context(), "otto", "gift", object{"order": strings.Repeat("x", 13<<10)}); !errors.Is(err, chat.ErrParameter) {
		t.Errorf("of 13 KiB: %v", err)
	}
}
