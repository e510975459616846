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
	room, err := p.rooms.Bar(ctx, b.Group, b.User, b.Watches, b.Until)
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
		p.vod.Revoke(room.Stream, w)
	}
	return nil
}

// isBanned says whether a user is still banned from a room's group, as far as can be told.
func (p *program) isBanned(ctx context.Context, r live.Room, user string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	banned, err := p.chat.Banned(ctx, r.GroupID, user)
	return banned || err != nil
}
