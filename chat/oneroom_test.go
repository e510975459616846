package chat_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
)

// departures are the reasons for which a session was taken out, in order.
func (s *session) departures() (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.left {
		all = append(all, d.Reason)
	}
	return all
}

// is says whether a message of a group reaches the session.
func (s *session) is(t *testing.T, svc *chat.Service, group string) bool {
	t.Helper()
	before := len(s.items())
	if _, err := svc.SendServer(t.Context(), chat.Message{Group: group, Body: text("anybody there?")}); err != nil {
		t.Fatal(err)
	}
	return len(s.items()) > before
}

func TestAWebLoginIsInOneRoom(t *testing.T) {
	many := func(who chat.Identity) chat.Identity { who.ManyRooms = true; return who }
	role := func(who chat.Identity, set func(*chat.Identity)) chat.Identity { set(&who); return who }
	admin := func(who *chat.Identity) { who.Admin = true }
	for _, tc := range []struct {
		name   string
		rule   chat.OneRoom
		first  chat.Identity // joins a
		second chat.Identity // joins b, with the same session if the instance is the same
		moves  bool          // out of a
	}{
		{name: "two pages", first: on("vera", "Web", "1"), second: on("vera", "Web", "2"), moves: true},
		{name: "one page", first: on("vera", "Web", "1"), second: on("vera", "Web", "1"), moves: true},
		{name: "a page and a mini-program", first: on("vera", "Web", "1"), second: on("vera", "MiniProgram", "2"), moves: true},
		{name: "another's page", first: on("vera", "Web", "1"), second: on("otto", "Web", "2")},
		{name: "a page and an app", first: on("vera", "Web", "1"), second: on("vera", "iOS", "2")},
		{name: "an app and a page", first: on("vera", "Android", "1"), second: on("vera", "Web", "2")},
		{name: "one app", first: on("vera", "iOS", "1"), second: on("vera", "iOS", "1")},
		{name: "a page that asks for many", first: on("vera", "Web", "1"), second: many(on("vera", "Web", "2"))},
		{name: "a page beside one that asked for many", first: many(on("vera", "Web", "1")), second: on("vera", "Web", "2")},
		{name: "asking in vain", rule: chat.OneRoomAlways, first: many(on("vera", "Web", "1")), second: many(on("vera", "Web", "1")), moves: true},
		{name: "the rule is off", rule: chat.OneRoomNever, first: on("vera", "Web", "1"), second: on("vera", "Web", "2")},
		{name: "a guest with a name", first: role(on("guest_1", "Web", "1"), func(who *chat.Identity) { who.Guest = true }), second: on("guest_1", "Web", "2"), moves: true},
		{name: "an administrator", first: role(on("root", "Web", "1"), admin), second: role(on("root", "Web", "2"), admin)},
		{name: "the owner elsewhere", first: on("owner", "Web", "1"), second: on("owner", "Web", "2")},
		{name: "the owner here", first: on("owner", "Web", "1"), second: on("owner", "Web", "1"), moves: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := start(t, chat.Config{OneRoom: tc.rule, CountEvery: time.Hour}, chat.NewMemory())
			create(t, s, "a")
			if err := s.Create(t.Context(), chat.Group{ID: "b", Room: "b", Owner: "somebody"}); err != nil {
				t.Fatal(err)
			}
			first := signIn(t, s, tc.first)
			second := first
			if tc.first.User != tc.second.User || tc.first.Instance != tc.second.Instance {
				second = signIn(t, s, tc.second)
			}
			enter(t, s, "a", tc.first, first)
			enter(t, s, "b", tc.second, second)
			want := []string(nil)
			if tc.moves {
				want = []string{"joined_elsewhere"}
			}
			if got := first.departures(); !slices.Equal(got, want) || first.is(t, s, "a") == tc.moves || !second.is(t, s, "b") {
				t.Errorf("told %v, want %v, in a %v, in b %v", got, want, first.is(t, s, "a"), second.is(t, s, "b"))
			}
			if first != second && len(second.departures()) > 0 {
				t.Errorf("who came was told %v", second.departures())
			}
		})
	}
}

// TestAnOwnerMayLookAround: to look after his room does not take him out of the one he watches elsewhere.
func TestAnOwnerMayLookAround(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
	create(t, s, "own")
	if err := s.Create(t.Context(), chat.Group{ID: "other", Room: "other", Owner: "somebody"}); err != nil {
		t.Fatal(err)
	}
	desk, phone := signIn(t, s, on("owner", "Web", "desk")), signIn(t, s, on("owner", "MiniProgram", "phone"))
	enter(t, s, "other", on("owner", "MiniProgram", "phone"), phone)
	enter(t, s, "own", on("owner", "Web", "desk"), desk)
	if !phone.is(t, s, "other") || !desk.is(t, s, "own") {
		t.Errorf("told %v and %v", phone.departures(), desk.departures())
	}
	j, err := s.Join(t.Context(), "own", on("owner", "Web", "desk"), desk, &chat.Position{})
	if err != nil || j.Role != chat.RoleOwner {
		t.Errorf("coming back: %+v, %v", j, err)
	}
}

// TestComingBackIsNoMove: a page that slept must not take its user out of the room he went to meanwhile.
func TestComingBackIsNoMove(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
	create(t, s, "a")
	create(t, s, "b")
	old, page := on("vera", "Web", "old"), on("vera", "Web", "page")
	slept := signIn(t, s, old)
	enter(t, s, "a", old, slept)
	s.Leave("a", slept)
	s.SignOut("vera", slept, chat.SignOutClosed)

	now := signIn(t, s, page)
	enter(t, s, "b", page, now)
	back := signIn(t, s, old)
	if _, err := s.Join(t.Context(), "a", old, back, &chat.Position{}); !errors.Is(err, chat.ErrElsewhere) {
		t.Errorf("coming back: %v", err)
	}
	if len(now.departures()) > 0 || !now.is(t, s, "b") {
		t.Errorf("the page was taken out: %v", now.departures())
	}
	if _, err := s.Join(t.Context(), "b", old, back, &chat.Position{}); err != nil {
		t.Errorf("coming to the same room: %v", err)
	}

	again := signIn(t, s, page) // the page's own former connection, not gone yet, is in its way no longer
	if _, err := s.Join(t.Context(), "a", page, again, &chat.Position{}); !errors.Is(err, chat.ErrElsewhere) {
		t.Errorf("while the other page is in b: %v", err)
	}
	s.Leave("b", back)
	if _, err := s.Join(t.Context(), "a", page, again, &chat.Position{}); err != nil {
		t.Errorf("nobody is elsewhere: %v", err)
	}
}

// TestMovesAtOnceEndInOneRoom: whatever number of pages join different rooms at the same time, one room has the user.
func TestMovesAtOnceEndInOneRoom(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
	const rooms, rounds = 8, 20
	for i := range rooms {
		create(t, s, fmt.Sprint("room", i))
	}
	for range rounds {
		var wg sync.WaitGroup
		pages := make([]*session, rooms)
		for i := range rooms {
			who := on("vera", "Web", fmt.Sprint(i))
			pages[i] = signIn(t, s, who)
			wg.Go(func() { enter(t, s, fmt.Sprint("room", i), who, pages[i]) })
		}
		wg.Wait()
		in := 0
		for i := range rooms {
			if n := s.Count(fmt.Sprint("room", i)).Members; n > 0 {
				in++
			}
		}
		if in != 1 {
			t.Fatalf("in %d rooms", in)
		}
		told := 0
		for _, page := range pages {
			told += len(page.departures())
		}
		if told != rooms-1 {
			t.Fatalf("%d pages were told", told)
		}
		for i, page := range pages {
			s.Leave(fmt.Sprint("room", i), page)
			s.SignOut("vera", page, chat.SignOutClosed)
		}
	}
}

func TestQuitting(t *testing.T) {
	devices := []string{"Web", "MiniProgram", "iOS", "Android"}
	for _, tc := range []struct {
		name string
		rule chat.Quit
		on   string
		goes string
	}{
		{"on the web, apps go too", chat.QuitApps, "Web", "iOS Android"},
		{"in a mini-program, apps go too", chat.QuitApps, "MiniProgram", "iOS Android"},
		{"on an app, nothing else goes", chat.QuitApps, "iOS", ""},
		{"everywhere", chat.QuitEverywhere, "iOS", "Web MiniProgram Android"},
		{"only there", chat.QuitDevice, "Web", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := start(t, chat.Config{Quit: tc.rule, CountEvery: time.Hour}, chat.NewMemory())
			create(t, s, "demo")
			other, _ := join(t, s, "demo", "otto")
			sessions := make(map[string]*session)
			for _, platform := range devices {
				who := on("vera", platform, platform)
				sessions[platform] = signIn(t, s, who)
				enter(t, s, "demo", who, sessions[platform])
			}
			if err := s.Quit(t.Context(), "demo", sessions[tc.on]); err != nil {
				t.Fatal(err)
			}
			for _, platform := range devices {
				goes := slices.Contains(strings.Fields(tc.goes), platform)
				if got := sessions[platform].departures(); (len(got) == 1 && got[0] == "left_elsewhere") != goes || len(got) > 1 {
					t.Errorf("%s was told %v", platform, got)
				}
				if in := sessions[platform].is(t, s, "demo"); in == (goes || platform == tc.on) {
					t.Errorf("%s is there: %v", platform, in)
				}
			}
			if !other.is(t, s, "demo") {
				t.Error("another user went")
			}
			if err := s.Quit(t.Context(), "demo", sessions[tc.on]); err != nil {
				t.Errorf("twice: %v", err)
			}
		})
	}
}

func TestAnOwnerCannotQuit(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
	create(t, s, "demo")
	desk, _ := join(t, s, "demo", "owner")
	if err := s.Quit(t.Context(), "demo", desk); !errors.Is(err, chat.ErrOwnerStays) {
		t.Errorf("quitting: %v", err)
	}
	if !desk.is(t, s, "demo") {
		t.Error("he went all the same")
	}
	s.Leave("demo", desk)
	if desk.is(t, s, "demo") {
		t.Error("his connection can't be detached")
	}
	guest := newSession("guest")
	enter(t, s, "demo", chat.Identity{User: "owner", Anonymous: true}, guest)
	if err := s.Quit(t.Context(), "demo", guest); err != nil || guest.is(t, s, "demo") {
		t.Errorf("a guest: %v", err)
	}
	if err := s.Quit(t.Context(), "nowhere", guest); !errors.Is(err, chat.ErrNoGroup) {
		t.Errorf("a group that is not: %v", err)
	}
}
