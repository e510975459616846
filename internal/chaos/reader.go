package chaos

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"liveroom/status"
)

// Poller asks any node for a room's status, now and then.
func (w *World) Poller(ctx context.Context, who, room string) {
	rng := w.rng(who)
	for pause(ctx, rng, 300*time.Millisecond) {
		n := w.any(rng)
		saw := Saw{Via: "rest", From: w.History.Now()}
		if w.call(ctx, n, "GET", "/api/v1/rooms/"+room+"/status", nil, &saw.Record) == Done {
			w.History.Add(who, n.Name, room, saw)
		}
	}
}

// Waiter asks for the next change of a room's status, at any node, again and again.
func (w *World) Waiter(ctx context.Context, who, room string) {
	rng := w.rng(who)
	var last status.Record
	for ctx.Err() == nil {
		n := w.any(rng)
		saw := Saw{Via: "wait", From: w.History.Now()}
		path := fmt.Sprintf("/api/v1/rooms/%s/status", room)
		if last.Version > 0 {
			path += fmt.Sprintf("?wait=3s&epoch=%s&version=%d", last.Epoch, last.Version)
		}
		if w.call(ctx, n, "GET", path, nil, &saw.Record) != Done {
			if !pause(ctx, rng, 300*time.Millisecond) {
				return
			}
			continue
		}
		w.History.Add(who, n.Name, room, saw)
		last = saw.Record
	}
}

// Listener follows the installation's events, from any node, and resumes with the last id.
func (w *World) Listener(ctx context.Context, who string) {
	rng := w.rng(who)
	last := ""
	for {
		last = w.listen(ctx, who, w.any(rng), last)
		if !pause(ctx, rng, 300*time.Millisecond) {
			return
		}
	}
}

// listen follows one stream of events until it ends, or is silent for longer than it may be, and returns the last id.
func (w *World) listen(ctx context.Context, who string, n Node, last string) string {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dead := time.AfterFunc(patience, cancel)
	defer dead.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.HTTP+"/api/v1/events", nil)
	if err != nil {
		return last
	}
	req.Header.Set("Authorization", "Bearer "+w.Token)
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := (&http.Client{Transport: w.client().Transport}).Do(req) // without the client's limit of time
	if err != nil {
		return last
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return last
	}
	each := last != "" // what a new stream begins with is no row of changes
	lines := bufio.NewScanner(resp.Body)
	event := ""
	for lines.Scan() {
		dead.Reset(30 * time.Second)
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			last = value
		case "event":
			event = value
		case "data":
			switch event {
			case "reset":
				each = false
				w.History.Add(who, n.Name, "", Gap{"events"})
			case "ready":
				each = true
			case "status":
				saw := Saw{Via: "events", Each: each}
				if json.Unmarshal([]byte(value), &saw.Record) == nil {
					w.History.Add(who, n.Name, saw.Record.Room, saw)
				}
			}
		}
	}
	return last
}
