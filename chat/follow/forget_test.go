package follow_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"

	"liveroom/chat/follow"
	"liveroom/chat/follow/followtest"
)

func TestWhoIsNoMoreFollowsNobodyAndIsFollowedByNobody(t *testing.T) {
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
	if err := s.Forget(t.Context(), "ann", "nobody"); err != nil {
		t.Fatal(err)
	}
	set("ann", "eve") // she is back already
	set("eve", "ann")
	if err := s.ForgetRest(t.Context()); err != nil {
		t.Fatal(err)
	}
	followtest.IsList(t, store, "ann", follow.Following, "eve")
	followtest.IsList(t, store, "ann", follow.Followers, "eve")
	followtest.IsList(t, store, "fan0", follow.Following)
	followtest.IsList(t, store, "star249", follow.Followers)
	followtest.IsList(t, store, "bob", follow.Followers, "dan")
	if all, err := store.Forgotten(t.Context(), 10); err != nil || len(all) != 0 {
		t.Errorf("still noted: %v, %v", all, err)
	}
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
	if err := s.Forget(t.Context(), "ann"); err != nil {
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
