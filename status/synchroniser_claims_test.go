package status_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/status"
)

// cutOff is a store that can no longer be reached by one node.
type cutOff struct {
	*status.Memory
	gone atomic.Bool
}

var errCut = errors.New("cut off")

func (c *cutOff) Renew(ctx context.Context, name string, fence uint64, life time.Duration) error {
	if c.gone.Load() {
		return errCut
	}
	return c.Memory.Renew(ctx, name, fence, life)
}

func (c *cutOff) Leave(ctx context.Context, name string, fence uint64) error {
	if c.gone.Load() {
		return errCut
	}
	return c.Memory.Leave(ctx, name, fence)
}

// delivered notes what steps are given.
type delivered struct {
	mu sync.Mutex
	by []string
}

func (d *delivered) note(by string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.by = append(d.by, by)
}

func (d *delivered) all() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.by)
}

// deliverer runs a node's synchroniser until the test ends.
func deliverer(t *testing.T, st status.Shared, step status.AnnouncerFunc) (y *status.Synchroniser, stop func()) {
	y = status.NewSynchroniser(status.SyncConfig{Claims: st}, st, []status.Announcer{step}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = y.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return y, stop
}

func storeRoom(t *testing.T, st status.Store, room string) {
	t.Helper()
	now, _ := st.Now(t.Context())
	if err := st.Swap(t.Context(), 0, status.NewState(room, now, status.Settings{})); err != nil {
		t.Fatal(err)
	}
}

// TestAnotherNodeGoesOn where one fell silent in the middle of a step, and only then.
func TestAnotherNodeGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := status.NewMemory()
		a := &cutOff{Memory: m}
		var got delivered
		hang := make(chan struct{})
		first, stop := deliverer(t, a, func(context.Context, status.Record) error {
			got.note("a")
			<-hang // stands still, whatever its context says
			return nil
		})
		deliverer(t, m, func(context.Context, status.Record) error { got.note("b"); return nil })
		synctest.Wait()
		storeRoom(t, m, "r")
		first.Wake("r")
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if by := got.all(); !slices.Equal(by, []string{"a"}) {
			t.Fatalf("a slow step has company: %v", by)
		}
		a.gone.Store(true)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if by := got.all(); !slices.Equal(by, []string{"a", "b"}) {
			t.Fatalf("delivered by %v", by)
		}
		endRoom(t, m, "r")
		close(hang) // it comes back, and must not acknowledge what another is about to deliver
		stop()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if by := got.all(); by[len(by)-1] != "b" {
			t.Errorf("delivered by %v", by)
		}
		if left, err := m.Pending(t.Context()); len(left) != 0 || err != nil {
			t.Errorf("left over: %v, %v", left, err)
		}
	})
}

// endRoom ends a room.
func endRoom(t *testing.T, m *status.Memory, room string) {
	t.Helper()
	if _, err := status.NewMachine(m, status.Config{}).Do(t.Context(), room, status.Event{Kind: status.End}); err != nil {
		t.Fatal(err)
	}
}

// TestLeftOversAreFound by any node, though nobody was woken for them.
func TestLeftOversAreFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := status.NewMemory()
		var got delivered
		for range 3 {
			deliverer(t, m, func(_ context.Context, r status.Record) error { got.note(r.Room); return nil })
		}
		time.Sleep(10 * time.Second)
		storeRoom(t, m, "r")
		storeRoom(t, m, "s")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		by := got.all()
		slices.Sort(by)
		if !slices.Equal(by, []string{"r", "s"}) {
			t.Errorf("delivered: %v", by)
		}
	})
}

// TestChangeWhileAnotherDelivers is not left to the next look through everything: who delivers may have read the outbox just
// before.
func TestChangeWhileAnotherDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := status.NewMemory()
		var got delivered
		y, _ := deliverer(t, m, func(_ context.Context, r status.Record) error { got.note(r.Room); return nil })
		for i := range 10 {
			room := string(rune('a' + i))
			fence, err := m.Take(t.Context(), status.OutboxClaim(room), time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			storeRoom(t, m, room)
			y.Wake(room)
			time.Sleep(20 * time.Millisecond)
			if err := m.Leave(t.Context(), status.OutboxClaim(room), fence); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
			if by := got.all(); len(by) != i+1 || by[i] != room {
				t.Fatalf("delivered: %v", by)
			}
		}
	})
}

// TestFlushSeesWhatAnotherDelivers soon, however long this node has tried in vain.
func TestFlushSeesWhatAnotherDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := status.NewMemory()
		y, _ := deliverer(t, m, func(context.Context, status.Record) error { t.Error("delivered here"); return nil })
		fence, err := m.Take(t.Context(), status.OutboxClaim("r"), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		storeRoom(t, m, "r")
		var seen time.Time
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := y.Flush(t.Context(), "r"); err != nil {
				t.Error(err)
			}
			seen = time.Now()
		})
		time.Sleep(10*time.Second + 10*time.Millisecond)
		delivered := time.Now()
		if err := m.AckAs(t.Context(), "r", 1, fence); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		if d := seen.Sub(delivered); d > 50*time.Millisecond {
			t.Errorf("seen after %v", d)
		}
	})
}

// TestFlushOfOnesOwn takes no longer than the delivery.
func TestFlushOfOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := status.NewMemory()
		y, _ := deliverer(t, m, func(context.Context, status.Record) error { time.Sleep(time.Millisecond); return nil })
		synctest.Wait()
		storeRoom(t, m, "r")
		begun := time.Now()
		if err := y.Flush(t.Context(), "r"); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(begun); d != time.Millisecond {
			t.Errorf("flushed after %v", d)
		}
	})
}

// slowClaims are those of a store that answers late.
type slowClaims struct{ *status.Memory }

const late = 1400 * time.Millisecond

func (s slowClaims) Take(ctx context.Context, name string, life time.Duration) (uint64, error) {
	fence, err := s.Memory.Take(ctx, name, life)
	time.Sleep(late)
	return fence, err
}

func (s slowClaims) Renew(ctx context.Context, name string, fence uint64, life time.Duration) error {
	err := s.Memory.Renew(ctx, name, fence, life)
	time.Sleep(late)
	return err
}

// TestClaimInASlowStore is held as long as it is worked under, though all that is asked of the store takes half a lifetime.
func TestClaimInASlowStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held, err := status.Hold(t.Context(), slowClaims{status.NewMemory()}, "c", 3*time.Second, func(ctx context.Context, _ uint64) error {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(time.Minute):
				return nil
			}
		})
		if !held || err != nil {
			t.Errorf("held: %v, %v", held, err)
		}
	})
}
