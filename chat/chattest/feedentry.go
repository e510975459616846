package chattest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"liveroom/chat"
)

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
		func() (string, error) {
			_, err := s.Append(ctx, g, "gifts", fenced(g, 1, 2), Keep)
			return "append", err
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
	if _, err := a.Append(ctx, "g", "gifts", fenced("g", 1), Keep); err != nil {
		t.Fatal(err)
	}
	count(t, a, "g", raise(chat.CounterLikes, 2))
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
		"what was appended": func() error { _, err := b.Append(ctx, "g", "gifts", fenced("g", 1), Keep); return err },
		"nothing":           func() error { _, err := b.Append(ctx, "g", "gifts", nil, Keep); return err },
		"a lower counter": func() error {
			_, _, err := a.PutCounters(ctx, "g", []chat.CounterChange{raise(chat.CounterLikes, 1)})
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
