package live_test

import (
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

		room, err := f.Bar(t.Context(), "r", []string{"bad", ""}, time.Now().Add(time.Hour))
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
		if _, err := f.Bar(t.Context(), "r", []string{"bad"}, time.Time{}); err != nil { // for ever
			t.Fatal(err)
		}
		_, err = f.Play(t.Context(), as("bad", "r"))
		wantRefusal(t, err, "banned")
		if _, err := f.Bar(t.Context(), "none", nil, time.Time{}); err == nil {
			t.Error("barred from a room that does not exist")
		}
	})
}
