package status

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// SyncConfig of a Synchroniser. Zero values take the defaults.
type SyncConfig struct {
	Workers     int           // rooms delivered at the same time; default 64
	StepTimeout time.Duration // longest time one step may take for one record; default 5 s
	RetryMin    time.Duration // first wait after a failure, doubled each time; default 50 ms
	RetryMax    time.Duration // longest wait; default 5 s, 1 s with Claims: the store may be away and come back
	Poll        time.Duration // how often the whole outbox is looked through; default 30 s, 1 s with Claims

	// Claims lets one node at a time deliver a room's outbox, where several do. Nil: there is only this one.
	Claims    Claims
	ClaimLife time.Duration // how soon another goes on where a node fell silent; default 3 s

	// Delay is how much later than they were stored a room's records pass the steps that are Delayed; what waits already counts
	// by it too. It must not take long. Nil: no step is.
	Delay func(ctx context.Context, room string) (time.Duration, error)
}

func (c SyncConfig) withDefaults() SyncConfig {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	if c.Workers <= 0 {
		c.Workers = 64
	}
	def(&c.StepTimeout, 5*time.Second)
	def(&c.RetryMin, 50*time.Millisecond)
	if c.Claims != nil {
		def(&c.Poll, time.Second)
		def(&c.RetryMax, time.Second)
	}
	def(&c.RetryMax, 5*time.Second)
	def(&c.Poll, 30*time.Second)
	def(&c.ClaimLife, 3*time.Second)
	return c
}

// Synchroniser delivers the outbox: every record of a room passes all steps, in order of version, at least once, before
// the next one of that room begins. Rooms don't wait for each other: a room whose step fails waits by itself and holds
// no worker meanwhile, and a step that hangs is ended by its deadline.
//
// Where several nodes deliver, the one that committed a change is woken and claims its room; all look each second for what
// is left over. A claim is renewed while a step takes its time, and only its holder acknowledges.
type Synchroniser struct {
	cfg   SyncConfig
	store Store
	steps []Announcer
	late  []Announcer // of the steps, those that are Delayed
	soon  []Announcer // the others
	log   *slog.Logger

	wake chan struct{} // capacity 1: rooms or all changed

	mu      sync.Mutex
	all     bool                // look through the whole outbox
	rooms   map[string]*roomJob // what is queued, running or waiting; nothing else
	ready   []string            // rooms to be run, oldest first
	settled chan struct{}       // closed and renewed whenever a room's job ends
	hurried map[string]int      // rooms whose records are all due, and for how many

	delivered, failed atomic.Uint64
}

// roomJob is a room's place: in ready, running, or waiting after a failure.
type roomJob struct {
	running  bool
	again    bool // woken while running
	failures int

	told   uint64               // newest version that has passed the steps that are not delayed
	stored map[uint64]time.Time // when what waits was stored, by version, on this process's clock
	waits  chan struct{}        // closed when it is woken; nil unless it waits for what is not due
}

// SyncStats are counts since the start.
type SyncStats struct {
	Delivered uint64 // records acknowledged
	Failed    uint64 // attempts that failed
	Rooms     int    // rooms queued, running or waiting now
}

// NewSynchroniser returns a synchroniser that lets each record pass the steps in the order given. It starts nothing.
func NewSynchroniser(cfg SyncConfig, store Store, steps []Announcer, log *slog.Logger) *Synchroniser {
	y := &Synchroniser{
		cfg: cfg.withDefaults(), store: store, steps: steps, log: log, all: true,
		wake: make(chan struct{}, 1), rooms: map[string]*roomJob{}, settled: make(chan struct{}), hurried: map[string]int{},
	}
	for _, step := range steps {
		if _, late := step.(delayed); late && cfg.Delay != nil {
			y.late = append(y.late, step)
		} else {
			y.soon = append(y.soon, step)
		}
	}
	return y
}

// Stats may be called at any time.
func (y *Synchroniser) Stats() SyncStats {
	y.mu.Lock()
	defer y.mu.Unlock()
	return SyncStats{Delivered: y.delivered.Load(), Failed: y.failed.Load(), Rooms: len(y.rooms)}
}

// Wake says that these rooms have something to deliver, or, without rooms, that some may have. It never blocks.
func (y *Synchroniser) Wake(rooms ...string) {
	y.mu.Lock()
	if len(rooms) == 0 {
		y.all = true
	}
	for _, room := range rooms {
		y.enqueue(room)
	}
	y.mu.Unlock()
	y.signal()
}

// Moved says that another node has changed a room. Where this one keeps it, because something of it waits to be due, it looks
// at once: the other leaves it to this one. It never blocks.
func (y *Synchroniser) Moved(room string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if job := y.rooms[room]; job != nil && job.running {
		job.again = true
		job.cut()
	}
}

func (y *Synchroniser) signal() {
	select {
	case y.wake <- struct{}{}:
	default:
	}
}

// enqueue queues a room unless it already is, is running (then once more after) or waits for its retry. y.mu is held.
func (y *Synchroniser) enqueue(room string) {
	job := y.rooms[room]
	if job == nil {
		y.rooms[room] = &roomJob{}
		y.ready = append(y.ready, room)
	} else if job.running {
		job.again = true
		job.cut()
	}
}

// Run delivers until ctx ends. When it returns, nothing it started is still running. What is left stays in the store.
func (y *Synchroniser) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer y.forget()
	defer wg.Wait()
	free := make(chan struct{}, y.cfg.Workers)
	poll := time.NewTimer(0)
	defer poll.Stop()
	for failures := 0; ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-poll.C:
			y.Wake()
			continue
		case <-y.wake:
		}
		looked, err := y.collect(ctx)
		switch {
		case err != nil:
			if failures == 0 {
				y.log.Warn("outbox can't be read; will retry", "error", err)
			}
			poll.Reset(y.delay(failures))
			failures++
		case looked: // wakes for single rooms don't put the next look off
			poll.Reset(y.nextPoll())
			failures = 0
		}
		for room := y.next(); room != ""; room = y.next() {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case free <- struct{}{}:
			}
			wg.Go(func() { y.work(ctx, room, &worker{free: free, held: true}) })
		}
	}
}

// nextPoll is the time until the whole outbox is looked through again. Several nodes don't look at the same moment.
func (y *Synchroniser) nextPoll() time.Duration {
	if y.cfg.Claims == nil {
		return y.cfg.Poll
	}
	return y.cfg.Poll/2 + rand.N(y.cfg.Poll)
}

// work delivers what a room has. After a failure it waits, without holding a worker, and queues the room again.
func (y *Synchroniser) work(ctx context.Context, room string, w *worker) {
	err := y.deliver(ctx, room, w)
	w.release()
	if ctx.Err() != nil {
		return // stopping: the queue will be forgotten
	}
	wait := y.finish(room, err)
	if wait == 0 {
		return
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
		y.mu.Lock()
		y.ready = append(y.ready, room)
		y.mu.Unlock()
		y.signal()
	}
}

// forget empties the queue, so that a later Run begins anew from the store.
func (y *Synchroniser) forget() {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.rooms, y.ready, y.all = map[string]*roomJob{}, nil, true
}

// collect queues every room that has something in the store, if that was asked for, and says whether it was.
func (y *Synchroniser) collect(ctx context.Context) (looked bool, err error) {
	y.mu.Lock()
	looked, y.all = y.all, false
	y.mu.Unlock()
	if !looked {
		return false, nil
	}
	rooms, err := y.store.Pending(ctx)
	if err != nil {
		return true, err
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, room := range rooms {
		y.enqueue(room)
	}
	return true, nil
}

// next takes the next room to run, empty when there is none.
func (y *Synchroniser) next() string {
	y.mu.Lock()
	defer y.mu.Unlock()
	if len(y.ready) == 0 {
		return ""
	}
	room := y.ready[0]
	y.ready = y.ready[1:]
	y.rooms[room].running = true
	return room
}

// deliver empties a room's outbox, or stops at the first failure. What another node has claimed is left to it. While it waits
// for what is not due it keeps its claim but no worker.
func (y *Synchroniser) deliver(ctx context.Context, room string, w *worker) error {
	if y.cfg.Claims == nil {
		return y.drainAll(ctx, room, 0, w)
	}
	held, err := Hold(ctx, y.cfg.Claims, OutboxClaim(room), y.cfg.ClaimLife, func(ctx context.Context, fence uint64) error {
		return y.drainAll(ctx, room, fence, w)
	})
	if held || err != nil {
		return err
	}
	entries, err := y.store.PendingRoom(ctx, room, 1)
	if err == nil && len(entries) > 0 {
		err = errElsewhere // it may just have finished, without the newest
	}
	return err
}

// errElsewhere says that another node delivers the room.
var errElsewhere = errors.New("status: another node delivers the room")

// elsewhereWait is when a room is looked at again that another node delivers; more each time, up to a poll.
const elsewhereWait = 50 * time.Millisecond

func (y *Synchroniser) drain(ctx context.Context, room string, fence uint64) error {
	for {
		entries, err := y.store.PendingRoom(ctx, room, 16)
		if err != nil || len(entries) == 0 {
			return err
		}
		for _, e := range entries {
			if err := y.announce(ctx, y.steps, e.Record); err != nil {
				return err
			}
			if err := y.ack(ctx, room, e.Record.Version, fence); err != nil {
				return fmt.Errorf("acknowledge version %d: %w", e.Record.Version, err)
			}
			y.delivered.Add(1)
		}
	}
}

func (y *Synchroniser) ack(ctx context.Context, room string, version, fence uint64) error {
	if y.cfg.Claims == nil {
		return y.store.Ack(ctx, room, version)
	}
	return y.cfg.Claims.AckAs(ctx, room, version, fence)
}

func (y *Synchroniser) announce(ctx context.Context, steps []Announcer, r Record) error {
	for i, step := range steps {
		if err := y.step(ctx, step, r); err != nil {
			return fmt.Errorf("announce version %d, step %d: %w", r.Version, i+1, err)
		}
	}
	return nil
}

// step runs one step under its deadline. A panic of a step is that step's failure.
func (y *Synchroniser) step(ctx context.Context, step Announcer, r Record) (err error) {
	ctx, cancel := context.WithTimeout(ctx, y.cfg.StepTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return step.ApplyStatus(ctx, r)
}

// finish puts a room that has run where it belongs: forgotten, queued again, or (by the caller) to wait for its retry.
func (y *Synchroniser) finish(room string, err error) (wait time.Duration) {
	y.mu.Lock()
	defer y.mu.Unlock()
	job := y.rooms[room]
	job.running = false
	switch {
	case errors.Is(err, errElsewhere):
		wait = min(elsewhereWait<<min(job.failures, 10), y.cfg.Poll)
		job.failures++
		job.again = false
	case err != nil:
		wait = y.delay(job.failures)
		job.failures++
		job.again = false
		y.failed.Add(1)
		y.log.Warn("status not announced yet", "room", room, "attempt", job.failures, "retry", wait, "error", err)
	case job.again:
		job.again, job.failures = false, 0
		y.ready = append(y.ready, room)
		y.signal()
	default:
		delete(y.rooms, room)
	}
	close(y.settled)
	y.settled = make(chan struct{})
	return wait
}

// delay is the wait after a number of failures: exponential, between half and the whole of it.
func (y *Synchroniser) delay(failures int) time.Duration {
	d := min(y.cfg.RetryMin<<min(failures, 20), y.cfg.RetryMax)
	return d/2 + rand.N(d/2+1) + 1 // never 0
}

// Flush waits until everything the room has in the outbox is delivered; what is delayed is so at once.
func (y *Synchroniser) Flush(ctx context.Context, room string) error {
	defer y.hurry(room)()
	for {
		y.mu.Lock()
		settled := y.settled
		y.mu.Unlock()
		entries, err := y.store.PendingRoom(ctx, room, 1)
		if err != nil {
			return fmt.Errorf("flush room %s: %w", room, err)
		}
		if len(entries) == 0 {
			return nil
		}
		y.Wake(room)
		var look <-chan time.Time
		if y.cfg.Claims != nil { // another node may be at it, which settles nothing here
			look = time.After(flushLook)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("flush room %s: version %d waits: %w", room, entries[0].Record.Version, ctx.Err())
		case <-settled:
		case <-look:
		}
	}
}

// flushLook is how often Flush looks whether other nodes have delivered a room.
const flushLook = 50 * time.Millisecond
