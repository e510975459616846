package status_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/status"
)

var quiet = slog.New(slog.DiscardHandler)

// journal notes what was announced.
type journal struct {
	mu    sync.Mutex
	lines []string
	fail  func(ctx context.Context, r status.Record) error // called before a line is noted
}

func (j *journal) ApplyStatus(ctx context.Context, r status.Record) error {
	if j.fail != nil {
		if err := j.fail(ctx, r); err != nil {
			return err
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf("%s:%d", r.Room, r.Version))
	return nil
}

func (j *journal) of(room string) (out []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, l := range j.lines {
		if l[:len(room)+1] == room+":" {
			out = append(out, l[len(room)+1:])
		}
	}
	return out
}

// running runs a synchroniser until the test ends.
func running(t *testing.T, cfg status.SyncConfig, st status.Store, steps ...status.Announcer) *status.Synchroniser {
	t.Helper()
	y := status.NewSynchroniser(cfg, st, steps, quiet)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- y.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
	})
	return y
}

// wakeOn wakes y on each commit, as the program does.
func wakeOn(m *status.Machine, y *status.Synchroniser) {
	m.Watch(func(s status.State) { y.Wake(s.Record.Room) })
}

func endAndReopen(t testing.TB, m *status.Machine, room string, times int) {
	t.Helper()
	for range times {
		do(t, m, room, status.Event{Kind: status.End})
		do(t, m, room, status.Event{Kind: status.Reopen})
	}
}

func TestSynchroniserKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, st := newRoom(t, "a")
		var both []string
		note := func(step string) status.Announcer {
			return status.AnnouncerFunc(func(_ context.Context, r status.Record) error {
				both = append(both, fmt.Sprintf("%s%d", step, r.Version))
				return nil
			})
		}
		y := running(t, status.SyncConfig{}, st, note("chat"), note("callback"))
		wakeOn(m, y)
		endAndReopen(t, m, "a", 1)
		synctest.Wait()
		if want := []string{"chat1", "callback1", "chat2", "callback2", "chat3", "callback3"}; !slices.Equal(both, want) {
			t.Errorf("announced %v, want %v", both, want)
		}
		if rooms, _ := st.Pending(t.Context()); len(rooms) != 0 {
			t.Errorf("still pending: %v", rooms)
		}
		if s := y.Stats(); s != (status.SyncStats{Delivered: 3}) {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestSynchroniserStuckRoomHoldsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, st := newRoom(t, "stuck")
		addRoom(t, st, "free")
		var broken atomic.Bool
		broken.Store(true)
		j := &journal{fail: func(_ context.Context, r status.Record) error {
			if r.Room == "stuck" && r.Version == 2 && broken.Load() {
				return errors.New("chat is away")
			}
			return nil
		}}
		y := running(t, status.SyncConfig{Workers: 1}, st, j)
		wakeOn(m, y)
		endAndReopen(t, m, "stuck", 2)
		synctest.Wait()
		start := time.Now()
		endAndReopen(t, m, "free", 2)
		synctest.Wait()
		if got := j.of("free"); !slices.Equal(got, []string{"1", "2", "3", "4", "5"}) || time.Since(start) != 0 {
			t.Errorf("the free room got %v after %v", got, time.Since(start))
		}
		time.Sleep(10 * time.Minute) // (time of the synctest bubble)
		if got := j.of("stuck"); !slices.Equal(got, []string{"1"}) {
			t.Errorf("the stuck room got %v", got)
		}
		if n := y.Stats().Failed; n < 100 || n > 300 {
			t.Errorf("%d attempts in ten minutes: no back-off of at most 5 s", n)
		}
		broken.Store(false)
		time.Sleep(5*time.Second + time.Millisecond)
		if got := j.of("stuck"); !slices.Equal(got, []string{"1", "2", "3", "4", "5"}) {
			t.Errorf("the stuck room got %v when all was well again", got)
		}
		if y.Stats().Rooms != 0 {
			t.Errorf("stats %+v", y.Stats())
		}
	})
}

func TestSynchroniserEndsHangingSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, st := newRoom(t, "hangs")
		j := &journal{fail: func(ctx context.Context, r status.Record) error {
			if r.Room == "hangs" {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}}
		y := running(t, status.SyncConfig{Workers: 1, StepTimeout: 3 * time.Second}, st, j)
		wakeOn(m, y)
		synctest.Wait()
		addRoom(t, st, "free")
		y.Wake()
		time.Sleep(3*time.Second + time.Millisecond)
		synctest.Wait()
		if got := j.of("free"); !slices.Equal(got, []string{"1"}) {
			t.Errorf("the free room got %v", got)
		}
	})
}

func TestSynchroniserSurvivesPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, st := newRoom(t, "a")
		var calls atomic.Int32
		j := &journal{fail: func(context.Context, status.Record) error {
			if calls.Add(1) <= 3 {
				panic("step")
			}
			return nil
		}}
		running(t, status.SyncConfig{}, st, j)
		time.Sleep(time.Minute)
		if got := j.of("a"); !slices.Equal(got, []string{"1"}) {
			t.Errorf("announced %v", got)
		}
	})
}

func TestSynchroniserTakesUpWhatIsPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, st := newRoom(t, "a")
		endAndReopen(t, m, "a", 20) // more than one read of the outbox
		first := &journal{fail: func(_ context.Context, r status.Record) error {
			if r.Version > 3 {
				return errors.New("away")
			}
			return nil
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := status.NewSynchroniser(status.SyncConfig{}, st, []status.Announcer{first}, quiet).Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		second := &journal{}
		running(t, status.SyncConfig{}, st, second)
		synctest.Wait()
		if got := second.of("a"); len(got) != 38 || got[0] != "4" || got[37] != "41" {
			t.Errorf("after the restart: %v", got)
		}
	})
}

// ackless loses acknowledgements.
type ackless struct {
	*status.Memory
	lose int
}

func (a *ackless) Ack(ctx context.Context, room string, version uint64) error {
	if a.lose > 0 {
		a.lose--
		return status.ErrUnavailable
	}
	return a.Memory.Ack(ctx, room, version)
}

func TestSynchroniserRepeatsRatherThanSkips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, mem := newRoom(t, "a")
		endAndReopen(t, m, "a", 1)
		j := &journal{}
		running(t, status.SyncConfig{}, &ackless{mem, 2}, j)
		time.Sleep(time.Minute)
		if got := j.of("a"); !slices.Equal(got, []string{"1", "1", "1", "2", "3"}) {
			t.Errorf("announced %v", got)
		}
	})
}

func TestSynchroniserPollsAndWaitsForTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, st := newRoom(t, "a")
		st.Fail(status.ErrUnavailable)
		j := &journal{}
		running(t, status.SyncConfig{Poll: 30 * time.Second}, st, j)
		time.Sleep(time.Minute)
		st.Fail(nil)
		time.Sleep(5*time.Second + time.Millisecond)
		if got := j.of("a"); !slices.Equal(got, []string{"1"}) {
			t.Errorf("after the store came back: %v", got)
		}
		addRoom(t, st, "b") // by another node: nobody wakes us
		time.Sleep(30*time.Second + time.Millisecond)
		if got := j.of("b"); !slices.Equal(got, []string{"1"}) {
			t.Errorf("after a poll: %v", got)
		}
	})
}

// TestSynchroniserSaysOnceThatTheStoreIsAway, however often it tries.
func TestSynchroniserSaysOnceThatTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, st := newRoom(t, "a")
		said := &bytes.Buffer{}
		y := status.NewSynchroniser(status.SyncConfig{Poll: time.Second}, st, nil, slog.New(slog.NewTextHandler(said, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = y.Run(ctx) })
		for range 2 {
			st.Fail(status.ErrUnavailable)
			time.Sleep(5 * time.Minute)
			st.Fail(nil)
			time.Sleep(5 * time.Minute)
		}
		cancel()
		wg.Wait()
		if n := strings.Count(said.String(), "outbox can't be read"); n != 2 {
			t.Errorf("it says %d times:\n%s", n, said)
		}
	})
}

// busy lets something happen just after the outbox was found empty.
type busy struct {
	*status.Memory
	then func()
}

func (b *busy) PendingRoom(ctx context.Context, room string, limit int) ([]status.Entry, error) {
	entries, err := b.Memory.PendingRoom(ctx, room, limit)
	if then := b.then; len(entries) == 0 && then != nil {
		b.then = nil
		then()
	}
	return entries, err
}

// A room that only a look through the whole outbox can find must not wait while others keep the synchroniser busy.
func TestSynchroniserLooksThroughTheOutboxHoweverBusy(t *testing.T) {
	for _, away := range []bool{false, true} {
		t.Run(fmt.Sprintf("store away at the start: %v", away), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, st := newRoom(t, "a")
				addRoom(t, st, "b")
				if away {
					st.Fail(status.ErrUnavailable)
				}
				j := &journal{}
				y := running(t, status.SyncConfig{}, st, j)
				synctest.Wait()
				st.Fail(nil)
				if !away {
					addRoom(t, st, "l") // by another process, which wakes nobody here
				}
				for range 60 {
					y.Wake("b")
					time.Sleep(time.Second) // (time of the synctest bubble)
				}
				if got := j.of("a"); !slices.Equal(got, []string{"1"}) {
					t.Errorf("announced %v", got)
				}
				if got := j.of("l"); !away && !slices.Equal(got, []string{"1"}) {
					t.Errorf("the late room got %v", got)
				}
			})
		})
	}
}

func TestSynchroniserMissesNoWakeWhileItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, mem := newRoom(t, "a")
		st := &busy{Memory: mem}
		st.then = func() { do(t, m, "a", status.Event{Kind: status.End}) }
		j := &journal{}
		y := status.NewSynchroniser(status.SyncConfig{}, st, []status.Announcer{j}, quiet)
		wakeOn(m, y)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := y.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if got := j.of("a"); !slices.Equal(got, []string{"1", "2"}) {
			t.Errorf("announced %v", got)
		}
	})
}

func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, st := newRoom(t, "a")
		var failures atomic.Int32
		failures.Store(3)
		j := &journal{fail: func(context.Context, status.Record) error {
			if failures.Add(-1) >= 0 {
				return errors.New("away")
			}
			return nil
		}}
		y := running(t, status.SyncConfig{}, st, j)
		do(t, m, "a", status.Event{Kind: status.Delete})
		if err := y.Flush(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if got := j.of("a"); !slices.Equal(got, []string{"1", "2"}) {
			t.Errorf("flushed with only %v announced", got)
		}
		if err := y.Flush(t.Context(), "nobody"); err != nil {
			t.Errorf("nothing to flush: %v", err)
		}

		failures.Store(1 << 30)
		addRoom(t, st, "b")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := y.Flush(ctx, "b"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("flush of a stuck room: %v", err)
		}
		st.Fail(status.ErrUnavailable)
		if err := y.Flush(t.Context(), "b"); !errors.Is(err, status.ErrUnavailable) {
			t.Errorf("flush without store: %v", err)
		}
	})
}

func TestSynchroniserUnderRandomFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(4, 2))
		var mu sync.Mutex
		fails := func() error {
			mu.Lock()
			defer mu.Unlock()
			if rng.IntN(3) == 0 {
				return errors.New("now and then")
			}
			return nil
		}
		st := status.NewMemory()
		m := status.NewMachine(st, status.Config{})
		j := &journal{fail: func(context.Context, status.Record) error { return fails() }}
		last := &journal{fail: func(context.Context, status.Record) error { return fails() }}
		y := running(t, status.SyncConfig{Workers: 3}, st, j, last)
		wakeOn(m, y)
		for i := range 20 {
			addRoom(t, st, fmt.Sprintf("r%02d", i))
		}
		for range 10 {
			for i := range 20 {
				endAndReopen(t, m, fmt.Sprintf("r%02d", i), 1)
				time.Sleep(time.Millisecond)
			}
		}
		for i := range 20 {
			room := fmt.Sprintf("r%02d", i)
			if err := y.Flush(t.Context(), room); err != nil {
				t.Fatal(err)
			}
			for name, got := range map[string][]string{"first": j.of(room), "second": last.of(room)} {
				distinct := slices.Compact(slices.Clone(got))
				for k, v := range distinct {
					if v != fmt.Sprint(k+1) {
						t.Fatalf("%s, %s step: %v is out of order", room, name, got)
					}
				}
				if len(distinct) != 21 {
					t.Errorf("%s, %s step: %d versions of 21", room, name, len(distinct))
				}
			}
		}
	})
}
