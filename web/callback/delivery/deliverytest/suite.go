// Package deliverytest holds what every delivery.Store must do. Memory, bbolt and Redis pass the same suite.
package deliverytest

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"liveroom/web/callback/delivery"
)

// at is when the first item of each queue was queued; each further one a second later.
var at = time.Date(2026, 11, 21, 6, 0, 0, 123456789, time.UTC)

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) delivery.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s delivery.Store)
	}{
		{"nothing is there at first", empty},
		{"items come back as they were, in order", items},
		{"what is appended again is there once", again},
		{"what is before the first item is gone", removal},
		{"what is kept beside items comes back", record},
		{"an idle queue is forgotten, and a new one is empty", idle},
		{"queues don't mix", apart},
		{"the first item of an age is found", older},
		{"dead letters are kept in order of class and number", dead},
		{"a dead letter that is put aside again is there once", deadAgain},
		{"dead letters come after others that are gone", deadAfter},
		{"an endpoint goes with all it has", gone},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func key(endpoint, room string, class delivery.Class) delivery.Key {
	return delivery.Key{Endpoint: endpoint, Room: room, Class: class}
}

// Item is the item of a queue with a number.
func Item(k delivery.Key, n uint64) *delivery.Item {
	return &delivery.Item{N: n, QueuedAt: at.Add(time.Duration(n) * time.Second), Event: delivery.Event{
		Endpoint: k.Endpoint, Room: k.Room, Class: k.Class, ID: fmt.Sprint(k.Room, ":", n), Command: "Test.<&>", Body: []byte(fmt.Sprintf("{\"n\": %d}\n<&>\xff", n)),
		Query: url.Values{"ClientIP": {"2001:db8::7"}, "OptPlatform": {"Web", ""}}, At: at.Add(-time.Duration(n)),
	}}
}

// Change says that a queue has items from first to before next, the last so many of them new.
func Change(k delivery.Key, first, next, fresh uint64) delivery.QueueChange {
	c := delivery.QueueChange{Queue: delivery.Queue{Key: k, First: first, Next: next}}
	for n := next - fresh; n < next; n++ {
		c.Append = append(c.Append, Item(k, n))
	}
	return c
}

func commit(t *testing.T, s delivery.Store, queues ...delivery.QueueChange) {
	t.Helper()
	if err := s.Commit(t.Context(), delivery.Change{Queues: queues}); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s delivery.Store, k delivery.Key, from uint64, limit int, bytes int64) []*delivery.Item {
	t.Helper()
	got, err := s.Items(t.Context(), k, from, limit, bytes)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// holds checks that a queue has the items from first to before next.
func holds(t *testing.T, s delivery.Store, k delivery.Key, first, next uint64) {
	t.Helper()
	got := read(t, s, k, 0, 1<<20, 1<<40)
	for i, item := range got {
		if want := Item(k, first+uint64(i)); !reflect.DeepEqual(utc(item), want) {
			t.Fatalf("%+v is %+v, want %+v", k, item, want)
		}
	}
	if uint64(len(got)) != next-first {
		t.Errorf("%+v has %d items, want %d to %d", k, len(got), first, next-1)
	}
}

// utc is an item as another one that was made in UTC compares to.
func utc(i *delivery.Item) *delivery.Item {
	c := *i
	c.At, c.QueuedAt = c.At.UTC(), c.QueuedAt.UTC()
	return &c
}

func empty(t *testing.T, s delivery.Store) {
	queues, err := s.Queues(t.Context())
	if err != nil || len(queues) != 0 {
		t.Errorf("%v, %v", queues, err)
	}
	k := key("e", "a", delivery.Talk)
	holds(t, s, k, 1, 1)
	if n, err := s.Older(t.Context(), k, 7, at); n != 7 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if page, err := s.Dead(t.Context(), "e", 0, 0, 10); err != nil || len(page) != 0 {
		t.Errorf("%v, %v", page, err)
	}
	if counts, err := s.DeadCounts(t.Context()); err != nil || len(counts) != 0 {
		t.Errorf("%v, %v", counts, err)
	}
	if err := s.Commit(t.Context(), delivery.Change{Gone: []string{"e"}, DeadDrop: []delivery.DeadDrop{{Endpoint: "e", Oldest: 3}, {Endpoint: "e", N: []uint64{1}}}}); err != nil {
		t.Error(err)
	}
}

func items(t *testing.T, s delivery.Store) {
	k := key("e", "room", delivery.Talk)
	commit(t, s, Change(k, 1, 4, 3))
	commit(t, s, Change(k, 1, 300, 296))
	commit(t, s, Change(k, 1, 301, 1))
	holds(t, s, k, 1, 301)
	if got := read(t, s, k, 100, 5, 1<<20); len(got) != 5 || got[0].N != 100 || got[4].N != 104 {
		t.Errorf("%v", got)
	}
	if got := read(t, s, k, 100, 5, 1); len(got) != 1 || got[0].N != 100 {
		t.Errorf("%v", got)
	}
	if got := read(t, s, k, 301, 5, 1<<20); len(got) != 0 {
		t.Errorf("%v", got)
	}
	big := Change(k, 1, 302, 1)
	big.Append[0].Body = []byte(strings.Repeat("x", 300_000))
	commit(t, s, big, Change(key("e", "other", delivery.Talk), 1, 2, 1))
	if got := read(t, s, k, 300, 5, 1000); len(got) != 1 || got[0].N != 300 {
		t.Errorf("%v", got)
	}
	if got := read(t, s, k, 301, 5, 1000); len(got) != 1 || len(got[0].Body) != 300_000 {
		t.Errorf("%d items", len(got))
	}
	plain := &delivery.Item{N: 302, QueuedAt: at, Event: delivery.Event{Endpoint: "e", Room: "room", Class: delivery.Talk, ID: "plain", At: at}}
	c := Change(k, 302, 303, 0)
	c.Append = []*delivery.Item{plain}
	commit(t, s, c)
	if got := read(t, s, k, 0, 5, 1000); len(got) != 1 || got[0].ID != "plain" || len(got[0].Body)+len(got[0].Query)+len(got[0].Command) != 0 {
		t.Errorf("%+v", got)
	}
}

func again(t *testing.T, s delivery.Store) {
	k := key("e", "room", delivery.Talk)
	commit(t, s, Change(k, 1, 4, 3))
	commit(t, s, Change(k, 1, 101, 100))
	commit(t, s, Change(k, 1, 101, 100))
	commit(t, s, Change(k, 1, 102, 2))
	holds(t, s, k, 1, 102)
}

func removal(t *testing.T, s delivery.Store) {
	k := key("e", "room", delivery.People)
	commit(t, s, Change(k, 1, 201, 200))
	for _, first := range []uint64{2, 65, 66, 150} {
		commit(t, s, Change(k, first, 201, 0))
		if got := read(t, s, k, first, 1000, 1<<30); len(got) != int(201-first) || got[0].N != first {
			t.Errorf("%d items from %d on", len(got), first)
		}
	}
	commit(t, s, Change(k, 160, 211, 10)) // both at once
	if got := read(t, s, k, 160, 1000, 1<<30); len(got) != 51 || got[50].N != 210 {
		t.Errorf("%d items", len(got))
	}
	commit(t, s, Change(k, 205, 221, 5)) // what came between is skipped: it was delivered before it was stored
	if got := read(t, s, k, 216, 1000, 1<<30); len(got) != 5 || got[0].N != 216 {
		t.Errorf("%d items", len(got))
	}
}

func record(t *testing.T, s delivery.Store) {
	a := delivery.Queue{
		Key: key("e", "a", delivery.State), First: 3, Next: 3, Bytes: 7, Oldest: at, UsedAt: at.Add(time.Hour),
		Gaps: []delivery.Gap{
			{ID: "g", Loss: delivery.Loss{Room: "a", Class: "state", Count: 3, Since: at, Until: at.Add(time.Second)}, Tried: true}, {ID: "h"},
		},
		Recent: []string{"a:1", "a:2"},
	}
	b := delivery.Queue{Key: key("e", "", delivery.Talk), First: 1, Next: 2, UsedAt: at, Oldest: at}
	commit(t, s, delivery.QueueChange{Queue: a}, delivery.QueueChange{Queue: b, Append: []*delivery.Item{Item(b.Key, 1)}})
	a.Gaps = a.Gaps[:1]
	commit(t, s, delivery.QueueChange{Queue: a})
	for range 2 {
		got, err := s.Queues(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got, func(a, b delivery.Queue) int { return strings.Compare(a.Room, b.Room) })
		if want := []delivery.Queue{b, a}; !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v\nwant %+v", got, want)
		}
		got[1].Recent[0], got[1].Gaps[0].ID = "changed by who asked", "too"
	}
}

func idle(t *testing.T, s delivery.Store) {
	k := key("e", "a", delivery.Talk)
	commit(t, s, Change(k, 1, 100, 99))
	commit(t, s, Change(k, 100, 100, 0))
	if queues, err := s.Queues(t.Context()); err != nil || len(queues) != 0 {
		t.Errorf("%v, %v", queues, err)
	}
	holds(t, s, k, 1, 1)
	commit(t, s, Change(k, 100, 100, 0)) // and again
	commit(t, s, Change(k, 1, 3, 2))
	holds(t, s, k, 1, 3)
}

func apart(t *testing.T, s delivery.Store) {
	keys := []delivery.Key{
		key("e", "a", delivery.Talk), key("e", "a", delivery.People), key("e", "aa", delivery.Talk), key("e", "", delivery.Talk),
		key("ee", "a", delivery.Talk), key("f", "語", delivery.State),
	}
	for round := range uint64(3) {
		for i, k := range keys {
			commit(t, s, Change(k, 1, (round+1)*uint64(i+1)+1, uint64(i+1)))
		}
	}
	commit(t, s, Change(keys[0], 4, 4, 0))
	for i, k := range keys[1:] {
		holds(t, s, k, 1, 3*uint64(i+2)+1)
	}
	holds(t, s, keys[0], 1, 1)
}

func older(t *testing.T, s delivery.Store) {
	k := key("e", "a", delivery.Talk)
	commit(t, s, Change(k, 1, 1001, 1000))
	commit(t, s, Change(k, 1, 1003, 2))
	commit(t, s, Change(key("e", "b", delivery.Talk), 1, 2001, 2000)) // a later neighbour
	for _, c := range []struct{ from, want uint64 }{{1, 1}, {1, 500}, {400, 500}, {700, 500}, {1, 1002}, {1, 1003}, {1003, 1003}} {
		moment := at.Add(time.Duration(c.want) * time.Second)
		n, err := s.Older(t.Context(), k, c.from, moment)
		if want := max(c.from, c.want); err != nil || n > want || n < c.from || n+64 < want {
			t.Errorf("from %d: %d, %v; want %d", c.from, n, err, want)
		}
	}
	if n, err := s.Older(t.Context(), k, 5, at.Add(time.Hour)); n != 1003 || err != nil {
		t.Errorf("all are older: %d, %v", n, err)
	}
}

// letter is a dead letter with a number.
func letter(endpoint string, class delivery.Class, n uint64) delivery.DeadLetter {
	return delivery.DeadLetter{
		Event: Item(key(endpoint, "room", class), n).Event, N: n, DeadAt: at, Why: "404", Tries: 3, Status: 404, Answer: "<no>",
	}
}

func dead(t *testing.T, s delivery.Store) {
	ctx := t.Context()
	is := func(class delivery.Class, after uint64, limit int, want ...uint64) {
		t.Helper()
		page, err := s.Dead(ctx, "e", class, after, limit)
		var got []uint64
		for _, l := range page {
			got = append(got, l.N)
			l.At, l.DeadAt = l.At.UTC(), l.DeadAt.UTC()
			if want := letter("e", l.Class, l.N); !reflect.DeepEqual(l, want) {
				t.Errorf("%+v\nwant %+v", l, want)
			}
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("class %v after %d: %v, %v; want %v", class, after, got, err, want)
		}
	}
	do := func(c delivery.Change) {
		t.Helper()
		if err := s.Commit(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	do(delivery.Change{Dead: []delivery.DeadLetter{
		letter("e", delivery.Talk, 1), letter("e", delivery.State, 2), letter("f", delivery.State, 3), letter("e", delivery.Talk, 4), letter("ee", delivery.Talk, 5),
	}})
	do(delivery.Change{Dead: []delivery.DeadLetter{letter("e", delivery.State, 300), letter("e", delivery.Talk, 301), letter("e", delivery.Talk, 302)}})
	is(0, 0, 10, 2, 300, 1, 4, 301, 302)
	is(0, 0, 3, 2, 300, 1)
	is(delivery.State, 2, 2, 300, 1)
	is(delivery.Talk, 3, 2, 4, 301)
	is(delivery.Talk, 302, 2)
	do(delivery.Change{ // what goes goes before what comes
		DeadDrop: []delivery.DeadDrop{{Endpoint: "e", Class: delivery.Talk, Oldest: 2}, {Endpoint: "e", Class: delivery.State, N: []uint64{300, 7}}},
		Dead:     []delivery.DeadLetter{letter("e", delivery.Talk, 303)},
	})
	is(0, 0, 10, 2, 301, 302, 303)
	do(delivery.Change{DeadDrop: []delivery.DeadDrop{{Endpoint: "e", Class: delivery.State, Oldest: 9}}})
	is(0, 0, 10, 301, 302, 303)
	counts, err := s.DeadCounts(ctx)
	counts = slices.DeleteFunc(counts, func(c delivery.DeadCount) bool { return c.Count == 0 })
	slices.SortFunc(counts, func(a, b delivery.DeadCount) int { return strings.Compare(a.Endpoint, b.Endpoint) })
	want := []delivery.DeadCount{{Endpoint: "e", Class: delivery.Talk, Count: 3, Last: 303}, {Endpoint: "ee", Class: delivery.Talk, Count: 1, Last: 5}, {Endpoint: "f", Class: delivery.State, Count: 1, Last: 3}}
	if err != nil || !reflect.DeepEqual(counts, want) {
		t.Errorf("%+v, %v", counts, err)
	}
}

// putAside puts dead letters aside in one step with what else there is to do.
func putAside(t *testing.T, s delivery.Store, c delivery.Change, letters ...delivery.DeadLetter) {
	t.Helper()
	c.Dead = letters
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// aside are the numbers of all dead letters of an endpoint.
func aside(t *testing.T, s delivery.Store, endpoint string) (all []uint64) {
	t.Helper()
	page, err := s.Dead(t.Context(), endpoint, 0, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range page {
		all = append(all, l.N)
	}
	return all
}

// deadAgain: the answer to a step was lost, so that the next one has all of it again.
func deadAgain(t *testing.T, s delivery.Store) {
	k := key("e", "room", delivery.State)
	queue := delivery.Change{Queues: []delivery.QueueChange{Change(k, 1, 4, 3)}}
	putAside(t, s, queue, letter("e", delivery.State, 1), letter("e", delivery.State, 2))
	queue.Queues[0] = Change(k, 1, 5, 4)
	putAside(t, s, queue, letter("e", delivery.State, 1), letter("e", delivery.State, 2), letter("e", delivery.State, 3))
	if got := aside(t, s, "e"); !slices.Equal(got, []uint64{1, 2, 3}) {
		t.Errorf("dead letters %v", got)
	}
	holds(t, s, k, 1, 5)
	for range 2 {
		putAside(t, s, delivery.Change{Gone: []string{"e"}}, letter("e", delivery.State, 4))
		if got := aside(t, s, "e"); !slices.Equal(got, []uint64{4}) {
			t.Errorf("dead letters of an endpoint that is back: %v", got)
		}
	}
}

// deadAfter: who reads the counts knows a number that none has had.
func deadAfter(t *testing.T, s delivery.Store) {
	for round := range 3 {
		last := uint64(0)
		counts, err := s.DeadCounts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range counts {
			last = max(last, c.Last)
			if c.Count != 0 {
				t.Errorf("%+v", c)
			}
		}
		putAside(t, s, delivery.Change{}, letter("e", delivery.State, last+1), letter("e", delivery.State, last+2))
		if got := aside(t, s, "e"); !slices.Equal(got, []uint64{last + 1, last + 2}) {
			t.Fatalf("round %d: dead letters %v", round, got)
		}
		putAside(t, s, delivery.Change{DeadDrop: []delivery.DeadDrop{{Endpoint: "e", Class: delivery.State, N: []uint64{last + 1, last + 2}}}})
	}
}

func gone(t *testing.T, s delivery.Store) {
	a, b, other := key("e", "a", delivery.Talk), key("e", "b", delivery.State), key("ee", "a", delivery.Talk)
	commit(t, s, Change(a, 1, 200, 199), Change(b, 1, 3, 2), Change(other, 1, 3, 2))
	both := []delivery.DeadLetter{letter("e", delivery.Talk, 1), letter("ee", delivery.Talk, 2)}
	if err := s.Commit(t.Context(), delivery.Change{Dead: both}); err != nil {
		t.Fatal(err)
	}
	// It goes before it comes back with the same name in the same step.
	if err := s.Commit(t.Context(), delivery.Change{Gone: []string{"e"}, Queues: []delivery.QueueChange{Change(a, 1, 2, 1)}}); err != nil {
		t.Fatal(err)
	}
	holds(t, s, a, 1, 2)
	holds(t, s, b, 1, 1)
	holds(t, s, other, 1, 3)
	queues, err := s.Queues(t.Context())
	counts, err2 := s.DeadCounts(t.Context())
	if err != nil || err2 != nil || len(queues) != 2 || len(counts) != 1 || counts[0].Endpoint != "ee" {
		t.Errorf("%+v, %+v, %v, %v", queues, counts, err, err2)
	}
}
