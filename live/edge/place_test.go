package edge

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/stream"
)

// TestAskingForNothingIsCheap: whoever makes up streams has the store asked once a second for each, and by a few at a time.
func TestAskingForNothingIsCheap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			mu      sync.Mutex
			asked   int
			release = make(chan struct{})
		)
		locate := func(context.Context, string) error {
			mu.Lock()
			defer mu.Unlock()
			asked++
			return nil
		}
		e := New(Config{Node: "a", Locate: locate}, nil, nil, slog.New(slog.DiscardHandler))
		for range 100 {
			if _, ok := e.Where(t.Context(), "x"); ok {
				t.Fatal("it is somewhere")
			}
		}
		time.Sleep(nowhereKept)
		if e.Where(t.Context(), "x"); asked != 2 {
			t.Errorf("asked %d times, want once a second", asked)
		}

		e.cfg.Locate = func(context.Context, string) error { <-release; return locate(context.Background(), "") }
		asked = 0
		var wg sync.WaitGroup
		for i := range 10 * maxLocating {
			wg.Go(func() { e.Where(t.Context(), fmt.Sprintf("y%d", i)) })
		}
		synctest.Wait()
		close(release)
		wg.Wait()
		if asked != maxLocating {
			t.Errorf("%d look-ups at a time, want %d", asked, maxLocating)
		}
		for i := range 2 * maxNowhere {
			e.Where(t.Context(), fmt.Sprintf("z%d", i))
		}
		if n := len(e.nowhere); n > maxNowhere {
			t.Errorf("%d answers are kept", n)
		}
	})
}

// TestNewsAreBelieved also where the stream was nowhere a moment before.
func TestNewsAreBelieved(t *testing.T) {
	hub := stream.NewHub(stream.Config{})
	is := stream.Origin{Room: "r", Revision: 1, Node: "b", Generation: 1, Session: "s", On: true}
	none := func(context.Context, string) error { return nil }
	e := New(Config{Node: "a", Locate: none}, hub, nil, slog.New(slog.DiscardHandler))
	if _, ok := e.Where(t.Context(), "x"); ok {
		t.Fatal("it is somewhere")
	}
	e.Follow("x", is)
	if at, ok := e.Where(t.Context(), "x"); !ok || at.Node != "b" {
		t.Errorf("%+v %t", at, ok)
	}
}

// TestSessionWithoutAPush is on where a node was started while nobody pushes: what comes of it is known from elsewhere.
func TestSessionWithoutAPush(t *testing.T) {
	var e *Edges
	is := stream.Origin{Room: "r", Revision: 1, Session: "s", On: true}
	look := func(context.Context, string) error {
		e.Follow("x", is)
		return nil
	}
	e = New(Config{Node: "a", Locate: look}, stream.NewHub(stream.Config{}), nil, slog.New(slog.DiscardHandler))
	if at, ok := e.Where(t.Context(), "x"); !ok || at.Node != "" || at.Here || at.Session != "s" {
		t.Errorf("paused: %+v %t", at, ok)
	}
	at, _ := e.Where(t.Context(), "x")
	is.Revision, is.Node, is.Generation = 2, "b", 2
	e.Follow("x", is)
	select {
	case <-at.Changed:
	default:
		t.Error("who asked does not learn of the push")
	}
	if at, ok := e.Where(t.Context(), "x"); !ok || at.Node != "b" {
		t.Errorf("pushed: %+v %t", at, ok)
	}
	is.Revision, is.Node, is.On, is.Session = 3, "", false, ""
	e.Follow("x", is)
	if at, ok := e.Where(t.Context(), "x"); ok {
		t.Errorf("over: %+v", at)
	}
}
