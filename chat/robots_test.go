package chat_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

func TestRobotsCountForThreeDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, journal := chat.NewMemory(), &acts{}
		cfg := chat.Config{Journal: journal, Account: func(_ context.Context, user string) (chat.Identity, error) {
			if user == "nobody" {
				return chat.Identity{}, chat.ErrNoAccount
			}
			return named(user), nil
		}}
		s, stop := startStop(t, cfg, store)
		create(t, s, "r")
		create(t, s, "still")
		bob, _ := join(t, s, "r", "bob")
		for _, group := range []string{"r", "still"} {
			if err := s.AddRobots(t.Context(), group, admin, []string{"r1", "r2", "bob", "r1"}); err != nil {
				t.Fatal(err)
			}
		}
		is := func(what, group string, members int, list ...string) {
			t.Helper()
			page, _, err := s.Members(t.Context(), group, admin, "", 0)
			got := names(page)
			slices.Sort(got)
			if n := s.Count(group); n.Members != members || n.Online != members || !slices.Equal(got, list) || err != nil {
				t.Errorf("%s: %+v and %v, %v", what, n, got, err)
			}
		}
		is("with robots", "r", 3, "bob", "r1", "r2")
		page, _, err := s.Marked(t.Context(), "r", admin, chat.MarkRobot, "", 0)
		if err != nil || len(page) != 3 || !slices.ContainsFunc(page, func(m chat.Member) bool { return m.User == "r1" && m.Nick == "Nick r1" }) {
			t.Errorf("robots are %+v, %v", page, err)
		}
		there, err := s.Present(t.Context(), "r", []string{"r2", "cid"})
		if d, e := s.Describe(t.Context(), "r"); err != nil || e != nil || !slices.Equal(there, []string{"r2"}) || d.Count.Members != 3 {
			t.Errorf("there is %v, %v; %+v, %v", there, err, d.Count, e)
		}
		asked := []string{"r1", "bob", "cid"}
		if are, err := s.Robots(t.Context(), "r", asked); err != nil || !maps.Equal(are, map[string]bool{"r1": true, "bob": true}) {
			t.Errorf("robots of some are %v, %v", are, err)
		}
		// Who is a robot and there too is one, and counts when he has gone.
		s.Leave("r", bob)
		is("when bob went", "r", 3, "bob", "r1", "r2")
		if _, err := s.Send(t.Context(), chat.Message{Group: "r", Body: text("hi")}, named("bob")); !errors.Is(err, chat.ErrPermission) {
			t.Errorf("bob speaks without being there: %v", err)
		}
		join(t, s, "r", "bob")
		is("when bob is back", "r", 3, "bob", "r1", "r2")
		if err := s.RemoveRobots(t.Context(), "r", admin, []string{"bob", "r2", "cid"}); err != nil {
			t.Fatal(err)
		}
		is("without two of them", "r", 2, "bob", "r1")
		s.Renamed("r1", "Robbie", "")
		if page, _, _ := s.Marked(t.Context(), "r", admin, chat.MarkRobot, "", 0); len(page) != 1 || page[0].Nick != "Robbie" {
			t.Errorf("renamed it is %+v", page)
		}
		pass(time.Hour)
		is("although nobody is there", "still", 3, "bob", "r1", "r2")
		stop()

		s = start(t, cfg, store)
		synctest.Wait()
		is("after a restart", "r", 1, "r1")
		if n := s.Count("still").Members; n != 3 { // nobody asked for more of this group
			t.Errorf("after a restart %d are still there", n)
		}
		join(t, s, "still", "bob")
		pass(71 * time.Hour)
		is("after three days", "r", 0)
		if are, err := s.Robots(t.Context(), "still", asked); err != nil || len(are) != 0 {
			t.Errorf("after three days robots are %v, %v", are, err)
		}
		is("bob is there himself", "still", 1, "bob")
		if got := journal.lines(); len(got) != 3+3+3 || got[0] != "robots_add r1 " || got[8] != "robots_remove cid " {
			t.Errorf("kept are %q", got)
		}
	})
}

func TestWhoMayHaveRobots(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour, Account: func(_ context.Context, user string) (chat.Identity, error) {
		if user == "nobody" {
			return chat.Identity{}, chat.ErrNoAccount
		}
		return named(user), nil
	}}, chat.NewMemory())
	create(t, s, "r")
	many := make([]string, 1001)
	for i := range many {
		many[i] = fmt.Sprint("r", i)
	}
	for _, tc := range []struct {
		name  string
		by    chat.Identity
		users []string
		want  error
	}{
		{"the owner", named("owner"), []string{"r1"}, chat.ErrPermission},
		{"no account", admin, []string{"r1", "nobody"}, chat.ErrNoAccount},
		{"none", admin, nil, chat.ErrParameter},
		{"501 at once", admin, many[:501], chat.ErrTooManyUsers},
		{"500", admin, many[:500], nil},
		{"1000", admin, many[500:1000], nil},
		{"1001", admin, many[1000:], chat.ErrTooManyRobots},
		{"one of them again", admin, many[:1], nil},
	} {
		if err := s.AddRobots(t.Context(), "r", tc.by, tc.users); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if n := s.Count("r").Members; n != 1000 {
		t.Errorf("%d are counted", n)
	}
	if err := s.RemoveRobots(t.Context(), "r", named("owner"), []string{"r1"}); !errors.Is(err, chat.ErrPermission) {
		t.Errorf("taken out by the owner: %v", err)
	}
	if err := s.AddRobots(t.Context(), "gone", admin, []string{"r1"}); !errors.Is(err, chat.ErrNoGroup) {
		t.Errorf("in a group that is not: %v", err)
	}
}
