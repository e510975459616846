package chattest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
)

// FeedStore is a Store that several nodes use, as one of them sees it.
type FeedStore interface {
	chat.Store
	chat.Feed
}

// RunFeed runs the suite of chat.Feed, and of what a Store promises to several nodes. Open makes an empty store and returns
// two nodes of it.
func RunFeed(t *testing.T, open func(t *testing.T) (a, b FeedStore)) {
	for _, tc := range []struct {
		name string
		test func(t *testing.T, a, b FeedStore)
	}{
		{"every change is an entry", testEntryOfEach},
		{"nothing that changes nothing is", testNoEntry},
		{"one order", testOneOrder},
		{"own entry before the answer", testOwnEntry},
		{"kept entries", testEntries},
		{"entries of messages that are gone", testEntriesGone},
		{"entries of what is withdrawn", testEntriesWithdrawn},
		{"notes", testNotes},
		{"asked twice", testAskedTwice},
		{"stop", testStop},
		{"two who follow", testTwoFollow},
		{"unknown group", testFeedUnknown},
		{"versions of two nodes", testVersions},
		{"sends of two nodes", testSendsOfTwo},
		{"mutes of two nodes", testMutesOfTwo},
		{"profiles of two nodes", testProfilesOfTwo},
		{"outbox of two nodes", testAppendsOfTwo},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, b := open(t)
			tc.test(t, a, b)
		})
	}
	t.Run("model", func(t *testing.T) { testFeedModel(t, open) })
}

// testOneOrder: two nodes write at once, and both are told the same, without a gap, messages numbered through.
func testOneOrder(t *testing.T, a, b FeedStore) {
	const writers, times = 3, 20
	Create(t, a, "g")
	ears := []*Ear{Listen(t, a, "g"), Listen(t, b, "g")}
	var wg sync.WaitGroup
	for n, s := range []FeedStore{a, b} {
		for w := range writers {
			wg.Go(func() {
				for i := range times {
					var err error
					switch (i + w) % 3 {
					case 0:
						_, err = s.PutNotice(t.Context(), "g", fmt.Sprint(n, w, i))
					case 1:
						err = s.Tell(t.Context(), "g", json.RawMessage(`1`))
					default:
						_, err = s.Flush(t.Context(), "g", Batch(1<<20, Message("g", "a", "1", chat.High), Message("g", "a", "2", chat.High)))
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	const all = 2 * writers * times
	var told [2]string
	for i, ear := range ears {
		var seq, notice uint64
		entries := ear.Until(t, all)
		ear.Wait(t, "all entries", func() bool { entries = ear.Entries(); return len(entries) == all })
		for n, e := range entries {
			if e.Pos != uint64(n+1) {
				t.Fatalf("node %d: entry %d has position %d", i, n, e.Pos)
			}
			for _, m := range e.Messages {
				if seq++; m.Seq != seq {
					t.Fatalf("node %d: message %d has number %d", i, seq, m.Seq)
				}
			}
			if e.Notice != nil {
				if notice++; e.Notice.Version != notice {
					t.Fatalf("node %d: notice %d has version %d", i, notice, e.Notice.Version)
				}
			}
			told[i] += plain(t, e)
		}
	}
	if told[0] != told[1] {
		t.Error("the nodes were told different things")
	}
}

// testOwnEntry: when an operation returns, its maker has its entry.
func testOwnEntry(t *testing.T, a, b FeedStore) {
	Create(t, a, "g")
	for _, s := range []FeedStore{a, b} {
		ear := Listen(t, s, "g")
		for i := range 20 {
			ctx, op := chat.WithOperation(t.Context())
			var err error
			if i%2 == 0 {
				_, err = s.Flush(ctx, "g", Batch(1<<20, Message("g", "a", "x", chat.High)))
			} else {
				err = s.Tell(ctx, "g", json.RawMessage(`1`))
			}
			if err != nil || !slices.ContainsFunc(ear.Entries(), func(e chat.Entry) bool { return e.Op == op }) {
				t.Fatalf("operation %d returned before its entry; %v", i, err)
			}
		}
	}
}

// testEntries: what is kept, from where it is asked for.
func testEntries(t *testing.T, a, b FeedStore) {
	epoch := Create(t, a, "g").Epoch
	ear := Listen(t, a, "g")
	all := each(t, a, "g")
	all = all[:len(all)-1] // delete is the last
	n := uint64(len(all))
	for _, do := range all {
		if name, err := do(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	told := ear.Until(t, n)
	for _, tc := range []struct {
		after uint64
		limit int
		n     int
		whole bool
	}{{0, 100, int(n), true}, {5, 100, int(n) - 5, true}, {5, 3, 3, true}, {n - 1, 100, 1, true}, {n, 100, 0, true}} {
		found, whole, err := b.Entries(t.Context(), "g", epoch, tc.after, tc.limit)
		if err != nil || whole != tc.whole || len(found) != tc.n {
			t.Errorf("after %d: %d entries, whole %v, %v", tc.after, len(found), whole, err)
			continue
		}
		for i, e := range found {
			want := told[int(tc.after)+i]
			if e.Pos == 1 {
				continue // its first message was withdrawn later
			}
			if x, y := plain(t, e), plain(t, want); x != y {
				t.Errorf("kept is\n%s\ntold was\n%s", x, y)
			}
		}
	}
	if found, whole, err := b.Entries(t.Context(), "g", chat.NewEpoch(time.Now()), 3, 100); err != nil || whole || len(found) != 0 {
		t.Errorf("of another epoch: %d entries, whole %v, %v", len(found), whole, err)
	}
}

// testEntriesGone: where messages are in the log no more, entries are not whole.
func testEntriesGone(t *testing.T, a, b FeedStore) {
	epoch := Create(t, a, "g").Epoch
	for i := range 10 {
		f := Batch(1000, Message("g", "alice", fmt.Sprint(i), chat.Normal))
		f.Keep = chat.Retention{History: 3, HistoryAge: time.Hour}
		if _, err := a.Flush(t.Context(), "g", f); err != nil {
			t.Fatal(err)
		}
	}
	if found, whole, err := b.Entries(t.Context(), "g", epoch, 7, 100); err != nil || !whole || len(found) != 3 {
		t.Errorf("of those in the log: %d, whole %v, %v", len(found), whole, err)
	}
	found, whole, err := b.Entries(t.Context(), "g", epoch, 0, 100)
	if err != nil || whole && len(found) != 10 {
		t.Errorf("of all: %d, whole %v, %v", len(found), whole, err)
	}
	for _, e := range found {
		if len(e.Messages) != 1 || e.Messages[0].Seq != e.Pos {
			t.Errorf("entry %d has %+v", e.Pos, e.Messages)
		}
	}
}

// testEntriesWithdrawn: what was withdrawn is followed by its withdrawal, whatever of it is still there.
func testEntriesWithdrawn(t *testing.T, a, b FeedStore) {
	epoch := Create(t, a, "g").Epoch
	Say(t, a, "g", 3)
	if _, err := a.Withdraw(t.Context(), "g", chat.Withdrawal{Seq: 2, Kind: chat.Blocked, By: "ada"}); err != nil {
		t.Fatal(err)
	}
	Say(t, b, "g", 1)
	found, whole, err := b.Entries(t.Context(), "g", epoch, 0, 100)
	if err != nil || !whole || len(found) != 5 {
		t.Fatalf("%d entries, whole %v, %v", len(found), whole, err)
	}
	if m := found[1].Messages[0]; m.Seq != 2 || len(m.Body) > 0 && m.Withdrawn != "" {
		t.Errorf("the message is %+v", m)
	}
	if w := found[3].Withdrawn; w == nil || w.Seq != 2 || w.Kind != chat.Blocked {
		t.Errorf("the withdrawal is %+v", w)
	}
}

// testNotes: what the maker adds arrives with the entry, told and kept.
func testNotes(t *testing.T, a, b FeedStore) {
	epoch := Create(t, a, "g").Epoch
	near, far := Listen(t, a, "g"), Listen(t, b, "g")
	ctx := chat.WithNote(t.Context(), json.RawMessage(`{"by":"ada"}`))
	if _, err := a.Flush(ctx, "g", Batch(40, Message("g", "a", "x", chat.High))); err != nil {
		t.Fatal(err)
	}
	if _, err := a.PutNotice(ctx, "g", "hush"); err != nil {
		t.Fatal(err)
	}
	kept, _, err := b.Entries(ctx, "g", epoch, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	for name, all := range map[string][]chat.Entry{"maker": near.Until(t, 2), "other": far.Until(t, 2), "kept": kept} {
		if len(all) != 2 || string(all[0].Note) != `{"by":"ada"}` || string(all[1].Note) != `{"by":"ada"}` {
			t.Errorf("%s: %+v", name, all)
		}
	}
}

// testAskedTwice: an operation that is asked for twice happens once, is answered the same, and told again to who asks.
func testAskedTwice(t *testing.T, a, b FeedStore) {
	Create(t, a, "g")
	Say(t, a, "g", 2)
	change, m := Status("g", "e", 1)
	f := Batch(40, Message("g", "a", "x", chat.High), Message("g", "b", "y", chat.Low))
	f.Candidates[0].Key = chat.Key{9}
	ops := []struct {
		name string
		do   func(ctx context.Context, s FeedStore) (string, error)
	}{
		{"flush", func(ctx context.Context, s FeedStore) (string, error) {
			acks, err := s.Flush(ctx, "g", f)
			return fmt.Sprint(acks, f.Candidates[0].Message.Seq, f.Candidates[1].Message.Seq), err
		}},
		{"status", func(ctx context.Context, s FeedStore) (string, error) {
			done, err := s.ApplyStatus(ctx, change, m, Keep)
			if err != nil {
				return "", err
			}
			return fmt.Sprint(done.Fresh, done.Message.Seq, done.Attributes, done.Fields), nil
		}},
		{"counters", func(ctx context.Context, s FeedStore) (string, error) {
			now, done, err := s.PutCounters(ctx, "g", []chat.CounterChange{add("likes", 3)})
			return fmt.Sprint(now, done), err
		}},
		{"attributes", func(ctx context.Context, s FeedStore) (string, error) {
			v, err := s.PutAttributes(ctx, "g", chat.AttributeChange{Op: chat.SetAttribute, Set: map[string]string{"a": "1"}, Known: 1, Writes: 5})
			return fmt.Sprint(v), err
		}},
		{"notice", func(ctx context.Context, s FeedStore) (string, error) {
			v, err := s.PutNotice(ctx, "g", "hush")
			return fmt.Sprint(v), err
		}},
		{"withdraw", func(ctx context.Context, s FeedStore) (string, error) {
			w, err := s.Withdraw(ctx, "g", chat.Withdrawal{Seq: 1, Kind: chat.Recalled, By: "alice"})
			return fmt.Sprint(w), err
		}},
		{"append", func(ctx context.Context, s FeedStore) (string, error) {
			fresh, err := s.Append(ctx, "g", "gifts", fenced("g", 1, 2), Keep)
			return fmt.Sprint(len(fresh), seqs(fresh)), err
		}},
		{"mute", func(ctx context.Context, s FeedStore) (string, error) {
			done, err := s.PutSanctions(ctx, "g", chat.SanctionChange{Kind: chat.Muting, Users: []string{"bob"}, For: time.Hour, Limit: 1})
			return fmt.Sprint(len(done)), err
		}},
		{"unmute", func(ctx context.Context, s FeedStore) (string, error) {
			done, err := s.PutSanctions(ctx, "g", chat.SanctionChange{Kind: chat.Muting, Users: []string{"bob"}})
			return fmt.Sprint(len(done)), err
		}},
		{"robots", func(ctx context.Context, s FeedStore) (string, error) {
			all, err := s.PutRobots(ctx, "g", chat.RobotChange{Add: []chat.Robot{{User: "r"}}, For: time.Hour, Limit: 1})
			return fmt.Sprint(len(all)), err
		}},
		{"reserve", func(ctx context.Context, s FeedStore) (string, error) {
			r, err := s.Reserve(ctx, "g", chat.Key{7})
			return fmt.Sprint(r), err
		}},
		{"tell", func(ctx context.Context, s FeedStore) (string, error) {
			return "", s.Tell(ctx, "g", json.RawMessage(`1`))
		}},
		{"delete", func(ctx context.Context, s FeedStore) (string, error) { return "", s.DeleteGroup(ctx, "g") }},
	}
	pos := Load(t, a, "g").Pos
	ear := Listen(t, a, "g")
	for _, tc := range ops {
		ctx, _ := chat.WithOperation(t.Context())
		first, err := tc.do(ctx, a)
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		second, err := tc.do(ctx, a)
		if err != nil || first != second {
			t.Errorf("%s: answered %s, and then %s, %v", tc.name, first, second, err)
		}
		if tc.name != "reserve" {
			pos++
		}
		if tc.name == "delete" {
			break
		}
		if now := Load(t, b, "g"); now.Pos != pos {
			t.Errorf("%s: %d entries, want %d", tc.name, now.Pos, pos)
			pos = now.Pos
		}
	}
	ear.Until(t, pos)
}

// testStop: who stopped is told nothing more.
func testStop(t *testing.T, a, b FeedStore) {
	Create(t, a, "g")
	ear := NewEar()
	stop, err := b.Follow(t.Context(), "g", ear)
	if err != nil {
		t.Fatal(err)
	}
	Say(t, a, "g", 1)
	ear.Until(t, 1)
	stop()
	Say(t, a, "g", 1)
	Say(t, b, "g", 1)
	again := Listen(t, b, "g") // what is said now comes after what would have come
	Say(t, a, "g", 1)
	again.Until(t, 4)
	if n := len(ear.Entries()); n != 1 {
		t.Errorf("told %d entries after it stopped", n-1)
	}
}

// testTwoFollow: two on one node are told the same, and one may go.
func testTwoFollow(t *testing.T, a, b FeedStore) {
	Create(t, a, "g")
	one, two := Listen(t, b, "g"), NewEar()
	stop, err := b.Follow(t.Context(), "g", two)
	if err != nil {
		t.Fatal(err)
	}
	Say(t, a, "g", 1)
	one.Until(t, 1)
	two.Until(t, 1)
	stop()
	Say(t, a, "g", 1)
	one.Until(t, 2)
}

func testFeedUnknown(t *testing.T, a, _ FeedStore) {
	_, _, err := a.Entries(t.Context(), "none", "e", 0, 10)
	wantErr(t, "entries", err, chat.ErrNoGroup)
	wantErr(t, "tell", a.Tell(t.Context(), "none", json.RawMessage(`1`)), chat.ErrNoGroup)
}
