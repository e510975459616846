package recordtest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"liveroom/live/record"
	"liveroom/status"
)

// Store runs the suite that every record.Store passes. open gives an empty one.
func Store(t *testing.T, open func(t *testing.T) record.Store) {
	for name, test := range map[string]func(*testing.T, record.Store){
		"begin once": beginOnce, "begin at once": beginAtOnce, "change": change, "pages": pages, "remove": remove, "add": add,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

var epoch = time.Date(2030, 1, 2, 3, 4, 5, 6_000_000, time.UTC)

// sample is the n-th recording of a room.
func sample(n int, room, session string) record.Recording {
	at := epoch.Add(time.Duration(n) * time.Second)
	return record.Recording{
		ID: status.NewULID(at), Kind: record.Full, Room: room, Group: "g " + room, Stream: "s-" + room, Title: "茶 & <Kekse>", Session: session,
		Zero: at.Add(-time.Hour), CreatedAt: at, State: record.Running, By: "anna", Start: 7, Duration: 8, Gaps: 1, Segments: 2, Bytes: 3,
		Width: 4, Height: 5, Video: "avc1", Audio: "mp4a", Formats: []record.Format{record.HLS, record.MP4}, FileMax: time.Hour, Age: time.Minute, Pinned: true, Untold: true,
	}
}

func begin(t *testing.T, s record.Store, r record.Recording) record.Recording {
	t.Helper()
	got, fresh, err := s.Begin(t.Context(), r)
	if err != nil || !fresh || !reflect.DeepEqual(got, r) {
		t.Fatalf("%+v, %v, %v, want %+v", got, fresh, err, r)
	}
	return got
}

func beginOnce(t *testing.T, s record.Store) {
	if _, err := s.Running(t.Context(), "one", record.Full); !errors.Is(err, record.ErrUnknown) {
		t.Errorf("of nothing: %v", err)
	}
	first := begin(t, s, sample(1, "tea", "one"))
	if got, fresh, err := s.Begin(t.Context(), sample(2, "tea", "one")); err != nil || fresh || !reflect.DeepEqual(got, first) {
		t.Errorf("a second of the session: %+v, %v, %v", got, fresh, err)
	}
	shift := sample(3, "tea", "one")
	shift.Kind = record.Shift
	begin(t, s, shift)
	begin(t, s, sample(4, "tea", "two"))
	for _, want := range []record.Recording{first, shift} {
		if got, err := s.Running(t.Context(), "one", want.Kind); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	stop := func(r *record.Recording) error { r.State = record.Finishing; return nil }
	if _, err := s.Change(t.Context(), first.ID, stop); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Running(t.Context(), "one", record.Full); !errors.Is(err, record.ErrUnknown) {
		t.Errorf("stopped: %v", err)
	}
	next := begin(t, s, sample(5, "tea", "one"))
	if _, err := s.Change(t.Context(), first.ID, stop); err != nil { // again, and of another than runs
		t.Fatal(err)
	}
	if got, err := s.Running(t.Context(), "one", record.Full); err != nil || got.ID != next.ID {
		t.Errorf("begun anew: %+v, %v", got, err)
	}
}

func beginAtOnce(t *testing.T, s record.Store) {
	var wg sync.WaitGroup
	ids, news := make([]string, 8), make([]bool, 8)
	for i := range ids {
		wg.Go(func() {
			r, fresh, err := s.Begin(t.Context(), sample(i, "tea", "one"))
			if err != nil {
				t.Error(err)
			}
			ids[i], news[i] = r.ID, fresh
		})
	}
	wg.Wait()
	slices.Sort(ids)
	if n := len(slices.Compact(ids)); n != 1 {
		t.Errorf("%d recordings of a session", n)
	}
	if n := len(slices.DeleteFunc(news, func(fresh bool) bool { return !fresh })); n != 1 {
		t.Errorf("%d of them are fresh", n)
	}
}

func change(t *testing.T, s record.Store) {
	if _, err := s.Change(t.Context(), status.NewULID(epoch), func(*record.Recording) error { return nil }); !errors.Is(err, record.ErrUnknown) {
		t.Errorf("of nothing: %v", err)
	}
	r := begin(t, s, sample(1, "tea", "one"))
	refused := errors.New("no")
	if _, err := s.Change(t.Context(), r.ID, func(r *record.Recording) error { r.Title = "x"; return refused }); !errors.Is(err, refused) {
		t.Errorf("refused: %v", err)
	}
	if got, err := s.Recording(t.Context(), r.ID); err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("after it: %+v, %v", got, err)
	}
	got, err := s.Change(t.Context(), r.ID, func(r *record.Recording) error {
		r.ID, r.Room, r.Session, r.Kind = "x", "x", "x", "x"
		r.State, r.Title, r.EndedAt, r.ExpiresAt = record.Done, "y", epoch, epoch.Add(time.Hour)
		return nil
	})
	want := r
	want.State, want.Title, want.EndedAt, want.ExpiresAt = record.Done, "y", epoch, epoch.Add(time.Hour)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%+v, %v, want %+v", got, err, want)
	}
	if got, err = s.Change(t.Context(), r.ID, func(r *record.Recording) error { r.State = record.Running; return nil }); err != nil || got.State != record.Done {
		t.Errorf("it runs again: %+v, %v", got, err)
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := s.Change(t.Context(), r.ID, func(r *record.Recording) error { r.Bytes++; return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, err = s.Recording(t.Context(), r.ID); err != nil || got.Bytes != r.Bytes+10 {
		t.Errorf("of ten changes at once: %d, %v", got.Bytes-r.Bytes, err)
	}
}

func pages(t *testing.T, s record.Store) {
	var all []record.Recording
	for i := range 25 {
		r := begin(t, s, sample(i, fmt.Sprintf("room%d", i%3), fmt.Sprintf("session%d", i)))
		if i%2 == 0 {
			var err error
			to := record.Done
			if i == 24 {
				to = record.Deleting
			}
			if r, err = s.Change(t.Context(), r.ID, func(r *record.Recording) error { r.State = to; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, r)
	}
	for _, q := range []record.Query{
		{},
		{Oldest: true},
		{Limit: 7},
		{Limit: 7, Oldest: true},
		{Room: "room1", Limit: 2},
		{Room: "room1", State: record.Done, Limit: 2},
		{State: record.Running, Limit: 3},
		{State: record.Deleting},
		{Session: "session3"},
		{Session: "session3", Room: "room1"},
		{Room: "none"},
		{State: record.Done, Oldest: true, Limit: 5},
		{Kind: record.Shift},
		{Room: "room2", Oldest: true, Limit: 3},
		{State: record.Failed},
	} {
		var want, got []string
		for _, r := range all {
			if q.Matches(r) {
				want = append(want, r.ID)
			}
		}
		if !q.Oldest {
			slices.Reverse(want)
		}
		for page := q; ; {
			some, next, err := s.List(t.Context(), page)
			if err != nil || len(some) > q.Most() {
				t.Fatalf("%+v: %d, %v", page, len(some), err)
			}
			for _, r := range some {
				i := slices.IndexFunc(all, func(o record.Recording) bool { return o.ID == r.ID })
				if !reflect.DeepEqual(r, all[i]) {
					t.Errorf("%+v, want %+v", r, all[i])
				}
				got = append(got, r.ID)
			}
			if page.After = next; next == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %d, want %d", q, len(got), len(want))
		}
	}
}

func remove(t *testing.T, s record.Store) {
	r := begin(t, s, sample(1, "tea", "one"))
	for range 2 {
		if err := s.Remove(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Recording(t.Context(), r.ID); !errors.Is(err, record.ErrUnknown) {
		t.Errorf("removed: %v", err)
	}
	if page, next, err := s.List(t.Context(), record.Query{Room: "tea"}); len(page) != 0 || next != "" || err != nil {
		t.Errorf("%+v, %q, %v", page, next, err)
	}
	begin(t, s, sample(2, "tea", "one"))
}

func add(t *testing.T, s record.Store) {
	r := sample(1, "tea", "one")
	r.State = record.Done
	for i := range 2 {
		if got, fresh, err := s.Add(t.Context(), r); err != nil || fresh != (i == 0) || !reflect.DeepEqual(got, r) {
			t.Errorf("%+v, %v, %v", got, fresh, err)
		}
	}
	if page, _, err := s.List(t.Context(), record.Query{State: record.Done, Session: "one"}); err != nil || len(page) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
	begin(t, s, sample(2, "tea", "one"))
}
