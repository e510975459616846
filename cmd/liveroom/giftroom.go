package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"liveroom/chat"
)

// giftRoom is where gifts are shown. Counters are raised at once, the custom field beside them follows a little later: members
// are told of each change of a field.
type giftRoom struct {
	p      *program // whose chat is made later
	fields *laterTotals
}

// Append implements gift.Room.
func (r giftRoom) Append(ctx context.Context, group, fence string, messages ...chat.Fenced) error {
	return r.p.chat.Append(ctx, group, fence, messages...)
}

// RaiseCounters implements gift.Room.
func (r giftRoom) RaiseCounters(ctx context.Context, group string, to map[string]chat.Number) error {
	err := r.p.chat.RaiseCounters(ctx, group, to)
	if err == nil {
		r.fields.mark(group)
	}
	return err
}

// How the totals of groups are written into their profiles.
const (
	totalsEvery = 4 * time.Second
	totalsMost  = 50_000 // groups that wait; others come with their next gift
)

// laterTotals has the totals of groups written into their profiles, each group's at most every few seconds.
type laterTotals struct {
	show func(ctx context.Context, group string) error
	log  *slog.Logger

	mu      sync.Mutex // guards changed
	changed map[string]bool
}

// mark notes that a group's totals have changed.
func (t *laterTotals) mark(group string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.changed == nil {
		t.changed = make(map[string]bool)
	}
	if len(t.changed) < totalsMost {
		t.changed[group] = true
	}
}

func (t *laterTotals) take() map[string]bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.changed
	t.changed = nil
	return all
}

// run writes totals until ctx ends. What could not be written is tried again.
func (t *laterTotals) run(ctx context.Context) error {
	tick := time.NewTicker(totalsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		for group := range t.take() {
			if err := t.write(ctx, group); err != nil && !errors.Is(err, chat.ErrNoGroup) {
				t.mark(group)
				t.log.Debug("totals of a group not written; will retry", "err", err)
			}
		}
	}
}

func (t *laterTotals) write(ctx context.Context, group string) error {
	ctx, cancel := context.WithTimeout(ctx, groupWait)
	defer cancel()
	return t.show(ctx, group)
}
