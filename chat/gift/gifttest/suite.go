// Package gifttest holds what every gift.Store must do. Memory, bbolt and Redis pass the same suite.
package gifttest

import (
	"errors"
	"slices"
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
