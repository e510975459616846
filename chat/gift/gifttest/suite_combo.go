package gifttest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"liveroom/chat/gift"
)

// click settles n clicks of alice, 100 ms apart, and returns when the last one was.
func click(t *testing.T, s gift.Store, first, n int, at time.Time) time.Time {
	t.Helper()
	for i := range n {
		at = at.Add(100 * time.Millisecond)
		Settle(t, s, clicked(Order("g", "alice", fmt.Sprint(first+i)), "c"), Accept, at)
	}
	return at
}

// counts are the counts of what is shown, negative where final.
func counts(show []gift.Showing) (all []int) {
	for _, s := range show {
		n := s.Result.Count
		if s.Result.Final {
			n = -n
		}
		all = append(all, n)
	}
	return all
}

func shows(t *testing.T, s gift.Store, want ...int) []gift.Showing {
	t.Helper()
	show := Shown(t, s, "g")
	if got := counts(show); !slices.Equal(got, want) {
		t.Fatalf("shown %v, want %v", got, want)
	}
	return show
}

func ninetyNine(t *testing.T, s gift.Store) {
	at := click(t, s, 1, 99, Start)
	shows(t, s, 20, 20, 20, 20)
	if w := Work(t, s, "g", at.Add(999*time.Millisecond)); !w.Ending.IsZero() || !w.Next.Equal(at.Add(time.Second)) {
		t.Fatalf("before the end: ending %v, next %v", w.Ending, w.Next)
	}
	end(t, s, "g", at.Add(999*time.Millisecond), 0)
	if w := Work(t, s, "g", at.Add(time.Second)); !w.Ending.Equal(at.Add(time.Second)) {
		t.Fatalf("at the end: %v", w.Ending)
	}
	end(t, s, "g", at.Add(time.Second), 1)
	end(t, s, "g", at.Add(time.Second), 0)
	show := shows(t, s, 20, 20, 20, 20, -19)
	last := show[4].Result
	if last.ComboTotal != 99 || last.Value != 1900 || last.Order != "99" || last.Combo != "c" || show[1].Result.ComboTotal != 40 || show[1].Result.Order != "40" {
		t.Errorf("%+v", show)
	}
	totals(t, s, "g", gift.All, gift.Totals{Value: 9900, Count: 99, Senders: 1})
}

func hundred(t *testing.T, s gift.Store) {
	at := click(t, s, 1, 100, Start)
	end(t, s, "g", at.Add(time.Second), 1)
	shows(t, s, 20, 20, 20, 20, -20)
	big := Many(clicked(Order("g", "bob", "1"), "c"), 9999)
	Settle(t, s, big, Accept, at)
	Settle(t, s, clicked(Order("g", "bob", "2"), "c"), Accept, at)
	end(t, s, "g", at.Add(time.Second), 1)
	shows(t, s, 20, 20, 20, 20, -20, 9999, -1)
}

func lateClick(t *testing.T, s gift.Store) {
	at := click(t, s, 1, 3, Start)
	at = click(t, s, 4, 2, at.Add(time.Second))
	show := shows(t, s, -3)
	if !show[0].Result.Final || show[0].Result.ComboTotal != 3 {
		t.Errorf("%+v", show[0].Result)
	}
	end(t, s, "g", at.Add(time.Second), 1)
	show = shows(t, s, -3, -2)
	if show[1].Result.ComboTotal != 5 {
		t.Errorf("%+v", show[1].Result)
	}
}

func continued(t *testing.T, s gift.Store) {
	at := click(t, s, 1, 25, Start)
	end(t, s, "g", at.Add(time.Second), 1)
	at = click(t, s, 26, 1, at.Add(time.Minute))
	end(t, s, "g", at.Add(time.Second), 1)
	show := shows(t, s, 20, -5, -1)
	if show[2].Result.ComboTotal != 26 {
		t.Errorf("%+v", show[2].Result)
	}
}

func forgotten(t *testing.T, s gift.Store) {
	at := click(t, s, 1, 1, Start).Add(time.Second)
	end(t, s, "g", at, 1)
	if w := Work(t, s, "g", at); !w.Next.Equal(at.Add(Merge.Kept)) {
		t.Errorf("kept until %v", w.Next)
	}
	end(t, s, "g", at.Add(Merge.Kept-time.Second), 0)
	end(t, s, "g", at.Add(Merge.Kept), 1)
	if w := Work(t, s, "g", at.Add(Merge.Kept)); !w.Next.IsZero() || !w.Ending.IsZero() {
		t.Errorf("still there: %+v", w)
	}
	at = click(t, s, 2, 1, at.Add(Merge.Kept))
	end(t, s, "g", at.Add(time.Second), 1)
	if show := shows(t, s, -1, -1); show[1].Result.ComboTotal != 1 {
		t.Errorf("%+v", show[1].Result)
	}
}

func apart(t *testing.T, s gift.Store) {
	a := clicked(Order("g", "alice", "1"), "c")
	b, car, later, other := a, a, a, a
	b.From = "bob"
	car.Gift, car.ID = "car", "2"
	later.Session, later.ID = "s2", "3"
	other.Combo, other.ID = "d", "4"
	for _, o := range []gift.Order{a, b, car, later, other} {
		Settle(t, s, o, Accept, Start)
	}
	if n, err := s.EndCombos(t.Context(), "g", Start.Add(time.Second), 2, Merge); n != 2 || err != nil {
		t.Fatalf("two at a time: %d, %v", n, err)
	}
	end(t, s, "g", Start.Add(time.Second), 3)
	shows(t, s, -1, -1, -1, -1, -1)
}
