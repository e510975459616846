package chattest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
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
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, b := open(t)
			tc.test(t, a, b)
		})
	}
	t.Run("model", func(t *testing.T) { testFeedModel(t, open) })
}

// Ear is a Follower that remembers what it was told.
type Ear struct {
	mu      sync.Mutex
	entries []chat.Entry
	missed  int
	heard   chan struct{} // closed and made anew with each call
}

// NewEar returns an Ear that has heard nothing.
func NewEar() *Ear { return &Ear{heard: make(chan struct{})} }

// Took implements chat.Follower.
func (e *Ear) Took(one chat.Entry) { e.hear(func() { e.entries = append(e.entries, one) }) }

// Missed implements chat.Follower.
func (e *Ear) Missed() { e.hear(func() { e.missed++ }) }

func (e *Ear) hear(what func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	what()
	close(e.heard)
	e.heard = make(chan struct{})
}

// Entries returns what was told by position, each once.
func (e *Ear) Entries() []chat.Entry {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := slices.Clone(e.entries)
	slices.SortStableFunc(all, func(a, b chat.Entry) int { return int(a.Pos) - int(b.Pos) })
	return slices.CompactFunc(all, func(a, b chat.Entry) bool { return a.Pos == b.Pos && a.Epoch == b.Epoch })
}

// MissedTimes is how often Missed was called.
func (e *Ear) MissedTimes() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.missed
}

// Wait waits until what is true of what was heard.
func (e *Ear) Wait(t *testing.T, what string, is func() bool) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for {
		e.mu.Lock()
		heard := e.heard
		e.mu.Unlock()
		if is() {
			return
		}
		select {
		case <-heard:
		case <-limit:
			t.Fatalf("%s: not after 30 s; heard %d entries, missed %d times", what, len(e.Entries()), e.MissedTimes())
		}
	}
}

// Until waits for the entry at a position and returns all so far.
func (e *Ear) Until(t *testing.T, pos uint64) []chat.Entry {
	t.Helper()
	e.Wait(t, fmt.Sprint("entry ", pos), func() bool {
		return slices.ContainsFunc(e.Entries(), func(one chat.Entry) bool { return one.Pos == pos })
	})
	return e.Entries()
}

// Listen follows a group until the test ends.
func Listen(t *testing.T, s chat.Feed, group string) *Ear {
	t.Helper()
	ear := NewEar()
	stop, err := s.Follow(t.Context(), group, ear)
	if err != nil {
		t.Fatalf("follow %s: %v", group, err)
	}
	t.Cleanup(stop)
	return ear
}

// each are operations that change something of a group, in an order in which each does.
func each(t *testing.T, s FeedStore, g string) []func() (string, error) {
	ctx := t.Context()
	text, hour := "x", time.Hour
	return []func() (string, error){
		func() (string, error) {
			_, err := s.Flush(ctx, g, Batch(40, Message(g, "alice", "one", chat.High), Message(g, "bob", "two", chat.Low)))
			return "flush", err
		},
		func() (string, error) {
			change, m := Status(g, "e", 1)
			_, err := s.ApplyStatus(ctx, change, m, Keep)
			return "status", err
		},
		func() (string, error) {
			_, err := s.PutAttributes(ctx, g, chat.AttributeChange{Op: chat.SetAttribute, Set: map[string]string{"a": "\u2028"}, Writes: 10})
			return "attributes", err
		},
		func() (string, error) {
			_, err := s.PutFields(ctx, g, map[string]string{"f": "1"})
			return "fields", err
		},
		func() (string, error) { _, err := s.PutNotice(ctx, g, "hush"); return "notice", err },
		func() (string, error) {
			_, err := s.PutProfile(ctx, g, chat.Profile{Name: "n", Owner: "owner", Admins: []string{"ada"}})
			return "profile", err
		},
		func() (string, error) {
			_, err := s.PutSettings(ctx, g, chat.SettingsPatch{Avatar: &text, SlowMode: &hour})
			return "settings", err
		},
		func() (string, error) {
			_, _, err := s.PutCounters(ctx, g, []chat.CounterChange{add("likes", 1<<60)})
			return "counters", err
		},
		func() (string, error) {
			_, err := s.PutSanctions(ctx, g, chat.SanctionChange{Kind: chat.Muting, Users: []string{"bob"}, For: time.Hour, By: "ada", Limit: 10})
			return "mute", err
		},
		func() (string, error) {
			_, err := s.PutSanctions(ctx, g, chat.SanctionChange{Kind: chat.Muting, Users: []string{"bob"}, By: "ada"})
			return "unmute", err
		},
		func() (string, error) {
			_, err := s.Withdraw(ctx, g, chat.Withdrawal{Seq: 1, Kind: chat.Recalled, By: "alice", Reason: "oops"})
			return "withdraw", err
		},
		func() (string, error) {
			_, err := s.PutRobots(ctx, g, chat.RobotChange{Add: []chat.Robot{{User: "r"}}, For: time.Hour, Limit: 10})
			return "robots", err
		},
		func() (string, error) { return "tell", s.Tell(ctx, g, json.RawMessage(`{"kick":"bob"}`)) },
		func() (string, error) { return "delete", s.DeleteGroup(ctx, g) },
	}
}

// testEntryOfEach: each operation is one entry, at both nodes the same, and what it says is what is stored then.
func testEntryOfEach(t *testing.T, a, b FeedStore) {
	epoch := Create(t, a, "g").Epoch
	near, far := Listen(t, a, "g"), Listen(t, b, "g")
	for i, do := range each(t, a, "g") {
		name, err := do()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		pos := uint64(i + 1)
		got, other := near.Until(t, pos), far.Until(t, pos)
		if len(got) != i+1 || got[i].Pos != pos || got[i].Epoch != epoch || got[i].Op == "" || got[i].At.IsZero() {
			t.Fatalf("%s: %d entries, the last %+v", name, len(got), got[len(got)-1])
		}
		if x, y := plain(t, got[i]), plain(t, other[i]); x != y {
			t.Errorf("%s: its maker was told\n%s\nthe other node\n%s", name, x, y)
		}
		if name == "delete" {
			if !got[i].Dismissed {
				t.Errorf("delete: %+v", got[i])
			}
			continue
		}
		state := Load(t, b, "g")
		if state.Pos != pos {
			t.Errorf("%s: the head is at %d, want %d", name, state.Pos, pos)
		}
		checkDelta(t, name, other[i], state)
	}
}

// plain is an entry as text, times without their zone.
func plain(t *testing.T, e chat.Entry) string {
	t.Helper()
	e.At = e.At.UTC().Round(0)
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range e.Messages {
		raw = fmt.Appendf(raw, " %d %q", m.Seq, m.Body)
	}
	return string(raw)
}

// checkDelta compares what an entry says with the group after it.
func checkDelta(t *testing.T, name string, e chat.Entry, now chat.GroupState) {
	t.Helper()
	same := func(got, want any) {
		t.Helper()
		g, err1 := json.Marshal(got)
		w, err2 := json.Marshal(want)
		if err1 != nil || err2 != nil || string(g) != string(w) {
			t.Errorf("%s: the entry says\n%s\nstored is\n%s", name, g, w)
		}
	}
	said := 0
	for _, one := range []struct {
		there     bool
		got, want any
	}{
		{e.Status != nil, e.Status, chat.StatusMark{Epoch: now.StatusEpoch, Version: now.StatusVersion}},
		{e.Attributes != nil, e.Attributes, now.Attributes},
		{e.Fields != nil, e.Fields, chat.Values{Version: now.FieldsVersion, All: now.Group.Fields}},
		{e.Notice != nil, e.Notice, chat.VersionedNotice{Notice: now.Group.Notice, Version: now.NoticeVersion}},
		{e.Profile != nil, e.Profile, chat.VersionedProfile{Name: now.Group.Name, Owner: now.Group.Owner, Admins: now.Group.Admins, Version: now.ProfileVersion}},
		{e.Settings != nil, e.Settings, chat.VersionedSettings{Settings: now.Settings, Version: now.SettingsVersion}},
		{e.Counters != nil, e.Counters, now.Counters},
	} {
		if one.there {
			said++
			same(one.got, one.want)
		}
	}
	switch {
	case len(e.Messages) > 0:
		last := now.Log[len(now.Log)-1]
		got := e.Messages[len(e.Messages)-1]
		if got.Seq != last.Seq || string(got.Body) != string(last.Body) || got.From != last.From || !got.Time.Equal(last.Time) || got.Group != "g" {
			t.Errorf("%s: message %+v, stored %+v", name, got, last)
		}
	case e.Sanctions != nil:
		if c := e.Sanctions.Change; c.Kind != chat.Muting || len(c.Users) != 1 || (c.For > 0) != (len(now.Mutes) == 1) || len(e.Sanctions.Done) != 1 {
			t.Errorf("%s: %+v, stored %+v", name, e.Sanctions, now.Mutes)
		}
	case e.Withdrawn != nil:
		if w := e.Withdrawn; !w.Fresh || w.From != "alice" || w.Version != now.Head.Withdrawals || !reflect.DeepEqual(w.Withdrawal, now.Withdrawals[0]) {
			t.Errorf("%s: %+v, stored %+v", name, w, now.Withdrawals)
		}
	case e.Robots != nil:
		same(e.Robots.All, now.Robots)
	case e.Told != nil:
		if string(e.Told) != `{"kick":"bob"}` {
			t.Errorf("%s: %s", name, e.Told)
		}
	case said == 0:
		t.Errorf("%s: its entry says nothing", name)
	}
}

// testNoEntry: what changes nothing, and what is refused, makes no entry.
func testNoEntry(t *testing.T, a, b FeedStore) {
	Create(t, a, "g")
	ctx := t.Context()
	change, m := Status("g", "e", 1)
	if _, err := a.ApplyStatus(ctx, change, m, Keep); err != nil {
		t.Fatal(err)
	}
	before := Load(t, a, "g").Pos
	for name, do := range map[string]func() error{
		"the same notice":  func() error { _, err := a.PutNotice(ctx, "g", ""); return err },
		"the same profile": func() error { _, err := a.PutProfile(ctx, "g", chat.Profile{Owner: "owner"}); return err },
		"no settings":      func() error { _, err := a.PutSettings(ctx, "g", chat.SettingsPatch{}); return err },
		"an old status":    func() error { _, err := b.ApplyStatus(ctx, change, m, Keep); return err },
		"nothing added": func() error {
			_, _, err := a.PutCounters(ctx, "g", []chat.CounterChange{{Op: chat.DeleteCounter}})
			return err
		},
		"a drop":     func() error { _, err := a.Flush(ctx, "g", Batch(0, Message("g", "a", "x", chat.High))); return err },
		"no batch":   func() error { _, err := a.Flush(ctx, "g", Batch(40)); return err },
		"a reserved": func() error { _, err := a.Reserve(ctx, "g", chat.Key{1}); return err },
		"a released": func() error { return a.Release(ctx, "g", chat.Key{1}) },
		"a refused write": func() error {
			_, err := a.PutAttributes(ctx, "g", chat.AttributeChange{Op: chat.DeleteAttribute, Keys: []string{"no"}, Writes: 5})
			wantErr(t, "delete", err, chat.ErrNoAttribute)
			return nil
		},
	} {
		if err := do(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if now := Load(t, b, "g").Pos; now != before {
			t.Errorf("%s made an entry", name)
			before = now
		}
	}
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
	for i, do := range each(t, a, "g") {
		if i == 13 {
			break // all but delete
		}
		if name, err := do(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	told := ear.Until(t, 13)
	for _, tc := range []struct {
		after uint64
		limit int
		n     int
		whole bool
	}{{0, 100, 13, true}, {5, 100, 8, true}, {5, 3, 3, true}, {12, 100, 1, true}, {13, 100, 0, true}} {
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

// testVersions: what two nodes change at once has a version for each change, and nothing of either is lost.
func testVersions(t *testing.T, a, b FeedStore) {
	Create(t, a, "g")
	const times = 15
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[uint64]bool{}
	for n, s := range []FeedStore{a, b} {
		wg.Go(func() {
			for i := range times {
				v, err := s.PutAttributes(t.Context(), "g", chat.AttributeChange{Op: chat.SetAttribute, Set: map[string]string{fmt.Sprint(n, i%4): fmt.Sprint(i)}, Writes: 1 << 20})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				seen[v.Version] = true
				mu.Unlock()
			}
		})
		wg.Go(func() {
			for range times {
				if _, _, err := s.PutCounters(t.Context(), "g", []chat.CounterChange{add("likes", 1)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	now := Load(t, a, "g")
	if len(seen) != 2*times || now.Attributes.Version != 2*times || len(now.Attributes.All) != 8 {
		t.Errorf("%d changes had %d versions, the last %d; %v", 2*times, len(seen), now.Attributes.Version, now.Attributes.All)
	}
	if now.Counters.All["likes"] != 2*times {
		t.Errorf("%d adds made %d", 2*times, now.Counters.All["likes"])
	}
}

// testSendsOfTwo: nodes share frequency control, and know each other's sends.
func testSendsOfTwo(t *testing.T, a, b FeedStore) {
	Create(t, a, "g")
	ctx := t.Context()
	key := chat.Key{1}
	if r, err := a.Reserve(ctx, "g", key); err != nil || !r.Fresh {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err := b.Reserve(ctx, "g", key); err != nil || r.Fresh || r.Ack != nil {
		t.Errorf("under way at the other: %+v, %v", r, err)
	}
	f := Batch(2, Message("g", "a", "x", chat.Normal))
	f.Candidates[0].Key = key
	acks, err := a.Flush(ctx, "g", f)
	if err != nil || acks[0].Seq != 1 {
		t.Fatalf("%+v, %v", acks, err)
	}
	if r, err := b.Reserve(ctx, "g", key); err != nil || r.Ack == nil || r.Ack.Seq != 1 {
		t.Errorf("sent by the other: %+v, %v", r, err)
	}
	f = Batch(2, Message("g", "a", "x", chat.Normal), Message("g", "a", "w", chat.High))
	f.Candidates[0].Key = key
	again, err := b.Flush(ctx, "g", f)
	if err != nil || !again[0].Before || again[0].Seq != 1 || again[0].Dropped || !again[0].Time.Equal(acks[0].Time) || f.Candidates[0].Message.Seq != 0 {
		t.Errorf("flushed after the other did: %+v, %v", again, err)
	}
	if again[1].Before || again[1].Seq != 2 {
		t.Errorf("beside it: %+v", again[1])
	}
	if state := Load(t, a, "g"); state.Seq != 2 || len(state.Log) != 2 {
		t.Errorf("the log has %d messages up to %d", len(state.Log), state.Seq)
	}
	Create(t, a, "h")
	if _, err := a.Flush(ctx, "h", Batch(2, Message("h", "a", "x", chat.Normal))); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	acks, err = b.Flush(ctx, "h", Batch(2, Message("h", "a", "y", chat.Normal), Message("h", "a", "z", chat.Normal)))
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 500*time.Millisecond && acks[0].Dropped == acks[1].Dropped {
		t.Errorf("one of two has a place beside the other node's: %+v", acks)
	}
}

// testMutesOfTwo: who is muted at one node is refused by the other from then on, and free again when he is there.
func testMutesOfTwo(t *testing.T, a, b FeedStore) {
	Create(t, a, "g")
	say := func(s FeedStore, user string) *chat.Error {
		t.Helper()
		acks, err := s.Flush(t.Context(), "g", Batch(1000, Message("g", user, "x", chat.Normal)))
		if err != nil {
			t.Fatal(err)
		}
		return acks[0].Refused
	}
	for _, user := range []string{"bob", "owner", "ada"} {
		if err := say(b, user); err != nil {
			t.Fatalf("%s: %v", user, err)
		}
	}
	put(t, a, "g", chat.SanctionChange{Kind: chat.Muting, Users: []string{"bob", "owner"}, For: time.Hour})
	if say(b, "bob") == nil || say(a, "bob") == nil || say(b, "owner") != nil {
		t.Error("a mute of the other node does not hold, or does for the owner")
	}
	if _, err := a.PutProfile(t.Context(), "g", chat.Profile{Owner: "bob"}); err != nil {
		t.Fatal(err)
	}
	if say(b, "bob") != nil || say(b, "owner") == nil {
		t.Error("another owner is not known to the other node")
	}
	all := true
	if _, err := a.PutSettings(t.Context(), "g", chat.SettingsPatch{MuteAll: &all}); err != nil {
		t.Fatal(err)
	}
	if say(b, "ada") == nil || say(b, "bob") != nil {
		t.Error("that all are muted is not known to the other node")
	}
}

// testProfilesOfTwo: a profile that was worked out from an older one than there is does not take its place.
func testProfilesOfTwo(t *testing.T, a, b FeedStore) {
	Create(t, a, "g")
	put := func(s chat.Store, known uint64, p chat.Profile) error {
		_, err := s.PutProfile(chat.WithKnown(t.Context(), known), "g", p)
		return err
	}
	if err := put(a, 0, chat.Profile{Owner: "owner", Admins: []string{"ada"}}); err != nil {
		t.Fatal(err)
	}
	ben := chat.Profile{Owner: "owner", Admins: []string{"ada", "ben"}}
	if err := put(b, 0, chat.Profile{Owner: "owner", Admins: []string{"ben"}}); !errors.Is(err, chat.ErrOutdated) {
		t.Errorf("one who knows the first answers %v", err)
	}
	if err := put(b, 1, ben); err != nil {
		t.Errorf("one who knows the second: %v", err)
	}
	if state := Load(t, a, "g"); !state.Group.Profile().Equal(ben) || state.ProfileVersion != 2 {
		t.Errorf("it is %+v", state.Head)
	}
}
