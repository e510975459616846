package chat_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/chattest"
)

// known is what an account's id tells, as the program has it.
func known(user string) chat.Identity {
	return chat.Identity{
		User: user, Admin: user == chat.Administrator || user == "root",
		Guest: strings.HasPrefix(user, "guest_"), Anonymous: strings.HasPrefix(user, "anon_"),
	}
}

func TestWhoMayDoWhatToWhom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{CountEvery: time.Hour, Who: known}, chat.NewMemory())
		chattest.Permissions(t, s, chattest.Cast(), func(act string, by, on chattest.Person) string {
			return nameOf(t, chattest.Act(t.Context(), s, known(by.User), act, on.User))
		})
	})
}

// nameOf is the name of a refusal, empty for none.
func nameOf(t *testing.T, err error) string {
	t.Helper()
	var refused *chat.Error
	if err != nil && !errors.As(err, &refused) {
		t.Fatal(err)
	}
	if refused == nil {
		return ""
	}
	return refused.Name
}

// TestRolesComeAndGo: with the event, over a restart, for who is there at once, and at most five.
func TestRolesComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := chat.NewMemory()
		s, stop := startStop(t, chat.Config{CountEvery: time.Hour}, store)
		create(t, s, "demo")
		alice, _ := join(t, s, "demo", "alice")
		role := func(by chat.Identity, user string, r chat.Role) error {
			return s.SetRole(t.Context(), "demo", by, user, r)
		}
		if err := role(owner, "bob", chat.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		if err := role(owner, "bob", chat.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		if e := alice.events("role"); len(e) != 1 || string(e[0].Data) != `{"user":"bob","role":"Admin","by":"owner"}` {
			t.Errorf("alice was told %v", e)
		}
		if _, err := s.Mute(t.Context(), "demo", named("bob"), "alice", time.Minute, ""); err != nil {
			t.Errorf("a fresh administrator: %v", err)
		}
		if err := s.SetOwner(t.Context(), "demo", "Renamed", "olga"); err != nil {
			t.Fatal(err)
		}
		if p, err := s.Admins(t.Context(), "demo", named("bob")); err != nil || p.Owner != "olga" || p.Name != "Renamed" || len(p.Admins) != 1 || p.Admins[0] != "bob" {
			t.Errorf("after another owner came: %+v, %v", p, err)
		}
		for _, user := range []string{"a", "b", "c", "d"} {
			if err := role(named("olga"), user, chat.RoleAdmin); err != nil {
				t.Fatal(err)
			}
		}
		if err := role(named("olga"), "e", chat.RoleAdmin); !errors.Is(err, chat.ErrTooManyAdmins) {
			t.Errorf("a sixth: %v", err)
		}
		stop()
		s = start(t, chat.Config{CountEvery: time.Hour}, store)
		if _, j := join(t, s, "demo", "bob"); j.Role != chat.RoleAdmin {
			t.Errorf("after a restart bob is %s", j.Role)
		}
		if err := s.SetRole(t.Context(), "demo", named("olga"), "bob", chat.RoleMember); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Mute(t.Context(), "demo", named("bob"), "alice", 0, ""); !errors.Is(err, chat.ErrPermission) {
			t.Errorf("a former administrator: %v", err)
		}
		if _, err := s.Admins(t.Context(), "demo", named("alice")); !errors.Is(err, chat.ErrPermission) {
			t.Errorf("a member asks for the administrators: %v", err)
		}
	})
}

func TestRolesAreGivenToAllOrNone(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour, Who: known}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	give := func(role chat.Role, users ...string) error {
		return s.SetRoles(t.Context(), "demo", owner, users, role)
	}
	if err := give(chat.RoleAdmin, "a", "b", "a", "c"); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		users []string
		want  error
	}{
		{[]string{"d", "e", "f"}, chat.ErrTooManyAdmins},
		{[]string{"d", "owner"}, chat.ErrParameter},
		{[]string{"d", "root"}, chat.ErrPermission},
		{[]string{"d", "guest_x"}, chat.ErrParameter},
		{[]string{"d", "a b"}, chat.ErrParameter},
		{[]string{"1", "2", "3", "4", "5", "6"}, chat.ErrTooManyUsers},
		{nil, chat.ErrParameter},
	} {
		if err := give(chat.RoleAdmin, tc.users...); !errors.Is(err, tc.want) {
			t.Errorf("%v: %v, want %v", tc.users, err, tc.want)
		}
	}
	if err := give(chat.RoleMember, "b", "nobody", "a"); err != nil {
		t.Fatal(err)
	}
	if p, err := s.Admins(t.Context(), "demo", owner); err != nil || len(p.Admins) != 1 || p.Admins[0] != "c" {
		t.Errorf("%v, %v", p.Admins, err)
	}
	var told []string
	for _, e := range alice.events("role") {
		told = append(told, string(e.Data))
	}
	if want := `{"user":"a","role":"Admin","by":"owner"} {"user":"b","role":"Admin","by":"owner"} {"user":"c","role":"Admin","by":"owner"} ` +
		`{"user":"b","role":"Member","by":"owner"} {"user":"a","role":"Member","by":"owner"}`; strings.Join(told, " ") != want {
		t.Errorf("members were told %s", told)
	}
}

// TestABannedAdministratorLooksAfterNothing until the ban is lifted: acting needs no joining, so being kept out alone would
// leave him every power.
func TestABannedAdministratorLooksAfterNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
		create(t, s, "demo")
		join(t, s, "demo", "alice")
		seq := send(t, s, "demo", "alice", "hello").Seq
		bob, muted := named("bob"), true
		if err := s.SetRole(t.Context(), "demo", owner, "bob", chat.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Ban(t.Context(), "demo", owner, chat.Ban{Users: []string{"bob"}, For: time.Hour}); err != nil {
			t.Fatal(err)
		}
		acts := map[string]func() error{
			"mute":   func() error { _, err := s.Mute(t.Context(), "demo", bob, "vera", time.Minute, ""); return err },
			"kick":   func() error { return s.Kick(t.Context(), "demo", bob, []string{"vera"}, "") },
			"unban":  func() error { return s.Unban(t.Context(), "demo", bob, []string{"vera"}) },
			"bans":   func() error { _, _, err := s.Bans(t.Context(), "demo", bob, "", 0); return err },
			"admins": func() error { _, err := s.Admins(t.Context(), "demo", bob); return err },
			"members": func() error {
				_, _, err := s.Members(t.Context(), "demo", bob, "", 0)
				return err
			},
			"notify": func() error { return s.Notify(t.Context(), "demo", bob, "hello") },
			"notice": func() error { return s.SetNotice(t.Context(), "demo", bob, "hello") },
			"change": func() error {
				return s.Change(t.Context(), "demo", bob, chat.GroupPatch{Settings: chat.SettingsPatch{MuteAll: &muted}})
			},
			"fields": func() error { return s.SetFields(t.Context(), "demo", bob, map[string]string{"k": "v"}) },
			"attributes": func() error {
				_, err := s.WriteAttributes(t.Context(), "demo", bob, chat.AttributeChange{Op: chat.SetAttribute, Set: map[string]string{"k": "v"}})
				return err
			},
			"counters": func() error {
				_, err := s.SetCounters(t.Context(), "demo", bob, map[string]chat.Number{"k": 1})
				return err
			},
			"verdict": func() error { return s.Verdict(t.Context(), "demo", bob, seq, false, "") },
		}
		for act, try := range acts {
			if err := try(); !errors.Is(err, chat.ErrBanned) {
				t.Errorf("%s while banned: %v", act, err)
			}
		}
		if err := s.Recall(t.Context(), "demo", bob, seq, ""); !errors.Is(err, chat.ErrPermission) {
			t.Errorf("recall of another's message while banned: %v", err)
		}
		if err := s.Unban(t.Context(), "demo", owner, []string{"bob"}); err != nil {
			t.Fatal(err)
		}
		for act, try := range acts {
			if err := try(); err != nil {
				t.Errorf("%s afterwards: %v", act, err)
			}
		}
	})
}
