package chattest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"liveroom/chat"
)

func testDevicesOverNodes(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{WebInstances: 2, NativeInstances: 1})
	first, phone := tw.signIn(a, user("vera", "Web")), tw.signIn(a, user("vera", "iOS"))
	second := tw.signIn(b, user("vera", "Web"))
	third := tw.signIn(c, user("vera", "Web"))
	tw.await("the first page closed", func() bool { return slices.Equal(first.closedFor(), []string{chat.CloseReplaced}) })
	other := tw.signIn(b, user("vera", "iOS"))
	tw.await("the phone closed", func() bool { return slices.Equal(phone.closedFor(), []string{chat.CloseReplaced}) })
	for _, d := range []*device{second, third, other} {
		if got := d.closedFor(); got != nil {
			t.Errorf("%s was closed: %v", d.id, got)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	last, _ := c.facts[len(c.facts)-1].(chat.SignedIn)
	if last.By.User != "vera" || !slices.Equal(last.Replaced, []string{"Web"}) {
		t.Errorf("c told %+v", c.facts)
	}
}

func testInstanceOverNodes(t *testing.T, tw *town) {
	a, b, _ := tw.three(chat.Config{WebInstances: 1})
	who := user("vera", "Web")
	who.Instance = "page"
	former := tw.signIn(a, who)
	now := tw.signIn(b, who)
	tw.await("the former closed", func() bool { return slices.Equal(former.closedFor(), []string{chat.CloseReconnected}) })
	b.mu.Lock()
	defer b.mu.Unlock()
	last, _ := b.facts[len(b.facts)-1].(chat.SignedIn)
	if got := now.closedFor(); got != nil || last.By.User != "vera" || last.Replaced != nil {
		t.Errorf("closed for %v, told %+v", got, last)
	}
}

// testInstanceToAndFro: of one device the session stays that came last, though nodes did not know of each other's.
func testInstanceToAndFro(t *testing.T, tw *town) {
	a, b, _ := tw.three(chat.Config{})
	who := user("vera", "Web")
	who.Instance = "page"
	tw.v.Away(true)
	first := tw.signIn(a, who)
	time.Sleep(time.Millisecond) // clocks say which is newer
	second := tw.signIn(b, who)
	time.Sleep(time.Millisecond)
	third := tw.signIn(a, who)
	tw.v.Away(false)
	for _, former := range []*device{first, second} {
		tw.await("the former closed", func() bool { return slices.Equal(former.closedFor(), []string{chat.CloseReconnected}) })
	}
	if got := third.closedFor(); got != nil {
		t.Errorf("the last was closed for %v", got)
	}
}

func testOneRoomOverNodes(t *testing.T, tw *town) {
	a, b, _ := tw.three(chat.Config{}, "tea", "cake")
	page, phone := tw.enter(a, "tea", user("vera", "Web")), tw.enter(a, "tea", user("vera", "iOS"))
	tw.enter(b, "cake", user("vera", "Web"))
	tw.await("vera's page left tea", func() bool { return slices.Equal(page.leftFor(), []string{chat.DepartJoinedElsewhere}) })
	if got := phone.leftFor(); got != nil {
		t.Errorf("the phone left: %v", got)
	}
	_, err := a.Join(context.Background(), "tea", user("vera", "Web"), page, &chat.Position{})
	if !errors.Is(err, chat.ErrElsewhere) {
		t.Errorf("coming back to tea: %v", err)
	}
	own := tw.enter(b, "cake", user("owner", "Web")) // who joins his own room stays where else he is
	tw.enter(a, "tea", user("owner", "Web"))
	tw.enter(a, "tea", user("otto", "Web"))
	tw.await("all of tea", func() bool {
		there, _ := b.Present(context.Background(), "tea", []string{"owner", "otto"})
		return len(there) == 2
	})
	if got := own.leftFor(); got != nil {
		t.Errorf("the owner left his own room: %v", got)
	}
}

func testQuitOverNodes(t *testing.T, tw *town) {
	a, b, _ := tw.three(chat.Config{}, "r")
	page, phone, other := tw.enter(a, "r", user("vera", "Web")), tw.enter(b, "r", user("vera", "iOS")), tw.enter(b, "r", user("otto", "Web"))
	tw.awaitCount("r", people(2), a, b)
	if err := a.Quit(context.Background(), "r", page); err != nil {
		t.Fatal(err)
	}
	tw.await("the phone left too", func() bool { return slices.Equal(phone.leftFor(), []string{chat.DepartLeftElsewhere}) })
	tw.awaitCount("r", people(1), a, b)
	if n := tw.told("vera", isWent); n != 1 || other.leftFor() != nil {
		t.Errorf("vera's going was told %d times, otto left: %v", n, other.leftFor())
	}
	phone, page = tw.enter(b, "r", user("vera", "iOS")), tw.enter(a, "r", user("vera", "Web"))
	tw.await("a knows the phone", func() bool { return len(a.platforms("vera")["vera"]) == 2 })
	if err := b.Quit(context.Background(), "r", phone); err != nil { // apps do not take pages along
		t.Fatal(err)
	}
	tw.awaitCount("r", people(2), a, b)
	if got := page.leftFor(); len(got) != 0 {
		t.Errorf("the page left: %v", got)
	}
}

func testCloseOverNodes(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{}, "r")
	one, two := tw.signIn(a, user("vera", "Web")), tw.enter(b, "r", user("vera", "iOS"))
	other := tw.signIn(b, user("otto", "iOS"))
	under := user("vera", "Web") // a login under way on the third node
	under.Verified = time.Now()
	if n := a.CloseUser("vera", chat.Closing{Reason: chat.CloseKicked}); n != 2 {
		t.Errorf("%d sessions were closed", n)
	}
	tw.await("all closed", func() bool {
		return slices.Equal(one.closedFor(), []string{chat.CloseKicked}) && slices.Equal(two.closedFor(), []string{chat.CloseKicked})
	})
	tw.await("the login under way refused", func() bool {
		d := newDevice()
		err := c.SignIn(context.Background(), under, d)
		if err == nil {
			c.SignOut("vera", d, chat.SignOutAsked)
		}
		return errors.Is(err, chat.ErrSentAway)
	})
	under.Verified = time.Now().Add(time.Second)
	tw.signIn(c, under)
	if got := other.closedFor(); got != nil {
		t.Errorf("otto was closed: %v", got)
	}
}
