package chat_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// on is a user on a platform.
func on(user, platform, instance string) chat.Identity {
	who := named(user)
	who.Platform, who.Instance = platform, instance
	return who
}

// signIn makes a device of somebody.
func signIn(t testing.TB, s *chat.Service, who chat.Identity) *session {
	t.Helper()
	sess := newSession(fmt.Sprintf("%s-%s-%s", who.User, who.Platform, who.Instance))
	if err := s.SignIn(t.Context(), who, sess); err != nil {
		t.Fatal(err)
	}
	return sess
}

// goodbye is why a session was closed.
func (s *session) goodbye() chat.Closing {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func TestTheOldestOfTooManyDevicesGoes(t *testing.T) {
	for _, tc := range []struct {
		name   string
		cfg    chat.Config
		signIn []chat.Identity
		goes   []int
		kind   string
	}{
		{name: "ten pages by default", signIn: slices.Repeat([]chat.Identity{on("vera", "Web", "")}, 12), goes: []int{0, 1}, kind: "multipleAccount"},
		{
			name: "mini-programs and uni-app are pages", cfg: chat.Config{WebInstances: 2}, goes: []int{0, 2}, kind: "multipleAccount",
			signIn: []chat.Identity{on("vera", "Web", ""), on("vera", "iOS", ""), on("vera", "MiniProgram", ""), on("vera", "", ""), on("vera", "uni-app", "")},
		},
		{
			name: "three of each app", goes: []int{0, 1}, kind: "multipleDevice",
			signIn: []chat.Identity{
				on("vera", "iOS", ""), on("vera", "iOS", ""), on("vera", "Android", ""), on("vera", "iOS", ""), on("vera", "iPad", ""), on("vera", "iOS", ""),
				on("vera", "iOS", ""), on("otto", "iOS", ""), on("vera", "Windows", ""), on("vera", "Mac", ""),
			},
		},
		{
			name: "what is not known is one platform", cfg: chat.Config{NativeInstances: 1}, goes: []int{0}, kind: "multipleDevice",
			signIn: []chat.Identity{on("vera", "Toaster", ""), on("vera", "iOS", ""), on("vera", "Fridge", "")},
		},
		{
			name: "all apps together", cfg: chat.Config{NativeInstances: 2, Rivals: chat.RivalsOfApps}, goes: []int{0}, kind: "multipleDevice",
			signIn: []chat.Identity{on("vera", "iOS", ""), on("vera", "Web", ""), on("vera", "Android", ""), on("vera", "Web", ""), on("vera", "iPad", "")},
		},
		{
			name: "one device of all", cfg: chat.Config{NativeInstances: 1, Rivals: chat.RivalsAll}, goes: []int{0, 1}, kind: "multipleDevice",
			signIn: []chat.Identity{on("vera", "Web", ""), on("vera", "iOS", ""), on("vera", "MiniProgram", ""), on("otto", "iOS", "")},
		},
		{
			name: "one page of all", cfg: chat.Config{NativeInstances: 1, Rivals: chat.RivalsAll}, goes: []int{0}, kind: "multipleAccount",
			signIn: []chat.Identity{on("vera", "Web", ""), on("vera", "MiniProgram", "")},
		},
		{name: "no limit", cfg: chat.Config{WebInstances: -1}, signIn: slices.Repeat([]chat.Identity{on("vera", "Web", "")}, 50)},
		{name: "guests without a name are many", cfg: chat.Config{WebInstances: 1}, signIn: slices.Repeat([]chat.Identity{{User: "anon_1", Anonymous: true}}, 5)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := start(t, tc.cfg, chat.NewMemory())
			var all []*session
			for i, who := range tc.signIn {
				sess := newSession(fmt.Sprint(i))
				if err := s.SignIn(t.Context(), who, sess); err != nil {
					t.Fatal(err)
				}
				all = append(all, sess)
			}
			var goes []int
			for i, sess := range all {
				if why := sess.goodbye(); why != (chat.Closing{}) {
					goes = append(goes, i)
					if why.Reason != "replaced" || why.Type != tc.kind {
						t.Errorf("device %d: %+v", i, why)
					}
				}
			}
			if !slices.Equal(goes, tc.goes) {
				t.Errorf("devices %v went, want %v", goes, tc.goes)
			}
		})
	}
}

// TestADeviceComesBack: the same page on another connection is the same device, whatever the limit, and grows no younger.
func TestADeviceComesBack(t *testing.T) {
	s := start(t, chat.Config{WebInstances: 2}, chat.NewMemory())
	a, b := signIn(t, s, on("vera", "Web", "a")), signIn(t, s, on("vera", "Web", "b"))
	again := signIn(t, s, on("vera", "Web", "a"))
	if why := a.goodbye(); why.Reason != "reconnected" || why.Type != "" {
		t.Errorf("its former connection: %+v", why)
	}
	s.SignOut("vera", a, chat.SignOutClosed) // its reader ends later
	signIn(t, s, on("vera", "iOS", "a"))
	signIn(t, s, on("otto", "Web", "a"))
	if b.goodbye() != (chat.Closing{}) || again.goodbye() != (chat.Closing{}) {
		t.Errorf("coming back cost %+v and %+v", b.goodbye(), again.goodbye())
	}
	signIn(t, s, on("vera", "Web", "c"))
	if why := again.goodbye(); why.Reason != "replaced" || b.goodbye() != (chat.Closing{}) {
		t.Errorf("the older one: %+v, the younger: %+v", why, b.goodbye())
	}
	s.SignOut("vera", b, chat.SignOutClosed)
	signIn(t, s, on("vera", "Web", "d"))
	if n := s.CloseUser("vera", chat.Closing{Reason: chat.CloseKicked}); n != 3 {
		t.Errorf("%d devices are left", n)
	}
}

func TestASessionEndsWithItsUserSig(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
		until := func(d time.Duration, instance string) *session {
			who := on("vera", "Web", instance)
			who.Expires = time.Now().Add(d)
			return signIn(t, s, who)
		}
		day, short, never := until(24*time.Hour, "day"), until(time.Hour, "hour"), signIn(t, s, on("vera", "Web", "never"))
		time.Sleep(30 * time.Minute)
		other := until(31*time.Minute, "other")
		time.Sleep(30*time.Minute - time.Millisecond)
		synctest.Wait()
		if why := short.goodbye(); why != (chat.Closing{}) {
			t.Fatalf("early: %+v", why)
		}
		time.Sleep(2 * time.Second)
		if why := short.goodbye(); why.Reason != "usersig_expired" || why.Type != "userSigExpired" || other.goodbye() != (chat.Closing{}) {
			t.Errorf("after an hour: %+v, the other %+v", why, other.goodbye())
		}
		time.Sleep(time.Minute)
		if other.goodbye().Reason != "usersig_expired" || day.goodbye() != (chat.Closing{}) {
			t.Errorf("after another minute: %+v, %+v", other.goodbye(), day.goodbye())
		}
		time.Sleep(24 * time.Hour)
		if day.goodbye().Reason != "usersig_expired" || never.goodbye() != (chat.Closing{}) {
			t.Errorf("after a day: %+v, %+v", day.goodbye(), never.goodbye())
		}
		if n := s.CloseUser("vera", chat.Closing{Reason: chat.CloseKicked}); n != 1 {
			t.Errorf("%d devices were left", n)
		}
	})
}

// TestWhoIsSentAwayWhileSigningIn must not slip in behind the act, but may come back.
func TestWhoIsSentAwayWhileSigningIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
		in := func(verified time.Time) error {
			who := on("vera", "Web", "")
			who.Verified = verified
			return s.SignIn(t.Context(), who, newSession("vera"))
		}
		began := time.Now()
		time.Sleep(time.Second)
		s.CloseUser("vera", chat.Closing{Reason: chat.CloseKicked})
		if err := in(began); !errors.Is(err, chat.ErrSentAway) {
			t.Errorf("verified before: %v", err)
		}
		time.Sleep(time.Millisecond)
		if err := in(time.Now()); err != nil {
			t.Errorf("verified after: %v", err)
		}
	})
}

func TestAStoppedServiceSignsNobodyIn(t *testing.T) {
	s, stop := startStop(t, chat.Config{}, chat.NewMemory())
	stop()
	if err := s.SignIn(t.Context(), named("vera"), newSession("a")); !errors.Is(err, chat.ErrStopping) {
		t.Error(err)
	}
	if err := start(t, chat.Config{}, chat.NewMemory()).SignIn(t.Context(), chat.Identity{}, newSession("a")); !errors.Is(err, chat.ErrParameter) {
		t.Error(err)
	}
}

// TestDevicesComeAndGoAtOnce: with two devices allowed, two at most are in after any number came and went.
func TestDevicesComeAndGoAtOnce(t *testing.T) {
	s := start(t, chat.Config{WebInstances: 2}, chat.NewMemory())
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for j := range 50 {
				sess := newSession(fmt.Sprint(i, "-", j))
				if err := s.SignIn(t.Context(), on("vera", "Web", fmt.Sprint(i%3)), sess); err != nil {
					t.Error(err)
				}
				if j%2 == 0 {
					s.SignOut("vera", sess, chat.SignOutClosed)
				}
			}
		})
	}
	wg.Wait()
	signIn(t, s, on("vera", "Web", "x"))
	signIn(t, s, on("vera", "Web", "y"))
	if n := s.CloseUser("vera", chat.Closing{Reason: chat.CloseKicked}); n != 2 {
		t.Errorf("%d devices", n)
	}
	if n := s.CloseUser("vera", chat.Closing{Reason: chat.CloseKicked}); n != 0 {
		t.Errorf("%d devices after all were sent away", n)
	}
}

func TestPlatforms(t *testing.T) {
	for said, want := range map[string][2]string{
		"": {"Web", "Web"}, "WEB": {"Web", "Web"}, "miniprogram": {"MiniProgram", "Web"}, "Uni-App": {"uni-app", "Web"}, "IOS": {"iOS", "iOS"},
		"iphone": {"iOS", "iOS"}, "ipad": {"iPad", "iPad"}, "ANDROID": {"Android", "Android"}, "windows": {"Windows", "Windows"}, "macOS": {"Mac", "Mac"},
		"Toaster": {"Toaster", "Unknown"}, "RestAPI": {"Unknown", "Unknown"},
	} {
		platform := chat.NormalPlatform(said)
		if got := [2]string{platform, chat.OptPlatform(platform)}; got != want {
			t.Errorf("%q: %v, want %v", said, got, want)
		}
	}
}
