package chat_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"liveroom/chat"
)

func TestNotification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &acts{}
		s := start(t, chat.Config{Journal: log, RatePerSecond: 1}, chat.NewMemory())
		create(t, s, "demo", "helper")
		alice, _ := join(t, s, "demo", "alice")
		phone := newSession("alice-phone")
		guest := newSession("guest")
		for sess, who := range map[*session]chat.Identity{phone: named("alice"), guest: {User: "anon_1", Anonymous: true}} {
			enter(t, s, "demo", who, sess)
		}
		bob, _ := join(t, s, "demo", "bob")
		for i, who := range []chat.Identity{named("owner"), named("helper"), admin} {
			if err := s.Notify(t.Context(), "demo", who, "all "+who.User); err != nil {
				t.Fatal(err)
			}
			if err := s.Notify(t.Context(), "demo", who, "some "+who.User, "alice", "nobody", "alice"); err != nil {
				t.Fatal(err)
			}
			for sess, want := range map[*session]int{alice: 2, phone: 2, guest: 1, bob: 1} {
				if got := len(sess.events("notification")); got != want*(i+1) {
					t.Errorf("after %s %s has %d notifications, want %d", who.User, sess.id, got, want*(i+1))
				}
			}
		}
		events := alice.events("notification")
		var version uint64
		for i, e := range events {
			var data struct {
				By, Content string
				Time        int64
			}
			err := json.Unmarshal(e.Data, &data)
			if who := []string{"owner", "helper", "administrator"}[i/2]; err != nil || data.By != who || !strings.HasSuffix(data.Content, " "+who) || data.Time == 0 {
				t.Errorf("event %d says %s, %v", i, e.Data, err)
			}
			if e.Lossy || e.Version <= version {
				t.Errorf("event %d is lossy %v, version %d after %d", i, e.Lossy, e.Version, version)
			}
			version = e.Version
		}
		if _, j := join(t, s, "demo", "late"); len(j.Messages) != 0 {
			t.Errorf("a newcomer gets %d messages", len(j.Messages))
		}
		for _, who := range []chat.Identity{named("alice"), named("stranger"), {User: "owner", Guest: true}, {User: "owner", Anonymous: true}} {
			if err := s.Notify(t.Context(), "demo", who, "x"); !errors.Is(err, chat.ErrPermission) {
				t.Errorf("by %+v: %v", who, err)
			}
		}
		many := make([]string, 101)
		for i := range many {
			many[i] = strings.Repeat("u", 1+i%30)
		}
		for name, err := range map[string]error{
			"nothing":     s.Notify(t.Context(), "demo", admin, ""),
			"too long":    s.Notify(t.Context(), "demo", admin, strings.Repeat("x", 12<<10+1)),
			"no text":     s.Notify(t.Context(), "demo", admin, "\xff"),
			"bad user":    s.Notify(t.Context(), "demo", admin, "x", "a b"),
			"no users":    s.Notify(t.Context(), "demo", admin, "x", ""),
			"a multitude": s.Notify(t.Context(), "demo", admin, "x", many...),
			"no group":    s.Notify(t.Context(), "none", admin, "x"),
		} {
			if err == nil {
				t.Errorf("%s: done", name)
			}
		}
		if got := len(alice.events("notification")); got != 6 {
			t.Errorf("%d notifications in the end", got)
		}
		if lines := log.lines(); len(lines) != 6 || slices.ContainsFunc(lines, func(l string) bool { return !strings.HasPrefix(l, "notification ") }) {
			t.Errorf("journal = %q", lines)
		}
		for _, a := range log.all {
			if strings.Contains(a.Detail["content"], "all") {
				t.Errorf("the journal holds the text: %+v", a)
			}
		}
	})
}

// TestNotificationOvertakesNothing: what was said before comes before, also to one who is told alone.
func TestNotificationOvertakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, chat.NewMemory())
		create(t, s, "demo")
		alice, _ := join(t, s, "demo", "alice")
		send(t, s, "demo", "alice", "first") // from here on the room collects
		done := make(chan struct{})
		go func() { defer close(done); send(t, s, "demo", "alice", "second") }()
		synctest.Wait()
		if err := s.Notify(t.Context(), "demo", admin, "third", "alice"); err != nil {
			t.Fatal(err)
		}
		<-done
		if got := alice.kinds(); !slices.Equal(got, []string{"first", "second", "notification"}) {
			t.Errorf("alice received %q", got)
		}
	})
}
