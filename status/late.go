package status

import (
	"context"
	"fmt"
	"time"
)

// Delayed is a step that a room's records pass later than the others (SyncConfig.Delay), in their order. Until then they
// stay in the outbox, so that a crash loses none; the other steps see them at once, and after a crash once more. An
// operator's record, which takes a room off, passes at once, and with it what came before.
func Delayed(step Announcer) Announcer { return delayed{step} }

type delayed struct{ Announcer }

// maxWaiting is how many records of a room may wait; beyond, the oldest passes before its time.
const maxWaiting = 512

// worker is a place among SyncConfig.Workers.
type worker struct {
	free chan struct{}
	held bool
}

func (w *worker) release() {
	if w.held {
		<-w.free
		w.held = false
	}
}

func (w *worker) take(ctx context.Context) error {
	select {
	case w.free <- struct{}{}:
		w.held = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// cut ends the wait for what is not due. y.mu is held.
func (j *roomJob) cut() {
	if j.waits != nil {
		close(j.waits)
		j.waits = nil
	}
}

// atOnce says whether a record passes delayed steps as soon as it is there: an operator has taken the room off.
func (r Record) atOnce() bool {
	return r.Reason == ReasonForbidden || r.Reason == ReasonPushDropped || r.Reason == ReasonRoomDeleted
}

// drainAll empties a room's outbox, and waits for what is not due.
func (y *Synchroniser) drainAll(ctx context.Context, room string, fence uint64, w *worker) error {
	if len(y.late) == 0 {
		return y.drain(ctx, room, fence)
	}
	for {
		wait, err := y.drainDue(ctx, room, fence)
		if err != nil || wait == 0 {
			return err
		}
		w.release()
		if err := y.wait(ctx, room, wait); err != nil {
			return err
		}
		if err := w.take(ctx); err != nil {
			return err
		}
	}
}

// wait waits, unless the room is woken.
func (y *Synchroniser) wait(ctx context.Context, room string, d time.Duration) error {
	y.mu.Lock()
	job := y.rooms[room]
	if job.again {
		job.again = false
		y.mu.Unlock()
		return nil
	}
	woken := make(chan struct{})
	job.waits = woken
	y.mu.Unlock()
	t := time.NewTimer(d)
	defer t.Stop()
	var err error
	select {
	case <-ctx.Done():
		err = ctx.Err()
	case <-woken:
	case <-t.C:
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	job.waits, job.again = nil, job.again && err != nil // it is read anew now
	return err
}

// drainDue lets all records of a room pass the steps that are not delayed, and those that are due the others too. While
// records are left it returns how long none of them will be due.
func (y *Synchroniser) drainDue(ctx context.Context, room string, fence uint64) (wait time.Duration, err error) {
	for {
		entries, err := y.store.PendingRoom(ctx, room, maxWaiting+1)
		if err != nil || len(entries) == 0 {
			return 0, err
		}
		due, wait, err := y.dueOf(ctx, room, entries)
		if err != nil {
			return 0, err
		}
		for i, e := range entries {
			if err := y.tell(ctx, room, e.Record, i < due); err != nil {
				return 0, err
			}
			if i >= due {
				continue
			}
			if err := y.ack(ctx, room, e.Record.Version, fence); err != nil {
				return 0, fmt.Errorf("acknowledge version %d: %w", e.Record.Version, err)
			}
			y.delivered.Add(1)
		}
		if due == 0 {
			return wait, nil
		}
	}
}

// tell lets a record pass the steps that are not delayed, unless it has, and if it is due the others too.
func (y *Synchroniser) tell(ctx context.Context, room string, r Record, due bool) error {
	if told := r.Version <= y.toldUpTo(room); !told {
		steps := y.soon
		if due {
			steps = y.steps // in their order
		}
		if err := y.announce(ctx, steps, r); err != nil {
			return err
		}
		y.tellUpTo(room, r.Version)
		return nil
	}
	if due {
		return y.announce(ctx, y.late, r)
	}
	return nil
}

// dueOf says how many of a room's records are due, from the oldest on, and if none is how long until one will be.
func (y *Synchroniser) dueOf(ctx context.Context, room string, entries []Entry) (n int, wait time.Duration, err error) {
	delay, err := y.cfg.Delay(ctx, room)
	if err != nil {
		return 0, 0, fmt.Errorf("delay of room %s: %w", room, err)
	}
	if delay <= 0 || y.isHurried(room) {
		return len(entries), 0, nil
	}
	now, err := y.store.Now(ctx)
	if err != nil {
		return 0, 0, err
	}
	ages := y.agesOf(room, entries, now)
	n = max(len(entries)-maxWaiting, 0)
	for i, e := range entries {
		if e.Record.atOnce() || ages[i] >= delay {
			n = max(n, i+1)
		}
	}
	if n == 0 {
		wait = max(delay-ages[0], time.Millisecond)
	}
	return n, wait, nil
}

// agesOf is for how long records have been stored. The store's clock may step: it is asked only when a record is first seen
// here, from then on it is this process's that counts.
func (y *Synchroniser) agesOf(room string, entries []Entry, now time.Time) []time.Duration {
	y.mu.Lock()
	defer y.mu.Unlock()
	job := y.rooms[room]
	seen, here := make(map[uint64]time.Time, len(entries)), time.Now()
	ages := make([]time.Duration, len(entries))
	for i, e := range entries {
		at, known := job.stored[e.Record.Version]
		if !known {
			at = here.Add(-max(now.Sub(e.At), 0))
		}
		seen[e.Record.Version], ages[i] = at, here.Sub(at)
	}
	job.stored = seen // without those that are gone
	return ages
}

// toldUpTo is the newest version of a room that passed the steps that are not delayed, as far as this process knows.
func (y *Synchroniser) toldUpTo(room string) uint64 {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.rooms[room].told
}

func (y *Synchroniser) tellUpTo(room string, version uint64) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.rooms[room].told = version
}

// hurry has everything of a room be due until its answer is called.
func (y *Synchroniser) hurry(room string) (enough func()) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.hurried[room]++
	return func() {
		y.mu.Lock()
		defer y.mu.Unlock()
		if y.hurried[room]--; y.hurried[room] == 0 {
			delete(y.hurried, room)
		}
	}
}

func (y *Synchroniser) isHurried(room string) bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.hurried[room] > 0
}
