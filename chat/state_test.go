package chat_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

func TestAttributesReachEverybody(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	ctx, owner := t.Context(), named("owner")
	steps := []struct {
		name string
		call func() error
		want map[string]string
	}{
		{"set", func() error { return s.SetAttributes(ctx, "demo", owner, map[string]string{"a": "<1>", "b": "2"}) }, map[string]string{"a": "<1>", "b": "2"}},
		{"delete", func() error { return s.DeleteAttributes(ctx, "demo", owner, []string{"a"}) }, map[string]string{"b": "2"}},
		{"replace", func() error { return s.ReplaceAttributes(ctx, "demo", owner, map[string]string{"c": "3"}) }, map[string]string{"c": "3"}},
		{"delete without keys", func() error { return s.DeleteAttributes(ctx, "demo", owner, nil) }, map[string]string{}},
	}
	for i, step := range steps {
		if err := step.call(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		events := alice.events("attributes")
		if len(events) != i+1 || events[i].Version != uint64(i+1) {
			t.Fatalf("%s: %d events, the last %+v", step.name, len(events), events[len(events)-1])
		}
		var data struct{ Attributes map[string]string }
		if err := json.Unmarshal(events[i].Data, &data); err != nil || !maps.Equal(data.Attributes, step.want) {
			t.Errorf("%s: the event says %s", step.name, events[i].Data)
		}
		all, err := s.Attributes(ctx, "demo", nil)
		if err != nil || !maps.Equal(all.All, step.want) {
			t.Errorf("%s: attributes are %v, %v", step.name, all, err)
		}
		if _, j := join(t, s, "demo", "late"); !maps.Equal(j.Attributes, step.want) || j.AttributesVersion != uint64(i+1) {
			t.Errorf("%s: a newcomer gets %v, version %d", step.name, j.Attributes, j.AttributesVersion)
		}
	}
	if err := s.SetAttributes(ctx, "demo", owner, map[string]string{"x": "1", "y": "2"}); err != nil {
		t.Fatal(err)
	}
	some, err := s.Attributes(ctx, "demo", []string{"y", "z"})
	if err != nil || !maps.Equal(some.All, map[string]string{"y": "2"}) {
		t.Errorf("some attributes: %v, %v", some, err)
	}
}

func TestWhoMayChangeTheGroup(t *testing.T) {
	for _, members := range []bool{false, true} {
		s := start(t, chat.Config{MembersWrite: members}, chat.NewMemory())
		for _, tc := range []struct {
			name       string
			who        chat.Identity
			attributes bool
			group      bool
			role       chat.Role
		}{
			{"owner", named("owner"), true, true, chat.RoleOwner},
			{"administrator of the group", named("helper"), true, true, chat.RoleAdmin},
			{"administrator", admin, true, true, chat.RoleAdmin},
			{"member", named("alice"), members, false, chat.RoleMember},
			{"somebody outside", named("bob"), false, false, chat.RoleMember},
			{"guest named like the owner", chat.Identity{User: "owner", Guest: true}, members, false, chat.RoleMember},
			{"anonymous", chat.Identity{User: "alice", Anonymous: true}, false, false, ""},
		} {
			t.Run(fmt.Sprint(tc.name, " members ", members), func(t *testing.T) {
				allowed := func(what string, err error, want bool) {
					t.Helper()
					if want != (err == nil) || !want && !errors.Is(err, chat.ErrPermission) {
						t.Errorf("%s: %v", what, err)
					}
				}
				group := tc.name // a group of its own, so that nobody writes too fast
				create(t, s, group, "helper")
				if tc.name != "somebody outside" {
					j, err := s.Join(t.Context(), group, tc.who, newSession("s"), nil)
					if err != nil || j.Role != tc.role {
						t.Errorf("joined as %q, %v", j.Role, err)
					}
				}
				allowed("set", s.SetAttributes(t.Context(), group, tc.who, map[string]string{"a": "1"}), tc.attributes)
				allowed("clear", s.DeleteAttributes(t.Context(), group, tc.who, nil), tc.attributes)
				allowed("fields", s.SetFields(t.Context(), group, tc.who, map[string]string{"a": "1"}), tc.group)
				allowed("notice", s.SetNotice(t.Context(), group, tc.who, "hi"), tc.group)
			})
		}
	}
}

func TestRefusedChanges(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	ctx, owner := t.Context(), named("owner")
	for _, tc := range []struct {
		name string
		err  error
		code int
	}{
		{"nothing to set", s.SetAttributes(ctx, "demo", owner, nil), 10004},
		{"key too long", s.SetAttributes(ctx, "demo", owner, map[string]string{strings.Repeat("k", 33): ""}), 10045},
		{"value too long", s.SetAttributes(ctx, "demo", owner, map[string]string{"k": strings.Repeat("v", 4001)}), 10046},
		{"unknown key", s.DeleteAttributes(ctx, "demo", owner, []string{"nope"}), 10050},
		{"no field", s.SetFields(ctx, "demo", owner, nil), 10004},
		{"bad field", s.SetFields(ctx, "demo", owner, map[string]string{"a b": "1"}), 10004},
		{"long notice", s.SetNotice(ctx, "demo", owner, strings.Repeat("x", 301)), 10004},
		{"no group", s.SetNotice(ctx, "none", owner, "x"), 10010},
	} {
		var refusal *chat.Error
		if !errors.As(tc.err, &refusal) || refusal.Code != tc.code || refusal.Detail == "" {
			t.Errorf("%s: %v, want code %d", tc.name, tc.err, tc.code)
		}
	}
	if got := alice.kinds(); len(got) != 0 {
		t.Errorf("refused changes were announced: %q", got)
	}
}

func TestAttributesTooFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, chat.NewMemory())
		create(t, s, "demo")
		var passed int
		for range 100 {
			err := s.SetAttributes(t.Context(), "demo", named("owner"), map[string]string{"a": "1"})
			if err == nil {
				passed++
			} else if !errors.Is(err, chat.ErrAttributeRate) {
				t.Fatal(err)
			}
			time.Sleep(50 * time.Millisecond)
		}
		if passed != 25 {
			t.Errorf("%d writes passed in 5 s", passed)
		}
		if err := s.ApplyStatus(t.Context(), status("demo", 1)); err != nil {
			t.Errorf("the server is held back: %v", err)
		}
	})
}

func TestFieldsAndNotice(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	if err := s.SetFields(t.Context(), "demo", named("owner"), map[string]string{"topic": "go", "x": "1"}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetFields(t.Context(), "demo", named("owner"), map[string]string{"x": ""}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetNotice(t.Context(), "demo", named("owner"), "welcome"); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"topic": "go"}
	if all, err := s.Fields(t.Context(), "demo"); err != nil || !maps.Equal(all, want) {
		t.Errorf("fields are %v, %v", all, err)
	}
	if g, err := s.Group(t.Context(), "demo"); err != nil || g.Notice != "welcome" || !maps.Equal(g.Fields, want) {
		t.Errorf("group is %+v, %v", g, err)
	}
	if got := alice.kinds(); !slices.Equal(got, []string{"fields", "fields", "notice"}) {
		t.Errorf("alice received %q", got)
	}
	if e := alice.events("fields")[1]; e.Version != 2 || string(e.Data) != `{"fields":{"topic":"go"}}` {
		t.Errorf("the event is %+v: %s", e, e.Data)
	}
	if e := alice.events("notice")[0]; e.Version != 1 || string(e.Data) != `{"notice":"welcome"}` {
		t.Errorf("the event is %+v: %s", e, e.Data)
	}
	_, j := join(t, s, "demo", "bob")
	if j.Notice != "welcome" || j.NoticeVersion != 1 || !maps.Equal(j.Fields, want) || j.FieldsVersion != 2 {
		t.Errorf("a newcomer gets %+v", j)
	}
}

func TestStatusIsAppliedOnce(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			if err := s.ApplyStatus(t.Context(), status("demo", 2)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := s.ApplyStatus(t.Context(), status("demo", 1)); err != nil {
		t.Error(err)
	}
	record := string(status("demo", 2).Record)
	if got := alice.kinds(); !slices.Equal(got, []string{`{"type":"live_status",` + record[1:], "attributes", "fields"}) {
		t.Errorf("alice received %q", got)
	}
	m := alice.items()[0].Message
	if m.From != chat.Administrator || m.Priority != chat.High || !m.Server || m.Seq != 1 {
		t.Errorf("the status message is %+v", m)
	}
	_, j := join(t, s, "demo", "bob")
	if j.Attributes["live_status"] != record || j.Fields["live_status"] != string(status("demo", 2).Field) || len(j.Messages) != 1 {
		t.Errorf("a newcomer gets %+v", j)
	}
}

func TestBadStatusChanges(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	good := status("demo", 1)
	for _, tc := range []struct {
		name   string
		change func(*chat.StatusChange)
		ok     bool
	}{
		{"no epoch", func(c *chat.StatusChange) { c.Epoch = "" }, false},
		{"no version", func(c *chat.StatusChange) { c.Version = 0 }, false},
		{"no JSON", func(c *chat.StatusChange) { c.Record = []byte("{") }, false},
		{"no object", func(c *chat.StatusChange) { c.Record = []byte("[1]") }, false},
		{"record too large", func(c *chat.StatusChange) { c.Record = fmt.Appendf(nil, `{"x":%q}`, strings.Repeat("x", 16<<10)) }, false},
		{"no field", func(c *chat.StatusChange) { c.Field = nil }, false},
		{"field too large", func(c *chat.StatusChange) { c.Field = make([]byte, 513) }, false},
		{"an empty record", func(c *chat.StatusChange) { c.Record = []byte(" { } ") }, true},
	} {
		c := good
		tc.change(&c)
		if err := s.ApplyStatus(t.Context(), c); tc.ok != (err == nil) || !tc.ok && !errors.Is(err, chat.ErrParameter) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	history, err := s.History(t.Context(), "demo", 0)
	if err != nil || len(history) != 1 || textOf(history[0]) != `{"type":"live_status"}` {
		t.Errorf("history is %v, %v", history, err)
	}
	unknown := good
	unknown.Group = "none"
	if err := s.ApplyStatus(t.Context(), unknown); !errors.Is(err, chat.ErrNoGroup) {
		t.Errorf("unknown group: %v", err)
	}
}

// TestLongStatusLeavesAttributesWritable: the record may be longer than any attribute, and nobody pays for it.
func TestLongStatusLeavesAttributesWritable(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	c := status("demo", 1)
	c.Record = fmt.Appendf(nil, `{"detail":%q}`, strings.Repeat("x", 9000))
	if err := s.ApplyStatus(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := s.SetAttributes(t.Context(), "demo", named("owner"), map[string]string{"a": "1"}); err != nil {
		t.Error(err)
	}
	if err := s.SetAttributes(t.Context(), "demo", admin, map[string]string{"live_status": strings.Repeat("x", 4001)}); !errors.Is(err, chat.ErrAttributeValue) {
		t.Errorf("an administrator's long status: %v", err)
	}
	all, err := s.Attributes(t.Context(), "demo", nil)
	if err != nil || len(all.All) != 2 || all.All["live_status"] != string(c.Record) {
		t.Errorf("%d attributes, %v", len(all.All), err)
	}
}

func TestCountsAddUp(t *testing.T) {
	var vids []string
	watching := 0
	s := start(t, chat.Config{Viewers: func(string) (int, []string) { return watching, vids }}, chat.NewMemory())
	create(t, s, "demo")
	watching = 3
	if got, want := s.Count("demo"), (chat.Count{Viewers: 3, Online: 3}); got != want {
		t.Errorf("before anyone joined %+v, want %+v", got, want)
	}
	alice, _ := join(t, s, "demo", "alice")
	join(t, s, "demo", "bob")
	if _, err := s.Join(t.Context(), "demo", chat.Identity{User: "r1", Anonymous: true}, newSession("anon"), nil); err != nil {
		t.Fatal(err)
	}
	back := newSession("bob's next")
	if _, err := s.Join(t.Context(), "demo", chat.Identity{User: "bob", Watch: "bob's first"}, back, nil); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name     string
		watching int
		vids     []string
		want     chat.Count
	}{
		{"nobody watches", 0, nil, chat.Count{Members: 3, Viewers: 0, Online: 3}},
		{"strangers watch", 2, nil, chat.Count{Members: 3, Viewers: 2, Online: 5}},
		{"a member watches", 2, []string{alice.id}, chat.Count{Members: 3, Viewers: 2, Online: 4}},
		{"a member watches twice", 2, []string{alice.id, alice.id}, chat.Count{Members: 3, Viewers: 2, Online: 3}},
		{"a link to a session that is gone", 2, []string{"gone"}, chat.Count{Members: 3, Viewers: 2, Online: 5}},
		{"who came back watches on", 1, []string{"bob's first"}, chat.Count{Members: 3, Viewers: 1, Online: 3}},
		{"an anonymous guest watches", 1, []string{"anon"}, chat.Count{Members: 3, Viewers: 1, Online: 3}},
	} {
		watching, vids = tc.watching, tc.vids
		if got := s.Count("demo"); got != tc.want {
			t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
		}
	}
	s.Leave("demo", back)
	watching, vids = 1, []string{"bob's first"}
	if got, want := s.Count("demo"), (chat.Count{Members: 3, Viewers: 1, Online: 4}); got != want {
		t.Errorf("after who came back left: %+v, want %+v", got, want)
	}
}

func TestCountIsPushedWhenItMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, chat.NewMemory())
		create(t, s, "demo")
		alice, j := join(t, s, "demo", "alice")
		if j.Count.Online != 1 {
			t.Errorf("joined with %+v", j.Count)
		}
		begin := time.Now()
		crowd := make([]*session, 200)
		for i := range crowd {
			crowd[i], _ = join(t, s, "demo", fmt.Sprint("user", i))
			time.Sleep(15 * time.Millisecond)
		}
		time.Sleep(3 * time.Second)
		pushes := alice.events("count")
		if len(pushes) != 2 || string(pushes[1].Data) != `{"members":201,"viewers":0,"online":201}` {
			t.Fatalf("%d pushes in %v, the last %s", len(pushes), time.Since(begin), pushes[len(pushes)-1].Data)
		}
		if pushes[1].Version <= pushes[0].Version {
			t.Errorf("versions %d, %d", pushes[0].Version, pushes[1].Version)
		}
		s.Leave("demo", crowd[0]) // half a percent: waits for the maximum age
		time.Sleep(4 * time.Second)
		if n := len(alice.events("count")); n != 2 {
			t.Errorf("a small change was pushed at once: %d pushes", n)
		}
		time.Sleep(8 * time.Second)
		if pushes = alice.events("count"); len(pushes) != 3 || string(pushes[2].Data) != `{"members":200,"viewers":0,"online":200}` {
			t.Errorf("a small change was never pushed: %d pushes", len(pushes))
		}
		time.Sleep(time.Minute)
		if n := len(alice.events("count")); n != 3 {
			t.Errorf("no change, yet %d pushes", n)
		}
	})
}

func TestStatsCountFates(t *testing.T) {
	s := start(t, chat.Config{RatePerSecond: 1}, chat.NewMemory())
	create(t, s, "demo")
	join(t, s, "demo", "alice")
	for range 2 {
		send(t, s, "demo", "alice", "x")
	}
	if _, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: custom(`{"type":"kick"}`), Priority: chat.High}, named("alice")); err == nil {
		t.Error("a forged kick passed")
	}
	st := s.Stats()
	if st.Groups != 1 || st.Sessions != 1 || st.Members != 1 || st.Batches != 1 || st.Deliveries != 1 {
		t.Errorf("stats are %+v", st)
	}
	if n := st.Messages[chat.Normal]; n.Delivered != 1 || n.Dropped != 1 {
		t.Errorf("normal messages: %+v", n)
	}
	if n := st.Messages[chat.High]; n.Refused != 1 {
		t.Errorf("high messages: %+v", n)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, tc := range []struct {
		name string
		cfg  chat.Config
		ok   bool
	}{
		{"defaults", chat.Config{}, true},
		{"a long tick pushes the bounds", chat.Config{TickMin: time.Second}, true},
		{"negative history", chat.Config{History: -1}, false},
		{"negative rate", chat.Config{RatePerSecond: -1}, false},
		{"ticks crossed", chat.Config{TickMin: time.Second, TickMax: time.Millisecond}, false},
		{"slow tick too short", chat.Config{TickMax: time.Second, TickSlow: time.Millisecond}, false},
		{"huge messages", chat.Config{MessageBytes: 2 << 20}, false},
		{"impossible change", chat.Config{CountChange: 2}, false},
		{"negative pace", chat.Config{CountEvery: -1}, false},
	} {
		_, err := chat.New(tc.cfg, chat.NewMemory(), slog.New(slog.DiscardHandler))
		if tc.ok != (err == nil) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

func TestPriorityNames(t *testing.T) {
	for _, p := range []chat.Priority{chat.High, chat.Normal, chat.Low, chat.Lowest} {
		if got, err := chat.ParsePriority(p.String()); err != nil || got != p {
			t.Errorf("%v reads back as %v, %v", p, got, err)
		}
	}
	if p, err := chat.ParsePriority(""); err != nil || p != 0 {
		t.Errorf("none reads as %v, %v", p, err)
	}
	if _, err := chat.ParsePriority("high"); !errors.Is(err, chat.ErrParameter) {
		t.Errorf("lower case: %v", err)
	}
}
