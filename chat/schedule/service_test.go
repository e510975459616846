package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"liveroom/chat"
	"liveroom/chat/schedule"
	"liveroom/status"
)

var (
	backend = chat.Identity{User: chat.Administrator, Admin: true}
	text    = `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hello"}}]`
	errDead = errors.New("it died")
)

func hourly(_ string, after time.Time) (time.Time, error) {
	return after.Truncate(time.Hour).Add(time.Hour), nil
}

func newService(store schedule.Store, r *rooms, next func(string, time.Time) (time.Time, error)) *schedule.Service {
	return schedule.New(schedule.Config{Next: next}, store, r, slog.New(slog.DiscardHandler))
}

func run(s *schedule.Service) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Run(ctx) }()
	return func() { cancel(); <-done }
}

func show(t *testing.T, s schedule.Store, id string) schedule.Broadcast {
	t.Helper()
	b, err := s.Broadcast(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestNowLaterAndAgain: what is to be sent at once, at a time, and each hour.
func TestNowLaterAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := newRooms(10), schedule.NewMemory()
		s := newService(store, r, hourly)
		defer run(s)()
		time.Sleep(time.Minute)
		for _, d := range []schedule.Draft{
			{ID: "now", Body: text},
			{ID: "later", Body: text, At: time.Now().Add(10 * time.Minute), Filter: schedule.Filter{Rooms: []string{"r003", "r007"}}},
			{ID: "hourly", Body: text, Cron: "@hourly"},
		} {
			if _, err := s.Add(t.Context(), backend, d); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		if b := show(t, store, "now"); b.State != schedule.Done || b.Runs != 1 || b.Run.Rooms != 10 || b.Run.Reached != 20 || b.Run.EndedAt.Sub(b.Run.StartedAt) < 90*time.Millisecond {
			t.Errorf("%+v", b)
		}
		if b := show(t, store, "later"); b.State != schedule.Scheduled || b.Runs != 0 {
			t.Errorf("%+v", b)
		}
		time.Sleep(10 * time.Minute)
		if b := show(t, store, "later"); b.State != schedule.Done || b.Run.Rooms != 2 {
			t.Errorf("%+v", b)
		}
		time.Sleep(2 * time.Hour)
		if b := show(t, store, "hourly"); b.State != schedule.Scheduled || b.Runs != 2 || b.NextAt.IsZero() {
			t.Errorf("%+v", b)
		}
		three, _ := r.has("r003")
		four, _ := r.has("r004")
		if got := fmt.Sprint(three, four); got != "[1 2 3 4] [1 3 4]" {
			t.Errorf("%s", got)
		}
		if st := s.Stats(); st.Runs != 4 || st.Rooms != 32 || st.Reached != 64 {
			t.Errorf("%+v", st)
		}
	})
}

func TestDraftsOutOfBoundsAreNamed(t *testing.T) {
	minutely := func(_ string, after time.Time) (time.Time, error) { return after.Add(time.Second), nil }
	s := newService(schedule.NewMemory(), newRooms(1), minutely)
	for _, tc := range []struct {
		field string
		d     schedule.Draft
	}{
		{"id", schedule.Draft{ID: "a b", Body: text}},
		{"body", schedule.Draft{ID: "a"}},
		{"body", schedule.Draft{ID: "a", Body: `{}`}},
		{"body", schedule.Draft{ID: "a", Body: strings.Replace(text, "hello", strings.Repeat("早", 12<<10/3), 1)}},
		{"at", schedule.Draft{ID: "a", Body: text, At: time.Now().Add(400 * 24 * time.Hour)}},
		{"cron", schedule.Draft{ID: "a", Body: text, At: time.Now(), Cron: "@hourly"}},
		{"cron", schedule.Draft{ID: "a", Body: text, Cron: "@every 1s"}},
		{"filter.rooms", schedule.Draft{ID: "a", Body: text, Filter: schedule.Filter{Rooms: []string{""}}}},
		{"filter.rooms", schedule.Draft{ID: "a", Body: text, Filter: schedule.Filter{Rooms: make([]string, 501)}}},
		{"filter.status", schedule.Draft{ID: "a", Body: text, Filter: schedule.Filter{Status: []status.Code{9}}}},
	} {
		var refused *chat.Error
		if _, err := s.Add(t.Context(), backend, tc.d); !errors.As(err, &refused) || refused.Field != tc.field {
			t.Errorf("%+v: %v, want %s", tc.d, err, tc.field)
		}
	}
	for range 2 {
		if _, err := s.Add(t.Context(), backend, schedule.Draft{ID: "a", Body: text}); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Add(t.Context(), backend, schedule.Draft{ID: "a", Body: text, Cron: ""}); err != nil {
		t.Error(err)
	}
	if _, err := s.Add(t.Context(), backend, schedule.Draft{ID: "a", Body: strings.Replace(text, "hello", "bye", 1)}); !errors.Is(err, schedule.ErrReused) {
		t.Error(err)
	}
}

// TestEachRoomOnce: whatever fails, and however often nodes die and others go on, also at the same time: each room has each
// run's message once, in the order of the runs.
func TestEachRoomOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(rt, "rooms")
		faults := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 80).Draw(rt, "faults")
		deaths := rapid.SliceOfN(rapid.IntRange(0, 1), 0, 8).Draw(rt, "deaths")
		synctest.Test(t, func(t *testing.T) {
			r, store := newRooms(n), schedule.NewMemory()
			next := 0
			fault := func() int {
				if next == len(faults) {
					return 9
				}
				next++
				return faults[next-1]
			}
			r.plan = func() error {
				if fault() == 0 {
					return errDead
				}
				return nil
			}
			failed := map[string]int{} // a room that fails more often has failed
			fails := func(run uint64, group string, by int) bool {
				key := fmt.Sprint(run, group)
				if failed[key] == 5 || fault() != by {
					return false
				}
				failed[key]++
				return true
			}
			r.fate = func(run uint64, group string) error {
				if fails(run, group, 0) {
					return errDead
				}
				return nil
			}
			r.lost = func(run uint64, group string) bool { return fails(run, group, 1) }
			stops := []func(){run(newService(store, r, hourly)), run(newService(store, r, hourly))}
			for i := range 3 {
				if _, err := newService(store, r, hourly).Add(t.Context(), backend, schedule.Draft{ID: fmt.Sprint("b", i), Body: text}); err != nil {
					rt.Error(err)
				}
			}
			for _, i := range deaths {
				time.Sleep(37 * time.Millisecond)
				stops[i]()
				stops[i] = run(newService(store, r, hourly))
			}
			time.Sleep(5 * time.Minute)
			stops[0]()
			stops[1]()
			for i := range n {
				group := fmt.Sprintf("r%03d", i)
				if got, _ := r.has(group); fmt.Sprint(got) != "[1 2 3]" {
					rt.Errorf("%s has %v", group, got)
				}
			}
			for i := range 3 {
				if b := show(t, store, fmt.Sprint("b", i)); b.State != schedule.Done || b.Run.Of != n || b.Run.Rooms != n || b.Run.Reached != 2*n {
					rt.Errorf("%+v", b)
				}
			}
		})
	})
}
