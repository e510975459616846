package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// founding is a chat whose groups are made as the program makes them.
func founding(t *testing.T, cfg chat.Config) *chat.Service {
	t.Helper()
	var s *chat.Service
	made := 0
	cfg.CountEvery, cfg.Words = time.Hour, filterFunc(func(text string) (string, bool) {
		return strings.ReplaceAll(text, "coffee", "***"), strings.Contains(text, "teapot")
	})
	cfg.Found = func(ctx context.Context, d chat.GroupDraft) (string, error) {
		made++
		if d.ID == "" {
			d.ID = fmt.Sprint("made", made)
		}
		return d.ID, s.Create(ctx, chat.Group{ID: d.ID, Room: fmt.Sprint("room", made), Owner: d.Owner, Name: d.Name, Notice: d.Notice})
	}
	s = start(t, cfg, chat.NewMemory())
	return s
}

type filterFunc func(string) (string, bool)

func (f filterFunc) Check(text string) (string, bool) { return f(text) }

func TestWhoMakesAGroupOwnsIt(t *testing.T) {
	s := founding(t, chat.Config{MembersFound: true})
	id, err := s.Found(t.Context(), named("vera"), chat.GroupDraft{
		ID: "tea", Name: "Tea", Notice: "coffee", Introduction: "all of coffee", Avatar: "https://h/a.png", Fields: map[string]string{"level": "3"},
	})
	if err != nil || id != "tea" {
		t.Fatal(id, err)
	}
	d, err := s.Describe(t.Context(), "tea")
	if err != nil || d.Owner != "vera" || d.Name != "Tea" || d.Notice != "***" || d.Settings.Introduction != "all of ***" || d.Settings.Avatar != "https://h/a.png" || d.Fields["level"] != "3" {
		t.Errorf("%+v, %v", d, err)
	}
	if id, err := s.Found(t.Context(), named("vera"), chat.GroupDraft{Name: "Bare"}); err != nil || id != "made2" {
		t.Error(id, err)
	}
	for _, c := range []struct {
		name string
		by   chat.Identity
		d    chat.GroupDraft
		want error
	}{
		{"the same again", named("vera"), chat.GroupDraft{ID: "tea", Name: "Tea"}, chat.ErrGroupOwned},
		{"another's", named("bob"), chat.GroupDraft{ID: "tea", Name: "Tea"}, chat.ErrGroupTaken},
		{"no name", named("bob"), chat.GroupDraft{}, chat.ErrParameter},
		{"bad id", named("bob"), chat.GroupDraft{ID: "中", Name: "x"}, chat.ErrGroupID},
		{"long introduction", named("bob"), chat.GroupDraft{Name: "x", Introduction: strings.Repeat("x", 241)}, chat.ErrParameter},
		{"long notice", named("bob"), chat.GroupDraft{Name: "x", Notice: strings.Repeat("x", 301)}, chat.ErrParameter},
		{"bad field", named("bob"), chat.GroupDraft{Name: "x", Fields: map[string]string{"a b": "x"}}, chat.ErrParameter},
		{"the server's field", named("bob"), chat.GroupDraft{Name: "x", Fields: map[string]string{"live_status": "x"}}, chat.ErrPermission},
		{"blocked name", named("bob"), chat.GroupDraft{Name: "teapot"}, chat.ErrBlocked},
		{"a guest", chat.Identity{User: "guest_x", Guest: true}, chat.GroupDraft{Name: "x"}, chat.ErrPermission},
		{"an anonymous guest", chat.Identity{User: "anon_x", Anonymous: true}, chat.GroupDraft{Name: "x"}, chat.ErrPermission},
	} {
		if id, err := s.Found(t.Context(), c.by, c.d); !errors.Is(err, c.want) {
			t.Errorf("%s: %q, %v", c.name, id, err)
		} else if named := (*chat.Error)(nil); c.d.ID != "" && errors.As(err, &named) && named.Field != "groupId" {
			t.Errorf("%s: the fault of %q", c.name, named.Field)
		}
	}
}

func TestAnAdministratorMakesGroupsForOthers(t *testing.T) {
	s := founding(t, chat.Config{MembersFound: true, Account: func(_ context.Context, user string) (chat.Identity, error) {
		if user == "nobody" {
			return chat.Identity{}, chat.ErrNoAccount
		}
		return named(user), nil
	}, Who: func(user string) chat.Identity {
		return chat.Identity{User: user, Guest: strings.HasPrefix(user, "guest_")}
	}})
	for _, c := range []struct {
		by    chat.Identity
		id    string
		owner string
		want  error
	}{
		{admin, "tea", "vera", nil},
		{admin, "tea", "vera", chat.ErrGroupOwned},
		{named("vera"), "tea", "", chat.ErrGroupOwned}, // who is no administrator owns what he makes
		{admin, "tea", "bob", chat.ErrGroupTaken},
		{admin, "tea", "", chat.ErrGroupTaken},
		{admin, "cake", "", nil},
		{admin, "cake", "", chat.ErrGroupOwned},
		{admin, "cake", chat.Administrator, chat.ErrGroupTaken},
		{admin, "more", "nobody", chat.ErrNoAccount},
		{admin, "more", "guest_x", chat.ErrParameter},
		{admin, "more", "b b", chat.ErrParameter},
		{named("vera"), "more", "bob", chat.ErrPermission},
		{named("vera"), "more", "vera", nil},
	} {
		id, err := s.Found(t.Context(), c.by, chat.GroupDraft{ID: c.id, Owner: c.owner, Name: "x"})
		if !errors.Is(err, c.want) || err == nil && id != c.id {
			t.Errorf("%s for %q by %s: %q, %v", c.id, c.owner, c.by.User, id, err)
		}
		if g, e := s.Group(t.Context(), c.id); err == nil && (e != nil || g.Owner != c.owner) {
			t.Errorf("%s belongs to %q, %v", c.id, g.Owner, e)
		}
	}
}

func TestGroupsAreMadeByTheManagementUnlessSaidOtherwise(t *testing.T) {
	s := founding(t, chat.Config{})
	if _, err := s.Found(t.Context(), named("vera"), chat.GroupDraft{Name: "x"}); !errors.Is(err, chat.ErrPermission) {
		t.Error(err)
	}
	for range 30 { // nor is it paced
		if _, err := s.Found(t.Context(), admin, chat.GroupDraft{Name: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	plain := start(t, chat.Config{MembersFound: true}, chat.NewMemory())
	if _, err := plain.Found(t.Context(), admin, chat.GroupDraft{Name: "x"}); !errors.Is(err, chat.ErrPermission) {
		t.Error(err)
	}
}

func TestOneUserMakesOnlySoManyGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := founding(t, chat.Config{MembersFound: true})
		count := func() (n int, err error) {
			for ; n < 50; n++ {
				if _, err = s.Found(t.Context(), named("vera"), chat.GroupDraft{Name: "x"}); err != nil {
					return n, err
				}
			}
			return n, nil
		}
		n, err := count()
		var e *chat.Error
		if n != 10 || !errors.Is(err, chat.ErrGroupRate) || !errors.As(err, &e) || !e.NextAt.Equal(time.Now().Add(6*time.Minute)) {
			t.Errorf("%d, then %v", n, err)
		}
		if _, err := s.Found(t.Context(), named("bob"), chat.GroupDraft{Name: "x"}); err != nil {
			t.Error(err)
		}
		time.Sleep(6 * time.Minute)
		if n, _ := count(); n != 1 {
			t.Errorf("%d six minutes later", n)
		}
		time.Sleep(time.Hour)
		if n, _ := count(); n != 10 {
			t.Errorf("%d an hour later", n)
		}
	})
}

func TestTheOwnerDismissesHisGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		j := &acts{}
		cfg := chat.Config{CountEvery: time.Hour, Journal: j}
		cfg.Disband = func(_ context.Context, by chat.Identity, g chat.Group) error {
			asked = append(asked, by.User+" "+g.ID+" "+g.Room)
			return nil
		}
		s := start(t, cfg, chat.NewMemory())
		create(t, s, "r")
		if err := s.SetRole(t.Context(), "r", named("owner"), "mod", chat.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		for _, who := range []chat.Identity{named("ann"), named("mod"), {User: "anon_x", Anonymous: true}} {
			if err := s.Disband(t.Context(), "r", who); !errors.Is(err, chat.ErrPermission) {
				t.Errorf("%s: %v", who.User, err)
			}
		}
		for _, who := range []chat.Identity{named("owner"), admin} {
			if err := s.Disband(t.Context(), "r", who); err != nil {
				t.Errorf("%s: %v", who.User, err)
			}
		}
		if want := []string{"owner r r", "administrator r r"}; !slices.Equal(asked, want) {
			t.Errorf("asked %v", asked)
		}
		if got := j.lines(); !slices.Equal(got, []string{"role mod ", "dismiss  ", "dismiss  "}) {
			t.Errorf("recorded %q", got)
		}
		if err := s.Disband(t.Context(), "nowhere", admin); !errors.Is(err, chat.ErrNoGroup) {
			t.Error(err)
		}
		plain := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
		create(t, plain, "r")
		ann, _ := join(t, plain, "r", "ann")
		if err := plain.Disband(t.Context(), "r", named("owner")); err != nil || len(ann.events("dismissed")) != 1 {
			t.Error(err)
		}
	})
}

// TestWhoDoesTooMuchMakesNoGroup: it would be there without what he may not set now.
func TestWhoDoesTooMuchMakesNoGroup(t *testing.T) {
	s := founding(t, chat.Config{MembersFound: true, Journal: &busyJournal{until: time.Now().Add(time.Minute)}})
	if id, err := s.Found(t.Context(), named("vera"), chat.GroupDraft{ID: "tea", Name: "Tea", Introduction: "all of tea"}); id != "" || !errors.Is(err, chat.ErrActPace) {
		t.Errorf("%q, %v", id, err)
	}
	if _, err := s.Group(t.Context(), "tea"); !errors.Is(err, chat.ErrNoGroup) {
		t.Errorf("and yet made: %v", err)
	}
}

// tiredJournal has enough of everybody after one act.
type tiredJournal struct{ acts }

func (j *tiredJournal) Busy(chat.Identity) (until time.Time) {
	if len(j.lines()) > 0 {
		return time.Now().Add(time.Minute)
	}
	return until
}

// TestAGroupThatWasMadeIsWhole, though making it was the last act that its maker may do for now.
func TestAGroupThatWasMadeIsWhole(t *testing.T) {
	s := founding(t, chat.Config{MembersFound: true, Journal: &tiredJournal{}})
	if _, err := s.Found(t.Context(), named("vera"), chat.GroupDraft{ID: "tea", Name: "Tea", Introduction: "all of tea", Fields: map[string]string{"level": "3"}}); err != nil {
		t.Errorf("made: %v", err)
	}
	if d, err := s.Describe(t.Context(), "tea"); err != nil || d.Settings.Introduction != "all of tea" || d.Fields["level"] != "3" {
		t.Errorf("%+v, %v", d, err)
	}
}
