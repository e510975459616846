package status_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/status"
)

const (
	grace      = time.Minute
	pauseLimit = 30 * time.Minute
)

// newRoom makes a machine over a store in memory in which a room waits.
func newRoom(t testing.TB, room string) (*status.Machine, *status.Memory) {
	t.Helper()
	st := status.NewMemory()
	addRoom(t, st, room)
	return status.NewMachine(st, status.Config{}), st
}

func addRoom(t testing.TB, st status.Store, room string) {
	t.Helper()
	at, err := st.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Swap(t.Context(), 0, status.NewState(room, at, status.Settings{Grace: grace, PauseLimit: pauseLimit})); err != nil {
		t.Fatal(err)
	}
}

func claim(t testing.TB, m *status.Machine, room string) status.Claim {
	t.Helper()
	c, err := m.ClaimPush(t.Context(), room, "n1")
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	return c
}

func do(t testing.TB, m *status.Machine, room string, e status.Event) status.Record {
	t.Helper()
	r, err := m.Do(t.Context(), room, e)
	if err != nil {
		t.Fatalf("%s: %v", e.Kind, err)
	}
	return r
}

func want(t testing.TB, r status.Record, code status.Code, why status.Reason, version uint64) {
	t.Helper()
	if r.Code != code || r.Reason != why || r.Version != version {
		t.Errorf("record is %s %s version %d, want %s %s version %d", r.Code, r.Reason, r.Version, code, why, version)
	}
}

func TestSessionLivesThroughInterruptions(t *testing.T) {
	m, _ := newRoom(t, "demo")
	a := claim(t, m, "demo")
	want(t, a.Record, status.Live, status.ReasonPushStarted, 2)
	if a.Generation != 1 || len(a.Record.Session) != 26 || !a.SessionStart.Equal(a.Now) || a.Gated {
		t.Errorf("claim %+v", a)
	}
	r, err := m.PushStopped(t.Context(), "demo", 1, status.ReasonPushSilent)
	if err != nil {
		t.Fatal(err)
	}
	want(t, r, status.Paused, status.ReasonPushSilent, 3)
	b := claim(t, m, "demo")
	want(t, b.Record, status.Live, status.ReasonPushResumed, 4)
	if b.Generation != 2 || b.Record.Session != a.Record.Session || !b.SessionStart.Equal(a.SessionStart) {
		t.Errorf("after the interruption %+v, before %+v", b, a)
	}
}

func TestTakeoverChangesNoVersion(t *testing.T) {
	m, _ := newRoom(t, "demo")
	a, b := claim(t, m, "demo"), claim(t, m, "demo")
	if b.Generation != a.Generation+1 || b.Record != a.Record {
		t.Errorf("takeover: %+v after %+v", b, a)
	}
	r, err := m.PushStopped(t.Context(), "demo", a.Generation, status.ReasonPushLost)
	if err != nil || r != a.Record {
		t.Errorf("the older generation's end changed %+v to %+v (%v)", a.Record, r, err)
	}
}

func TestClaimWhilePausedIsGated(t *testing.T) {
	m, _ := newRoom(t, "demo")
	c := claim(t, m, "demo")
	do(t, m, "demo", status.Event{Kind: status.Pause, By: status.ReasonByAnchor})
	if _, err := m.PushStopped(t.Context(), "demo", c.Generation, status.ReasonPushLost); err != nil {
		t.Fatal(err)
	}
	c = claim(t, m, "demo")
	if !c.Gated || c.Record.Code != status.Paused || c.Record.Reason != status.ReasonByAnchor || !c.Record.StreamActive {
		t.Errorf("claim %+v", c)
	}
}

func TestEndKeepsReconnectsOutUntilReopened(t *testing.T) {
	m, _ := newRoom(t, "demo")
	first := claim(t, m, "demo")
	do(t, m, "demo", status.Event{Kind: status.End, By: status.ReasonByAnchor})
	_, err := m.ClaimPush(t.Context(), "demo", "n1")
	if no, ok := errors.AsType[*status.Refused](err); !ok || no.Code != "room_ended" || no.Status != status.Ended {
		t.Fatalf("reconnect after the end: %v", err)
	}
	want(t, do(t, m, "demo", status.Event{Kind: status.Reopen}), status.Waiting, status.ReasonReopened, 4)
	again := claim(t, m, "demo")
	if again.Record.Session == first.Record.Session || again.Generation != 2 {
		t.Errorf("after reopening %+v, before %+v", again, first)
	}
}

func TestGraceOverLetsThePushComeBack(t *testing.T) {
	m, st := newRoom(t, "demo")
	c := claim(t, m, "demo")
	r, _ := m.PushStopped(t.Context(), "demo", c.Generation, status.ReasonPushLost)
	st.ShiftClock(time.Hour)
	r = do(t, m, "demo", status.Event{Kind: status.DeadlineDue, Deadline: status.GraceDeadline, At: *r.GraceUntil})
	want(t, r, status.Ended, status.ReasonGraceOver, 4)
	if again := claim(t, m, "demo"); again.Record.Session == c.Record.Session {
		t.Error("the push after the end belongs to the ended session")
	}
}

func TestForbidUntilPassed(t *testing.T) {
	m, st := newRoom(t, "demo")
	claim(t, m, "demo")
	at, _ := st.Now(t.Context())
	want(t, do(t, m, "demo", status.Event{Kind: status.Forbid, Until: at.Add(time.Hour)}), status.Ended, status.ReasonForbidden, 3)
	for _, e := range []status.Event{{Kind: status.PushStarted, Node: "n1"}, {Kind: status.Reopen}} {
		_, err := m.Do(t.Context(), "demo", e)
		if no, ok := errors.AsType[*status.Refused](err); !ok || no.Code != "forbidden" {
			t.Errorf("%s while forbidden: %v", e.Kind, err)
		}
	}
	st.ShiftClock(61 * time.Minute)
	want(t, claim(t, m, "demo").Record, status.Live, status.ReasonPushStarted, 4)
}

func TestPermit(t *testing.T) {
	m, _ := newRoom(t, "demo")
	r := do(t, m, "demo", status.Event{Kind: status.Forbid})
	want(t, r, status.Waiting, status.ReasonCreated, 1)
	if got := do(t, m, "demo", status.Event{Kind: status.Permit}); got != r {
		t.Errorf("permit changed the record to %+v", got)
	}
	claim(t, m, "demo")
}

func TestReassert(t *testing.T) {
	m, _ := newRoom(t, "demo")
	ctx := t.Context()
	c := claim(t, m, "demo")
	if _, err := m.PushStopped(ctx, "demo", c.Generation, status.ReasonPushLost); err != nil {
		t.Fatal(err)
	}
	back, err := m.Reassert(ctx, "demo", "n1", c.Generation)
	if err != nil || back.Generation != c.Generation || back.Record.Session != c.Record.Session {
		t.Fatalf("reassert: %+v, %v", back, err)
	}
	want(t, back.Record, status.Live, status.ReasonPushResumed, 4)

	newer := claim(t, m, "demo")
	if _, err := m.Reassert(ctx, "demo", "n1", c.Generation); !errors.Is(err, status.ErrStale) {
		t.Errorf("after a takeover: %v", err)
	}
	do(t, m, "demo", status.Event{Kind: status.Drop})
	if _, err := m.Reassert(ctx, "demo", "n1", newer.Generation); !errors.Is(err, status.ErrStale) {
		t.Errorf("after a drop: %v", err)
	}
	newest := claim(t, m, "demo")
	want(t, newest.Record, status.Live, status.ReasonPushResumed, 6)
	do(t, m, "demo", status.Event{Kind: status.End})
	var no *status.Refused
	if _, err := m.Reassert(ctx, "demo", "n1", newest.Generation); !errors.As(err, &no) || no.Code != "room_ended" {
		t.Errorf("after the end: %v", err)
	}
}

func TestDeletedRoom(t *testing.T) {
	m, st := newRoom(t, "demo")
	ctx := t.Context()
	c := claim(t, m, "demo")
	r := do(t, m, "demo", status.Event{Kind: status.Delete})
	want(t, r, status.Ended, status.ReasonRoomDeleted, 3)
	if got := do(t, m, "demo", status.Event{Kind: status.Delete}); got != r {
		t.Errorf("deleting twice changed the record to %+v", got)
	}
	_, state := m.State(ctx, "demo")
	_, claimed := m.ClaimPush(ctx, "demo", "n1")
	_, stopped := m.PushStopped(ctx, "demo", c.Generation, status.ReasonPushClosed)
	_, never := m.State(ctx, "never")
	for what, err := range map[string]error{"State": state, "ClaimPush": claimed, "PushStopped": stopped, "State of no room": never} {
		if !errors.Is(err, status.ErrUnknownRoom) {
			t.Errorf("%s: %v", what, err)
		}
	}
	tomb, _ := st.Load(ctx, "demo")
	at, _ := st.Now(ctx)
	next := status.Continue(tomb, status.NewState("demo", at, status.Settings{Grace: grace}))
	if err := st.Swap(ctx, tomb.Revision, next); err != nil {
		t.Fatal(err)
	}
	if again := claim(t, m, "demo"); again.Record.Version != 5 || again.Record.Epoch != r.Epoch || again.Generation != 2 {
		t.Errorf("created again: %+v", again)
	}
}

func TestContinueKeepsTheBan(t *testing.T) {
	m, st := newRoom(t, "demo")
	do(t, m, "demo", status.Event{Kind: status.Forbid})
	do(t, m, "demo", status.Event{Kind: status.Delete})
	tomb, _ := st.Load(t.Context(), "demo")
	if next := status.Continue(tomb, status.NewState("demo", time.Now(), status.Settings{})); !next.ForbiddenAt(time.Now()) {
		t.Error("deleting the room lifted its ban")
	}
}

func TestTexts(t *testing.T) {
	m, _ := newRoom(t, "demo")
	claim(t, m, "demo")
	r := do(t, m, "demo", status.Event{Kind: status.Pause, Detail: strings.Repeat("茶", 200)})
	if len(r.Detail) != 198 || strings.ToValidUTF8(r.Detail, "") != r.Detail {
		t.Errorf("detail of %d bytes: %q", len(r.Detail), r.Detail)
	}
	do(t, m, "demo", status.Event{Kind: status.End, By: "made_up"})
	s, _ := m.State(t.Context(), "demo")
	if s.Record.Reason != status.ReasonByAdmin {
		t.Errorf("reason %q is not in the closed list", s.Record.Reason)
	}
	_, err := m.Do(t.Context(), "demo", status.Event{Kind: status.PlaybackStart, URL: strings.Repeat("u", 2049)})
	if no, ok := errors.AsType[*status.Refused](err); !ok || no.Code != "invalid_playback_url" {
		t.Errorf("a long URL: %v", err)
	}
	_, err = m.Do(t.Context(), "demo", status.Event{Kind: 99})
	if err == nil || !strings.Contains(err.Error(), "event(99)") {
		t.Errorf("an unknown event: %v", err)
	}
	if got := status.Code(9).String(); got != "status(9)" {
		t.Errorf("an unknown code: %s", got)
	}
	no := &status.Refused{Status: status.Waiting, Event: status.Pause, Code: "transition_refused", Detail: "why"}
	if no.Error() != "transition_refused: pause while waiting: why" {
		t.Error(no.Error())
	}
}

func TestWatch(t *testing.T) {
	m, _ := newRoom(t, "demo")
	var mu sync.Mutex
	var seen []uint64
	cancel := m.Watch(func(s status.State) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, s.Revision)
	})
	c := claim(t, m, "demo")
	do(t, m, "demo", status.Event{Kind: status.Resume}) // same: nothing is committed
	claim(t, m, "demo")
	if _, err := m.PushStopped(t.Context(), "demo", c.Generation, status.ReasonPushLost); err != nil { // too old
		t.Fatal(err)
	}
	do(t, m, "demo", status.Event{Kind: status.End})
	cancel()
	do(t, m, "demo", status.Event{Kind: status.Reopen})
	if !slices.Equal(seen, []uint64{2, 3, 4}) {
		t.Errorf("watched revisions %v", seen)
	}
}

// conflicting answers ErrConflict to a number of swaps.
type conflicting struct {
	*status.Memory
	left int
}

func (c *conflicting) Swap(ctx context.Context, prev uint64, next status.State) error {
	if c.left > 0 {
		c.left--
		return status.ErrConflict
	}
	return c.Memory.Swap(ctx, prev, next)
}

func TestConflictsAreRetriedWithinBounds(t *testing.T) {
	for _, c := range []struct {
		name      string
		conflicts int
		ok        bool
	}{{"none", 0, true}, {"fewer than attempts", 7, true}, {"as many as attempts", 8, false}} {
		t.Run(c.name, func(t *testing.T) {
			_, mem := newRoom(t, "demo")
			m := status.NewMachine(&conflicting{mem, c.conflicts}, status.Config{Attempts: 8})
			_, err := m.ClaimPush(t.Context(), "demo", "n1")
			if c.ok && err != nil || !c.ok && !errors.Is(err, status.ErrConflict) {
				t.Errorf("claim: %v", err)
			}
		})
	}
}

func TestRetriesEndWithTheirContext(t *testing.T) {
	_, mem := newRoom(t, "demo")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	m := status.NewMachine(&conflicting{mem, 1 << 30}, status.Config{Attempts: 1 << 30})
	if _, err := m.ClaimPush(ctx, "demo", "n1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("claim: %v", err)
	}
}

func TestStoreAway(t *testing.T) {
	m, st := newRoom(t, "demo")
	st.Fail(status.ErrUnavailable)
	if _, err := m.ClaimPush(t.Context(), "demo", "n1"); !errors.Is(err, status.ErrUnavailable) {
		t.Errorf("claim: %v", err)
	}
	if _, err := m.State(t.Context(), "demo"); !errors.Is(err, status.ErrUnavailable) {
		t.Errorf("state: %v", err)
	}
	if _, err := m.Now(t.Context()); !errors.Is(err, status.ErrUnavailable) {
		t.Errorf("now: %v", err)
	}
}

func TestOnlyNodeNeedsNoName(t *testing.T) {
	m, _ := newRoom(t, "demo")
	if _, err := m.ClaimPush(t.Context(), "demo", ""); err != nil {
		t.Fatal(err)
	}
	if s, _ := m.State(t.Context(), "demo"); s.Publisher == "" {
		t.Error("a running push has no publisher")
	}
}

func TestULID(t *testing.T) {
	at := time.UnixMilli(1469918176385) // the example of the ULID specification: 01ARYZ6S41…
	a, b := status.NewULID(at), status.NewULID(at)
	if a[:10] != "01ARYZ6S41" || len(a) != 26 || a == b {
		t.Errorf("%s, %s", a, b)
	}
	if strings.Trim(a+b, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != "" {
		t.Errorf("%s, %s: not Crockford's alphabet", a, b)
	}
	if later := status.NewULID(at.Add(time.Millisecond)); later <= a || later <= b {
		t.Errorf("%s does not sort after %s and %s", later, a, b)
	}
	if first := status.NewULID(time.Unix(-5, 0)); first[:10] != "0000000000" {
		t.Errorf("before 1970: %s", first)
	}
}
