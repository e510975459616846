package draw_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/draw"
)

// TestWhoMayEnter: each kind of eligibility, asked when he enters.
func TestWhoMayEnter(t *testing.T) {
	levels, gifts := map[string]int{"al": 5, "bob": 4}, map[string]int64{"al": 100}
	cfg := draw.Config{
		Session: func(string) string { return "01J" },
		Levels:  func(context.Context, []string) (map[string]int, error) { return levels, nil },
		Followers: func(_ context.Context, anchor string, _ []string) (map[string]bool, error) {
			return map[string]bool{"al": anchor == "anna"}, nil
		},
		Gifts: func(_ context.Context, group, session string, least int64, _ []string) (map[string]int64, error) {
			if group != "tea" || session != "01J" || least != 100 {
				return nil, errors.New("of another session")
			}
			return gifts, nil
		},
	}
	for name, e := range map[string]draw.Eligibility{
		"level": {MinLevel: 5}, "follower": {Follower: true}, "gifts": {GiftValue: 100}, "all": {MinLevel: 5, Follower: true, GiftValue: 100, NotWonBefore: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, store := &rooms{}, draw.NewMemory()
				s := draw.New(cfg, store, r, quiet())
				x := terms("d1")
				x.Eligibility = e
				begin(t, s, x)
				r.say("bob", "hello")
				r.say("al", "hello")
				if _, err := s.End(t.Context(), "tea", backend, "d1"); err != nil {
					t.Fatal(err)
				}
				if got := users(t, store, "d1"); got != "al" {
					t.Errorf("entered: %q", got)
				}
				if st := s.Stats(); st.Refused != 1 || st.Entered != 1 {
					t.Errorf("%+v", st)
				}
				if !e.NotWonBefore {
					return
				}
				x.ID = "d2"
				begin(t, s, x)
				r.say("al", "hello")
				if d, err := s.End(t.Context(), "tea", backend, "d2"); err != nil || d.Entries != 0 || len(d.Drawn) != 0 {
					t.Errorf("who has won: %+v, %v", d, err)
				}
			})
		})
	}
}

// TestWhoNeverEnters: a draw without any conditions is not for robots, nor for the anchor, who says what others are to say.
func TestWhoNeverEnters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := &rooms{robot: "r2d2"}, draw.NewMemory()
		s := draw.New(draw.Config{}, store, r, quiet())
		begin(t, s, terms("d1"))
		for _, user := range []string{"anna", "bob", "r2d2"} {
			r.say(user, "hello")
		}
		if _, err := s.End(t.Context(), "tea", backend, "d1"); err != nil {
			t.Fatal(err)
		}
		if got := users(t, store, "d1"); got != "bob" || s.Stats().Refused != 2 {
			t.Errorf("entered: %q, %+v", got, s.Stats())
		}
	})
}

// TestWhoGetsThereLater: one who may not enter may a moment later, and what can't be found out keeps nobody out.
func TestWhoGetsThereLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // guards level and failing
		level, failing := 1, errors.New("away")
		r, store := &rooms{}, draw.NewMemory()
		s := draw.New(draw.Config{Levels: func(_ context.Context, users []string) (map[string]int, error) {
			mu.Lock()
			defer mu.Unlock()
			return map[string]int{"bob": level, "al": 9}, failing
		}}, store, r, quiet())
		run(t, s)
		x := terms("d1")
		x.Eligibility.MinLevel = 5
		begin(t, s, x)
		r.say("al", "hello")
		time.Sleep(5 * time.Second)
		if d := show(t, s, "d1"); d.Entries != 0 {
			t.Errorf("%+v", d)
		}
		mu.Lock()
		failing = nil
		mu.Unlock()
		r.say("bob", "hello")
		time.Sleep(5 * time.Second)
		mu.Lock()
		level = 5
		mu.Unlock()
		r.say("bob", "hello")
		time.Sleep(time.Minute)
		if got := users(t, store, "d1"); got != "al bob" {
			t.Errorf("entered: %q", got)
		}
	})
}

// TestSlowLookups: a draw whose users are asked about slowly comes to its end all the same.
func TestSlowLookups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := &rooms{}, draw.NewMemory()
		s := draw.New(draw.Config{Followers: func(ctx context.Context, _ string, users []string) (map[string]bool, error) {
			all := map[string]bool{}
			for _, user := range users {
				select {
				case <-ctx.Done():
					return nil, ctx.Err()
				case <-time.After(50 * time.Millisecond):
				}
				all[user] = true
			}
			return all, nil
		}}, store, r, quiet())
		run(t, s)
		x := terms("d1")
		x.Eligibility.Follower = true
		begin(t, s, x)
		for i := range 700 {
			r.say(fmt.Sprint("u", i), "hello")
		}
		time.Sleep(2 * time.Minute)
		if d := show(t, s, "d1"); d.State != draw.Ended || d.Entries != 700 {
			t.Errorf("%s with %d entries", d.State, d.Entries)
		}
	})
}

// TestWhatNobodyKnowsIsRefused: draws that ask for what this server does not know can't be started.
func TestWhatNobodyKnowsIsRefused(t *testing.T) {
	s := draw.New(draw.Config{}, draw.NewMemory(), &rooms{}, quiet())
	for field, change := range map[string]func(*draw.Terms){
		"eligibility.minLevel":  func(x *draw.Terms) { x.Eligibility.MinLevel = 1 },
		"eligibility.follower":  func(x *draw.Terms) { x.Eligibility.Follower = true },
		"eligibility.giftValue": func(x *draw.Terms) { x.Eligibility.GiftValue = 1 },
	} {
		x := terms("d1")
		change(&x)
		var refused *chat.Error
		if _, err := s.Start(t.Context(), "tea", backend, x); !errors.As(err, &refused) || refused.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	offline := draw.New(draw.Config{Gifts: func(context.Context, string, string, int64, []string) (map[string]int64, error) { return nil, nil }}, draw.NewMemory(), &rooms{}, quiet())
	x := terms("d1")
	x.Eligibility.GiftValue = 1
	if _, err := offline.Start(t.Context(), "tea", backend, x); err == nil || !strings.Contains(err.Error(), "not live") {
		t.Errorf("no session: %v", err)
	}
}
