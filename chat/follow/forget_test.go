package follow_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat/follow"
	"liveroom/chat/follow/followtest"
)

// gone are users who are no more since now.
func gone(users ...string) (all []follow.Place) {
	for _, user := range users {
		all = append(all, follow.Place{At: time.Now().UnixMicro(), User: user})
	}
	return all
}

func TestWhoIsNoMoreFollowsNobodyAndIsFollowedByNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := follow.NewMemory()
		s, err := follow.New(follow.Config{}, store, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		set := func(follower, followed string) {
			t.Helper()
			if _, err := s.Set(t.Context(), follower, followed, true); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 250 { // more than a page
			set(fmt.Sprint("fan", i), "ann")
			set("ann", fmt.Sprint("star", i))
		}
		set("dan", "bob")
		time.Sleep(time.Second)
		left := gone("ann", "nobody")
		time.Sleep(time.Second)
		set("ann", "eve") // she is back already
		set("eve", "ann")
		for range 2 { // it is told again
			if err := s.Forget(t.Context(), left...); err != nil {
				t.Fatal(err)
			}
			if err := s.ForgetRest(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		followtest.IsList(t, store, "ann", follow.Following, "eve")
		followtest.IsList(t, store, "ann", follow.Followers, "eve")
		followtest.IsList(t, store, "fan0", follow.Following)
		followtest.IsList(t, store, "star249", follow.Followers)
		followtest.IsList(t, store, "bob", follow.Followers, "dan")
		if all, err := store.Forgotten(t.Context(), 10); err != nil || len(all) != 0 {
			t.Errorf("still noted: %v, %v", all, err)
		}
	})
}

// TestManyWhoWentTogetherAreForgotten: more than are looked at in one step, all of one moment, as guests whose time is over.
func TestManyWhoWentTogetherAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := follow.NewMemory()
		s, err := follow.New(follow.Config{}, store, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		var guests []string
		for i := range 250 {
			guests = append(guests, fmt.Sprint("guest", i))
			if _, err := s.Set(t.Context(), guests[i], "ann", true); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		if err := s.Forget(t.Context(), gone(guests...)...); err != nil {
			t.Fatal(err)
		}
		if err := s.ForgetRest(t.Context()); err != nil {
			t.Fatal(err)
		}
		followtest.IsList(t, store, "ann", follow.Followers)
		if all, err := store.Forgotten(t.Context(), 10); err != nil || len(all) != 0 {
			t.Errorf("still noted: %v, %v", all, err)
		}
	})
}

// failing is a Store that takes so many changes.
type failing struct {
	*follow.Memory
	left atomic.Int64
}

func (f *failing) SetFollow(ctx context.Context, c follow.Change) (follow.Done, error) {
	if f.left.Add(-1) < 0 {
		return follow.Done{}, errors.New("away")
	}
	return f.Memory.SetFollow(ctx, c)
}

func TestForgettingGoesOnWhereItFailed(t *testing.T) {
	store := &failing{Memory: follow.NewMemory()}
	store.left.Store(2)
	s, err := follow.New(follow.Config{}, store, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, star := range []string{"bob", "cat"} {
		if _, err := s.Set(t.Context(), "ann", star, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Forget(t.Context(), follow.Place{At: time.Now().Add(time.Second).UnixMicro(), User: "ann"}); err != nil {
		t.Fatal(err)
	}
	if err := s.ForgetRest(t.Context()); err == nil {
		t.Error("a store that is away forgot")
	}
	store.left.Store(100)
	if err := s.ForgetRest(t.Context()); err != nil {
		t.Fatal(err)
	}
	followtest.IsList(t, store, "ann", follow.Following)
}
