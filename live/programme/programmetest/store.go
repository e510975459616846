// Package programmetest holds what every programme.Store must do. Memory, bbolt and Redis pass the same suite.
package programmetest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"liveroom/live/programme"
)

var at = time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)

// Sample is a board with a programme, a plan that is due at a time and one that is over.
func Sample(room string, due time.Time) programme.Board {
	content := programme.Content{Recordings: []string{"A", "B"}, Loop: true, StartAt: 90 * time.Second}
	return programme.Board{
		Room:       room,
		Programmes: []programme.Programme{{Content: content, ID: "P" + room, Room: room, By: "<anchor>", Plan: "daily", CreatedAt: at}},
		Plans: []programme.Plan{
			{
				Draft: programme.Draft{Content: content, ID: "daily", Cron: "0 20 * * *", For: time.Hour}, By: "anchor", State: programme.Scheduled,
				CreatedAt: at, NextAt: due, Runs: 2, Last: &programme.Outcome{At: at, Problem: "the room was live"},
			},
			{
				Draft: programme.Draft{Content: programme.Content{Recordings: []string{"A"}}, ID: "once", At: at}, By: "anchor", State: programme.Done,
				CreatedAt: at, Runs: 1, Last: &programme.Outcome{At: at, Programme: "P" + room},
			},
		},
	}
}

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) programme.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s programme.Store)
	}{
		{"a board is kept as it was put", keep},
		{"a change is made of what is stored only", change},
		{"of several changes at a time one is made", race},
		{"what is due comes in order", due},
		{"boards are listed by room", list},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func put(t *testing.T, s programme.Store, b programme.Board) programme.Board {
	t.Helper()
	stored, err := s.Put(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func board(t *testing.T, s programme.Store, room string) programme.Board {
	t.Helper()
	b, err := s.Board(t.Context(), room)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func keep(t *testing.T, s programme.Store) {
	if b := board(t, s, "r"); !b.Empty() || b.Revision != 0 || b.Room != "r" {
		t.Errorf("of a room without one: %+v", b)
	}
	now, err := s.Now(t.Context())
	if err != nil || time.Since(now).Abs() > time.Minute {
		t.Errorf("%v %v", now, err)
	}
	want := Sample("r", at)
	stored := put(t, s, want)
	if want.Revision = stored.Revision; want.Revision == 0 || !reflect.DeepEqual(stored, want) {
		t.Errorf("put\n%+v\nstored\n%+v", want, stored)
	}
	stored.Plans[0].Recordings[0] = "changed"
	stored.Plans[0].Last.Problem = "changed"
	got := board(t, s, "r")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n%+v, want\n%+v", got, want)
	}
	got.Programmes[0].Recordings[0] = "changed"
	if again := board(t, s, "r"); !reflect.DeepEqual(again, want) {
		t.Error("what is handed out is not the caller's own")
	}
}

func change(t *testing.T, s programme.Store) {
	first := put(t, s, Sample("r", at))
	second := first.Copy()
	second.Plans = second.Plans[:1]
	second = put(t, s, second)
	if second.Revision <= first.Revision {
		t.Errorf("revision %d after %d", second.Revision, first.Revision)
	}
	for _, old := range []programme.Board{first, {Room: "r"}, Sample("r", at)} {
		if _, err := s.Put(t.Context(), old); !errors.Is(err, programme.ErrChanged) {
			t.Errorf("revision %d: %v", old.Revision, err)
		}
	}
	if _, err := s.Put(t.Context(), programme.Board{Room: "other", Revision: 7}); !errors.Is(err, programme.ErrChanged) {
		t.Errorf("one that never was: %v", err)
	}
	put(t, s, programme.Board{Room: "r", Revision: second.Revision})
	if b := board(t, s, "r"); !b.Empty() || b.Revision != 0 {
		t.Errorf("after it was emptied: %+v", b)
	}
	if rooms, err := s.Due(t.Context(), at.Add(time.Hour), 10); err != nil || len(rooms) != 0 {
		t.Errorf("%q is due, %v", rooms, err)
	}
	put(t, s, Sample("r", at))
}

func race(t *testing.T, s programme.Store) {
	stored := put(t, s, Sample("r", at))
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for i := range 8 {
		wg.Go(func() {
			mine := stored.Copy()
			mine.Plans[0].Runs = 100 + i
			_, err := s.Put(t.Context(), mine)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				done++
			case !errors.Is(err, programme.ErrChanged):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if done != 1 {
		t.Errorf("%d changes were made", done)
	}
}

func due(t *testing.T, s programme.Store) {
	for i, after := range []int{3, 1, 2, 9} {
		put(t, s, Sample(fmt.Sprint("r", i), at.Add(time.Duration(after)*time.Second)))
	}
	over := Sample("over", at)
	over.Plans = over.Plans[1:]
	put(t, s, over)
	rooms := func(after time.Duration, limit int) string {
		t.Helper()
		got, err := s.Due(t.Context(), at.Add(after), limit)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(got)
	}
	for _, tt := range []struct {
		after time.Duration
		limit int
		want  string
	}{{0, 10, "[]"}, {time.Second - time.Millisecond, 10, "[]"}, {time.Second, 10, "[r1]"}, {3 * time.Second, 10, "[r1 r2 r0]"}, {time.Minute, 2, "[r1 r2]"}, {time.Minute, 10, "[r1 r2 r0 r3]"}} {
		if got := rooms(tt.after, tt.limit); got != tt.want {
			t.Errorf("after %v: %s, want %s", tt.after, got, tt.want)
		}
	}
	begun := board(t, s, "r3")
	begun.Plans[0].NextAt, begun.Plans[0].Begun = at.Add(time.Hour), "Pr3" // was due at "at", and is being shown
	put(t, s, begun)
	if got := rooms(0, 10); got != "[r3]" {
		t.Errorf("what is being shown is not gone on with: %s", got)
	}
	done := board(t, s, "r1")
	done.Plans[0].NextAt = at.Add(time.Hour)
	put(t, s, done)
	if got := rooms(2*time.Second, 10); got != "[r3 r2]" {
		t.Errorf("%s", got)
	}
}

func list(t *testing.T, s programme.Store) {
	for i := range 7 {
		put(t, s, Sample(fmt.Sprint("r", 6-i), at))
	}
	var rooms []string
	for after := ""; ; {
		some, err := s.Boards(t.Context(), after, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(some) > 3 {
			t.Fatalf("%d", len(some))
		}
		for _, b := range some {
			if after = b.Room; !reflect.DeepEqual(b, board(t, s, b.Room)) {
				t.Errorf("%+v", b)
			}
			rooms = append(rooms, b.Room)
		}
		if len(some) < 3 {
			break
		}
	}
	if got := fmt.Sprint(rooms); got != "[r0 r1 r2 r3 r4 r5 r6]" {
		t.Errorf("%s", got)
	}
}
