package chattest

import (
	"fmt"
	"maps"
	"math"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"liveroom/chat"
)

// count makes changes in one step and returns how each ended; what is stored then is what was answered.
func count(t *testing.T, s chat.Store, group string, changes ...chat.CounterChange) []chat.CounterDone {
	t.Helper()
	now, done, err := s.PutCounters(t.Context(), group, changes)
	if err != nil || len(done) != len(changes) {
		t.Fatalf("%d of %d changes answered, %v", len(done), len(changes), err)
	}
	if stored := Load(t, s, group).Counters; stored.Version != now.Version || !maps.Equal(stored.All, now.All) {
		t.Errorf("answered %+v, stored %+v", now, stored)
	}
	return done
}

func setTo(values map[string]chat.Number) chat.CounterChange {
	return chat.CounterChange{Op: chat.SetCounter, Values: values}
}

func add(key string, n chat.Number) chat.CounterChange {
	return chat.CounterChange{Op: chat.AddCounter, Values: map[string]chat.Number{key: n}}
}

func testCounters(t *testing.T, s chat.Store) {
	if fresh := Create(t, s, "g").Counters; fresh.Version != 0 || len(fresh.All) != 0 {
		t.Errorf("a new group has %+v", fresh)
	}
	for i, tc := range []struct {
		name    string
		change  chat.CounterChange
		answer  map[string]chat.Number
		want    map[string]chat.Number
		version uint64
	}{
		{"add to nothing", add("likes", 3), map[string]chat.Number{"likes": 3}, map[string]chat.Number{"likes": 3}, 1},
		{"take away", add("likes", -5), map[string]chat.Number{"likes": -2}, map[string]chat.Number{"likes": -2}, 2},
		{"set two", setTo(map[string]chat.Number{"likes": 7, "heat": math.MaxInt64}), map[string]chat.Number{"likes": 7, "heat": math.MaxInt64}, map[string]chat.Number{"likes": 7, "heat": math.MaxInt64}, 3},
		{"set to the same", setTo(map[string]chat.Number{"likes": 7}), map[string]chat.Number{"likes": 7}, map[string]chat.Number{"likes": 7, "heat": math.MaxInt64}, 3},
		{"add nothing", add("likes", 0), map[string]chat.Number{"likes": 7}, map[string]chat.Number{"likes": 7, "heat": math.MaxInt64}, 3},
		{"add nothing to nothing", add("new", 0), map[string]chat.Number{"new": 0}, map[string]chat.Number{"likes": 7, "heat": math.MaxInt64, "new": 0}, 4},
		{"delete", chat.CounterChange{Op: chat.DeleteCounter, Keys: []string{"heat", "never"}}, nil, map[string]chat.Number{"likes": 7, "new": 0}, 5},
		{"delete what is not there", chat.CounterChange{Op: chat.DeleteCounter, Keys: []string{"heat"}}, nil, map[string]chat.Number{"likes": 7, "new": 0}, 5},
		{"replace", chat.CounterChange{Op: chat.ReplaceCounter, Values: map[string]chat.Number{"likes": 7, "x": 1}}, map[string]chat.Number{"likes": 7, "x": 1}, map[string]chat.Number{"likes": 7, "x": 1}, 6},
		{"replace by the same", chat.CounterChange{Op: chat.ReplaceCounter, Values: map[string]chat.Number{"likes": 7, "x": 1}}, map[string]chat.Number{"likes": 7, "x": 1}, map[string]chat.Number{"likes": 7, "x": 1}, 6},
		{"delete all", chat.CounterChange{Op: chat.DeleteCounter}, nil, map[string]chat.Number{}, 7},
	} {
		done := count(t, s, "g", tc.change)[0]
		if done.Refused != nil || done.Version != tc.version || !maps.Equal(done.All, tc.answer) {
			t.Errorf("%d %s: answered %+v, want %v, version %d", i, tc.name, done, tc.answer, tc.version)
		}
		if got := Load(t, s, "g").Counters.All; !maps.Equal(got, tc.want) {
			t.Errorf("%d %s: counters are %v, want %v", i, tc.name, got, tc.want)
		}
	}
	before := Load(t, s, "g").Counters.All
	done := count(t, s, "g", add("a", 1), add("a", 1), setTo(map[string]chat.Number{"b": 5}), add("b", 1))
	for i, want := range []chat.Number{1, 2, 5, 6} {
		key := map[bool]string{true: "a", false: "b"}[i < 2]
		if done[i].All[key] != want || done[i].Version != uint64(8+i) {
			t.Errorf("change %d of one step: %+v, want %s %d", i, done[i], key, want)
		}
	}
	if len(before) != 0 {
		t.Errorf("a map already given out changed to %v", before)
	}
	if _, _, err := s.PutCounters(t.Context(), "nowhere", []chat.CounterChange{add("a", 1)}); err == nil {
		t.Error("an unknown group has counters")
	}
}

func testCounterLimits(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	twenty := make(map[string]chat.Number)
	for i := range 20 {
		twenty[fmt.Sprint("key", i)] = math.MinInt64
	}
	others, more := map[string]chat.Number{"key2": 0}, map[string]chat.Number{"key2": 0, "more": 1}
	for i := range 19 {
		others[fmt.Sprint("other", i)], more[fmt.Sprint("other", i)] = 1, 1
	}
	long := strings.Repeat("k", 128)
	for _, tc := range []struct {
		name    string
		change  chat.CounterChange
		refused *chat.Error
	}{
		{"twenty", setTo(twenty), nil},
		{"a twenty-first by set", setTo(map[string]chat.Number{"key0": 1, "more": 1}), chat.ErrCounterCount},
		{"a twenty-first by add", add("more", 1), chat.ErrCounterCount},
		{"below the least", add("key0", -1), chat.ErrParameter},
		{"up to the least", chat.CounterChange{Op: chat.AddCounter, Values: map[string]chat.Number{"key0": math.MaxInt64, "key1": -1}}, chat.ErrParameter},
		{"far up", add("key0", math.MaxInt64), nil},
		{"up to the most", add("key0", 1), nil},
		{"twenty others", chat.CounterChange{Op: chat.ReplaceCounter, Values: others}, nil},
		{"twenty-one others", chat.CounterChange{Op: chat.ReplaceCounter, Values: more}, chat.ErrCounterCount},
		{"the first again", chat.CounterChange{Op: chat.ReplaceCounter, Values: twenty}, nil},
		{"room for another", chat.CounterChange{Op: chat.DeleteCounter, Keys: []string{"key1"}}, nil},
		{"key of 128 bytes", setTo(map[string]chat.Number{long: math.MaxInt64}), nil},
		{"above the most", add(long, 1), chat.ErrParameter},
		{"key of 129 bytes", setTo(map[string]chat.Number{long + "k": 1}), chat.ErrParameter},
		{"no key", add("", 1), chat.ErrParameter},
		{"key is no text", add("\xff", 1), chat.ErrParameter},
		{"set and delete", chat.CounterChange{Op: chat.SetCounter, Keys: []string{"key3"}}, chat.ErrParameter},
		{"no such operation", chat.CounterChange{Op: 9}, chat.ErrParameter},
	} {
		before := Load(t, s, "g").Counters
		// The neighbours in the same step are done all the same.
		done := count(t, s, "g", setTo(map[string]chat.Number{"key2": 1}), tc.change, setTo(map[string]chat.Number{"key2": 2}))
		after := Load(t, s, "g").Counters
		if done[0].Refused != nil || done[2].Refused != nil || after.All["key2"] != 2 {
			t.Errorf("%s: its neighbours ended %+v and %+v", tc.name, done[0], done[2])
		}
		if tc.refused == nil {
			if done[1].Refused != nil {
				t.Errorf("%s: %v", tc.name, done[1].Refused)
			}
			continue
		}
		if done[1].Refused == nil {
			t.Errorf("%s: done", tc.name)
			continue
		}
		wantErr(t, tc.name, done[1].Refused, tc.refused)
		before.All = maps.Clone(before.All)
		before.All["key2"] = 2
		if !maps.Equal(before.All, after.All) {
			t.Errorf("%s: refused, yet %v became %v", tc.name, before.All, after.All)
		}
	}
}

// testCountersAtOnce: no add is lost, and each sees another sum.
func testCountersAtOnce(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := make(map[chat.Number]bool)
	for range 8 {
		wg.Go(func() {
			for range 10 {
				_, done, err := s.PutCounters(t.Context(), "g", []chat.CounterChange{add("likes", 1), add("likes", 1)})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				seen[done[0].All["likes"]], seen[done[1].All["likes"]] = true, true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if now := Load(t, s, "g").Counters; now.All["likes"] != 160 || now.Version != 160 || len(seen) != 160 {
		t.Errorf("160 adds made %+v, and %d sums", now, len(seen))
	}
}

// count makes a few changes in one step and compares.
func (m *model) count(t *testing.T, rt *rapid.T, s chat.Store, id string) {
	key := rapid.SampledFrom([]string{"a", "b", "c"})
	value := rapid.SampledFrom([]chat.Number{-1, 0, 1, 2, math.MaxInt64, math.MinInt64})
	var changes []chat.CounterChange
	var want []string
	for range rapid.IntRange(1, 4).Draw(rt, "changes") {
		c := chat.CounterChange{Op: chat.CounterOp(rapid.IntRange(1, 4).Draw(rt, "op"))}
		if c.Op == chat.DeleteCounter {
			c.Keys = rapid.SliceOfN(key, 0, 2).Draw(rt, "keys")
		} else {
			c.Values = rapid.MapOfN(key, value, 1, 2).Draw(rt, "values")
		}
		changes, want = append(changes, c), append(want, m.counted(c))
	}
	_, done, err := s.PutCounters(t.Context(), id, changes)
	if err != nil {
		rt.Fatal(err)
	}
	for i, d := range done {
		got := "refused"
		if d.Refused == nil {
			got = fmt.Sprint(d.Version, d.All)
		}
		if got != want[i] {
			rt.Fatalf("change %+v answered %s, want %s", changes[i], got, want[i])
		}
	}
}

// counted makes a change in the model and tells what the answer must be.
func (m *model) counted(c chat.CounterChange) string {
	next, answer := maps.Clone(m.counters), map[string]chat.Number(nil)
	switch {
	case c.Op != chat.DeleteCounter:
		answer = make(map[string]chat.Number)
		if c.Op == chat.ReplaceCounter {
			clear(next)
		}
		for k, v := range c.Values {
			if c.Op == chat.AddCounter {
				sum := next[k] + v
				if (v > 0) != (sum > next[k]) && v != 0 {
					return "refused"
				}
				v = sum
			}
			answer[k], next[k] = v, v
		}
	case len(c.Keys) == 0:
		clear(next)
	default:
		for _, k := range c.Keys {
			delete(next, k)
		}
	}
	if !maps.Equal(next, m.counters) {
		m.counters = next
		m.countersV++
	}
	return fmt.Sprint(m.countersV, answer)
}
