package chattest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"liveroom/chat"
)

func testFlushNumbers(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	messages := []*chat.Message{
		Message("g", "a", "0", chat.Low), Message("g", "b", "1", chat.High),
		Message("g", "c", "2", chat.Normal), Message("g", "d", "3", chat.Lowest),
	}
	before := time.Now().Add(-time.Second)
	acks, err := s.Flush(t.Context(), "g", Batch(40, messages...))
	if err != nil || len(acks) != 4 {
		t.Fatalf("%+v, %v", acks, err)
	}
	for i, a := range acks {
		if a.Dropped || a.Seq != uint64(i+1) || a.Time.Before(before) {
			t.Errorf("ack %d is %+v", i, a)
		}
		if messages[i].Seq != a.Seq || !messages[i].Time.Equal(a.Time) {
			t.Errorf("message %d is %+v, its ack %+v", i, messages[i], a)
		}
	}
	if acks, err := s.Flush(t.Context(), "g", Batch(40)); err != nil || len(acks) != 0 {
		t.Errorf("empty flush: %+v, %v", acks, err)
	}
}

func testFlushKeeps(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	sent := &chat.Message{
		Group: "g", From: "alice", Nick: "Ali <3", Avatar: "https://x/y?a=1&b=2", Priority: chat.Low, Random: 1<<32 - 1, Broadcast: true,
		Level: 37, Badge: "gold <&>",
		Body:            json.RawMessage("[ {\"MsgType\" : \"TIMTextElem\",\n\t\"MsgContent\":{\"Text\":\"<&>\\u0000\\ud800 \u2028\",\"N\":1.0E+2}}]"),
		CloudCustomData: "{\"a\": \"\x00\"}",
	}
	want := *sent
	if _, err := s.Flush(t.Context(), "g", Batch(40, sent)); err != nil {
		t.Fatal(err)
	}
	got := *Load(t, s, "g").Log[0]
	if !got.Time.Equal(sent.Time) || got.Seq != 1 {
		t.Errorf("stored at %v as %d", got.Time, got.Seq)
	}
	if string(got.Body) != string(want.Body) {
		t.Errorf("body %q became %q", want.Body, got.Body)
	}
	got.Body, want.Body, got.Seq, got.Time = nil, nil, 0, time.Time{}
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("stored %+v, want %+v", got, want)
	}
}

func testFrequencyControl(t *testing.T, s chat.Store) {
	for i, tc := range []struct {
		name              string
		high, normal, low int // candidates
		server            int
		wantHigh          int // survivors
		wantNormal        int
		wantLow           int
	}{
		{"under the limit all pass", 3, 3, 3, 0, 3, 3, 3},
		{"low gives way first", 4, 4, 10, 0, 4, 4, 2},
		{"normal gives way to high", 8, 10, 10, 0, 8, 2, 0},
		{"high alone is limited too", 30, 5, 5, 0, 10, 0, 0},
		{"the server's are not counted", 9, 9, 0, 7, 9, 1, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			id := fmt.Sprint("g", i)
			Create(t, s, id)
			var all []*chat.Message
			add := func(n int, p chat.Priority) {
				for i := range n {
					all = append(all, Message(id, "a", fmt.Sprint(p, i), p))
				}
			}
			add(tc.low, chat.Low)
			add(tc.normal, chat.Normal)
			add(tc.high, chat.High)
			for range tc.server {
				m := Message(id, chat.Administrator, "server", chat.High)
				m.Server = true
				all = append(all, m)
			}
			acks, err := s.Flush(t.Context(), id, Batch(10, all...))
			if err != nil {
				t.Fatal(err)
			}
			checkSurvivors(t, all, acks, map[chat.Priority]int{
				chat.High: tc.wantHigh + tc.server, chat.Normal: tc.wantNormal, chat.Low: tc.wantLow,
			})
		})
	}
}

// checkSurvivors: as many of each priority as wanted, numbered in arrival order, the dropped told the room's last number.
func checkSurvivors(t *testing.T, all []*chat.Message, acks []chat.Ack, want map[chat.Priority]int) {
	t.Helper()
	got := map[chat.Priority]int{chat.High: 0, chat.Normal: 0, chat.Low: 0}
	var seq uint64
	for i, a := range acks {
		if a.Dropped {
			continue
		}
		got[all[i].Priority]++
		if seq++; a.Seq != seq {
			t.Errorf("survivor %d got number %d", seq, a.Seq)
		}
	}
	for p, n := range want {
		if got[p] != n {
			t.Errorf("%d of priority %v survived, want %d", got[p], p, n)
		}
	}
	for i, a := range acks {
		if a.Dropped && (a.Seq != seq || all[i].Seq != 0 || a.Time.IsZero()) {
			t.Errorf("dropped one was told %+v and has number %d; the room is at %d", a, all[i].Seq, seq)
		}
	}
}

// testFrequencyChance: inside a priority the first come are not the ones who survive.
func testFrequencyChance(t *testing.T, s chat.Store) {
	survived := make([]int, 20)
	for round := range 60 {
		id := fmt.Sprint("g", round)
		Create(t, s, id)
		var all []*chat.Message
		for i := range survived {
			all = append(all, Message(id, "a", fmt.Sprint(i), chat.Normal))
		}
		acks, err := s.Flush(t.Context(), id, Batch(10, all...))
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range acks {
			if !a.Dropped {
				survived[i]++
			}
		}
	}
	// Each survives 30 times of 60 on average; 6 and 54 are six standard deviations away.
	if least, most := slices.Min(survived), slices.Max(survived); least < 6 || most > 54 {
		t.Errorf("survived by place: %v", survived)
	}
}

// testUnheard: what is unheard is acknowledged like what is delivered, takes no place of others, and is nowhere after that.
func testUnheard(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	f := Batch(2, Message("g", "a", "1", chat.Normal), Message("g", "b", "unheard", chat.High), Message("g", "c", "2", chat.Low))
	f.Candidates[1].Unheard, f.Candidates[1].Key = true, chat.Key{1}
	acks, err := s.Flush(t.Context(), "g", f)
	if err != nil || acks[0].Seq != 1 || acks[2].Seq != 2 || acks[0].Dropped || acks[2].Dropped {
		t.Fatalf("others: %+v, %v", acks, err)
	}
	if a := acks[1]; a.Seq != 2 || a.Dropped || a.Refused != nil || a.Time.IsZero() {
		t.Errorf("unheard: %+v", a)
	}
	r, err := s.Reserve(t.Context(), "g", chat.Key{1})
	if err != nil || r.Ack == nil || r.Ack.Seq != acks[1].Seq || r.Ack.Dropped || !r.Ack.Time.Equal(acks[1].Time) {
		t.Errorf("repeat: %+v, %v", r, err)
	}
	if now := Load(t, s, "g"); now.Seq != 2 || len(now.Log) != 2 || now.Log[0].From != "a" || now.Log[1].From != "c" {
		t.Errorf("log: %d, %+v", now.Seq, now.Log)
	}
}

func testDedup(t *testing.T, s chat.Store) {
	ctx := t.Context()
	Create(t, s, "g")
	key := chat.Key{1}
	if r, err := s.Reserve(ctx, "g", key); err != nil || !r.Fresh || r.Ack != nil {
		t.Fatalf("first: %+v, %v", r, err)
	}
	if r, err := s.Reserve(ctx, "g", key); err != nil || r.Fresh || r.Ack != nil {
		t.Fatalf("while under way: %+v, %v", r, err)
	}
	if r, err := s.Reserve(ctx, "g", chat.Key{2}); err != nil || !r.Fresh {
		t.Fatalf("another: %+v, %v", r, err)
	}
	f := Batch(1, Message("g", "a", "x", chat.Normal), Message("g", "a", "y", chat.Low))
	f.Candidates[0].Key, f.Candidates[1].Key = key, chat.Key{2}
	acks, err := s.Flush(ctx, "g", f)
	if err != nil || acks[0].Dropped || !acks[1].Dropped {
		t.Fatalf("%+v, %v", acks, err)
	}
	for i, k := range []chat.Key{key, {2}} {
		r, err := s.Reserve(ctx, "g", k)
		if err != nil || r.Fresh || r.Ack == nil || r.Ack.Seq != acks[i].Seq || r.Ack.Dropped != acks[i].Dropped || !r.Ack.Time.Equal(acks[i].Time) {
			t.Errorf("repeat %d: %+v, %v; want %+v", i, r, err, acks[i])
		}
	}
}

// testDeliveredBefore: a key whose message was delivered delivers nothing more, and a dropped one's does.
func testDeliveredBefore(t *testing.T, s chat.Store) {
	ctx := t.Context()
	Create(t, s, "g")
	batch := func() chat.Flush {
		f := Batch(1, Message("g", "a", "x", chat.High), Message("g", "a", "y", chat.High), Message("g", "a", "z", chat.Normal))
		f.Candidates[0].Key, f.Candidates[2].Key = chat.Key{1}, chat.Key{2}
		f.Candidates[1].Message.Server = true
		return f
	}
	first, err := s.Flush(ctx, "g", batch())
	if err != nil || first[0].Before || first[1].Before || !first[2].Dropped || first[2].Before {
		t.Fatalf("%+v, %v", first, err)
	}
	f := batch()
	f.Limit = 10
	acks, err := s.Flush(ctx, "g", f)
	if err != nil || !acks[0].Before || acks[0].Seq != 1 || acks[0].Dropped || !acks[0].Time.Equal(first[0].Time) {
		t.Errorf("delivered before: %+v, %v", acks, err)
	}
	if acks[1].Before || acks[1].Seq != 3 || acks[2].Before || acks[2].Dropped || acks[2].Seq != 4 {
		t.Errorf("others: %+v", acks)
	}
	if state := Load(t, s, "g"); state.Seq != 4 || len(state.Log) != 4 || state.Log[2].Seq != 3 {
		t.Errorf("the log has %d messages up to %d", len(state.Log), state.Seq)
	}
}

// testDedupGoes: a group that takes the name of one that is gone knows nothing of what was sent there.
func testDedupGoes(t *testing.T, s chat.Store) {
	ctx := t.Context()
	Create(t, s, "g")
	f := Batch(10, Message("g", "a", "x", chat.High), Message("g", "a", "y", chat.High))
	f.Candidates[0].Key, f.Candidates[1].Key = chat.Key{1}, chat.Key{2}
	if _, err := s.Flush(ctx, "g", f); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Millisecond) // stores count in milliseconds
	if err := s.DeleteGroup(ctx, "g"); err != nil {
		t.Fatal(err)
	}
	Create(t, s, "g")
	if r, err := s.Reserve(ctx, "g", chat.Key{1}); err != nil || !r.Fresh || r.Ack != nil {
		t.Errorf("%+v, %v", r, err)
	}
	for round, before := range []bool{false, true} {
		acks, err := s.Flush(ctx, "g", f)
		if err != nil || acks[0].Before != before || acks[1].Before != before {
			t.Errorf("round %d: %+v, %v", round, acks, err)
		}
	}
	if r, err := s.Reserve(ctx, "g", chat.Key{1}); err != nil || r.Fresh || r.Ack == nil || r.Ack.Seq != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

func testRelease(t *testing.T, s chat.Store) {
	ctx := t.Context()
	Create(t, s, "g")
	key := chat.Key{7}
	for range 2 {
		if r, err := s.Reserve(ctx, "g", key); err != nil || !r.Fresh {
			t.Fatalf("reserve: %+v, %v", r, err)
		}
		if err := s.Release(ctx, "g", key); err != nil {
			t.Fatal(err)
		}
	}
	f := Batch(40, Message("g", "a", "x", chat.Normal))
	f.Candidates[0].Key = key
	if _, err := s.Flush(ctx, "g", f); err != nil {
		t.Fatal(err)
	}
	many := []chat.Key{key} // too late: it was delivered
	for n := range 1500 {
		many = append(many, chat.Key{8, byte(n >> 8), byte(n)})
	}
	last := many[len(many)-1]
	if r, err := s.Reserve(ctx, "g", last); err != nil || !r.Fresh {
		t.Fatalf("reserve: %+v, %v", r, err)
	}
	if err := s.Release(ctx, "g", many...); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Reserve(ctx, "g", last); err != nil || !r.Fresh {
		t.Errorf("after it was released with many: %+v, %v", r, err)
	}
	if r, err := s.Reserve(ctx, "g", key); err != nil || r.Fresh || r.Ack == nil {
		t.Errorf("after delivery: %+v, %v", r, err)
	}
}

// testDedupEnds waits on real stores, for which time does not stand still.
func testDedupEnds(t *testing.T, s chat.Store) {
	ctx := t.Context()
	Create(t, s, "g")
	key := chat.Key{7}
	f := Batch(40, Message("g", "a", "x", chat.Normal))
	f.Candidates[0].Key, f.DedupAge = key, 100*time.Millisecond
	if _, err := s.Flush(ctx, "g", f); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	begin := time.Now()
	for range tick.C {
		r, err := s.Reserve(ctx, "g", key)
		if err != nil {
			t.Fatal(err)
		}
		if r.Fresh {
			break
		}
		if time.Since(begin) > 5*time.Second {
			t.Fatal("the key is never forgotten")
		}
	}
	if took := time.Since(begin); took < 90*time.Millisecond {
		t.Errorf("forgotten after %v", took)
	}
}

func testLog(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	Say(t, s, "g", 10)
	for _, tc := range []struct {
		after uint64
		limit int
		from  uint64
		n     int
		whole bool
	}{
		{0, 100, 1, 10, true}, {4, 100, 5, 6, true}, {4, 2, 5, 2, true}, {10, 100, 0, 0, true}, {11, 100, 0, 0, false},
	} {
		messages, whole, err := s.Log(t.Context(), "g", tc.after, tc.limit)
		if err != nil || whole != tc.whole || len(messages) != tc.n || tc.n > 0 && messages[0].Seq != tc.from {
			t.Errorf("after %d: %d messages, whole %v, %v", tc.after, len(messages), whole, err)
		}
	}
}

func testRetention(t *testing.T, s chat.Store) {
	for i, tc := range []struct {
		name string
		keep chat.Retention
		want int
	}{
		{"messages", chat.Retention{History: 3, HistoryAge: time.Hour, ResumeAge: time.Hour, ResumeMessages: 8, ResumeBytes: 1 << 20}, 8},
		{"bytes", chat.Retention{History: 3, HistoryAge: time.Hour, ResumeAge: time.Hour, ResumeMessages: 100, ResumeBytes: 1}, 3},
		{"history outlives resume", chat.Retention{History: 5, HistoryAge: time.Hour, ResumeAge: -1, ResumeMessages: 100, ResumeBytes: 1 << 20}, 5},
		{"history ages too", chat.Retention{History: 5, HistoryAge: -1, ResumeAge: -1, ResumeMessages: 100, ResumeBytes: 1 << 20}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			id := fmt.Sprint("g", i)
			Create(t, s, id)
			for i := range 20 {
				f := Batch(1000, Message(id, "a", fmt.Sprint(i), chat.Normal))
				f.Keep = tc.keep
				if _, err := s.Flush(t.Context(), id, f); err != nil {
					t.Fatal(err)
				}
			}
			state := Load(t, s, id)
			if len(state.Log) != tc.want || state.Seq != 20 || state.Floor != uint64(20-tc.want) {
				t.Errorf("%d messages above %d of %d, want %d", len(state.Log), state.Floor, state.Seq, tc.want)
			}
			if _, whole, err := s.Log(t.Context(), id, state.Floor, 100); err != nil || !whole {
				t.Errorf("what is there is whole: %v, %v", whole, err)
			}
			if _, whole, err := s.Log(t.Context(), id, state.Floor-1, 100); err != nil || whole {
				t.Errorf("what is gone is missing: %v, %v", !whole, err)
			}
		})
	}
}
