package redisstore

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/internal/redistest"
	"liveroom/live"
	"liveroom/status"
)

// told notes what a follower of statuses is told.
type told struct {
	mu     sync.Mutex
	states map[string]status.State
	rooms  map[string]bool
	fresh  bool
	resets []bool // whether each was for changes that were lost
}

func newTold() *told { return &told{states: map[string]status.State{}, rooms: map[string]bool{}} }

func (l *told) Changed(room string, s *status.State, settings bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s != nil {
		l.states[room] = *s
	}
	if settings {
		l.rooms[room] = true
	}
}

func (l *told) Fresh(fresh bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fresh = fresh
}

func (l *told) Reset(lost bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resets = append(l.resets, lost)
}

// is looks at what was told.
func (l *told) is(f func(*told) bool) func() bool {
	return func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return f(l)
	}
}

// followed follows the statuses of a store until the test ends, and waits until it does.
func followed(t *testing.T, st *Status) *told {
	t.Helper()
	l := newTold()
	inBackground(t, func(ctx context.Context) { _ = st.Follow(ctx, l) })
	wait(t, "news come", l.is(func(l *told) bool { return l.fresh }))
	return l
}

// inBackground runs something until the test ends, and waits for it.
func inBackground(t testing.TB, run func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

// twoNodes is two nodes over one Redis, the second behind a proxy.
func twoNodes(t *testing.T, server *redistest.Server, cfg StatusConfig) (a, b *Status, proxy *redistest.Proxy) {
	t.Helper()
	proxy = redistest.Through(t, server.Addr)
	prefix := openPrefix(t)
	return openAgain(t, server.URL(), prefix).Status(cfg), openAgain(t, proxy.URL(), prefix).Status(cfg), proxy
}

func storeRoom(t *testing.T, st *Status, id string) status.State {
	t.Helper()
	s, err := st.s.Live(st).CreateRoom(t.Context(), live.Room{ID: id, GroupID: id, Stream: id}, status.NewState(id, time.Now(), status.Settings{Grace: time.Minute}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// do lets an event happen and returns the state.
func do(t *testing.T, st *Status, room string, kind status.EventKind) status.State {
	t.Helper()
	if _, err := status.NewMachine(st, status.Config{}).Do(t.Context(), room, status.Event{Kind: kind, Node: "n", URL: "u"}); err != nil {
		t.Fatal(err)
	}
	s, err := st.Load(t.Context(), room)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLostReplyIsAskedForAgain: what was done is not taken for somebody else's change, and is not done twice.
func TestLostReplyIsAskedForAgain(t *testing.T) {
	a, b, proxy := twoNodes(t, redistest.Shared(t), StatusConfig{})
	storeRoom(t, b, "first") // Redis knows the scripts now
	rooms := b.s.Live(b)
	if _, err := rooms.UpdateRoom(t.Context(), "first", func(r *live.Room) error { r.Title = "x"; return nil }); err != nil {
		t.Fatal(err)
	}
	proxy.DropReplies(1, scriptCommit.sha)
	storeRoom(t, b, "lost-1")
	proxy.Dropped(t)
	s, err := b.Load(t.Context(), "lost-1")
	if err != nil {
		t.Fatal(err)
	}
	next, err := status.Apply(s, status.Event{Kind: status.End}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	proxy.DropReplies(1, scriptCommit.sha)
	if err := b.Swap(t.Context(), s.Revision, next); err != nil {
		t.Errorf("swap: %v", err)
	}
	proxy.Dropped(t)
	if err := b.Swap(t.Context(), s.Revision, next); !errors.Is(err, status.ErrConflict) {
		t.Errorf("another's: %v", err)
	}
	proxy.DropReplies(1, scriptUpdate.sha)
	changed, err := rooms.UpdateRoom(t.Context(), "lost-1", func(r *live.Room) error { r.Title += "y"; return nil })
	proxy.Dropped(t)
	if err != nil || changed.Title != "y" {
		t.Errorf("update: %+v, %v", changed, err)
	}
	entries, err := a.PendingRoom(t.Context(), "lost-1", 10)
	if err != nil || len(entries) != 2 {
		t.Errorf("outbox: %v, %v", entries, err)
	}
}

// TestNewsOverABrokenConnection are whole again when it is back.
func TestNewsOverABrokenConnection(t *testing.T) {
	t.Parallel()
	a, b, proxy := twoNodes(t, redistest.Shared(t), StatusConfig{})
	l := followed(t, b)
	storeRoom(t, a, "r")
	wait(t, "a room is made", l.is(func(l *told) bool { return l.rooms["r"] && l.states["r"].Revision == 1 }))
	for _, broken := range []func(){proxy.Cut, proxy.Stall} {
		broken()
		newest := do(t, a, "r", status.End)
		wait(t, "news are known not to come", l.is(func(l *told) bool { return !l.fresh }))
		proxy.Heal()
		wait(t, "what was missed is told", l.is(func(l *told) bool { return l.fresh && l.states["r"].Revision == newest.Revision }))
		newest = do(t, a, "r", status.Reopen)
		wait(t, "what comes then is told", l.is(func(l *told) bool { return l.states["r"].Revision == newest.Revision }))
	}
	if len(l.resets) > 0 {
		t.Errorf("resets: %v", l.resets)
	}
}

// TestNewsOfTooMuch can't be told one by one.
func TestNewsOfTooMuch(t *testing.T) {
	a, b, proxy := twoNodes(t, redistest.Shared(t), StatusConfig{Changes: 3})
	storeRoom(t, a, "r")
	l := followed(t, b)
	proxy.Cut()
	for range 4 {
		do(t, a, "r", status.End)
		do(t, a, "r", status.Reopen)
	}
	proxy.Heal()
	wait(t, "so much was missed", l.is(func(l *told) bool { return l.fresh && len(l.resets) == 1 && !l.resets[0] }))
	newest := do(t, a, "r", status.End)
	wait(t, "what comes then is told", l.is(func(l *told) bool { return l.states["r"].Revision == newest.Revision }))
}

// TestRedisThatLostChanges is noticed by who knew of them, also if others came in their place meanwhile, and nobody who
// follows the log of statuses goes on in it as if nothing had been lost.
func TestRedisThatLostChanges(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]int{"fewer than were known": 0, "others in their place": 6} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t, redistest.Durable()...)
			a, b, proxy := twoNodes(t, server, StatusConfig{})
			storeRoom(t, a, "r")
			l := followed(t, b)
			kept := filepath.Join(t.TempDir(), "kept")
			if err := os.CopyFS(kept, os.DirFS(server.Dir())); err != nil {
				t.Fatal(err)
			}
			do(t, a, "r", status.End)
			newest := do(t, a, "r", status.Reopen)
			wait(t, "it is known", l.is(func(l *told) bool { return l.states["r"].Revision == newest.Revision }))
			head, err := a.EventHead(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			proxy.Cut()
			server.Kill()
			if err := errors.Join(os.RemoveAll(filepath.Join(server.Dir(), "appendonlydir")), os.CopyFS(server.Dir(), os.DirFS(kept))); err != nil {
				t.Fatal(err)
			}
			if err := server.Up(); err != nil {
				t.Fatal(err)
			}
			wait(t, "redis answers", func() bool { _, err := a.Now(t.Context()); return err == nil })
			for i := range more {
				do(t, a, "r", []status.EventKind{status.End, status.Reopen}[i%2])
			}
			proxy.Heal()
			wait(t, "the loss is noticed", l.is(func(l *told) bool { return len(l.resets) > 0 && l.fresh }))
			if !l.resets[0] {
				t.Error("it is not known that changes were lost")
			}
			if _, err := b.Events(t.Context(), head, 10); !errors.Is(err, status.ErrGone) {
				t.Errorf("the log goes on: %v", err)
			}
			newest = do(t, a, "r", status.PlaybackStart)
			wait(t, "what comes then is told", l.is(func(l *told) bool { return l.states["r"].Revision == newest.Revision }))
			at, err := b.EventHead(t.Context())
			if err != nil || at <= head {
				t.Errorf("the log's head is %d after %d, %v", at, head, err)
			}
			if got, err := b.Events(t.Context(), at-1, 10); err != nil || len(got) != 1 || got[0].Record.Version != newest.Record.Version {
				t.Errorf("the log: %v, %v", got, err)
			}
		})
	}
}

// swept counts how often a keeper has looked for leases that lapsed.
type swept struct {
	status.Shared
	times atomic.Int64
}

func (s *swept) Lapsed(ctx context.Context, limit int) ([]status.Held, error) {
	held, err := s.Shared.Lapsed(ctx, limit)
	if err == nil {
		s.times.Add(1)
	}
	return held, err
}

// again waits until the keeper has looked, and has done what was to be done.
func (s *swept) again(t *testing.T) {
	t.Helper()
	before := s.times.Load()
	wait(t, "the keeper keeps", func() bool { return s.times.Load() > before+1 })
}

// TestRestartEndsNoPush lets a keeper and a node that holds a push go through restarts of Redis that last longer than
// leases.
func TestRestartEndsNoPush(t *testing.T) {
	t.Parallel()
	const lease = time.Second
	server := redistest.Start(t, redistest.Durable()...)
	a, b, _ := twoNodes(t, server, StatusConfig{Lease: lease})
	storeRoom(t, a, "r")
	before := do(t, a, "r", status.PushStarted)
	inBackground(t, func(ctx context.Context) {
		for ctx.Err() == nil {
			_, _ = a.Keep(ctx, []status.Held{{Room: "r", Generation: 1}})
			time.Sleep(lease / 20)
		}
	})
	watched := &swept{Shared: b}
	keeper := status.NewKeeper(status.KeeperConfig{Lease: lease, Every: lease / 20}, status.NewMachine(b, status.Config{Shared: true}), watched, slog.New(slog.DiscardHandler))
	inBackground(t, func(ctx context.Context) { _ = keeper.Run(ctx) })
	for range 2 {
		watched.again(t)
		server.Kill()
		time.Sleep(lease + lease/2)
		if err := server.Up(); err != nil {
			t.Fatal(err)
		}
	}
	watched.again(t)
	if s, err := b.Load(t.Context(), "r"); err != nil || s.Record != before.Record {
		t.Errorf("%+v, %v; want %+v", s.Record, err, before.Record)
	}
}

// TestFailOverThatLostAStatus puts a replica in the master's place that did not have the newest yet.
func TestFailOverThatLostAStatus(t *testing.T) {
	t.Parallel()
	f := redistest.StartSentinel(t)
	prefix := openPrefix(t)
	a, b := openAgain(t, f.URL(), prefix).Status(StatusConfig{}), openAgain(t, f.URL(), prefix).Status(StatusConfig{})
	l := followed(t, b)
	storeRoom(t, a, "r")
	wait(t, "the replica has it", func() bool {
		n, err := redistest.Command(f.Replica.Addr, "HEXISTS", a.s.control("status"), "r")
		return err == nil && n == ":1"
	})
	f.Replica.Pause()
	if n, err := redistest.Command(f.Master.Addr, "CLIENT", "KILL", "TYPE", "replica"); err != nil || n != ":1" { // else it is under way to it
		t.Fatal(n, err)
	}
	known := do(t, a, "r", status.PushStarted)
	wait(t, "it is known", l.is(func(l *told) bool { return l.states["r"].Revision == known.Revision }))
	head, err := a.EventHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.Master.Kill()
	f.Replica.Resume()
	wait(t, "the loss is noticed", l.is(func(l *told) bool { return len(l.resets) > 0 && l.resets[0] && l.fresh }))
	if s, err := b.Load(t.Context(), "r"); err != nil || s.Revision >= known.Revision {
		t.Fatalf("nothing was lost: %+v, %v", s, err)
	}
	m := status.NewMachine(b, status.Config{Shared: true})
	for range 2 { // the second time there is nothing to do
		if err := m.Restore(t.Context(), known); err != nil {
			t.Fatal(err)
		}
	}
	got, err := a.Load(t.Context(), "r")
	if err != nil || got.Record.Code != status.Live || got.Record.Epoch <= known.Record.Epoch || got.Record.Version != known.Record.Version+1 {
		t.Errorf("%+v, %v after %+v", got, err, known)
	}
	if got.Generation != known.Generation || got.Publisher != known.Publisher {
		t.Errorf("the push is another's: %+v", got)
	}
	if _, err := a.Events(t.Context(), head, 10); !errors.Is(err, status.ErrGone) {
		t.Errorf("the log goes on: %v", err)
	}
	wait(t, "news go on", l.is(func(l *told) bool { return l.states["r"].Revision == got.Revision }))
}

// TestDamagedDeadlines of one room hold up no other.
func TestDamagedDeadlines(t *testing.T) {
	s := open(t, redistest.Shared(t).URL())
	states := s.Status(StatusConfig{})
	end := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	if err := states.Swap(t.Context(), 0, status.NewState("a", time.Now(), status.Settings{EndAt: end})); err != nil {
		t.Fatal(err)
	}
	if err := s.rdb.HSet(t.Context(), s.control("deadlines"), "b", "[{").Err(); err != nil {
		t.Fatal(err)
	}
	if got, err := states.Deadlines(t.Context()); err != nil || len(got) != 1 || got[0].Room != "a" || !got[0].At.Equal(end) {
		t.Errorf("%+v, %v", got, err)
	}
}
