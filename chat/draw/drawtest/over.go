package drawtest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"liveroom/chat/draw"
)

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
	if err != nil || open != nil || len(out) != 2 || out[1].Number != uint64(c.At.UnixMicro()) || out[1].Kind != draw.KindResult || !strings.Contains(string(out[1].Data), `"winners":[{"user":"bob","nick":"BOB"}]`) {
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

func sweep(t *testing.T, s draw.Store) {
	ctx := t.Context()
	for i, group := range []string{"tea", "milk", "milk", "a:b"} {
		id := fmt.Sprint("d", i)
		begin(t, s, Sample(group, id))
		if _, err := s.Enter(ctx, group, id, 7, draw.More{Entries: []draw.Entry{Entry("bob", 8)}, Place: 8}); err != nil {
			t.Fatal(err)
		}
		end(t, s, group, id, draw.Closing{State: draw.Ended, Place: 8, At: at.Add(time.Duration(i) * time.Hour), Drawn: []draw.Winner{{User: "bob"}, {User: id}}})
	}
	begin(t, s, Sample("a:b", "open"))
	if _, out, err := s.Work(ctx, "tea", 10); err != nil || s.Ack(ctx, "tea", out[len(out)-1].Number) != nil {
		t.Fatal(out, err)
	}
	left := func(want string) {
		t.Helper()
		var all []string
		for _, group := range []string{"tea", "milk", "a:b"} {
			page, err := s.Draws(ctx, group, 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range page {
				all = append(all, d.ID)
			}
		}
		if got := strings.Join(all, " "); got != want {
			t.Errorf("%q are left, want %q", got, want)
		}
	}
	for _, tc := range []struct {
		before time.Duration
		limit  int
		gone   int
		left   string
	}{
		{0, 10, 0, "d0 d2 d1 open d3"},
		{time.Hour + time.Millisecond, 1, 1, "d2 d1 open d3"},
		{time.Hour + time.Millisecond, 10, 1, "d2 open d3"},
		{time.Hour + time.Millisecond, 10, 0, "d2 open d3"},
		{24 * time.Hour, 10, 2, "open"},
	} {
		if n, err := s.Sweep(ctx, at.Add(tc.before), tc.limit); err != nil || n != tc.gone {
			t.Errorf("%+v: %d went, %v", tc, n, err)
		}
		left(tc.left)
		if tc.left == "d2 open d3" {
			if won, err := s.Won(ctx, "milk", []string{"bob", "d1", "d2"}); err != nil || !reflect.DeepEqual(won, map[string]bool{"bob": true, "d2": true}) {
				t.Errorf("%v, %v", won, err)
			}
		}
	}
	if _, err := s.Entries(ctx, "tea", "d0", 0, 10); !errors.Is(err, draw.ErrNoDraw) {
		t.Errorf("entries of one that is gone: %v", err)
	}
	for group, number := range map[string]uint64{"tea": 1, "milk": 3} { // what milk is to be told keeps its numbers
		if d := begin(t, s, Sample(group, "d0")); d.Number != number || d.Entries != 0 {
			t.Errorf("in %s: %+v", group, d)
		}
		if all, err := s.Entries(ctx, group, "d0", 0, 10); err != nil || len(all) != 0 {
			t.Errorf("in %s: %v, %v", group, all, err)
		}
	}
	if busy, err := s.Busy(ctx); err != nil || len(busy) != 3 {
		t.Errorf("%v, %v", busy, err)
	}
}
