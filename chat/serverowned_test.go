package chat_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

func TestServerCountersGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, chat.NewMemory())
		create(t, s, "demo")
		alice, _ := join(t, s, "demo", "alice")
		for _, likes := range []chat.Number{5, 3, 9, 9} {
			if err := s.RaiseCounters(t.Context(), "demo", map[string]chat.Number{chat.CounterLikes: likes}); err != nil {
				t.Fatal(err)
			}
		}
		for _, heat := range []chat.Number{7, 2} {
			if err := s.SetServerCounters(t.Context(), "demo", map[string]chat.Number{chat.CounterPopularity: heat}); err != nil {
				t.Fatal(err)
			}
		}
		settle(time.Second)
		const want = "map[live_likes:9 live_popularity:2]"
		if now, err := s.Counters(t.Context(), "demo", nil); err != nil || fmt.Sprint(now.All) != want {
			t.Errorf("counters are %v, %v", now.All, err)
		}
		events := alice.events("counters")
		if len(events) == 0 || string(events[len(events)-1].Data) != `{"counters":{"live_likes":9,"live_popularity":2}}` {
			t.Errorf("%d events, the last %s", len(events), events[len(events)-1].Data)
		}
		if err := s.RaiseCounters(t.Context(), "demo", map[string]chat.Number{"likes": 1}); !errors.Is(err, chat.ErrParameter) {
			t.Errorf("another counter: %v", err)
		}
	})
}

// A test tries to forge each of the server's counters, in each way, by everybody.
func TestNobodyTouchesTheServersCounters(t *testing.T) {
	s := start(t, chat.Config{MembersWrite: true}, chat.NewMemory())
	create(t, s, "demo", "helper")
	join(t, s, "demo", "alice")
	join(t, s, "demo", "helper")
	owned := []string{chat.CounterLikes, chat.CounterGiftValue, chat.CounterGiftCount, chat.CounterPopularity}
	for _, key := range owned {
		if err := s.RaiseCounters(t.Context(), "demo", map[string]chat.Number{key: 5}); err != nil {
			t.Fatal(err)
		}
	}
	type write func(context.Context, string, chat.Identity, map[string]chat.Number) (chat.Counters, error)
	for _, who := range []chat.Identity{named("alice"), named("helper"), named("owner"), admin, {User: "boss", Admin: true}} {
		for _, key := range owned {
			for name, write := range map[string]write{"set": s.SetCounters, "add": s.AddCounters, "replace": s.ReplaceCounters} {
				for _, values := range []map[string]chat.Number{{key: 99}, {"mine": 1, key: 99}} {
					_, err := write(t.Context(), "demo", who, values)
					var refused *chat.Error
					if !errors.As(err, &refused) || !refused.Is(chat.ErrPermission) || refused.Field != key {
						t.Errorf("%s %v by %s: %v", name, values, who.User, err)
					}
				}
			}
			if err := s.DeleteCounters(t.Context(), "demo", who, []string{"mine", key}); !errors.Is(err, chat.ErrPermission) {
				t.Errorf("delete %s by %s: %v", key, who.User, err)
			}
		}
		if err := s.DeleteCounters(t.Context(), "demo", who, nil); err != nil {
			t.Errorf("delete all by %s: %v", who.User, err)
		}
		if _, err := s.ReplaceCounters(t.Context(), "demo", admin, map[string]chat.Number{"mine": 1}); err != nil {
			t.Error(err)
		}
	}
	want := "map[live_gift_count:5 live_gift_value:5 live_likes:5 live_popularity:5 mine:1]"
	if now, err := s.Counters(t.Context(), "demo", nil); err != nil || fmt.Sprint(now.All) != want {
		t.Errorf("counters are %v, %v", now.All, err)
	}
}

func TestTotals(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	for _, totals := range []string{`{"likes":1}`, `{"likes":1}`, `{"likes":2}`} {
		if err := s.SetTotals(t.Context(), "demo", totals); err != nil {
			t.Fatal(err)
		}
	}
	if fields, err := s.Fields(t.Context(), "demo"); err != nil || fields[chat.TotalsKey] != `{"likes":2}` {
		t.Errorf("fields are %v, %v", fields, err)
	}
	if n := len(alice.events("fields")); n != 2 {
		t.Errorf("two changes were told %d times", n)
	}
	mine := map[string]string{chat.TotalsKey: `{"likes":1000000}`}
	for _, who := range []chat.Identity{named("alice"), named("owner"), admin} {
		for name, call := range map[string]func() error{
			"set":    func() error { return s.SetFields(t.Context(), "demo", who, mine) },
			"delete": func() error { return s.SetFields(t.Context(), "demo", who, map[string]string{chat.TotalsKey: ""}) },
			"change": func() error { return s.Change(t.Context(), "demo", who, chat.GroupPatch{Fields: mine}) },
		} {
			if err := call(); !errors.Is(err, chat.ErrPermission) {
				t.Errorf("%s by %s: %v", name, who.User, err)
			}
		}
	}
	if err := s.Create(t.Context(), chat.Group{ID: "born", Room: "born", Fields: mine}); !errors.Is(err, chat.ErrPermission) {
		t.Errorf("a group is born with them: %v", err)
	}
	for _, bad := range []string{"", string(make([]byte, 513)), "\xff"} {
		if err := s.SetTotals(t.Context(), "demo", bad); !errors.Is(err, chat.ErrParameter) {
			t.Errorf("totals %.10q: %v", bad, err)
		}
	}
	if err := s.SetTotals(t.Context(), "nowhere", "{}"); !errors.Is(err, chat.ErrNoGroup) {
		t.Errorf("of no group: %v", err)
	}
}
