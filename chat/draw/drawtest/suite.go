// Package drawtest holds what every draw.Store must do. Memory, bbolt and Redis pass the same suite.
package drawtest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
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

func start(t *testing.T, s draw.Store) {
	want := Sample("tea", "d1")
	got := begin(t, s, want)
	want.Number = 1
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%+v, want %+v", got, want)
	}
	again := Sample("tea", "d1")
	again.Seed, again.Winners = strings.Repeat("0b", 32), 9
	same, fresh, err := s.Start(t.Context(), again)
	if err != nil || fresh || !reflect.DeepEqual(same, want) {
		t.Errorf("again: %+v, %v, %v", same, fresh, err)
	}
	if found, err := s.Draw(t.Context(), "tea", "d1"); err != nil || !reflect.DeepEqual(found, want) {
		t.Errorf("%+v, %v", found, err)
	}
	open, out, err := s.Work(t.Context(), "tea", 10)
	if err != nil || open == nil || !reflect.DeepEqual(*open, want) || len(out) != 1 {
		t.Fatalf("%+v, %+v, %v", open, out, err)
	}
	data := string(out[0].Data)
	if out[0].Number != 1 || out[0].Draw != "d1" || out[0].Kind != draw.KindStart || !strings.Contains(data, `"commitment":"c0"`) || strings.Contains(data, want.Seed) {
		t.Errorf("%+v %s", out[0], data)
	}
	if busy, err := s.Busy(t.Context()); err != nil || !slices.Equal(busy, []string{"tea"}) {
		t.Errorf("%v, %v", busy, err)
	}
}

func oneOpen(t *testing.T, s draw.Store) {
	begin(t, s, Sample("tea", "d1"))
	if _, _, err := s.Start(t.Context(), Sample("tea", "d2")); !errors.Is(err, draw.ErrRunning) {
		t.Errorf("a second: %v", err)
	}
	if d := begin(t, s, Sample("tea:d1", "d2")); d.Number != 1 { // another group whose keys look alike
		t.Errorf("%+v", d)
	}
	end(t, s, "tea", "d1", draw.Closing{State: draw.Cancelled, Place: 7, At: at})
	if d := begin(t, s, Sample("tea", "d2")); d.Number != 2 {
		t.Errorf("%+v", d)
	}
	if d, fresh, err := s.Start(t.Context(), Sample("tea", "d1")); fresh || err != nil || d.State != draw.Cancelled {
		t.Errorf("%+v, %v, %v", d, fresh, err)
	}
}

func race(t *testing.T, s draw.Store) {
	var wg sync.WaitGroup
	ctx := context.WithoutCancel(t.Context())
	results := make(chan error, 8)
	for i := range 8 {
		wg.Go(func() {
			_, _, err := s.Start(ctx, Sample("tea", fmt.Sprint("d", i)))
			results <- err
		})
	}
	wg.Wait()
	close(results)
	made := 0
	for err := range results {
		if err == nil {
			made++
		} else if !errors.Is(err, draw.ErrRunning) {
			t.Error(err)
		}
	}
	_, out, err := s.Work(ctx, "tea", 10)
	if made != 1 || len(out) != 1 || err != nil {
		t.Errorf("%d were made, %v, %v", made, out, err)
	}
}

// Entry is a user's by a message.
func Entry(user string, seq uint64) draw.Entry {
	return draw.Entry{User: user, Nick: strings.ToUpper(user), Seq: seq, At: at.Add(time.Duration(seq) * time.Millisecond)}
}

func enter(t *testing.T, s draw.Store) {
	ctx := t.Context()
	begin(t, s, Sample("tea", "d1"))
	d := add(t, s, 7, 12, Entry("bob", 8), Entry("al", 11))
	if d.Entries != 2 || d.Place != 12 || d.Gap {
		t.Errorf("%+v", d)
	}
	if d = add(t, s, 7, 12, Entry("bob", 8), Entry("al", 11)); d.Entries != 2 || d.Place != 12 {
		t.Errorf("from a place that is gone: %+v", d)
	}
	d, err := s.Enter(ctx, "tea", "d1", 12, draw.More{Entries: []draw.Entry{Entry("al", 15), Entry("zoe", 13)}, Place: 20, Gap: true})
	if err != nil || d.Entries != 3 || d.Place != 20 || !d.Gap {
		t.Errorf("%+v, %v", d, err)
	}
	if d = add(t, s, 20, 25); d.Entries != 3 || d.Place != 25 || !d.Gap {
		t.Errorf("only a place: %+v", d)
	}
	all, err := s.Entries(ctx, "tea", "d1", 0, 10)
	if err != nil || !reflect.DeepEqual(all, []draw.Entry{Entry("bob", 8), Entry("al", 11), Entry("zoe", 13)}) {
		t.Errorf("%+v, %v", all, err)
	}
	for after, want := range []int{2, 2, 1, 0, 0} {
		if page, err := s.Entries(ctx, "tea", "d1", after, 2); err != nil || len(page) != want || want > 0 && page[0] != all[after] {
			t.Errorf("after %d: %+v, %v", after, page, err)
		}
	}
	var many []draw.Entry
	for i := range 2500 {
		many = append(many, Entry(fmt.Sprint("u", i), uint64(100+i)))
	}
	if d = add(t, s, 25, 3000, many...); d.Entries != 2503 {
		t.Errorf("%d entries", d.Entries)
	}
	if page, err := s.Entries(ctx, "tea", "d1", 3, 5000); err != nil || !reflect.DeepEqual(page, many) {
		t.Errorf("%d entries, %v", len(page), err)
	}
}

func move(t *testing.T, s draw.Store) {
	begin(t, s, Sample("tea", "d1"))
	for _, tc := range []struct{ to, want time.Duration }{{2 * time.Minute, time.Minute}, {30 * time.Second, 30 * time.Second}, {40 * time.Second, 30 * time.Second}} {
		if d, err := s.Move(t.Context(), "tea", "d1", at.Add(tc.to)); err != nil || !d.EndsAt.Equal(at.Add(tc.want)) {
			t.Errorf("to %s: %v, %v", tc.to, d.EndsAt, err)
		}
	}
	end(t, s, "tea", "d1", draw.Closing{State: draw.Ended, Place: 7, At: at})
	if _, err := s.Move(t.Context(), "tea", "d1", at); !errors.Is(err, draw.ErrOver) {
		t.Error(err)
	}
}

func closing(t *testing.T, s draw.Store) {
	begin(t, s, Sample("tea", "d1"))
	add(t, s, 7, 9, Entry("bob", 8))
	c := draw.Closing{State: draw.Ended, Place: 7, At: at.Add(2 * time.Minute), EntriesHash: "e0", Drawn: []draw.Winner{{User: "bob", Nick: "BOB", Ticket: "00"}}}
	if d := end(t, s, "tea", "d1", c); d.State != draw.Open || len(d.Drawn) != 0 {
		t.Errorf("at another place: %+v", d)
	}
	c.Place = 9
	want := end(t, s, "tea", "d1", c)
	if want.State != draw.Ended || !want.ClosedAt.Equal(c.At) || !want.EndsAt.Equal(at.Add(time.Minute)) || want.EntriesHash != "e0" || !slices.Equal(want.Drawn, c.Drawn) {
		t.Errorf("%+v", want)
	}
	c.Drawn = []draw.Winner{{User: "eve"}}
	c.State = draw.Cancelled
	if d := end(t, s, "tea", "d1", c); !reflect.DeepEqual(d, want) {
		t.Errorf("again: %+v", d)
	}
	open, out, err := s.Work(t.Context(), "tea", 10)
	if err != nil || open != nil || len(out) != 2 || out[1].Number != 2 || out[1].Kind != draw.KindResult || !strings.Contains(string(out[1].Data), `"winners":[{"user":"bob","nick":"BOB"}]`) {
		t.Errorf("%+v, %+v, %v", open, out, err)
	}
}

func closed(t *testing.T, s draw.Store) {
	begin(t, s, Sample("tea", "d1"))
	was := end(t, s, "tea", "d1", draw.Closing{State: draw.Cancelled, Place: 7, At: at.Add(time.Second), Reason: "a \"mistake\""})
	if !was.EndsAt.Equal(at.Add(time.Second)) {
		t.Errorf("ends at %v", was.EndsAt)
	}
	if d := add(t, s, 7, 9, Entry("bob", 8)); !reflect.DeepEqual(d, was) {
		t.Errorf("%+v", d)
	}
	if all, err := s.Entries(t.Context(), "tea", "d1", 0, 10); len(all) != 0 || err != nil {
		t.Errorf("%v, %v", all, err)
	}
	_, out, err := s.Work(t.Context(), "tea", 10)
	if err != nil || len(out) != 2 || out[1].Kind != draw.KindCancelled || !strings.Contains(string(out[1].Data), `"reason":"a \"mistake\""`) {
		t.Errorf("%+v, %v", out, err)
	}
}

func won(t *testing.T, s draw.Store) {
	begin(t, s, Sample("tea", "d1"))
	end(t, s, "tea", "d1", draw.Closing{State: draw.Ended, Place: 7, At: at, Drawn: []draw.Winner{{User: "bob"}, {User: "al"}}})
	begin(t, s, Sample("milk", "d1"))
	end(t, s, "milk", "d1", draw.Closing{State: draw.Ended, Place: 7, At: at, Drawn: []draw.Winner{{User: "zoe"}}})
	if got, err := s.Won(t.Context(), "tea", []string{"zoe", "al", "eve", "bob"}); err != nil || !reflect.DeepEqual(got, map[string]bool{"al": true, "bob": true}) {
		t.Errorf("%v, %v", got, err)
	}
}

func outbox(t *testing.T, s draw.Store) {
	ctx := t.Context()
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
			all = append(all, o.Number)
		}
		return all
	}
	if got := numbers(4); !slices.Equal(got, []uint64{1, 2, 3, 4}) {
		t.Errorf("%v", got)
	}
	for _, upTo := range []uint64{4, 2} {
		if err := s.Ack(ctx, "tea", upTo); err != nil {
			t.Fatal(err)
		}
	}
	if got := numbers(4); !slices.Equal(got, []uint64{5, 6}) {
		t.Errorf("%v", got)
	}
	if err := s.Ack(ctx, "tea", 6); err != nil {
		t.Fatal(err)
	}
	if busy, err := s.Busy(ctx); len(busy) != 0 || err != nil || len(numbers(4)) != 0 {
		t.Errorf("%v, %v", busy, err)
	}
	begin(t, s, Sample("tea", "d3"))
	if err := s.Ack(ctx, "tea", 7); err != nil {
		t.Fatal(err)
	}
	if busy, err := s.Busy(ctx); err != nil || !slices.Equal(busy, []string{"tea"}) || len(numbers(4)) != 0 {
		t.Errorf("%v, %v", busy, err)
	}
	end(t, s, "tea", "d3", draw.Closing{State: draw.Ended, Place: 7, At: at})
	if got := numbers(4); !slices.Equal(got, []uint64{8}) {
		t.Errorf("%v", got)
	}
}

func list(t *testing.T, s draw.Store) {
	for i := range 12 {
		id := fmt.Sprint("d", i)
		begin(t, s, Sample("tea", id))
		if i < 11 {
			end(t, s, "tea", id, draw.Closing{State: draw.Ended, Place: 7, At: at, Drawn: []draw.Winner{{User: "bob"}}})
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
			before = d.Number
		}
	}
	if want := "d11 d10 d9 d8 d7 d6 d5 d4 d3 d2 d1 d0"; strings.Join(got, " ") != want {
		t.Errorf("%v", got)
	}
}

func kept(t *testing.T, s draw.Store) {
	for i := range draw.Kept + 1 {
		id := fmt.Sprint("d", i)
		begin(t, s, Sample("tea", id))
		if i < 2 {
			if _, err := s.Enter(t.Context(), "tea", id, 7, draw.More{Entries: []draw.Entry{Entry("bob", 8), Entry(id, 9)}, Place: 7}); err != nil {
				t.Fatal(err)
			}
		}
		c := draw.Closing{State: draw.Ended, Place: 7, At: at}
		if i < 2 {
			c.Drawn = []draw.Winner{{User: "bob"}, {User: id}}
		}
		end(t, s, "tea", id, c)
	}
	if _, err := s.Draw(t.Context(), "tea", "d0"); !errors.Is(err, draw.ErrNoDraw) {
		t.Errorf("the oldest: %v", err)
	}
	if _, err := s.Entries(t.Context(), "tea", "d0", 0, 10); !errors.Is(err, draw.ErrNoDraw) {
		t.Errorf("its entries: %v", err)
	}
	all, err := s.Draws(t.Context(), "tea", 0, draw.Kept+10)
	if err != nil || len(all) != draw.Kept || all[len(all)-1].ID != "d1" {
		t.Errorf("%d draws, %v", len(all), err)
	}
	if got, err := s.Won(t.Context(), "tea", []string{"bob", "d0", "d1"}); err != nil || !reflect.DeepEqual(got, map[string]bool{"bob": true, "d1": true}) {
		t.Errorf("%v, %v", got, err)
	}
	d := begin(t, s, Sample("tea", "d0"))
	if all, err := s.Entries(t.Context(), "tea", "d0", 0, 10); d.Entries != 0 || len(all) != 0 || err != nil {
		t.Errorf("an id that is free again: %+v, %v, %v", d, all, err)
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
