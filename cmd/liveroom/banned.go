package main

import (
	"context"
	"time"
)

// banished ends what people watch who were banned from a group, and keeps their play sessions from coming back.
func (p *program) banished(group string, watches []string, until time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	room, err := p.rooms.Bar(ctx, group, watches, until)
	if err != nil {
		p.log.Warn("banned people may watch on", "group", group, "err", err)
		return
	}
	for _, w := range watches {
		p.hls.Revoke(room.Stream, w)
	}
}
