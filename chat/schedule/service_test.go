package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
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

// rooms are n rooms, r00 and so on, with two people each.
type rooms struct {
	mu    sync.Mutex
	n     int
	fence map[string]uint64
	got   map[string][]uint64 // by group: the runs whose message it has
	plan  func() error        // of each step, what goes wrong: before it is done, if it wraps errDead
	lost  func() bool         // whether the answer to an Append is lost
}

func newRooms(n int) *rooms {
	return &rooms{n: n, fence: map[string]uint64{}, got: map[string][]uint64{}, plan: func() error { return nil }, lost: func() bool { return false }}
}

func (r *rooms) Targets(_ context.Context, f schedule.Filter, cursor string) ([]schedule.Target, string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.plan(); err != nil {
		return nil, "", err
	}
	var some []schedule.Target
	for i := range r.n {
		id := fmt.Sprintf("r%02d", i)
		if id > cursor && len(some) < 4 && (len(f.Rooms) == 0 || slices.Contains(f.Rooms, id)) {
			some = append(some, schedule.Target{Room: id, Group: id})
		}
	}
	if len(some) < 4 {
		return some, "", nil
	}
	return some, some[3].Room, nil
}

func (r *rooms) Append(_ context.Context, group string, run uint64, _ string) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.plan(); err != nil {
		return 0, err
	}
	if run > r.fence[group] {
		r.fence[group] = run
		r.got[group] = append(r.got[group], run)
	}
	if r.lost() {
		return 0, errDead
	}
	return 2, nil
}

// has is the runs whose message a group has, and how many groups have one.
func (r *rooms) has(group string) (runs []uint64, groups int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got[group]), len(r.got)
}

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
			{ID: "later", Body: text, At: time.Now().Add(10 * time.Minute), Filter: schedule.Filter{Rooms: []string{"r03", "r07"}}},
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
		three, _ := r.has("r03")
		four, _ := r.has("r04")
		if got := fmt.Sprint(three, four); got != "[1 2 3 4] [1 3 4]" {
			t.Errorf("%s", got)
		}
		if st := s.Stats(); st.Runs != 4 || st.Rooms != 32 || st.Reached != 64 {
			t.Errorf("%+v", st)
		}
	})
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, store := newRooms(90), schedule.NewMemory()
		s := schedule.New(schedule.Config{Rate: 10}, store, r, slog.New(slog.DiscardHandler))
		defer run(s)()
		if _, err := s.Add(t.Context(), backend, schedule.Draft{ID: "b1", Body: text}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		for range 2 {
			if b, err := s.Cancel(t.Context(), backend, "b1"); err != nil || b.State != schedule.Cancelled {
				t.Errorf("%+v, %v", b, err)
			}
		}
		time.Sleep(time.Minute)
		if _, n := r.has(""); n < 20 || n > 60 {
			t.Errorf("%d rooms have it", n)
		}
		if _, err := s.Add(t.Context(), backend, schedule.Draft{ID: "b2", Body: text, Filter: schedule.Filter{Rooms: []string{"r01"}}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if _, err := s.Cancel(t.Context(), backend, "b2"); !errors.Is(err, schedule.ErrOver) {
			t.Error(err)
		}
		if _, err := s.Cancel(t.Context(), backend, "b9"); !errors.Is(err, schedule.ErrUnknown) {
			t.Error(err)
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
			r.lost = func() bool { return fault() == 1 }
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
				group := fmt.Sprintf("r%02d", i)
				if got := fmt.Sprint(r.got[group]); got != "[1 2 3]" {
					rt.Errorf("%s has %s", group, got)
				}
			}
			for i := range 3 {
				if b := show(t, store, fmt.Sprint("b", i)); b.State != schedule.Done || b.Run.Rooms != n || b.Run.Reached != 2*n {
					rt.Errorf("%+v", b)
				}
			}
		})
	})
}
