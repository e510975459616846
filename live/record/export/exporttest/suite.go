// Package exporttest holds what every export.Store must do. Memory, bbolt and Redis pass the same suite.
package exporttest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"liveroom/live/record/export"
)

var at = time.Date(2026, 11, 21, 6, 0, 0, 5e6, time.UTC)

// Sample is a job that waits, made some seconds after others.
func Sample(recording, id string, later int) export.Job {
	return export.Job{
		ID: id, Recording: recording, Room: "demo", Format: export.MP4, FileMax: time.Minute, Span: export.Span{From: 10, To: 9000}, State: export.Waiting,
		By: "<anna \"a\">", CreatedAt: at.Add(time.Duration(later) * time.Second),
	}
}

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) export.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s export.Store)
	}{
		{"a job is added once, and put", addPut},
		{"jobs come in order", order},
		{"a job that is deleted can't be put", deleted},
		{"one of a rule that is gone stays", gone},
		{"a recording has so many", most},
		{"a recording's jobs are forgotten", forget},
		{"one is added while they are forgotten", forgetWhile},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func add(t *testing.T, s export.Store, j export.Job) {
	t.Helper()
	if got, fresh, err := s.Add(t.Context(), j); err != nil || !fresh || !reflect.DeepEqual(got, j) {
		t.Fatalf("%+v, fresh %v, %v", got, fresh, err)
	}
}

// has compares a recording's jobs, and all that are open.
func has(t *testing.T, s export.Store, recording string, want, open []export.Job) {
	t.Helper()
	got, err := s.Jobs(t.Context(), recording)
	if err != nil || len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("jobs of %s: %+v, %v, want %+v", recording, got, err, want)
	}
	got, err = s.Open(t.Context(), 100)
	if err != nil || len(got)+len(open) > 0 && !reflect.DeepEqual(got, open) {
		t.Errorf("open: %+v, %v, want %+v", got, err, open)
	}
}

func addPut(t *testing.T, s export.Store) {
	a := Sample("R1", "mp4", 0)
	add(t, s, a)
	again := a
	again.Room = "other"
	if got, fresh, err := s.Add(t.Context(), again); err != nil || fresh || !reflect.DeepEqual(got, a) {
		t.Errorf("%+v, fresh %v, %v", got, fresh, err)
	}
	a.State, a.Made = export.Running, 4000
	a.Files = []export.File{{Name: "x/mp4-1.mp4", Start: 10, End: 4010, Duration: 4000, Bytes: 1 << 40, Width: 1280, Height: 720, Video: "h264", Audio: "aac", Segments: 2}}
	must(t, s.Put(t.Context(), a))
	has(t, s, "R1", []export.Job{a}, []export.Job{a})
	a.State, a.EndedAt = export.Done, at
	must(t, s.Put(t.Context(), a))
	has(t, s, "R1", []export.Job{a}, nil)
	a.State, a.EndedAt = export.Waiting, time.Time{}
	must(t, s.Put(t.Context(), a))
	has(t, s, "R1", []export.Job{a}, []export.Job{a})
	for _, j := range []export.Job{Sample("R1", "flv", 0), Sample("R2", "mp4", 0)} {
		if err := s.Put(t.Context(), j); !errors.Is(err, export.ErrUnknown) {
			t.Errorf("put what is not there: %v", err)
		}
	}
	has(t, s, "R2", nil, []export.Job{a})
}

func order(t *testing.T, s export.Store) {
	b, a, c, d := Sample("R1", "b", 1), Sample("R1", "a", 2), Sample("R0", "c", 0), Sample("R1", "d", 2)
	for _, j := range []export.Job{d, b, a, c} {
		add(t, s, j)
	}
	has(t, s, "R1", []export.Job{b, a, d}, []export.Job{c, b, a, d})
	if got, err := s.Open(t.Context(), 2); err != nil || !reflect.DeepEqual(got, []export.Job{c, b}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func deleted(t *testing.T, s export.Store) {
	a := Sample("R1", "a", 0)
	add(t, s, a)
	must(t, s.Deleted(t.Context(), "R1", "a", false)) // nobody deleted it
	a.State = export.Done
	must(t, s.Put(t.Context(), a), s.Delete(t.Context(), "R1", "a"))
	for _, err := range []error{s.Put(t.Context(), a), s.Delete(t.Context(), "R1", "a"), s.Delete(t.Context(), "R1", "b"), s.Delete(t.Context(), "R2", "a")} {
		if !errors.Is(err, export.ErrUnknown) {
			t.Error(err)
		}
	}
	a.State = export.Deleting
	has(t, s, "R1", []export.Job{a}, []export.Job{a})
	must(t, s.Deleted(t.Context(), "R1", "a", false), s.Deleted(t.Context(), "R1", "a", false), s.Deleted(t.Context(), "R1", "b", true))
	has(t, s, "R1", nil, nil)
	add(t, s, Sample("R1", "a", 3))
}

func gone(t *testing.T, s export.Store) {
	a := Sample("R1", "mp4", 0)
	add(t, s, a)
	must(t, s.Delete(t.Context(), "R1", "mp4"), s.Deleted(t.Context(), "R1", "mp4", true))
	if got, fresh, err := s.Add(t.Context(), a); err != nil || fresh || got.State != export.Gone {
		t.Errorf("%+v, %v, %v", got, fresh, err)
	}
	for _, err := range []error{s.Put(t.Context(), a), s.Delete(t.Context(), "R1", "mp4")} {
		if !errors.Is(err, export.ErrUnknown) {
			t.Error(err)
		}
	}
	a.State = export.Gone
	has(t, s, "R1", []export.Job{a}, nil)
}

func most(t *testing.T, s export.Store) {
	for i := range export.MaxJobs {
		add(t, s, Sample("R1", fmt.Sprint(i), i))
	}
	if _, _, err := s.Add(t.Context(), Sample("R1", "more", 0)); !errors.Is(err, export.ErrTooMany) {
		t.Error(err)
	}
	if _, fresh, err := s.Add(t.Context(), Sample("R1", "3", 0)); fresh || err != nil {
		t.Error(fresh, err)
	}
	add(t, s, Sample("R2", "more", 0))
}

func forget(t *testing.T, s export.Store) {
	a, b, c := Sample("R1", "a", 0), Sample("R1", "b", 1), Sample("R10", "a", 2)
	for _, j := range []export.Job{a, b, c} {
		add(t, s, j)
	}
	must(t, s.Forget(t.Context(), "R1"), s.Forget(t.Context(), "R1"), s.Forget(t.Context(), "R"))
	has(t, s, "R1", nil, []export.Job{c})
	has(t, s, "R10", []export.Job{c}, []export.Job{c})
}

// forgetWhile: whatever comes first, nothing is left that is open and can't be found.
func forgetWhile(t *testing.T, s export.Store) {
	other := Sample("R2", "a", 100)
	add(t, s, other)
	for i := range 20 {
		add(t, s, Sample("R1", "a", i))
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := s.Forget(t.Context(), "R1"); err != nil {
				t.Error(err)
			}
		})
		if _, _, err := s.Add(t.Context(), Sample("R1", "b", i)); err != nil {
			t.Error(err)
		}
		wg.Wait()
		must(t, s.Forget(t.Context(), "R1"))
		if got, err := s.Open(t.Context(), 1); err != nil || !reflect.DeepEqual(got, []export.Job{other}) {
			t.Fatalf("the oldest open one after %d times: %+v, %v", i+1, got, err)
		}
	}
}
