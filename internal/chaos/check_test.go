package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"liveroom/status"
)

// tale builds a history by hand.
type tale struct{ events []Event }

func (s *tale) add(who, node string, what any) {
	s.events = append(s.events, Event{time.Duration(len(s.events)) * time.Second, who, node, "r", what})
}

var dawn = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// rec is the version's record in a room that is pushed to, paused, ended by an administrator, and opened again.
func rec(version uint64) status.Record {
	codes := []status.Code{0, status.Waiting, status.Live, status.Paused, status.Ended, status.Waiting, status.Live}
	reasons := []status.Reason{
		"", status.ReasonCreated, status.ReasonPushStarted, status.ReasonByAdmin, status.ReasonByAdmin, status.ReasonReopened, status.ReasonPushStarted,
	}
	return status.Record{
		Room: "r", Epoch: "e", Version: version, Code: codes[version], Reason: reasons[version], Since: dawn.Add(time.Duration(version) * time.Minute),
		StreamActive: codes[version] == status.Live || codes[version] == status.Paused,
	}
}

func final(members int, version uint64) Final {
	return Final{Record: rec(version), Members: members, Values: map[string]string{"attribute mod": "2", "counter mod": "3", "mute mod": "7"}}
}

// good is a history in which every promise is kept. Its names are what breakers look for.
func good() *tale {
	s := &tale{}
	for v := uint64(1); v <= 3; v++ {
		s.add("listener", "a", Saw{Via: "events", Each: true, Record: rec(v)})
	}
	s.add("driver", "a", Drove{Action: "end", Outcome: Done, Record: rec(4)})
	s.add("poller", "b", Saw{Via: "rest", From: 3500 * time.Millisecond, Record: rec(4)})
	s.add("listener", "a", Saw{Via: "events", Each: true, Record: rec(4)})
	s.add("driver", "b", Drove{Action: "reopen", Outcome: Done, Record: rec(5)})
	s.add("anchor", "b", Pushing{})
	s.add("anchor", "b", Pushed{"lost"})
	s.add("anchor", "a", Pushing{})
	s.add("listener", "b", Saw{Via: "events", Each: true, Record: rec(5)})
	s.add("listener", "b", Saw{Via: "events", Each: true, Record: rec(6)})

	s.add("anna", "a", Joined{Epoch: "c", Seq: 1})
	s.add("bert", "b", Joined{Epoch: "c", Seq: 1})
	s.add("anna", "a", Said{"anna says 1"})
	s.add("anna", "a", Got{"c", 2, "anna says 1", false})
	s.add("anna", "a", Acked{Text: "anna says 1", Epoch: "c", Scope: "room", Seq: 2})
	s.add("bert", "b", Got{"c", 2, "anna says 1", false})
	s.add("bert", "b", Parted{"lost"})
	s.add("anna", "a", Said{"anna says 2"})
	s.add("anna", "a", Got{"c", 3, "anna says 2", false})
	s.add("anna", "a", Acked{Text: "anna says 2", Epoch: "c", Scope: "room", Seq: 3})
	s.add("bert", "a", Joined{Epoch: "c", Seq: 3, After: 2, Complete: true})
	s.add("bert", "a", Got{"c", 3, "anna says 2", false})
	s.add("bert", "a", Got{"c", 1, "of before", false})
	s.add("anna", "a", Said{"anna says 3"})
	s.add("anna", "a", Got{"", 0, "anna says 3", true})
	s.add("bert", "a", Got{"", 0, "anna says 3", true})
	s.add("anna", "a", Acked{Text: "anna says 3", Scope: "node"})
	s.add("anna", "a", Said{"anna says 4"})
	s.add("anna", "a", Acked{Text: "anna says 4", Epoch: "c", Scope: "room", Seq: 3, Dropped: true})
	s.add("anna", "a", Said{"anna says 5"})
	s.add("anna", "a", Got{"c", 5, "anna says 5", false})
	s.add("bert", "a", Got{"c", 5, "anna says 5", false})
	s.add("anna", "a", Acked{Text: "anna says 5", Epoch: "c", Scope: "room", Seq: 5})

	s.add("mod", "a", Wrote{Attribute, "mod", "1", Done})
	s.add("mod", "b", Wrote{Attribute, "mod", "2", Unknown})
	s.add("mod", "b", Wrote{Attribute, "mod", "3", Refused})
	s.add("mod", "a", Wrote{Counter, "mod", "1", Done})
	s.add("mod", "a", Wrote{Counter, "mod", "1", Done})
	s.add("mod", "a", Wrote{Counter, "mod", "1", Unknown})
	s.add("mod", "a", Wrote{Mute, "mod", "7", Done})
	for _, who := range []string{"anna", "bert"} {
		s.add(who, "a", Told{"notice", "c", 1, "hello"})
		s.add(who, "a", Told{"notice", "c", 2, "hello again"})
	}
	s.add("player", "a", Listed{1, "s", 40, 39, []Listing{{"1-40.m4s", true}, {"1-41.m4s", false}}})
	s.add("player", "a", Loaded{"s", "1-41.m4s", "aa"})
	s.add("player", "a", Listed{1, "s", 41, 40, []Listing{{"1-41.m4s", false}, {"2-42.m4s", true}}})
	s.add("player", "b", Listed{2, "s", 40, 39, []Listing{{"1-40.m4s", true}, {"1-41.m4s", false}}})
	s.add("player", "b", Listed{2, "s", 41, 40, []Listing{{"1-41.m4s", false}, {"2-42.m4s", true}}})
	s.add("player", "b", Loaded{"s", "1-41.m4s", "aa"})
	s.add("player", "b", Listed{3, "t", 1, 1, []Listing{{"3-1.m4s", false}}})
	s.add("player", "b", Listed{4, "u", 41, 1, []Listing{{"1-41.m4s", false}}}) // of a room that was made anew
	s.add("player", "b", Loaded{"u", "1-41.m4s", "bb"})
	s.add("director", "", Cast{Members: 2})
	s.add("settle", "a", final(2, 6))
	s.add("settle", "b", final(2, 6))
	s.add("viewer", "b", Flow{Bytes: 1})
	return s
}

// change replaces the events that f wants to.
func (s *tale) change(t *testing.T, f func(Event) (any, bool)) {
	t.Helper()
	changed := false
	for i, e := range s.events {
		if what, ok := f(e); ok {
			s.events[i].What, changed = what, true
		}
	}
	if !changed {
		t.Fatal("nothing to break")
	}
}

func TestAGoodHistoryHasNoViolations(t *testing.T) {
	for _, v := range Check(good().events, Rules{}) {
		t.Error(v)
	}
}

// breakers each break one promise in the good history.
var breakers = []struct {
	name  string
	want  string
	spoil func(t *testing.T, s *tale)
}{
	{"two records of a version", OneRecord, func(_ *testing.T, s *tale) {
		r := rec(6)
		r.Session = "another"
		s.add("poller", "a", Saw{Via: "rest", Record: r})
	}},
	{"another epoch", OneEpoch, func(_ *testing.T, s *tale) {
		r := rec(6)
		r.Epoch, r.Version = "f", 7
		s.add("poller", "a", Saw{Via: "rest", Record: r})
	}},
	{"an impossible step", Steps, func(t *testing.T, s *tale) { s.forge(t, 5, func(r *status.Record) { r.Code = status.Paused }) }},
	{"an end that nobody asked for", EndsByRule, func(t *testing.T, s *tale) {
		s.change(t, func(e Event) (any, bool) {
			d, ok := e.What.(Drove)
			if ok && d.Action == "end" {
				d.Action = "pause"
			}
			return d, ok
		})
	}},
	{"grace over before its time", EndsByRule, func(t *testing.T, s *tale) {
		s.forge(t, 4, func(r *status.Record) { r.Reason = status.ReasonGraceOver })
	}},
	{"an end by another rule", EndsByRule, func(t *testing.T, s *tale) {
		s.forge(t, 4, func(r *status.Record) { r.Reason = status.ReasonScheduleOver })
	}},
	{"a reader goes back", Rising, func(_ *testing.T, s *tale) {
		s.add("poller", "a", Saw{Via: "wait", Record: rec(6)})
		s.add("poller", "a", Saw{Via: "wait", Record: rec(5)})
	}},
	{"a change is not told", NoneMissed, func(t *testing.T, s *tale) {
		s.remove(t, func(e Event) bool { saw, ok := e.What.(Saw); return ok && saw.Each && saw.Record.Version == 2 })
	}},
	{"an old answer after a newer one", Answered, func(_ *testing.T, s *tale) {
		s.add("late", "b", Saw{Via: "rest", From: time.Hour, Record: rec(4)})
	}},
	{"one number for two messages", OneMessage, func(t *testing.T, s *tale) {
		s.change(t, func(e Event) (any, bool) {
			g, ok := e.What.(Got)
			g.Text = "forged"
			return g, ok && e.Who == "bert" && g.Seq == 5
		})
	}},
	{"two numbers for a message", NoRepeats, func(_ *testing.T, s *tale) {
		s.insert(Event{Who: "anna", Node: "a", Room: "r", What: Acked{Text: "anna says 5", Epoch: "c", Scope: "room", Seq: 6}})
	}},
	{"a message comes twice", NoRepeats, func(_ *testing.T, s *tale) {
		s.add("bert", "a", Got{"c", 5, "anna says 5", false})
	}},
	{"an older message after a newer one", InOrder, func(t *testing.T, s *tale) {
		s.swap(t, "bert", 3, 5)
	}},
	{"a message of another epoch", InOrder, func(_ *testing.T, s *tale) {
		s.add("bert", "a", Got{"d", 6, "x", false})
	}},
	{"a sender's messages change places", InOrder, func(_ *testing.T, s *tale) {
		s.add("anna", "a", Acked{Text: "anna says 6", Epoch: "c", Scope: "room", Seq: 4})
	}},
	{"an answered message does not come", Delivered, func(t *testing.T, s *tale) {
		s.remove(t, func(e Event) bool { g, ok := e.What.(Got); return ok && g.Seq == 3 && e.Who == "bert" })
	}},
	{"the newest message does not come", Converges, func(t *testing.T, s *tale) {
		s.remove(t, func(e Event) bool { g, ok := e.What.(Got); return ok && g.Seq == 5 && e.Who == "bert" })
	}},
	{"scope room without number", OnlyDegraded, func(t *testing.T, s *tale) {
		s.change(t, func(e Event) (any, bool) {
			a, ok := e.What.(Acked)
			ok = ok && a.Scope == "node"
			a.Scope = "room"
			return a, ok
		})
	}},
	{"a message without number on another node", OnlyDegraded, func(t *testing.T, s *tale) {
		s.add("bert", "b", Got{"", 0, "anna says 3", true})
	}},
	{"scope node comes back", OnlyDegraded, func(_ *testing.T, s *tale) {
		for _, who := range []string{"anna", "bert"} {
			s.add(who, "a", Got{"c", 6, "anna says 3", false})
		}
	}},
	{"scope node for what had come with a number", OnlyDegraded, func(_ *testing.T, s *tale) {
		s.add("bert", "b", Said{"bert says 1"})
		s.add("bert", "b", Got{"c", 6, "bert says 1", false})
		s.add("anna", "a", Got{"c", 6, "bert says 1", false})
		s.add("bert", "a", Said{"bert says 1"})
		s.add("bert", "a", Acked{Text: "bert says 1", Epoch: "c", Scope: "node"})
	}},
	{"two states of a version", OneState, func(_ *testing.T, s *tale) {
		s.add("bert", "a", Told{"notice", "c", 2, "other"})
	}},
	{"an older state after a newer one", StateRises, func(_ *testing.T, s *tale) {
		s.add("bert", "a", Told{"notice", "c", 1, "hello"})
	}},
	{"the newest state is not told", StateTold, func(_ *testing.T, s *tale) {
		s.add("anna", "a", Told{"notice", "c", 3, "new"})
	}},
	{"a list goes back", ListsGoOn, func(t *testing.T, s *tale) {
		s.list(t, 1, func(l *Listed) {
			l.First, l.Breaks, l.Files = 42, 40, []Listing{{"2-42.m4s", true}, {"2-43.m4s", false}}
		})
	}},
	{"a segment with other bytes", OneFile, func(_ *testing.T, s *tale) {
		s.add("other", "b", Loaded{"s", "1-41.m4s", "ff"})
	}},
	{"a segment at another place", OneFile, func(t *testing.T, s *tale) { s.list(t, 2, func(l *Listed) { l.First++ }) }},
	{"a segment after other breaks", OneFile, func(t *testing.T, s *tale) { s.list(t, 2, func(l *Listed) { l.Breaks++ }) }},
	{"pushes without a break", Breaks, func(t *testing.T, s *tale) { s.list(t, 2, func(l *Listed) { l.Files[1].Breaks = false }) }},
	{"a lost attribute", NothingLost, func(t *testing.T, s *tale) { s.value(t, "attribute mod", "") }},
	{"an attribute that was refused", NothingLost, func(t *testing.T, s *tale) { s.value(t, "attribute mod", "3") }},
	{"a lost mute", NothingLost, func(t *testing.T, s *tale) { s.value(t, "mute mod", "") }},
	{"a counter too low", NothingLost, func(t *testing.T, s *tale) { s.value(t, "counter mod", "1") }},
	{"a counter too high", NothingLost, func(t *testing.T, s *tale) { s.value(t, "counter mod", "4") }},
	{"nodes of different opinions", Agree, func(t *testing.T, s *tale) {
		s.change(t, func(e Event) (any, bool) {
			f, ok := e.What.(Final)
			ok = ok && e.Node == "b"
			f.Values = map[string]string{"attribute mod": "1", "counter mod": "3", "mute mod": "7"}
			return f, ok
		})
	}},
	{"a node lacks what another has", Agree, func(t *testing.T, s *tale) {
		s.insert(Event{Who: "mod", Node: "a", Room: "r", What: Wrote{Field, "mod", "1", Unknown}})
		s.change(t, func(e Event) (any, bool) {
			f, ok := e.What.(Final)
			if ok = ok && e.Node == "a"; ok {
				f.Values["field mod"] = "1"
			}
			return f, ok
		})
	}},
	{"the newest record is lost", NewestKept, func(_ *testing.T, s *tale) {
		r := rec(6)
		r.Version, r.Code, r.Reason = 7, status.Paused, status.ReasonPushLost
		s.insert(Event{Who: "listener", Node: "b", Room: "r", What: Saw{Via: "attribute", Record: r}})
	}},
	{"a ghost of a publisher", NoGhosts, func(_ *testing.T, s *tale) { s.add("anchor", "a", Pushed{"lost"}) }},
	{"a viewer without pictures", NoGhosts, func(_ *testing.T, s *tale) { s.add("viewer", "b", Flow{}) }},
	{"a ghost of a member", TrueCount, func(t *testing.T, s *tale) {
		s.change(t, func(e Event) (any, bool) { f, ok := e.What.(Final); f.Members = 3; return f, ok && e.Node == "b" })
	}},
	{"a member who never came back", AllBack, func(t *testing.T, s *tale) {
		s.change(t, func(e Event) (any, bool) { c, ok := e.What.(Cast); c.Members = 3; return c, ok })
	}},
}

// forge changes a version's record wherever it was seen.
func (s *tale) forge(t *testing.T, version uint64, how func(*status.Record)) {
	t.Helper()
	s.change(t, func(e Event) (any, bool) {
		switch what := e.What.(type) {
		case Saw:
			if what.Record.Version == version {
				how(&what.Record)
				return what, true
			}
		case Drove:
			if what.Record.Version == version {
				how(&what.Record)
				return what, true
			}
		}
		return nil, false
	})
}

func (s *tale) remove(t *testing.T, which func(Event) bool) {
	t.Helper()
	before := len(s.events)
	if s.events = slices.DeleteFunc(s.events, which); len(s.events) == before {
		t.Fatal("nothing to break")
	}
}

// insert puts an event before the end is looked at.
func (s *tale) insert(e Event) {
	at := slices.IndexFunc(s.events, func(e Event) bool { _, ok := e.What.(Final); return ok })
	s.events = slices.Insert(s.events, at, e)
}

// swap lets one get two messages in the other order.
func (s *tale) swap(t *testing.T, who string, a, b uint64) {
	t.Helper()
	find := func(seq uint64) int {
		return slices.IndexFunc(s.events, func(e Event) bool { g, ok := e.What.(Got); return ok && e.Who == who && g.Seq == seq })
	}
	i, j := find(a), find(b)
	s.events[i].What, s.events[j].What = s.events[j].What, s.events[i].What
}

// list changes the n-th list that was got, from 1 on.
func (s *tale) list(t *testing.T, n int, how func(*Listed)) {
	t.Helper()
	s.change(t, func(e Event) (any, bool) {
		l, ok := e.What.(Listed)
		if n -= map[bool]int{true: 1}[ok]; !ok || n != 0 {
			return nil, false
		}
		l.Files = slices.Clone(l.Files)
		how(&l)
		return l, true
	})
}

// value changes what all nodes have in the end.
func (s *tale) value(t *testing.T, key, value string) {
	t.Helper()
	s.change(t, func(e Event) (any, bool) {
		f, ok := e.What.(Final)
		if ok {
			f.Values[key] = value
		}
		return f, ok
	})
}

// TestEachInvariantCatchesItsOwn feeds the checker histories with one break each.
func TestEachInvariantCatchesItsOwn(t *testing.T) {
	caught := map[string]bool{}
	for _, b := range breakers {
		t.Run(strings.ReplaceAll(b.name, " ", "_"), func(t *testing.T) {
			s := good()
			b.spoil(t, s)
			var got []string
			for _, v := range Check(s.events, Rules{}) {
				got = append(got, v.Invariant)
			}
			if !slices.Contains(got, b.want) {
				t.Errorf("found %q, want %q", got, b.want)
			}
			caught[b.want] = true
		})
	}
	for _, invariant := range []string{
		OneRecord, OneEpoch, Steps, EndsByRule, Rising, NoneMissed, Answered, OneMessage, NoRepeats, InOrder, Delivered, Converges,
		OnlyDegraded, OneState, StateRises, StateTold, ListsGoOn, OneFile, Breaks, NothingLost, Agree, NewestKept, NoGhosts, TrueCount, AllBack,
	} {
		if !caught[invariant] {
			t.Errorf("no history breaks %q", invariant)
		}
	}
}

// TestWhatAGapExcuses: who is told of a gap may have missed messages, and where the chat may repeat itself, may get one again.
func TestWhatAGapExcuses(t *testing.T) {
	s := good()
	s.add("bert", "a", Parted{"lost"})
	s.add("anna", "a", Got{"c", 6, "anna says 6", false})
	s.add("bert", "b", Joined{Epoch: "c", Seq: 1001, After: 5})
	s.add("anna", "a", Parted{"lost"})
	s.add("anna", "a", Joined{Epoch: "c", Seq: 1001, After: 6})
	for _, who := range []string{"anna", "bert"} {
		s.add(who, "b", Got{"c", 1002, "anna says 6", false})
	}
	for _, v := range Check(s.events, Rules{ChatMayRepeat: true}) {
		t.Error(v)
	}
	if found := Check(s.events, Rules{}); len(found) != 1 || found[0].Invariant != NoRepeats {
		t.Errorf("where the chat may not repeat itself: %v", found)
	}
	if found := Check(s.events, Rules{ChatMayRepeat: true, NoGaps: true}); len(found) != 2 || found[0].Invariant != Whole {
		t.Errorf("where nothing excuses a gap: %v", found)
	}
	s.add("bert", "b", Got{"c", 1003, "anna says 6", false})
	if found := Check(s.events, Rules{ChatMayRepeat: true}); len(found) == 0 {
		t.Error("no gap was told, and it repeats itself")
	}
}

// TestWhatAHaltExcuses: a node that went on a moment ago may not have heard what was said meanwhile.
func TestWhatAHaltExcuses(t *testing.T) {
	for _, tt := range []struct {
		fault Fault
		node  string
		later time.Duration
		fails bool
	}{
		{Fault{"halt is over"}, "b", 0, false},
		{Fault{"halt is over"}, "a", 0, true},
		{Fault{"halt is over"}, "b", time.Minute, true},
		{Fault{"restart is over"}, "b", 0, true},
	} {
		s := good()
		s.add("plan", tt.node, tt.fault)
		s.add("bert", "b", Joined{Epoch: "c", Seq: 6, After: 6, Complete: true})
		s.events[len(s.events)-1].At += tt.later
		s.add("bert", "b", Told{"notice", "c", 1, "hello"})
		rises := func(v Violation) bool { return v.Invariant == StateRises }
		if got := slices.ContainsFunc(Check(s.events, Rules{}), rises); got != tt.fails {
			t.Errorf("%+v: %t", tt, got)
		}
	}
}

// TestPlan: a seed makes one plan, all of it inside its time, and nothing is broken twice at once.
func TestPlan(t *testing.T) {
	kinds := []Kind{
		{Name: "kill", Targets: []string{"a", "b"}, Most: 3 * time.Second, Weight: 2},
		{Name: "halt", Targets: []string{"redis"}, Least: time.Second, Most: time.Second, Weight: 1},
	}
	seen := map[string]int{}
	for seed := range uint64(50) {
		plan := Plan(seed, time.Minute, kinds)
		if !slices.Equal(plan, Plan(seed, time.Minute, kinds)) {
			t.Errorf("seed %d has two plans", seed)
		}
		until := map[string]time.Duration{}
		for _, s := range plan {
			if s.At < until[s.Target] || s.At+s.For > time.Minute || s.Kind == "halt" && s.For != time.Second {
				t.Errorf("seed %d: %+v, whose target is broken until %s", seed, s, until[s.Target])
			}
			until[s.Target] = s.At + s.For
			seen[fmt.Sprint(s.Kind, " ", s.Target)]++
		}
	}
	if len(seen) != 3 {
		t.Errorf("faults of 50 plans: %v", seen)
	}
}
