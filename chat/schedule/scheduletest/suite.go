// Package scheduletest holds what every schedule.Store must do. Memory, bbolt and Redis pass the same suite.
package scheduletest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/chat/schedule"
	"liveroom/status"
)

var at = time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)

// Sample is a broadcast that is due.
func Sample(id string) schedule.Broadcast {
	return schedule.Broadcast{
		Draft: schedule.Draft{
			ID: id, Body: `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"<all>"}}]`, Cron: "0 20 * * *",
			Filter: schedule.Filter{Status: []status.Code{status.Live}, Rooms: []string{"a", "b"}},
		},
		By: "administrator", State: schedule.Scheduled, CreatedAt: at, NextAt: at,
	}
}

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) schedule.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s schedule.Store)
	}{
		{"a broadcast is added once", add},
		{"a change is made of what is stored only", change},
		{"of several changes at a time one is made", race},
		{"what is due comes in order", due},
		{"broadcasts are listed from the newest on, and the oldest go", list},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func put(t *testing.T, s schedule.Store, b schedule.Broadcast) schedule.Broadcast {
	t.Helper()
	stored, fresh, err := s.Add(t.Context(), b)
	if err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	return stored
}

func set(t *testing.T, s schedule.Store, b schedule.Broadcast) schedule.Broadcast {
	t.Helper()
	stored, err := s.Change(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func add(t *testing.T, s schedule.Store) {
	ctx := t.Context()
	if _, err := s.Broadcast(ctx, "b1"); !errors.Is(err, schedule.ErrUnknown) {
		t.Error(err)
	}
	if d, err := s.Due(ctx, at); d != nil || err != nil {
		t.Errorf("%v, %v", d, err)
	}
	if all, err := s.Broadcasts(ctx, 0, 10); len(all) != 0 || err != nil {
		t.Errorf("%v, %v", all, err)
	}
	want := Sample("b1")
	want.Number = 1
	if got := put(t, s, Sample("b1")); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	other := Sample("b1")
	other.Cron = ""
	if got, fresh, err := s.Add(ctx, other); fresh || err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v, %v", got, fresh, err)
	}
	if got, err := s.Broadcast(ctx, "b1"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if now, err := s.Now(ctx); err != nil || time.Since(now).Abs() > time.Minute {
		t.Errorf("%v, %v", now, err)
	}
}

func change(t *testing.T, s schedule.Store) {
	b := put(t, s, Sample("b1"))
	next := b
	next.State, next.Run = schedule.Running, schedule.Run{StartedAt: at}
	now, err := s.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	begun := set(t, s, next)
	if begun.Run.Number < uint64(now.UnixMicro()) || begun.Revision != 1 || begun.State != schedule.Running {
		t.Errorf("after %d: %+v", now.UnixMicro(), begun)
	}
	if _, err := s.Change(t.Context(), next); !errors.Is(err, schedule.ErrChanged) {
		t.Errorf("again: %v", err)
	}
	begun.Run.Cursor, begun.Run.Of, begun.Run.Rooms, begun.Run.Skipped, begun.Run.Listed = "x", 9, 3, 1, true
	begun.Run.Late = []schedule.Target{{Room: "r", Group: "g"}}
	moved := set(t, s, begun)
	if moved.Run.Number != begun.Run.Number || moved.Revision != 2 {
		t.Errorf("%+v", moved)
	}
	if got, err := s.Broadcast(t.Context(), "b1"); err != nil || !reflect.DeepEqual(got, moved) {
		t.Errorf("%+v, %v", got, err)
	}
	moved.State, moved.NextAt = schedule.Done, time.Time{}
	set(t, s, moved)
	other := put(t, s, Sample("b2"))
	other.State, other.Run = schedule.Running, schedule.Run{}
	if other = set(t, s, other); other.Run.Number <= begun.Run.Number {
		t.Errorf("the next run: %+v, after %d", other.Run, begun.Run.Number)
	}
	unknown := Sample("b9")
	if _, err := s.Change(t.Context(), unknown); !errors.Is(err, schedule.ErrUnknown) {
		t.Error(err)
	}
}

func race(t *testing.T, s schedule.Store) {
	b := put(t, s, Sample("b1"))
	b.State = schedule.Running
	ctx := context.WithoutCancel(t.Context())
	var wg sync.WaitGroup
	results := make(chan error, 8)
	for range 8 {
		wg.Go(func() { _, err := s.Change(ctx, b); results <- err })
	}
	wg.Wait()
	close(results)
	made := 0
	for err := range results {
		if err == nil {
			made++
		} else if !errors.Is(err, schedule.ErrChanged) {
			t.Error(err)
		}
	}
	if got, err := s.Broadcast(ctx, "b1"); made != 1 || err != nil || got.Run.Number == 0 {
		t.Errorf("%d were made: %+v, %v", made, got, err)
	}
}

func due(t *testing.T, s schedule.Store) {
	ctx := t.Context()
	for id, after := range map[string]time.Duration{"late": 2 * time.Minute, "soon": time.Minute, "far": time.Hour} {
		b := Sample(id)
		b.NextAt = at.Add(after)
		put(t, s, b)
	}
	is := func(now time.Duration, want string) *schedule.Broadcast {
		t.Helper()
		b, err := s.Due(ctx, at.Add(now))
		got := ""
		if b != nil {
			got = b.ID
		}
		if err != nil || got != want {
			t.Fatalf("after %s: %q, %v, want %q", now, got, err, want)
		}
		return b
	}
	is(time.Minute-time.Millisecond, "")
	is(time.Minute, "soon")
	b := is(3*time.Minute, "soon")
	late, err := s.Broadcast(ctx, "late")
	if err != nil {
		t.Fatal(err)
	}
	late.State = schedule.Running
	late = set(t, s, late)
	is(3*time.Minute, "late")        // what runs goes first
	late.State = schedule.Cancelling // nor is that over
	late = set(t, s, late)
	is(3*time.Minute, "late")
	late.State, late.NextAt = schedule.Cancelled, time.Time{}
	set(t, s, late)
	is(3*time.Minute, "soon")
	b.NextAt = at.Add(10 * time.Hour)
	set(t, s, *b)
	is(3*time.Minute, "")
	is(2*time.Hour, "far")
}

func list(t *testing.T, s schedule.Store) {
	ctx := t.Context()
	for i := range schedule.Kept {
		b := put(t, s, Sample(fmt.Sprint("b", i)))
		if i == 1 || i == 2 {
			b.State, b.NextAt = schedule.Done, time.Time{}
			set(t, s, b)
		}
	}
	put(t, s, Sample("c1"))
	put(t, s, Sample("c2"))
	if _, _, err := s.Add(ctx, Sample("c3")); !errors.Is(err, schedule.ErrTooMany) {
		t.Errorf("one too many: %v", err)
	}
	for id, gone := range map[string]bool{"b0": false, "b1": true, "b2": true, "b3": false, "c2": false} {
		if _, err := s.Broadcast(ctx, id); errors.Is(err, schedule.ErrUnknown) != gone {
			t.Errorf("%s: %v", id, err)
		}
	}
	var got []string
	before := uint64(0)
	for range 2 {
		page, err := s.Broadcasts(ctx, before, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range page {
			got = append(got, b.ID)
			before = b.Number
		}
	}
	if strings.Join(got, " ") != fmt.Sprint("c2 c1 b", schedule.Kept-1, " b", schedule.Kept-2) {
		t.Errorf("%v", got)
	}
}
