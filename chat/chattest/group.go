package chattest

import (
	"fmt"
	"maps"
	"reflect"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
)

func testGroups(t *testing.T, s chat.Store) {
	ctx := t.Context()
	g := chat.Group{
		ID: "a b/#%&", Room: "r1", Owner: "owner", Admins: []string{"x"}, Name: "名", Notice: "hello <b>",
		Fields: map[string]string{"topic": "\x00 \u2028"},
	}
	now, fresh, err := s.CreateGroup(ctx, g)
	if err != nil || !fresh {
		t.Fatalf("first create: fresh %v, %v", fresh, err)
	}
	if now.CreatedAt.IsZero() || now.Name != g.Name || now.Notice != g.Notice || !maps.Equal(now.Fields, g.Fields) {
		t.Errorf("created %+v", now)
	}
	other := g
	other.Room, other.Name = "r2", "other"
	if now, fresh, err = s.CreateGroup(ctx, other); err != nil || fresh || now.Room != "r1" || now.Name != "名" {
		t.Errorf("second create: %+v, fresh %v, %v", now, fresh, err)
	}
	first := Load(t, s, g.ID)
	if first.Epoch == "" || first.Seq != 0 || len(first.Log) != 0 || len(first.Group.Admins) != 1 {
		t.Errorf("new group is %+v", first)
	}
	if err := s.DeleteGroup(ctx, g.ID); err != nil {
		t.Fatal(err)
	}
	wantErr(t, "delete twice", s.DeleteGroup(ctx, g.ID), chat.ErrNoGroup)
	if _, fresh, err := s.CreateGroup(ctx, g); err != nil || !fresh {
		t.Fatalf("create again: fresh %v, %v", fresh, err)
	}
	if again := Load(t, s, g.ID); again.Epoch == first.Epoch {
		t.Error("a new group goes on in the epoch of the old one")
	}
}

func testUnknownGroup(t *testing.T, s chat.Store) {
	ctx := t.Context()
	change, m := Status("none", "e", 1)
	for _, tc := range []struct {
		name string
		call func() error
	}{
		{"load", func() error { _, err := s.LoadGroup(ctx, "none"); return err }},
		{"delete", func() error { return s.DeleteGroup(ctx, "none") }},
		{"reserve", func() error { _, err := s.Reserve(ctx, "none", chat.Key{1}); return err }},
		{"release", func() error { return s.Release(ctx, "none", chat.Key{1}) }},
		{"flush", func() error {
			_, err := s.Flush(ctx, "none", Batch(40, Message("none", "a", "x", chat.High)))
			return err
		}},
		{"status", func() error { _, err := s.ApplyStatus(ctx, change, m, Keep); return err }},
		{"attributes", func() error {
			_, err := s.PutAttributes(ctx, "none", chat.AttributeChange{Op: chat.ClearAttribute, Writes: 5})
			return err
		}},
		{"fields", func() error { _, err := s.PutFields(ctx, "none", map[string]string{"a": "b"}); return err }},
		{"notice", func() error { _, err := s.PutNotice(ctx, "none", "x"); return err }},
		{"profile", func() error { _, err := s.PutProfile(ctx, "none", chat.Profile{Owner: "x"}); return err }},
		{"withdraw", func() error { _, err := s.Withdraw(ctx, "none", chat.Withdrawal{Seq: 1}); return err }},
		{"settings", func() error { _, err := s.PutSettings(ctx, "none", chat.SettingsPatch{}); return err }},
		{"log", func() error { _, _, err := s.Log(ctx, "none", 0, 10); return err }},
	} {
		wantErr(t, tc.name, tc.call(), chat.ErrNoGroup)
	}
}

func testStatus(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	Say(t, s, "g", 3)
	var wantSeq uint64 = 3
	var attributes, fields uint64
	for _, tc := range []struct {
		name    string
		epoch   string
		version uint64
		fresh   bool
	}{
		{"first", "B", 1, true},
		{"again", "B", 1, false},
		{"next but one", "B", 3, true},
		{"one behind", "B", 2, false},
		{"older epoch", "A", 9, false},
		{"newer epoch", "C", 1, true},
		{"older epoch again", "B", 99, false},
	} {
		change, m := Status("g", tc.epoch, tc.version)
		done, err := s.ApplyStatus(t.Context(), change, m, Keep)
		if err != nil || done.Fresh != tc.fresh {
			t.Fatalf("%s: %+v, %v", tc.name, done, err)
		}
		if !tc.fresh {
			continue
		}
		wantSeq, attributes, fields = wantSeq+1, attributes+1, fields+1
		if done.Message == nil || done.Message.Seq != wantSeq || done.Message.Time.IsZero() {
			t.Errorf("%s: message %+v, want seq %d", tc.name, done.Message, wantSeq)
		}
		if done.Attributes.Version != attributes || done.Attributes.All["live_status"] != string(change.Record) {
			t.Errorf("%s: attributes %+v", tc.name, done.Attributes)
		}
		if done.Fields.Version != fields || done.Fields.All["live_status"] != string(change.Field) {
			t.Errorf("%s: fields %+v", tc.name, done.Fields)
		}
	}
	state := Load(t, s, "g")
	if state.Seq != 6 || len(state.Log) != 6 || state.StatusEpoch != "C" || state.StatusVersion != 1 {
		t.Errorf("state is %+v", state)
	}
	if last := state.Log[5]; !last.Server || last.From != chat.Administrator || last.Priority != chat.High {
		t.Errorf("status message was logged as %+v", last)
	}
}

func testNotice(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	for i, tc := range []struct {
		notice string
		want   uint64
	}{
		{"", 0}, {"one", 1}, {"one", 1}, {"", 2}, {"", 2}, {"one", 3},
	} {
		version, err := s.PutNotice(t.Context(), "g", tc.notice)
		if err != nil || version != tc.want {
			t.Fatalf("notice %d, %q: version %d, %v; want %d", i, tc.notice, version, err, tc.want)
		}
		if state := Load(t, s, "g"); state.Group.Notice != tc.notice || state.NoticeVersion != tc.want {
			t.Errorf("notice %d: stored %q, version %d", i, state.Group.Notice, state.NoticeVersion)
		}
	}
}

func testProfile(t *testing.T, s chat.Store) {
	Create(t, s, "g") // owned by owner
	for i, tc := range []struct {
		name    string
		profile chat.Profile
		want    uint64
	}{
		{"as created", chat.Profile{Owner: "owner"}, 0},
		{"name", chat.Profile{Name: "茶 <&> \u2028", Owner: "owner"}, 1},
		{"the same again", chat.Profile{Name: "茶 <&> \u2028", Owner: "owner"}, 1},
		{"owner", chat.Profile{Name: "茶", Owner: "anna"}, 2},
		{"administrators", chat.Profile{Name: "茶", Owner: "anna", Admins: []string{"x", "y"}}, 3},
		{"the same administrators", chat.Profile{Name: "茶", Owner: "anna", Admins: []string{"x", "y"}}, 3},
		{"in another order", chat.Profile{Name: "茶", Owner: "anna", Admins: []string{"y", "x"}}, 4},
		{"one less", chat.Profile{Name: "茶", Owner: "anna", Admins: []string{"y"}}, 5},
		{"nothing", chat.Profile{}, 6},
		{"no administrators, said otherwise", chat.Profile{Admins: []string{}}, 6},
		{"back", chat.Profile{Owner: "owner"}, 7},
	} {
		version, err := s.PutProfile(t.Context(), "g", tc.profile)
		if err != nil || version != tc.want {
			t.Fatalf("%d %s: version %d, %v; want %d", i, tc.name, version, err, tc.want)
		}
		if state := Load(t, s, "g"); !state.Group.Profile().Equal(tc.profile) || state.ProfileVersion != tc.want {
			t.Errorf("%d %s: stored %+v, version %d", i, tc.name, state.Group.Profile(), state.ProfileVersion)
		}
	}
}

// testProfileSparesTheRest: a profile touches nothing else of its group, nor another group.
func testProfileSparesTheRest(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	other := Create(t, s, "other")
	Say(t, s, "g", 3)
	change, m := Status("g", "e", 1)
	if _, err := s.ApplyStatus(t.Context(), change, m, Keep); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutNotice(t.Context(), "g", "hush"); err != nil {
		t.Fatal(err)
	}
	before := Load(t, s, "g")
	if _, err := s.PutProfile(t.Context(), "g", chat.Profile{Name: "new", Owner: "anna", Admins: []string{"x"}}); err != nil {
		t.Fatal(err)
	}
	after := Load(t, s, "g")
	if len(after.Log) != len(before.Log) || after.Group.Name != "new" || after.ProfileVersion != 1 {
		t.Errorf("stored %+v with %d messages", after.Head, len(after.Log))
	}
	after.Group.Name, after.Group.Owner, after.Group.Admins = before.Group.Name, before.Group.Owner, before.Group.Admins
	after.ProfileVersion, after.ChangedAt, after.Pos = before.ProfileVersion, before.ChangedAt, before.Pos
	if !reflect.DeepEqual(after.Head, before.Head) {
		t.Errorf("became %+v\nwas    %+v", after.Head, before.Head)
	}
	if now := Load(t, s, "other"); !reflect.DeepEqual(now.Head, other.Head) {
		t.Errorf("the other group became %+v", now.Head)
	}
}

// testChangedAt: each change of what the group is moves the time of the last one, and what changes nothing does not.
func testChangedAt(t *testing.T, s chat.Store) {
	last := Create(t, s, "g").ChangedAt
	if !last.IsZero() {
		t.Errorf("a new group was changed at %s", last)
	}
	text := "x"
	change, m := Status("g", "e", 1)
	for _, step := range []struct {
		name  string
		do    func() error
		moves bool
	}{
		{"profile", func() error { _, err := s.PutProfile(t.Context(), "g", chat.Profile{Name: "x"}); return err }, true},
		{"the same", func() error { _, err := s.PutProfile(t.Context(), "g", chat.Profile{Name: "x"}); return err }, false},
		{"notice", func() error { _, err := s.PutNotice(t.Context(), "g", "x"); return err }, true},
		{"the same", func() error { _, err := s.PutNotice(t.Context(), "g", "x"); return err }, false},
		{"fields", func() error { _, err := s.PutFields(t.Context(), "g", map[string]string{"a": "b"}); return err }, true},
		{"settings", func() error { _, err := s.PutSettings(t.Context(), "g", chat.SettingsPatch{Avatar: &text}); return err }, true},
		{"the same", func() error { _, err := s.PutSettings(t.Context(), "g", chat.SettingsPatch{Avatar: &text}); return err }, false},
		{"status", func() error { _, err := s.ApplyStatus(t.Context(), change, m, Keep); return err }, true},
		{"attributes", func() error {
			_, err := attributes(t, s, "g", chat.AttributeChange{Op: chat.SetAttribute, Set: map[string]string{"a": "1"}})
			return err
		}, false},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		now := Load(t, s, "g").ChangedAt
		if now.After(last) != step.moves || !step.moves && !now.Equal(last) || time.Since(now) > time.Minute {
			t.Errorf("%s: changed at %s, before at %s", step.name, now, last)
		}
		last = now
	}
}

// testConcurrent: operations of one group take effect one after the other, and groups do not mix.
func testConcurrent(t *testing.T, s chat.Store) {
	const groups, writers, each = 4, 4, 25
	var wg sync.WaitGroup
	for g := range groups {
		id := fmt.Sprint("g", g)
		Create(t, s, id)
		for w := range writers {
			wg.Go(func() {
				var last uint64
				for i := range each {
					m := Message(id, fmt.Sprint("w", w), fmt.Sprint(i), chat.Normal)
					acks, err := s.Flush(t.Context(), id, Batch(1<<20, m))
					if err != nil || acks[0].Seq <= last {
						t.Errorf("%s: %+v after %d, %v", id, acks, last, err)
						return
					}
					last = acks[0].Seq
				}
			})
		}
		wg.Go(func() {
			for v := range uint64(5) {
				change, m := Status(id, "e", v+1)
				if _, err := s.ApplyStatus(t.Context(), change, m, Keep); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for g := range groups {
		state := Load(t, s, fmt.Sprint("g", g))
		if len(state.Log) != writers*each+5 || state.Seq != uint64(len(state.Log)) {
			t.Errorf("g%d has %d messages up to %d", g, len(state.Log), state.Seq)
		}
		for i, m := range state.Log {
			if m.Seq != uint64(i+1) || m.Group != state.Group.ID || i > 0 && m.Time.Before(state.Log[i-1].Time.Add(-time.Second)) {
				t.Fatalf("message %d of g%d is %+v", i, g, m)
			}
		}
	}
}
