// Package drawtest holds what every draw.Store must do. Memory, bbolt and Redis pass the same suite.
package drawtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"liveroom/chat/draw"
)

var at = time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) draw.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s draw.Store)
	}{
		{"unknown draws and groups", unknown},
		{"a draw is started once", start},
		{"one draw is open in a group", oneOpen},
		{"of several starts at a time one is made", race},
		{"entries are added once each, and from one place only", enter},
		{"an end is moved forward only", move},
		{"a draw is closed once", closing},
		{"a closed draw takes nothing", closed},
		{"winners are known", won},
		{"the outbox is in order until it is acknowledged", outbox},
		{"draws are listed from the newest on", list},
		{"the oldest draws go", kept},
		{"draws that are over for long go", sweep},
		{"what is answered is the caller's own", own},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

// Sample is an open draw.
func Sample(group, id string) draw.Draw {
	return draw.Draw{
		Terms: draw.Terms{
			ID: id, Title: "Tonight's <draw>", Prize: "一台手机", Trigger: draw.Trigger{Keyword: "hello"}, Window: time.Minute, Winners: 2,
			Eligibility: draw.Eligibility{MinLevel: 3, NotWonBefore: true},
		},
		Group: group, Session: "01J", Anchor: "anna", By: "administrator", State: draw.Open, Place: 7,
		StartedAt: at, EndsAt: at.Add(time.Minute), Seed: strings.Repeat("0a", 32), Commitment: "c0",
	}
}

func unknown(t *testing.T, s draw.Store) {
	ctx := t.Context()
	_, err := s.Draw(ctx, "tea", "d1")
	_, moved := s.Move(ctx, "tea", "d1", at)
	_, entered := s.Enter(ctx, "tea", "d1", 0, draw.More{})
	_, ended := s.Close(ctx, "tea", "d1", draw.Closing{State: draw.Ended})
	_, entries := s.Entries(ctx, "tea", "d1", 0, 10)
	for what, err := range map[string]error{"draw": err, "move": moved, "enter": entered, "close": ended, "entries": entries} {
		if !errors.Is(err, draw.ErrNoDraw) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if all, err := s.Draws(ctx, "tea", 0, 10); len(all) != 0 || err != nil {
		t.Errorf("%v, %v", all, err)
	}
	if won, err := s.Won(ctx, "tea", []string{"bob"}); len(won) != 0 || err != nil {
		t.Errorf("%v, %v", won, err)
	}
	if open, out, err := s.Work(ctx, "tea", 10); open != nil || len(out) != 0 || err != nil {
		t.Errorf("%v, %v, %v", open, out, err)
	}
	if busy, err := s.Busy(ctx); len(busy) != 0 || err != nil {
		t.Errorf("%v, %v", busy, err)
	}
	if err := s.Ack(ctx, "tea", 5); err != nil {
		t.Error(err)
	}
	if now, err := s.Now(ctx); err != nil || time.Since(now).Abs() > time.Minute {
		t.Errorf("%v, %v", now, err)
	}
}

func outbox(t *testing.T, s draw.Store) {
	ctx, first := t.Context(), uint64(at.UnixMicro())
	for i := range 3 {
		id := fmt.Sprint("d", i)
		begin(t, s, Sample("tea", id))
		end(t, s, "tea", id, draw.Closing{State: draw.Ended, Place: 7, At: at})
	}
	numbers := func(limit int) (all []uint64) {
		t.Helper()
		_, out, err := s.Work(ctx, "tea", limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range out {
			all = append(all, o.Number-first+1) // as if they began with 1
		}
		return all
	}
	if got := numbers(4); !slices.Equal(got, []uint64{1, 2, 3, 4}) {
		t.Errorf("%v", got)
	}
	for _, upTo := range []uint64{4, 2} {
		if err := s.Ack(ctx, "tea", first+upTo-1); err != nil {
			t.Fatal(err)
		}
	}
	if got := numbers(4); !slices.Equal(got, []uint64{5, 6}) {
		t.Errorf("%v", got)
	}
	if err := s.Ack(ctx, "tea", first+5); err != nil {
		t.Fatal(err)
	}
	if busy, err := s.Busy(ctx); len(busy) != 0 || err != nil || len(numbers(4)) != 0 {
		t.Errorf("%v, %v", busy, err)
	}
	begin(t, s, Sample("tea", "d3"))
	if err := s.Ack(ctx, "tea", first+6); err != nil {
		t.Fatal(err)
	}
	if busy, err := s.Busy(ctx); err != nil || !slices.Equal(busy, []string{"tea"}) || len(numbers(4)) != 0 {
		t.Errorf("%v, %v", busy, err)
	}
	end(t, s, "tea", "d3", draw.Closing{State: draw.Ended, Place: 7, At: at})
	if got := numbers(4); !slices.Equal(got, []uint64{8}) {
		t.Errorf("%v", got)
	}
	later := Sample("tea", "d4")
	later.StartedAt = at.Add(time.Second)
	begin(t, s, later)
	if got := numbers(4); !slices.Equal(got, []uint64{8, 1_000_001}) { // by the clock
		t.Errorf("%v", got)
	}
}

func list(t *testing.T, s draw.Store) {
	for i := range 12 {
		id := fmt.Sprint("d", i)
		begin(t, s, Sample("tea", id))
		if i < 11 {
			end(t, s, "tea", id, draw.Closing{State: draw.Ended, Place: 7, At: at, Drawn: make([]draw.Winner, 2*i)})
		}
	}
	var got []string
	for before := uint64(0); ; {
		page, err := s.Draws(t.Context(), "tea", before, 5)
		if err != nil || len(page) > 5 {
			t.Fatal(page, err)
		}
		if len(page) == 0 {
			break
		}
		for _, d := range page {
			got = append(got, d.ID)
			if want := min(2*int(d.Number-1), draw.ListedWinners); d.State == draw.Ended && len(d.Drawn) != want {
				t.Errorf("%s is listed with %d winners, want %d", d.ID, len(d.Drawn), want)
			}
			before = d.Number
		}
	}
	if want := "d11 d10 d9 d8 d7 d6 d5 d4 d3 d2 d1 d0"; strings.Join(got, " ") != want {
		t.Errorf("%v", got)
	}
}

func own(t *testing.T, s draw.Store) {
	begin(t, s, Sample("tea", "d1"))
	d := end(t, s, "tea", "d1", draw.Closing{State: draw.Ended, Place: 7, At: at, Drawn: []draw.Winner{{User: "bob"}}})
	d.Drawn[0].User = "eve"
	all, err := s.Draws(t.Context(), "tea", 0, 1)
	if err != nil || all[0].Drawn[0].User != "bob" {
		t.Errorf("%+v, %v", all, err)
	}
	all[0].Drawn[0].User = "eve"
	if d, err := s.Draw(t.Context(), "tea", "d1"); err != nil || d.Drawn[0].User != "bob" {
		t.Errorf("%+v, %v", d, err)
	}
}

func begin(t *testing.T, s draw.Store, d draw.Draw) draw.Draw {
	t.Helper()
	stored, fresh, err := s.Start(t.Context(), d)
	if err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	return stored
}

func add(t *testing.T, s draw.Store, from, place uint64, entries ...draw.Entry) draw.Draw {
	t.Helper()
	d, err := s.Enter(t.Context(), "tea", "d1", from, draw.More{Entries: entries, Place: place})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func end(t *testing.T, s draw.Store, group, id string, c draw.Closing) draw.Draw {
	t.Helper()
	d, err := s.Close(t.Context(), group, id, c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
