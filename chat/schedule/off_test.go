package schedule_test

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/schedule"
)

// TestSwitchedOff: while nothing may be sent nobody adds a broadcast, one that is due waits, one that is in the middle of its
// rooms stops there, and both go on when they may.
func TestSwitchedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := newRooms(12), schedule.NewMemory() // in pages of 4
		var off atomic.Bool
		s := schedule.New(schedule.Config{Next: hourly, Off: off.Load, Rate: 4}, store, r, slog.New(slog.DiscardHandler))
		defer run(s)()
		for _, d := range []schedule.Draft{{ID: "now", Body: text}, {ID: "later", Body: text, At: time.Now().Add(time.Minute)}} {
			if _, err := s.Add(t.Context(), backend, d); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(1500 * time.Millisecond) // in its second page
		off.Store(true)
		time.Sleep(10 * time.Minute)
		if b := show(t, store, "now"); b.State != schedule.Running || b.Run.Rooms != 8 {
			t.Errorf("in the middle of its rooms: %+v", b)
		}
		if b := show(t, store, "later"); b.State != schedule.Scheduled || b.Runs != 0 {
			t.Errorf("due: %+v", b)
		}
		if _, err := s.Add(t.Context(), backend, schedule.Draft{ID: "more", Body: text}); !errors.Is(err, chat.ErrBroadcastsOff) {
			t.Errorf("added: %v", err)
		}
		off.Store(false)
		time.Sleep(10 * time.Second)
		for _, id := range []string{"now", "later"} {
			if b := show(t, store, id); b.State != schedule.Done || b.Run.Rooms != 12 {
				t.Errorf("afterwards: %+v", b)
			}
		}
		off.Store(true)
		if _, err := s.Cancel(t.Context(), backend, "later"); !errors.Is(err, schedule.ErrOver) {
			t.Error(err)
		}
	})
}

// TestWhatWaitsIsCancelled: also one that stands in the middle of its rooms while nothing may be sent.
func TestWhatWaitsIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := newRooms(12), schedule.NewMemory()
		var off atomic.Bool
		s := schedule.New(schedule.Config{Next: hourly, Off: off.Load, Rate: 4}, store, r, slog.New(slog.DiscardHandler))
		defer run(s)()
		if _, err := s.Add(t.Context(), backend, schedule.Draft{ID: "now", Body: text}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
		off.Store(true)
		time.Sleep(time.Minute)
		if b, err := s.Cancel(t.Context(), backend, "now"); err != nil || b.State != schedule.Cancelled || b.Run.Rooms != 4 {
			t.Errorf("%+v, %v", b, err)
		}
	})
}
