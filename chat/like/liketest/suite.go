// Package liketest holds what every like.Store must do. Memory, bbolt and Redis pass the same suite.
package liketest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"liveroom/chat/like"
)

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) like.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s like.Store)
	}{
		{"nobody liked anything", nothing},
		{"what is added is there, by session", added},
		{"a batch counts once", once},
		{"what comes late is not counted", late},
		{"writers do not stand in each other's way", writers},
		{"only the newest sessions are kept", sessions},
		{"many writers are forgotten one by one, and not who writes", manyWriters},
		{"who was told goes off the list", told},
		{"the list is as long as asked for", listLimit},
		{"deleted is gone", deleted},
		{"whatever happens, each batch is counted once", property},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func add(t *testing.T, s like.Store, group, writer string, number uint64, counts ...like.Count) like.Totals {
	t.Helper()
	got, err := s.AddLikes(t.Context(), group, like.Batch{Writer: writer, Number: number, Likes: counts})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func is(t *testing.T, s like.Store, group, session string, want like.Totals) {
	t.Helper()
	if got, err := s.Likes(t.Context(), group, session); err != nil || got != want {
		t.Errorf("%s in %q has %+v, %v, want %+v", group, session, got, err, want)
	}
}

func nothing(t *testing.T, s like.Store) {
	is(t, s, "g", "", like.Totals{})
	is(t, s, "g", "01J", like.Totals{})
	if groups, mark, err := s.Liked(t.Context(), 10); err != nil || len(groups) != 0 {
		t.Errorf("liked: %v, %v", groups, err)
	} else if err := s.Told(t.Context(), mark); err != nil {
		t.Error(err)
	}
	if err := s.DeleteLikes(t.Context(), "g"); err != nil {
		t.Error(err)
	}
}

func added(t *testing.T, s like.Store) {
	if got := add(t, s, "g", "w", 1, like.Count{Likes: 2}); got != (like.Totals{All: 2}) {
		t.Errorf("without a session: %+v", got)
	}
	if got := add(t, s, "g", "w", 2, like.Count{Session: "01A", Likes: 3}, like.Count{Session: "01B", Likes: 4}); got != (like.Totals{All: 9, Session: 4}) {
		t.Errorf("two sessions: %+v", got)
	}
	if got := add(t, s, "g", "w", 3, like.Count{Session: "01B", Likes: 1}); got != (like.Totals{All: 10, Session: 5}) {
		t.Errorf("more: %+v", got)
	}
	is(t, s, "g", "", like.Totals{All: 10})
	is(t, s, "g", "01A", like.Totals{All: 10, Session: 3})
	is(t, s, "g", "01B", like.Totals{All: 10, Session: 5})
	is(t, s, "other", "01B", like.Totals{})
}

func once(t *testing.T, s like.Store) {
	for range 3 {
		if got := add(t, s, "g", "w", 7, like.Count{Session: "01A", Likes: 3}); got != (like.Totals{All: 3, Session: 3}) {
			t.Errorf("again: %+v", got)
		}
	}
	if got := add(t, s, "h", "w", 7, like.Count{Likes: 1}); got.All != 1 {
		t.Errorf("the same number in another group: %+v", got)
	}
}

func late(t *testing.T, s like.Store) {
	add(t, s, "g", "w", 9, like.Count{Likes: 1})
	if got := add(t, s, "g", "w", 8, like.Count{Likes: 5}); got.All != 1 {
		t.Errorf("an older batch: %+v", got)
	}
}

func writers(t *testing.T, s like.Store) {
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for n := range 10 {
				b := like.Batch{Writer: fmt.Sprint("w", w), Number: uint64(n + 1), Likes: []like.Count{{Session: "01A", Likes: 1}}}
				if _, err := s.AddLikes(context.Background(), "g", b); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	is(t, s, "g", "01A", like.Totals{All: 80, Session: 80})
}

func sessions(t *testing.T, s like.Store) {
	const n = like.MaxSessions + 300
	var number uint64
	for from := 0; from < n; from += 50 {
		var counts []like.Count
		for i := from; i < min(from+50, n); i++ {
			counts = append(counts, like.Count{Session: fmt.Sprintf("01%04d", i), Likes: 1})
		}
		number++
		add(t, s, "g", "w", number, counts...)
	}
	is(t, s, "g", fmt.Sprintf("01%04d", n-1), like.Totals{All: n, Session: 1})
	is(t, s, "g", fmt.Sprintf("01%04d", n-like.MaxSessions), like.Totals{All: n, Session: 1})
	is(t, s, "g", "010000", like.Totals{All: n})
}

func manyWriters(t *testing.T, s like.Store) {
	add(t, s, "g", "first", 1, like.Count{Likes: 1})
	for w := range 2*like.MaxWriters + 100 {
		writer := fmt.Sprint("w", w)
		add(t, s, "g", writer, 1, like.Count{Likes: 1})
		if got := add(t, s, "g", writer, 1, like.Count{Likes: 1}); got.All != int64(w+2) {
			t.Fatalf("writer %d: its own batch was counted again: %+v", w, got)
		}
	}
}

func told(t *testing.T, s like.Store) {
	ctx := t.Context()
	for i, g := range []string{"b", "a", "c"} {
		add(t, s, g, "w", uint64(i+1), like.Count{Likes: 1})
	}
	groups, mark, err := s.Liked(ctx, 10)
	slices.Sort(groups)
	if err != nil || !slices.Equal(groups, []string{"a", "b", "c"}) {
		t.Fatalf("liked: %v, %v", groups, err)
	}
	add(t, s, "a", "w", 4, like.Count{Likes: 1})
	if err := s.Told(ctx, mark); err != nil {
		t.Fatal(err)
	}
	groups, _, err = s.Liked(ctx, 10)
	if err != nil || !slices.Contains(groups, "a") {
		t.Errorf("of a, to which was added, nobody would be told: %v, %v", groups, err)
	}
	before, err := s.Likes(ctx, "a", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range []string{"a", "new"} {
		if _, err := s.AddLikes(ctx, group, like.Batch{}); err != nil {
			t.Fatal(err)
		}
	}
	groups, _, err = s.Liked(ctx, 10)
	if err != nil || !slices.Contains(groups, "a") || !slices.Contains(groups, "new") {
		t.Errorf("those are not told that were only noted: %v, %v", groups, err)
	}
	is(t, s, "a", "", before)
}

func listLimit(t *testing.T, s like.Store) {
	for i := range 5 {
		add(t, s, fmt.Sprint("g", i), "w", uint64(i+1), like.Count{Likes: 1})
	}
	groups, mark, err := s.Liked(t.Context(), 3)
	if err != nil || len(groups) != 3 {
		t.Fatalf("liked: %v, %v", groups, err)
	}
	if err := s.Told(t.Context(), mark); err != nil {
		t.Fatal(err)
	}
	rest, _, err := s.Liked(t.Context(), 10)
	for i := range 5 {
		if g := fmt.Sprint("g", i); !slices.Contains(groups, g) && !slices.Contains(rest, g) {
			t.Errorf("%s is lost: %v, then %v, %v", g, groups, rest, err)
		}
	}
}

func deleted(t *testing.T, s like.Store) {
	add(t, s, "g", "w", 1, like.Count{Session: "01A", Likes: 1})
	if err := s.DeleteLikes(t.Context(), "g"); err != nil {
		t.Fatal(err)
	}
	is(t, s, "g", "01A", like.Totals{})
	if got := add(t, s, "g", "w", 2, like.Count{Likes: 1}); got.All != 1 {
		t.Errorf("made anew: %+v", got)
	}
}

// property repeats and delays batches of several writers by chance.
func property(t *testing.T, s like.Store) {
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		group := fmt.Sprint("p", run)
		newest := map[string]uint64{}
		want := map[string]int64{}
		var total int64
		var sent []like.Batch
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			if len(sent) > 0 && rapid.Bool().Draw(t, "again") {
				b := rapid.SampledFrom(sent).Draw(t, "batch")
				if got, err := s.AddLikes(context.Background(), group, b); err != nil || got.All != total {
					t.Fatalf("again: %+v, %v, want %d", got, err, total)
				}
				continue
			}
			writer := rapid.SampledFrom([]string{"w1", "w2", "w3"}).Draw(t, "writer")
			newest[writer] += uint64(rapid.IntRange(1, 3).Draw(t, "step"))
			b := like.Batch{Writer: writer, Number: newest[writer]}
			for range rapid.IntRange(1, 3).Draw(t, "counts") {
				c := like.Count{
					Session: rapid.SampledFrom([]string{"", "01A", "01B"}).Draw(t, "session"),
					Likes:   rapid.Int64Range(1, 1000).Draw(t, "likes"),
				}
				b.Likes = append(b.Likes, c)
				total += c.Likes
				want[c.Session] += c.Likes
			}
			sent = append(sent, b)
			if got, err := s.AddLikes(context.Background(), group, b); err != nil || got.All != total {
				t.Fatalf("added: %+v, %v, want %d", got, err, total)
			}
		}
		for _, session := range []string{"01A", "01B"} {
			if got, err := s.Likes(context.Background(), group, session); err != nil || got != (like.Totals{All: total, Session: want[session]}) {
				t.Fatalf("%s: %+v, %v, want %d of %d", session, got, err, want[session], total)
			}
		}
	})
}
