package audit

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"liveroom/chat"
)

// Config tunes a Log. The zero value of a field means its default.
type Config struct {
	Age     time.Duration // how long entries are kept (90 days)
	Entries int           // and how many at most (100,000)

	Queue         int           // acts that wait to be written (10,000)
	SettleTimeout time.Duration // how long an answer waits for its acts to be durable (2s)
	RetryAfter    time.Duration // from a write that failed to the next (500ms)
}

func (c Config) withDefaults() Config {
	c.Age = cmp.Or(c.Age, 90*24*time.Hour)
	c.Entries = cmp.Or(c.Entries, 100_000)
	c.Queue = cmp.Or(c.Queue, 10_000)
	c.SettleTimeout = cmp.Or(c.SettleTimeout, 2*time.Second)
	c.RetryAfter = cmp.Or(c.RetryAfter, 500*time.Millisecond)
	return c
}

// Validate names the first field that is out of bounds.
func (c Config) Validate() error {
	for _, f := range []struct {
		name     string
		value    any
		negative bool
	}{
		{"Age", c.Age, c.Age < 0},
		{"Entries", c.Entries, c.Entries < 0},
		{"Queue", c.Queue, c.Queue < 0},
		{"SettleTimeout", c.SettleTimeout, c.SettleTimeout < 0},
		{"RetryAfter", c.RetryAfter, c.RetryAfter < 0},
	} {
		if f.negative {
			return fmt.Errorf("audit: %s is %v; must not be negative", f.name, f.value)
		}
	}
	return nil
}

// Bounds of one entry.
const (
	maxValueBytes = 1000 // of each value of Detail
	maxDetails    = 40
	maxBatch      = 1000 // acts in one write
	writeTimeout  = 5 * time.Second
)

// Log writes acts down and finds them again.
type Log struct {
	cfg   Config
	store Store
	log   *slog.Logger

	wake chan struct{} // tells Run that something waits

	mu       sync.Mutex // guards what follows
	queue    []Entry
	batch    int                  // how many of them are being written; after a failure the same again, 0: none
	op       string               // the operation that this is to the store (chat.Operation)
	accepted uint64               // acts taken into the queue
	kept     uint64               // of those, the ones in the store
	moved    chan struct{}        // closed and made anew whenever kept grows
	lost     uint64               // acts the queue had no place for
	failures uint64               // writes that failed
	losing   bool                 // the last act was lost, and that was said
	paces    map[string]time.Time // when a user may do as much as at first
}

var _ chat.Journal = (*Log)(nil)

// New returns a Log. It writes while Run runs.
func New(cfg Config, store Store, log *slog.Logger) (*Log, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Log{cfg: cfg.withDefaults(), store: store, log: log, wake: make(chan struct{}, 1), moved: make(chan struct{}), paces: map[string]time.Time{}}, nil
}

// Record implements chat.Journal.
func (l *Log) Record(acts ...chat.Act) {
	l.mu.Lock()
	for _, act := range acts {
		l.charge(act.By, act.Time)
	}
	took := min(len(acts), l.cfg.Queue-len(l.queue))
	for _, act := range acts[:took] {
		l.queue = append(l.queue, entryOf(act))
	}
	l.accepted += uint64(took)
	l.lost += uint64(len(acts) - took)
	tell := took < len(acts) && !l.losing
	l.losing = took < len(acts)
	l.mu.Unlock()
	if tell {
		l.log.Error("the audit log can't keep up; acts are missing from it", "action", acts[took].Action, "room", acts[took].Group)
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// entryOf is an act as it is kept: values are clipped, addresses are networks already (chat.Identity.Network).
func entryOf(act chat.Act) Entry {
	e := Entry{
		Time: act.Time.UTC(), Group: act.Group, By: act.By.User, Platform: act.By.Platform, Address: network(act.By.Network()),
		Action: act.Action, Target: clip(act.Target),
	}
	note := func(key, value string) {
		if value == "" || len(e.Detail) == maxDetails {
			return
		}
		if e.Detail == nil {
			e.Detail = make(map[string]string, len(act.Detail)+1)
		}
		e.Detail[key] = clip(value)
	}
	note("console", act.By.Console)
	for _, key := range slices.Sorted(maps.Keys(act.Detail)) {
		note(key, act.Detail[key])
	}
	return e
}

// network writes one address without its length.
func network(p netip.Prefix) string {
	switch {
	case !p.IsValid():
		return ""
	case p.IsSingleIP():
		return p.Addr().String()
	default:
		return p.String()
	}
}

func clip(s string) string {
	if len(s) > maxValueBytes {
		return strings.ToValidUTF8(s[:maxValueBytes], "") + "…"
	}
	return strings.ToValidUTF8(s, "�")
}

// Settle implements chat.Journal: it waits until what was recorded before is in the store, SettleTimeout at most.
func (l *Log) Settle(ctx context.Context) {
	l.mu.Lock()
	upTo := l.accepted
	l.mu.Unlock()
	late := time.NewTimer(l.cfg.SettleTimeout)
	defer late.Stop()
	for {
		l.mu.Lock()
		done, moved := l.kept >= upTo, l.moved
		l.mu.Unlock()
		if done {
			return
		}
		select {
		case <-moved:
		case <-late.C:
			return // Run says what is wrong
		case <-ctx.Done():
			return
		}
	}
}

// Run writes what is recorded until ctx ends, and then what is left. It returns an error if that could not be written.
func (l *Log) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return l.last(ctx)
		case <-l.wake:
		}
		failed := false
		for l.Stats().Waiting > 0 && ctx.Err() == nil {
			err := l.write(ctx)
			if err != nil && !failed {
				l.log.Error("the audit log can't be written; will retry", "err", err)
			}
			if failed = err != nil; failed {
				l.pause(ctx)
			}
		}
	}
}

func (l *Log) pause(ctx context.Context) {
	timer := time.NewTimer(l.cfg.RetryAfter)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// last writes what is left at the end; a write that fails is tried once more.
func (l *Log) last(ctx context.Context) error {
	for failed := 0; l.Stats().Waiting > 0; {
		err := l.write(ctx)
		if err == nil {
			continue
		}
		if failed++; failed == 2 {
			return fmt.Errorf("audit: %d acts are lost: %w", l.Stats().Waiting, err)
		}
	}
	return context.Cause(ctx)
}

// write writes one batch. When that fails all of it stays in the queue.
func (l *Log) write(ctx context.Context) error {
	l.mu.Lock()
	if l.batch == 0 {
		l.batch, l.op = min(len(l.queue), maxBatch), rand.Text()
	}
	batch := slices.Clone(l.queue[:l.batch])
	ctx = chat.AsOperation(ctx, l.op)
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	err := l.store.AppendActs(ctx, batch)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.failures++
		return err
	}
	l.queue, l.batch = slices.Delete(l.queue, 0, len(batch)), 0
	l.kept += uint64(len(batch))
	close(l.moved)
	l.moved = make(chan struct{})
	return nil
}

// Acts returns a page of entries, the newest first.
func (l *Log) Acts(ctx context.Context, q Query) (Page, error) { return l.store.Acts(ctx, q) }

// Sweep removes what is too old or too much.
func (l *Log) Sweep(ctx context.Context) error {
	for {
		n, err := l.store.TrimActs(ctx, time.Now().Add(-l.cfg.Age), l.cfg.Entries)
		if err != nil || n < MaxTrim {
			return err
		}
	}
}

// Stats are figures since the start.
type Stats struct {
	Recorded uint64 // acts in the log
	Waiting  int    // acts that are not durable yet
	Lost     uint64 // acts the queue had no place for
	Failures uint64 // writes that failed and were tried again
}

// Stats returns present figures.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Stats{Recorded: l.kept, Waiting: len(l.queue), Lost: l.lost, Failures: l.failures}
}
