// Package followtest holds what every follow.Store must do. Memory, bbolt and Redis pass the same suite.
package followtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"liveroom/chat/follow"
)

// limit is how many one may follow in the suite.
const limit = 6

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) follow.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s follow.Store)
	}{
		{"nobody follows anybody", nobody},
		{"a follow has two ends, and is made once", twoEnds},
		{"names may hold anything", names},
		{"the newest is first, page by page", pages},
		{"one follows no more than one may", limited},
		{"who is to be forgotten is noted until that is done", forgotten},
		{"many at once", crowd},
		{"whatever is done, lists and counts are a set's", property},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

// Set makes a change.
func Set(t *testing.T, s follow.Store, follower, followed string, on bool) follow.Done {
	t.Helper()
	done, err := s.SetFollow(t.Context(), follow.Change{Follower: follower, Followed: followed, On: on, Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// IsList compares a list, which must be what counts say of its length.
func IsList(t *testing.T, s follow.Store, user string, side follow.Side, want ...string) {
	t.Helper()
	page, err := s.FollowList(t.Context(), user, side, follow.Place{}, 1000)
	if err != nil || !slices.Equal(users(page), want) {
		t.Errorf("list %d of %s: %v, %v, want %v", side, user, users(page), err, want)
	}
	c, err := s.FollowCounts(t.Context(), user)
	if got := map[follow.Side]int{follow.Following: c.Following, follow.Followers: c.Followers}[side]; err != nil || got != len(want) {
		t.Errorf("count %d of %s: %d, %v, want %d", side, user, got, err, len(want))
	}
}

func users(page []follow.Place) []string {
	all := []string{}
	for _, p := range page {
		all = append(all, p.User)
	}
	return all
}

func nobody(t *testing.T, s follow.Store) {
	if on, err := s.Follows(t.Context(), "ann", "bob"); err != nil || on {
		t.Errorf("follows: %v, %v", on, err)
	}
	IsList(t, s, "ann", follow.Following)
	IsList(t, s, "ann", follow.Followers)
	if done := Set(t, s, "ann", "bob", false); done != (follow.Done{Known: true}) {
		t.Errorf("unfollow: %+v", done)
	}
}

func twoEnds(t *testing.T, s follow.Store) {
	before := time.Now().Add(-time.Hour)
	for i, step := range []struct {
		on   bool
		want follow.Done
	}{
		{true, follow.Done{Changed: true, Followers: 1, Known: true}},
		{true, follow.Done{Followers: 1, Known: true}},
		{false, follow.Done{Changed: true, Known: true}},
		{false, follow.Done{Known: true}},
		{true, follow.Done{Changed: true, Followers: 1, Known: true}},
	} {
		if done := Set(t, s, "ann", "bob", step.on); done != step.want {
			t.Errorf("step %d: %+v, want %+v", i, done, step.want)
		}
		if on, err := s.Follows(t.Context(), "ann", "bob"); err != nil || on != step.on {
			t.Errorf("step %d: follows: %v, %v", i, on, err)
		}
	}
	IsList(t, s, "ann", follow.Following, "bob")
	IsList(t, s, "bob", follow.Followers, "ann")
	IsList(t, s, "ann", follow.Followers)
	IsList(t, s, "bob", follow.Following)
	if on, err := s.Follows(t.Context(), "bob", "ann"); err != nil || on {
		t.Errorf("the other way: %v, %v", on, err)
	}
	mine, err := s.FollowList(t.Context(), "ann", follow.Following, follow.Place{}, 1)
	his, err2 := s.FollowList(t.Context(), "bob", follow.Followers, follow.Place{}, 1)
	if err != nil || err2 != nil || len(mine) != 1 || len(his) != 1 || mine[0].At != his[0].At || !mine[0].Since().After(before) {
		t.Errorf("since %v, %v: %v, %v", mine, his, err, err2)
	}
}

func names(t *testing.T, s follow.Store) {
	for _, name := range []string{"a", "a.b", "~z", "A", "0", "-", `"{}`, "a:b"} {
		Set(t, s, "f"+name, "anna", true)
		IsList(t, s, "f"+name, follow.Following, "anna")
		Set(t, s, "ann", name, true)
		IsList(t, s, name, follow.Followers, "ann")
		Set(t, s, "ann", name, false)
		IsList(t, s, name, follow.Followers)
	}
	if c, err := s.FollowCounts(t.Context(), "anna"); err != nil || c != (follow.Counts{Followers: 8}) {
		t.Errorf("%+v, %v", c, err)
	}
}

func pages(t *testing.T, s follow.Store) {
	var want []string
	for i := range 25 {
		name := fmt.Sprint("f", i)
		Set(t, s, name, "anna", true)
		want = append([]string{name}, want...)
	}
	Set(t, s, "f7", "anna", false)
	Set(t, s, "f7", "anna", true) // the newest now
	want = slices.DeleteFunc(want, func(n string) bool { return n == "f7" })
	want = append([]string{"f7"}, want...)
	var got []string
	after := follow.Place{}
	for range 100 {
		page, err := s.FollowList(t.Context(), "anna", follow.Followers, after, 4)
		if err != nil || len(page) > 4 {
			t.Fatal(page, err)
		}
		if len(page) == 0 {
			break
		}
		got = append(got, users(page)...)
		after = page[len(page)-1]
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages: %v, want %v", got, want)
	}
	// Who goes meanwhile leaves no gap.
	first, err := s.FollowList(t.Context(), "anna", follow.Followers, follow.Place{}, 3)
	if err != nil || len(first) != 3 {
		t.Fatal(first, err)
	}
	Set(t, s, first[2].User, "anna", false)
	rest, err := s.FollowList(t.Context(), "anna", follow.Followers, first[2], 100)
	if err != nil || !slices.Equal(users(rest), want[3:]) {
		t.Errorf("behind who went: %v, %v, want %v", users(rest), err, want[3:])
	}
}

func limited(t *testing.T, s follow.Store) {
	for i := range limit {
		Set(t, s, "ann", fmt.Sprint("a", i), true)
	}
	change := follow.Change{Follower: "ann", Followed: "one more", On: true, Limit: limit}
	if _, err := s.SetFollow(t.Context(), change); !errors.Is(err, follow.ErrTooMany) {
		t.Errorf("one more: %v", err)
	}
	IsList(t, s, "one more", follow.Followers)
	Set(t, s, "ann", "a0", true) // whom she follows already
	Set(t, s, "ann", "a0", false)
	Set(t, s, "ann", "one more", true)
	IsList(t, s, "one more", follow.Followers, "ann")
}

func forgotten(t *testing.T, s follow.Store) {
	noted := func(limit int, want ...follow.Place) {
		t.Helper()
		if all, err := s.Forgotten(t.Context(), limit); err != nil || !slices.Equal(all, want) {
			t.Errorf("noted: %v, %v, want %v", all, err, want)
		}
	}
	noted(10)
	at := time.Now().UnixMicro()
	ann, bob, again := follow.Place{At: at, User: "ann"}, follow.Place{At: at, User: `b"{.}`}, follow.Place{At: at + 1, User: "ann"}
	if err := s.Forgot(t.Context(), []follow.Place{ann}); err != nil {
		t.Fatal(err)
	}
	for _, some := range [][]follow.Place{{again}, {ann, bob}, {bob}} { // twice is no more
		if err := s.Forget(t.Context(), some); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.Forgotten(t.Context(), 10)
	if err != nil || len(all) != 3 || !slices.Contains(all[:2], ann) || !slices.Contains(all[:2], bob) || all[2] != again {
		t.Fatalf("noted: %v, %v", all, err)
	}
	noted(2, all[:2]...)
	if err := s.Forgot(t.Context(), []follow.Place{ann, {At: at + 1, User: bob.User}}); err != nil {
		t.Fatal(err)
	}
	noted(10, bob, again)
	if err := s.Forgot(t.Context(), []follow.Place{again, bob}); err != nil {
		t.Fatal(err)
	}
	noted(10)
	if err := s.Forgot(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
}

func crowd(t *testing.T, s follow.Store) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	changed := 0
	for i := range 40 {
		wg.Go(func() {
			done, err := s.SetFollow(context.Background(), follow.Change{Follower: fmt.Sprint("f", i%20), Followed: "anna", On: true, Limit: limit})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if done.Changed {
				changed++
			}
		})
	}
	wg.Wait()
	c, err := s.FollowCounts(t.Context(), "anna")
	if err != nil || c.Followers != 20 || changed != 20 {
		t.Errorf("%d of 20 follow, %d changes, %v", c.Followers, changed, err)
	}
}

// property follows and unfollows by chance, and compares with sets.
func property(t *testing.T, s follow.Store) {
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		name := func(i int) string { return fmt.Sprintf("u%d-%d", run, i) }
		m := NewModel()
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			a, b := rapid.IntRange(0, 3).Draw(rt, "follower"), rapid.IntRange(0, 3).Draw(rt, "followed")
			on := rapid.Bool().Draw(rt, "on")
			if a == b {
				continue
			}
			done, err := s.SetFollow(context.Background(), follow.Change{Follower: name(a), Followed: name(b), On: on, Limit: limit})
			changed := m.Set(name(a), name(b), on)
			if err != nil || done.Changed != changed || done.Followers != len(m.Followers[name(b)]) {
				rt.Fatalf("%s, %s, %v: %+v, %v", name(a), name(b), on, done, err)
			}
		}
		for i := range 4 {
			if err := m.Differs(s, name(i)); err != nil {
				rt.Fatal(err)
			}
		}
	})
}
