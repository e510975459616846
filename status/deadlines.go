package status

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// DeadlinesConfig of Deadlines. Zero values take the defaults.
type DeadlinesConfig struct {
	Retry time.Duration // wait before a deadline is tried again after the store failed; default 1 s
	Late  time.Duration // a timer noticed later than this ran out while the process stood still; default 5 s
}

// Deadlines acts on what time alone decides. A deadline is data in the store, by the store's clock, which may step. So
// each is also timed here: when it is first seen, a timer of this process is armed with the time that remains, and only
// when that has run out and the store agrees does anything happen. A deadline that had lapsed when it was first seen, or
// whose moment passed while the store was away or the process stood still, was nobody's to run: it is moved to
// now + grace.
type Deadlines struct {
	cfg     DeadlinesConfig
	machine *Machine
	store   Store
	log     *slog.Logger
	wake    chan struct{} // capacity 1

	mu    sync.Mutex
	rooms map[string]*armedRoom // rooms that have deadlines, as last seen
	dirty map[string]State      // committed here, not yet armed
}

// armedRoom is what is timed for one room.
type armedRoom struct {
	revision uint64
	timers   map[DeadlineKind]armed
}

// armed is one deadline as this process times it.
type armed struct {
	at     time.Time // store's clock
	fire   time.Time // this process's monotonic clock
	lapsed bool      // its moment passed unattended
}

// NewDeadlines returns the deadlines of all rooms in store. It starts nothing.
func NewDeadlines(cfg DeadlinesConfig, machine *Machine, store Store, log *slog.Logger) *Deadlines {
	if cfg.Retry <= 0 {
		cfg.Retry = time.Second
	}
	if cfg.Late <= 0 {
		cfg.Late = 5 * time.Second
	}
	return &Deadlines{
		cfg: cfg, machine: machine, store: store, log: log, wake: make(chan struct{}, 1),
		rooms: map[string]*armedRoom{}, dirty: map[string]State{},
	}
}

// Run watches the machine and acts on deadlines until ctx ends.
func (d *Deadlines) Run(ctx context.Context) error {
	defer d.machine.Watch(d.note)()
	timer := time.NewTimer(0)
	defer timer.Stop()
	swept := false
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		case <-d.wake:
		}
		wait, err := d.turn(ctx, &swept)
		if err != nil && ctx.Err() == nil {
			d.log.Warn("deadlines can't be run", "error", err)
		}
		if wait >= 0 {
			timer.Reset(wait)
		} else {
			timer.Stop()
		}
	}
}

// turn arms what is new, acts on what has fired and says how long to wait: negative when there is nothing to wait for.
func (d *Deadlines) turn(ctx context.Context, swept *bool) (time.Duration, error) {
	if !*swept {
		if err := d.Sweep(ctx); err != nil {
			return d.cfg.Retry, err
		}
		*swept = true
	}
	if err := d.armDirty(ctx); err != nil {
		return d.cfg.Retry, err
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, 16)
	for _, due := range d.fired() {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			d.act(ctx, due)
		})
	}
	wg.Wait()
	return d.nextFire(), nil
}

// note remembers a committed state until Run arms it.
func (d *Deadlines) note(s State) {
	room := s.Record.Room
	d.mu.Lock()
	if old, ok := d.dirty[room]; !ok || old.Revision < s.Revision {
		d.dirty[room] = s
	}
	d.mu.Unlock()
	d.signal()
}

func (d *Deadlines) signal() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Sweep compares what is armed with the store: deadlines that others set are armed, gone ones forgotten. Run does it
// once at its start; in a cluster it is also called periodically.
func (d *Deadlines) Sweep(ctx context.Context) error {
	before := d.revisions()
	list, err := d.store.Deadlines(ctx)
	if err != nil {
		return err
	}
	now, err := d.store.Now(ctx)
	if err != nil {
		return err
	}
	byRoom := map[string][]Deadline{}
	for _, x := range list {
		byRoom[x.Room] = append(byRoom[x.Room], x)
	}
	d.mu.Lock()
	for room, xs := range byRoom {
		d.arm(room, xs[0].Revision, xs, now)
	}
	for room, revision := range before { // not what was armed while the list was read
		if r := d.rooms[room]; r != nil && r.revision == revision && byRoom[room] == nil {
			delete(d.rooms, room)
		}
	}
	d.mu.Unlock()
	d.signal()
	return nil
}

func (d *Deadlines) revisions() map[string]uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make(map[string]uint64, len(d.rooms))
	for room, r := range d.rooms {
		out[room] = r.revision
	}
	return out
}

// armDirty arms what was committed in this process.
func (d *Deadlines) armDirty(ctx context.Context) error {
	d.mu.Lock()
	none := len(d.dirty) == 0
	d.mu.Unlock()
	if none {
		return nil
	}
	now, err := d.store.Now(ctx)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for room, s := range d.dirty {
		d.arm(room, s.Revision, s.Deadlines(), now)
	}
	clear(d.dirty)
	return nil
}

// arm times a room's deadlines. One that is timed already keeps its timer, whatever the store's clock says by now.
// d.mu is held.
func (d *Deadlines) arm(room string, revision uint64, list []Deadline, now time.Time) {
	old := d.rooms[room]
	if old != nil && old.revision > revision {
		return // older news
	}
	if len(list) == 0 {
		delete(d.rooms, room)
		return
	}
	r := &armedRoom{revision: revision, timers: make(map[DeadlineKind]armed, len(list))}
	for _, x := range list {
		if old != nil && old.timers[x.Kind].at.Equal(x.At) {
			r.timers[x.Kind] = old.timers[x.Kind]
			continue
		}
		remaining := x.At.Sub(now)
		r.timers[x.Kind] = armed{at: x.At, fire: time.Now().Add(remaining), lapsed: remaining <= 0}
	}
	d.rooms[room] = r
}

// dueTimer is a timer that has run out.
type dueTimer struct {
	room string
	kind DeadlineKind
	armed
}

// fired lists the timers that have run out.
func (d *Deadlines) fired() []dueTimer {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []dueTimer
	now := time.Now()
	for room, r := range d.rooms {
		for kind, a := range r.timers {
			if a.fire.After(now) {
				continue
			}
			if now.Sub(a.fire) > d.cfg.Late {
				a.lapsed = true
			}
			out = append(out, dueTimer{room, kind, a})
		}
	}
	return out
}

// nextFire is the time until the next timer runs out, negative when there is none.
func (d *Deadlines) nextFire() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	wait := time.Duration(-1)
	for _, r := range d.rooms {
		for _, a := range r.timers {
			if left := max(time.Until(a.fire), 0); wait < 0 || left < wait {
				wait = left
			}
		}
	}
	return wait
}

// act lets a deadline happen, or moves it if it lapsed, and arms what the store then says.
func (d *Deadlines) act(ctx context.Context, due dueTimer) {
	kind := DeadlineDue
	if due.lapsed {
		kind = DeadlineLapsed
	}
	rec, err := d.machine.Do(ctx, due.room, Event{Kind: kind, Deadline: due.kind, At: due.at})
	stands := false
	if err == nil {
		stands, err = d.rearm(ctx, due)
	}
	switch {
	case stands: // the store's clock was set back
	case err == nil:
		d.log.Info("deadline", "room", due.room, "lapsed", due.lapsed, "status", rec.Name, "reason", rec.Reason, "version", rec.Version)
	case errors.Is(err, ErrUnknownRoom):
		d.mu.Lock()
		delete(d.rooms, due.room)
		d.mu.Unlock()
	case ctx.Err() == nil:
		d.log.Warn("deadline can't be run", "room", due.room, "error", err)
		// Its moment passes while nobody can run it. (Others' changes in between are no reason to give grace again.)
		due.lapsed = due.lapsed || !errors.Is(err, ErrConflict)
		d.replace(due, d.cfg.Retry)
	}
}

// rearm arms the room anew from the store. Where the very same deadline is still there, the store's clock did not agree
// (it was set back), and it is timed again by what remains there.
func (d *Deadlines) rearm(ctx context.Context, due dueTimer) (stands bool, err error) {
	s, err := d.store.Load(ctx, due.room)
	if err != nil {
		return false, err
	}
	now, err := d.store.Now(ctx)
	if err != nil {
		return false, err
	}
	if at := s.deadline(due.kind); !s.Deleted && at.Equal(due.at) {
		stands = true
		d.replace(due, max(at.Sub(now), 10*time.Millisecond))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.arm(due.room, s.Revision, s.Deadlines(), now)
	return stands, nil
}

// replace times a deadline again, unless it has been replaced by another meanwhile.
func (d *Deadlines) replace(due dueTimer, wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r := d.rooms[due.room]; r != nil && r.timers[due.kind].at.Equal(due.at) {
		r.timers[due.kind] = armed{at: due.at, fire: time.Now().Add(wait), lapsed: due.lapsed}
	}
}
