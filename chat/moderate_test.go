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

var owner = named("owner")

// TestAMuteHolds is the life of a mute: it needs no event to end, survives leaving, and is replaced by the next.
func TestAMuteHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := chat.NewMemory()
		s, stop := startStop(t, chat.Config{CountEvery: 365 * 24 * time.Hour}, store)
		create(t, s, "demo")
		bob, j := join(t, s, "demo", "bob")
		if j.Mute != (chat.MuteState{}) {
			t.Errorf("joined %+v", j.Mute)
		}
		say := func() error {
			_, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text("hi")}, named("bob"))
			return err
		}
		until, err := s.Mute(t.Context(), "demo", owner, "bob", 10*time.Second, "")
		if err != nil || time.Until(until) < 10*time.Second || time.Until(until) > 11*time.Second {
			t.Fatalf("until %v, %v", until, err)
		}
		var refused *chat.Error
		if err := say(); !errors.As(err, &refused) || !errors.Is(err, chat.ErrMuted) || !refused.Until.Equal(until) {
			t.Errorf("a muted user said it: %v", err)
		}
		s.Leave("demo", bob)
		if _, j = join(t, s, "demo", "bob"); !j.Mute.Until.Equal(until) {
			t.Errorf("back in, muted until %v, want %v", j.Mute.Until, until)
		}
		stop()
		s = start(t, chat.Config{CountEvery: 365 * 24 * time.Hour}, store)
		if _, j = join(t, s, "demo", "bob"); !j.Mute.Until.Equal(until) {
			t.Errorf("after a restart muted until %v, want %v", j.Mute.Until, until)
		}
		if err := say(); !errors.Is(err, chat.ErrMuted) {
			t.Errorf("after a restart: %v", err)
		}
		time.Sleep(time.Until(until) - time.Millisecond)
		if err := say(); !errors.Is(err, chat.ErrMuted) {
			t.Errorf("a moment before it ends: %v", err)
		}
		time.Sleep(time.Millisecond)
		if err := say(); err != nil {
			t.Errorf("it is over: %v", err)
		}
		if _, j = join(t, s, "demo", "bob"); !j.Mute.Until.IsZero() {
			t.Errorf("it is over, and joining says %v", j.Mute.Until)
		}

		if until, err = s.Mute(t.Context(), "demo", owner, "bob", chat.Forever, "spam"); err != nil || !chat.IsEndless(until) {
			t.Errorf("forever: %v, %v", until, err)
		}
		time.Sleep(50 * 365 * 24 * time.Hour)
		if err := say(); !errors.Is(err, chat.ErrMuted) {
			t.Errorf("fifty years later: %v", err)
		}
		if until, err = s.Mute(t.Context(), "demo", owner, "bob", 0, ""); err != nil || !until.IsZero() {
			t.Errorf("unmuted: %v, %v", until, err)
		}
		if err := say(); err != nil {
			t.Errorf("unmuted: %v", err)
		}
	})
}

// TestABanHolds: whoever is banned is out at once with all devices, told why, and stays out.
func TestABanHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var watches []string
		cfg := chat.Config{CountEvery: time.Hour, Banished: func(_ context.Context, b chat.Banishment) error {
			watches = append(watches, b.Watches...)
			return nil
		}}
		store := chat.NewMemory()
		s, stop := startStop(t, cfg, store)
		create(t, s, "demo")
		phone, _ := join(t, s, "demo", "bob")
		tab := newSession("tab")
		who := named("bob")
		who.Watch = "vid-of-tab"
		if _, err := s.Join(t.Context(), "demo", who, tab, nil); err != nil {
			t.Fatal(err)
		}
		alice, _ := join(t, s, "demo", "alice")
		until, err := s.Ban(t.Context(), "demo", owner, chat.Ban{Users: []string{"bob", "bob", "nobody"}, For: time.Minute, Reason: "spam"})
		if err != nil {
			t.Fatal(err)
		}
		for _, sess := range []*session{phone, tab} {
			sess.mu.Lock()
			if len(sess.left) != 1 || sess.left[0] != (chat.Departure{Reason: chat.DepartBanned, By: "owner", Detail: "spam", Until: until}) {
				t.Errorf("%s was told %+v", sess.id, sess.left)
			}
			sess.mu.Unlock()
		}
		if len(watches) != 2 || watches[0] != phone.ID() || watches[1] != "vid-of-tab" {
			t.Errorf("watched as %v", watches)
		}
		events := alice.events("ban")
		want := `{"users":["bob","nobody"],"until":` + unix(until) + `,"by":"owner","reason":"spam"}`
		if len(events) != 1 || string(events[0].Data) != want {
			t.Errorf("alice was told %v", events)
		}
		if n := s.Count("demo").Members; n != 1 {
			t.Errorf("%d members are left", n)
		}
		enter := func() error {
			_, err := s.Join(t.Context(), "demo", named("bob"), newSession("another"), nil)
			return err
		}
		var refused *chat.Error
		if err := enter(); !errors.As(err, &refused) || !errors.Is(err, chat.ErrBanned) || !refused.Until.Equal(until) {
			t.Errorf("came back: %v", err)
		}
		if _, err := s.Send(t.Context(), chat.Message{Group: "demo", From: "bob", Body: text("x")}, admin); !errors.Is(err, chat.ErrBanned) {
			t.Errorf("spoke through an administrator: %v", err)
		}
		stop()
		s = start(t, cfg, store)
		if err := enter(); !errors.Is(err, chat.ErrBanned) {
			t.Errorf("came back after a restart: %v", err)
		}
		time.Sleep(time.Until(until))
		if err := enter(); err != nil {
			t.Errorf("it is over: %v", err)
		}
		if _, err := s.Ban(t.Context(), "demo", owner, chat.Ban{Users: []string{"bob"}, For: chat.Forever}); err != nil {
			t.Fatal(err)
		}
		if err := s.Unban(t.Context(), "demo", owner, []string{"bob"}); err != nil {
			t.Fatal(err)
		}
		if err := enter(); err != nil {
			t.Errorf("lifted: %v", err)
		}
	})
}

// TestAKickEndsWhatIs: who is kicked is out at once, on all devices, and may come back.
func TestAKickEndsWhatIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
		create(t, s, "demo")
		bob, _ := join(t, s, "demo", "bob")
		alice, _ := join(t, s, "demo", "alice")
		if err := s.Kick(t.Context(), "demo", owner, []string{"bob", "nobody"}, "enough"); err != nil {
			t.Fatal(err)
		}
		if len(bob.left) != 1 || bob.left[0] != (chat.Departure{Reason: chat.DepartKicked, By: "owner", Detail: "enough"}) {
			t.Errorf("bob was told %+v", bob.left)
		}
		send(t, s, "demo", "alice", "gone?")
		if kinds := bob.kinds(); len(kinds) != 1 || kinds[0] != "kick" {
			t.Errorf("bob heard %v", kinds)
		}
		if e := alice.events("kick"); len(e) != 1 || string(e[0].Data) != `{"users":["bob"],"by":"owner","reason":"enough"}` {
			t.Errorf("alice was told %v", e)
		}
		if _, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text("x")}, named("bob")); !errors.Is(err, chat.ErrPermission) {
			t.Errorf("bob spoke: %v", err)
		}
		if err := s.Kick(t.Context(), "demo", owner, []string{"bob"}, ""); err != nil || len(alice.events("kick")) != 1 {
			t.Errorf("kicked who is not there: %v, %d events", err, len(alice.events("kick")))
		}
		join(t, s, "demo", "bob")
		send(t, s, "demo", "bob", "back")
	})
}

// holdFlush is a store whose next flush waits.
type holdFlush struct {
	chat.Store
	arrived, goOn chan struct{}
}

func (h *holdFlush) Reserve(ctx context.Context, group string, key chat.Key) (chat.Reservation, error) {
	r, err := h.Store.Reserve(ctx, group, key)
	if key != (chat.Key{}) {
		h.arrived <- struct{}{}
		<-h.goOn
	}
	return r, err
}

// TestMutedInBetween: a mute that lands between a message's first check and its flush refuses it, and the same message
// passes once the mute is lifted: its Random is free.
func TestMutedInBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, forbid := range []struct {
			name string
			do   func(*chat.Service) error
			undo func(*chat.Service) error
			want *chat.Error
		}{
			{
				"mute", func(s *chat.Service) error {
					_, err := s.Mute(t.Context(), "demo", owner, "bob", time.Hour, "")
					return err
				},
				func(s *chat.Service) error { _, err := s.Mute(t.Context(), "demo", owner, "bob", 0, ""); return err }, chat.ErrMuted,
			},
			{"ban", func(s *chat.Service) error {
				_, err := s.Ban(t.Context(), "demo", owner, chat.Ban{Users: []string{"bob"}, For: time.Hour})
				return err
			}, func(s *chat.Service) error { return s.Unban(t.Context(), "demo", owner, []string{"bob"}) }, chat.ErrBanned},
		} {
			store := &holdFlush{chat.NewMemory(), make(chan struct{}), make(chan struct{}, 2)}
			s, stop := startStop(t, chat.Config{CountEvery: time.Hour}, store)
			create(t, s, "demo")
			join(t, s, "demo", "bob")
			m := chat.Message{Group: "demo", Random: 7, Body: text("hi")}
			answered := make(chan error)
			go func() {
				_, err := s.Send(t.Context(), m, named("bob"))
				answered <- err
			}()
			<-store.arrived
			if err := forbid.do(s); err != nil {
				t.Fatal(err)
			}
			store.goOn <- struct{}{}
			if err := <-answered; !errors.Is(err, forbid.want) {
				t.Errorf("%s in between: answered %v", forbid.name, err)
			}
			if history, _ := s.History(t.Context(), "demo", 0); len(history) != 0 {
				t.Errorf("%s in between: delivered all the same", forbid.name)
			}
			if refused := s.Stats().Messages[chat.Normal].Refused; refused != 1 {
				t.Errorf("%s in between: %d counted as refused", forbid.name, refused)
			}
			if err := forbid.undo(s); err != nil {
				t.Fatal(err)
			}
			join(t, s, "demo", "bob")
			go func() { <-store.arrived; store.goOn <- struct{}{} }()
			if _, err := s.Send(t.Context(), m, named("bob")); err != nil {
				t.Errorf("%s lifted: %v", forbid.name, err)
			}
			stop()
		}
	})
}

func TestManyAreMutedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal := &acts{}
		s := start(t, chat.Config{CountEvery: time.Hour, Journal: journal}, chat.NewMemory())
		create(t, s, "demo", "helper")
		users := make([]string, 500)
		for i := range users {
			users[i] = fmt.Sprint("u", i)
		}
		join(t, s, "demo", "u7")
		alice, _ := join(t, s, "demo", "alice")
		until, err := s.MuteUsers(t.Context(), "demo", admin, append([]string{"u0"}, users[1:]...), time.Hour, "flood")
		if err != nil || time.Until(until) < time.Hour {
			t.Fatalf("muted until %v, %v", until, err)
		}
		if e := alice.events("mute"); len(e) != 1 || !strings.Contains(string(e[0].Data), `"user":"u7"`) {
			t.Errorf("alice was told %v", e)
		}
		page, next, err := s.Mutes(t.Context(), "demo", admin, "", 500)
		if err != nil || len(page) != 500 || next != "" || len(journal.lines()) != 500 {
			t.Errorf("%d are muted, next %q, %v; %d acts are kept", len(page), next, err, len(journal.lines()))
		}
		if _, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text("hi")}, named("u7")); !errors.Is(err, chat.ErrMuted) {
			t.Errorf("u7 spoke: %v", err)
		}
		for name, tc := range map[string]struct {
			users []string
			want  error
		}{
			"501":                  {append(slices.Clone(users), "more"), chat.ErrTooManyUsers},
			"none":                 {nil, chat.ErrParameter},
			"no user id":           {[]string{"amy", "b b"}, chat.ErrParameter},
			"one of them is equal": {[]string{"amy", chat.Administrator}, chat.ErrParameter},
		} {
			if _, err := s.MuteUsers(t.Context(), "demo", admin, tc.users, time.Hour, ""); !errors.Is(err, tc.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := s.MuteUsers(t.Context(), "demo", named("helper"), []string{"amy", "owner"}, time.Hour, ""); !errors.Is(err, chat.ErrPermission) {
			t.Errorf("one of them is above: %v", err)
		}
		if page, _, _ := s.Mutes(t.Context(), "demo", admin, "", 500); len(page) != 500 {
			t.Errorf("part of what was refused was done: %d are muted", len(page))
		}
		if _, err := s.MuteUsers(t.Context(), "demo", admin, []string{"u7", "u8", "amy"}, 0, ""); err != nil {
			t.Fatal(err)
		}
		if page, _, _ := s.Mutes(t.Context(), "demo", admin, "", 500); len(page) != 498 || len(journal.lines()) != 502 {
			t.Errorf("%d are muted, %d acts kept", len(page), len(journal.lines()))
		}
		send(t, s, "demo", "u7", "free")
	})
}

// reluctant is a store that takes a second to mute or ban somebody.
type reluctant struct{ *chat.Memory }

func (s reluctant) PutSanctions(ctx context.Context, group string, c chat.SanctionChange) ([]chat.Sanction, error) {
	time.Sleep(time.Second)
	return s.Memory.PutSanctions(ctx, group, c)
}

// TestWhoDoesNotWaitForAnAct gets no answer of it, while it is done.
func TestWhoDoesNotWaitForAnAct(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, reluctant{chat.NewMemory()})
		create(t, s, "demo")
		for name, act := range map[string]func(context.Context) (time.Time, error){
			"ban": func(ctx context.Context) (time.Time, error) {
				return s.Ban(ctx, "demo", owner, chat.Ban{Users: []string{"bob"}, For: time.Hour})
			},
			"mute": func(ctx context.Context) (time.Time, error) {
				return s.Mute(ctx, "demo", owner, "bob", time.Hour, "")
			},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
			if until, err := act(ctx); !errors.Is(err, context.DeadlineExceeded) || !until.IsZero() {
				t.Errorf("%s: %v, %v", name, until, err)
			}
			cancel()
		}
		time.Sleep(time.Minute)
		bans, _, _ := s.Bans(t.Context(), "demo", owner, "", 0)
		mutes, _, _ := s.Mutes(t.Context(), "demo", owner, "", 0)
		if len(bans) != 1 || len(mutes) != 1 {
			t.Errorf("%v, %v", bans, mutes)
		}
	})
}
