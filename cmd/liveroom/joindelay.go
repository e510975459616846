package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"liveroom/status"
)

// memberDelay is how much later than everybody else a room's members are told of its status: as much as they see the stream,
// where the room says so.
func (p *program) memberDelay(ctx context.Context, room string) (time.Duration, error) {
	r, err := p.stores.rooms.Room(ctx, room)
	if isMissing(err) || err == nil && !r.DelayRoom {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	st, err := p.stores.status.Load(ctx, room)
	if errors.Is(err, status.ErrUnknownRoom) {
		return 0, nil
	}
	return st.Delay, err
}

const (
	// delayKept is how long what is known of a group's delay holds: each message asks for it.
	delayKept = time.Second
	// maxDelays bounds of how many groups it is known.
	maxDelays = 10_000
)

// delays remember how much later members of groups get what is said.
type delays struct {
	mu  sync.Mutex // guards all; not held while looking
	all map[string]delayed
}

type delayed struct {
	by time.Duration
	at time.Time // when it was looked up
}

// speechDelay is how much later members of a group get what is said there: as they see the stream, where the room says so and
// there is one, or was a moment ago. While that can't be read it is what was read last.
func (p *program) speechDelay(ctx context.Context, group string) time.Duration {
	last, fresh := p.delays.look(group)
	if fresh {
		return last
	}
	ctx, cancel := context.WithTimeout(ctx, groupWait)
	defer cancel()
	by, err := p.speechDelayNow(ctx, group)
	if err != nil {
		return last
	}
	p.delays.keep(group, by)
	return by
}

func (p *program) speechDelayNow(ctx context.Context, group string) (time.Duration, error) {
	r, err := p.roomOfGroup(ctx, group)
	if isMissing(err) || err == nil && !r.DelayRoom {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	st, err := p.stores.status.Load(ctx, r.ID)
	if errors.Is(err, status.ErrUnknownRoom) {
		return 0, nil
	}
	if c := st.Record.Code; err == nil && c != status.Live && c != status.Paused &&
		(st.Record.Reason == status.ReasonForbidden || time.Since(st.Record.Since) >= st.Delay) {
		return 0, nil
	}
	return st.Delay, err
}

// look is what is known of a group. Of those who look when that is old, one is told so.
func (d *delays) look(group string) (by time.Duration, fresh bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	x, known := d.all[group]
	if fresh = known && time.Since(x.at) < delayKept; known && !fresh {
		x.at = time.Now()
		d.all[group] = x
	}
	return x.by, fresh
}

func (d *delays) keep(group string, by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.all) >= maxDelays {
		clear(d.all)
	}
	if d.all == nil {
		d.all = make(map[string]delayed)
	}
	d.all[group] = delayed{by, time.Now()}
}
