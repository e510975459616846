package main

import (
	"context"
	"errors"
	"time"

	"liveroom/chat"
	"liveroom/live"
)

// banished ends what people watch who were banned from a group, and keeps their play sessions from coming back.
func (p *program) banished(ctx context.Context, b chat.Banishment) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	room, err := p.rooms.Bar(ctx, b.Group, b.Watches, b.Until)
	var none *live.Error
	if errors.As(err, &none) {
		return nil // the room is gone, and its stream with it
	}
	if err != nil {
		p.log.Warn("banned people watch on for the moment", "group", b.Group, "err", err)
		return err
	}
	for _, w := range b.Watches {
		p.hls.Revoke(room.Stream, w)
	}
	return nil
}
