package status_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/status"
)

// moments notes which version of room "a" was announced when, in seconds since it was made.
type moments struct {
	begun time.Time
	fail  atomic.Int32 // so many calls fail

	mu    sync.Mutex
	lines []string
}

func (m *moments) ApplyStatus(_ context.Context, r status.Record) error {
	if m.fail.Add(-1) >= 0 {
		return errors.New("not now")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lines = append(m.lines, fmt.Sprintf("%.1f v%d", time.Since(m.begun).Seconds(), r.Version))
	return nil
}

func (m *moments) want(t *testing.T, what string, want ...string) {
	t.Helper()
	synctest.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.Equal(m.lines, want) {
		t.Errorf("%s: %q\nwant %q", what, m.lines, want)
	}
	m.lines = nil
}

// lateRoom is room "a" of a store, whose records pass one step at once and one later.
type lateRoom struct {
	t          *testing.T
	store      *status.Memory
	m          *status.Machine
	delay      atomic.Int64
	ahead      atomic.Int64 // of the store's clock
	soon, late *moments
}

// steppedStore is the room's store with a clock that was set anew.
type steppedStore struct {
	status.Store
	ahead *atomic.Int64
}

func (s steppedStore) Now(ctx context.Context) (time.Time, error) {
	now, err := s.Store.Now(ctx)
	return now.Add(time.Duration(s.ahead.Load())), err
}

func onLateRoom(t *testing.T, delay time.Duration, f func(l *lateRoom)) {
	synctest.Test(t, func(t *testing.T) {
		l := &lateRoom{t: t, store: status.NewMemory(), soon: &moments{begun: time.Now()}, late: &moments{begun: time.Now()}}
		l.m = status.NewMachine(l.store, status.Config{})
		l.delay.Store(int64(delay))
		now, err := l.store.Now(t.Context())
		if err == nil {
			err = l.store.Swap(t.Context(), 0, status.NewState("a", now, status.Settings{Grace: time.Minute, PauseLimit: time.Hour}))
		}
		if err != nil {
			t.Fatal(err)
		}
		f(l)
	})
}

// run runs a synchroniser until the answer is called.
func (l *lateRoom) run(cfg status.SyncConfig) (y *status.Synchroniser, stop func()) {
	cfg.Delay = func(context.Context, string) (time.Duration, error) { return time.Duration(l.delay.Load()), nil }
	y = status.NewSynchroniser(cfg, steppedStore{l.store, &l.ahead}, []status.Announcer{status.Delayed(l.late), l.soon}, quiet)
	ctx, cancel := context.WithCancel(l.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = y.Run(ctx) })
	forget := l.m.Watch(func(s status.State) { y.Wake(s.Record.Room) })
	synctest.Wait()
	return y, func() { forget(); cancel(); wg.Wait() }
}

func (l *lateRoom) do(e status.Event) {
	l.t.Helper()
	do(l.t, l.m, "a", e)
}

func (l *lateRoom) waiting(want int) {
	l.t.Helper()
	synctest.Wait()
	if left, err := l.store.PendingRoom(l.t.Context(), "a", 1000); err != nil || len(left) != want {
		l.t.Errorf("%d records wait, %v; want %d", len(left), err, want)
	}
}

func TestARecordPassesDelayedStepsLater(t *testing.T) {
	onLateRoom(t, 5*time.Second, func(l *lateRoom) {
		_, stop := l.run(status.SyncConfig{})
		defer stop()
		time.Sleep(time.Second)
		l.do(status.Event{Kind: status.End})
		time.Sleep(time.Second)
		l.do(status.Event{Kind: status.Reopen})
		l.soon.want(t, "at once", "0.0 v1", "1.0 v2", "2.0 v3")
		l.late.want(t, "before their time")
		l.waiting(3)
		time.Sleep(10 * time.Second)
		l.late.want(t, "later", "5.0 v1", "6.0 v2", "7.0 v3")
		l.soon.want(t, "once")
		l.waiting(0)
	})
}

func TestWithoutDelayStepsKeepTheirOrder(t *testing.T) {
	onLateRoom(t, 0, func(l *lateRoom) {
		l.soon = l.late // what comes first stands first
		l.soon = &moments{begun: l.late.begun}
		_, stop := l.run(status.SyncConfig{})
		defer stop()
		l.do(status.Event{Kind: status.End})
		l.late.want(t, "the chat", "0.0 v1", "0.0 v2")
		l.soon.want(t, "the others", "0.0 v1", "0.0 v2")
	})
}

// What an operator does is told at once, and what came before it, in order.
func TestAnOperatorsRecordWaitsForNothing(t *testing.T) {
	for name, act := range map[string][]status.Event{
		"forbid": {{Kind: status.PushStarted, Node: "n", Session: "s"}, {Kind: status.Forbid}},
		"drop":   {{Kind: status.PushStarted, Node: "n", Session: "s"}, {Kind: status.Drop}},
		"delete": {{Kind: status.PushStarted, Node: "n", Session: "s"}, {Kind: status.Delete}},
	} {
		t.Run(name, func(t *testing.T) {
			onLateRoom(t, time.Minute, func(l *lateRoom) {
				_, stop := l.run(status.SyncConfig{})
				defer stop()
				time.Sleep(10 * time.Second)
				l.do(act[0])
				time.Sleep(10 * time.Second)
				l.do(act[1])
				l.late.want(t, name, "20.0 v1", "20.0 v2", "20.0 v3")
				l.soon.want(t, name, "0.0 v1", "10.0 v2", "20.0 v3")
				l.waiting(0)
			})
		})
	}
}

// The delay may change while records wait: they count by the new one, and stay in order.
func TestTheDelayMayChangeInBetween(t *testing.T) {
	onLateRoom(t, time.Minute, func(l *lateRoom) {
		y, stop := l.run(status.SyncConfig{})
		defer stop()
		time.Sleep(10 * time.Second)
		l.do(status.Event{Kind: status.End})
		l.delay.Store(int64(20 * time.Second))
		y.Wake("a")
		time.Sleep(15 * time.Second)
		l.late.want(t, "shorter", "20.0 v1")
		l.delay.Store(int64(40 * time.Second))
		time.Sleep(10 * time.Second) // the timer finds that there is more to wait
		l.late.want(t, "longer")
		l.delay.Store(0)
		l.do(status.Event{Kind: status.Reopen})
		l.late.want(t, "none", "35.0 v2", "35.0 v3")
	})
}

// A crash loses nothing that waits: the next run tells it when it is due, and the other steps once more.
func TestWhatWaitsOutlivesACrash(t *testing.T) {
	onLateRoom(t, time.Minute, func(l *lateRoom) {
		_, stop := l.run(status.SyncConfig{})
		time.Sleep(10 * time.Second)
		l.do(status.Event{Kind: status.End})
		l.soon.want(t, "before the crash", "0.0 v1", "10.0 v2")
		stop()
		time.Sleep(20 * time.Second)
		_, stop = l.run(status.SyncConfig{})
		defer stop()
		l.soon.want(t, "after it", "30.0 v1", "30.0 v2")
		time.Sleep(time.Minute)
		l.late.want(t, "when due", "60.0 v1", "70.0 v2")
		l.soon.want(t, "once")
	})
}

// The store's clock may be set: what waits is told when it has waited, neither hours later nor at once.
func TestWhatWaitsOutlivesAStepOfTheClock(t *testing.T) {
	for name, step := range map[string]time.Duration{"back": -time.Hour, "ahead": time.Hour} {
		t.Run(name, func(t *testing.T) {
			onLateRoom(t, 10*time.Second, func(l *lateRoom) {
				y, stop := l.run(status.SyncConfig{})
				time.Sleep(5 * time.Second)
				l.ahead.Store(int64(step))
				y.Wake("a")
				l.late.want(t, "after the step")
				time.Sleep(6 * time.Second)
				l.late.want(t, "in its time", "10.0 v1")
				l.ahead.Store(0)
				l.do(status.Event{Kind: status.End})
				synctest.Wait()
				stop()
				l.ahead.Store(int64(min(step, 0)))
				_, stop = l.run(status.SyncConfig{})
				defer stop()
				time.Sleep(20 * time.Second)
				l.late.want(t, "after a start in between", "21.0 v2")
			})
		})
	}
}

// Where another node changes a room of which this one keeps what waits, this one looks as soon as it hears of it.
func TestAForeignChangeIsLookedAtAtOnce(t *testing.T) {
	onLateRoom(t, time.Hour, func(l *lateRoom) {
		y, stop := l.run(status.SyncConfig{Claims: l.store, Poll: time.Hour})
		defer stop()
		time.Sleep(10 * time.Second)
		other := status.NewMachine(l.store, status.Config{})
		do(t, other, "a", status.Event{Kind: status.End})
		y.Moved("a")
		y.Moved("b") // of which nothing waits here
		l.soon.want(t, "at once", "0.0 v1", "10.0 v2")
		do(t, other, "a", status.Event{Kind: status.Delete})
		y.Moved("a")
		l.late.want(t, "at once", "10.0 v1", "10.0 v2", "10.0 v3")
	})
}

func TestFlushHurriesWhatWaits(t *testing.T) {
	onLateRoom(t, time.Minute, func(l *lateRoom) {
		y, stop := l.run(status.SyncConfig{})
		defer stop()
		time.Sleep(10 * time.Second)
		if err := y.Flush(l.t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		l.late.want(t, "flushed", "10.0 v1")
		l.do(status.Event{Kind: status.End})
		l.late.want(t, "afterwards it waits again")
	})
}

func TestADelayedStepThatFailsIsTriedAgain(t *testing.T) {
	onLateRoom(t, 10*time.Second, func(l *lateRoom) {
		_, stop := l.run(status.SyncConfig{RetryMin: time.Second, RetryMax: time.Second})
		defer stop()
		l.late.fail.Store(1)
		time.Sleep(9500 * time.Millisecond)
		l.do(status.Event{Kind: status.End})
		time.Sleep(20 * time.Second)
		l.waiting(0)
		l.soon.want(t, "once", "0.0 v1", "9.5 v2")
		if n := len(l.late.lines); n != 2 {
			t.Errorf("the delayed step was passed %d times", n)
		}
	})
}

// More records than may wait go early, in order, and none is lost.
func TestWaitingRecordsAreBounded(t *testing.T) {
	onLateRoom(t, time.Hour, func(l *lateRoom) {
		_, stop := l.run(status.SyncConfig{})
		defer stop()
		for range 300 {
			l.do(status.Event{Kind: status.End})
			l.do(status.Event{Kind: status.Reopen})
			synctest.Wait()
		}
		l.waiting(512)
		time.Sleep(2 * time.Hour)
		l.waiting(0)
		for i, line := range l.late.lines {
			var at float64
			var version int
			if _, err := fmt.Sscanf(line, "%f v%d", &at, &version); err != nil || version != i+1 {
				t.Fatalf("announcement %d: %s", i, line)
			}
		}
		if len(l.late.lines) != 601 || len(l.soon.lines) != 601 {
			t.Errorf("%d and %d of 601 records were told", len(l.late.lines), len(l.soon.lines))
		}
	})
}

// Of two nodes one keeps the room while its records wait; the other goes on when that one stops.
func TestOneNodeKeepsTheRecordsThatWait(t *testing.T) {
	onLateRoom(t, time.Minute, func(l *lateRoom) {
		cfg := status.SyncConfig{Claims: l.store}
		_, stopA := l.run(cfg)
		_, stopB := l.run(cfg)
		defer stopB()
		time.Sleep(10 * time.Second)
		l.do(status.Event{Kind: status.End})
		time.Sleep(10 * time.Second)
		l.soon.want(t, "once each", "0.0 v1", "10.0 v2")
		stopA()
		time.Sleep(20 * time.Second)
		l.late.want(t, "before their time")
		time.Sleep(40 * time.Second)
		l.late.want(t, "when due", "60.0 v1", "70.0 v2")
		l.waiting(0)
	})
}
