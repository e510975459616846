package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// counterEvents decodes what a session was told of counters.
func counterEvents(t *testing.T, s *session) (all []map[string]chat.Number) {
	t.Helper()
	var version uint64
	for _, e := range s.events("counters") {
		var data struct{ Counters map[string]chat.Number }
		if err := json.Unmarshal(e.Data, &data); err != nil || e.Lossy || e.Version <= version {
			t.Errorf("event %+v after version %d: %v", e, version, err)
		}
		version = e.Version
		all = append(all, data.Counters)
	}
	return all
}

func TestCountersReachEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, chat.NewMemory())
		create(t, s, "demo")
		alice, first := join(t, s, "demo", "alice")
		if first.Counters.Version != 0 || len(first.Counters.All) != 0 {
			t.Errorf("a new room has %+v", first.Counters)
		}
		ctx, owner := t.Context(), named("owner")
		steps := []struct {
			name   string
			call   func() (chat.Counters, error)
			answer map[string]chat.Number
			want   map[string]chat.Number
		}{
			{"set", func() (chat.Counters, error) {
				return s.SetCounters(ctx, "demo", owner, map[string]chat.Number{"likes": 5, "heat": -1})
			}, map[string]chat.Number{"likes": 5, "heat": -1}, map[string]chat.Number{"likes": 5, "heat": -1}},
			{"add", func() (chat.Counters, error) {
				return s.AddCounters(ctx, "demo", owner, map[string]chat.Number{"likes": 2})
			}, map[string]chat.Number{"likes": 7}, map[string]chat.Number{"likes": 7, "heat": -1}},
			{"delete", func() (chat.Counters, error) {
				return chat.Counters{Version: 3}, s.DeleteCounters(ctx, "demo", owner, []string{"heat"})
			}, nil, map[string]chat.Number{"likes": 7}},
			{"delete all", func() (chat.Counters, error) {
				return chat.Counters{Version: 4}, s.DeleteCounters(ctx, "demo", owner, nil)
			}, nil, map[string]chat.Number{}},
		}
		for i, step := range steps {
			got, err := step.call()
			if err != nil || got.Version != uint64(i+1) || !maps.Equal(got.All, step.answer) {
				t.Fatalf("%s: answered %+v, %v; want %v", step.name, got, err, step.answer)
			}
			if all, err := s.Counters(ctx, "demo", nil); err != nil || !maps.Equal(all.All, step.want) || all.Version != uint64(i+1) {
				t.Errorf("%s: counters are %+v, %v", step.name, all, err)
			}
			time.Sleep(time.Second)
			if told := counterEvents(t, alice); len(told) != i+1 || !maps.Equal(told[i], step.want) {
				t.Errorf("%s: members were told %v, want %v in the end", step.name, told, step.want)
			}
			if _, j := join(t, s, "demo", "late"); !maps.Equal(j.Counters.All, step.want) || j.Counters.Version != uint64(i+1) {
				t.Errorf("%s: a newcomer gets %+v", step.name, j.Counters)
			}
		}
		if _, err := s.SetCounters(ctx, "demo", owner, map[string]chat.Number{"x": 1, "y": 2}); err != nil {
			t.Fatal(err)
		}
		if some, err := s.Counters(ctx, "demo", []string{"y", "z"}); err != nil || !maps.Equal(some.All, map[string]chat.Number{"y": 2}) {
			t.Errorf("some counters: %+v, %v", some, err)
		}
		if _, err := s.SetCounters(ctx, "demo", owner, map[string]chat.Number{"x": 1}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if told := counterEvents(t, alice); len(told) != 5 {
			t.Errorf("what changed nothing was told: %v", told)
		}
	})
}

// TestLikeStorm: hundreds of members count at once. No add is lost, members are told a few times a second, in the end the
// sum, and messages go through meanwhile.
func TestLikeStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const users, each, lasts = 300, 20, 5 * time.Second
		store := &slowCounters{Store: chat.NewMemory(), takes: 5 * time.Millisecond}
		s := start(t, chat.Config{MembersWrite: true}, store)
		create(t, s, "demo")
		alice, _ := join(t, s, "demo", "alice")
		var wg sync.WaitGroup
		for u := range users {
			name := fmt.Sprint("user", u)
			join(t, s, "demo", name)
			wg.Go(func() {
				for range each {
					if _, err := s.AddCounters(t.Context(), "demo", named(name), map[string]chat.Number{"likes": 1}); err != nil {
						t.Errorf("%s: %v", name, err)
					}
					time.Sleep(lasts / each)
				}
			})
		}
		time.Sleep(time.Second)
		before := time.Now()
		if send(t, s, "demo", "alice", "hi"); time.Since(before) > 150*time.Millisecond {
			t.Errorf("a message took %v", time.Since(before))
		}
		wg.Wait()
		time.Sleep(time.Second)
		told := counterEvents(t, alice)
		if last := told[len(told)-1]["likes"]; last != users*each {
			t.Errorf("in the end members were told %d of %d", last, users*each)
		}
		if most := int(lasts/time.Second)*4 + 2; len(told) > most || len(told) < 15 {
			t.Errorf("%d events, at most %d", len(told), most)
		}
		if most := int(lasts / (25 * time.Millisecond)); store.writes > most+2 {
			t.Errorf("%d writes of the store, at most %d", store.writes, most)
		}
		if now, err := s.Counters(t.Context(), "demo", nil); err != nil || now.All["likes"] != users*each {
			t.Errorf("%+v, %v", now, err)
		}
	})
}

// slowCounters is a store whose writes of counters take time, and fail when told to.
type slowCounters struct {
	chat.Store
	takes  time.Duration
	err    error
	writes int
}

func (s *slowCounters) PutCounters(ctx context.Context, group string, changes []chat.CounterChange) (chat.Counters, []chat.CounterDone, error) {
	s.writes++
	time.Sleep(s.takes)
	if s.err != nil {
		return chat.Counters{}, nil, s.err
	}
	return s.Store.PutCounters(ctx, group, changes)
}

func TestCounterRefusals(t *testing.T) {
	for _, members := range []bool{false, true} {
		s := start(t, chat.Config{MembersWrite: members}, chat.NewMemory())
		create(t, s, "demo", "helper")
		join(t, s, "demo", "alice")
		for _, tc := range []struct {
			name string
			who  chat.Identity
			may  bool
		}{
			{"owner", named("owner"), true},
			{"administrator of the group", named("helper"), true},
			{"administrator", admin, true},
			{"member", named("alice"), members},
			{"somebody outside", named("bob"), false},
			{"anonymous", chat.Identity{User: "alice", Anonymous: true}, false},
		} {
			for what, call := range map[string]func() error{
				"set": func() error {
					_, err := s.SetCounters(t.Context(), "demo", tc.who, map[string]chat.Number{"a": 1})
					return err
				},
				"add": func() error {
					_, err := s.AddCounters(t.Context(), "demo", tc.who, map[string]chat.Number{"a": 1})
					return err
				},
				"delete": func() error { return s.DeleteCounters(t.Context(), "demo", tc.who, []string{"a"}) },
			} {
				if err := call(); tc.may != (err == nil) || !tc.may && !errors.Is(err, chat.ErrPermission) {
					t.Errorf("%s by %s, members may %v: %v", what, tc.name, members, err)
				}
			}
		}
	}
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	ctx, owner := t.Context(), named("owner")
	set := func(group string, values map[string]chat.Number) error {
		_, err := s.SetCounters(ctx, group, owner, values)
		return err
	}
	many := make(map[string]chat.Number)
	for i := range 21 {
		many[fmt.Sprint(i)] = 1
	}
	for _, tc := range []struct {
		name string
		err  error
		code int
	}{
		{"nothing", set("demo", nil), 10004},
		{"no key", set("demo", map[string]chat.Number{"": 1}), 10004},
		{"too many", set("demo", many), 10063},
		{"no group", set("none", map[string]chat.Number{"a": 1}), 10010},
	} {
		var refusal *chat.Error
		if !errors.As(tc.err, &refusal) || refusal.Code != tc.code || refusal.Detail == "" {
			t.Errorf("%s: %v, want code %d", tc.name, tc.err, tc.code)
		}
	}
	if all, err := s.Counters(ctx, "demo", nil); err != nil || len(all.All) != 0 || all.Version != 0 {
		t.Errorf("refused, yet there is %+v, %v", all, err)
	}
}

// TestCountersTooFast: twenty at once, then four a second, for each user and group; the backend counts as it likes.
func TestCountersTooFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, chat.NewMemory())
		create(t, s, "demo")
		create(t, s, "other")
		write := func(group string, who chat.Identity) error {
			_, err := s.AddCounters(t.Context(), group, who, map[string]chat.Number{"a": 1})
			return err
		}
		begin := time.Now()
		passed := 0
		var refused *chat.Error
		for time.Since(begin) < 10*time.Second {
			switch err := write("demo", named("owner")); {
			case err == nil:
				passed++
			case !errors.As(err, &refused) || !errors.Is(err, chat.ErrCounterPace) || !refused.NextAt.After(time.Now()):
				t.Fatalf("refused with %v, next at %v", err, refused.NextAt)
			}
			time.Sleep(10 * time.Millisecond)
		}
		if passed < 59 || passed > 61 {
			t.Errorf("%d writes passed in 10 s, want 20 and 4 a second", passed)
		}
		time.Sleep(time.Until(refused.NextAt))
		if err := write("demo", named("owner")); err != nil {
			t.Errorf("at the time told: %v", err)
		}
		if err := write("other", named("owner")); err != nil {
			t.Errorf("another group: %v", err)
		}
		for range 100 {
			if err := write("demo", admin); err != nil {
				t.Fatalf("the backend: %v", err)
			}
		}
	})
}

// TestCountersOfFailingStore: a failed write is told and counts nothing; the next one works.
func TestCountersOfFailingStore(t *testing.T) {
	store := &slowCounters{Store: chat.NewMemory(), err: errors.New("disk full")}
	s := start(t, chat.Config{}, store)
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	if _, err := s.AddCounters(t.Context(), "demo", named("owner"), map[string]chat.Number{"a": 1}); !errors.Is(err, chat.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if told := alice.events("counters"); len(told) != 0 {
		t.Errorf("told %v", told)
	}
	store.err = nil
	if now, err := s.AddCounters(t.Context(), "demo", named("owner"), map[string]chat.Number{"a": 1}); err != nil || now.All["a"] != 1 {
		t.Errorf("%+v, %v", now, err)
	}
}

// TestCountersGoWithTheirRoom: a writer who is banned, or whose room is dismissed, while his write waits is refused.
func TestCountersGoWithTheirRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowCounters{Store: chat.NewMemory(), takes: time.Second}
		s := start(t, chat.Config{MembersWrite: true}, store)
		create(t, s, "demo")
		join(t, s, "demo", "alice")
		var errs [3]error
		var wg sync.WaitGroup
		add := func(i int, who chat.Identity) {
			wg.Go(func() {
				_, errs[i] = s.AddCounters(t.Context(), "demo", who, map[string]chat.Number{"a": 1})
			})
			synctest.Wait()
		}
		add(0, named("owner")) // on its way to the store
		add(1, named("alice")) // these wait
		if err := s.Kick(t.Context(), "demo", named("owner"), []string{"alice"}, ""); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		if errs[0] != nil || !errors.Is(errs[1], chat.ErrPermission) {
			t.Errorf("owner %v, who was kicked %v", errs[0], errs[1])
		}
		add(0, named("owner"))
		add(2, named("owner"))
		if err := s.Dismiss(t.Context(), "demo"); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		if !errors.Is(errs[2], chat.ErrNoGroup) {
			t.Errorf("of a dismissed group: %v", errs[2])
		}
	})
}

// TestCountersAtStop: what was accepted is stored before Run returns, and there after a restart.
func TestCountersAtStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowCounters{Store: chat.NewMemory(), takes: 100 * time.Millisecond}
		s, stop := startStop(t, chat.Config{}, store)
		create(t, s, "demo")
		join(t, s, "demo", "alice")
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := s.AddCounters(t.Context(), "demo", named("owner"), map[string]chat.Number{"a": 1}); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		stop()
		wg.Wait()
		if state, err := store.LoadGroup(t.Context(), "demo"); err != nil || state.Counters.All["a"] != 3 {
			t.Errorf("stored %+v, %v", state.Counters, err)
		}
		if _, err := s.AddCounters(t.Context(), "demo", named("owner"), map[string]chat.Number{"a": 1}); !errors.Is(err, chat.ErrStopping) {
			t.Errorf("after the stop: %v", err)
		}
		again := start(t, chat.Config{}, store)
		if _, j := join(t, again, "demo", "alice"); j.Counters.All["a"] != 3 || j.Counters.Version != 3 {
			t.Errorf("after a restart alice finds %+v", j.Counters)
		}
		if now, err := again.AddCounters(t.Context(), "demo", named("owner"), map[string]chat.Number{"a": 1}); err != nil || now.All["a"] != 4 || now.Version != 4 {
			t.Errorf("counting goes on with %+v, %v", now, err)
		}
	})
}

func TestNumberOnTheWire(t *testing.T) {
	for n, want := range map[chat.Number]string{
		0: `0`, -7: `-7`, 1<<53 - 1: `9007199254740991`, 1 << 53: `"9007199254740992"`, -(1<<53 - 1): `-9007199254740991`,
		-1 << 53: `"-9007199254740992"`, math.MaxInt64: `"9223372036854775807"`, math.MinInt64: `"-9223372036854775808"`,
	} {
		raw, err := json.Marshal(map[string]chat.Number{"n": n})
		if err != nil || string(raw) != `{"n":`+want+`}` {
			t.Errorf("%d is written %s, %v", n, raw, err)
		}
		for _, form := range []string{want, `"` + fmt.Sprint(int64(n)) + `"`, fmt.Sprint(int64(n))} {
			var back map[string]chat.Number
			if err := json.Unmarshal([]byte(`{"n":`+form+`}`), &back); err != nil || back["n"] != n {
				t.Errorf("%s is read as %d, %v", form, back["n"], err)
			}
		}
	}
	for _, bad := range []string{`1.5`, `1e3`, `9223372036854775808`, `"x"`, `""`, `null`, `true`, `[]`, `{}`, `" 1"`, `"0x1"`, `"1_0"`} {
		var n struct{ Value chat.Number }
		var wrong *json.UnmarshalTypeError
		if err := json.Unmarshal([]byte(`{"value":`+bad+`}`), &n); !errors.As(err, &wrong) {
			t.Errorf("%s is read as %d, %v", bad, n.Value, err)
		}
	}
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"1", `"-9007199254740992"`, "1.0", `"\u0031"`, "null"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var n, again chat.Number
		if json.Unmarshal(raw, &n) != nil {
			return
		}
		back, err := json.Marshal(n)
		if err != nil || json.Unmarshal(back, &again) != nil || again != n {
			t.Errorf("%q was read as %d, written as %s, read as %d", raw, n, back, again)
		}
		if !slices.Contains([]byte(`-"0123456789`), back[0]) {
			t.Errorf("written %s", back)
		}
	})
}
