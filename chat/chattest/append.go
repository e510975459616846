package chattest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"liveroom/chat"
)

// fenced are messages of the server with these numbers.
func fenced(group string, numbers ...uint64) (all []chat.FencedMessage) {
	for _, n := range numbers {
		m := &chat.Message{Group: group, From: chat.Administrator, Priority: chat.High, Server: true, Body: Text(fmt.Sprintf("number %d.", n))}
		all = append(all, chat.FencedMessage{Number: n, Message: m})
	}
	return all
}

var number = regexp.MustCompile(`number (\d+)\.`)

// numberOf is the number of a message of fenced, or 0.
func numberOf(m *chat.Message) uint64 {
	found := number.FindSubmatch(m.Body)
	if found == nil {
		return 0
	}
	n, _ := strconv.ParseUint(string(found[1]), 10, 64)
	return n
}

func seqs(messages []*chat.Message) (all []uint64) {
	for _, m := range messages {
		all = append(all, m.Seq)
	}
	return all
}

// numbersOf are the numbers of all messages in a log.
func numbersOf(log []*chat.Message) (all []uint64) {
	for _, m := range log {
		if n := numberOf(m); n > 0 {
			all = append(all, n)
		}
	}
	return all
}

func appended(t *testing.T, s chat.Store, group, fence string, messages []chat.FencedMessage) []*chat.Message {
	t.Helper()
	fresh, err := s.Append(t.Context(), group, fence, messages, Keep)
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}

func testAppend(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	all := fenced("g", 3, 7, 8)
	fresh := appended(t, s, "g", "gifts", all)
	if len(fresh) != 3 {
		t.Fatalf("%d of 3 messages are new", len(fresh))
	}
	log := Load(t, s, "g").Log
	if len(log) != 3 {
		t.Fatalf("%d messages are in the log", len(log))
	}
	for i, m := range log {
		f := all[i].Message
		if m.Seq != uint64(i+1) || f.Seq != m.Seq || !f.Time.Equal(m.Time) || m.Time.IsZero() || string(m.Body) != string(f.Body) || !m.Server || m.Priority != chat.High || fresh[i] != f {
			t.Errorf("message %d is stored as %+v, answered %+v", i, m, f)
		}
	}
	if fresh := appended(t, s, "g", "gifts", nil); len(fresh) != 0 {
		t.Errorf("of none %d are new", len(fresh))
	}
	if _, err := s.Append(t.Context(), "nowhere", "gifts", fenced("nowhere", 1), Keep); err == nil {
		t.Error("an unknown group takes messages")
	}
}

// testAppendAgain: what is below the newest number is not appended again, whatever is beside it.
func testAppendAgain(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	for _, tc := range []struct {
		numbers []uint64
		fresh   int
		want    []uint64
	}{
		{[]uint64{1, 2}, 2, []uint64{1, 2}},
		{[]uint64{1, 2}, 0, []uint64{1, 2}},
		{[]uint64{2, 3}, 1, []uint64{1, 2, 3}},
		{[]uint64{1, 2, 3, 9, 10}, 2, []uint64{1, 2, 3, 9, 10}},
		{[]uint64{4, 5}, 0, []uint64{1, 2, 3, 9, 10}}, // their place is taken
		{[]uint64{10}, 0, []uint64{1, 2, 3, 9, 10}},
	} {
		messages := fenced("g", tc.numbers...)
		fresh := appended(t, s, "g", "gifts", messages)
		state := Load(t, s, "g")
		if len(fresh) != tc.fresh || !slices.Equal(numbersOf(state.Log), tc.want) || state.Seq != uint64(len(tc.want)) {
			t.Errorf("%v: %d new, want %d; in the log are %v up to %d, want %v", tc.numbers, len(fresh), tc.fresh, numbersOf(state.Log), state.Seq, tc.want)
		}
		for i, m := range fresh {
			if want := state.Seq - uint64(len(fresh)-1-i); m.Seq != want || m != messages[len(messages)-len(fresh)+i].Message {
				t.Errorf("%v: new message %d has number %d, want %d", tc.numbers, i, m.Seq, want)
			}
		}
	}
	if fresh := appended(t, s, "g", "draws", fenced("g", 1)); len(fresh) != 1 {
		t.Error("another fence does not have numbers of its own")
	}
	Create(t, s, "h")
	if fresh := appended(t, s, "h", "gifts", fenced("h", 1)); len(fresh) != 1 {
		t.Error("another group does not have numbers of its own")
	}
}

// testAppendOrder: what is appended is numbered with all the others, and kept as they are.
func testAppendOrder(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	Say(t, s, "g", 2)
	appended(t, s, "g", "gifts", fenced("g", 1, 2))
	if last := Say(t, s, "g", 1); last.Seq != 5 {
		t.Errorf("what comes next has number %d, want 5", last.Seq)
	}
	change, m := Status("g", "e", 1)
	if done, err := s.ApplyStatus(t.Context(), change, m, Keep); err != nil || done.Message.Seq != 6 {
		t.Errorf("the status is %+v, %v", done, err)
	}
	appended(t, s, "g", "gifts", fenced("g", 3))
	if got := Load(t, s, "g"); got.Seq != 7 || len(got.Log) != 7 || got.Log[2].Seq != 3 || numberOf(got.Log[2]) != 1 {
		t.Errorf("%d messages up to %d", len(got.Log), got.Seq)
	}
	short := Keep
	short.ResumeMessages, short.History = 3, 1
	if _, err := s.Append(t.Context(), "g", "gifts", fenced("g", 4), short); err != nil {
		t.Fatal(err)
	}
	if log, whole, err := s.Log(t.Context(), "g", 5, 100); err != nil || !whole || len(log) != 3 {
		t.Errorf("%d messages are kept, whole %v, %v", len(log), whole, err)
	}
	if got := Load(t, s, "g"); len(got.Log) != 3 {
		t.Errorf("%d messages are kept, want 3", len(got.Log))
	}
}

func testFences(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	for i := range 16 {
		appended(t, s, "g", fmt.Sprint("fence", i), fenced("g", uint64(i+1)))
	}
	_, err := s.Append(t.Context(), "g", "one more", fenced("g", 1), Keep)
	wantErr(t, "a seventeenth fence", err, chat.ErrParameter)
	if fresh := appended(t, s, "g", "fence3", fenced("g", 4, 5)); len(fresh) != 1 {
		t.Errorf("%d are new, want 1", len(fresh))
	}
	if got := Load(t, s, "g"); got.Seq != 17 || got.Fences["fence3"] != 5 || got.Fences["fence15"] != 16 || len(got.Fences) != 16 {
		t.Errorf("up to %d, fences %v", got.Seq, got.Fences)
	}
}

// raise is a change of a counter of the server.
func raise(key string, to chat.Number) chat.CounterChange {
	return chat.CounterChange{Op: chat.RaiseCounter, Values: map[string]chat.Number{key: to}, Server: true}
}

// testServerCounters: the server's counters are beside the others, and nobody else's.
func testServerCounters(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	twenty := make(map[string]chat.Number)
	for i := range 20 {
		twenty[fmt.Sprint("key", i)] = 1
	}
	set := func(key string, n chat.Number) chat.CounterChange {
		return chat.CounterChange{Op: chat.SetCounter, Values: map[string]chat.Number{key: n}, Server: true}
	}
	done := count(t, s, "g", raise(chat.CounterLikes, 5), raise(chat.CounterLikes, 3), raise(chat.CounterLikes, 8), set(chat.CounterPopularity, 9), set(chat.CounterPopularity, 4))
	for i, want := range []chat.Number{5, 5, 8, 9, 4} {
		key := map[bool]string{true: chat.CounterLikes, false: chat.CounterPopularity}[i < 3]
		if done[i].Refused != nil || done[i].All[key] != want {
			t.Errorf("change %d: %+v, want %d", i, done[i], want)
		}
	}
	for _, tc := range []struct {
		name   string
		change chat.CounterChange
		want   *chat.Error
	}{
		{"twenty beside", setTo(twenty), nil},
		{"a twenty-first", add("more", 1), chat.ErrCounterCount},
		{"one of the server's is no twenty-first", raise(chat.CounterGiftCount, 1), nil},
		{"set", setTo(map[string]chat.Number{chat.CounterLikes: 1}), chat.ErrPermission},
		{"add", add(chat.CounterLikes, 1), chat.ErrPermission},
		{"add beside another", chat.CounterChange{Op: chat.AddCounter, Values: map[string]chat.Number{"key1": 1, chat.CounterGiftValue: 1}}, chat.ErrPermission},
		{"raise", chat.CounterChange{Op: chat.RaiseCounter, Values: map[string]chat.Number{chat.CounterLikes: 1}}, chat.ErrPermission},
		{"replace", chat.CounterChange{Op: chat.ReplaceCounter, Values: map[string]chat.Number{chat.CounterLikes: 1}}, chat.ErrPermission},
		{"delete", chat.CounterChange{Op: chat.DeleteCounter, Keys: []string{chat.CounterPopularity}}, chat.ErrPermission},
		{"replace the others", chat.CounterChange{Op: chat.ReplaceCounter, Values: map[string]chat.Number{"x": 1}}, nil},
	} {
		done := count(t, s, "g", tc.change)[0]
		if (tc.want == nil) != (done.Refused == nil) || tc.want != nil && !done.Refused.Is(tc.want) {
			t.Errorf("%s: %+v, want %v", tc.name, done.Refused, tc.want)
		}
	}
	want := "map[live_gift_count:1 live_likes:8 live_popularity:4 x:1]"
	if got := fmt.Sprint(Load(t, s, "g").Counters.All); got != want {
		t.Errorf("left are %s, want %s", got, want)
	}
	if done := count(t, s, "g", chat.CounterChange{Op: chat.DeleteCounter})[0]; done.Refused != nil {
		t.Error(done.Refused)
	}
	if got, want := fmt.Sprint(Load(t, s, "g").Counters.All), strings.Replace(want, " x:1", "", 1); got != want {
		t.Errorf("left of all are %s, want %s", got, want)
	}
}

// testTotals: the totals are beside the fields a group may have, as the status is.
func testTotals(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	put := func(key, value string) error {
		_, err := s.PutFields(t.Context(), "g", map[string]string{key: value})
		return err
	}
	for i := range 10 {
		if err := put(fmt.Sprint("f", i), "x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := put(chat.TotalsKey, `{"likes":1}`); err != nil {
		t.Errorf("beside ten others: %v", err)
	}
	wantErr(t, "an eleventh", put("more", "x"), chat.ErrParameter)
	if got := Load(t, s, "g").Group.Fields; len(got) != 11 || got[chat.TotalsKey] != `{"likes":1}` {
		t.Errorf("%v", got)
	}
}

// testAppendsOfTwo: two nodes that empty the same outbox append each message once, in order.
func testAppendsOfTwo(t *testing.T, a, b FeedStore) {
	Create(t, a, "g")
	const all, step = 40, 5
	var wg sync.WaitGroup
	for _, s := range []FeedStore{a, b, a} {
		wg.Go(func() {
			for from := uint64(1); from < all; from += step {
				numbers := make([]uint64, 2*step)
				for i := range numbers {
					numbers[i] = from + uint64(i)
				}
				if _, err := s.Append(t.Context(), "g", "gifts", fenced("g", numbers...), Keep); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got := numbersOf(Load(t, b, "g").Log)
	for i, n := range got {
		if n != uint64(i+1) {
			t.Fatalf("appended were %v", got)
		}
	}
	if len(got) != all+step {
		t.Errorf("%d of %d were appended", len(got), all+step)
	}
}
