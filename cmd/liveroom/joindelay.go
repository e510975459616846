package main

import (
	"context"
	"errors"
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
