package chat_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// tip is what one event of comings and goings says.
type tip struct {
	Joined, Left []struct{ User, Nick, Avatar string }
	Members      int
}

// told returns the tips a session got, as "+user" and "-user", and how many there were last.
func told(t *testing.T, s *session) (all []string, members int) {
	t.Helper()
	for _, e := range s.events("tips") {
		if !e.Lossy {
			t.Error("a tip must not cost a slow session its place")
		}
		var one tip
		if err := json.Unmarshal(e.Data, &one); err != nil || one.Joined == nil || one.Left == nil {
			t.Fatalf("%v in %s", err, e.Data)
		}
		for _, u := range one.Joined {
			all = append(all, "+"+u.User)
			if u.Nick != "Nick "+u.User {
				t.Errorf("%s is called %q", u.User, u.Nick)
			}
		}
		for _, u := range one.Left {
			all = append(all, "-"+u.User)
		}
		members = one.Members
	}
	return all, members
}

func saw(t *testing.T, s *session, members int, want ...string) {
	t.Helper()
	got, n := told(t, s)
	if !slices.Equal(got, want) || n != members {
		t.Errorf("%s was told %v of %d, want %v of %d", s.id, got, n, want, members)
	}
}

// pass lets time go by and everything happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestMembersAreToldWhoComesAndGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{Tips: 10, CountEvery: time.Hour}, chat.NewMemory())
		create(t, s, "r")
		ann, _ := join(t, s, "r", "ann")
		pass(time.Second)
		saw(t, ann, 1, "+ann") // who joins gets his own
		bob, _ := join(t, s, "r", "bob")
		pass(time.Second)
		saw(t, bob, 2, "+bob")
		s.Leave("r", bob)
		pass(4 * time.Second)
		saw(t, ann, 2, "+ann", "+bob")
		pass(2 * time.Second)
		saw(t, ann, 1, "+ann", "+bob", "-bob")
		if j := s.Stats(); j.Told != 3 || j.Untold != 0 {
			t.Errorf("%+v", j)
		}
		if h, err := s.History(t.Context(), "r", 0); err != nil || len(h) != 0 {
			t.Errorf("tips in the history: %v, %v", h, err)
		}
	})
}

func TestASecondDeviceAndAReloadMakeNoNoise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{Tips: 10, CountEvery: time.Hour}, chat.NewMemory())
		create(t, s, "r")
		ann, _ := join(t, s, "r", "ann")
		bob, _ := join(t, s, "r", "bob")
		pass(time.Second)
		phone := newSession("bob's phone")
		if _, err := s.Join(t.Context(), "r", named("bob"), phone, nil); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Second)
		s.Leave("r", bob)
		pass(10 * time.Second)
		s.Leave("r", phone)
		pass(4 * time.Second)
		if bob, _ = join(t, s, "r", "bob"); bob == nil {
			t.Fatal("not back")
		}
		pass(10 * time.Second)
		saw(t, ann, 2, "+ann", "+bob")
	})
}

// TestARestartMakesNoNoise: all come back at once, and were there before.
func TestARestartMakesNoNoise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := chat.NewMemory()
		s, stop := startStop(t, chat.Config{Tips: 10, CountEvery: time.Hour}, store)
		create(t, s, "r")
		_, j := join(t, s, "r", "ann")
		pass(time.Second)
		stop()
		s = start(t, chat.Config{Tips: 10, CountEvery: time.Hour}, store)
		back := func(user string) *session {
			sess := newSession(user)
			if _, err := s.Join(t.Context(), "r", named(user), sess, &chat.Position{Epoch: j.Epoch, Seq: j.Seq}); err != nil {
				t.Fatal(err)
			}
			return sess
		}
		ann := back("ann")
		bob := back("bob")
		pass(time.Second)
		join(t, s, "r", "new")
		pass(time.Second)
		saw(t, ann, 3, "+new")
		nameless := chat.Identity{User: "anon_1", Anonymous: true, Watch: "w"}
		first := newSession("anon_1")
		enter(t, s, "r", nameless, first)
		s.Leave("r", first)
		carl := named("carl") // is the same, and says now who he is
		carl.Watch = "w"
		if _, err := s.Join(t.Context(), "r", carl, newSession("carl"), &chat.Position{Epoch: j.Epoch, Seq: j.Seq}); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		saw(t, ann, 4, "+new", "+carl")
		s.Leave("r", bob)
		pass(time.Hour)
		back("bob")
		pass(time.Second)
		saw(t, ann, 4, "+new", "+carl", "-bob", "+bob")
	})
}

func TestPeopleWithoutANameAreNotAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{Tips: 10, CountEvery: time.Hour}, chat.NewMemory())
		create(t, s, "r")
		ann, _ := join(t, s, "r", "ann")
		pass(time.Second)
		guest := newSession("guest")
		if _, err := s.Join(t.Context(), "r", chat.Identity{User: "anon_x", Anonymous: true}, guest, nil); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		s.Leave("r", guest)
		pass(10 * time.Second)
		saw(t, ann, 1, "+ann")
	})
}

func TestALargeRoomIsToldNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{Tips: 3, CountEvery: time.Hour}, chat.NewMemory())
		create(t, s, "r")
		ann, _ := join(t, s, "r", "ann")
		var crowd []*session
		for i := range 200 {
			sess, _ := join(t, s, "r", fmt.Sprint("u", i))
			crowd = append(crowd, sess)
		}
		pass(10 * time.Second)
		for _, sess := range crowd {
			s.Leave("r", sess)
		}
		pass(time.Second)
		saw(t, ann, 0)
		if st := s.Stats(); st.Told != 0 || st.Untold != 3+198+197 {
			t.Errorf("told %d, untold %d", st.Told, st.Untold)
		}
		pass(10 * time.Second) // the last three left a room that was small by then
		if got, n := told(t, ann); len(got) != 3 || n != 1 {
			t.Errorf("told %v of %d", got, n)
		}
	})
}

func TestWhoIsKickedDoesNotAlsoLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{Tips: 10, CountEvery: time.Hour}, chat.NewMemory())
		create(t, s, "r")
		ann, _ := join(t, s, "r", "ann")
		join(t, s, "r", "bob")
		pass(time.Second)
		if err := s.Kick(t.Context(), "r", named("owner"), []string{"bob"}, ""); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Second)
		saw(t, ann, 2, "+ann", "+bob")
		join(t, s, "r", "bob")
		pass(time.Second)
		saw(t, ann, 2, "+ann", "+bob", "+bob")
	})
}

// TestWhoIsSentOutIsAnnouncedNoMore: neither his coming, which nobody was told of yet, nor his going a moment before.
func TestWhoIsSentOutIsAnnouncedNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{Tips: 10, CountEvery: time.Hour}, chat.NewMemory())
		create(t, s, "r")
		ann, _ := join(t, s, "r", "ann")
		gone, _ := join(t, s, "r", "gone")
		pass(time.Second)
		join(t, s, "r", "kicked")
		join(t, s, "r", "banned")
		if err := s.Kick(t.Context(), "r", named("owner"), []string{"kicked"}, ""); err != nil {
			t.Fatal(err)
		}
		s.Leave("r", gone)
		if _, err := s.Ban(t.Context(), "r", named("owner"), chat.Ban{Users: []string{"banned", "gone"}, For: chat.Forever}); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Second)
		saw(t, ann, 2, "+ann", "+gone")
	})
}

func TestACrowdIsAnnouncedInPortions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{Tips: 200, CountEvery: time.Hour}, chat.NewMemory())
		create(t, s, "r")
		ann, _ := join(t, s, "r", "ann")
		for i := range 119 {
			join(t, s, "r", fmt.Sprint("u", i))
		}
		pass(2 * time.Second)
		events := ann.events("tips")
		if got, n := told(t, ann); len(events) != 3 || len(got) != 120 || n != 120 {
			t.Errorf("%d events told of %d people in a room of %d", len(events), len(got), n)
		}
		for i, e := range events[1:] {
			if e.Version <= events[i].Version {
				t.Errorf("versions do not grow: %d after %d", e.Version, events[i].Version)
			}
		}
	})
}

func TestNobodyIsToldUnlessItIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
		create(t, s, "r")
		ann, _ := join(t, s, "r", "ann")
		bob, _ := join(t, s, "r", "bob")
		s.Leave("r", bob)
		pass(10 * time.Second)
		saw(t, ann, 0)
	})
}
