package chattest

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"liveroom/chat"
)

// put makes a change that must succeed.
func put(t *testing.T, s chat.Store, group string, c chat.SanctionChange) []chat.Sanction {
	t.Helper()
	if c.Limit == 0 {
		c.Limit = 100
	}
	done, err := s.PutSanctions(t.Context(), group, c)
	if err != nil {
		t.Fatalf("%+v: %v", c, err)
	}
	return done
}

// inForce are the sanctions of a kind that are not over.
func inForce(t *testing.T, s chat.Store, group string, kind chat.SanctionKind) map[string]chat.Sanction {
	t.Helper()
	state := Load(t, s, group)
	all := state.Mutes
	if kind == chat.Banning {
		all = state.Bans
	}
	of := map[string]chat.Sanction{}
	for _, one := range all {
		if time.Now().Before(one.Until) {
			of[one.User] = one
		}
	}
	return of
}

func testSanctions(t *testing.T, s chat.Store) {
	for _, kind := range []chat.SanctionKind{chat.Muting, chat.Banning} {
		id := fmt.Sprint("g", kind)
		Create(t, s, id)
		Create(t, s, "other-"+id)
		from := netip.MustParsePrefix("192.0.2.7/32")
		set := chat.SanctionChange{
			Kind: kind, Users: []string{"bob", "carol"}, For: time.Minute, By: "anna", Reason: "茶 \"",
			From: map[string][]netip.Prefix{"bob": {from}},
		}
		before := time.Now()
		done := put(t, s, id, set)
		after := time.Now()
		if len(done) != 2 || done[0].User != "bob" || done[1].User != "carol" {
			t.Fatalf("set %+v", done)
		}
		got := inForce(t, s, id, kind)
		bob := got["bob"]
		if len(got) != 2 || bob.By != "anna" || bob.Reason != set.Reason || !slices.Equal(bob.From, []netip.Prefix{from}) || got["carol"].From != nil {
			t.Errorf("stored %+v", got)
		}
		if bob.Until.Before(before.Add(time.Minute)) || bob.Until.After(after.Add(time.Minute+time.Second)) || bob.Until.Nanosecond() != 0 {
			t.Errorf("a minute from %v ends at %v", before, bob.Until)
		}
		if !bob.Until.Equal(done[0].Until) || bob.At.Before(before.Add(-time.Second)) || bob.At.After(after) {
			t.Errorf("answered %+v, stored %+v", done[0], bob)
		}

		set = chat.SanctionChange{Kind: kind, Users: []string{"bob"}, For: chat.Forever, By: "dora"}
		if done = put(t, s, id, set); !chat.IsEndless(done[0].Until) {
			t.Errorf("forever ends at %v", done[0].Until)
		}
		if bob = inForce(t, s, id, kind)["bob"]; !chat.IsEndless(bob.Until) || bob.By != "dora" || bob.Reason != "" || bob.From != nil {
			t.Errorf("not replaced: %+v", bob)
		}
		lifted := put(t, s, id, chat.SanctionChange{Kind: kind, Users: []string{"bob", "nobody"}, By: "anna"})
		if len(lifted) != 1 || lifted[0].User != "bob" {
			t.Errorf("lifted %+v", lifted)
		}
		if again := put(t, s, id, chat.SanctionChange{Kind: kind, Users: []string{"bob"}}); len(again) != 0 {
			t.Errorf("lifted again: %+v", again)
		}
		if got := inForce(t, s, id, kind); len(got) != 1 {
			t.Errorf("left over: %+v", got)
		}
		for other, of := range map[string]chat.SanctionKind{"other-" + id: kind, id: chat.Muting + chat.Banning - kind} {
			if got := inForce(t, s, other, of); len(got) != 0 {
				t.Errorf("%s has %+v", other, got)
			}
		}
	}
	_, err := s.PutSanctions(t.Context(), "g1", chat.SanctionChange{Kind: 7, Users: []string{"bob"}, For: time.Minute, Limit: 10})
	wantErr(t, "an unknown kind", err, chat.ErrParameter)
}

// testSanctionLimit: what is there may be replaced, what is over makes room, and of too many nothing is stored.
func testSanctionLimit(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	ban := func(d time.Duration, users ...string) error {
		_, err := s.PutSanctions(t.Context(), "g", chat.SanctionChange{Kind: chat.Banning, Users: users, For: d, Limit: 3})
		return err
	}
	for _, step := range []struct {
		users []string
		full  bool
		want  int
	}{
		{[]string{"a", "b"}, false, 2},
		{[]string{"c", "d"}, true, 2},
		{[]string{"c"}, false, 3},
		{[]string{"d"}, true, 3},
		{[]string{"a", "b", "c"}, false, 3},
		{[]string{"c", "d"}, true, 3},
	} {
		err := ban(time.Hour, step.users...)
		if step.full {
			wantErr(t, fmt.Sprint(step.users), err, chat.ErrTooManySanctions)
		} else if err != nil {
			t.Errorf("%v: %v", step.users, err)
		}
		if got := inForce(t, s, "g", chat.Banning); len(got) != step.want {
			t.Errorf("%v: %d stored, want %d", step.users, len(got), step.want)
		}
	}
	put(t, s, "g", chat.SanctionChange{Kind: chat.Muting, Users: []string{"x", "y", "z", "w"}, For: time.Hour, Limit: 4}) // of its own kind only

	Create(t, s, "short")
	put(t, s, "short", chat.SanctionChange{Kind: chat.Muting, Users: []string{"a"}, For: time.Millisecond, Limit: 1})
	end := inForce(t, s, "short", chat.Muting)["a"].Until
	time.Sleep(time.Until(end) + time.Millisecond)
	if got := inForce(t, s, "short", chat.Muting); len(got) != 0 {
		t.Errorf("not over: %+v", got)
	}
	if lifted := put(t, s, "short", chat.SanctionChange{Kind: chat.Muting, Users: []string{"a"}}); len(lifted) != 0 {
		t.Errorf("lifted what was over: %+v", lifted)
	}
	put(t, s, "short", chat.SanctionChange{Kind: chat.Muting, Users: []string{"b"}, For: time.Hour, Limit: 1})
	if state := Load(t, s, "short"); len(state.Mutes) != 1 || state.Mutes[0].User != "b" {
		t.Errorf("what is over was kept: %+v", state.Mutes)
	}
}

// testSanctionsGo: a group that is dismissed takes its mutes and bans along.
func testSanctionsGo(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	put(t, s, "g", chat.SanctionChange{Kind: chat.Muting, Users: []string{"bob"}, For: chat.Forever})
	put(t, s, "g", chat.SanctionChange{Kind: chat.Banning, Users: []string{"carol"}, For: chat.Forever})
	if err := s.DeleteGroup(t.Context(), "g"); err != nil {
		t.Fatal(err)
	}
	_, err := s.PutSanctions(t.Context(), "g", chat.SanctionChange{Kind: chat.Muting, Users: []string{"bob"}, For: time.Hour, Limit: 1})
	wantErr(t, "mute in a group that is gone", err, chat.ErrNoGroup)
	Create(t, s, "g")
	if state := Load(t, s, "g"); len(state.Mutes)+len(state.Bans) != 0 {
		t.Errorf("the new group inherits %+v and %+v", state.Mutes, state.Bans)
	}
	acks, err := s.Flush(t.Context(), "g", Batch(10, Message("g", "bob", "hi", chat.Normal), Message("g", "carol", "hi", chat.Normal)))
	if err != nil || acks[0].Refused != nil || acks[1].Refused != nil {
		t.Errorf("%+v, %v", acks, err)
	}
}

// testFlushRefuses: a mute or ban that comes between a message and its flush holds, and its key is free at once.
func testFlushRefuses(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	if _, err := s.PutProfile(t.Context(), "g", chat.Profile{Owner: "owner", Admins: []string{"admin", "quiet"}}); err != nil {
		t.Fatal(err)
	}
	near, far := netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("2001:db8::/64")
	put(t, s, "g", chat.SanctionChange{Kind: chat.Muting, Users: []string{"muted", "quiet", "owner"}, For: time.Hour})
	bans := put(t, s, "g", chat.SanctionChange{
		Kind: chat.Banning, Users: []string{"banned", "owner"}, For: 2 * time.Hour, From: map[string][]netip.Prefix{"banned": {near}},
	})
	server := Message("g", "muted", "of the server", chat.High)
	server.Server = true
	of := func(user string) *chat.Message { return Message("g", user, "hi", chat.Normal) }
	key := func(n byte) chat.Key { return chat.Key{n} }
	f := chat.Flush{Limit: 100, DedupAge: time.Minute, Keep: Keep, Candidates: []chat.Candidate{
		{Message: of("fine"), Key: key(1), Address: far},
		{Message: of("muted"), Key: key(2)},
		{Message: of("banned"), Key: key(3)},
		{Message: of("neighbour"), Key: key(4), Address: near},
		{Message: of("owner"), Key: key(5), Address: near},
		{Message: of("admin"), Key: key(6), Address: near},
		{Message: of("quiet"), Key: key(7)},
		{Message: of("muted"), Key: key(8), Trusted: true},
		{Message: server},
		{Message: of("fine"), Key: key(9)},
	}}
	want := []*chat.Error{nil, chat.ErrMuted, chat.ErrBanned, chat.ErrBanned, nil, nil, chat.ErrMuted, nil, nil, nil}
	for i := range f.Candidates {
		if k := f.Candidates[i].Key; k != (chat.Key{}) {
			if r, err := s.Reserve(t.Context(), "g", k); err != nil || !r.Fresh {
				t.Fatalf("reserve: %+v, %v", r, err)
			}
		}
	}
	acks, err := s.Flush(t.Context(), "g", f)
	if err != nil || len(acks) != len(want) {
		t.Fatalf("%d acks, %v", len(acks), err)
	}
	seq := uint64(0)
	for i, a := range acks {
		from := f.Candidates[i].Message.From
		r, err := s.Reserve(t.Context(), "g", chat.Key{byte(i + 1)})
		if err != nil {
			t.Fatal(err)
		}
		if want[i] == nil {
			seq++
			if a.Refused != nil || a.Seq != seq || a.Dropped {
				t.Errorf("%d of %s: %+v, want number %d", i, from, a, seq)
			}
			continue
		}
		if a.Refused == nil || a.Refused.Name != want[i].Name || a.Seq != 0 || !r.Fresh {
			t.Errorf("%d of %s: %+v, its key %+v; want %v", i, from, a, r, want[i])
		}
	}
	if until := acks[2].Refused.Until; !until.Equal(bans[0].Until) || !acks[3].Refused.Until.Equal(until) {
		t.Errorf("banned until %v, told %v and %v", bans[0].Until, until, acks[3].Refused.Until)
	}
	var texts []string
	for _, m := range Load(t, s, "g").Log {
		texts = append(texts, m.From)
	}
	if !reflect.DeepEqual(texts, []string{"fine", "owner", "admin", "muted", "muted", "fine"}) {
		t.Errorf("the log has messages of %v", texts)
	}
	put(t, s, "g", chat.SanctionChange{Kind: chat.Muting, Users: []string{"muted"}})
	put(t, s, "g", chat.SanctionChange{Kind: chat.Banning, Users: []string{"banned"}})
	acks, err = s.Flush(t.Context(), "g", chat.Flush{Limit: 100, DedupAge: time.Minute, Keep: Keep, Candidates: f.Candidates[1:4]})
	if err != nil || acks[0].Refused != nil || acks[1].Refused != nil || acks[2].Refused != nil {
		t.Errorf("after it was lifted: %+v, %v", acks, err)
	}
}
