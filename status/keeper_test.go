package status_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/status"
)

// kept is a room of a cluster, with the keeper of one node and what a node does that holds its push.
type kept struct {
	*status.Memory
	t       *testing.T
	machine *status.Machine
	stop    func()
	full    atomic.Bool // the store answers, and stores nothing
	sweeps  atomic.Int64
	damaged atomic.Value // string: the room whose state can't be read
	unread  atomic.Bool  // deadlines can't be read
	begun   int          // times that begin was called
}

// begin is what a keeper does at first. The store is away at the first time.
func (k *kept) begin(context.Context) error {
	if k.begun++; k.begun == 1 {
		return status.ErrUnavailable
	}
	return nil
}

// Load implements status.Store.
func (k *kept) Load(ctx context.Context, room string) (status.State, error) {
	if room == k.damaged.Load() {
		return status.State{}, errors.New("damaged")
	}
	return k.Memory.Load(ctx, room)
}

// Deadlines implements status.Store.
func (k *kept) Deadlines(ctx context.Context) ([]status.Deadline, error) {
	if k.unread.Load() {
		return nil, errors.New("damaged")
	}
	return k.Memory.Deadlines(ctx)
}

// Swap implements status.Store.
func (k *kept) Swap(ctx context.Context, prev uint64, next status.State) error {
	if k.full.Load() {
		return status.ErrUnavailable
	}
	return k.Memory.Swap(ctx, prev, next)
}

// Keep implements status.Leases.
func (k *kept) Keep(ctx context.Context, pushes []status.Held) ([]status.Lease, error) {
	if k.full.Load() {
		return nil, status.ErrUnavailable
	}
	return k.Memory.Keep(ctx, pushes)
}

// Lapsed implements status.Leases.
func (k *kept) Lapsed(ctx context.Context, limit int) ([]status.Held, error) {
	if k.sweeps.Add(1) > 10_000 {
		k.t.Error("it never rests")
		<-ctx.Done()
	}
	return k.Memory.Lapsed(ctx, limit)
}

// newKept makes a live room "a" of which nobody keeps the push, with a grace of a minute, and lets a keeper begin.
func newKept(t *testing.T) *kept {
	k := &kept{Memory: status.NewMemory(), t: t}
	k.machine = status.NewMachine(k, status.Config{Shared: true})
	k.live("a", status.Settings{Grace: time.Minute, PauseLimit: time.Hour})
	k.lead()
	t.Cleanup(func() { k.stop() })
	return k
}

// live makes a room of which nobody keeps the push.
func (k *kept) live(room string, set status.Settings) {
	k.t.Helper()
	now, _ := k.Now(k.t.Context())
	if err := k.Swap(k.t.Context(), 0, status.NewState(room, now, set)); err != nil {
		k.t.Fatal(err)
	}
	if _, err := k.machine.ClaimPush(k.t.Context(), room, "n"); err != nil {
		k.t.Fatal(err)
	}
}

// lead lets a new keeper take over, with what its node knows.
func (k *kept) lead(since ...time.Time) {
	if k.stop != nil {
		k.stop()
	}
	ctx, cancel := context.WithCancel(context.Background())
	cfg := status.KeeperConfig{Begin: k.begin}
	if len(since) > 0 {
		cfg.Since = func() time.Time { return since[0] }
	}
	keeper := status.NewKeeper(cfg, k.machine, k, slog.New(slog.DiscardHandler))
	done := make(chan struct{})
	go func() { defer close(done); _ = keeper.Run(ctx) }()
	k.stop = func() { cancel(); <-done }
}

// pass lets time pass; while it does, the push of the generation is kept, 0: none.
func (k *kept) pass(d time.Duration, generation uint64) {
	for ; d > 0; d -= time.Second {
		if generation > 0 {
			_, _ = k.Keep(context.Background(), []status.Held{{Room: "a", Generation: generation}})
		}
		time.Sleep(time.Second)
	}
	synctest.Wait()
}

// lose ends the push of generation 1 as one whose connection broke.
func (k *kept) lose() {
	k.t.Helper()
	if _, err := k.machine.PushStopped(k.t.Context(), "a", 1, status.ReasonPushLost); err != nil {
		k.t.Fatal(err)
	}
}

func (k *kept) want(code status.Code, why status.Reason) {
	k.t.Helper()
	s, err := k.machine.State(k.t.Context(), "a")
	if err != nil || s.Record.Code != code || s.Record.Reason != why {
		k.t.Errorf("%v, %v (%v); want %v, %v", s.Record.Code, s.Record.Reason, err, code, why)
	}
}

// away lets the store be away.
func (k *kept) away(d time.Duration) {
	k.Fail(status.ErrUnavailable)
	k.pass(d, 0)
	k.Fail(nil)
}

func TestKeeperEndsWhatNobodyKeeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKept(t)
		k.pass(14*time.Second, 0)
		k.want(status.Live, status.ReasonPushStarted)
		k.pass(3*time.Second, 0)
		k.want(status.Paused, status.ReasonPushLost)
		k.pass(55*time.Second, 0)
		k.want(status.Paused, status.ReasonPushLost)
		k.pass(10*time.Second, 0)
		k.want(status.Ended, status.ReasonGraceOver)
	})
}

func TestKeeperBeginsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKept(t)
		k.pass(5*time.Minute, 1)
		if k.begun != 2 {
			t.Errorf("it began %d times", k.begun)
		}
	})
}

func TestKeeperLeavesWhatIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKept(t)
		k.pass(100*time.Second, 1)
		k.want(status.Live, status.ReasonPushStarted)
		if _, err := k.machine.ClaimPush(t.Context(), "a", "m"); err != nil {
			t.Fatal(err)
		}
		k.pass(20*time.Second, 1) // of the one that was taken over
		k.want(status.Paused, status.ReasonPushLost)
		c, err := k.machine.Reassert(t.Context(), "a", "m", 2)
		if err != nil || c.Record.Code != status.Live || c.Record.Reason != status.ReasonPushResumed {
			t.Errorf("reassert: %+v, %v", c, err)
		}
		k.pass(100*time.Second, 2)
		k.want(status.Live, status.ReasonPushResumed)
	})
}

// TestAwayEndsNoRoom lets the store be away for as long as it likes: whoever still pushes goes on, and whoever could not
// come back meanwhile has a whole grace.
func TestAwayEndsNoRoom(t *testing.T) {
	for _, away := range []time.Duration{time.Second, 10 * time.Second, time.Minute, 70 * time.Second, 5 * time.Minute} {
		t.Run(away.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // its node renews again a moment after the return
				k := newKept(t)
				k.pass(20*time.Second, 1)
				k.away(away)
				k.pass(3*time.Second, 0)
				k.pass(2*time.Minute, 1)
				k.want(status.Live, status.ReasonPushStarted)
			})
			synctest.Test(t, func(t *testing.T) { // nobody comes back for almost a grace after the return
				k := newKept(t)
				k.pass(20*time.Second, 1)
				k.lose()
				k.pass(30*time.Second, 0)
				k.away(away)
				if away >= 30*time.Second { // the deadline passed meanwhile
					k.pass(59*time.Second, 0)
					k.want(status.Paused, status.ReasonPushLost)
				}
				k.pass(5*time.Minute, 0)
				k.want(status.Ended, status.ReasonGraceOver)
			})
		})
	}
}

// TestFullStoreEndsNoRoom: a store that answers and stores nothing, as one whose memory is full, let all leases lapse.
func TestFullStoreEndsNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKept(t)
		k.lead(time.Now())
		k.pass(20*time.Second, 1)
		k.full.Store(true)
		k.pass(40*time.Second, 1)
		k.full.Store(false)
		k.pass(3*time.Second, 0) // its node renews in a moment
		k.pass(time.Minute, 1)
		k.want(status.Live, status.ReasonPushStarted)
		k.pass(20*time.Second, 0)
		k.want(status.Paused, status.ReasonPushLost)
	})
}

// TestDamagedRoom holds up no other.
func TestDamagedRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKept(t)
		k.live("b", status.Settings{})
		k.damaged.Store("b")
		k.pass(17*time.Second, 0)
		k.want(status.Paused, status.ReasonPushLost)
		k.pass(62*time.Second, 0)
		k.want(status.Ended, status.ReasonGraceOver)
	})
}

// TestDamagedDeadlines hold up no lost push: the store answers, so there is nothing to wait for.
func TestDamagedDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKept(t)
		k.pass(20*time.Second, 1)
		k.unread.Store(true)
		k.pass(17*time.Second, 0)
		k.want(status.Paused, status.ReasonPushLost)
	})
}

// TestTakingOverEndsNoRoom lets deadlines pass while nobody leads.
func TestTakingOverEndsNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKept(t)
		k.pass(20*time.Second, 1)
		k.lose()
		k.pass(50*time.Second, 0)
		k.stop()
		k.pass(15*time.Second, 0)
		k.lead()
		k.pass(70*time.Second, 0) // 15 s it waits, then the grace anew
		k.want(status.Paused, status.ReasonPushLost)
		k.pass(10*time.Second, 0)
		k.want(status.Ended, status.ReasonGraceOver)
	})
}

// TestTakingOverWithoutABreak: the store answered all the time, so nobody has to be waited for.
func TestTakingOverWithoutABreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		k := newKept(t)
		k.pass(20*time.Second, 1)
		k.stop()
		k.pass(16*time.Second, 0)
		k.lead(begun)
		k.pass(2*time.Second, 0)
		k.want(status.Paused, status.ReasonPushLost)
		k.stop()
		k.pass(70*time.Second, 0) // what passes while nobody leads is moved
		k.lead(begun)
		k.pass(59*time.Second, 0)
		k.want(status.Paused, status.ReasonPushLost)
		k.pass(3*time.Second, 0)
		k.want(status.Ended, status.ReasonGraceOver)
	})
}
