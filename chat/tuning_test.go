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

// usual is how the tests begin.
func usual() chat.Tuning {
	return chat.Tuning{
		History: 20, HistoryAge: 24 * time.Hour, RatePerSecond: 40, PriorityCap: chat.High, UserRate: 2, RecallWindow: 2 * time.Minute,
		MemberList: 30, WebInstances: 10, NativeInstances: 3,
	}
}

// badWord refuses one text.
type badWord string

func (w badWord) Check(text string) (string, bool) { return text, text == string(w) }

// tuned is a running service, and a way to tune it: f changes usual.
type tuned struct {
	*chat.Service
	t    *testing.T
	vera *session // who is there already
}

func (s tuned) tune(f func(*chat.Tuning)) {
	s.t.Helper()
	now := usual()
	f(&now)
	if err := s.Tune(now); err != nil {
		s.t.Fatal(err)
	}
}

// is says what a call came to.
func (s tuned) is(what string, err, want error) {
	s.t.Helper()
	if !errors.Is(err, want) || want == nil && err != nil {
		s.t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func (s tuned) says(user, words string, want error) chat.Ack {
	s.t.Helper()
	ack, err := s.Send(s.t.Context(), chat.Message{Group: "demo", Body: text(words)}, named(user))
	s.is(user+" says "+words, err, want)
	return ack
}

// TestTune changes one thing after the other of a running service, there and back.
func TestTune(t *testing.T) {
	for name, test := range map[string]func(t *testing.T, s tuned){
		"history": func(t *testing.T, s tuned) {
			for i := range 5 {
				s.says("vera", fmt.Sprint(i), nil)
			}
			for _, n := range []int{2, 5, 1} {
				s.tune(func(now *chat.Tuning) { now.History = n })
				if _, j := join(t, s.Service, "demo", fmt.Sprint("new", n)); len(j.Messages) != n {
					t.Errorf("a newcomer gets %d, want %d", len(j.Messages), n)
				}
			}
		},
		"age of history": func(t *testing.T, s tuned) {
			s.says("vera", "old", nil)
			pass(10 * time.Minute)
			for age, want := range map[time.Duration]int{time.Hour: 1, 9 * time.Minute: 0} {
				s.tune(func(now *chat.Tuning) { now.HistoryAge = age })
				if _, j := join(t, s.Service, "demo", "new"+age.String()); len(j.Messages) != want {
					t.Errorf("%s: a newcomer gets %d, want %d", age, len(j.Messages), want)
				}
			}
		},
		"rate of a room": func(t *testing.T, s tuned) {
			for _, rate := range []int{3, 9, 4} {
				s.tune(func(now *chat.Tuning) { now.RatePerSecond = rate })
				pass(2 * time.Second)
				delivered := 0
				for i := range 12 {
					if ack := s.says("vera", fmt.Sprint(i), nil); !ack.Dropped {
						delivered++
					}
				}
				if delivered != rate {
					t.Errorf("%d were delivered in less than a second, want %d", delivered, rate)
				}
			}
		},
		"priority": func(t *testing.T, s tuned) {
			for _, limit := range []chat.Priority{chat.Low, chat.High} {
				s.tune(func(now *chat.Tuning) { now.PriorityCap = limit })
				_, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text("x"), Priority: chat.High}, named("vera"))
				s.is("send", err, nil)
			}
			if items := s.vera.items(); len(items) != 2 || items[0].Message.Priority != chat.Low || items[1].Message.Priority != chat.High {
				t.Errorf("%+v", items)
			}
		},
		"pace of a member": func(t *testing.T, s tuned) {
			s.says("vera", "1", nil)
			s.says("vera", "2", nil)
			s.tune(func(now *chat.Tuning) { now.UserBurst, now.UserRate = 1, 0.01 })
			s.says("vera", "3", nil)
			s.says("vera", "4", chat.ErrTooManyMessages)
			s.tune(func(now *chat.Tuning) { now.UserBurst, now.UserRate = 2, 1 })
			s.says("vera", "4", chat.ErrTooManyMessages)
			pass(time.Second) // not the 100 s that the slower bucket would have taken
			s.says("vera", "5", nil)
			s.says("vera", "6", chat.ErrTooManyMessages)
			s.tune(func(*chat.Tuning) {})
			s.says("vera", "7", nil)
		},
		"window for recalls": func(t *testing.T, s tuned) {
			ack := s.says("vera", "oops", nil)
			pass(10 * time.Second)
			for _, step := range []struct {
				window time.Duration
				want   error
			}{{5 * time.Second, chat.ErrRecallLate}, {-1, chat.ErrRecallLate}, {time.Minute, nil}} {
				s.tune(func(now *chat.Tuning) { now.RecallWindow = step.window })
				s.is("recall within "+step.window.String(), s.Recall(t.Context(), "demo", named("vera"), ack.Seq, ""), step.want)
			}
		},
		"who writes attributes": func(t *testing.T, s tuned) {
			for _, may := range []bool{true, false} {
				s.tune(func(now *chat.Tuning) { now.MembersWrite = may })
				want := chat.ErrPermission
				err := s.SetAttributes(t.Context(), "demo", named("vera"), map[string]string{"a": fmt.Sprint(may)})
				if may && err != nil || !may && !errors.Is(err, want) {
					t.Errorf("members write %v: %v", may, err)
				}
			}
		},
		"who makes groups": func(t *testing.T, s tuned) {
			for i, may := range []bool{true, false} {
				s.tune(func(now *chat.Tuning) { now.MembersFound = may })
				_, err := s.Found(t.Context(), named("vera"), chat.GroupDraft{ID: fmt.Sprint("g", i), Name: "mine"})
				if may && err != nil || !may && !errors.Is(err, chat.ErrPermission) {
					t.Errorf("members found %v: %v", may, err)
				}
			}
		},
		"list of members": func(t *testing.T, s tuned) {
			for i := range 6 {
				join(t, s.Service, "demo", fmt.Sprint("u", i))
			}
			for _, most := range []int{2, 5, 1} {
				s.tune(func(now *chat.Tuning) { now.MemberList = most })
				page, next, err := s.Members(t.Context(), "demo", named("u1"), "", 100)
				if err != nil || len(page) != most || next != "" {
					t.Errorf("%d of at most %d, %q, %v", len(page), most, next, err)
				}
			}
		},
		"tips": func(t *testing.T, s tuned) {
			join(t, s.Service, "demo", "unseen")
			pass(time.Second)
			s.tune(func(now *chat.Tuning) { now.Tips = 10 })
			join(t, s.Service, "demo", "otto")
			pass(time.Second)
			s.tune(func(*chat.Tuning) {})
			join(t, s.Service, "demo", "last")
			pass(time.Second)
			saw(t, s.vera, 3, "+otto")
		},
		"notices of mutes": func(t *testing.T, s tuned) {
			otto, _ := join(t, s.Service, "demo", "otto")
			for _, quiet := range []bool{true, false} {
				s.tune(func(now *chat.Tuning) { now.QuietMutes = quiet })
				_, err := s.MuteUsers(t.Context(), "demo", named("owner"), []string{"vera", "nobody"}, time.Minute, "")
				s.is("mute", err, nil)
				pass(time.Second)
			}
			if v, o := len(s.vera.events("mute")), len(otto.events("mute")); v != 2 || o != 1 {
				t.Errorf("who is muted was told %d times, the other %d", v, o)
			}
			s.says("vera", "still muted", chat.ErrMuted)
		},
		"words of administrators": func(t *testing.T, s tuned) {
			for _, checked := range []bool{true, false} {
				s.tune(func(now *chat.Tuning) { now.WordsForAdmins = checked })
				_, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text("bad")}, chat.Identity{User: "root", Admin: true, Platform: "Web"})
				if checked != errors.Is(err, chat.ErrBlocked) {
					t.Errorf("checked %v: %v", checked, err)
				}
			}
		},
		"devices": func(t *testing.T, s tuned) {
			first, second := signIn(t, s.Service, on("anna", "Web", "1")), signIn(t, s.Service, on("anna", "Web", "2"))
			s.tune(func(now *chat.Tuning) { now.WebInstances = 2 })
			third := signIn(t, s.Service, on("anna", "Web", "3"))
			if first.why().Reason != chat.CloseReplaced || second.why().Reason != "" || third.why().Reason != "" {
				t.Errorf("closed for %q, %q, %q", first.why(), second.why(), third.why())
			}
			phone := signIn(t, s.Service, on("anna", "iOS", "4"))
			s.tune(func(now *chat.Tuning) { now.Rivals, now.NativeInstances = chat.RivalsOfApps, 1 })
			signIn(t, s.Service, on("anna", "Android", "5"))
			if phone.why().Reason != chat.CloseReplaced || third.why().Reason != "" {
				t.Errorf("the phone was closed for %q, the page for %q", phone.why(), third.why())
			}
		},
		"rooms of a page": func(t *testing.T, s tuned) {
			create(t, s.Service, "other")
			s.tune(func(now *chat.Tuning) { now.OneRoom = chat.OneRoomNever })
			page := signIn(t, s.Service, on("anna", "Web", "1"))
			enter(t, s.Service, "demo", on("anna", "Web", "1"), page)
			enter(t, s.Service, "other", on("anna", "Web", "1"), page)
			if len(page.departures()) != 0 {
				t.Errorf("in many rooms: %v", page.departures())
			}
			s.tune(func(*chat.Tuning) {})
			create(t, s.Service, "third")
			enter(t, s.Service, "third", on("anna", "Web", "1"), page)
			if got := page.departures(); len(got) != 2 {
				t.Errorf("in one room: %v", got)
			}
		},
		"devices that quit": func(t *testing.T, s tuned) {
			for rule, goes := range map[chat.Quit]bool{chat.QuitDevice: false, chat.QuitApps: true} {
				s.tune(func(now *chat.Tuning) { now.Quit = rule })
				user := fmt.Sprint("user", rule)
				page, app := signIn(t, s.Service, on(user, "Web", "1")), signIn(t, s.Service, on(user, "iOS", "2"))
				enter(t, s.Service, "demo", on(user, "Web", "1"), page)
				enter(t, s.Service, "demo", on(user, "iOS", "2"), app)
				s.is("quit", s.Quit(t.Context(), "demo", page), nil)
				if app.is(t, s.Service, "demo") == goes {
					t.Errorf("rule %d: the app went %v", rule, !goes)
				}
			}
		},
		"broadcasts": func(t *testing.T, s tuned) {
			s.tune(func(now *chat.Tuning) { now.NoBroadcasts = true })
			_, err := s.Broadcast(t.Context(), chat.Message{Body: text("x"), Random: 1}, admin)
			s.is("while they are off", err, chat.ErrBroadcastsOff)
			s.tune(func(*chat.Tuning) {})
			_, err = s.Broadcast(t.Context(), chat.Message{Body: text("x"), Random: 1}, admin)
			s.is("while they are on", err, nil)
		},
		"out of bounds": func(t *testing.T, s tuned) {
			bad := usual()
			bad.History, bad.UserRate = 7, 0
			if err := s.Tune(bad); err == nil {
				t.Error("it is taken")
			}
			for i := range 9 {
				s.says("vera", fmt.Sprint(i), nil)
			}
			if _, j := join(t, s.Service, "demo", "new"); len(j.Messages) != 9 {
				t.Errorf("something of it is in force: %d", len(j.Messages))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := chat.Config{
					Words: badWord("bad"), CountEvery: time.Hour,
					Found: func(_ context.Context, d chat.GroupDraft) (string, error) { return d.ID, nil },
				}.TunedTo(usual())
				s := start(t, cfg, chat.NewMemory())
				create(t, s, "demo")
				vera, _ := join(t, s, "demo", "vera")
				test(t, tuned{s, t, vera})
			})
		})
	}
}

// TestRecheck: whose rights have changed signs in again, also if he logged in before and signs in just now.
func TestRecheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, chat.NewMemory())
		login := func(user string) chat.Identity {
			who := on(user, "Web", user)
			who.Verified = time.Now()
			return who
		}
		root, vera, late := signIn(t, s, login("root")), signIn(t, s, login("vera")), login("root")
		pass(time.Second)
		if n := s.Recheck("root", "nobody"); n != 1 {
			t.Errorf("%d were closed", n)
		}
		if root.why().Reason != chat.CloseRole || vera.why().Reason != "" {
			t.Errorf("closed for %q and %q", root.why(), vera.why())
		}
		if err := s.SignIn(t.Context(), late, newSession("late")); !errors.Is(err, chat.ErrSentAway) {
			t.Errorf("who logged in before signs in: %v", err)
		}
		pass(time.Second)
		signIn(t, s, login("root"))
	})
}

// why is what a session was closed for.
func (s *session) why() chat.Closing {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}
