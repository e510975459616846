package chattest

import (
	"context"
	"slices"
	"testing"
	"time"

	"liveroom/chat"
)

func testListsOverNodes(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{MemberList: 4, OneRoom: chat.OneRoomNever}, "r", "s")
	tw.enter(a, "r", user("u1", "Web"))
	time.Sleep(2 * time.Millisecond) // in this order
	tw.enter(b, "r", user("u2", "Web"))
	time.Sleep(2 * time.Millisecond)
	tw.enter(a, "r", user("u3", "iOS"))
	time.Sleep(2 * time.Millisecond)
	tw.enter(c, "r", user("u4", "Web"))
	time.Sleep(2 * time.Millisecond)
	tw.enter(b, "r", user("u1", "iOS")) // was there before
	tw.enter(b, "s", user("u1", "Windows"))
	tw.awaitCount("r", people(4), a, b, c)
	boss := chat.Identity{User: chat.Administrator, Admin: true}
	for _, n := range []*node{a, b, c} {
		tw.await("the list of "+n.name, func() bool {
			first, next, err := n.Members(context.Background(), "r", boss, "", 3)
			if err != nil {
				t.Fatal(err)
			}
			rest, none, err := n.Members(context.Background(), "r", boss, next, 3)
			var got []string
			for _, m := range append(first, rest...) {
				got = append(got, m.User)
			}
			return err == nil && none == "" && slices.Equal(got, []string{"u4", "u3", "u2", "u1"})
		})
		there, err := n.Present(context.Background(), "r", []string{"u4", "nobody", "u1", "u2"})
		if err != nil || !slices.Equal(there, []string{"u4", "u1", "u2"}) {
			t.Errorf("%s: there are %v %v", n.name, there, err)
		}
		var groups []string
		in, err := n.JoinedGroups(context.Background(), "u1")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range in {
			groups = append(groups, m.Group)
		}
		if !slices.Equal(groups, []string{"r", "s"}) {
			t.Errorf("%s: u1 is in %v", n.name, groups)
		}
		if got := n.platforms("u1")["u1"]; len(got) != 3 {
			t.Errorf("%s: u1 is on %v", n.name, got)
		}
	}
	tw.v.Kill("b")
	tw.await("the list without b", func() bool {
		page, _, err := a.Members(context.Background(), "r", boss, "", 0)
		return err == nil && len(page) == 3
	})
}

func testMarksOverNodes(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{}, "r")
	tw.enter(a, "r", user("vera", "Web"))
	tw.enter(b, "r", user("otto", "Web"))
	tw.awaitCount("r", people(2), a, b, c)
	boss := chat.Identity{User: chat.Administrator, Admin: true}
	done, err := c.Mark(context.Background(), "r", boss, true, []chat.MemberMarks{{User: "vera", Marks: []uint32{1000}}, {User: "otto", Marks: []uint32{1000}}, {User: "nobody", Marks: []uint32{1000}}})
	if err != nil || len(done) != 2 {
		t.Fatal(done, err)
	}
	tw.await("both marked", func() bool {
		page, _, err := a.Marked(context.Background(), "r", boss, 1000, "", 0)
		return err == nil && len(page) == 2
	})
}

func testTipsOverNodes(t *testing.T, tw *town) {
	a, b, _ := tw.three(chat.Config{Tips: 100}, "r")
	otto := tw.enter(b, "r", user("otto", "Web"))
	tw.awaitCount("r", people(1), a, b)
	page := tw.enter(a, "r", user("vera", "Web"))
	tw.await("otto told that vera came", func() bool { return otto.tipped(`{"user":"vera"`) == 1 })
	tw.awaitCount("r", people(2), a, b)
	tw.leave(a, "r", "vera", page)
	if tw.v.Fast {
		time.Sleep(2 * time.Second) // all hear that nobody is there any more
	}
	page = tw.enter(b, "r", user("vera", "Web")) // loaded anew, by another node
	tw.enter(a, "r", user("anna", "Web"))
	tw.await("otto told that anna came", func() bool { return otto.tipped(`{"user":"anna"`) == 1 })
	if !tw.v.Fast {
		return // of who leaves nobody is told for seconds
	}
	tw.leave(b, "r", "vera", page)
	page = tw.enter(a, "r", user("vera", "Web")) // and once more, at once
	time.Sleep(30 * time.Second)
	if joined, left := otto.tipped(`{"user":"vera"`), otto.tipped(`"left":[{"user":"vera"`); joined != 1 || left != 0 {
		_, events := otto.got()
		t.Errorf("vera moved, and otto was told: %v", events)
	}
	tw.leave(a, "r", "vera", page)
	anna := tw.enter(a, "r", user("emil", "Web"))
	tw.await("all told that vera left", func() bool {
		return otto.tipped(`"left":[{"user":"vera"`) == 1 && anna.tipped(`"left":[{"user":"vera"`) == 1
	})
}

func testResumeOverNodes(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{}, "r")
	page := tw.enter(a, "r", user("vera", "Web"))
	tw.awaitCount("r", people(1), a, b, c)
	tw.leave(a, "r", "vera", page)
	tw.awaitCount("r", people(0), a, b, c)
	d := tw.signIn(b, user("vera", "Web"))
	if _, err := b.Join(context.Background(), "r", user("vera", "Web"), d, &chat.Position{}); err != nil {
		t.Fatal(err)
	}
	tw.enter(c, "r", user("vera", "iOS")) // and a device beside it
	tw.awaitCount("r", people(1), a, b, c)
	if came, went := tw.told("vera", isCame), tw.told("vera", isWent)+tw.told("vera", isOffline); came != 1 || went != 0 {
		t.Errorf("told of coming %d times, of going %d times", came, went)
	}
	if asked := len(a.asked) + len(b.asked) + len(c.asked); asked != 1 {
		t.Errorf("the gate was asked %d times", asked)
	}
}

func testAwayAndBack(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{WebInstances: 1}, "r")
	vera := tw.enter(a, "r", user("vera", "Web"))
	tw.enter(b, "r", user("otto", "Web"))
	tw.awaitCount("r", people(2), a, b, c)
	tw.v.Away(true)
	anna := tw.enter(a, "r", user("anna", "Web")) // goes on
	if _, err := a.SendTo(context.Background(), "anna", chat.Message{Body: words("hi")}, user("vera", "Web"), vera); err != nil {
		t.Error(err)
	}
	if got, _ := anna.got(); len(got) != 1 {
		t.Errorf("anna got %v", got)
	}
	if n := a.Count("r").Members; n < 2 {
		t.Errorf("%d members", n)
	}
	second := tw.signIn(c, user("vera", "Web")) // nobody knows that she is elsewhere
	tw.v.Away(false)
	tw.await("the former page closed", func() bool { return slices.Equal(vera.closedFor(), []string{chat.CloseReplaced}) })
	if got := second.closedFor(); got != nil {
		t.Errorf("the newer page was closed: %v", got)
	}
	tw.leave(a, "r", "vera", vera)
	tw.awaitCount("r", people(2), a, b, c)
}

func testKickMissed(t *testing.T, tw *town) {
	a, b, _ := tw.three(chat.Config{}, "r")
	who := user("vera", "Web")
	who.Verified = time.Now()
	vera := tw.enter(b, "r", who)
	time.Sleep(5 * time.Millisecond)
	tw.v.Away(true)
	a.CloseUser("vera", chat.Closing{Reason: chat.CloseKicked})
	time.Sleep(50 * time.Millisecond)
	if got := vera.closedFor(); got != nil {
		t.Fatalf("closed though nobody heard: %v", got)
	}
	tw.v.Away(false)
	tw.await("closed after all", func() bool { return slices.Equal(vera.closedFor(), []string{chat.CloseKicked}) })
}

// testKickLate: who came back after he was kicked stays, however late other nodes hear of the kick.
func testKickLate(t *testing.T, tw *town) {
	a, b, _ := tw.three(chat.Config{OneRoom: chat.OneRoomNever}, "r")
	who := user("vera", "Web")
	who.Verified = time.Now()
	former := tw.enter(b, "r", who)
	time.Sleep(5 * time.Millisecond)
	tw.v.Away(true)
	a.CloseUser("vera", chat.Closing{Reason: chat.CloseKicked})
	time.Sleep(500 * time.Millisecond) // more than questions take
	who.Verified = time.Now()
	back := tw.enter(b, "r", who)
	tw.v.Away(false)
	tw.await("the former session closed", func() bool { return slices.Equal(former.closedFor(), []string{chat.CloseKicked}) })
	tw.enter(a, "r", user("otto", "Web"))
	tw.awaitCount("r", people(2), a, b)
	if got := back.closedFor(); got != nil {
		t.Errorf("who came back was closed for %v", got)
	}
}

func testHeirs(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{}, "r")
	for _, name := range []string{"vera", "otto", "anna"} {
		tw.enter(b, "r", user(name, "Web"))
	}
	tw.enter(a, "r", user("emil", "Web"))
	tw.awaitCount("r", people(4), a, b, c)
	tw.v.Kill("b")
	tw.awaitCount("r", people(1), a, c)
	if !tw.v.Fast {
		return
	}
	time.Sleep(15 * time.Second)
	tw.enter(c, "r", user("otto", "Web")) // was never away
	time.Sleep(3 * time.Minute)
	delete(tw.nodes, "b") // what it does after its death nobody hears
	for user, want := range map[string]int{"vera": 1, "anna": 1, "otto": 0, "emil": 0} {
		if n := tw.told(user, isOffline); n != want {
			t.Errorf("that %s is gone was told %d times, want %d", user, n, want)
		}
	}
	if n := tw.told("otto", isCame); n != 0 {
		t.Errorf("that otto came was told %d times by the nodes that live", n)
	}
}
