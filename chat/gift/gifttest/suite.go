// Package gifttest holds what every gift.Store must do. Memory, bbolt and Redis pass the same suite.
package gifttest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"liveroom/chat/gift"
)

// Everything is above all numbers of messages and entries.
const Everything = 1 << 53

// Start is when things begin in tests of stores.
var Start = time.Date(2026, 11, 30, 6, 0, 0, 123e6, time.UTC)

// Merge is how combos are merged in tests.
var Merge = gift.Merge{}.WithDefaults()

// Accept and Refuse are verdicts.
var (
	Accept = gift.Verdict{State: gift.Accepted}
	Refuse = gift.Verdict{State: gift.Refused, Reason: "no money"}
)

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) gift.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s gift.Store)
	}{
		{"the catalogue is kept in order and numbered", catalogue},
		{"the catalogue is bounded", fullCatalogue},
		{"an order is placed once", place},
		{"an id stands for one order", reused},
		{"an order repeated with another combo", otherCombo},
		{"an order is settled once", settle},
		{"a refused order leaves no trace in the ledger", refuse},
		{"a billed order is recorded once", record},
		{"of two who settle one does", race},
		{"of two who ask one may", ask},
		{"99 clicks are five messages", ninetyNine},
		{"a hundred clicks are five messages too", hundred},
		{"a run that nobody ended ends at the next click", lateClick},
		{"later clicks go on with the total", continued},
		{"a combo is forgotten", forgotten},
		{"combos of users, gifts and sessions don't mix", apart},
		{"work is listed and done", work},
		{"the outbox is emptied from the front", outbox},
		{"groups don't mix", groups},
		{"the ledger is paged and filtered", ledger},
		{"the ledger of nodes whose clocks differ", clocks},
		{"totals and ranking", ranking},
		{"trimming", trim},
		{"a full ledger takes no more orders", full},
		{"whatever happens, the sums are right", func(t *testing.T, s gift.Store) { Property(t, s, nil) }},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

// Order is a viewer's order of one rose at Start.
func Order(group, user, id string) gift.Order {
	return gift.Order{
		ID: id, Group: group, Session: "s1", Gift: "rose", Name: "Rose", Icon: "/rose.svg", Effect: "float", Price: 100, Count: 1, Value: 100,
		From: user, Nick: "Nick of " + user, Avatar: "https://h/" + user, Level: 3, To: "anna", Via: gift.ViaClient, CreatedAt: Start,
	}
}

// Many is an order of several.
func Many(o gift.Order, count int) gift.Order {
	o.Count, o.Value = count, o.Price*int64(count)
	return o
}

// Billed makes an order a backend's, settled at a time.
func Billed(o gift.Order, at time.Time) gift.Order {
	o.Via, o.CreatedAt, o.SettledAt = gift.ViaBackend, at, at
	return o
}

func clicked(o gift.Order, combo string) gift.Order {
	o.Combo = combo
	return o
}

// Place places an order that must be new.
func Place(t testing.TB, s gift.Store, o gift.Order) gift.Order {
	t.Helper()
	now, fresh, err := s.Place(t.Context(), o, o.CreatedAt.Add(3*time.Second))
	if err != nil || !fresh || now.State != gift.Pending {
		t.Fatalf("place: %+v, %v, %v", now, fresh, err)
	}
	return now
}

// Settle places an order and settles it.
func Settle(t testing.TB, s gift.Store, o gift.Order, v gift.Verdict, at time.Time) gift.Order {
	t.Helper()
	Place(t, s, o)
	now, fresh, err := s.Settle(t.Context(), o.Group, o.Key(), v, at, Merge)
	if err != nil || !fresh || now.State != v.State || !now.SettledAt.Equal(at) {
		t.Fatalf("settle: %+v, %v, %v", now, fresh, err)
	}
	return now
}

// Shown reads the outbox.
func Shown(t testing.TB, s gift.Store, group string) []gift.Showing {
	t.Helper()
	return Work(t, s, group, Start).Show
}

// Work reads what a group has to be done.
func Work(t testing.TB, s gift.Store, group string, now time.Time) gift.Work {
	t.Helper()
	w, err := s.Work(t.Context(), group, now, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func end(t testing.TB, s gift.Store, group string, now time.Time, want int) {
	t.Helper()
	if n, err := s.EndCombos(t.Context(), group, now, 100, Merge); n != want || err != nil {
		t.Fatalf("%d combos ended, %v, want %d", n, err, want)
	}
}

func totals(t testing.TB, s gift.Store, group, session string, want gift.Totals) {
	t.Helper()
	if got, err := s.Totals(t.Context(), group, session); err != nil || got != want {
		t.Errorf("totals of %s/%s: %+v, %v, want %+v", group, session, got, err, want)
	}
}

// Same says whether two orders are equal.
func Same(a, b gift.Order) bool {
	at := a.CreatedAt.Equal(b.CreatedAt) && a.SettledAt.Equal(b.SettledAt)
	a.CreatedAt, a.SettledAt, b.CreatedAt, b.SettledAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	return at && a == b
}

func catalogue(t *testing.T, s gift.Store) {
	ctx := t.Context()
	if c, err := s.Catalogue(ctx); err != nil || c.Version != 0 || len(c.Gifts) != 0 {
		t.Fatalf("an empty one: %+v, %v", c, err)
	}
	rose := gift.Gift{ID: "rose", Name: "Röschen", Price: gift.MaxPrice, Icon: "https://h/r.png", Effect: "float", Combo: true, Enabled: true, Order: 2}
	car := gift.Gift{ID: "car", Name: "Car", Order: -1}
	for _, g := range []gift.Gift{rose, car, {ID: "a", Name: "A", Order: 2}} {
		if _, err := s.PutGift(ctx, g); err != nil {
			t.Fatal(err)
		}
	}
	want := []gift.Gift{car, {ID: "a", Name: "A", Order: 2}, rose}
	if c, err := s.Catalogue(ctx); err != nil || c.Version != 3 || !slices.Equal(c.Gifts, want) {
		t.Fatalf("%+v, %v", c, err)
	}
	rose.Price = 0
	if c, err := s.PutGift(ctx, rose); err != nil || c.Version != 4 || c.Gifts[2] != rose {
		t.Fatalf("changed: %+v, %v", c, err)
	}
	if c, err := s.DeleteGift(ctx, "a"); err != nil || c.Version != 5 || !slices.Equal(c.Gifts, []gift.Gift{car, rose}) {
		t.Fatalf("deleted: %+v, %v", c, err)
	}
	if _, err := s.DeleteGift(ctx, "a"); !errors.Is(err, gift.ErrNoGift) {
		t.Fatalf("deleted twice: %v", err)
	}
	c, _ := s.Catalogue(ctx)
	c.Gifts[0].Name = "mine"
	if again, err := s.Catalogue(ctx); err != nil || again.Version != 5 || !slices.Equal(again.Gifts, []gift.Gift{car, rose}) {
		t.Fatalf("in the end: %+v, %v", again, err)
	}
}

func fullCatalogue(t *testing.T, s gift.Store) {
	for i := range gift.MaxGifts {
		if _, err := s.PutGift(t.Context(), gift.Gift{ID: fmt.Sprint(i), Name: "g"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.PutGift(t.Context(), gift.Gift{ID: "more", Name: "g"}); !errors.Is(err, gift.ErrTooManyGifts) {
		t.Errorf("one more: %v", err)
	}
	if _, err := s.PutGift(t.Context(), gift.Gift{ID: "7", Name: "other"}); err != nil {
		t.Errorf("one changed: %v", err)
	}
}

func place(t *testing.T, s gift.Store) {
	o := Order("g", "alice", "1")
	if _, err := s.Order(t.Context(), "g", o.Key()); !errors.Is(err, gift.ErrNoOrder) {
		t.Fatalf("before: %v", err)
	}
	now := Place(t, s, o)
	o.State = gift.Pending
	if !Same(now, o) {
		t.Fatalf("%+v, want %+v", now, o)
	}
	again := o
	again.CreatedAt, again.Price, again.Value, again.Name, again.Session = Start.Add(time.Hour), 1, 1, "Other", "s2"
	if got, fresh, err := s.Place(t.Context(), again, Start); err != nil || fresh || !Same(got, o) {
		t.Fatalf("placed again: %+v, %v, %v", got, fresh, err)
	}
	if got, err := s.Order(t.Context(), "g", o.Key()); err != nil || !Same(got, o) {
		t.Fatalf("read: %+v, %v", got, err)
	}
	if w := Work(t, s, "g", Start.Add(2*time.Second)); len(w.Ask) != 0 || !w.Next.Equal(Start.Add(3*time.Second)) {
		t.Fatalf("%+v", w)
	}
	Place(t, s, Order("g", "bob", "1")) // another's id is another order
	totals(t, s, "g", gift.All, gift.Totals{})
}

func reused(t *testing.T, s gift.Store) {
	o := Order("g", "alice", "1")
	Place(t, s, o)
	car := o
	car.Gift = "car"
	for name, other := range map[string]gift.Order{"another gift": car, "more of it": Many(o, 2)} {
		if _, _, err := s.Place(t.Context(), other, Start); !errors.Is(err, gift.ErrOrderReused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := Billed(o, Start)
	if _, fresh, err := s.Record(t.Context(), b, Merge); err != nil || !fresh {
		t.Fatalf("a backend's order of the same id: %v, %v", fresh, err)
	}
	b.From = "bob"
	if _, _, err := s.Record(t.Context(), b, Merge); !errors.Is(err, gift.ErrOrderReused) {
		t.Errorf("a backend's, from another: %v", err)
	}
	totals(t, s, "g", gift.All, gift.Totals{Value: 100, Count: 1, Senders: 1})
}

// otherCombo: whether clicks are merged is the catalogue's, which may have changed meanwhile; a run of another name is another order.
func otherCombo(t *testing.T, s gift.Store) {
	n := 0
	for _, tc := range []struct {
		was, is string
		same    bool
	}{{"c", "c", true}, {"c", "", true}, {"", "c", true}, {"c", "d", false}} {
		for name, repeat := range map[string]func(o gift.Order) (gift.Order, bool, error){
			"placed":   func(o gift.Order) (gift.Order, bool, error) { return s.Place(t.Context(), o, Start) },
			"recorded": func(o gift.Order) (gift.Order, bool, error) { return s.Record(t.Context(), o, Merge) },
		} {
			n++
			o := clicked(Order("g", "alice", fmt.Sprint(n)), tc.was)
			Place(t, s, o)
			again := clicked(o, tc.is)
			again.SettledAt = Start
			for i := range 2 { // while it is pending, and as it is then
				now, fresh, err := repeat(again)
				switch {
				case !tc.same:
					if !errors.Is(err, gift.ErrOrderReused) {
						t.Errorf("%q %s as %q: %+v, %v", tc.was, name, tc.is, now, err)
					}
				case err != nil || now.Combo != tc.was || fresh != (name == "recorded" && i == 0) || (now.State == gift.Accepted) != (name == "recorded"):
					t.Errorf("%q %s as %q, %d.: %+v, fresh %v, %v", tc.was, name, tc.is, i+1, now, fresh, err)
				}
			}
		}
	}
	totals(t, s, "g", gift.All, gift.Totals{Value: 300, Count: 3, Senders: 1})
}

func settle(t *testing.T, s gift.Store) {
	o := Many(Order("g", "alice", "1"), 7)
	if _, _, err := s.Settle(t.Context(), "g", o.Key(), Accept, Start, Merge); !errors.Is(err, gift.ErrNoOrder) {
		t.Fatalf("not placed: %v", err)
	}
	Place(t, s, o)
	if now, fresh, err := s.Settle(t.Context(), "g", o.Key(), gift.Verdict{}, Start, Merge); err != nil || fresh || now.State != gift.Pending {
		t.Fatalf("an unknown verdict: %+v, %v, %v", now, fresh, err)
	}
	at := Start.Add(time.Second)
	now, fresh, err := s.Settle(t.Context(), "g", o.Key(), Accept, at, Merge)
	if err != nil || !fresh || now.State != gift.Accepted || !now.SettledAt.Equal(at) {
		t.Fatalf("%+v, %v, %v", now, fresh, err)
	}
	for _, v := range []gift.Verdict{Accept, Refuse} {
		if again, fresh, err := s.Settle(t.Context(), "g", o.Key(), v, at.Add(time.Hour), Merge); err != nil || fresh || !Same(again, now) {
			t.Fatalf("settled again: %+v, %v, %v", again, fresh, err)
		}
	}
	if again, fresh, err := s.Place(t.Context(), o, at); err != nil || fresh || !Same(again, now) {
		t.Fatalf("placed again: %+v, %v, %v", again, fresh, err)
	}
	show := Shown(t, s, "g")
	want := gift.Result{
		Type: "gift_result", Gift: gift.Shown{ID: "rose", Name: "Rose", Icon: "/rose.svg", Effect: "float", Price: 100},
		From: gift.Giver{User: "alice", Nick: "Nick of alice", Avatar: "https://h/alice", Level: 3}, To: "anna",
		Count: 7, Value: 700, Final: true, Order: "1", Session: "s1",
	}
	if len(show) != 1 || show[0].Result != want || !show[0].At.Equal(at) {
		t.Fatalf("shown: %+v, want %+v", show, want)
	}
	page, err := s.Ledger(t.Context(), gift.Query{Group: "g", Limit: 10})
	if err != nil || len(page.Entries) != 1 || page.Next != 0 || page.Entries[0].Number != 1 || !Same(page.Entries[0].Order, now) {
		t.Fatalf("ledger: %+v, %v", page, err)
	}
	totals(t, s, "g", gift.All, gift.Totals{Value: 700, Count: 7, Senders: 1})
	totals(t, s, "g", "s1", gift.Totals{Value: 700, Count: 7, Senders: 1})
	totals(t, s, "g", "s2", gift.Totals{})
}

func refuse(t *testing.T, s gift.Store) {
	o := Order("g", "alice", "1")
	now := Settle(t, s, o, Refuse, Start)
	if now.Reason != "no money" {
		t.Errorf("reason %q", now.Reason)
	}
	if again, fresh, err := s.Settle(t.Context(), "g", o.Key(), Accept, Start, Merge); err != nil || fresh || !Same(again, now) {
		t.Fatalf("accepted afterwards: %+v, %v, %v", again, fresh, err)
	}
	if w := Work(t, s, "g", Start.Add(time.Hour)); len(w.Show)+len(w.Ask)+len(w.Untold) != 0 || !w.Next.IsZero() {
		t.Errorf("work: %+v", w)
	}
	if page, err := s.Ledger(t.Context(), gift.Query{Group: "g", Limit: 10}); err != nil || len(page.Entries) != 0 {
		t.Errorf("ledger: %+v, %v", page, err)
	}
	totals(t, s, "g", gift.All, gift.Totals{})
}

func record(t *testing.T, s gift.Store) {
	o := Billed(Order("g", "alice", "pay:1"), Start)
	now, fresh, err := s.Record(t.Context(), o, Merge)
	if err != nil || !fresh || now.State != gift.Accepted {
		t.Fatalf("%+v, %v, %v", now, fresh, err)
	}
	later := o
	later.SettledAt = Start.Add(time.Minute)
	if again, fresh, err := s.Record(t.Context(), later, Merge); err != nil || fresh || !Same(again, now) {
		t.Fatalf("again: %+v, %v, %v", again, fresh, err)
	}
	silent := Billed(Order("g", "bob", "pay:2"), Start)
	silent.Via, silent.Message = gift.ViaMessage, "17"
	if _, fresh, err := s.Record(t.Context(), silent, Merge); err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	if show := Shown(t, s, "g"); len(show) != 1 || show[0].Result.Order != "pay:1" {
		t.Errorf("shown: %+v", show)
	}
	waiting := Order("g", "carol", "1")
	Place(t, s, waiting)
	waiting.SettledAt = Start
	if now, fresh, err := s.Record(t.Context(), waiting, Merge); err != nil || !fresh || now.State != gift.Accepted {
		t.Errorf("a pending one: %+v, %v, %v", now, fresh, err)
	}
	totals(t, s, "g", gift.All, gift.Totals{Value: 300, Count: 3, Senders: 3})
}

func race(t *testing.T, s gift.Store) {
	var wg sync.WaitGroup
	const orders, settlers = 10, 6
	fresh := make([]int, settlers)
	for i := range settlers {
		wg.Go(func() {
			for n := range orders {
				o := clicked(Order("g", "alice", fmt.Sprint(n)), "c")
				if _, _, err := s.Place(t.Context(), o, Start); err != nil {
					t.Error(err)
				}
				v := Accept
				if n%2 == 1 {
					v = Refuse
				}
				_, mine, err := s.Settle(t.Context(), "g", o.Key(), v, Start, Merge)
				if err != nil {
					t.Error(err)
				}
				if mine {
					fresh[i]++
				}
			}
		})
	}
	wg.Wait()
	n := 0
	for _, f := range fresh {
		n += f
	}
	if n != orders {
		t.Errorf("%d settled, want %d", n, orders)
	}
	totals(t, s, "g", gift.All, gift.Totals{Value: 500, Count: 5, Senders: 1})
	end(t, s, "g", Start.Add(time.Second), 1)
	if show := Shown(t, s, "g"); len(show) != 1 || show[0].Result.Count != 5 {
		t.Errorf("shown: %+v", show)
	}
}

func ask(t *testing.T, s gift.Store) {
	o := Order("g", "alice", "1")
	if _, err := s.Ask(t.Context(), "g", o.Key(), 1, Start); !errors.Is(err, gift.ErrNoOrder) {
		t.Fatalf("not placed: %v", err)
	}
	Place(t, s, o)
	due, next := Start.Add(3*time.Second), Start.Add(9*time.Second)
	w := Work(t, s, "g", due)
	if len(w.Ask) != 1 || w.Ask[0].Attempt != 1 || !w.Ask[0].NextAt.Equal(due) || w.Ask[0].Order.ID != "1" {
		t.Fatalf("%+v", w)
	}
	for i, want := range []bool{true, false} {
		if mine, err := s.Ask(t.Context(), "g", o.Key(), 1, next); err != nil || mine != want {
			t.Fatalf("asking %d: %v, %v", i, mine, err)
		}
	}
	if w := Work(t, s, "g", due); len(w.Ask) != 0 || !w.Next.Equal(next) {
		t.Fatalf("while it is asked: %+v", w)
	}
	if w := Work(t, s, "g", next); len(w.Ask) != 1 || w.Ask[0].Attempt != 2 {
		t.Fatalf("afterwards: %+v", w)
	}
	if _, _, err := s.Settle(t.Context(), "g", o.Key(), Accept, next, Merge); err != nil {
		t.Fatal(err)
	}
	if mine, err := s.Ask(t.Context(), "g", o.Key(), 2, next); err != nil || mine {
		t.Fatalf("asked a settled one: %v, %v", mine, err)
	}
}
