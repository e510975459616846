package chaos

import (
	"context"
	"time"

	"liveroom/status"
)

// Driver moves a room through all it can be, now and then, over any node.
func (w *World) Driver(ctx context.Context, who, room string) {
	rng := w.rng(who)
	for pause(ctx, rng, 1500*time.Millisecond) {
		action := [...]string{"pause", "resume", "resume", "resume", "end", "reopen", "reopen", "playback", "drop"}[rng.IntN(9)]
		w.drive(ctx, who, w.any(rng), room, action)
	}
}

func (w *World) drive(ctx context.Context, who string, n Node, room, action string) {
	body := map[string]string{}
	if action == "playback" {
		body["url"] = "https://cdn.example/" + room + ".mp4"
	}
	d := Drove{Action: action, From: w.History.Now()}
	d.Outcome = w.call(ctx, n, "POST", "/api/v1/rooms/"+room+"/"+action, body, &d.Record)
	w.History.Add(who, n.Name, room, d)
}

// Perform makes a room live again, whatever it was driven to, and returns when a node says it is; false: ctx ended before
// that. The room's anchor must be there.
func (w *World) Perform(ctx context.Context, room string) bool {
	const who = "stage"
	rng := w.rng(who + room)
	for {
		n := w.any(rng)
		var r status.Record
		if w.call(ctx, n, "GET", "/api/v1/rooms/"+room+"/status", nil, &r) == Done {
			switch {
			case r.Code == status.Live:
				return true
			case r.Code == status.Ended || r.Code == status.Playback:
				w.drive(ctx, who, n, room, "reopen")
			case r.Code == status.Paused && r.StreamActive:
				w.drive(ctx, who, n, room, "resume")
			case r.Code == status.Paused || r.Code == status.Waiting: // the anchor is on its way
			}
		}
		if !pause(ctx, rng, 300*time.Millisecond) {
			return false
		}
	}
}
