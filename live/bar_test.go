package live_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live"
	"liveroom/live/stream"
)

func TestBarredViewersWatchNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.create(live.Draft{ID: "r"})
		f.create(live.Draft{ID: "other"})
		f.push("r")
		f.push("other")
		as := func(vid, name string) stream.Request {
			req := signed(playKey, name)
			req.Query = append(req.Query, "vid="+vid)
			return req
		}
		play := func(vid, name string) *stream.Subscriber {
			t.Helper()
			sub, err := f.Play(t.Context(), as(vid, name))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(sub.Close)
			return sub
		}
		bad, elsewhere, good := play("bad", "r"), play("bad", "other"), play("good", "r")

		room, err := f.Bar(t.Context(), "r", "bad", []string{"bad", ""}, time.Now().Add(time.Hour))
		if err != nil || room.ID != "r" {
			t.Fatalf("%v, %v", room, err)
		}
		if _, err := bad.Next(t.Context(), nil); !errors.Is(err, stream.ErrClosed) {
			t.Errorf("the barred viewer got %v, want ErrClosed", err)
		}
		for name, sub := range map[string]*stream.Subscriber{"the same viewer elsewhere": elsewhere, "another viewer": good} {
			sub.SetIdle(time.Millisecond)
			if _, err := sub.Next(t.Context(), nil); !errors.Is(err, stream.ErrIdle) {
				t.Errorf("%s got %v, want to wait on", name, err)
			}
		}
		_, err = f.Play(t.Context(), as("bad", "r"))
		wantRefusal(t, err, "banned")
		wantRefusal(t, f.Authorize(t.Context(), as("bad", "r")), "banned")
		play("bad", "other")
		if n, _ := f.hub.Viewers("r"); n != 1 {
			t.Errorf("%d watch, want 1", n)
		}

		time.Sleep(time.Hour)
		play("bad", "r")
		if _, err := f.Bar(t.Context(), "r", "bad", []string{"bad"}, time.Time{}); err != nil { // for ever
			t.Fatal(err)
		}
		_, err = f.Play(t.Context(), as("bad", "r"))
		wantRefusal(t, err, "banned")
		if _, err := f.Bar(t.Context(), "none", "bad", nil, time.Time{}); err == nil {
			t.Error("barred from a room that does not exist")
		}
	})
}

func TestWhoIsPardonedWatchesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		banned := map[string]bool{"r bad": true}
		f := newFixture(t, func(c *live.Config) {
			c.Banned = func(_ context.Context, r live.Room, user string) bool { return banned[r.ID+" "+user] }
		})
		f.create(live.Draft{ID: "r"})
		f.push("r")
		req := signed(playKey, "r")
		req.Query = append(req.Query, "vid=page")
		if _, err := f.Bar(t.Context(), "r", "bad", []string{"page"}, time.Time{}); err != nil {
			t.Fatal(err)
		}
		may := func(want bool) {
			t.Helper()
			if err := f.Authorize(t.Context(), req); (err == nil) != want {
				t.Errorf("may watch: %v", err)
			}
		}
		may(false)
		time.Sleep(time.Minute)
		may(false)
		delete(banned, "r bad")
		may(true)
		if _, err := f.Bar(t.Context(), "r", "bad", []string{"page"}, time.Time{}); err != nil {
			t.Fatal(err)
		}
		may(false) // this node may not have heard of it yet
	})
}
