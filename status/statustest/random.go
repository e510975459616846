package statustest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"liveroom/status"
)

// concurrentSwaps lets writers race on one room: each revision is won by one of them, and nothing of the losers is seen.
func concurrentSwaps(t *testing.T, x *suite) {
	const writers, rounds = 8, 6
	st := x.open(t, 1000)
	create(t, st, "a")
	var wins atomic.Int64
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for won := 0; won < rounds; {
				s, err := st.Load(t.Context(), "a")
				if err != nil {
					t.Errorf("Load: %v", err)
					return
				}
				kind := status.End
				if s.Record.Code == status.Ended {
					kind = status.Reopen
				}
				next, _ := status.Apply(s, status.Event{Kind: kind}, base)
				switch err := st.Swap(t.Context(), s.Revision, next); {
				case err == nil:
					won++
					wins.Add(1)
				case !errors.Is(err, status.ErrConflict):
					t.Errorf("Swap: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	s, err := st.Load(t.Context(), "a")
	if must(t, s, err).Revision != uint64(1+wins.Load()) || wins.Load() != writers*rounds {
		t.Errorf("revision %d after %d wins", s.Revision, wins.Load())
	}
	checkLines(t, st, map[string]uint64{"a": s.Record.Version})
}

// checkLines checks that the outbox of each room, never acknowledged, is all versions in order, and the log, too.
func checkLines(t testing.TB, st status.Store, rooms map[string]uint64) {
	t.Helper()
	total := 0
	for room, last := range rooms {
		entries, err := st.PendingRoom(t.Context(), room, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range entries {
			if e.Record.Version != uint64(i+1) {
				t.Fatalf("%s: outbox entry %d has version %d", room, i, e.Record.Version)
			}
		}
		if uint64(len(entries)) != last {
			t.Errorf("%s: %d outbox entries, version %d", room, len(entries), last)
		}
		total += len(entries)
	}
	events, err := st.Events(t.Context(), 0, 1<<20)
	if err != nil || len(events) != total {
		t.Fatalf("%d log entries (%v), want %d", len(events), err, total)
	}
	next := map[string]uint64{}
	for i, e := range events {
		next[e.Record.Room]++
		if e.Seq != uint64(i+1) || e.Record.Version != next[e.Record.Room] {
			t.Fatalf("log entry %d: seq %d, %s version %d", i, e.Seq, e.Record.Room, e.Record.Version)
		}
	}
}

// events draws anything that may happen to a room.
func events() *rapid.Generator[status.Event] {
	return rapid.Custom(func(t *rapid.T) status.Event {
		e := status.Event{
			Kind:       status.EventKind(rapid.IntRange(int(status.PushStarted), int(status.Delete)).Draw(t, "kind")),
			By:         rapid.SampledFrom([]status.Reason{status.ReasonByAnchor, status.ReasonByAdmin}).Draw(t, "by"),
			Detail:     rapid.SampledFrom([]string{"", "x", "über <&> 茶"}).Draw(t, "detail"),
			Node:       "n",
			Session:    rapid.StringMatching(`S[0-9]`).Draw(t, "session"),
			Generation: rapid.Uint64Range(0, 4).Draw(t, "generation"),
			Stop:       rapid.SampledFrom([]status.Reason{status.ReasonPushClosed, status.ReasonPushLost, "odd"}).Draw(t, "stop"),
			URL:        rapid.SampledFrom([]string{"", "u", "v"}).Draw(t, "url"),
			Deadline:   status.DeadlineKind(rapid.IntRange(1, 3).Draw(t, "deadline")),
			Settings:   status.Settings{Grace: time.Second, PauseLimit: time.Minute},
		}
		if rapid.Bool().Draw(t, "withTimes") {
			e.PlaybackOver, e.Until, e.Settings.EndAt = base.Add(time.Hour), base.Add(time.Hour), base.Add(time.Hour)
		}
		return e
	})
}

// randomHistories lets random events happen in the store and in memory, and compares all that can be read.
func randomHistories(t *testing.T, x *suite) {
	st, model := x.open(t, 1<<20), status.NewMemory()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		room := fmt.Sprintf("room-%d", n)
		s := fresh(room)
		both := func(prev uint64, next status.State) {
			a, b := st.Swap(t.Context(), prev, next), model.Swap(t.Context(), prev, next)
			if a != nil && !errors.Is(a, status.ErrConflict) || (a == nil) != (b == nil) {
				rt.Fatalf("Swap(%d → %d): %v, in memory %v", prev, next.Revision, a, b)
			}
		}
		both(0, s)
		now := base
		for _, e := range rapid.SliceOfN(events(), 1, 10).Draw(rt, "events") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90_000).Draw(rt, "ms")) * time.Millisecond)
			for _, d := range s.Deadlines() {
				if d.Kind == e.Deadline {
					e.At = d.At
				}
			}
			next, err := status.Apply(s, e, now)
			if err != nil {
				continue
			}
			prev := s.Revision
			if rapid.IntRange(0, 9).Draw(rt, "conflict") == 0 {
				both(prev+7, next)
			}
			both(prev, next)
			if next.Record.Version > 1 && rapid.Bool().Draw(rt, "ack") {
				v := rapid.Uint64Range(1, next.Record.Version).Draw(rt, "version")
				if err := errors.Join(st.Ack(t.Context(), room, v), model.Ack(t.Context(), room, v)); err != nil {
					rt.Fatal(err)
				}
			}
			s = next
		}
		compare(t, st, model, room)
	})
}

// compare compares what two stores say of a room.
func compare(t *testing.T, st, model status.Store, room string) {
	t.Helper()
	ctx := t.Context()
	got, err := st.Load(ctx, room)
	equal(t, "state", must(t, got, err), must2(model.Load(ctx, room)))
	entries, err := st.PendingRoom(ctx, room, 100)
	equal(t, "outbox", records(must(t, entries, err)), records(must2(model.PendingRoom(ctx, room, 100))))
	mine := func(st status.Store) (out []status.Deadline) {
		for _, d := range must2(st.Deadlines(ctx)) {
			if d.Room == room {
				out = append(out, d)
			}
		}
		return out
	}
	equal(t, "deadlines", mine(st), mine(model))
	pub := func(st status.Store) bool {
		return slices.ContainsFunc(must2(st.Publishing(ctx)), func(s status.State) bool { return s.Record.Room == room })
	}
	equal(t, "publishing", pub(st), pub(model))
	head := must2(model.EventHead(ctx))
	equal(t, "head", must2(st.EventHead(ctx)), head)
	from := head - min(head, 12)
	equal(t, "log", must2(st.Events(ctx, from, 20)), must2(model.Events(ctx, from, 20)))
}

func records(entries []status.Entry) (out []status.Record) {
	for _, e := range entries {
		out = append(out, e.Record)
	}
	return out
}

// concurrentMachines lets several machines over one store claim, stop, pause and end the same rooms at the same time.
func concurrentMachines(t *testing.T, x *suite) {
	const machines, rounds = 6, 8
	st := x.open(t, 1<<20)
	rooms := []string{"a", "b"}
	for _, room := range rooms {
		create(t, st, room)
	}
	var mu sync.Mutex
	claimed := map[string]map[uint64]bool{"a": {}, "b": {}}
	var wg sync.WaitGroup
	for i := range machines {
		wg.Go(func() {
			m := status.NewMachine(st, status.Config{Attempts: 1000})
			for r := range rounds {
				room := rooms[(i+r)%len(rooms)]
				c, err := m.ClaimPush(t.Context(), room, fmt.Sprintf("n%d", i))
				if err != nil {
					t.Errorf("claim: %v", err)
					return
				}
				mu.Lock()
				if claimed[room][c.Generation] {
					t.Errorf("%s: generation %d was given twice", room, c.Generation)
				}
				claimed[room][c.Generation] = true
				mu.Unlock()
				if _, err := m.PushStopped(t.Context(), room, c.Generation, status.ReasonPushClosed); err != nil {
					t.Errorf("stop: %v", err)
				}
			}
		})
	}
	wg.Wait()
	last := map[string]uint64{}
	for _, room := range rooms {
		s, err := st.Load(t.Context(), room)
		must(t, s, err)
		if s.Generation != uint64(len(claimed[room])) || s.Record.Code != status.Paused || s.Record.StreamActive {
			t.Errorf("%s after all stops: %+v, %d claims", room, s, len(claimed[room]))
		}
		last[room] = s.Record.Version
	}
	checkLines(t, st, last)
}
