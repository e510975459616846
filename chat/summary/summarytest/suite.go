// Package summarytest holds what every summary.Store must do. Memory, bbolt and Redis pass the same suite.
package summarytest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/summary"
)

var began = time.Date(2026, 11, 21, 6, 0, 0, 123e6, time.UTC)

// forever is longer than tests may be old: a Store may count the age of a summary from the session's beginning.
const forever = 50 * 365 * 24 * time.Hour

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) summary.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s summary.Store)
	}{
		{"unknown sessions are unknown", unknown},
		{"all of a session is kept, and is the caller's own", kept},
		{"of two who change a session one does", swap},
		{"sessions that run, and those that are over", lists},
		{"what nodes count is summed up", counts},
		{"of what is not stored nothing is counted", strangers},
		{"different users are counted once each", members},
		{"the first summary is kept", first},
		{"summaries come page by page, the newest first", pages},
		{"summaries are numbered in the order in which they are kept", numbers},
		{"the newest are kept of each group", newest},
		{"a removed session is gone with its counts", removed},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

// Once checks a Store that may lose an answer: an operation that is asked again counts once.
func Once(t *testing.T, s summary.Store) {
	put(t, s, 0, session("s1"))
	ctx, _ := chat.WithOperation(t.Context())
	for range 3 {
		if err := s.Add(ctx, []summary.Delta{{Session: "s1", Messages: 5}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, c, err := s.Session(t.Context(), "s1"); err != nil || c.Messages != 5 {
		t.Errorf("%+v, %v; want 5 messages", c, err)
	}
}

func session(id string) summary.Session {
	return summary.Session{Session: id, Room: "demo", Group: "g", Phase: summary.Live, BeganAt: began, Since: began}
}

func put(t *testing.T, s summary.Store, prev uint64, next summary.Session) {
	t.Helper()
	if err := s.Swap(t.Context(), prev, next); err != nil {
		t.Fatal(err)
	}
}

func unknown(t *testing.T, s summary.Store) {
	ctx := t.Context()
	if _, _, err := s.Session(ctx, "s1"); !errors.Is(err, summary.ErrUnknown) {
		t.Errorf("Session: %v", err)
	}
	if _, err := s.Summary(ctx, "g", "s1"); !errors.Is(err, summary.ErrUnknown) {
		t.Errorf("Summary: %v", err)
	}
	if all, err := s.Summaries(ctx, "g", 0, 10); err != nil || len(all) != 0 {
		t.Errorf("Summaries: %v, %v", all, err)
	}
	for _, over := range []bool{false, true} {
		if all, err := s.Sessions(ctx, over); err != nil || len(all) != 0 {
			t.Errorf("Sessions: %v, %v", all, err)
		}
	}
	if err := s.Remove(ctx, "s1"); err != nil {
		t.Errorf("Remove: %v", err)
	}
	if err := s.Swap(ctx, 3, session("s1")); !errors.Is(err, summary.ErrConflict) {
		t.Errorf("Swap of what is not there: %v", err)
	}
	if n, err := s.Sweep(ctx, time.Now().Add(time.Hour), 10); err != nil || n != 0 {
		t.Errorf("Sweep: %v, %v", n, err)
	}
}

func kept(t *testing.T, s summary.Store) {
	in := summary.Session{
		Session: "s1", Room: "demo", Group: "grüße", Epoch: "E", Version: 7, BeganAt: began, EndedAt: began.Add(time.Hour), Reason: "by_anchor",
		Phase: summary.Over, Since: began.Add(time.Hour), PauseN: 2, PausedFor: 5 * time.Second, Watched: 99 * time.Minute,
		Pauses: []summary.Pause{{From: began.Add(time.Second), Until: began.Add(2 * time.Second), Reason: "push_lost"}},
		Last:   summary.Sample{At: began.Add(time.Minute), Online: 3, Members: 2, Viewers: 1, Popularity: 9},
		Peak:   summary.Sample{At: began.Add(time.Second), Online: 5, Members: 4, Viewers: 3, Popularity: 10},
		Curve:  summary.Curve{Step: 10 * time.Second, Points: []summary.Point{{Online: 5, Popularity: 10}, {Online: -1, Popularity: -1}}},
	}
	put(t, s, 0, in)
	in.Revision = 1
	got, c, err := s.Session(t.Context(), "s1")
	if err != nil || !reflect.DeepEqual(got, in) || c != (summary.Counts{}) {
		t.Fatalf("got %+v, %+v, %v\nwant %+v", got, c, err, in)
	}
	got.Pauses[0].Reason, got.Curve.Points[0].Online = "changed", 99
	again, _, err := s.Session(t.Context(), "s1")
	if err != nil || !reflect.DeepEqual(again, in) {
		t.Errorf("what was answered is not the caller's own: %+v, %v", again, err)
	}
}

func swap(t *testing.T, s summary.Store) {
	const writers = 6
	put(t, s, 0, session("s1"))
	if err := s.Swap(t.Context(), 0, session("s1")); !errors.Is(err, summary.ErrConflict) {
		t.Errorf("made twice: %v", err)
	}
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for {
				one, _, err := s.Session(t.Context(), "s1")
				if err != nil {
					t.Error(err)
					return
				}
				one.PauseN++
				if err := s.Swap(t.Context(), one.Revision, one); err == nil {
					return
				} else if !errors.Is(err, summary.ErrConflict) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if one, _, err := s.Session(t.Context(), "s1"); err != nil || one.PauseN != writers || one.Revision != writers+1 {
		t.Errorf("%+v, %v; want %d changes", one, err, writers)
	}
}

func lists(t *testing.T, s summary.Store) {
	names := func(over bool) []string {
		t.Helper()
		all, err := s.Sessions(t.Context(), over)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, one := range all {
			ids = append(ids, one.Session)
		}
		slices.Sort(ids)
		return ids
	}
	for _, id := range []string{"a", "b", "c"} {
		put(t, s, 0, session(id))
	}
	over := session("b")
	over.Phase, over.EndedAt = summary.Over, began.Add(time.Minute)
	put(t, s, 1, over)
	if got := names(false); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("running: %q", got)
	}
	if got := names(true); !slices.Equal(got, []string{"b"}) {
		t.Errorf("over: %q", got)
	}
	for _, id := range []string{"a", "b"} {
		if err := s.Remove(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if got := append(names(true), names(false)...); !slices.Equal(got, []string{"c"}) {
		t.Errorf("left: %q", got)
	}
}

// add adds as an operation of its own.
func add(t *testing.T, s summary.Store, deltas ...summary.Delta) {
	t.Helper()
	ctx, _ := chat.WithOperation(t.Context())
	if err := s.Add(ctx, deltas); err != nil {
		t.Fatal(err)
	}
}

// counted checks the counts of a session.
func counted(t *testing.T, s summary.Store, session string, want summary.Counts) {
	t.Helper()
	_, got, err := s.Session(t.Context(), session)
	if err != nil || got != want {
		t.Errorf("session %s: %+v, %v; want %+v", session, got, err, want)
	}
}

func counts(t *testing.T, s summary.Store) {
	put(t, s, 0, session("a"))
	put(t, s, 0, session("b"))
	add(t, s, summary.Delta{Session: "a", Messages: 3, Plays: 2}, summary.Delta{Session: "b", Plays: 1})
	add(t, s, summary.Delta{Session: "a", Messages: 4}, summary.Delta{Session: "a", Messages: 1})
	counted(t, s, "a", summary.Counts{Messages: 8, Plays: 2})
	counted(t, s, "b", summary.Counts{Plays: 1})
	one, _, err := s.Session(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, one.Revision, one) // beside the counts
	counted(t, s, "a", summary.Counts{Messages: 8, Plays: 2})
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() { add(t, s, summary.Delta{Session: "b", Messages: 2}) })
	}
	wg.Wait()
	counted(t, s, "b", summary.Counts{Messages: 10, Plays: 1})
}

func strangers(t *testing.T, s summary.Store) {
	add(t, s, summary.Delta{Session: "a", Messages: 3, Plays: 2, Users: []string{"x"}})
	put(t, s, 0, session("a"))
	counted(t, s, "a", summary.Counts{})
	add(t, s)
}

func members(t *testing.T, s summary.Store) {
	put(t, s, 0, session("a"))
	put(t, s, 0, session("b"))
	add(t, s, summary.Delta{Session: "a", Users: []string{"anna", "bob", "anna"}}, summary.Delta{Session: "b", Users: []string{"bob"}})
	add(t, s, summary.Delta{Session: "a", Users: []string{"bob", "carl"}, Messages: 1}, summary.Delta{Session: "a", Users: []string{"dora"}})
	counted(t, s, "a", summary.Counts{Members: 4, Messages: 1})
	counted(t, s, "b", summary.Counts{Members: 1})
	var many []string
	for i := range 1_000 {
		many = append(many, fmt.Sprint("user", i))
	}
	add(t, s, summary.Delta{Session: "b", Users: many})
	add(t, s, summary.Delta{Session: "b", Users: many})
	_, c, err := s.Session(t.Context(), "b")
	if err != nil || c.Members < 950 || c.Members > 1_050 { // an estimate is off by 0.8 % as a rule
		t.Errorf("%+v, %v; want about 1001 users", c, err)
	}
}

func sum(session string, at time.Time) summary.Summary {
	return summary.Summary{
		Room: "demo", Group: "g",
		Public: summary.Public{
			Session: session, StartedAt: at.UTC().Format("2006-01-02T15:04:05.000Z"), Peak: 5,
			Top: []summary.Ranked{{Rank: 1, User: "anna", Value: 300, Count: 3}}, Curve: []int64{1, 2}, CurveStep: 10,
		},
		Reason: "by_anchor", PauseList: []summary.PauseBody{{From: "x", Seconds: 3, Reason: "push_lost"}}, OnlineCurve: []int64{4, 5}, Complete: true,
	}
}

func first(t *testing.T, s summary.Store) {
	one, other := sum("s1", began), sum("s1", began)
	other.Peak = 99
	for _, in := range []summary.Summary{one, other} {
		got, err := s.Keep(t.Context(), in, 10, forever)
		if one.Number == 0 {
			one.Number = got.Number
		}
		if err != nil || !reflect.DeepEqual(got, one) || got.Number == 0 {
			t.Errorf("kept %+v, %v; want the first", got, err)
		}
	}
	if got, err := s.Summary(t.Context(), "g", "s1"); err != nil || !reflect.DeepEqual(got, one) {
		t.Errorf("%+v, %v; want %+v", got, err, one)
	}
	if _, err := s.Summary(t.Context(), "other", "s1"); !errors.Is(err, summary.ErrUnknown) {
		t.Errorf("of another group: %v", err)
	}
}

func names(all []summary.Summary) (ids []string) {
	for _, one := range all {
		ids = append(ids, one.Session)
	}
	return ids
}

func pages(t *testing.T, s summary.Store) {
	var want []string
	for i := range 5 {
		id := fmt.Sprint("s", i)
		want = append([]string{id}, want...)
		if _, err := s.Keep(t.Context(), sum(id, began.Add(time.Duration(i)*time.Hour)), 10, forever); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for before := uint64(0); ; {
		page, err := s.Summaries(t.Context(), "g", before, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		got = append(got, names(page)...)
		before = page[len(page)-1].Began()
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if all, err := s.Summaries(t.Context(), "other", 0, 10); err != nil || len(all) != 0 {
		t.Errorf("of another group: %v, %v", all, err)
	}
}

func numbers(t *testing.T, s summary.Store) {
	var last uint64
	for i := range 5 { // the later one has begun the sooner it is kept
		at := began.Add(time.Duration(-i) * time.Hour)
		kept, err := s.Keep(t.Context(), sum(fmt.Sprint("s", i), at), 2, forever)
		if err != nil {
			t.Fatal(err)
		}
		if off := time.Since(time.UnixMicro(int64(kept.Number))).Abs(); kept.Number <= last || off > time.Minute {
			t.Errorf("number %d after %d: %s from now", kept.Number, last, off)
		}
		last = kept.Number
		if again, err := s.Summary(t.Context(), "g", kept.Session); err != nil || again.Number != last {
			t.Errorf("it is %d afterwards, %v", again.Number, err)
		}
	}
}

func newest(t *testing.T, s summary.Store) {
	for _, i := range []int{3, 1, 4, 2, 5} {
		if _, err := s.Keep(t.Context(), sum(fmt.Sprint("s", i), began.Add(time.Duration(i)*time.Hour)), 3, forever); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.Summaries(t.Context(), "g", 0, 10)
	if err != nil || !slices.Equal(names(all), []string{"s5", "s4", "s3"}) {
		t.Errorf("%q, %v", names(all), err)
	}
	if _, err := s.Summary(t.Context(), "g", "s1"); !errors.Is(err, summary.ErrUnknown) {
		t.Errorf("an old one: %v", err)
	}
	for _, step := range []struct {
		i    int
		want []string
	}{
		{1, []string{"s5", "s4", "s3", "s1"}}, // it is to be told still
		{6, []string{"s6", "s5", "s4"}},
	} {
		if _, err := s.Keep(t.Context(), sum(fmt.Sprint("s", step.i), began.Add(time.Duration(step.i)*time.Hour)), 3, forever); err != nil {
			t.Fatal(err)
		}
		if all, err := s.Summaries(t.Context(), "g", 0, 10); err != nil || !slices.Equal(names(all), step.want) {
			t.Errorf("%q, %v; want %q", names(all), err, step.want)
		}
	}
}

func removed(t *testing.T, s summary.Store) {
	put(t, s, 0, session("a"))
	add(t, s, summary.Delta{Session: "a", Messages: 3, Users: []string{"anna"}})
	counted(t, s, "a", summary.Counts{Messages: 3, Members: 1})
	if err := s.Remove(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Session(t.Context(), "a"); !errors.Is(err, summary.ErrUnknown) {
		t.Errorf("%v", err)
	}
	add(t, s, summary.Delta{Session: "a", Messages: 3, Users: []string{"bob"}})
	put(t, s, 0, session("a"))
	counted(t, s, "a", summary.Counts{})
}

// Sweep checks a Store that does not forget summaries by itself; wait lets time pass.
func Sweep(t *testing.T, s summary.Store, wait func(time.Duration)) {
	for i := range 4 {
		if _, err := s.Keep(t.Context(), sum(fmt.Sprint("s", i), began.Add(time.Duration(i)*time.Hour)), 10, forever); err != nil {
			t.Fatal(err)
		}
	}
	wait(20 * time.Millisecond)
	old := time.Now()
	wait(20 * time.Millisecond)
	if _, err := s.Keep(t.Context(), sum("new", began.Add(-time.Hour)), 10, forever); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{3, 1, 0} {
		if n, err := s.Sweep(t.Context(), old, 3); err != nil || n != want {
			t.Errorf("swept %d, %v; want %d", n, err, want)
		}
	}
	if all, err := s.Summaries(t.Context(), "g", 0, 10); err != nil || !slices.Equal(names(all), []string{"new"}) {
		t.Errorf("%q, %v; want what was kept last", names(all), err)
	}
}
