package statustest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"liveroom/status"
)

// Open makes an empty store that keeps a number of log entries and is closed when the test ends.
type Open func(t *testing.T, logEntries int) status.Store

// Run runs the whole suite.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *suite)
	}{
		{"an unknown room", unknownRoom},
		{"what is stored comes back whole", roundTrip},
		{"compare and set", compareAndSet},
		{"an outbox entry if and only if the version grew", outboxIffVersion},
		{"the outbox is per room and in order", outboxOrder},
		{"the longest waiting room comes first", pendingOrder},
		{"deadlines follow the state", deadlines},
		{"publishing follows the state", publishing},
		{"one log", log},
		{"the log is bounded", logBounded},
		{"a tombstone is continued", tombstone},
		{"the clock", clock},
		{"a cancelled call", cancelled},
		{"writers at the same time", concurrentSwaps},
		{"random histories match the memory store", randomHistories},
		{"machines at the same time", concurrentMachines},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, &suite{open: open}) })
	}
}

type suite struct{ open Open }

// base is a moment for states that need one.
var base = time.Date(2026, 11, 21, 6, 0, 0, 123e6, time.UTC)

// fresh is a new room's state.
func fresh(room string) status.State {
	return status.NewState(room, base, status.Settings{Grace: time.Minute, PauseLimit: time.Hour})
}

// must returns v or ends the test.
func must[T any](t testing.TB, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// create stores a new room.
func create(t testing.TB, st status.Store, room string) status.State {
	t.Helper()
	s := fresh(room)
	if err := st.Swap(t.Context(), 0, s); err != nil {
		t.Fatalf("create %s: %v", room, err)
	}
	return s
}

// step lets an event happen to a state and stores what follows.
func step(t testing.TB, st status.Store, s status.State, e status.Event, now time.Time) status.State {
	t.Helper()
	next, err := status.Apply(s, e, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Swap(t.Context(), s.Revision, next); err != nil {
		t.Fatalf("%s: %v", e.Kind, err)
	}
	return next
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func isErr(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func unknownRoom(t *testing.T, x *suite) {
	st := x.open(t, 10)
	_, err := st.Load(t.Context(), "nobody")
	isErr(t, "Load", err, status.ErrUnknownRoom)
	if got, err := st.Pending(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("Pending = %v, %v", got, err)
	}
	if got, err := st.PendingRoom(t.Context(), "nobody", 5); err != nil || len(got) != 0 {
		t.Errorf("PendingRoom = %v, %v", got, err)
	}
	if err := st.Ack(t.Context(), "nobody", 1); err != nil {
		t.Errorf("Ack of nothing: %v", err)
	}
	isErr(t, "Swap", st.Swap(t.Context(), 3, fresh("nobody")), status.ErrConflict)
}

// must2 drops an error that the caller checks by the value.
func must2[T any](v T, _ error) T { return v }

func roundTrip(t *testing.T, x *suite) {
	st := x.open(t, 10)
	grace, url := base.Add(time.Minute), "https://example.com/a.m3u8?x=1&y=\"ü\""
	s := fresh("full")
	s.Record = status.Record{
		Room: "full", Epoch: s.Record.Epoch, Version: 1 << 40, Code: status.Paused, Name: "paused", Reason: status.ReasonByAnchor,
		Detail: "Tee & <Kekse> 茶", Session: "01S", Since: base, StreamActive: true, GraceUntil: &grace, PlaybackURL: &url,
	}
	s.Revision, s.Generation, s.Publisher, s.Cut = 1<<50, 9, "node-1", true
	s.PushAllowed, s.Forbidden, s.ForbiddenUntil, s.ByAnchor = true, true, base.Add(time.Hour), true
	s.SessionStart, s.EndAt, s.PlaybackOver = base.Add(-time.Hour), base.Add(2*time.Hour), base.Add(3*time.Hour)
	s.Grace, s.PauseLimit, s.Record.Delay = 61*time.Second, 31*time.Minute, status.Delay(30*time.Second)
	if err := st.Swap(t.Context(), 0, s); err != nil {
		t.Fatal(err)
	}
	got, err := st.Load(t.Context(), "full")
	equal(t, "state", must(t, got, err), s)
	entries, err := st.PendingRoom(t.Context(), "full", 5)
	if err != nil || len(entries) != 1 {
		t.Fatalf("PendingRoom = %v, %v", entries, err)
	}
	equal(t, "outbox record", entries[0].Record, s.Record)
	events, err := st.Events(t.Context(), 0, 5)
	if err != nil || len(events) != 1 {
		t.Fatalf("Events = %v, %v", events, err)
	}
	equal(t, "log record", events[0].Record, s.Record)
}

func compareAndSet(t *testing.T, x *suite) {
	st := x.open(t, 10)
	s := create(t, st, "a")
	isErr(t, "creating twice", st.Swap(t.Context(), 0, fresh("a")), status.ErrConflict)
	live := step(t, st, s, status.Event{Kind: status.PushStarted, Node: "n", Session: "S"}, base)
	late, _ := status.Apply(s, status.Event{Kind: status.End}, base)
	isErr(t, "a step from an older revision", st.Swap(t.Context(), s.Revision, late), status.ErrConflict)
	isErr(t, "a step from a revision to come", st.Swap(t.Context(), live.Revision+1, late), status.ErrConflict)
	got, err := st.Load(t.Context(), "a")
	equal(t, "state after conflicts", must(t, got, err), live)
	entries, err := st.PendingRoom(t.Context(), "a", 10)
	equal(t, "versions in the outbox after conflicts", versions(must(t, entries, err)), []uint64{1, 2})
}

func outboxIffVersion(t *testing.T, x *suite) {
	st := x.open(t, 10)
	s := create(t, st, "a")
	s = step(t, st, s, status.Event{Kind: status.PushStarted, Node: "n", Session: "S"}, base)
	s = step(t, st, s, status.Event{Kind: status.PushStarted, Node: "m", Session: "T"}, base) // a takeover
	s = step(t, st, s, status.Event{Kind: status.Configure, Settings: status.Settings{Grace: 1, PauseLimit: 2}}, base)
	entries, err := st.PendingRoom(t.Context(), "a", 10)
	equal(t, "versions in the outbox", versions(must(t, entries, err)), []uint64{1, 2})
	head, err := st.EventHead(t.Context())
	equal(t, "log entries", must(t, head, err), uint64(2))
	if s.Revision != 4 {
		t.Errorf("revision %d, want 4", s.Revision)
	}
}

func versions(entries []status.Entry) []uint64 {
	var out []uint64
	for _, e := range entries {
		out = append(out, e.Record.Version)
	}
	return out
}

func outboxOrder(t *testing.T, x *suite) {
	st := x.open(t, 100)
	rooms := []string{"a", "a-", "a-b", "a0", "ab", "a_b", "A", "b"} // prefixes of each other
	for _, room := range rooms {
		s := create(t, st, room)
		for i := range 3 { // versions 2, 3, 4
			kind := []status.EventKind{status.End, status.Reopen, status.End}[i]
			s = step(t, st, s, status.Event{Kind: kind}, base)
		}
	}
	ctx := t.Context()
	for _, room := range rooms {
		entries, err := st.PendingRoom(ctx, room, 10)
		equal(t, room, versions(must(t, entries, err)), []uint64{1, 2, 3, 4})
		for _, e := range entries {
			if e.Record.Room != room {
				t.Errorf("%s has an entry of %s", room, e.Record.Room)
			}
		}
		entries, err = st.PendingRoom(ctx, room, 2)
		equal(t, room+" limited", versions(must(t, entries, err)), []uint64{1, 2})
	}
	for _, v := range []uint64{1, 1, 3, 99} { // twice, out of order, unknown
		if err := st.Ack(ctx, "a", v); err != nil {
			t.Fatalf("Ack %d: %v", v, err)
		}
	}
	entries, err := st.PendingRoom(ctx, "a", 10)
	equal(t, "a after acks", versions(must(t, entries, err)), []uint64{2, 4})
	entries, err = st.PendingRoom(ctx, "a-", 10)
	equal(t, "a- after acks of a", versions(must(t, entries, err)), []uint64{1, 2, 3, 4})
	for _, v := range []uint64{2, 4} {
		if err := st.Ack(ctx, "a", v); err != nil {
			t.Fatal(err)
		}
	}
	pending, err := st.Pending(ctx)
	slices.Sort(pending)
	equal(t, "pending", must(t, pending, err), []string{"A", "a-", "a-b", "a0", "a_b", "ab", "b"})
}

// pendingOrder needs the store's clock to move between the steps.
func pendingOrder(t *testing.T, x *suite) {
	st := x.open(t, 10)
	want := []string{"z", "m", "a"}
	for i, room := range want {
		before := must2(st.Now(t.Context()))
		for i > 0 && !must2(st.Now(t.Context())).After(before) {
			runtime.Gosched() // the clock counts milliseconds: this is over at once
		}
		create(t, st, room)
	}
	got, err := st.Pending(t.Context())
	equal(t, "pending", must(t, got, err), want)
}

func deadlines(t *testing.T, x *suite) {
	st := x.open(t, 10)
	ctx := t.Context()
	want := func(what string, want ...status.Deadline) {
		t.Helper()
		got, err := st.Deadlines(ctx)
		slices.SortFunc(got, func(a, b status.Deadline) int { return int(a.Kind) - int(b.Kind) })
		if len(got) == 0 {
			got = nil
		}
		equal(t, what, must(t, got, err), want)
	}
	s := create(t, st, "a")
	create(t, st, "without")
	want("a new room")
	s = step(t, st, s, status.Event{Kind: status.PushStarted, Node: "n", Session: "S"}, base)
	want("live")
	s = step(t, st, s, status.Event{Kind: status.PushStopped, Generation: 1, Stop: status.ReasonPushLost}, base)
	grace := status.Deadline{Room: "a", Kind: status.GraceDeadline, At: base.Add(time.Minute), Revision: s.Revision}
	want("interrupted", grace)
	end := base.Add(5 * time.Minute)
	s = step(t, st, s, status.Event{Kind: status.Configure, Settings: status.Settings{Grace: time.Minute, EndAt: end}}, base)
	grace.Revision = s.Revision
	want("with a schedule", grace, status.Deadline{Room: "a", Kind: status.ScheduleDeadline, At: end, Revision: s.Revision})
	s = step(t, st, s, status.Event{Kind: status.End}, base)
	want("ended", status.Deadline{Room: "a", Kind: status.ScheduleDeadline, At: end, Revision: s.Revision})
	s = step(t, st, s, status.Event{Kind: status.PlaybackStart, URL: "u", PlaybackOver: base.Add(time.Second)}, base)
	want("playback",
		status.Deadline{Room: "a", Kind: status.ScheduleDeadline, At: end, Revision: s.Revision},
		status.Deadline{Room: "a", Kind: status.PlaybackDeadline, At: base.Add(time.Second), Revision: s.Revision})
	step(t, st, s, status.Event{Kind: status.Delete}, base)
	want("deleted")
}

func publishing(t *testing.T, x *suite) {
	st := x.open(t, 10)
	want := func(what string, want ...status.State) {
		t.Helper()
		got, err := st.Publishing(t.Context())
		if len(got) == 0 {
			got = nil
		}
		equal(t, what, must(t, got, err), want)
	}
	s := create(t, st, "a")
	create(t, st, "b")
	want("waiting")
	s = step(t, st, s, status.Event{Kind: status.PushStarted, Node: "n", Session: "S"}, base)
	want("live", s)
	s = step(t, st, s, status.Event{Kind: status.Pause}, base)
	want("paused with its stream", s)
	s = step(t, st, s, status.Event{Kind: status.PushStopped, Generation: 1}, base)
	want("paused without")
	s = step(t, st, s, status.Event{Kind: status.PushStarted, Node: "n", Session: "S"}, base)
	want("back", s)
	step(t, st, s, status.Event{Kind: status.Delete}, base)
	want("deleted")
}

func log(t *testing.T, x *suite) {
	st := x.open(t, 100)
	ctx := t.Context()
	if got, err := st.Events(ctx, 0, 10); err != nil || len(got) != 0 {
		t.Fatalf("Events of an empty log = %v, %v", got, err)
	}
	_, err := st.Events(ctx, 1, 10)
	isErr(t, "Events beyond an empty log", err, status.ErrGone)
	a, b := create(t, st, "a"), create(t, st, "b")
	a2 := step(t, st, a, status.Event{Kind: status.End}, base)
	b2 := step(t, st, b, status.Event{Kind: status.End}, base)
	all := []status.LogEntry{{Seq: 1, Record: a.Record}, {Seq: 2, Record: b.Record}, {Seq: 3, Record: a2.Record}, {Seq: 4, Record: b2.Record}}
	got, err := st.Events(ctx, 0, 10)
	equal(t, "from the start", must(t, got, err), all)
	got, err = st.Events(ctx, 1, 2)
	equal(t, "a part", must(t, got, err), all[1:3])
	if got, err := st.Events(ctx, 4, 10); err != nil || len(got) != 0 {
		t.Errorf("from the head = %v, %v", got, err)
	}
	_, err = st.Events(ctx, 5, 10)
	isErr(t, "beyond the head", err, status.ErrGone)
	_, err = st.Events(ctx, 1<<64-1, 10)
	isErr(t, "far beyond the head", err, status.ErrGone)
	head, err := st.EventHead(ctx)
	equal(t, "head", must(t, head, err), uint64(4))
	if err := st.Ack(ctx, "a", 1); err != nil {
		t.Fatal(err)
	}
	got, err = st.Events(ctx, 0, 10)
	equal(t, "after an ack", must(t, got, err), all)
}

func logBounded(t *testing.T, x *suite) {
	st := x.open(t, 3)
	ctx := t.Context()
	s := create(t, st, "a")
	for i := range 6 {
		s = step(t, st, s, status.Event{Kind: []status.EventKind{status.End, status.Reopen}[i%2]}, base)
	}
	_, err := st.Events(ctx, 0, 10)
	isErr(t, "from the start", err, status.ErrGone)
	_, err = st.Events(ctx, 3, 10)
	isErr(t, "just too old", err, status.ErrGone)
	got, err := st.Events(ctx, 4, 10)
	var seqs []uint64
	for _, e := range must(t, got, err) {
		seqs = append(seqs, e.Seq)
	}
	equal(t, "kept", seqs, []uint64{5, 6, 7})
	entries, err := st.PendingRoom(ctx, "a", 20)
	equal(t, "the outbox is not bounded by the log", versions(must(t, entries, err)), []uint64{1, 2, 3, 4, 5, 6, 7})
}

func tombstone(t *testing.T, x *suite) {
	st := x.open(t, 10)
	s := create(t, st, "a")
	s = step(t, st, s, status.Event{Kind: status.PushStarted, Node: "n", Session: "S"}, base)
	s = step(t, st, s, status.Event{Kind: status.Delete}, base)
	got, err := st.Load(t.Context(), "a")
	equal(t, "tombstone", must(t, got, err), s)
	isErr(t, "creating over it", st.Swap(t.Context(), 0, fresh("a")), status.ErrConflict)
	next := status.Continue(s, fresh("a"))
	if err := st.Swap(t.Context(), s.Revision, next); err != nil {
		t.Fatal(err)
	}
	if next.Record.Epoch != s.Record.Epoch || next.Record.Version != 4 || next.Generation != 1 || next.Deleted {
		t.Errorf("continued as %+v", next)
	}
	entries, err := st.PendingRoom(t.Context(), "a", 10)
	equal(t, "one line of versions", versions(must(t, entries, err)), []uint64{1, 2, 3, 4})
}

func clock(t *testing.T, x *suite) {
	st := x.open(t, 10)
	now, err := st.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if now.Location() != time.UTC || !now.Equal(now.Truncate(time.Millisecond)) || now != now.Round(0) {
		t.Errorf("Now = %#v: want UTC, whole milliseconds, no monotonic reading", now)
	}
	if d := time.Since(now); d < -time.Second || d > 10*time.Second {
		t.Errorf("Now is %v off", d)
	}
}

func cancelled(t *testing.T, x *suite) {
	st := x.open(t, 10)
	s := create(t, st, "a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	next, _ := status.Apply(s, status.Event{Kind: status.End}, base)
	isErr(t, "Swap", st.Swap(ctx, s.Revision, next), context.Canceled)
	_, err := st.Load(ctx, "a")
	isErr(t, "Load", err, context.Canceled)
	got, err := st.Load(t.Context(), "a")
	equal(t, "state", must(t, got, err), s)
}
