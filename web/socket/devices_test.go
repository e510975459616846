package socket_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"liveroom/chat"
	"liveroom/web/socket"
)

// left expects the push left as the next push.
func (c *client) left(group, reason string) {
	c.t.Helper()
	if p := c.push(); p.Push != "left" || p.Group != group || p.Reason != reason || p.By != "" {
		c.t.Fatalf("push %+v, want left %s for %s", p, group, reason)
	}
}

func TestJoiningOnAnotherPageLeavesTheFirstRoom(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	d.group("other", "")
	desk, phone, app := d.device("vera", "Web", "desk"), d.device("vera", "MiniProgram", "phone"), d.device("vera", "iOS", "app")
	for _, c := range []*client{desk, phone, app} {
		c.ok(object{"op": "join", "group": "demo"})
	}
	phone.ok(object{"op": "join", "group": "other"})
	phone.left("demo", "joined_elsewhere") // before the answer: nothing of the old room follows it
	desk.left("demo", "joined_elsewhere")
	app.ok(object{"op": "ping"})
	if len(app.pushes) > 0 {
		t.Fatalf("the app was told %+v", app.pushes)
	}
	if a := desk.ask(object{"op": "send", "group": "demo", "random": 1, "body": text("hi")}); a.Error != "not_joined" {
		t.Fatalf("the desk speaks on: %+v", a)
	}
	desk.ok(object{"op": "join", "group": "demo"})
	phone.left("other", "joined_elsewhere")
}

func TestAPageMayAskForManyRooms(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	d.group("other", "")
	c := d.dial()
	if a := c.ask(object{"op": "auth", "userSig": d.sig("vera"), "rooms": "all"}); a.Code != 10004 || a.Field != "rooms" {
		t.Fatalf("answer %+v", a)
	}
	c.ok(object{"op": "auth", "userSig": d.sig("vera"), "rooms": "many"})
	c.ok(object{"op": "join", "group": "demo"})
	c.ok(object{"op": "join", "group": "other"})
	c.say("still here", 1)
	c.messages(1)
}

func TestQuittingOnThePageTakesTheAppAlong(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	page, app := d.device("vera", "Web", "page"), d.device("vera", "iOS", "app")
	for range 2 {
		page.ok(object{"op": "join", "group": "demo"})
		app.ok(object{"op": "join", "group": "demo"})
		app.ok(object{"op": "leave", "group": "demo"})
		page.say("still here", 0)
		page.messages(1)
		app.ok(object{"op": "join", "group": "demo"})
		page.ok(object{"op": "leave", "group": "demo", "detach": true})
		app.say("still here", 0)
		app.messages(1)
		page.ok(object{"op": "join", "group": "demo"})
		page.ok(object{"op": "leave", "group": "demo"})
		app.left("demo", "left_elsewhere")
	}
	if n := d.chat.Count("demo").Members; n != 0 {
		t.Fatalf("%d members", n)
	}
}

func TestAnOwnerIsOnlyDetached(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	d.group("own", "olga")
	desk, phone := d.device("olga", "Web", "desk"), d.device("olga", "Web", "phone")
	desk.ok(object{"op": "join", "group": "own"})
	phone.ok(object{"op": "join", "group": "own"})
	if a := desk.ask(object{"op": "leave", "group": "own"}); a.Code != 10009 || a.Error != "owner_cannot_quit" || a.Field != "group" {
		t.Fatalf("answer %+v", a)
	}
	desk.ok(object{"op": "history", "group": "own"})
	phone.ok(object{"op": "join", "group": "demo"})
	phone.left("own", "joined_elsewhere")
	desk.ok(object{"op": "history", "group": "own"})
	desk.ok(object{"op": "leave", "group": "own", "detach": true})
	if n := d.chat.Count("own").Members; n != 0 {
		t.Fatalf("%d members", n)
	}
}

// TestDevicesTakeEachOtherOutAtOnce: pages that push each other out of rooms while they join, leave and reconnect neither
// stand in each other's way nor leave anybody behind.
func TestDevicesTakeEachOtherOutAtOnce(t *testing.T) {
	d := open(t, socket.Config{OpsPerSecond: 1000, OpsBurst: 1000}, nil)
	rooms := []string{"demo", "second", "third"}
	for _, id := range rooms[1:] {
		d.group(id, "")
	}
	var wg sync.WaitGroup
	for _, instance := range []string{"a", "b", "c", "d"} {
		wg.Go(func() {
			for i := range 5 {
				c := d.device("vera", "Web", instance)
				for j := range 12 {
					room := rooms[(i+j)%len(rooms)]
					if a := c.ask(object{"op": "join", "group": room}); a.Code != 0 && a.Error != "already_joined" {
						t.Errorf("join: %+v", a)
					}
					if j%4 == 3 {
						c.ok(object{"op": "leave", "group": room})
					}
				}
				if i%2 == 0 {
					_ = c.Close()
				}
			}
		})
	}
	wg.Wait()
	last := d.device("vera", "Web", "a")
	last.ok(object{"op": "join", "group": "demo"})
	d.await("the user to be in one room", func() bool {
		return d.chat.Count("demo").Members == 1 && d.chat.Count("second").Members == 0 && d.chat.Count("third").Members == 0
	})
}

// TestSigningInJoiningKickingAndClosingAtOnce: whatever meets, nobody is left behind anywhere when all are gone.
func TestSigningInJoiningKickingAndClosingAtOnce(t *testing.T) {
	d := openChat(t, socket.Config{OpsPerSecond: 1000, OpsBurst: 1000}, chat.Config{TickMin: time.Millisecond, CountEvery: time.Hour, WebInstances: 3}, nil)
	rooms := []string{"demo", "second"}
	d.group("second", "")
	sig := d.sig("vera")
	var clients, acts sync.WaitGroup
	for i := range 8 {
		clients.Go(func() {
			for j := range 12 {
				conn, resp, err := websocket.DefaultDialer.Dial(d.url, nil)
				if err != nil {
					t.Error(err)
					return
				}
				_ = resp.Body.Close()
				_ = conn.SetReadDeadline(time.Now().Add(patience))
				for k, op := range []object{
					{"op": "auth", "userSig": sig, "instance": fmt.Sprint(i % 5), "platform": []string{"Web", "iOS"}[i%2]},
					{"op": "join", "group": rooms[j%2]},
					{"op": "sendC2C", "user": "vera", "body": text("hi")},
					{"op": "join", "group": rooms[(j+1)%2]},
					{"op": "leave", "group": rooms[j%2]},
				} {
					op["id"] = k + 1
					if conn.WriteJSON(op) != nil {
						break // sent away meanwhile
					}
				}
				for k := 0; k < 5 && err == nil; k++ {
					_, _, err = conn.ReadMessage()
				}
				_ = conn.Close()
			}
		})
	}
	stop := make(chan struct{})
	by := chat.Identity{User: chat.Administrator, Admin: true}
	for _, act := range []func(){
		func() { d.chat.CloseUser("vera", chat.Closing{Reason: chat.CloseKicked, Type: chat.KickedByREST}) },
		func() { _ = d.chat.Kick(t.Context(), "demo", by, []string{"vera"}, "") },
		func() { _ = d.chat.Kick(t.Context(), "second", by, []string{"vera"}, "") },
	} {
		acts.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(3 * time.Millisecond):
					act()
				}
			}
		})
	}
	clients.Wait()
	close(stop)
	acts.Wait()
	d.await("everybody to be gone", func() bool { return d.Stats().Sockets == 0 })
	if n := d.chat.CloseUser("vera", chat.Closing{Reason: chat.CloseKicked}); n != 0 {
		t.Errorf("%d devices are left", n)
	}
	if st := d.chat.Stats(); st.Sessions != 0 || st.Members != 0 || st.Panics != 0 || d.Stats().Panics != 0 {
		t.Errorf("left behind: %+v, %d panics", st, d.Stats().Panics)
	}
}
