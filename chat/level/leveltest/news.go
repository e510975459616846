package leveltest

import (
	"context"
	"testing"
	"time"

	"liveroom/chat/level"
)

// Shared is a store of several nodes.
type Shared interface {
	level.Store
	level.News
}

// heard is a level.Listener that hands on.
type heard struct {
	changes chan []level.Change
	missed  chan bool
}

func (h heard) Changed(changes []level.Change) { h.changes <- changes }

func (h heard) Missed() { h.missed <- true }

// News runs the suite of stores that tell nodes of each other's changes; open returns two views of an empty store.
func News(t *testing.T, open func(t *testing.T) (a, b Shared)) {
	a, b := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan bool)
	h := heard{make(chan []level.Change, 10), make(chan bool, 10)}
	go func() {
		defer close(ended)
		_ = b.Follow(ctx, "b", h)
	}()
	defer func() {
		cancel()
		<-ended
	}()
	next(t, h.missed)
	take(t, b, step("b", 1, at, does("alice", level.Gifts, 10_000))) // its own
	take(t, a, step("a", 1, at, does("bob", level.Gifts, 1)))        // changes nothing
	want := take(t, a, step("a", 2, at, does("bob", level.Gifts, 10_000)))
	if got := next(t, h.changes); len(got) != 1 || got[0] != want[0] {
		t.Errorf("heard %+v, want %+v", got, want)
	}
	if err := a.Delete(t.Context(), []level.Gone{{User: "bob", At: at}}); err != nil {
		t.Fatal(err)
	}
	if got := next(t, h.changes); len(got) != 1 || got[0].User != "bob" || !got[0].Gone {
		t.Errorf("heard %+v, want that bob is gone", got)
	}
}

func next[T any](t *testing.T, from chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was heard")
	}
	return v
}
