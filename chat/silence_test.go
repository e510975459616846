package chat_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

func lasting(d time.Duration) *time.Duration { return &d }

func TestWhoIsSilencedSpeaksNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, journal := chat.NewMemory(), &acts{}
		cfg := chat.Config{CountEvery: time.Hour, Journal: journal, OneRoom: chat.OneRoomNever}
		s, stop := startStop(t, cfg, store)
		create(t, s, "one")
		create(t, s, "two")
		mine, _ := join(t, s, "one", "bob")
		join(t, s, "two", "bob")
		join(t, s, "one", "owner")
		other, _ := join(t, s, "one", "amy")
		one, err := s.SetSilence(t.Context(), admin, "bob", chat.SilencePatch{Groups: lasting(1500 * time.Millisecond), Letters: lasting(chat.Forever)})
		if err != nil || time.Until(one.Groups) < 2*time.Second || time.Until(one.Groups) > 3*time.Second || !chat.IsEndless(one.Letters) {
			t.Fatalf("silenced: %+v, %v", one, err)
		}
		synctest.Wait()
		if e := mine.events("mute"); len(e) != 1 || !strings.Contains(string(e[0].Data), `"user":"bob","until":`+unix(one.Groups)) {
			t.Errorf("bob was told %v", e)
		}
		if e := other.events("mute"); len(e) != 0 {
			t.Errorf("amy was told %v", e)
		}
		say := func(s *chat.Service, group, user string) error {
			_, err := s.Send(t.Context(), chat.Message{Group: group, Body: text("hi")}, named(user))
			return err
		}
		write := func(s *chat.Service) error {
			_, err := s.SendTo(t.Context(), "amy", chat.Message{Body: text("psst")}, named("bob"), nil)
			return err
		}
		var refusal *chat.Error
		for _, group := range []string{"one", "two"} {
			if err := say(s, group, "bob"); !errors.As(err, &refusal) || !errors.Is(err, chat.ErrMuted) || !refusal.Until.Equal(one.Groups) {
				t.Errorf("bob in %s: %v", group, err)
			}
		}
		if _, err := s.Send(t.Context(), chat.Message{Group: "one", From: "bob", Body: text("hi")}, admin); !errors.Is(err, chat.ErrMuted) {
			t.Errorf("an administrator in bob's name: %v", err)
		}
		if err := write(s); !errors.As(err, &refusal) || refusal.Code != 20012 || !chat.IsEndless(refusal.Until) {
			t.Errorf("bob to amy: %v", err)
		}
		if err := s.MayUpload(t.Context(), "one", named("bob")); !errors.Is(err, chat.ErrMuted) {
			t.Errorf("bob uploads: %v", err)
		}
		if err := say(s, "one", "amy"); err != nil {
			t.Errorf("amy: %v", err)
		}
		// Not even the owner is above it, and who joins is told.
		if _, err := s.SetSilence(t.Context(), admin, "owner", chat.SilencePatch{Groups: lasting(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		if _, j := join(t, s, "one", "owner"); time.Until(j.Mute.Until) < time.Hour-time.Second {
			t.Errorf("the owner is told %+v", j.Mute)
		}
		if err := say(s, "one", "owner"); !errors.Is(err, chat.ErrMuted) {
			t.Errorf("the owner: %v", err)
		}
		stop()

		s = start(t, cfg, store) // after a restart
		join(t, s, "one", "bob")
		if err := errors.Join(say(s, "one", "bob"), write(s)); !errors.Is(err, chat.ErrMuted) || !errors.Is(err, chat.ErrSilenced) {
			t.Errorf("after a restart: %v", err)
		}
		pass(3 * time.Second)
		if err := say(s, "one", "bob"); err != nil {
			t.Errorf("when it is over: %v", err)
		}
		if now := s.Silence("bob"); !now.Groups.IsZero() || !chat.IsEndless(now.Letters) {
			t.Errorf("left over: %+v", now)
		}
		if _, err := s.SetSilence(t.Context(), admin, "bob", chat.SilencePatch{Letters: lasting(0)}); err != nil {
			t.Fatal(err)
		}
		if err := write(s); err != nil {
			t.Errorf("when it was lifted: %v", err)
		}
		if now := s.Silence("bob"); now != (chat.Silence{User: "bob"}) {
			t.Errorf("nothing is left: %+v", now)
		}
		if got := journal.lines(); !slices.Equal(got, []string{"silence bob ", "silence owner ", "silence bob "}) {
			t.Errorf("kept are %q", got)
		}
	})
}

func TestWhoMaySilence(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
	hour := lasting(time.Hour)
	for _, tc := range []struct {
		name string
		by   chat.Identity
		user string
		p    chat.SilencePatch
		want *chat.Error
	}{
		{"a member", named("amy"), "bob", chat.SilencePatch{Groups: hour}, chat.ErrPermission},
		{"an administrator's equal", admin, chat.Administrator, chat.SilencePatch{Groups: hour}, chat.ErrPermission},
		{"no user id", admin, "b b", chat.SilencePatch{Groups: hour}, chat.ErrParameter},
		{"nothing", admin, "bob", chat.SilencePatch{}, chat.ErrParameter},
		{"less than nothing", admin, "bob", chat.SilencePatch{Letters: lasting(-1)}, chat.ErrParameter},
		{"longer than for ever", admin, "bob", chat.SilencePatch{Letters: lasting(chat.Forever + time.Second)}, chat.ErrParameter},
	} {
		if _, err := s.SetSilence(t.Context(), tc.by, tc.user, tc.p); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

func TestOnlySoManyAreSilenced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
		chat.MaxSilenced(s, 2)
		silence := func(user string, d time.Duration) error {
			_, err := s.SetSilence(t.Context(), admin, user, chat.SilencePatch{Groups: &d})
			return err
		}
		if err := errors.Join(silence("amy", time.Minute), silence("bob", time.Hour), silence("bob", 2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := silence("cid", time.Hour); !errors.Is(err, chat.ErrTooManySanctions) {
			t.Errorf("a third: %v", err)
		}
		pass(2 * time.Minute)
		if err := silence("cid", time.Hour); err != nil {
			t.Errorf("a third, when one is over: %v", err)
		}
		if s.Silence("bob").Groups.IsZero() || s.Silence("cid").Groups.IsZero() {
			t.Error("one was forgotten whose silence is not over")
		}
	})
}

// forgetful is a store that does not tell who is silenced.
type forgetful struct{ chat.Store }

func (forgetful) Silences(context.Context) ([]chat.Silence, error) {
	return nil, errors.New("disk on fire")
}

// TestAChatThatDoesNotKnowWhoIsSilencedDoesNotBegin: nobody is heard who may not be.
func TestAChatThatDoesNotKnowWhoIsSilencedDoesNotBegin(t *testing.T) {
	store := chat.NewMemory()
	s, err := chat.New(chat.Config{}, forgetful{store}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	create(t, s, "r")
	answered := make(chan error)
	go func() {
		_, err := s.Send(t.Context(), chat.Message{Group: "r", Body: text("hi")}, named("owner"))
		answered <- err
	}()
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "disk on fire") {
		t.Errorf("Run ended with %v", err)
	}
	if err := <-answered; !errors.Is(err, chat.ErrStopping) {
		t.Errorf("who sent is answered %v", err)
	}
}

// TestSilencedInBetween: what was accepted and is not delivered yet is refused, and its Random is free again.
func TestSilencedInBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &holdFlush{chat.NewMemory(), make(chan struct{}), make(chan struct{}, 1)}
		s := start(t, chat.Config{CountEvery: time.Hour}, store)
		create(t, s, "demo")
		join(t, s, "demo", "bob")
		m := chat.Message{Group: "demo", Random: 7, Body: text("hi")}
		answered := make(chan error)
		send := func() { _, err := s.Send(t.Context(), m, named("bob")); answered <- err }
		go send()
		<-store.arrived
		if _, err := s.SetSilence(t.Context(), admin, "bob", chat.SilencePatch{Groups: lasting(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		store.goOn <- struct{}{}
		if err := <-answered; !errors.Is(err, chat.ErrMuted) {
			t.Errorf("answered %v", err)
		}
		if refused := s.Stats().Messages[chat.Normal].Refused; refused != 1 {
			t.Errorf("%d counted as refused", refused)
		}
		if _, err := s.SetSilence(t.Context(), admin, "bob", chat.SilencePatch{Groups: lasting(0)}); err != nil {
			t.Fatal(err)
		}
		go send()
		<-store.arrived
		store.goOn <- struct{}{}
		if err := <-answered; err != nil {
			t.Errorf("when it was lifted: %v", err)
		}
	})
}

// TestManySilencedAtOnce: changes of many users, and of one, leave what the store has.
func TestManySilencedAtOnce(t *testing.T) {
	store := chat.NewMemory()
	s := start(t, chat.Config{CountEvery: time.Hour}, store)
	done := make(chan error)
	for i := range 1000 {
		go func() {
			_, err := s.SetSilence(t.Context(), admin, fmt.Sprint("u", i%500), chat.SilencePatch{Groups: lasting(time.Duration(i%3) * time.Hour)})
			done <- err
		}()
	}
	for range 1000 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	all, err := store.Silences(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stored := map[string]time.Time{}
	for _, one := range all {
		stored[one.User] = one.Groups
	}
	for i := range 500 {
		user := fmt.Sprint("u", i)
		if now := s.Silence(user).Groups; !now.Equal(stored[user]) {
			t.Errorf("%s is silenced until %v, in the store until %v", user, now, stored[user])
		}
	}
}
