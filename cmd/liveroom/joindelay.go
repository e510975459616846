package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"liveroom/live"
	"liveroom/status"
)

// memberDelay is how much later than everybody else a room's members are told of its status: as much as they see the stream,
// where the room says so.
func (p *program) memberDelay(ctx context.Context, room string) (time.Duration, error) {
	r, err := p.stores.rooms.Room(ctx, room)
	if isMissing(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	by, _, _, err := p.seenLater(ctx, r)
	return by, err
}

// seenLater is how much later the members of a room see what happens to its stream, and are told of it; 0 where they are told
// at once. st and now are the room's state and the store's clock; they are not read unless the room says that members wait.
func (p *program) seenLater(ctx context.Context, r live.Room) (by time.Duration, st status.State, now time.Time, err error) {
	if !r.DelayRoom {
		return 0, st, now, nil
	}
	if st, err = p.stores.status.Load(ctx, r.ID); errors.Is(err, status.ErrUnknownRoom) {
		return 0, st, now, nil
	}
	if err == nil {
		now, err = p.stores.status.Now(ctx)
	}
	if err != nil || st.TakenOff(now) {
		return 0, st, now, err
	}
	return time.Duration(st.Record.Delay), st, now, nil
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
	if isMissing(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	by, st, now, err := p.seenLater(ctx, r)
	if err != nil || by == 0 {
		return 0, err
	}
	if c := st.Record.Code; c != status.Live && c != status.Paused && now.Sub(st.Record.Since) >= by {
		return 0, nil // nobody sees any of it any more
	}
	return by, nil
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
