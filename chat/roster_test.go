package chat_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

func names(page []chat.Member) (all []string) {
	for _, m := range page {
		all = append(all, m.User)
	}
	return all
}

func TestTheNewestMembersAreListedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
		create(t, s, "r")
		began := time.Now()
		var first *session
		for i, user := range []string{"ann", "owner", "bob", "cid"} {
			sess, _ := join(t, s, "r", user)
			if i == 0 {
				first = sess
			}
			pass(time.Minute)
		}
		if _, err := s.Mute(t.Context(), "r", named("owner"), "bob", time.Hour, ""); err != nil {
			t.Fatal(err)
		}
		if err := s.SetRole(t.Context(), "r", named("owner"), "cid", chat.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		muted := time.Now().Add(time.Hour)
		// A second device changes nothing; whoever has gone and come back is the newest.
		if _, err := s.Join(t.Context(), "r", named("owner"), newSession("phone"), nil); err != nil {
			t.Fatal(err)
		}
		s.Leave("r", first)
		pass(time.Minute)
		join(t, s, "r", "ann")
		page, next, err := s.Members(t.Context(), "r", named("bob"), "", 0)
		if err != nil || next != "" || !slices.Equal(names(page), []string{"ann", "cid", "bob", "owner"}) {
			t.Fatalf("%v, %q, %v", names(page), next, err)
		}
		want := []chat.Member{
			{User: "ann", Nick: "Nick ann", Role: chat.RoleMember, JoinedAt: began.Add(5 * time.Minute)},
			{User: "cid", Nick: "Nick cid", Role: chat.RoleAdmin, JoinedAt: began.Add(3 * time.Minute)},
			{User: "bob", Nick: "Nick bob", Role: chat.RoleMember, JoinedAt: began.Add(2 * time.Minute)},
			{User: "owner", Nick: "Nick owner", Role: chat.RoleOwner, JoinedAt: began.Add(time.Minute)},
		}
		for i, m := range page {
			until := m.MutedUntil
			m.MutedUntil = time.Time{}
			if !m.JoinedAt.Equal(want[i].JoinedAt) {
				t.Errorf("%s joined at %s", m.User, m.JoinedAt)
			}
			m.JoinedAt = want[i].JoinedAt
			if m != want[i] {
				t.Errorf("%+v, want %+v", m, want[i])
			}
			if (m.User == "bob") == until.IsZero() || m.User == "bob" && until.Sub(muted).Abs() > time.Second {
				t.Errorf("%s is muted until %s", m.User, until)
			}
		}
	})
}

func TestTheListGoesBackOnlySoFar(t *testing.T) {
	s := start(t, chat.Config{MemberList: 25, CountEvery: time.Hour}, chat.NewMemory())
	create(t, s, "r")
	var all []*session
	for i := range 100 {
		sess, _ := join(t, s, "r", fmt.Sprint("u", i))
		all = append(all, sess)
	}
	var got []string
	for next, pages := "", 0; ; pages++ {
		page, more, err := s.Members(t.Context(), "r", named("u3"), next, 10)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, names(page)...)
		if n, err := strconv.ParseInt(more, 10, 64); more != "" && (err != nil || n >= 1<<53) {
			t.Fatalf("next is %q: a number that every program can hold is wanted", more)
		}
		if next = more; next == "" {
			if pages != 2 {
				t.Errorf("%d pages", pages+1)
			}
			break
		}
	}
	var want []string
	for i := 99; i >= 75; i-- {
		want = append(want, fmt.Sprint("u", i))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	// Who leaves makes room for those before him, wherever in the list he stood.
	for _, i := range []int{99, 90, 50, 0} {
		s.Leave("r", all[i])
	}
	page, _, err := s.Members(t.Context(), "r", named("u3"), "", 500)
	if err != nil || len(page) != 25 || page[0].User != "u98" || page[24].User != "u73" {
		t.Errorf("%v, %v", names(page), err)
	}
	for i, sess := range all {
		if i != 1 {
			s.Leave("r", sess)
		}
	}
	if page, next, err := s.Members(t.Context(), "r", named("u1"), "", 1); err != nil || next != "" || len(page) != 1 || page[0].User != "u1" {
		t.Errorf("%v, %q, %v", names(page), next, err)
	}
}

func TestWhoMaySeeTheMembers(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
	create(t, s, "r")
	guest := chat.Identity{User: "anon_x", Anonymous: true}
	if _, err := s.Join(t.Context(), "r", guest, newSession("guest"), nil); err != nil {
		t.Fatal(err)
	}
	join(t, s, "r", "ann")
	for _, c := range []struct {
		who  chat.Identity
		next string
		want error
	}{
		{named("ann"), "", nil},
		{named("owner"), "", nil}, // who looks after it need not be there
		{admin, "", nil},
		{named("bob"), "", chat.ErrPermission},
		{guest, "", chat.ErrPermission},
		{named("ann"), "x", chat.ErrParameter},
		{named("ann"), "-1", chat.ErrParameter},
	} {
		page, _, err := s.Members(t.Context(), "r", c.who, c.next, 0)
		if !errors.Is(err, c.want) || err == nil && !slices.Equal(names(page), []string{"ann"}) {
			t.Errorf("%s %q: %v, %v", c.who.User, c.next, names(page), err)
		}
	}
	if _, _, err := s.Members(t.Context(), "r", admin, "", -1); !errors.Is(err, chat.ErrParameter) {
		t.Error(err)
	}
	if _, _, err := s.Members(t.Context(), "nowhere", admin, "", 0); !errors.Is(err, chat.ErrNoGroup) {
		t.Error(err)
	}
}
