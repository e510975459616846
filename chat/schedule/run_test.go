package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/schedule"
)

func add(t *testing.T, s *schedule.Service, d schedule.Draft) {
	t.Helper()
	d.Body = text
	if _, err := s.Add(t.Context(), backend, d); err != nil {
		t.Fatal(err)
	}
}

// TestOneBlockedRoomHoldsUpNoOther: what takes too long is told later, and has failed if that does not help; the others have the
// message long before, no more a second than they may.
func TestOneBlockedRoomHoldsUpNoOther(t *testing.T) {
	for _, tc := range []struct {
		name    string
		blocked time.Duration
		rooms   int
	}{{"for a while", 12 * time.Second, 60}, {"for good", time.Hour, 59}} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, store := newRooms(60), schedule.NewMemory()
				r.page = 100
				begun := time.Now()
				r.fate = func(_ uint64, group string) error {
					if group == "r007" && time.Since(begun) < tc.blocked {
						return errBlocked
					}
					return nil
				}
				defer run(newService(store, r, hourly))()
				add(t, newService(store, r, hourly), schedule.Draft{ID: "b"})
				time.Sleep(2 * time.Second)
				if _, n := r.has(""); n != 59 {
					t.Errorf("%d rooms have it", n)
				}
				time.Sleep(3 * time.Second)
				if b := show(t, store, "b"); b.State != schedule.Running || b.Run.Of != 60 || b.Run.Rooms != 59 || b.Run.Failed != 0 {
					t.Errorf("%+v", b)
				}
				time.Sleep(time.Minute)
				if b := show(t, store, "b"); b.State != schedule.Done || b.Run.Rooms != tc.rooms || b.Run.Failed != 60-tc.rooms || b.Run.Late != nil {
					t.Errorf("%+v", b)
				}
				for i := range r.at[1:] {
					if gap := r.at[i+1].Sub(r.at[i]); gap < 10*time.Millisecond {
						t.Errorf("%s between two rooms", gap)
					}
				}
			})
		})
	}
}

// TestAllRoomsBlocked: as many as are put aside at most have their other turns before the next ones have their first.
func TestAllRoomsBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := newRooms(250), schedule.NewMemory()
		r.fate = func(uint64, string) error { return chat.ErrUnavailable }
		defer run(newService(store, r, hourly))()
		add(t, newService(store, r, hourly), schedule.Draft{ID: "b"})
		for range 100 {
			time.Sleep(time.Second)
			if late := len(show(t, store, "b").Run.Late); late > 104 {
				t.Fatalf("%d are put aside", late)
			}
		}
		time.Sleep(time.Hour)
		if b := show(t, store, "b"); b.State != schedule.Done || b.Run.Failed != 250 || b.Run.Rooms != 0 {
			t.Errorf("%+v", b)
		}
	})
}

// TestRoomsThatAreGoneAreSkipped, and one that is named twice has one turn.
func TestRoomsThatAreGoneAreSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := newRooms(10), schedule.NewMemory()
		r.gone["r003"] = true
		s := newService(store, r, hourly)
		defer run(s)()
		add(t, s, schedule.Draft{ID: "all"})
		add(t, s, schedule.Draft{ID: "named", Filter: schedule.Filter{Rooms: []string{"r003", "r004", "r004", "r003", "r005"}}})
		time.Sleep(time.Second)
		if b := show(t, store, "all"); b.State != schedule.Done || b.Run.Of != 10 || b.Run.Rooms != 9 || b.Run.Skipped != 1 || b.Run.Failed != 0 {
			t.Errorf("%+v", b)
		}
		if b := show(t, store, "named"); b.State != schedule.Done || b.Run.Of != 3 || b.Run.Rooms != 2 || b.Run.Skipped != 1 {
			t.Errorf("%+v", b)
		}
	})
}

// TestCancelStopsAtOnce: when it is answered, by whatever node, as many rooms have it as it says, and no other gets it.
func TestCancelStopsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := newRooms(90), schedule.NewMemory()
		r.fate = func(_ uint64, group string) error {
			if group == "r005" {
				return errBlocked
			}
			return nil
		}
		slow := schedule.Config{Rate: 10}
		s := schedule.New(slow, store, r, slog.New(slog.DiscardHandler))
		defer run(s)()
		add(t, s, schedule.Draft{ID: "b1"})
		time.Sleep(5*time.Second + 250*time.Millisecond)
		other := schedule.New(slow, store, r, slog.New(slog.DiscardHandler))
		began := time.Now()
		for range 2 {
			b, err := other.Cancel(t.Context(), backend, "b1")
			_, n := r.has("")
			if err != nil || b.State != schedule.Cancelled || b.Run.Rooms != n || n < 20 || n > 60 || b.Run.Of != 90 || b.Run.EndedAt.IsZero() {
				t.Errorf("%d rooms have it: %+v, %v", n, b, err)
			}
			time.Sleep(time.Minute)
			if _, now := r.has(""); now != n {
				t.Errorf("%d rooms have it, then %d", n, now)
			}
		}
		if took := time.Since(began) - 2*time.Minute; took > 200*time.Millisecond {
			t.Errorf("it took %s", took)
		}
		add(t, s, schedule.Draft{ID: "b2", Filter: schedule.Filter{Rooms: []string{"r001"}}})
		time.Sleep(time.Second)
		if _, err := s.Cancel(t.Context(), backend, "b2"); !errors.Is(err, schedule.ErrOver) {
			t.Error(err)
		}
		if _, err := s.Cancel(t.Context(), backend, "b9"); !errors.Is(err, schedule.ErrUnknown) {
			t.Error(err)
		}
	})
}

// TestCancelWaitsForNoBlockedRoom longer than a room may take; and what a node left that died is cancelled by the next.
func TestCancelWaitsForNoBlockedRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := newRooms(20), schedule.NewMemory()
		r.fate = func(_ uint64, group string) error {
			if group == "r009" {
				return errBlocked
			}
			return nil
		}
		s := newService(store, r, hourly)
		stop := run(s)
		add(t, s, schedule.Draft{ID: "b1"})
		time.Sleep(time.Second)
		b, err := s.Cancel(t.Context(), backend, "b1")
		if _, n := r.has(""); err != nil || b.State != schedule.Cancelled || b.Run.Rooms != n {
			t.Errorf("%d have it: %+v, %v", n, b, err)
		}
		add(t, s, schedule.Draft{ID: "b2"})
		time.Sleep(20 * time.Millisecond)
		stop()
		for range 2 {
			if b, err = s.Cancel(t.Context(), backend, "b2"); err != nil || b.State != schedule.Cancelling {
				t.Errorf("%+v, %v", b, err)
			}
		}
		_, n := r.has("")
		defer run(newService(store, r, hourly))()
		time.Sleep(time.Second)
		if b := show(t, store, "b2"); b.State != schedule.Cancelled || b.Run.EndedAt.IsZero() {
			t.Errorf("%+v", b)
		}
		if _, now := r.has(""); now != n {
			t.Errorf("%d rooms have it, then %d", n, now)
		}
	})
}

// awayStore is a store that can be away.
type awayStore struct {
	*schedule.Memory
	away atomic.Bool
}

var errAway = fmt.Errorf("the store is away")

func (s *awayStore) Now(ctx context.Context) (time.Time, error) {
	if s.away.Load() {
		return time.Time{}, errAway
	}
	return s.Memory.Now(ctx)
}

func (s *awayStore) Change(ctx context.Context, b schedule.Broadcast) (schedule.Broadcast, error) {
	if s.away.Load() {
		return schedule.Broadcast{}, errAway
	}
	return s.Memory.Change(ctx, b)
}

// TestNoRoomFailsWhileTheStoreIsAway, however long that is: the run goes on when it is back.
func TestNoRoomFailsWhileTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := newRooms(40), &awayStore{Memory: schedule.NewMemory()}
		r.fate = func(uint64, string) error {
			if store.away.Load() {
				return chat.ErrUnavailable
			}
			return nil
		}
		s := schedule.New(schedule.Config{}, store, r, slog.New(slog.DiscardHandler))
		defer run(s)()
		add(t, s, schedule.Draft{ID: "b"})
		time.Sleep(200 * time.Millisecond)
		store.away.Store(true)
		time.Sleep(time.Hour)
		if _, n := r.has(""); n == 0 || n == 40 {
			t.Errorf("%d rooms have it", n)
		}
		store.away.Store(false)
		time.Sleep(time.Minute)
		if b := show(t, store, "b"); b.State != schedule.Done || b.Run.Rooms != 40 || b.Run.Failed != 0 {
			t.Errorf("%+v", b)
		}
		for i := range 40 {
			if runs, _ := r.has(fmt.Sprintf("r%03d", i)); len(runs) != 1 {
				t.Errorf("r%03d has %v", i, runs)
			}
		}
	})
}
