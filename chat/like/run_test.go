package like_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/like"
)

// TestAGroupThatIsGoneIsForgotten: also if it was not liked lately.
func TestAGroupThatIsGoneIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gone atomic.Bool
		store := like.NewMemory()
		n := start(t, like.Config{Raise: func(context.Context, string, int64) error {
			if gone.Load() {
				return chat.ErrNoGroup
			}
			return nil
		}}, &room{}, store)
		n.like(t, "ann", 5)
		time.Sleep(time.Hour)
		gone.Store(true)
		n.Gone("g")
		time.Sleep(time.Hour)
		if got := total(t, store); got != 0 {
			t.Errorf("%d likes are left", got)
		}
		if groups, _, err := store.Liked(t.Context(), 10); err != nil || len(groups) > 0 {
			t.Errorf("still on the list: %v, %v", groups, err)
		}
	})
}

// TestAGroupThatIsMadeAgainGoesOn with its likes for some minutes, and with none after that.
func TestAGroupThatIsMadeAgainGoesOn(t *testing.T) {
	for away, want := range map[time.Duration]string{5 * time.Minute: "[5 5 6]", time.Hour: "[5 1]"} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			var told []int64
			gone := false
			isGone := func(is bool) { mu.Lock(); gone = is; mu.Unlock() }
			n := start(t, like.Config{Raise: func(_ context.Context, _ string, likes int64) error {
				mu.Lock()
				defer mu.Unlock()
				if gone {
					return chat.ErrNoGroup
				}
				told = append(told, likes)
				return nil
			}}, &room{}, like.NewMemory())
			n.like(t, "ann", 5)
			time.Sleep(time.Minute)
			isGone(true)
			n.Gone("g")
			time.Sleep(away)
			isGone(false)
			time.Sleep(time.Minute)
			got := n.like(t, "ann", 1)
			time.Sleep(time.Minute)
			mu.Lock()
			defer mu.Unlock()
			if fmt.Sprint(told) != want || got.Total != told[len(told)-1] {
				t.Errorf("made again after %s: told %v, answered %+v, want %s", away, told, got, want)
			}
		})
	}
}

// TestAGroupThatCannotBeToldKeepsNoOther: it is told again, and the others are not.
func TestAGroupThatCannotBeToldKeepsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failed, fine atomic.Int64
		n := start(t, like.Config{Raise: func(_ context.Context, group string, _ int64) error {
			if group == "bad" {
				failed.Add(1)
				return errors.New("refused")
			}
			fine.Add(1)
			return nil
		}}, &room{}, like.NewMemory())
		for _, group := range []string{"bad", "g"} {
			if _, err := n.Add(t.Context(), group, "", 1); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		if failed.Load() < 10 || fine.Load() != 1 {
			t.Errorf("one was tried %d times, the other told %d times", failed.Load(), fine.Load())
		}
	})
}

func TestTotalsAreToldWhenTheyChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []int64
		gone := false
		store := like.NewMemory()
		n := start(t, like.Config{Raise: func(_ context.Context, group string, likes int64) error {
			mu.Lock()
			defer mu.Unlock()
			if gone {
				return chat.ErrNoGroup
			}
			told = append(told, likes)
			return nil
		}}, &room{}, store)
		time.Sleep(2500 * time.Millisecond)
		n.like(t, "ann", 5)
		time.Sleep(time.Minute)
		n.like(t, "ann", 6)
		time.Sleep(time.Minute)
		mu.Lock()
		if fmt.Sprint(told) != "[5 11]" {
			t.Errorf("told %v", told)
		}
		gone = true
		mu.Unlock()
		n.like(t, "ann", 1)
		time.Sleep(5 * time.Minute)
		if got := total(t, store); got != 12 {
			t.Errorf("whoever sums up the session of a group that has just gone finds %d likes", got)
		}
		time.Sleep(10 * time.Minute)
		if got := total(t, store); got != 0 {
			t.Errorf("of a group that is gone %d likes are left", got)
		}
		if groups, _, err := store.Liked(t.Context(), 10); err != nil || len(groups) > 0 {
			t.Errorf("still on the list: %v, %v", groups, err)
		}
	})
}

// TestWhatADeadNodeAddedIsTold: it did not live to tell it.
func TestWhatADeadNodeAddedIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := like.NewMemory()
		if _, err := store.AddLikes(t.Context(), "g", like.Batch{Writer: "dead", Number: 9, Likes: []like.Count{{Likes: 7}}}); err != nil {
			t.Fatal(err)
		}
		told := make(chan int64, 10)
		start(t, like.Config{Raise: func(_ context.Context, _ string, likes int64) error { told <- likes; return nil }}, &room{}, store)
		if got := <-told; got != 7 {
			t.Errorf("told %d", got)
		}
	})
}
