package chat_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

func setProfile(t *testing.T, s *chat.Service, p chat.Profile) {
	t.Helper()
	if err := s.SetProfile(t.Context(), "demo", p); err != nil {
		t.Fatalf("set profile %+v: %v", p, err)
	}
}

// mayWrite says whether a member may write an attribute; any other error than a refusal ends the test.
func mayWrite(t *testing.T, s *chat.Service, user string) bool {
	t.Helper()
	err := s.SetAttributes(t.Context(), "demo", named(user), map[string]string{"by": user})
	if err != nil && !errors.Is(err, chat.ErrPermission) {
		t.Fatalf("%s writes: %v", user, err)
	}
	return err == nil
}

func TestProfileReachesMembers(t *testing.T) {
	store := chat.NewMemory()
	s := start(t, chat.Config{}, store)
	create(t, s, "demo")
	alice, j := join(t, s, "demo", "alice")
	if j.Profile.Name != "A room" || j.Profile.Owner != "owner" || j.ProfileVersion != 0 {
		t.Errorf("before any change: %+v, version %d", j.Profile, j.ProfileVersion)
	}
	renamed := chat.Profile{Name: "Tee <&> 茶", Owner: "anna", Admins: []string{"helper"}}
	for _, step := range []struct {
		name    string
		profile chat.Profile
		version uint64
		data    string // of the event; none if nothing changed
	}{
		{"as it is", chat.Profile{Name: "A room", Owner: "owner"}, 0, ""},
		{"all new", renamed, 1, `{"name":"Tee \u003c\u0026\u003e 茶","owner":"anna"}`},
		{"again", renamed, 1, ""},
		{"administrators only", chat.Profile{Name: renamed.Name, Owner: "anna"}, 2, `{"name":"Tee \u003c\u0026\u003e 茶","owner":"anna"}`},
		{"no owner", chat.Profile{Name: "x"}, 3, `{"name":"x","owner":""}`},
	} {
		before := len(alice.events("profile"))
		setProfile(t, s, step.profile)
		events := alice.events("profile")[before:]
		if step.data == "" && len(events) != 0 {
			t.Errorf("%s: nothing changed, yet members were told %s", step.name, events[0].Data)
		}
		if step.data != "" && (len(events) != 1 || events[0].Version != step.version || string(events[0].Data) != step.data) {
			t.Errorf("%s: members were told %+v", step.name, events)
		}
		since := chat.Position{Epoch: j.Epoch, Seq: j.Seq}
		again, err := s.Join(t.Context(), "demo", named("alice"), alice, &since)
		if err != nil || !again.Complete || !again.Profile.Equal(step.profile) || again.ProfileVersion != step.version {
			t.Errorf("%s: resumed with %+v, version %d, %v", step.name, again.Profile, again.ProfileVersion, err)
		}
		if g, err := s.Group(t.Context(), "demo"); err != nil || !g.Profile().Equal(step.profile) {
			t.Errorf("%s: group is %+v, %v", step.name, g, err)
		}
	}
	other := start(t, chat.Config{}, store) // as after a restart
	if _, j := join(t, other, "demo", "alice"); j.Profile.Name != "x" || j.ProfileVersion != 3 {
		t.Errorf("after a restart: %+v, version %d", j.Profile, j.ProfileVersion)
	}
}

func TestRolesChangeOnTheOpenSession(t *testing.T) {
	s := start(t, chat.Config{AttributeWrites: 1000}, chat.NewMemory())
	create(t, s, "demo")
	for _, user := range []string{"owner", "anna", "helper"} {
		join(t, s, "demo", user)
	}
	for _, step := range []struct {
		name    string
		profile chat.Profile
		may     []string
	}{
		{"as created", chat.Profile{Name: "A room", Owner: "owner"}, []string{"owner"}},
		{"another owner", chat.Profile{Owner: "anna"}, []string{"anna"}},
		{"with an administrator", chat.Profile{Owner: "anna", Admins: []string{"helper"}}, []string{"anna", "helper"}},
		{"the former as administrator", chat.Profile{Owner: "helper", Admins: []string{"anna"}}, []string{"anna", "helper"}},
		{"nobody", chat.Profile{}, nil},
		{"and back", chat.Profile{Owner: "owner"}, []string{"owner"}},
	} {
		setProfile(t, s, step.profile)
		for _, user := range []string{"owner", "anna", "helper"} {
			want := slices.Contains(step.may, user)
			if got := mayWrite(t, s, user); got != want {
				t.Errorf("%s: %s may write: %v", step.name, user, got)
			}
			err := s.SetNotice(t.Context(), "demo", named(user), "by "+user+" "+step.name)
			if (err == nil) != want {
				t.Errorf("%s: %s sets the notice: %v", step.name, user, err)
			}
		}
	}
}

// TestProfileIsNotTheCallers: what was given may be reused.
func TestProfileIsNotTheCallers(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	admins := []string{"helper"}
	setProfile(t, s, chat.Profile{Owner: "owner", Admins: admins})
	admins[0] = "mallory"
	join(t, s, "demo", "mallory")
	if mayWrite(t, s, "mallory") || !mayWrite(t, s, "helper") {
		t.Error("the caller's slice decides who is an administrator")
	}
}

// slow is a store whose profiles take until they are let through.
type slow struct {
	chat.Store
	asked, through chan struct{}
	lost           bool // stored, but the answer does not come back
}

func (s *slow) PutProfile(ctx context.Context, group string, p chat.Profile) (uint64, error) {
	if s.asked != nil {
		s.asked <- struct{}{}
		<-s.through
	}
	version, err := s.Store.PutProfile(ctx, group, p)
	if s.lost {
		return 0, errDisk
	}
	return version, err
}

// TestQueuedWriteOfAFormerOwner: a write that was allowed when it came, but waits behind the change of owner, is refused.
func TestQueuedWriteOfAFormerOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{Store: chat.NewMemory(), asked: make(chan struct{}), through: make(chan struct{})}
		s := start(t, chat.Config{}, store)
		create(t, s, "demo")
		alice, _ := join(t, s, "demo", "alice")
		join(t, s, "demo", "owner")
		changed := make(chan error)
		go func() { changed <- s.SetProfile(t.Context(), "demo", chat.Profile{Owner: "anna"}) }()
		<-store.asked
		calls := map[string]func() error{
			"attributes": func() error {
				return s.SetAttributes(t.Context(), "demo", named("owner"), map[string]string{"a": "1"})
			},
			"fields": func() error { return s.SetFields(t.Context(), "demo", named("owner"), map[string]string{"a": "1"}) },
			"notice": func() error { return s.SetNotice(t.Context(), "demo", named("owner"), "mine") },
		}
		answers := map[string]chan error{}
		for name, call := range calls {
			answer := make(chan error, 1)
			answers[name] = answer
			go func() { answer <- call() }()
		}
		synctest.Wait() // all three wait behind the profile
		close(store.through)
		if err := <-changed; err != nil {
			t.Fatal(err)
		}
		for name, answer := range answers {
			if err := <-answer; !errors.Is(err, chat.ErrPermission) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := alice.kinds(); !slices.Equal(got, []string{"profile"}) {
			t.Errorf("alice received %q", got)
		}
	})
}

func TestProfileClosesTheBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, chat.NewMemory())
		create(t, s, "demo")
		alice, _ := join(t, s, "demo", "alice")
		send(t, s, "demo", "alice", "first") // leaves at once; what follows collects
		begin := time.Now()
		go send(t, s, "demo", "alice", "second")
		synctest.Wait()
		setProfile(t, s, chat.Profile{Owner: "anna"})
		batches := alice.all()
		last := session{batches: batches[len(batches)-1:]}
		if got := last.kinds(); !slices.Equal(got, []string{"second", "profile"}) || time.Since(begin) != 0 {
			t.Errorf("after %v the last batch is %q", time.Since(begin), got)
		}
		if p := last.batches[0].Priority; p != chat.High {
			t.Errorf("it is %v", p)
		}
	})
}

func TestRefusedProfiles(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	long := strings.Repeat("x", 33)
	for _, tc := range []struct {
		name    string
		profile chat.Profile
		field   string
	}{
		{"long name", chat.Profile{Name: strings.Repeat("茶", 41)}, "name"},
		{"name is no text", chat.Profile{Name: "\xff"}, "name"},
		{"long owner", chat.Profile{Owner: long}, "owner"},
		{"owner with a space", chat.Profile{Owner: "a b"}, "owner"},
		{"owner not ASCII", chat.Profile{Owner: "茶"}, "owner"},
		{"six administrators", chat.Profile{Admins: strings.Split("abcdef", "")}, "admins"},
		{"administrator without a name", chat.Profile{Admins: []string{""}}, "admins"},
		{"long administrator", chat.Profile{Admins: []string{"a", long}}, "admins"},
	} {
		var refusal *chat.Error
		err := s.SetProfile(t.Context(), "demo", tc.profile)
		if !errors.As(err, &refusal) || refusal.Code != 10004 || refusal.Field != tc.field || refusal.Detail == "" {
			t.Errorf("%s: %v", tc.name, err)
		}
		g := chat.Group{ID: "other", Room: "other", Name: tc.profile.Name, Owner: tc.profile.Owner, Admins: tc.profile.Admins}
		if err := s.Create(t.Context(), g); !errors.Is(err, chat.ErrParameter) {
			t.Errorf("%s: created: %v", tc.name, err)
		}
	}
	if err := s.SetProfile(t.Context(), "none", chat.Profile{}); !errors.Is(err, chat.ErrNoGroup) {
		t.Errorf("unknown group: %v", err)
	}
	if g, err := s.Group(t.Context(), "demo"); err != nil || !g.Profile().Equal(chat.Profile{Name: "A room", Owner: "owner"}) {
		t.Errorf("the group became %+v, %v", g, err)
	}
	setProfile(t, s, chat.Profile{Name: strings.Repeat("茶", 40), Owner: long[:32], Admins: strings.Split("abcde", "")})
	if got := alice.kinds(); !slices.Equal(got, []string{"profile"}) {
		t.Errorf("alice received %q", got)
	}
}

// TestProfileWhoseAnswerWasLost: the caller hears of a failure, and when it tries again everybody learns what holds.
func TestProfileWhoseAnswerWasLost(t *testing.T) {
	store := &slow{Store: chat.NewMemory(), lost: true}
	s := start(t, chat.Config{}, store)
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	p := chat.Profile{Owner: "anna"}
	if err := s.SetProfile(t.Context(), "demo", p); !errors.Is(err, chat.ErrUnavailable) {
		t.Fatalf("answer lost: %v", err)
	}
	if len(alice.kinds()) != 0 || !mayWrite(t, s, "owner") || mayWrite(t, s, "anna") {
		t.Error("a profile that failed took effect")
	}
	store.lost = false
	setProfile(t, s, p)
	if events := alice.events("profile"); len(events) != 1 || events[0].Version != 1 {
		t.Errorf("alice was told %+v", events)
	}
	if mayWrite(t, s, "owner") || !mayWrite(t, s, "anna") {
		t.Error("the profile did not take effect")
	}
}

// TestLedgerSavesWhatIsUnchanged: after a failed save the file may hold what was refused, so setting the old state again
// must reach the file, though it is no new version.
func TestLedgerSavesWhatIsUnchanged(t *testing.T) {
	l := chat.NewLedger(chat.Group{ID: "g", Owner: "owner", Notice: "old"}, time.Now())
	var file chat.Head
	var failing bool
	save := func(next chat.Head, _ ...*chat.Message) error {
		file = next
		if failing {
			return errDisk
		}
		return nil
	}
	failing = true
	if _, err := l.PutProfile(time.Now(), chat.Profile{Owner: "anna"}, save); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	failing = false
	if version, err := l.PutProfile(time.Now(), chat.Profile{Owner: "owner"}, save); err != nil || version != 0 || file.Group.Owner != "owner" {
		t.Errorf("version %d, the file has owner %q, %v", version, file.Group.Owner, err)
	}
	failing = true
	if _, err := l.PutNotice(time.Now(), "new", save); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	failing = false
	if version, err := l.PutNotice(time.Now(), "old", save); err != nil || version != 0 || file.Group.Notice != "old" {
		t.Errorf("version %d, the file has notice %q, %v", version, file.Group.Notice, err)
	}
}

func TestNoticeSetAgainIsNoNews(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	for _, notice := range []string{"", "hello", "hello", "", "hello"} {
		if err := s.SetNotice(t.Context(), "demo", admin, notice); err != nil {
			t.Fatal(err)
		}
	}
	var told []string
	for _, e := range alice.events("notice") {
		told = append(told, string(e.Data))
	}
	if want := []string{`{"notice":"hello"}`, `{"notice":""}`, `{"notice":"hello"}`}; !slices.Equal(told, want) {
		t.Errorf("alice was told %q", told)
	}
}
