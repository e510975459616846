// Package pulltest holds what every pull.Store and pull.Board must do. Memory, bbolt and Redis pass the same suite.
package pulltest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"liveroom/live/pull"
)

var at = time.Date(2026, 11, 21, 6, 0, 0, 5e6, time.UTC)

// Sample is a task that runs.
func Sample(room, id string) pull.Task {
	return pull.Task{
		Draft: pull.Draft{
			Name: "<Zwei> \"2\"", Kind: pull.VOD, URL: "https://a.example/" + id + ".m3u8?sign=ü/+&t=1", Cron: "0 20 * * *", EndAt: at.Add(time.Hour),
			For: time.Minute, Loop: true, Enabled: true,
		},
		ID: id, Room: room, CreatedAt: at, ChangedAt: at, NextAt: at.Add(time.Minute),
		Run: pull.Run{ID: "R" + id, DueAt: at, Until: at.Add(time.Minute), BegunAt: at.Add(time.Second)},
	}
}

// Store runs the suite of a Store; open returns an empty one each time it is called.
func Store(t *testing.T, open func(t *testing.T) pull.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s pull.Store)
	}{
		{"tasks are added, changed and removed", addChangeRemove},
		{"there are so many at most", bounds},
		{"rooms do not see each other's", apart},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func is(t *testing.T, s pull.Store, room string, want ...pull.Task) {
	t.Helper()
	got, err := s.Tasks(t.Context(), room)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("tasks of %q:\n%+v, want\n%+v", room, got, want)
	}
}

func add(t *testing.T, s pull.Store, all ...pull.Task) {
	t.Helper()
	for _, one := range all {
		if err := s.AddTask(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
}

func addChangeRemove(t *testing.T, s pull.Store) {
	ctx := t.Context()
	is(t, s, "r1")
	if now, err := s.Now(ctx); err != nil || time.Since(now).Abs() > time.Minute {
		t.Errorf("%v, %v", now, err)
	}
	a, b, c := Sample("r1", "01A"), Sample("r1", "01B"), Sample("r1", "01C")
	add(t, s, b, c, a)
	is(t, s, "r1", a, b, c)
	again := b
	again.Name = "another"
	add(t, s, again) // the same id: asked again
	is(t, s, "r1", a, b, c)

	f := func(t *pull.Task) error {
		t.Enabled, t.URL, t.Run, t.NextAt = false, "rtmps://b.example/x/y", pull.Run{}, time.Time{}
		return nil
	}
	changed, err := s.ChangeTask(ctx, "r1", "01B", f)
	want := b
	_ = f(&want)
	if err != nil || !reflect.DeepEqual(changed, want) {
		t.Errorf("changed: %+v, %v", changed, err)
	}
	is(t, s, "r1", a, want, c)
	no := errors.New("no")
	if _, err := s.ChangeTask(ctx, "r1", "01B", func(t *pull.Task) error { t.Name = "x"; return no }); !errors.Is(err, no) {
		t.Errorf("a change that was given up: %v", err)
	}
	if _, err := s.ChangeTask(ctx, "r1", "01X", f); !errors.Is(err, pull.ErrUnknown) {
		t.Errorf("one that is not there changed: %v", err)
	}
	if err := s.RemoveTask(ctx, "r1", "01A"); err != nil {
		t.Error(err)
	}
	if err := s.RemoveTask(ctx, "r1", "01A"); !errors.Is(err, pull.ErrUnknown) {
		t.Errorf("removed twice: %v", err)
	}
	is(t, s, "r1", want, c)
	for range 2 {
		if err := s.RemoveTasks(ctx, "r1"); err != nil {
			t.Error(err)
		}
	}
	is(t, s, "")
}

func bounds(t *testing.T, s pull.Store) {
	tooMany := func(room, id string) {
		t.Helper()
		if err := s.AddTask(t.Context(), Sample(room, id)); !errors.Is(err, pull.ErrTooMany) {
			t.Errorf("one too many: %v", err)
		}
	}
	for room := range pull.MaxAll / pull.MaxTasks {
		for i := range pull.MaxTasks {
			add(t, s, Sample(fmt.Sprint("r", room), fmt.Sprintf("%03d", room*pull.MaxTasks+i)))
		}
		if room == 0 {
			tooMany("r0", "more")
		}
	}
	tooMany("another", "more")
	add(t, s, Sample("r0", "005"))
	if err := s.RemoveTask(t.Context(), "r0", "003"); err != nil {
		t.Fatal(err)
	}
	add(t, s, Sample("r0", "more"))
}

func apart(t *testing.T, s pull.Store) {
	a, b := Sample("r1", "01A"), Sample("r10", "01B")
	add(t, s, a, b)
	is(t, s, "", a, b)
	if err := s.RemoveTask(t.Context(), "r2", "01A"); !errors.Is(err, pull.ErrUnknown) {
		t.Error(err)
	}
	if err := s.RemoveTasks(t.Context(), "r1"); err != nil {
		t.Fatal(err)
	}
	is(t, s, "r1")
	is(t, s, "r10", b)
}

// Board runs the suite of a Board; open returns an empty one.
func Board(t *testing.T, open func(t *testing.T) pull.Board) {
	b := open(t)
	read := func() map[string]pull.State {
		t.Helper()
		states, err := b.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return states
	}
	if got := read(); got == nil || len(got) != 0 {
		t.Errorf("at first: %+v", got)
	}
	want := map[string]pull.State{
		"01A": {
			Run: "R", Phase: pull.Waiting, Since: at, Cause: pull.Cause{Code: "denied", Detail: "\"no\""}, Retries: 3, NextAt: at.Add(time.Second),
			Bytes: 1 << 40, Node: "n1",
		},
		"01B": {Phase: pull.Running, Since: at, Node: "n1"},
	}
	if err := b.Post(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if got := read(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if err := b.Post(t.Context(), map[string]pull.State{}); err != nil {
		t.Fatal(err)
	}
	if got := read(); len(got) != 0 {
		t.Errorf("after an empty post: %+v", got)
	}
}
