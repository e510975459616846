package main

import (
	"context"
	"time"

	"liveroom/live"
	"liveroom/web/ui"
)

// headWait bounds how long a room's page waits for what its head says.
const headWait = time.Second

// pageHead is what the head of a room's page says of it: what anybody may read of the room.
func (p *program) pageHead(ctx context.Context, id string) (ui.Room, bool) {
	if !live.ValidID(id) {
		return ui.Room{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, headWait)
	defer cancel()
	l, err := p.rooms.Room(ctx, id)
	if err != nil {
		return ui.Room{}, false // the page itself says so
	}
	r := l.Room
	return ui.Room{ID: r.ID, Title: r.Title, Anchor: r.Anchor, Picture: p.shots.covers.Cover(r), Base: p.set.PublicURL}, true
}
