package live_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"liveroom/address"
	"liveroom/live"
	"liveroom/live/stream"
	"liveroom/status"
)

// between lets something happen once at a place where others may come in between. It runs on the goroutine it stops.
type between struct {
	mu sync.Mutex
	f  func()
}

func (b *between) set(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.f = f
}

func (b *between) happen() {
	b.mu.Lock()
	f := b.f
	b.f = nil
	b.mu.Unlock()
	if f != nil {
		f()
	}
}

// seams are the places of the fixture where a test may come in between.
type seams struct {
	committed between // a state is stored, and nobody was told yet
	loaded    between // a state was read
	updated   between // a room is changed, its state not yet
	flushing  between // before the outbox counts as delivered
	ensuring  between // before a group is made
}

type seamStates struct {
	*status.Memory
	s *seams
}

func (x seamStates) Swap(ctx context.Context, prev uint64, next status.State) error {
	err := x.Memory.Swap(ctx, prev, next)
	if err == nil {
		x.s.committed.happen()
	}
	return err
}

func (x seamStates) Load(ctx context.Context, room string) (status.State, error) {
	s, err := x.Memory.Load(ctx, room)
	x.s.loaded.happen()
	return s, err
}

type seamRooms struct {
	live.Store
	s *seams
}

func (x seamRooms) UpdateRoom(ctx context.Context, id string, change func(*live.Room) error) (live.Room, error) {
	r, err := x.Store.UpdateRoom(ctx, id, change)
	x.s.updated.happen()
	return r, err
}

// seamGroups remembers what was done to groups, in order.
type seamGroups struct {
	s   *seams
	mu  sync.Mutex
	did []string
}

func (g *seamGroups) note(what string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.did = append(g.did, what)
}

func (g *seamGroups) done() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.did)
}

func (g *seamGroups) Ensure(_ context.Context, r live.Room) error {
	g.s.ensuring.happen()
	g.note("ensure " + r.GroupID)
	return nil
}

func (g *seamGroups) Dismiss(_ context.Context, group string) error {
	g.note("dismiss " + group)
	return nil
}

func (*seamGroups) Online(string) int { return 0 }

// seamOutbox delivers at once, but for the rooms it is told to fail.
type seamOutbox struct {
	s    *seams
	fail map[string]error
}

func (o seamOutbox) Flush(_ context.Context, room string) error {
	o.s.flushing.happen()
	return o.fail[room]
}

// seamed is a fixture with seams.
type seamed struct {
	*fixture
	*seams
	rooms  live.Store
	groups *seamGroups
	outbox seamOutbox
}

func newSeamed(t *testing.T) *seamed {
	t.Helper()
	s := &seams{}
	f := &fixture{t: t, states: status.NewMemory(), hub: stream.NewHub(stream.Config{})}
	x := &seamed{fixture: f, seams: s, groups: &seamGroups{s: s}, outbox: seamOutbox{s, map[string]error{}}}
	x.rooms = live.NewMemory(f.states)
	f.machine = status.NewMachine(seamStates{f.states, s}, status.Config{})
	var err error
	f.Service, err = live.New(live.Config{
		Node: "n1", PushKeys: address.Keys{Primary: pushKey}, PlayKeys: address.Keys{Primary: playKey},
	}, seamRooms{x.rooms, s}, f.machine, f.hub, x.groups, x.outbox, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPushThatAnEndOvertakesIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(*seamed) error
	}{
		{"end", func(x *seamed) error {
			_, err := x.End(x.t.Context(), "r1", status.ReasonByAdmin, "")
			return err
		}},
		{"delete", func(x *seamed) error { return x.Delete(x.t.Context(), "r1", "") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := newSeamed(t)
			x.create(live.Draft{ID: "r1"})
			x.committed.set(func() { must(t, tt.end(x)) }) // the claim is stored; before its news, the end and its news
			p, err := x.Publish(t.Context(), signed(pushKey, "r1"))
			if p != nil {
				t.Error("a push runs in a room that is over")
			}
			wantRefusal(t, err, "superseded")
			if in, _ := x.hub.Info("r1"); in.Publishing {
				t.Errorf("stream: %+v", in)
			}
		})
	}
}

func TestPauseThatAnEndOvertakesLeavesNoGate(t *testing.T) {
	x := newSeamed(t)
	x.create(live.Draft{ID: "r1"})
	defer x.push("r1").Close(stream.StopClosed)
	x.committed.set(func() {
		_, err := x.End(t.Context(), "r1", status.ReasonByAdmin, "")
		must(t, err)
	})
	_, err := x.Pause(t.Context(), "r1", status.ReasonByAnchor, "")
	must(t, err)
	defer x.hub.Subscribe("r1", stream.FLV, stream.SubscribeOptions{}).Close()
	if in, _ := x.hub.Info("r1"); in.Gated {
		t.Error("late news closed the gate of a room that is over")
	}
}

func TestStreamOfADeletedRoomStartsAnew(t *testing.T) {
	x := newSeamed(t)
	x.create(live.Draft{ID: "monday", Stream: "alice"})
	for range 3 {
		x.push("alice").Close(stream.StopClosed)
	}
	must(t, x.Delete(t.Context(), "monday", ""))
	x.create(live.Draft{ID: "tuesday", Stream: "alice"})
	p := x.push("alice") // the other room's generations say nothing here
	defer p.Close(stream.StopClosed)
	x.want("tuesday", status.Live, status.ReasonPushStarted)
}

func TestViewerThatAnEndOvertakesIsSentAway(t *testing.T) {
	x := newSeamed(t)
	x.create(live.Draft{ID: "r1"})
	defer x.push("r1").Close(stream.StopClosed)
	x.loaded.set(func() { // the room was live when it was looked at
		_, err := x.End(t.Context(), "r1", status.ReasonByAdmin, "")
		must(t, err)
	})
	sub, err := x.Play(t.Context(), signed(playKey, "r1"))
	if sub != nil {
		t.Error("a viewer waits in a room that is over")
	}
	wantRefusal(t, err, "not_live")
	if n := x.hub.Stats().Subscribers; n != 0 {
		t.Errorf("%d subscribers are left", n)
	}
}

func TestLateDeletionSparesTheRoomMadeAnew(t *testing.T) {
	x := newSeamed(t)
	x.create(live.Draft{ID: "r1"})
	x.flushing.set(func() { // a second deletion of the room overtakes the first, and the room is made anew
		must(t, x.Delete(t.Context(), "r1", ""))
		x.create(live.Draft{ID: "r1", Title: "anew"})
	})
	must(t, x.Delete(t.Context(), "r1", ""))
	if l, err := x.Room(t.Context(), "r1"); err != nil || l.Room.Title != "anew" || l.Record.Code != status.Waiting {
		t.Errorf("the new room: %+v, %v", l, err)
	}
	if did := x.groups.done(); !slices.Equal(did, []string{"ensure r1", "dismiss r1", "ensure r1"}) {
		t.Errorf("groups: %q", did)
	}
}

func TestRoomBeingDeletedIsUnknown(t *testing.T) {
	x := newSeamed(t)
	x.create(live.Draft{ID: "r1"})
	x.outbox.fail["r1"] = errors.New("away")
	if err := x.Delete(t.Context(), "r1", ""); err == nil {
		t.Fatal("deleted though nobody was told")
	}
	_, err := x.Publish(t.Context(), signed(pushKey, "r1"))
	wantRefusal(t, err, "unknown_room")
	_, err = x.Play(t.Context(), signed(playKey, "r1"))
	wantRefusal(t, err, "unknown_room")
}

func TestSweepIsNotHeldUpByOneRoom(t *testing.T) {
	x := newSeamed(t)
	away := errors.New("away")
	for _, id := range []string{"r1", "r2"} {
		x.create(live.Draft{ID: id})
		x.outbox.fail[id] = away
		if err := x.Delete(t.Context(), id, ""); !errors.Is(err, away) {
			t.Fatalf("deleted %s: %v", id, err)
		}
	}
	delete(x.outbox.fail, "r2")
	if err := x.Sweep(t.Context()); !errors.Is(err, away) {
		t.Errorf("sweep: %v", err)
	}
	if _, err := x.rooms.Room(t.Context(), "r2"); err == nil {
		t.Error("r2 waits for r1")
	}
	if _, err := x.rooms.Room(t.Context(), "r1"); err != nil {
		t.Errorf("r1: %v", err)
	}
}

func TestDeletionWaitsForAChangeOfTheGroup(t *testing.T) {
	x := newSeamed(t)
	x.create(live.Draft{ID: "r1"})
	deleted := make(chan error, 1)
	x.ensuring.set(func() { // the change has read the room, which is deleted meanwhile
		flushed := make(chan struct{})
		x.flushing.set(func() { close(flushed) })
		go func() { deleted <- x.Delete(t.Context(), "r1", "") }()
		<-flushed
	})
	title := "new"
	_, err := x.Update(t.Context(), "r1", live.Patch{Title: &title})
	must(t, <-deleted)
	if err != nil && !errors.Is(err, status.ErrUnknownRoom) {
		t.Errorf("update: %v", err)
	}
	if did := x.groups.done(); !slices.Equal(did, []string{"ensure r1", "ensure r1", "dismiss r1"}) {
		t.Errorf("groups: %q", did)
	}
}

func TestSettingsOfTheNewerChangeHold(t *testing.T) {
	x := newSeamed(t)
	x.create(live.Draft{ID: "r1"})
	patch := func(grace time.Duration) {
		_, err := x.Update(t.Context(), "r1", live.Patch{Grace: &grace})
		must(t, err)
	}
	x.updated.set(func() { patch(20 * time.Second) }) // comes after the other one, and overtakes it
	patch(10 * time.Second)
	l, err := x.Room(t.Context(), "r1")
	must(t, err)
	st, err := x.machine.State(t.Context(), "r1")
	must(t, err)
	if l.Room.Grace != 20*time.Second || st.Grace != l.Room.Grace {
		t.Errorf("the room says %s, its status %s", l.Room.Grace, st.Grace)
	}
}

func TestStartBringsSettingsInStep(t *testing.T) {
	x := newSeamed(t)
	x.create(live.Draft{ID: "r1"})
	end := time.Now().Add(time.Hour).UTC()
	_, err := x.rooms.UpdateRoom(t.Context(), "r1", func(r *live.Room) error { r.EndAt = end; return nil })
	must(t, err) // and here the process died
	told := make(chan status.State, 8)
	defer x.machine.Watch(func(s status.State) { told <- s })()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- x.Run(ctx) }()
	select {
	case s := <-told:
		if !s.EndAt.Equal(end) || s.Record.Version != 1 {
			t.Errorf("state: %+v", s)
		}
	case <-time.After(time.Minute):
		t.Error("the scheduled end was forgotten")
	}
	cancel()
	<-done
}
