package statustest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"liveroom/status"
)

// OpenShared makes an empty store as two nodes see it, with a publisher's lease of the given time. The two may be the same.
type OpenShared func(t *testing.T, lease time.Duration) (a, b status.Shared)

// RunShared runs what a store must do that several nodes use.
func RunShared(t *testing.T, open OpenShared) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, OpenShared)
	}{
		{"a lease follows the publisher", leaseFollows},
		{"a lease lapses that nobody keeps", leaseLapses},
		{"a claim is one node's", claims},
		{"a claim is renewed while work goes on", holdRenews},
		{"work ends when its claim is lost", holdLost},
		{"only the claim's holder acknowledges", ackAs},
		{"news of all nodes in order", newsInOrder},
		{"machines of two nodes", machinesOfTwoNodes},
		{"synchronisers of two nodes", synchronisersOfTwoNodes},
		{"random changes on two nodes", randomOnTwoNodes},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open) })
	}
}

// eventually waits for something that must become true.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("not yet: " + what)
		}
	}
}

func lapsed(t testing.TB, st status.Shared) []status.Held {
	t.Helper()
	got, err := st.Lapsed(t.Context(), 10)
	slices.SortFunc(got, func(a, b status.Held) int { return int(a.Generation) - int(b.Generation) })
	return must(t, got, err)
}

func leaseFollows(t *testing.T, open OpenShared) {
	a, b := open(t, time.Hour)
	s := create(t, a, "a")
	keep := func(generation uint64) status.Lease {
		t.Helper()
		got, err := b.Keep(t.Context(), []status.Held{{Room: "nobody", Generation: 1}, {Room: "a", Generation: generation}})
		if must(t, got, err); len(got) != 2 || got[0].Known {
			t.Fatalf("keep: %+v", got)
		}
		return got[1]
	}
	equal(t, "waiting", keep(0), status.Lease{Known: true, Revision: 1, Version: 1, Code: status.Waiting, PushAllowed: true})
	s = step(t, a, s, status.Event{Kind: status.PushStarted, Node: "n", Session: "S"}, base)
	live := status.Lease{Known: true, Revision: 2, Version: 2, Code: status.Live, Generation: 1, StreamActive: true, PushAllowed: true}
	equal(t, "live", keep(1), live)
	s = step(t, a, s, status.Event{Kind: status.PushStarted, Node: "m", Session: "S"}, base)
	live.Revision, live.Generation = 3, 2
	equal(t, "taken over", keep(1), live)
	s = step(t, a, s, status.Event{Kind: status.End}, base)
	equal(t, "ended", keep(2), status.Lease{Known: true, Revision: 4, Version: 3, Code: status.Ended, Generation: 2})
	step(t, a, s, status.Event{Kind: status.Delete}, base)
	if l := keep(2); !l.Known || l.StreamActive {
		t.Errorf("deleted: %+v", l)
	}
	if got := lapsed(t, a); len(got) != 0 {
		t.Errorf("lapsed: %v", got)
	}
}

func leaseLapses(t *testing.T, open OpenShared) {
	a, b := open(t, 150*time.Millisecond)
	s := create(t, a, "a")
	s = step(t, a, s, status.Event{Kind: status.PushStarted, Node: "n", Session: "S"}, base)
	eventually(t, "the lease lapses", func() bool { return len(lapsed(t, b)) == 1 })
	equal(t, "lapsed", lapsed(t, b), []status.Held{{Room: "a", Generation: 1}})
	if _, err := a.Keep(t.Context(), []status.Held{{Room: "a", Generation: 7}}); err != nil {
		t.Fatal(err)
	}
	equal(t, "kept by another generation", lapsed(t, b), []status.Held{{Room: "a", Generation: 1}})
	before := must2(a.Now(t.Context()))
	if _, err := a.Keep(t.Context(), []status.Held{{Room: "a", Generation: 1}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the lease lapses again", func() bool { return len(lapsed(t, b)) == 1 })
	if d := must2(a.Now(t.Context())).Sub(before); d < 100*time.Millisecond {
		t.Errorf("it was kept for %v", d)
	}
	step(t, a, s, status.Event{Kind: status.PushStopped, Generation: 1, Stop: status.ReasonPushLost}, base)
	if got := lapsed(t, b); len(got) != 0 {
		t.Errorf("stopped: %v", got)
	}
}

func claims(t *testing.T, open OpenShared) {
	a, b := open(t, time.Hour)
	ctx := t.Context()
	first, err := a.Take(ctx, "x", time.Hour)
	if must(t, first, err) == 0 {
		t.Fatal("a free claim is not given")
	}
	if other, err := b.Take(ctx, "x", time.Hour); must(t, other, err) != 0 {
		t.Error("a claim is given twice")
	}
	if other, err := b.Take(ctx, "y", time.Hour); must(t, other, err) == 0 || other == first {
		t.Errorf("another claim: %d", other)
	}
	isErr(t, "renewed by nobody", b.Renew(ctx, "x", first+1, time.Hour), status.ErrFenced)
	isErr(t, "left by nobody", b.Leave(ctx, "x", first+1), nil)
	if err := a.Renew(ctx, "x", first, 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	var second uint64
	eventually(t, "a claim that lapsed is given again", func() bool {
		got, err := b.Take(ctx, "x", time.Hour)
		second = must(t, got, err)
		return second != 0
	})
	if second <= first {
		t.Errorf("fence %d after %d", second, first)
	}
	isErr(t, "renewed too late", a.Renew(ctx, "x", first, time.Hour), status.ErrFenced)
	isErr(t, "left too late", a.Leave(ctx, "x", first), nil)
	if got, err := a.Take(ctx, "x", time.Hour); must(t, got, err) != 0 {
		t.Error("who came too late gave another's claim away")
	}
	isErr(t, "left", b.Leave(ctx, "x", second), nil)
	if got, err := a.Take(ctx, "x", time.Hour); must(t, got, err) == 0 {
		t.Error("a claim that was left is not given")
	}
}

func holdRenews(t *testing.T, open OpenShared) {
	a, b := open(t, time.Hour)
	const life = 150 * time.Millisecond
	kept := errors.New("kept")
	eventually(t, "nobody took the claim away", func() bool { // a machine that stands still for a moment loses it
		_, err := status.Hold(t.Context(), a, "x", life, func(ctx context.Context, _ uint64) error {
			begun := must2(b.Now(t.Context()))
			for must2(b.Now(t.Context())).Sub(begun) < 3*life {
				if ctx.Err() != nil {
					return nil
				}
				got, err := b.Take(t.Context(), "x", life)
				if err != nil {
					return err
				}
				if got != 0 {
					return b.Leave(t.Context(), "x", got)
				}
				time.Sleep(time.Millisecond) // a beginner who looks in often
			}
			return kept
		})
		if err != nil && !errors.Is(err, kept) {
			t.Fatal(err)
		}
		return err != nil
	})
	if got, err := b.Take(t.Context(), "x", time.Hour); must(t, got, err) == 0 {
		t.Error("the claim stays after the work")
	}
	if held, err := status.Hold(t.Context(), a, "x", life, func(context.Context, uint64) error { return nil }); held || err != nil {
		t.Error("held while another has it", held, err)
	}
}

func holdLost(t *testing.T, open OpenShared) {
	a, b := open(t, time.Hour)
	_, err := status.Hold(t.Context(), a, "x", time.Second, func(ctx context.Context, fence uint64) error {
		if err := b.Leave(ctx, "x", fence); err != nil { // as if it had lapsed
			return err
		}
		if got, err := b.Take(ctx, "x", time.Hour); err != nil || got == 0 {
			return errors.Join(err, errors.New("not given"))
		}
		<-ctx.Done()
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if got, err := a.Take(t.Context(), "x", time.Hour); must(t, got, err) != 0 {
		t.Error("who lost the claim gave it away")
	}
}

func ackAs(t *testing.T, open OpenShared) {
	a, b := open(t, time.Hour)
	create(t, a, "a")
	ctx := t.Context()
	isErr(t, "without a claim", a.AckAs(ctx, "a", 1, 1), status.ErrFenced)
	fence, err := a.Take(ctx, status.OutboxClaim("a"), time.Hour)
	must(t, fence, err)
	isErr(t, "with another's", b.AckAs(ctx, "a", 1, fence+1), status.ErrFenced)
	if entries, err := b.PendingRoom(ctx, "a", 5); len(must(t, entries, err)) != 1 {
		t.Error("acknowledged without a claim")
	}
	isErr(t, "with it", a.AckAs(ctx, "a", 1, fence), nil)
	if got, err := b.Pending(ctx); len(must(t, got, err)) != 0 {
		t.Errorf("pending: %v", got)
	}
}

// listener notes what it is told.
type listener struct {
	mu       sync.Mutex
	states   map[string][]status.State
	fresh    bool
	resets   int
	losses   int
	settings map[string]int
}

func newListener() *listener {
	return &listener{states: map[string][]status.State{}, settings: map[string]int{}}
}

func (l *listener) Changed(room string, s *status.State, settings bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s != nil {
		l.states[room] = append(l.states[room], *s)
	}
	if settings {
		l.settings[room]++
	}
}

func (l *listener) Fresh(fresh bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fresh = fresh
}

func (l *listener) Reset(lost bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resets++
	if lost {
		l.losses++
	}
}

func (l *listener) isFresh() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fresh
}

// newest is the newest state of a room it was told of.
func (l *listener) newest(room string) status.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	if all := l.states[room]; len(all) > 0 {
		return all[len(all)-1]
	}
	return status.State{}
}

// background runs something until the test ends, and waits for it.
func background(t *testing.T, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

func newsInOrder(t *testing.T, open OpenShared) {
	a, b := open(t, time.Hour)
	create(t, a, "before")
	la, lb := newListener(), newListener()
	background(t, func(ctx context.Context) error { return a.Follow(ctx, la) })
	background(t, func(ctx context.Context) error { return b.Follow(ctx, lb) })
	eventually(t, "both are fresh", func() bool { return la.isFresh() && lb.isFresh() })
	s, r := create(t, a, "a"), create(t, b, "b")
	for i := range 20 {
		kind := []status.EventKind{status.End, status.Reopen}[i%2]
		s, r = step(t, b, s, status.Event{Kind: kind}, base), step(t, a, r, status.Event{Kind: kind}, base)
	}
	for _, l := range []*listener{la, lb} {
		eventually(t, "all is told", func() bool { return l.newest("a").Revision == s.Revision && l.newest("b").Revision == r.Revision })
		equal(t, "newest state", l.newest("a"), s)
		l.mu.Lock()
		for room, all := range l.states {
			if !slices.IsSortedFunc(all, func(x, y status.State) int { return int(x.Revision) - int(y.Revision) }) {
				t.Errorf("changes of %s out of order", room)
			}
		}
		if len(l.states["before"]) > 0 {
			t.Error("told of what was before")
		}
		l.mu.Unlock()
	}
}

// machinesOfTwoNodes lets both claim and stop one room at the same time: one line of versions and generations.
func machinesOfTwoNodes(t *testing.T, open OpenShared) {
	const rounds = 10
	a, b := open(t, time.Hour)
	create(t, a, "a")
	var mu sync.Mutex
	claimed := map[uint64]bool{}
	var wg sync.WaitGroup
	for i, st := range []status.Shared{a, b, a, b} {
		wg.Go(func() {
			m := status.NewMachine(st, status.Config{Attempts: 1000, Shared: true})
			for range rounds {
				c, err := m.ClaimPush(t.Context(), "a", "n")
				if err != nil {
					t.Errorf("claim: %v", err)
					return
				}
				mu.Lock()
				if claimed[c.Generation] {
					t.Errorf("generation %d was given twice", c.Generation)
				}
				claimed[c.Generation] = true
				mu.Unlock()
				if i%2 == 0 {
					_, err = m.PushStopped(t.Context(), "a", c.Generation, status.ReasonPushClosed)
				} else {
					_, err = m.Reassert(t.Context(), "a", "n", c.Generation)
				}
				if err != nil && !errors.Is(err, status.ErrStale) {
					t.Errorf("after a claim: %v", err)
				}
			}
		})
	}
	wg.Wait()
	s, err := a.Load(t.Context(), "a")
	if must(t, s, err).Generation != 4*rounds || len(claimed) != 4*rounds {
		t.Errorf("%d generations, %d claims", s.Generation, len(claimed))
	}
	checkLines(t, b, map[string]uint64{"a": s.Record.Version})
}

// synchronisersOfTwoNodes deliver each record in order, whoever of them does.
func synchronisersOfTwoNodes(t *testing.T, open OpenShared) {
	a, b := open(t, time.Hour)
	var mu sync.Mutex
	got := map[string][]uint64{}
	step := status.AnnouncerFunc(func(_ context.Context, r status.Record) error {
		mu.Lock()
		defer mu.Unlock()
		got[r.Room] = append(got[r.Room], r.Version)
		return nil
	})
	rooms := []string{"a", "b", "c"}
	var machines []*status.Machine
	var syncs []*status.Synchroniser
	for _, st := range []status.Shared{a, b} {
		y := status.NewSynchroniser(status.SyncConfig{Claims: st, Poll: 50 * time.Millisecond, ClaimLife: 500 * time.Millisecond}, st,
			[]status.Announcer{step}, slog.New(slog.DiscardHandler))
		m := status.NewMachine(st, status.Config{Attempts: 1000, Shared: true})
		m.WatchOwn(func(s status.State) { y.Wake(s.Record.Room) })
		background(t, y.Run)
		machines, syncs = append(machines, m), append(syncs, y)
	}
	for _, room := range rooms {
		create(t, a, room)
	}
	var wg sync.WaitGroup
	for _, m := range machines {
		for _, room := range rooms {
			wg.Go(func() {
				for i := range 12 {
					kind := []status.EventKind{status.End, status.Reopen}[i%2]
					if _, err := m.Do(t.Context(), room, status.Event{Kind: kind}); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	for i, room := range rooms {
		if err := syncs[i%2].Flush(t.Context(), room); err != nil {
			t.Fatal(err)
		}
		s, err := a.Load(t.Context(), room)
		must(t, s, err)
		mu.Lock()
		versions := slices.Clone(got[room])
		mu.Unlock()
		if !slices.IsSorted(versions) || uint64(len(slices.Compact(versions))) != s.Record.Version {
			t.Errorf("%s: delivered %v up to version %d", room, versions, s.Record.Version)
		}
	}
}

// randomOnTwoNodes lets random events happen on two nodes at the same time. Whatever their order: one line of versions, and
// all that is found by an index is what the state says.
func randomOnTwoNodes(t *testing.T, open OpenShared) {
	a, b := open(t, time.Millisecond)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		room := fmt.Sprintf("room-%d", n)
		create(t, a, room)
		lists := [2][]status.Event{}
		for i := range lists {
			lists[i] = rapid.SliceOfN(events(), 1, 6).Draw(rt, "events")
		}
		var wg sync.WaitGroup
		for i, st := range []status.Shared{a, b} {
			wg.Go(func() {
				m := status.NewMachine(st, status.Config{Attempts: 1000, Shared: true})
				for _, e := range lists[i] {
					_, err := m.Do(t.Context(), room, e)
					var refused *status.Refused
					if err != nil && !errors.As(err, &refused) && !errors.Is(err, status.ErrStale) && !errors.Is(err, status.ErrUnknownRoom) {
						t.Errorf("%s: %v", e.Kind, err)
					}
				}
			})
		}
		wg.Wait()
		agrees(t, rt, b, room)
	})
}

// agrees checks all that a store says of a room against its state.
func agrees(t *testing.T, rt *rapid.T, st status.Shared, room string) {
	t.Helper()
	ctx := t.Context()
	s := must2(st.Load(ctx, room))
	entries, err := st.PendingRoom(ctx, room, 100)
	if must(t, entries, err); uint64(len(entries)) != s.Record.Version {
		rt.Fatalf("%d outbox entries, version %d", len(entries), s.Record.Version)
	}
	for i, e := range entries {
		if e.Record.Version != uint64(i+1) {
			rt.Fatalf("outbox entry %d has version %d", i, e.Record.Version)
		}
	}
	equal(t, "newest record", entries[len(entries)-1].Record.Code, s.Record.Code)
	var deadlines []status.Deadline
	for _, d := range must2(st.Deadlines(ctx)) {
		if d.Room == room {
			deadlines = append(deadlines, d)
		}
	}
	equal(t, "deadlines", deadlines, s.Deadlines())
	active := s.Record.StreamActive && !s.Deleted
	is := func(other status.State) bool { return other.Record.Room == room }
	if slices.ContainsFunc(must2(st.Publishing(ctx)), is) != active {
		rt.Fatalf("publishing: %v", !active)
	}
	held := func(h status.Held) bool { return h == status.Held{Room: room, Generation: s.Generation} }
	lapses := func() bool { return slices.ContainsFunc(must2(st.Lapsed(ctx, 1000)), held) }
	if active {
		eventually(t, "the lease lapses", lapses)
	} else if lapses() {
		rt.Fatal("has a lease without a stream")
	}
}
