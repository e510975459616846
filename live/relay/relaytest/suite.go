// Package relaytest holds what every relay.Store and relay.Board must do. Memory, bbolt and Redis pass the same suite.
package relaytest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"liveroom/live/relay"
)

var at = time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)

// Sample is a target.
func Sample(room, id string) relay.Target {
	return relay.Target{ID: id, Room: room, Name: "<Zwei> \"2\"", URL: "rtmp://a.example/live/" + id + "?sign=ü/+&t=1", Enabled: true, CreatedAt: at, ChangedAt: at}
}

// Store runs the suite of a Store; open returns an empty one each time it is called.
func Store(t *testing.T, open func(t *testing.T) relay.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s relay.Store)
	}{
		{"targets are added, changed and removed", addChangeRemove},
		{"there are so many at most", bounds},
		{"rooms do not see each other's", apart},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func is(t *testing.T, s relay.Store, room string, want ...relay.Target) {
	t.Helper()
	got, err := s.Targets(t.Context(), room)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("targets of %q:\n%+v, want\n%+v", room, got, want)
	}
}

func add(t *testing.T, s relay.Store, all ...relay.Target) {
	t.Helper()
	for _, one := range all {
		if err := s.AddTarget(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
}

func addChangeRemove(t *testing.T, s relay.Store) {
	ctx := t.Context()
	is(t, s, "r1")
	a, b, c := Sample("r1", "01A"), Sample("r1", "01B"), Sample("r1", "01C")
	add(t, s, b, c, a)
	is(t, s, "r1", a, b, c)
	again := b
	again.Name = "another"
	add(t, s, again) // the same id: asked again
	is(t, s, "r1", a, b, c)

	changed, err := s.ChangeTarget(ctx, "r1", "01B", func(t *relay.Target) error {
		t.Enabled, t.URL, t.ChangedAt = false, "rtmps://b.example/x/y", at.Add(time.Minute)
		return nil
	})
	want := b
	want.Enabled, want.URL, want.ChangedAt = false, "rtmps://b.example/x/y", at.Add(time.Minute)
	if err != nil || !reflect.DeepEqual(changed, want) {
		t.Errorf("changed: %+v, %v", changed, err)
	}
	is(t, s, "r1", a, want, c)
	no := errors.New("no")
	if _, err := s.ChangeTarget(ctx, "r1", "01B", func(t *relay.Target) error { t.Name = "x"; return no }); !errors.Is(err, no) {
		t.Errorf("a change that was given up: %v", err)
	}
	if _, err := s.ChangeTarget(ctx, "r1", "01X", func(*relay.Target) error { return nil }); !errors.Is(err, relay.ErrUnknown) {
		t.Errorf("one that is not there changed: %v", err)
	}
	if err := s.RemoveTarget(ctx, "r1", "01A"); err != nil {
		t.Error(err)
	}
	if err := s.RemoveTarget(ctx, "r1", "01A"); !errors.Is(err, relay.ErrUnknown) {
		t.Errorf("removed twice: %v", err)
	}
	is(t, s, "r1", want, c)
	for range 2 {
		if err := s.RemoveTargets(ctx, "r1"); err != nil {
			t.Error(err)
		}
	}
	is(t, s, "r1")
}

func bounds(t *testing.T, s relay.Store) {
	for i := range relay.MaxTargets {
		add(t, s, Sample("r1", fmt.Sprintf("%02d", i)))
	}
	if err := s.AddTarget(t.Context(), Sample("r1", "more")); !errors.Is(err, relay.ErrTooMany) {
		t.Errorf("one too many: %v", err)
	}
	add(t, s, Sample("r1", "05"), Sample("r2", "more"))
	if err := s.RemoveTarget(t.Context(), "r1", "03"); err != nil {
		t.Fatal(err)
	}
	add(t, s, Sample("r1", "more"))
}

func apart(t *testing.T, s relay.Store) {
	a, b := Sample("r1", "01A"), Sample("r10", "01A")
	add(t, s, a, b)
	if err := s.RemoveTarget(t.Context(), "r2", "01A"); !errors.Is(err, relay.ErrUnknown) {
		t.Error(err)
	}
	if err := s.RemoveTargets(t.Context(), "r1"); err != nil {
		t.Fatal(err)
	}
	is(t, s, "r1")
	is(t, s, "r10", b)
}

// Board runs the suite of a Board; open returns an empty one.
func Board(t *testing.T, open func(t *testing.T) relay.Board) {
	b := open(t)
	read := func(room string) map[string]relay.State {
		t.Helper()
		states, err := b.Read(t.Context(), room)
		if err != nil {
			t.Fatal(err)
		}
		return states
	}
	if got := read("r1"); len(got) != 0 {
		t.Errorf("at first: %+v", got)
	}
	want := map[string]relay.State{
		"01A": {Phase: relay.Waiting, Since: at, Cause: relay.Cause{Code: "denied", Detail: "\"no\""}, Retries: 3, NextAt: at.Add(time.Second), Bytes: 1 << 40, Dropped: 7, Node: "n1"},
		"01B": {Phase: relay.Running, Since: at, Node: "n1"},
	}
	if err := b.Post(t.Context(), "r1", want); err != nil {
		t.Fatal(err)
	}
	if got := read("r1"); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if err := b.Post(t.Context(), "r1", map[string]relay.State{}); err != nil {
		t.Fatal(err)
	}
	if got := read("r1"); len(got) != 0 {
		t.Errorf("after an empty post: %+v", got)
	}
}
