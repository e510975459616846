package follow_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/follow"
	"liveroom/chat/follow/followtest"
)

func TestMemory(t *testing.T) {
	followtest.Store(t, func(*testing.T) follow.Store { return follow.NewMemory() })
}

func service(t *testing.T, cfg follow.Config) *follow.Service {
	t.Helper()
	s, err := follow.New(cfg, follow.NewMemory(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhoWantsToKnowIsToldOfChanges(t *testing.T) {
	var told []string
	s := service(t, follow.Config{Changed: func(a, b string, on bool, n int) { told = append(told, fmt.Sprint(a, b, on, n)) }})
	for _, on := range []bool{true, true, false, false} {
		if _, err := s.Set(t.Context(), "ann", "bob", on); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(told, []string{"annbobtrue 1", "annbobfalse 0"}) {
		t.Errorf("told %v", told)
	}
}

func TestEachMayChangeWhomHeFollowsAtARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		s := service(t, follow.Config{Changed: func(string, string, bool, int) { told++ }})
		again := func(times int) (err error) {
			for range times {
				if _, err = s.SetOwn(t.Context(), "ann", "bob", told%2 == 0); err != nil {
					return err
				}
			}
			return nil
		}
		if err := again(20); err != nil {
			t.Fatal(err)
		}
		for range 3 { // refusals cost nothing
			var refused *chat.Error
			if err := again(1); !errors.Is(err, follow.ErrPace) || !errors.As(err, &refused) || time.Until(refused.NextAt) != time.Second {
				t.Fatalf("the next at once: %v", err)
			}
		}
		if _, err := s.SetOwn(t.Context(), "cat", "bob", true); err != nil {
			t.Errorf("somebody else: %v", err)
		}
		if _, err := s.Set(t.Context(), "ann", "dan", true); err != nil {
			t.Errorf("a backend, in her name: %v", err)
		}
		time.Sleep(2 * time.Second)
		if err := again(3); !errors.Is(err, follow.ErrPace) || told != 24 {
			t.Errorf("after two seconds: %v, told %d times", err, told)
		}
		time.Sleep(time.Hour)
		if err := again(21); !errors.Is(err, follow.ErrPace) || told != 44 {
			t.Errorf("after an hour: %v, told %d times", err, told)
		}
	})
}

func TestRefusals(t *testing.T) {
	s := service(t, follow.Config{Limit: 1})
	if _, err := s.Set(t.Context(), "ann", "bob", true); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, follower, followed string
		want                     error
	}{
		{"oneself", "ann", "ann", follow.ErrSelf},
		{"nobody", "ann", "", chat.ErrParameter},
		{"too long", "ann", strings.Repeat("x", 33), chat.ErrParameter},
		{"one more", "ann", "cat", follow.ErrTooMany},
	} {
		if _, err := s.Set(t.Context(), tc.follower, tc.followed, true); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	for _, cursor := range []string{"x", ".", "1.", "-1.a", "zzzzzzzzzzzzzzzzzz.a", "1." + strings.Repeat("x", 33)} {
		if _, _, err := s.List(t.Context(), "ann", follow.Following, cursor, 10); !errors.Is(err, follow.ErrCursor) {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

func TestPages(t *testing.T) {
	s := service(t, follow.Config{})
	for i := range 5 {
		if _, err := s.Set(t.Context(), fmt.Sprint("f", i), "anna", true); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for cursor, n := "", 0; ; n++ {
		page, next, err := s.List(t.Context(), "anna", follow.Followers, cursor, 2)
		if err != nil || n > 3 {
			t.Fatal(n, err)
		}
		for _, p := range page {
			got = append(got, p.User)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if !slices.Equal(got, []string{"f4", "f3", "f2", "f1", "f0"}) {
		t.Errorf("pages: %v", got)
	}
}
