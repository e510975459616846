// Package audittest holds what every audit.Store must do. Memory, bbolt and Redis pass the same suite.
package audittest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"liveroom/chat/audit"
)

var at = time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) audit.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s audit.Store)
	}{
		{"an empty log", empty},
		{"an entry comes back whole", whole},
		{"filters", filters},
		{"pages", pages},
		{"a page looks at so many entries", scan},
		{"times never go back", times},
		{"trimmed by number", trimNumber},
		{"trimmed by age", trimAge},
		{"numbers go on after all is gone", goesOn},
		{"many at once", atOnce},
		{"random", random},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func add(t *testing.T, s audit.Store, entries ...audit.Entry) {
	t.Helper()
	if err := s.AppendActs(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
}

func find(t *testing.T, s audit.Store, q audit.Query) audit.Page {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	p, err := s.Acts(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// names are the targets of entries, in order.
func names(entries []audit.Entry) string {
	var out []string
	for _, e := range entries {
		out = append(out, e.Target)
	}
	return strings.Join(out, " ")
}

// numbered are entries one minute apart, their targets from 1.
func numbered(from, to int) (entries []audit.Entry) {
	for i := from; i <= to; i++ {
		entries = append(entries, audit.Entry{Time: at.Add(time.Duration(i) * time.Minute), By: "olga", Action: "mute", Target: fmt.Sprint(i)})
	}
	return entries
}

func empty(t *testing.T, s audit.Store) {
	if p := find(t, s, audit.Query{}); len(p.Entries) != 0 || p.Next != 0 {
		t.Errorf("%+v", p)
	}
	if n, err := s.TrimActs(t.Context(), at, 0); n != 0 || err != nil {
		t.Errorf("trimmed %d, %v", n, err)
	}
	add(t, s)
	if p := find(t, s, audit.Query{}); len(p.Entries) != 0 {
		t.Errorf("%+v", p)
	}
}

func whole(t *testing.T, s audit.Store) {
	e := audit.Entry{
		Time: at, Group: "tea", By: "olga", Platform: "Web", Address: "2001:db8::/64", Action: "ban", Target: "vera <&>",
		Detail: map[string]string{"reason": "spam \u2028", "seconds": "60"},
	}
	add(t, s, e)
	e.Seq = 1
	got := find(t, s, audit.Query{}).Entries
	if len(got) != 1 || !got[0].Time.Equal(at) {
		t.Fatalf("%+v", got)
	}
	got[0].Time = at
	if fmt.Sprintf("%+v", got[0]) != fmt.Sprintf("%+v", e) {
		t.Errorf("%+v, want %+v", got[0], e)
	}
}

func filters(t *testing.T, s audit.Store) {
	for i, e := range []audit.Entry{
		{Group: "tea", By: "olga", Action: "mute", Target: "vera"},
		{Group: "tea", By: "olga", Action: "ban", Target: "vera"},
		{Group: "tea", By: "adam", Action: "mute", Target: "max"},
		{Group: "milk", By: "olga", Action: "mute", Target: "vera"},
		{By: "administrator", Action: "words_add"},
	} {
		e.Time = at.Add(time.Duration(i) * time.Minute)
		add(t, s, e)
	}
	for _, tc := range []struct {
		name string
		f    audit.Filter
		want []uint64
	}{
		{"all", audit.Filter{}, []uint64{5, 4, 3, 2, 1}},
		{"group", audit.Filter{Group: "tea"}, []uint64{3, 2, 1}},
		{"by", audit.Filter{By: "olga"}, []uint64{4, 2, 1}},
		{"target", audit.Filter{Target: "max"}, []uint64{3}},
		{"action", audit.Filter{Action: "mute"}, []uint64{4, 3, 1}},
		{"several", audit.Filter{Group: "tea", By: "olga", Target: "vera", Action: "mute"}, []uint64{1}},
		{"none", audit.Filter{Group: "te"}, nil},
		{"since", audit.Filter{Since: at.Add(3 * time.Minute)}, []uint64{5, 4}},
		{"until", audit.Filter{Until: at.Add(3 * time.Minute)}, []uint64{3, 2, 1}},
		{"between", audit.Filter{Since: at.Add(time.Minute), Until: at.Add(2 * time.Minute)}, []uint64{2}},
		{"before all", audit.Filter{Until: at}, nil},
		{"after all", audit.Filter{Since: at.Add(time.Hour)}, nil},
		{"until later", audit.Filter{Until: at.Add(time.Hour), By: "adam"}, []uint64{3}},
	} {
		var got []uint64
		for _, e := range find(t, s, audit.Query{Filter: tc.f}).Entries {
			got = append(got, e.Seq)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func pages(t *testing.T, s audit.Store) {
	add(t, s, numbered(1, 7)...)
	var got []string
	q := audit.Query{Limit: 3}
	for range 5 {
		p := find(t, s, q)
		got = append(got, names(p.Entries))
		if p.Next == 0 {
			break
		}
		q.Before = p.Next
		add(t, s, numbered(8, 8)...) // what comes meanwhile moves nothing
	}
	if want := []string{"7 6 5", "4 3 2", "1"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if p := find(t, s, audit.Query{Before: 1}); len(p.Entries) != 0 || p.Next != 0 {
		t.Errorf("before the first: %+v", p)
	}
}

func scan(t *testing.T, s audit.Store) {
	add(t, s, audit.Entry{Time: at, By: "needle", Action: "x"})
	add(t, s, slices.Repeat([]audit.Entry{{Time: at, By: "hay", Action: "x"}}, audit.MaxScan)...)
	p := find(t, s, audit.Query{Filter: audit.Filter{By: "needle"}})
	if len(p.Entries) != 0 || p.Next == 0 {
		t.Fatalf("the first page has %d entries, next %d", len(p.Entries), p.Next)
	}
	if p = find(t, s, audit.Query{Filter: audit.Filter{By: "needle"}, Before: p.Next}); len(p.Entries) != 1 || p.Next != 0 {
		t.Errorf("the second page has %d entries, next %d", len(p.Entries), p.Next)
	}
}

func times(t *testing.T, s audit.Store) {
	add(t, s, audit.Entry{Time: at}, audit.Entry{Time: at.Add(-time.Hour)})
	add(t, s, audit.Entry{Time: at.Add(-time.Minute)}, audit.Entry{Time: at.Add(time.Minute)})
	for i, e := range find(t, s, audit.Query{}).Entries {
		if want := at.Add([]time.Duration{time.Minute, 0, 0, 0}[i]); !e.Time.Equal(want) {
			t.Errorf("entry %d is of %v, want %v", e.Seq, e.Time, want)
		}
	}
}

func trim(t *testing.T, s audit.Store, olderThan time.Time, keep int, want string, removed int) {
	t.Helper()
	n, err := s.TrimActs(t.Context(), olderThan, keep)
	if got := names(find(t, s, audit.Query{}).Entries); err != nil || n != removed || got != want {
		t.Errorf("removed %d, %v, left %q; want %d, %q", n, err, got, removed, want)
	}
}

func trimNumber(t *testing.T, s audit.Store) {
	add(t, s, numbered(1, 5)...)
	trim(t, s, at, 5, "5 4 3 2 1", 0)
	trim(t, s, at, 3, "5 4 3", 2)
	trim(t, s, at, 3, "5 4 3", 0)
	add(t, s, numbered(6, 6)...)
	trim(t, s, at, 2, "6 5", 2)
	trim(t, s, at, 0, "", 2)
}

func trimAge(t *testing.T, s audit.Store) {
	add(t, s, numbered(1, 5)...)
	trim(t, s, at.Add(time.Minute), 100, "5 4 3 2 1", 0)
	trim(t, s, at.Add(3*time.Minute), 100, "5 4 3", 2)
	trim(t, s, at.Add(4*time.Minute), 1, "5", 2)
	trim(t, s, at.Add(time.Hour), 100, "", 1)
	add(t, s, slices.Repeat(numbered(1, 1), audit.MaxTrim+5)...)
	if n, err := s.TrimActs(t.Context(), at.Add(time.Hour), 100); n != audit.MaxTrim || err != nil {
		t.Errorf("removed %d, %v", n, err)
	}
	if n, err := s.TrimActs(t.Context(), at.Add(time.Hour), 100); n != 5 || err != nil {
		t.Errorf("then removed %d, %v", n, err)
	}
}

func goesOn(t *testing.T, s audit.Store) {
	add(t, s, numbered(1, 3)...)
	trim(t, s, at, 0, "", 3)
	add(t, s, numbered(4, 4)...)
	if got := find(t, s, audit.Query{}).Entries; len(got) != 1 || got[0].Seq != 4 {
		t.Errorf("%+v", got)
	}
}

func atOnce(t *testing.T, s audit.Store) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 5 {
				if err := s.AppendActs(t.Context(), slices.Repeat([]audit.Entry{{Time: at, By: fmt.Sprint(i)}}, 3)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got := find(t, s, audit.Query{Limit: 1000}).Entries
	if len(got) != 120 {
		t.Fatalf("%d entries", len(got))
	}
	for i, e := range got {
		if e.Seq != uint64(120-i) || e.By != got[i/3*3].By {
			t.Errorf("entry %d is %d, of %s among %s", i, e.Seq, e.By, got[i/3*3].By)
		}
	}
}

// random compares a store with a plain list.
func random(t *testing.T, s audit.Store) {
	var all []audit.Entry // what is there, oldest first
	var seq uint64
	now := at
	rapid.Check(t, func(rt *rapid.T) {
		who := rapid.SampledFrom([]string{"a", "b"})
		for range rapid.IntRange(0, 3).Draw(rt, "appends") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3).Draw(rt, "minutes")) * time.Minute)
			seq++
			e := audit.Entry{Seq: seq, Time: now, By: who.Draw(rt, "by"), Group: who.Draw(rt, "group")}
			add(t, s, e)
			all = append(all, e)
		}
		f := audit.Filter{By: rapid.SampledFrom([]string{"", "a"}).Draw(rt, "who"), Group: rapid.SampledFrom([]string{"", "b"}).Draw(rt, "where")}
		f.Since, f.Until = now.Add(-time.Duration(rapid.IntRange(0, 9).Draw(rt, "since"))*time.Minute), now.Add(-time.Duration(rapid.IntRange(-1, 4).Draw(rt, "until"))*time.Minute)
		var want, got []uint64
		for _, e := range slices.Backward(all) {
			if (f.By == "" || f.By == e.By) && (f.Group == "" || f.Group == e.Group) && !e.Time.Before(f.Since) && e.Time.Before(f.Until) {
				want = append(want, e.Seq)
			}
		}
		q := audit.Query{Filter: f, Limit: rapid.IntRange(1, 4).Draw(rt, "limit")}
		for {
			p, err := s.Acts(t.Context(), q)
			if err != nil {
				rt.Fatal(err)
			}
			for _, e := range p.Entries {
				got = append(got, e.Seq)
			}
			if q.Before = p.Next; p.Next == 0 {
				break
			}
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("%+v: %v, want %v", f, got, want)
		}
		keep, old := rapid.IntRange(0, 12).Draw(rt, "keep"), now.Add(-time.Duration(rapid.IntRange(0, 20).Draw(rt, "age"))*time.Minute)
		n, err := s.TrimActs(t.Context(), old, keep)
		before := len(all)
		all = slices.DeleteFunc(all, func(e audit.Entry) bool { return e.Time.Before(old) })
		all = all[max(0, len(all)-keep):]
		if err != nil || n != before-len(all) {
			rt.Fatalf("trimmed %d, %v; want %d", n, err, before-len(all))
		}
	})
}
