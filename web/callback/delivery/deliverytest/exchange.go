package deliverytest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/web/callback/delivery"
)

// Exchange runs the suite of a delivery.Exchange, whose terms' Stores pass Store too; open returns an empty one each time it
// is called.
func Exchange(t *testing.T, open func(t *testing.T) delivery.Exchange) {
	Store(t, func(t *testing.T) delivery.Store { return begin(t, open(t), 1) })
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, x delivery.Exchange)
	}{
		{"the inbox keeps events whole and in order", inbox},
		{"a step is done once", steps},
		{"an inbox has its bound", full},
		{"what is taken is gone when it is stored", taken},
		{"only the newest term stores", terms},
		{"who posts and asks wakes who delivers", wakes},
		{"a question is answered once", asks},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func begin(t *testing.T, x delivery.Exchange, fence uint64) delivery.Store {
	t.Helper()
	s, err := x.Begin(t.Context(), fence)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const roomy = 1 << 30 // bytes that no test reaches

// posted are events of a queue with the numbers from one to another.
func posted(k delivery.Key, from, to uint64) (all []delivery.Posted) {
	for n := from; n <= to; n++ {
		all = append(all, delivery.Posted{Event: Item(k, n).Event, Bytes: 200})
	}
	return all
}

func post(t *testing.T, x delivery.Exchange, poster, id string, events ...delivery.Posted) {
	t.Helper()
	if err := x.Post(t.Context(), poster, id, roomy, events); err != nil {
		t.Fatal(err)
	}
}

// inboxHas checks the ids of what is in the inbox after a place, read some at a time, and returns the last place.
func inboxHas(t *testing.T, x delivery.Exchange, after string, want ...string) string {
	t.Helper()
	var got []string
	for {
		page, err := x.Inbox(t.Context(), after, 7, roomy)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			got = append(got, e.ID)
			if e.Bytes <= 0 || e.QueuedAt.IsZero() || e.Place <= after && len(e.Place) <= len(after) {
				t.Errorf("%+v after %s", e, after)
			}
			after = e.Place
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the inbox has %v, want %v", got, want)
	}
	return after
}

// named are the ids of posted.
func named(k delivery.Key, from, to uint64) (ids []string) {
	for n := from; n <= to; n++ {
		ids = append(ids, fmt.Sprint(k.Room, ":", n))
	}
	return ids
}

func inbox(t *testing.T, x delivery.Exchange) {
	inboxHas(t, x, "")
	k, other := key("e", "房", delivery.Talk), key("e", "", delivery.State)
	lost := posted(k, 9, 9)[0]
	lost.Lost = 7
	post(t, x, "a", "1", posted(k, 1, 8)...)
	post(t, x, "b", "1", lost)
	post(t, x, "a", "2", posted(other, 1, 2)...)
	at := inboxHas(t, x, "", slices.Concat(named(k, 1, 9), named(other, 1, 2))...)
	post(t, x, "a", "3", posted(other, 3, 3)...)
	inboxHas(t, x, at, named(other, 3, 3)...)
	page, err := x.Inbox(t.Context(), "", 100, roomy)
	if err != nil || len(page) != 12 {
		t.Fatal(page, err)
	}
	for i, want := range slices.Concat(posted(k, 1, 9), posted(other, 1, 3)) {
		got := page[i]
		got.At = got.At.UTC()
		want.Place, want.QueuedAt, want.Bytes = got.Place, got.QueuedAt, got.Bytes
		if i == 8 {
			want.Lost = 7
		}
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%+v\nwant %+v", got, want)
		}
	}
	if page, err := x.Inbox(t.Context(), "", 100, 1); err != nil || len(page) != 1 {
		t.Errorf("one byte: %d events, %v", len(page), err)
	}
}

func steps(t *testing.T, x delivery.Exchange) {
	k := key("e", "r", delivery.State)
	post(t, x, "a", "1", posted(k, 1, 2)...)
	post(t, x, "b", "1", posted(k, 3, 3)...)
	post(t, x, "a", "1", posted(k, 1, 2)...)
	post(t, x, "a", "2", posted(k, 4, 4)...)
	inboxHas(t, x, "", named(k, 1, 4)...)
}

func full(t *testing.T, x delivery.Exchange) {
	k := key("e", "r", delivery.Talk)
	big := posted(k, 1, 1)[0]
	big.Body, big.Bytes = []byte(strings.Repeat("x", 100_000)), 100_000
	post(t, x, "a", "1", big)
	for range 2 {
		if err := x.Post(t.Context(), "a", "2", 50_000, posted(k, 2, 2)); !errors.Is(err, delivery.ErrFull) {
			t.Errorf("over its bound: %v", err)
		}
	}
	if err := x.Post(t.Context(), "a", "2", 200_000, posted(k, 2, 2)); err != nil {
		t.Error(err)
	}
	at := inboxHas(t, x, "", named(k, 1, 2)...)
	page, err := x.Inbox(t.Context(), "", 10, roomy)
	if err != nil {
		t.Fatal(err)
	}
	if err := begin(t, x, 1).Commit(t.Context(), delivery.Change{Taken: at, TakenBytes: page[0].Bytes + page[1].Bytes}); err != nil {
		t.Fatal(err)
	}
	if err := x.Post(t.Context(), "a", "3", 50_000, posted(k, 3, 3)); err != nil {
		t.Errorf("emptied: %v", err)
	}
}

func taken(t *testing.T, x delivery.Exchange) {
	k := key("e", "r", delivery.People)
	post(t, x, "a", "1", posted(k, 1, 5)...)
	page, err := x.Inbox(t.Context(), "", 3, roomy)
	if err != nil || len(page) != 3 {
		t.Fatal(page, err)
	}
	s := begin(t, x, 1)
	change := delivery.Change{Queues: []delivery.QueueChange{Change(k, 1, 4, 3)}, Taken: page[2].Place, TakenBytes: 3 * page[0].Bytes}
	for range 2 { // as after an answer that was lost
		if err := s.Commit(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		inboxHas(t, x, "", named(k, 4, 5)...)
		inboxHas(t, x, page[2].Place, named(k, 4, 5)...)
		holds(t, s, k, 1, 4)
	}
}

func terms(t *testing.T, x delivery.Exchange) {
	k := key("e", "r", delivery.State)
	first := begin(t, x, 3)
	commit(t, first, Change(k, 1, 3, 2))
	post(t, x, "a", "1", posted(k, 3, 3)...)
	page, err := x.Inbox(t.Context(), "", 3, roomy)
	if err != nil || len(page) != 1 {
		t.Fatal(page, err)
	}
	second := begin(t, x, 7)
	change := delivery.Change{Queues: []delivery.QueueChange{Change(k, 2, 4, 1)}, Taken: page[0].Place, Dead: []delivery.DeadLetter{letter("e", delivery.State, 1)}}
	if err := first.Commit(t.Context(), change); !errors.Is(err, delivery.ErrDeposed) {
		t.Errorf("an earlier term: %v", err)
	}
	inboxHas(t, x, "", named(k, 3, 3)...)
	holds(t, second, k, 1, 3)
	if _, err := x.Begin(t.Context(), 6); !errors.Is(err, delivery.ErrDeposed) {
		t.Errorf("begins behind another: %v", err)
	}
	if err := second.Commit(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	holds(t, second, k, 2, 4)
	inboxHas(t, x, "")
	if page, err := x.Dead(t.Context(), "e", delivery.State, 0, 10); err != nil || len(page) != 1 || page[0].N != 1 {
		t.Errorf("dead letters: %v, %v", page, err)
	}
	begin(t, x, 7) // again, by who has the term
}

// soon waits for a channel.
func soon[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(time.Minute):
		t.Fatal("not within a minute:", what)
	}
	return v
}

func wakes(t *testing.T, x delivery.Exchange) {
	ctx, cancel := context.WithCancel(t.Context())
	woken := make(chan struct{}, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() {
		x.Listen(ctx, func() {
			select {
			case woken <- struct{}{}:
			default:
			}
		})
	})
	// What is posted before it listens may be missed, so it is posted until it is not.
	for i := 0; ; i++ {
		post(t, x, "a", fmt.Sprint(i), posted(key("e", "r", delivery.Talk), 1, 1)...)
		select {
		case <-woken:
		case <-time.After(50 * time.Millisecond):
			continue
		}
		break
	}
	wg.Go(func() { _, _ = x.Ask(ctx, delivery.Question{ID: "q"}) })
	soon(t, "woken by a question", woken)
	cancel()
}

func asks(t *testing.T, x delivery.Exchange) {
	ctx := t.Context()
	if all, err := x.Questions(ctx); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	answers := make(chan string, 2)
	for _, id := range []string{"1", "2"} {
		go func() {
			text, err := x.Ask(ctx, delivery.Question{ID: id, Text: []byte("\xff" + id)})
			answers <- fmt.Sprint(string(text), err)
		}()
	}
	for n := 0; n < 2; {
		all, err := x.Questions(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range all {
			n++
			if err := x.Answer(ctx, q.ID, append([]byte("to "), q.Text...)); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := []string{soon(t, "an answer", answers), soon(t, "an answer", answers)}
	if slices.Sort(got); !slices.Equal(got, []string{"to \xff1<nil>", "to \xff2<nil>"}) {
		t.Errorf("%q", got)
	}
	if all, err := x.Questions(ctx); err != nil || len(all) != 0 {
		t.Errorf("asked again: %v, %v", all, err)
	}
	late, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := x.Ask(late, delivery.Question{ID: "3"}); !errors.Is(err, delivery.ErrNoCourier) {
		t.Errorf("nobody answers: %v", err)
	}
}
