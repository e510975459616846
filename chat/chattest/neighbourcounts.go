package chattest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"liveroom/chat"
)

func testCountOverNodes(_ *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{}, "r")
	tw.enter(a, "r", user("vera", "Web"))
	d := tw.enter(b, "r", user("otto", "Web"))
	tw.join(b, "r", chat.Identity{User: "anon", Anonymous: true}, newDevice())
	tw.awaitCount("r", people(3), a, b, c)
	tw.leave(b, "r", "otto", d)
	tw.awaitCount("r", people(2), a, b, c)
	tw.stops["b"]()
	delete(tw.stops, "b")
	tw.awaitCount("r", people(1), a, c)
	fresh := tw.open("d", chat.Config{})
	tw.awaitCount("r", people(1), fresh)
}

func testCountOnce(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{OneRoom: chat.OneRoomNever}, "r")
	tw.enter(a, "r", user("otto", "Web"))
	page := tw.enter(a, "r", user("vera", "Web"))
	tw.awaitCount("r", people(2), a, b, c)
	above := false
	watch := func() bool { above = above || c.Count("r").Members > 3; return false }
	phone := tw.enter(b, "r", user("vera", "iOS"))
	tw.enter(b, "r", user("anna", "iOS")) // once she is counted, all that was said before her is known
	tw.await("anna counted", func() bool { watch(); return c.Count("r").Members == 3 })
	tw.awaitCount("r", people(3), a, b, c)
	tw.leave(a, "r", "vera", page)
	tw.enter(a, "r", user("emil", "iOS"))
	tw.awaitCount("r", people(4), a, b, c)
	tw.leave(b, "r", "vera", phone)
	tw.awaitCount("r", people(3), a, b, c)
	if above {
		t.Error("vera was counted twice")
	}
}

func testJoinStorm(_ *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{OneRoom: chat.OneRoomNever}, "r")
	var wg sync.WaitGroup
	for i, n := range []*node{a, b, c} {
		for k := range 100 { // every third is on the next node too
			who := user(fmt.Sprint("u", i, "-", k), "Web")
			wg.Go(func() { tw.enter(n, "r", who) })
			if k%3 == 0 {
				next := []*node{b, c, a}[i]
				wg.Go(func() { tw.enter(next, "r", who) })
			}
		}
	}
	wg.Wait()
	tw.awaitCount("r", people(300), a, b, c)
}

func testNodeDies(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{}, "r")
	tw.enter(a, "r", user("vera", "Web"))
	tw.enter(b, "r", user("otto", "Web"))
	tw.enter(b, "r", user("anna", "Web"))
	tw.enter(c, "r", user("anna", "iOS"))
	tw.awaitCount("r", people(3), a, b, c)
	tw.v.Kill("b")
	tw.awaitCount("r", people(2), a, c) // vera, and anna's phone
	if got := a.platforms("otto", "anna"); len(got) != 1 || !slices.Equal(got["anna"], []string{"iOS"}) {
		t.Errorf("online are %v", got)
	}
}

func testViewersOverNodes(_ *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{}, "r")
	who := user("vera", "Web")
	who.Watch = "watch-of-vera"
	tw.enter(a, "r", who)
	tw.enter(b, "r", user("otto", "Web"))
	b.mu.Lock()
	b.watching, b.vids = 3, []string{"watch-of-vera", "nobody's"}
	b.mu.Unlock()
	tw.awaitCount("r", chat.Count{Members: 2, Viewers: 3, Online: 4}, a, b, c)
}
