package gifttest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"liveroom/chat/gift"
)

func busy(t *testing.T, s gift.Store, group string) bool {
	t.Helper()
	all, err := s.Busy(t.Context(), "", 100)
	if err != nil || !slices.IsSorted(all) {
		t.Fatal(all, err)
	}
	return slices.Contains(all, group)
}

func work(t *testing.T, s gift.Store) {
	ctx := t.Context()
	if w := Work(t, s, "g", Start); len(w.Ask)+len(w.Show)+len(w.Untold) != 0 || !w.Next.IsZero() || !w.Ending.IsZero() {
		t.Fatalf("of a group nobody knows: %+v", w)
	}
	for i, user := range []string{"carol", "alice", "bob"} {
		o := Order("g", user, "1")
		if _, _, err := s.Place(ctx, o, Start.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if !busy(t, s, "g") {
		t.Error("with pending orders: not busy")
	}
	w, err := s.Work(ctx, "g", Start.Add(time.Second), 10)
	if err != nil || len(w.Ask) != 2 || w.Ask[0].Order.From != "carol" || w.Ask[1].Order.From != "alice" || !w.Next.Equal(Start.Add(2*time.Second)) {
		t.Fatalf("%+v, %v", w, err)
	}
	if w, err := s.Work(ctx, "g", Start.Add(time.Hour), 2); err != nil || len(w.Ask) != 2 {
		t.Fatalf("two at a time: %+v, %v", w, err)
	}
	for _, user := range []string{"carol", "alice", "bob"} {
		if _, _, err := s.Settle(ctx, "g", gift.ClientKey(user, "1"), Accept, Start, Merge); err != nil {
			t.Fatal(err)
		}
	}
	w = Work(t, s, "g", Start.Add(time.Hour))
	if len(w.Ask) != 0 || len(w.Show) != 3 || len(w.Untold) != 3 || w.Untold[2].Number != 3 || w.Untold[2].From != "bob" || !busy(t, s, "g") {
		t.Fatalf("settled: %+v", w)
	}
	if err := s.Ack(ctx, "g", w.Show[2].Number, 2); err != nil {
		t.Fatal(err)
	}
	if w := Work(t, s, "g", Start); len(w.Show) != 0 || len(w.Untold) != 1 || w.Untold[0].From != "bob" || !busy(t, s, "g") {
		t.Fatalf("two told: %+v", w)
	}
	if err := s.Ack(ctx, "g", 0, 3); err != nil {
		t.Fatal(err)
	}
	if w := Work(t, s, "g", Start); len(w.Show)+len(w.Untold) != 0 {
		t.Fatalf("all told: %+v", w)
	}
}

func outbox(t *testing.T, s gift.Store) {
	ctx := t.Context()
	began := time.Now()
	for i := range 5 {
		Settle(t, s, Order("g", "alice", fmt.Sprint(i)), Accept, Start)
	}
	all := Shown(t, s, "g")
	last := uint64(began.UnixMicro()) - 1 // no number is below the time: see chat.NextNumber
	for _, m := range all {
		if m.Number <= last {
			t.Fatalf("message %d after %d", m.Number, last)
		}
		last = m.Number
	}
	left := func() (orders string) {
		for _, m := range Shown(t, s, "g") {
			orders += m.Result.Order
		}
		return orders
	}
	for _, tc := range []struct {
		ack  uint64
		want string
	}{{0, "01234"}, {all[1].Number, "234"}, {all[0].Number, "234"}, {all[3].Number, "4"}, {Everything, ""}} {
		if err := s.Ack(ctx, "g", tc.ack, 0); err != nil {
			t.Fatal(err)
		}
		if got := left(); got != tc.want {
			t.Fatalf("after %d: %q, want %q", tc.ack, got, tc.want)
		}
	}
	Settle(t, s, Order("g", "alice", "more"), Accept, Start)
	if more := Shown(t, s, "g"); len(more) != 1 || more[0].Number <= last || more[0].Result.Order != "more" {
		t.Fatalf("one more: %+v", more)
	}
	if w, err := s.Work(ctx, "g", Start, 3); err != nil || len(w.Untold) != 3 {
		t.Fatalf("three at a time: %d, %v", len(w.Untold), err)
	}
	if err := s.Ack(ctx, "nobody's", 7, 7); err != nil {
		t.Errorf("of a group nobody knows: %v", err)
	}
}

func groups(t *testing.T, s gift.Store) {
	ctx := t.Context()
	for _, g := range []string{"b", "a", "a.b", "@TGS#c"} {
		Settle(t, s, clicked(Order(g, "alice", "1"), "c"), Accept, Start)
	}
	want := []string{"@TGS#c", "a", "a.b", "b"}
	for name, list := range map[string]func(string, int) ([]string, error){
		"busy":   func(after string, limit int) ([]string, error) { return s.Busy(ctx, after, limit) },
		"groups": func(after string, limit int) ([]string, error) { return s.Groups(ctx, after, limit) },
	} {
		first, err := list("", 3)
		if err != nil || !slices.Equal(first, want[:3]) {
			t.Fatalf("%s: %v, %v", name, first, err)
		}
		rest, err := list(first[2], 3)
		if err != nil || !slices.Equal(rest, want[3:]) {
			t.Fatalf("%s: then %v, %v", name, rest, err)
		}
	}
	totals(t, s, "a", gift.All, gift.Totals{Value: 100, Count: 1, Senders: 1})
	end(t, s, "a", Start.Add(time.Second), 1)
	if n := len(Shown(t, s, "a.b")); n != 0 {
		t.Errorf("a's combo ended in a.b: %d", n)
	}
	page, err := s.Ledger(ctx, gift.Query{Group: "a", Limit: 10})
	if err != nil || len(page.Entries) != 1 || page.Entries[0].Group != "a" {
		t.Errorf("%+v, %v", page, err)
	}
	for _, g := range want {
		if n, err := s.EndCombos(ctx, g, Start.Add(time.Hour), 10, Merge); err != nil || n != 1 {
			t.Errorf("%s: %d, %v", g, n, err)
		}
	}
}

// All reads a query's entries over all pages.
func All(t testing.TB, s gift.Store, q gift.Query) (all []gift.Entry) {
	t.Helper()
	for range 10_000 {
		page, err := s.Ledger(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Entries...)
		if page.Next == 0 {
			return all
		}
		if page.Next <= q.After {
			t.Fatalf("the page after %d goes on after %d", q.After, page.Next)
		}
		q.After = page.Next
	}
	t.Fatal("no end of pages")
	return nil
}

func ledger(t *testing.T, s gift.Store) {
	for i := range 30 {
		o := Order("g", []string{"alice", "bob"}[i%2], fmt.Sprint(i))
		o.Session = []string{"s1", "s2", ""}[i/10]
		if i%3 == 0 {
			o.Gift = "car"
		}
		Settle(t, s, o, Accept, Start.Add(time.Duration(i)*time.Minute))
	}
	for _, tc := range []struct {
		name  string
		q     gift.Query
		count int
		first string
	}{
		{"all", gift.Query{}, 30, "0"},
		{"by session", gift.Query{Session: "s2"}, 10, "10"},
		{"by an unknown session", gift.Query{Session: "s9"}, 0, ""},
		{"by sender", gift.Query{From: "bob"}, 15, "1"},
		{"by gift", gift.Query{Gift: "car"}, 10, "0"},
		{"by all", gift.Query{Gift: "car", From: "bob", Session: "s1"}, 2, "3"},
		{"since", gift.Query{Since: Start.Add(7 * time.Minute)}, 23, "7"},
		{"until", gift.Query{Until: Start.Add(7 * time.Minute)}, 7, "0"},
		{"between", gift.Query{Since: Start.Add(time.Minute), Until: Start.Add(3 * time.Minute), From: "alice"}, 1, "2"},
		{"after", gift.Query{After: 28}, 2, "28"},
		{"after the end", gift.Query{After: 99}, 0, ""},
	} {
		for _, limit := range []int{1, 7, 100} {
			tc.q.Group, tc.q.Limit = "g", limit
			all := All(t, s, tc.q)
			if len(all) != tc.count || tc.count > 0 && all[0].ID != tc.first {
				t.Errorf("%s, %d a page: %d entries, want %d from %q: %+v", tc.name, limit, len(all), tc.count, tc.first, all)
			}
			if !slices.IsSortedFunc(all, func(a, b gift.Entry) int { return int(a.Number) - int(b.Number) }) {
				t.Errorf("%s: out of order", tc.name)
			}
		}
	}
}

// clocks: entries of two nodes whose clocks differ are found by their own times.
func clocks(t *testing.T, s gift.Store) {
	for i, at := range []time.Duration{0, 40 * time.Second, 10 * time.Second, 5 * time.Minute, 4*time.Minute + 30*time.Second, 9 * time.Minute} {
		Settle(t, s, Order("g", "alice", fmt.Sprint(i)), Accept, Start.Add(at))
	}
	for _, tc := range []struct {
		since, until time.Duration
		want         string
	}{
		{5 * time.Second, time.Hour, "[1 2 3 4 5]"},
		{20 * time.Second, time.Hour, "[1 3 4 5]"},
		{0, 30 * time.Second, "[0 2]"},
		{0, 40*time.Second + time.Millisecond, "[0 1 2]"},
		{4*time.Minute + 40*time.Second, 9 * time.Minute, "[3]"},
		{4 * time.Minute, 4*time.Minute + 40*time.Second, "[4]"},
		{10 * time.Minute, time.Hour, "[]"},
	} {
		ids := []string{}
		for _, e := range All(t, s, gift.Query{Group: "g", Since: Start.Add(tc.since), Until: Start.Add(tc.until), Limit: 2}) {
			ids = append(ids, e.ID)
		}
		if got := fmt.Sprint(ids); got != tc.want {
			t.Errorf("from %v to %v: %s, want %s", tc.since, tc.until, got, tc.want)
		}
	}
}

func ranking(t *testing.T, s gift.Store) {
	n := 0
	give := func(user, session string, count int) {
		n++
		o := Many(Order("g", user, fmt.Sprint(n)), count)
		o.Session, o.Level, o.Nick = session, n, fmt.Sprint(user, n)
		Settle(t, s, o, Accept, Start.Add(time.Duration(n)*time.Second))
	}
	give("alice", "s1", 3)
	give("bob", "s1", 5)
	give("zoe", "s1", 1)
	give("alice", "s2", 4)
	give("zoe", "s2", 4)
	give("carol", "", 1)
	rank := func(session string, limit int) (all []string) {
		ranks, err := s.Ranking(t.Context(), "g", session, limit)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range ranks {
			if r.Rank != i+1 {
				t.Errorf("%d. is called %d.", i+1, r.Rank)
			}
			all = append(all, fmt.Sprintf("%s %d %d %d", r.Nick, r.Level, r.Value, r.Count))
		}
		return all
	}
	for _, tc := range []struct {
		session string
		limit   int
		want    []string
	}{
		{gift.All, 10, []string{"alice4 4 700 7", "bob2 2 500 5", "zoe5 5 500 5", "carol6 6 100 1"}},
		{gift.All, 2, []string{"alice4 4 700 7", "bob2 2 500 5"}},
		{"s1", 10, []string{"bob2 2 500 5", "alice1 1 300 3", "zoe3 3 100 1"}},
		{"s2", 10, []string{"alice4 4 400 4", "zoe5 5 400 4"}},
		{"", 10, []string{"carol6 6 100 1"}},
		{"s3", 10, nil},
	} {
		if got := rank(tc.session, tc.limit); !slices.Equal(got, tc.want) {
			t.Errorf("%q: %q, want %q", tc.session, got, tc.want)
		}
	}
	totals(t, s, "g", gift.All, gift.Totals{Value: 1800, Count: 18, Senders: 4})
	totals(t, s, "g", "s1", gift.Totals{Value: 900, Count: 9, Senders: 3})
	totals(t, s, "g", "s2", gift.Totals{Value: 800, Count: 8, Senders: 2})
}

func trim(t *testing.T, s gift.Store) {
	ctx := t.Context()
	for i := range 6 {
		o := Order("g", "alice", fmt.Sprint(i))
		o.Session = []string{"s1", "s2"}[i/4]
		v := Accept
		if i%2 == 1 {
			v = Refuse
		}
		Settle(t, s, o, v, Start.Add(time.Duration(i)*time.Hour))
	}
	if n, err := s.Trim(ctx, "g", Start.Add(4*time.Hour), Start, 10); n == 0 || n > 2 || err != nil { // a session only: nothing is told yet
		t.Fatalf("untold: %d, %v", n, err)
	}
	if all := All(t, s, gift.Query{Group: "g", Limit: 10}); len(all) != 3 {
		t.Fatalf("untold: %d left in the ledger", len(all))
	}
	if err := s.Ack(ctx, "g", Everything, 9); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{1, 1, 1, 0} { // orders 0 and 2, accepted, and 1, refused
		if n, err := s.Trim(ctx, "g", Start.Add(4*time.Hour), Start.Add(3*time.Hour), 1); n != want || err != nil {
			t.Fatalf("trimmed %d, %v, want %d", n, err, want)
		}
	}
	for i := range 6 {
		_, err := s.Order(ctx, "g", gift.ClientKey("alice", fmt.Sprint(i)))
		if gone := errors.Is(err, gift.ErrNoOrder); gone != (i < 3) {
			t.Errorf("order %d: %v", i, err)
		}
	}
	if all := All(t, s, gift.Query{Group: "g", Limit: 10}); len(all) != 1 || all[0].ID != "4" || all[0].Number != 3 {
		t.Errorf("ledger: %+v", all)
	}
	totals(t, s, "g", gift.All, gift.Totals{Value: 300, Count: 3, Senders: 1})
	totals(t, s, "g", "s1", gift.Totals{})
	totals(t, s, "g", "s2", gift.Totals{Value: 100, Count: 1, Senders: 1})
	if ranks, err := s.Ranking(ctx, "g", "s1", 10); err != nil || len(ranks) != 0 {
		t.Errorf("ranking of a session that is gone: %+v, %v", ranks, err)
	}
	Settle(t, s, Order("g", "alice", "0"), Accept, Start.Add(9*time.Hour)) // its id is free again
	if all := All(t, s, gift.Query{Group: "g", Limit: 10}); len(all) != 2 || all[1].Number != 4 {
		t.Errorf("ledger: %+v", all)
	}
	if n, err := s.Trim(ctx, "nobody's", Start.Add(4*time.Hour), Start.Add(4*time.Hour), 10); n != 0 || err != nil {
		t.Errorf("of a group nobody knows: %d, %v", n, err)
	}
}
