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
	if out[0].Number != uint64(at.UnixMicro()) || out[0].Draw != "d1" || out[0].Kind != draw.KindStart || !strings.Contains(data, `"commitment":"c0"`) || strings.Contains(data, want.Seed) {
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
