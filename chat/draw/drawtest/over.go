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
