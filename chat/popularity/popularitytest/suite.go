// Package popularitytest holds what every popularity.Store must do. Memory, bbolt and Redis pass the same suite.
package popularitytest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/popularity"
)

const board = "600000"

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) popularity.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s popularity.Store)
	}{
		{"what is added is summed up, to the last place", sums},
		{"groups in the order of their levels, page by page", pages},
		{"pages go on behind equals", equals},
		{"a group that rises between two pages comes on neither twice", rising},
		{"only known groups have marks", marks},
		{"forgotten groups are gone, and begin anew", forget},
		{"silent groups are swept, no more than asked", sweep},
		{"another half-life is another board", boards},
		{"of many who add at a time none is lost", many},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

// Once checks a Store that may lose an answer: an operation that is asked again counts once.
func Once(t *testing.T, s popularity.Store) {
	ctx, _ := chat.WithOperation(t.Context())
	for range 3 {
		if err := s.Raise(ctx, board, []popularity.Mark{mark("g", 10)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := top(t, s, popularity.First(), 1); len(got) != 1 || got[0].Slow != 10 {
		t.Errorf("%+v, want level 10", got)
	}
}

func raise(t *testing.T, s popularity.Store, all ...popularity.Mark) {
	t.Helper()
	if err := s.Raise(t.Context(), board, all); err != nil {
		t.Fatal(err)
	}
}

func mark(group string, level float64) popularity.Mark {
	return popularity.Mark{Group: group, Slow: level, Fast: 4 * level}
}

func top(t *testing.T, s popularity.Store, after popularity.Place, limit int) []popularity.Mark {
	t.Helper()
	all, err := s.Top(t.Context(), board, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func names(all []popularity.Mark) (groups []string) {
	for _, m := range all {
		groups = append(groups, m.Group)
	}
	return groups
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("groups %q, want %q", got, want)
	}
}

// near says whether two levels differ by no more than their last places.
func near(a, b float64) bool {
	return a == b || math.Abs(a-b) <= 4*(math.Nextafter(math.Abs(b), math.Inf(1))-math.Abs(b))
}

func sums(t *testing.T, s popularity.Store) {
	scale := popularity.Scale{HalfLife: 10 * time.Minute}
	now := time.Date(2041, 3, 4, 5, 6, 7, 8, time.UTC)
	want := popularity.Mark{Group: "g", Slow: popularity.None, Fast: popularity.None}
	for i := range 50 {
		now = now.Add(time.Duration(i*i) * time.Second / 3)
		m := popularity.Mark{Group: "g", Slow: scale.Level(float64(i)+0.1, now), Fast: scale.Level(1/float64(i+1), now)}
		raise(t, s, m)
		want.Slow, want.Fast = popularity.Sum(want.Slow, m.Slow), popularity.Sum(want.Fast, m.Fast)
	}
	got := top(t, s, popularity.First(), 10)
	if len(got) != 1 || got[0].Group != "g" || !near(got[0].Slow, want.Slow) || !near(got[0].Fast, want.Fast) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	raise(t, s, mark("g", want.Slow-2000)) // nothing beside what is there
	if got := top(t, s, popularity.First(), 1); !near(got[0].Slow, want.Slow) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func pages(t *testing.T, s popularity.Store) {
	raise(t, s, mark("a", 3), mark("b", 5.5), mark("c", 4), mark("d", -1), mark("e", 1e6))
	all := top(t, s, popularity.First(), 10)
	want(t, names(all), "e", "b", "c", "a", "d")
	if all[1].Fast != 22 {
		t.Errorf("the second level of b is %v, want 22", all[1].Fast)
	}
	var got []string
	for after := popularity.First(); ; {
		page := top(t, s, after, 2)
		if len(page) == 0 {
			break
		}
		got = append(got, names(page)...)
		after = page[len(page)-1].Place()
	}
	want(t, got, "e", "b", "c", "a", "d")
	want(t, names(top(t, s, popularity.Place{Slow: 4.5, Group: "not there"}, 10)), "c", "a", "d")
	want(t, names(top(t, s, popularity.Place{Slow: -5, Group: "z"}, 10)))
}

func equals(t *testing.T, s popularity.Store) {
	var all []popularity.Mark
	var order []string
	for i := range 250 {
		all = append(all, mark(fmt.Sprintf("g%03d", i), 7))
		order = append(order, fmt.Sprintf("g%03d", 249-i))
	}
	raise(t, s, all...)
	raise(t, s, mark("last", 6), mark("first", 8))
	order = append(append([]string{"first"}, order...), "last")
	var got []string
	for after := popularity.First(); ; {
		page := top(t, s, after, 40)
		if len(page) == 0 {
			break
		}
		got = append(got, names(page)...)
		after = page[len(page)-1].Place()
	}
	want(t, got, order...)
	want(t, names(top(t, s, popularity.Place{Slow: 7, Group: "g100x"}, 1)), "g100")
}

func rising(t *testing.T, s popularity.Store) {
	raise(t, s, mark("a", 9), mark("b", 8), mark("c", 7), mark("d", 6))
	first := top(t, s, popularity.First(), 2)
	want(t, names(first), "a", "b")
	raise(t, s, mark("b", 10), mark("d", 20))
	want(t, names(top(t, s, first[1].Place(), 10)), "c")
	want(t, names(top(t, s, popularity.First(), 10)), "d", "b", "a", "c")
}

func marks(t *testing.T, s popularity.Store) {
	if all, err := s.Marks(t.Context(), board, []string{"a"}); err != nil || len(all) != 0 {
		t.Errorf("%v, %v; want none", all, err)
	}
	raise(t, s, mark("a", 3), mark("b", 5))
	all, err := s.Marks(t.Context(), board, []string{"x", "b", "a", "y"})
	if err != nil || !maps.Equal(all, map[string]popularity.Mark{"a": mark("a", 3), "b": mark("b", 5)}) {
		t.Errorf("%v, %v", all, err)
	}
	all["a"] = mark("a", 99) // belongs to who asked
	want(t, names(top(t, s, popularity.First(), 10)), "b", "a")
}

func forget(t *testing.T, s popularity.Store) {
	if err := s.Forget(t.Context(), board, []string{"a"}); err != nil {
		t.Fatal(err)
	}
	raise(t, s, mark("a", 30), mark("b", 5), mark("c", 6))
	if err := s.Forget(t.Context(), board, []string{"a", "c", "nobody"}); err != nil {
		t.Fatal(err)
	}
	want(t, names(top(t, s, popularity.First(), 10)), "b")
	if all, err := s.Marks(t.Context(), board, []string{"a"}); err != nil || len(all) != 0 {
		t.Errorf("%v, %v; want none", all, err)
	}
	raise(t, s, mark("a", 4))
	all := top(t, s, popularity.First(), 10)
	want(t, names(all), "b", "a")
	if all[1] != mark("a", 4) {
		t.Errorf("%+v, want only what was added since", all[1])
	}
}

func sweep(t *testing.T, s popularity.Store) {
	swept := func(below float64, limit int) []string {
		t.Helper()
		gone, err := s.Sweep(t.Context(), board, below, limit)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(gone)
		return gone
	}
	want(t, swept(100, 10))
	raise(t, s, mark("a", 1), mark("b", 2), mark("c", 3), mark("d", 4))
	want(t, swept(3, 10), "a", "b")
	want(t, names(top(t, s, popularity.First(), 10)), "d", "c")
	if got := swept(10, 1); len(got) != 1 {
		t.Errorf("swept %q, want one", got)
	}
	if got := swept(10, 1); len(got) != 1 {
		t.Errorf("swept %q, want one", got)
	}
	want(t, swept(10, 1))
	if all, err := s.Marks(t.Context(), board, []string{"a", "b", "c", "d"}); err != nil || len(all) != 0 {
		t.Errorf("%v, %v; want none", all, err)
	}
}

func boards(t *testing.T, s popularity.Store) {
	raise(t, s, mark("a", 3))
	if err := s.Raise(t.Context(), "1000", []popularity.Mark{mark("a", 5), mark("b", 4)}); err != nil {
		t.Fatal(err)
	}
	all, err := s.Top(t.Context(), "1000", popularity.First(), 10)
	if err != nil || !slices.Equal(all, []popularity.Mark{mark("a", 5), mark("b", 4)}) {
		t.Errorf("%v, %v", all, err)
	}
}

func many(t *testing.T, s popularity.Store) {
	const writers, each = 6, 10
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for range each {
				if err := s.Raise(t.Context(), board, []popularity.Mark{mark("all", 0), mark(fmt.Sprint("own", w), 0)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	all := top(t, s, popularity.First(), 10)
	if len(all) != writers+1 || all[0].Group != "all" || math.Abs(math.Exp2(all[0].Slow)-writers*each) > 1e-9 {
		t.Fatalf("%+v, want a sum of %d first", all, writers*each)
	}
	for _, m := range all[1:] {
		if math.Abs(math.Exp2(m.Slow)-each) > 1e-9 {
			t.Errorf("%+v, want a sum of %d", m, each)
		}
	}
}
