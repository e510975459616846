// Package leveltest holds what every level.Store must do. Memory, bbolt and Redis pass the same suite.
package leveltest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"liveroom/chat/level"
)

var at = time.Date(2026, 11, 21, 6, 0, 0, 123e6, time.UTC)

// Rules are those of the suite: a point for each thing, a level for each hundred.
func Rules() *level.Rules {
	return &level.Rules{
		Weights:    [level.Sources]float64{1, 1, 1, 1, 1},
		Caps:       level.Amounts{level.Online: 60, level.Messages: 50, level.Likes: 1000},
		Thresholds: []int64{100, 200, 300, 400, 500},
		Tiers:      []level.Tier{{ID: "gold", Badge: "★", Daily: 10}},
	}
}

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) level.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s level.Store)
	}{
		{"who never earned anything has no record", unknown},
		{"what is earned comes together", earned},
		{"a day has its caps, the next day others", caps},
		{"a minute counts once, whoever tells of it", minutes},
		{"a step that is asked again is done once and answered the same", again},
		{"steps of one maker are nothing to another", makers},
		{"changes are untold until they are told", untold},
		{"an adjustment with an id counts once", adjusted},
		{"a member earns once a day", member},
		{"deleted is gone and begins anew", deleted},
		{"only old guests are swept, and no more than asked", sweep},
		{"what many earn at once is all there", race},
		{"scores are what was earned within caps, through lost answers", random},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func unknown(t *testing.T, s level.Store) {
	if all, err := s.Records(t.Context(), []string{"nobody", "anybody"}); err != nil || len(all) != 0 {
		t.Errorf("Records: %v, %v", all, err)
	}
	if all, err := s.Untold(t.Context(), at.Add(time.Hour), 10); err != nil || len(all) != 0 {
		t.Errorf("Untold: %v, %v", all, err)
	}
	if err := s.Delete(t.Context(), []level.Gone{{User: "nobody", At: at}}); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if err := s.Told(t.Context(), nil); err != nil {
		t.Errorf("Told: %v", err)
	}
}

func earned(t *testing.T, s level.Store) {
	take(t, s, step("", 0, at, does("bob", level.Messages, 3), does("alice", level.Gifts, 1<<50)))
	changes := take(t, s, step("", 0, at.Add(time.Second), does("bob", level.Likes, 97)))
	got := record(t, s, "bob")
	want := level.Record{
		User: "bob", Since: at, Day: at.Unix() / 86400, Level: 1, Version: uint64(at.UnixMilli()) + 1,
		Earned: level.Amounts{level.Messages: 3, level.Likes: 97}, Today: level.Amounts{level.Messages: 3, level.Likes: 97},
	}
	if !same(got, want) {
		t.Errorf("record %+v, want %+v", got, want)
	}
	is := []level.Change{{User: "bob", Version: want.Version, From: 0, Level: 1, Score: 100, Time: at.Add(time.Second)}}
	if !slices.Equal(changes, is) {
		t.Errorf("changes %+v, want %+v", changes, is)
	}
	if rich := record(t, s, "alice"); rich.Earned[level.Gifts] != 1<<50 || rich.Level != 5 {
		t.Errorf("alice: %+v", rich)
	}
	all, err := s.Records(t.Context(), []string{"alice", "nobody", "bob"})
	if err != nil || len(all) != 2 || all[0].User != "alice" || all[1].User != "bob" {
		t.Errorf("in the order asked for: %+v, %v", all, err)
	}
}

func caps(t *testing.T, s level.Store) {
	for _, tc := range []struct {
		at   time.Time
		n    int64
		want int64
	}{{at, 30, 30}, {at, 30, 50}, {at.Add(17 * time.Hour), 9, 50}, {at.Add(18 * time.Hour), 70, 100}, {at, 1, 100}, {at.Add(42 * time.Hour), 1, 101}} {
		take(t, s, step("", 0, tc.at, does("bob", level.Messages, tc.n)))
		if got := record(t, s, "bob").Earned[level.Messages]; got != tc.want {
			t.Errorf("%s: %d and %d are %d messages, want %d", tc.at, tc.n, tc.want, got, tc.want)
		}
	}
}

func minutes(t *testing.T, s level.Store) {
	for _, tc := range []struct {
		maker string
		last  int64
		bits  uint64
		want  int64
	}{{"a", 1000, 1, 1}, {"b", 1000, 1, 1}, {"b", 1003, 1, 2}, {"a", 1002, 0b11, 4}, {"a", 1003, 0b1111, 4}, {"b", 900, 1, 4}, {"b", 1100, 0b11, 6}} {
		d := level.Deed{User: "bob", Seen: level.Minutes{Last: tc.last, Bits: tc.bits}}
		take(t, s, step(tc.maker, 0, at, d))
		if got := record(t, s, "bob").Earned[level.Online]; got != tc.want {
			t.Errorf("up to %d, %b: %d minutes, want %d", tc.last, tc.bits, got, tc.want)
		}
	}
}

func again(t *testing.T, s level.Store) {
	one := step("a", 7, at, does("bob", level.Gifts, 100*100), does("carl", level.Gifts, 1))
	first := take(t, s, one)
	if len(first) != 1 || first[0].Level != 1 {
		t.Fatalf("first: %+v", first)
	}
	for range 2 {
		if repeated := take(t, s, one); !slices.Equal(repeated, first) {
			t.Errorf("asked again: %+v, want %+v", repeated, first)
		}
	}
	take(t, s, step("a", 8, at, does("bob", level.Gifts, 1)))
	if late := take(t, s, one); len(late) != 0 {
		t.Errorf("after a later one: %+v", late)
	}
	if got := record(t, s, "bob").Earned[level.Gifts]; got != 100*100+1 {
		t.Errorf("bob's gifts are worth %d", got)
	}
}

func makers(t *testing.T, s level.Store) {
	for _, maker := range []string{"a", "b", "a"} {
		take(t, s, step(maker, 1, at, does("bob", level.Likes, 5)))
	}
	take(t, s, step("b", 2, at, does("bob", level.Likes, 5)))
	take(t, s, step("a", 0, at, does("bob", level.Likes, 5)))
	if got := record(t, s, "bob").Earned[level.Likes]; got != 20 {
		t.Errorf("bob's likes are %d, want 20", got)
	}
}

func untold(t *testing.T, s level.Store) {
	take(t, s, step("a", 1, at, does("bob", level.Gifts, 10_000)))
	take(t, s, step("a", 2, at.Add(time.Second), does("alice", level.Gifts, 10_000)))
	later := take(t, s, step("a", 3, at.Add(time.Minute), does("bob", level.Gifts, 20_000)))
	want := later[0].After(level.Change{From: 0})
	got := rest(t, s, at.Add(time.Hour), 10)
	if len(got) != 2 || got[0].User != "alice" || got[1] != want {
		t.Errorf("untold %+v, want alice's and %+v", got, want)
	}
	if early := rest(t, s, at.Add(2*time.Second), 10); len(early) != 1 || early[0].User != "alice" {
		t.Errorf("of the first seconds: %+v", early)
	}
	if one := rest(t, s, at.Add(time.Hour), 1); len(one) != 1 || one[0].User != "alice" {
		t.Errorf("the oldest: %+v", one)
	}
	newest := take(t, s, step("a", 4, at.Add(2*time.Minute), does("bob", level.Gifts, 10_000)))
	told(t, s, got...)
	if left := rest(t, s, at.Add(time.Hour), 10); len(left) != 1 || left[0] != newest[0].After(got[1]) {
		t.Errorf("told but for what came meanwhile: %+v, want %+v", left, newest)
	}
	told(t, s, newest...)
	if left := rest(t, s, at.Add(time.Hour), 10); len(left) != 0 {
		t.Errorf("all told: %+v", left)
	}
}

func adjusted(t *testing.T, s level.Store) {
	for _, id := range []string{"x", "y", "x", "", ""} {
		take(t, s, step("", 0, at, level.Deed{User: "bob", Adjust: &level.Adjustment{ID: id, Points: 60}}))
	}
	take(t, s, step("", 0, at, level.Deed{User: "bob", Adjust: &level.Adjustment{ID: "z", Points: -300}}))
	rec := record(t, s, "bob")
	if rec.Adjusted != 4*60-300 || Rules().Score(&rec) != 0 || rec.Level != 0 || !slices.Equal(rec.Known, []string{"x", "y", "z"}) {
		t.Errorf("%+v", rec)
	}
	if got := rest(t, s, at.Add(time.Hour), 10); len(got) != 1 || got[0].From != 0 || got[0].Level != 0 {
		t.Errorf("there and back: %+v", got)
	}
}

func member(t *testing.T, s level.Store) {
	m := level.Member{Tier: "gold", Until: at.Add(30 * time.Hour)}
	changes := take(t, s, step("", 0, at, level.Deed{User: "bob", Member: &m}))
	if len(changes) != 1 || changes[0].Member != m || changes[0].Level != 0 {
		t.Errorf("made a member: %+v", changes)
	}
	if same := take(t, s, step("", 0, at, level.Deed{User: "bob", Member: &m})); len(same) != 0 {
		t.Errorf("made it again: %+v", same)
	}
	for i, want := range []int64{10, 10, 20, 20} {
		now := at.Add(time.Duration(i) * 12 * time.Hour) // twice on the first day, then on the second, then too late
		take(t, s, step("", 0, now, level.Deed{User: "bob", Seen: level.Minutes{Last: now.Unix() / 60, Bits: 1}}))
		if got := record(t, s, "bob").Earned[level.Membership]; got != want {
			t.Errorf("%s: %d points, want %d", now, got, want)
		}
	}
	ended := take(t, s, step("", 0, at, level.Deed{User: "bob", Member: &level.Member{}}))
	if len(ended) != 1 || ended[0].Member != (level.Member{}) {
		t.Errorf("ended: %+v", ended)
	}
}

func deleted(t *testing.T, s level.Store) {
	was := take(t, s, step("a", 1, at, does("bob", level.Gifts, 20_000)))
	take(t, s, step("b", 1, at.Add(time.Minute), does("cat", level.Gifts, 20_000)))
	gone := []level.Gone{{User: "nobody", At: at}, {User: "bob", At: at}, {User: "cat", At: at}}
	if err := s.Delete(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	record(t, s, "cat") // who came later
	if left := rest(t, s, at.Add(time.Hour), 10); len(left) != 1 || left[0].User != "cat" {
		t.Errorf("still to be told: %+v", left)
	}
	if all, err := s.Records(t.Context(), []string{"bob"}); err != nil || len(all) != 0 {
		t.Errorf("still there: %+v, %v", all, err)
	}
	now := take(t, s, step("a", 2, at.Add(time.Minute), does("bob", level.Gifts, 10_000)))
	if len(now) != 1 || now[0].Level != 1 || now[0].Version <= was[0].Version {
		t.Errorf("anew: %+v after %+v", now, was)
	}
	if err := s.Delete(t.Context(), gone); err != nil { // told again
		t.Fatal(err)
	}
	record(t, s, "bob")
}

func sweep(t *testing.T, s level.Store) {
	guest := func(user string) level.Deed {
		d := does(user, level.Messages, 1)
		d.Guest = true
		return d
	}
	for i := range 5 {
		take(t, s, step("", 0, at.Add(time.Duration(-1-i)*time.Second), guest(fmt.Sprint("guest_old", i))))
	}
	take(t, s, step("", 0, at.Add(-time.Hour), does("bob", level.Messages, 1)))
	take(t, s, step("", 0, at, guest("guest_young"), guest("guest_old0")))
	for _, want := range []int{2, 2, 1, 0} {
		if n, err := s.DeleteGuests(t.Context(), at, 2); err != nil || n != want {
			t.Fatalf("swept %d, %v, want %d", n, err, want)
		}
	}
	record(t, s, "bob")
	record(t, s, "guest_young")
	if err := s.Delete(t.Context(), []level.Gone{{User: "guest_young", At: at}}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.DeleteGuests(t.Context(), at.Add(time.Hour), 10); err != nil || n != 0 {
		t.Fatalf("swept %d, %v", n, err)
	}
}

func race(t *testing.T, s level.Store) {
	const nodes, steps = 4, 20
	ctx := context.WithoutCancel(t.Context())
	var wg sync.WaitGroup
	for i := range nodes {
		wg.Go(func() {
			for n := range steps {
				one := step(fmt.Sprint("node", i), uint64(n+1), at, does("bob", level.Likes, 20), does(fmt.Sprint("own", i), level.Gifts, 2))
				if _, err := s.Take(ctx, one); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := record(t, s, "bob").Earned[level.Likes]; got != 1000 {
		t.Errorf("bob's likes are %d, want the cap, 1000", got)
	}
	for i := range nodes {
		if got := record(t, s, fmt.Sprint("own", i)).Earned[level.Gifts]; got != 2*steps {
			t.Errorf("own%d: %d, want %d", i, got, 2*steps)
		}
	}
}

func does(user string, by level.Source, n int64) level.Deed {
	d := level.Deed{User: user}
	d.Earned[by] = n
	return d
}

func step(maker string, number uint64, now time.Time, deeds ...level.Deed) level.Step {
	return level.Step{Maker: maker, Number: number, Time: now, Rules: Rules(), Deeds: deeds}
}

func take(t *testing.T, s level.Store, one level.Step) []level.Change {
	t.Helper()
	changes, err := s.Take(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func record(t *testing.T, s level.Store, user string) level.Record {
	t.Helper()
	all, err := s.Records(t.Context(), []string{user})
	if err != nil || len(all) != 1 {
		t.Fatalf("record of %s: %+v, %v", user, all, err)
	}
	return all[0]
}

func rest(t *testing.T, s level.Store, before time.Time, limit int) []level.Change {
	t.Helper()
	all, err := s.Untold(t.Context(), before, limit)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func told(t *testing.T, s level.Store, changes ...level.Change) {
	t.Helper()
	if err := s.Told(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
}

func same(a, b level.Record) bool {
	known := slices.Equal(a.Known, b.Known)
	a.Known, b.Known = nil, nil
	return known && fmt.Sprint(a) == fmt.Sprint(b)
}
