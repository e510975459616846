package chaos

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"

	"liveroom/internal/bench"
)

// addresses are a room's, as the API answers them.
type addresses struct {
	Push struct{ RTMP string }     `json:"push"`
	Play struct{ FLV, HLS string } `json:"play"`
}

// addressesOf asks until it is answered; false: ctx ended before that.
func (w *World) addressesOf(ctx context.Context, rng *rand.Rand, room string) (a addresses, ok bool) {
	for w.call(ctx, w.any(rng), "POST", "/api/v1/rooms/"+room+"/addresses", map[string]string{"expiresIn": "24h"}, &a) != Done {
		if !pause(ctx, rng, 300*time.Millisecond) {
			return a, false
		}
	}
	return a, true
}

// at is an address as a node serves it.
func (n Node) at(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	_, path, _ := strings.Cut(rest, "/")
	host := n.HTTP
	if strings.HasPrefix(scheme, "rtmp") {
		host = n.RTMP
	}
	return scheme + "://" + host + "/" + path
}

// Anchor pushes to a room, and comes back to any node whenever the push ends, as OBS does.
func (w *World) Anchor(ctx context.Context, who, room string) {
	rng := w.rng(who)
	a, ok := w.addressesOf(ctx, rng, room)
	for ok {
		n := w.any(rng)
		let := false
		err := bench.Push(ctx, n.at(a.Push.RTMP), bench.Format{Bitrate: 100_000, FPS: 10, GOP: time.Second}, func() {
			let = true
			w.History.Add(who, n.Name, room, Pushing{})
		})
		if let {
			why := "it was over"
			if err != nil {
				why = err.Error()
			}
			w.History.Add(who, n.Name, room, Pushed{why})
		}
		ok = pause(ctx, rng, 500*time.Millisecond)
	}
}
