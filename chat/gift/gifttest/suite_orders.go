package gifttest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"liveroom/chat/gift"
)

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

// full: what a ledger holds is exact up to the last coin, together with all that may pend when it is full.
func full(t *testing.T, s gift.Store) {
	worth := func(user, id string, value int64) gift.Order {
		o := Order("g", user, id)
		o.Price, o.Value = value, value
		return o
	}
	last := worth("bob", "1", gift.MaxPending*gift.MaxValue) // as if it were all that may pend
	Place(t, s, last)
	for i, value := range []int64{gift.MaxTotal - 1, 1} {
		Settle(t, s, worth("alice", fmt.Sprint(i), value), Accept, Start)
	}
	more := worth("carol", "1", 1)
	if _, _, err := s.Place(t.Context(), more, Start); !errors.Is(err, gift.ErrLedgerFull) {
		t.Errorf("placed: %v", err)
	}
	if _, _, err := s.Record(t.Context(), Billed(more, Start), Merge); !errors.Is(err, gift.ErrLedgerFull) {
		t.Errorf("recorded: %v", err)
	}
	if now, fresh, err := s.Place(t.Context(), last, Start); err != nil || fresh || now.State != gift.Pending {
		t.Errorf("one that was placed before, again: %+v, %v, %v", now, fresh, err)
	}
	if now, fresh, err := s.Settle(t.Context(), "g", last.Key(), Accept, Start, Merge); err != nil || !fresh || now.State != gift.Accepted {
		t.Errorf("settled: %+v, %v, %v", now, fresh, err)
	}
	totals(t, s, "g", gift.All, gift.Totals{Value: gift.MaxTotal + last.Value, Count: 3, Senders: 2})
	ranks, err := s.Ranking(t.Context(), "g", "s1", 10)
	if err != nil || len(ranks) != 2 || ranks[0].Value != gift.MaxTotal || ranks[1].Value != last.Value {
		t.Errorf("ranking: %+v, %v", ranks, err)
	}
}
