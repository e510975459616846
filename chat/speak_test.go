package chat_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// TestWhoMaySpeakIsWhoMaySend: MaySpeak says what Send would, and sends nothing.
func TestWhoMaySpeakIsWhoMaySend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, chat.NewMemory())
		create(t, s, "demo")
		for _, user := range []string{"alice", "muted"} {
			join(t, s, "demo", user)
		}
		if _, err := s.Mute(t.Context(), "demo", named("owner"), "muted", time.Hour, ""); err != nil {
			t.Fatal(err)
		}
		for _, tc := range []struct {
			who  chat.Identity
			want error
		}{
			{named("alice"), nil},
			{named("owner"), nil},
			{admin, nil},
			{named("muted"), chat.ErrMuted},
			{named("stranger"), chat.ErrPermission},
			{chat.Identity{User: "anon_1", Anonymous: true}, chat.ErrPermission},
		} {
			before, err := s.History(t.Context(), "demo", 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.MaySpeak(t.Context(), "demo", tc.who); !errors.Is(err, tc.want) {
				t.Errorf("%s may speak: %v, want %v", tc.who.User, err, tc.want)
			}
			if after, err := s.History(t.Context(), "demo", 0); err != nil || len(after) != len(before) {
				t.Errorf("something was sent: %v, %v", after, err)
			}
			if _, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text("x")}, tc.who); !errors.Is(err, tc.want) {
				t.Errorf("%s may send: %v, want %v", tc.who.User, err, tc.want)
			}
		}
		if err := s.MaySpeak(t.Context(), "nowhere", named("alice")); !errors.Is(err, chat.ErrNoGroup) {
			t.Errorf("in no group: %v", err)
		}
	})
}

// TestWhatShowsSomethingCostsNoPace: it was accepted already, and counted.
func TestWhatShowsSomethingCostsNoPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counted := 0
		s := start(t, chat.Config{UserBurst: 1, UserRate: 0.01, Counted: func(*chat.Message, chat.Identity) { counted++ }}, chat.NewMemory())
		create(t, s, "demo")
		join(t, s, "demo", "alice")
		say := func(how chat.SendOptions) error {
			_, err := s.SendWith(t.Context(), chat.Message{Group: "demo", Body: text("x")}, named("alice"), how)
			return err
		}
		for range 3 {
			if err := say(chat.SendOptions{Beside: true}); err != nil {
				t.Errorf("beside: %v", err)
			}
		}
		if err := say(chat.SendOptions{}); err != nil {
			t.Errorf("her first message: %v", err)
		}
		if err := say(chat.SendOptions{}); !errors.Is(err, chat.ErrTooManyMessages) {
			t.Errorf("her second: %v", err)
		}
		if counted != 1 {
			t.Errorf("%d were counted", counted)
		}
	})
}

// TestARoomThatDeliversAllItMayIsCrowded for a second after that.
func TestARoomThatDeliversAllItMayIsCrowded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{RatePerSecond: 8}, chat.NewMemory())
		if s.Crowded("nowhere") {
			t.Error("a group that nobody uses")
		}
		create(t, s, "demo")
		join(t, s, "demo", "alice")
		for i := range 6 {
			if s.Crowded("demo") {
				t.Errorf("crowded by %d messages", i)
			}
			send(t, s, "demo", "alice", "x")
		}
		if !s.Crowded("demo") {
			t.Error("not crowded by six of eight messages")
		}
		time.Sleep(2 * time.Second)
		if s.Crowded("demo") {
			t.Error("still crowded")
		}
	})
}
