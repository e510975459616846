package web

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"liveroom/status"
)

// EventLog is the installation's one log of status changes (status.Store).
type EventLog interface {
	Events(ctx context.Context, after uint64, limit int) ([]status.LogEntry, error)
	EventHead(ctx context.Context) (uint64, error)
}

// feed follows the log for everyone who waits for it: one reader, however many wait. Changes of this process wake it at
// once, those of other nodes are found by polling.
type feed struct {
	log   EventLog
	watch func(func(status.State)) func()
	poll  time.Duration
	slog  *slog.Logger
	nudge chan struct{}
	ended chan struct{} // closed when run returns

	mu    sync.Mutex
	rooms map[string]*waiters
	grown chan struct{} // closed and renewed when the log has grown
}

type waiters struct {
	changed chan struct{}
	n       int
}

func newFeed(log EventLog, watch func(func(status.State)) func(), poll time.Duration, l *slog.Logger) *feed {
	return &feed{
		log: log, watch: watch, poll: poll, slog: l, nudge: make(chan struct{}, 1), ended: make(chan struct{}),
		rooms: map[string]*waiters{}, grown: make(chan struct{}),
	}
}

// changes returns a channel that is closed at the room's next change. forget gives it back when it is no longer waited for.
func (f *feed) changes(room string) (changed <-chan struct{}, forget func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := f.rooms[room]
	if w == nil {
		w = &waiters{changed: make(chan struct{})}
		f.rooms[room] = w
	}
	w.n++
	return w.changed, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if w.n--; w.n == 0 && f.rooms[room] == w {
			delete(f.rooms, room)
		}
	}
}

// growth returns a channel that is closed when the log has grown next.
func (f *feed) growth() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.grown
}

// run follows the log until ctx ends.
func (f *feed) run(ctx context.Context) error {
	defer close(f.ended)
	if f.watch != nil {
		defer f.watch(func(status.State) { f.wake() })()
	}
	tick := time.NewTicker(f.poll)
	defer tick.Stop()
	var at uint64
	known, healthy := false, true
	for {
		next, err := f.follow(ctx, at, known)
		if err == nil {
			at, known = next, true
		}
		if (err == nil) != healthy && ctx.Err() == nil {
			healthy = err == nil
			f.slog.Warn("log of status changes", "readable", healthy, "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		case <-f.nudge:
		}
	}
}

func (f *feed) wake() {
	select {
	case f.nudge <- struct{}{}:
	default:
	}
}

// followLimit is how many entries are read at a time.
const followLimit = 256

// follow reads on from a place in the log and wakes whom it concerns. The first time, and when the place is no longer in
// the log, it goes to the log's head and wakes everyone.
func (f *feed) follow(ctx context.Context, at uint64, known bool) (uint64, error) {
	for known {
		entries, err := f.log.Events(ctx, at, followLimit)
		if errors.Is(err, status.ErrGone) {
			break
		}
		if err != nil || len(entries) == 0 {
			return at, err
		}
		f.tell(entries)
		at = entries[len(entries)-1].Seq
		if len(entries) < followLimit {
			return at, nil
		}
	}
	head, err := f.log.EventHead(ctx)
	if err == nil {
		f.tellAll()
	}
	return head, err
}

func (f *feed) tell(entries []status.LogEntry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range entries {
		if w := f.rooms[e.Record.Room]; w != nil {
			close(w.changed)
			delete(f.rooms, e.Record.Room)
		}
	}
	f.renew()
}

func (f *feed) tellAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for room, w := range f.rooms {
		close(w.changed)
		delete(f.rooms, room)
	}
	f.renew()
}

// renew wakes the event streams. f.mu is held.
func (f *feed) renew() {
	close(f.grown)
	f.grown = make(chan struct{})
}
