package status_test

import (
	"errors"
	"testing"
	"time"

	"liveroom/status"
	"liveroom/status/statustest"
)

func TestMemory(t *testing.T) {
	statustest.Run(t, func(_ *testing.T, logEntries int) status.Store {
		m := status.NewMemory()
		m.KeepLog(logEntries)
		return m
	})
}

func TestMemoryAway(t *testing.T) {
	m := status.NewMemory()
	away := errors.New("away")
	m.Fail(away)
	ctx := t.Context()
	_, load := m.Load(ctx, "a")
	_, now := m.Now(ctx)
	_, dead := m.Deadlines(ctx)
	_, pub := m.Publishing(ctx)
	_, pend := m.Pending(ctx)
	_, room := m.PendingRoom(ctx, "a", 1)
	_, ev := m.Events(ctx, 0, 1)
	_, head := m.EventHead(ctx)
	swap, ack := m.Swap(ctx, 0, status.State{}), m.Ack(ctx, "a", 1)
	for i, err := range []error{load, now, dead, pub, pend, room, ev, head, swap, ack} {
		if !errors.Is(err, away) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	m.Fail(nil)
	if _, err := m.Now(ctx); err != nil {
		t.Errorf("back: %v", err)
	}
}

func TestMemoryShared(t *testing.T) {
	statustest.RunShared(t, func(_ *testing.T, lease time.Duration) (a, b status.Shared) {
		m := status.NewMemory()
		m.SetLease(lease)
		return m, m
	})
}

func TestMemoryShiftClock(t *testing.T) {
	m := status.NewMemory()
	a, _ := m.Now(t.Context())
	m.ShiftClock(time.Hour)
	b, _ := m.Now(t.Context())
	if d := b.Sub(a); d < time.Hour || d > time.Hour+time.Minute {
		t.Errorf("the clock jumped by %v", d)
	}
}
