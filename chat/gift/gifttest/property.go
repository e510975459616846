package gifttest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"liveroom/chat/gift"
)

var propertyGroups atomic.Uint64

// Property does what comes to mind with one group, many times: repeated orders, second verdicts, acknowledgements that are
// lost or repeated. Ledger, totals, ranking and what was shown must agree with what was accepted. reopen, if there is one,
// returns the store anew as after a crash.
func Property(t *testing.T, s gift.Store, reopen func() gift.Store) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{
			t: t, rt: rt, s: s, group: fmt.Sprintf("p%d", propertyGroups.Add(1)), now: Start,
			accepted: map[string]gift.Order{}, placed: map[string]gift.Order{}, runs: map[string]*run{},
		}
		actions := map[string]func(*rapid.T){
			"": func(*rapid.T) {}, "place": m.place, "settle": m.settle, "record": m.record, "wait": m.wait, "end": m.end, "deliver": m.deliver,
		}
		if reopen != nil {
			actions["crash"] = func(*rapid.T) { s = reopen(); m.s = s }
		}
		rt.Repeat(actions)
		m.finish()
		m.check()
	})
}

// model is what must come out.
type model struct {
	t     *testing.T
	rt    *rapid.T
	s     gift.Store
	group string
	now   time.Time

	placed   map[string]gift.Order // pending ones
	keys     []string              // of all placed
	accepted map[string]gift.Order
	runs     map[string]*run

	shown []gift.Showing // what a room would have got: numbers above the last only
	told  uint64         // entries told, without gap
}

// run is what a combo must look like from outside.
type run struct {
	running bool
	due     time.Time
	finals  int
}

func (m *model) order(rt *rapid.T, via gift.Via) gift.Order {
	o := Order(m.group, rapid.SampledFrom([]string{"alice", "bob"}).Draw(rt, "user"), fmt.Sprint(rapid.IntRange(1, 40).Draw(rt, "id")))
	o = Many(o, rapid.SampledFrom([]int{1, 1, 1, 7, 30}).Draw(rt, "count"))
	o.Combo = rapid.SampledFrom([]string{"", "c", "c", "d"}).Draw(rt, "combo")
	o.Session = rapid.SampledFrom([]string{"s1", "s1", "s2", ""}).Draw(rt, "session")
	o.CreatedAt, o.Via = m.now, via
	return o
}

func (m *model) ok(err error) {
	if err != nil {
		m.rt.Fatal(err)
	}
}

func (m *model) place(rt *rapid.T) {
	o := m.order(rt, gift.ViaClient)
	now, fresh, err := m.s.Place(m.t.Context(), o, m.now.Add(time.Second))
	if err != nil {
		if _, used := m.used(o.Key()); !used {
			rt.Fatalf("%s is new: %v", o.Key(), err)
		}
		return // it stood for another one
	}
	if _, used := m.used(o.Key()); used == fresh {
		rt.Fatalf("%s: fresh %v", o.Key(), fresh)
	}
	if fresh {
		m.placed[o.Key()] = now
		m.keys = append(m.keys, o.Key())
	}
}

func (m *model) used(key string) (gift.Order, bool) {
	o, err := m.s.Order(m.t.Context(), m.group, key)
	for _, k := range m.keys {
		if k == key {
			m.ok(err)
			return o, true
		}
	}
	return o, false
}

func (m *model) settle(rt *rapid.T) {
	if len(m.keys) == 0 {
		return
	}
	key := rapid.SampledFrom(m.keys).Draw(rt, "key")
	m.settleTo(key, rapid.SampledFrom([]gift.Verdict{Accept, Accept, Accept, Refuse}).Draw(rt, "verdict"))
}

func (m *model) settleTo(key string, v gift.Verdict) {
	_, pending := m.placed[key]
	now, fresh, err := m.s.Settle(m.t.Context(), m.group, key, v, m.now, Merge)
	m.ok(err)
	if fresh != pending || fresh && now.State != v.State {
		m.rt.Fatalf("%s: fresh %v, %+v", key, fresh, now)
	}
	if fresh {
		m.settled(now)
	}
}

func (m *model) settled(o gift.Order) {
	delete(m.placed, o.Key())
	if o.State != gift.Accepted {
		return
	}
	m.accepted[o.Key()] = o
	key := o.ComboKey()
	if key == "" || o.Via == gift.ViaMessage {
		return
	}
	r := m.runs[key]
	if r == nil {
		r = &run{}
		m.runs[key] = r
	}
	if !r.running || m.now.After(r.due) {
		r.finals++
	}
	r.running, r.due = true, m.now.Add(Merge.Still)
}

func (m *model) record(rt *rapid.T) {
	o := m.order(rt, rapid.SampledFrom([]gift.Via{gift.ViaBackend, gift.ViaMessage}).Draw(rt, "via"))
	o.SettledAt = m.now
	_, used := m.used(o.Key())
	now, fresh, err := m.s.Record(m.t.Context(), o, Merge)
	if err != nil && used {
		return
	}
	m.ok(err)
	if fresh == used {
		rt.Fatalf("%s: fresh %v", o.Key(), fresh)
	}
	if fresh {
		m.keys = append(m.keys, o.Key())
		m.settled(now)
	}
}

func (m *model) wait(rt *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.SampledFrom([]int{50, 400, 1000, 1001, 5000}).Draw(rt, "ms")) * time.Millisecond)
}

func (m *model) end(*rapid.T) {
	_, err := m.s.EndCombos(m.t.Context(), m.group, m.now, 1000, Merge)
	m.ok(err)
	for _, r := range m.runs {
		if r.running && !r.due.After(m.now) {
			r.running = false
		}
	}
}

// deliver is a node that takes some of the outbox, and may die before it says so.
func (m *model) deliver(rt *rapid.T) {
	limit := rapid.IntRange(1, 5).Draw(rt, "limit")
	w, err := m.s.Work(m.t.Context(), m.group, m.now, limit)
	m.ok(err)
	m.take(w)
	if rapid.Bool().Draw(rt, "dies") {
		return
	}
	m.ack(w)
}

// take shows and tells what is new: a room drops what it has by its number.
func (m *model) take(w gift.Work) {
	for _, s := range w.Show {
		if n := len(m.shown); n == 0 || s.Number > m.shown[n-1].Number {
			m.shown = append(m.shown, s)
		}
	}
	for _, e := range w.Untold {
		if e.Number > m.told+1 {
			m.rt.Fatalf("entry %d after %d", e.Number, m.told)
		}
		m.told = max(m.told, e.Number)
	}
}

func (m *model) ack(w gift.Work) {
	var shown, told uint64
	if n := len(w.Show); n > 0 {
		shown = w.Show[n-1].Number
	}
	if n := len(w.Untold); n > 0 {
		told = w.Untold[n-1].Number
	}
	m.ok(m.s.Ack(m.t.Context(), m.group, shown, told))
}

// finish settles what is pending, ends all runs and empties the outbox.
func (m *model) finish() {
	for _, key := range m.keys {
		if _, pending := m.placed[key]; pending {
			m.settleTo(key, Accept)
		}
	}
	m.now = m.now.Add(time.Minute)
	m.end(m.rt)
	for {
		w, err := m.s.Work(m.t.Context(), m.group, m.now, 7)
		m.ok(err)
		m.take(w)
		m.ack(w)
		if len(w.Ask) > 0 || !w.Ending.IsZero() {
			m.rt.Fatalf("left over: %+v", w)
		}
		if len(w.Show)+len(w.Untold) == 0 {
			return
		}
	}
}

func (m *model) check() {
	entries := All(m.t, m.s, gift.Query{Group: m.group, Limit: 13})
	if len(entries) != len(m.accepted) || m.told != uint64(len(entries)) {
		m.rt.Fatalf("%d entries, %d told, %d orders accepted", len(entries), m.told, len(m.accepted))
	}
	sums, senders := map[string]gift.Totals{}, map[string]map[string]gift.Rank{}
	for i, e := range entries {
		o, ok := m.accepted[e.Key()]
		if !ok || e.Number != uint64(i+1) || !Same(o, e.Order) {
			m.rt.Fatalf("entry %d is %+v, accepted was %+v", i+1, e, o)
		}
		for _, session := range []string{gift.All, e.Session} {
			if senders[session] == nil {
				senders[session] = map[string]gift.Rank{}
			}
			_, known := senders[session][e.From]
			senders[session][e.From] = senders[session][e.From].Add(e.Order)
			sums[session] = sums[session].Add(e.Order, !known)
		}
	}
	for _, session := range []string{gift.All, "s1", "s2", ""} {
		got, err := m.s.Totals(m.t.Context(), m.group, session)
		m.ok(err)
		if got != sums[session] {
			m.rt.Fatalf("totals of %q: %+v, the ledger says %+v", session, got, sums[session])
		}
		ranks, err := m.s.Ranking(m.t.Context(), m.group, session, 100)
		m.ok(err)
		if len(ranks) != len(senders[session]) {
			m.rt.Fatalf("ranking of %q: %+v", session, ranks)
		}
		for _, r := range ranks {
			r.Rank = 0
			if r != senders[session][r.User] {
				m.rt.Fatalf("ranking of %q: %+v, the ledger says %+v", session, r, senders[session][r.User])
			}
		}
	}
	CheckShown(m.rt, m.accepted, m.shown)
	finals := map[string]int{}
	for _, s := range m.shown {
		if s.Result.Final && s.Result.Combo != "" {
			finals[resultKey(s.Result)]++
		}
	}
	for key, r := range m.runs {
		if finals[key] != r.finals {
			m.rt.Fatalf("combo %q: %d final messages of %d runs", key, finals[key], r.finals)
		}
	}
}

// CheckShown fails unless what was shown of a group sums to what was accepted, once each, and every run has its end.
func CheckShown(t interface{ Fatalf(string, ...any) }, accepted map[string]gift.Order, shown []gift.Showing) {
	type sum struct{ count, value int64 }
	single, combos, last := map[string]sum{}, map[string]sum{}, map[string]gift.Result{}
	for _, s := range shown {
		r := s.Result
		if r.Combo == "" {
			key := r.From.User + "/" + r.Order
			single[key] = sum{single[key].count + int64(r.Count), single[key].value + r.Value}
			if !r.Final || r.ComboTotal != 0 {
				t.Fatalf("a gift by itself is shown as %+v", r)
			}
			continue
		}
		key := resultKey(r)
		c := sum{combos[key].count + int64(r.Count), combos[key].value + r.Value}
		if r.Count <= 0 || r.ComboTotal != c.count {
			t.Fatalf("combo %q: %+v, %d clicks so far", key, r, c.count)
		}
		combos[key], last[key] = c, r
	}
	for key, r := range last {
		if !r.Final {
			t.Fatalf("combo %q has no end: %+v", key, r)
		}
	}
	wantSingle, wantCombos := map[string]sum{}, map[string]sum{}
	for _, o := range accepted {
		switch key := o.From + "/" + o.ID; {
		case o.Via == gift.ViaMessage:
		case o.Combo == "":
			wantSingle[key] = sum{wantSingle[key].count + int64(o.Count), wantSingle[key].value + o.Value}
		default:
			key = o.ComboKey()
			wantCombos[key] = sum{wantCombos[key].count + int64(o.Count), wantCombos[key].value + o.Value}
		}
	}
	for name, m := range map[string][2]map[string]sum{"single gifts": {single, wantSingle}, "combos": {combos, wantCombos}} {
		if len(m[0]) != len(m[1]) {
			t.Fatalf("%s: shown %v, accepted %v", name, m[0], m[1])
		}
		for key, want := range m[1] {
			if m[0][key] != want {
				t.Fatalf("%s: of %q %+v was shown, %+v accepted", name, key, m[0][key], want)
			}
		}
	}
}

func resultKey(r gift.Result) string {
	return gift.Order{From: r.From.User, Gift: r.Gift.ID, Session: r.Session, Combo: r.Combo}.ComboKey()
}
