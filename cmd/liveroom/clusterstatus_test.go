package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"liveroom/status"
)

// statusEvents is a stream of status changes, as a backend reads it.
type statusEvents struct {
	t    *testing.T
	text *bufio.Scanner
	id   string // of the newest
}

// statusEvents begins one after an event; empty: from now on.
func (n *node) statusEvents(after string) *statusEvents {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, "http://"+n.http+"/api/v1/events", nil)
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+n.secrets.APIToken)
	if after != "" {
		r.Header.Set("Last-Event-ID", after)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { _ = resp.Body.Close() })
	e := &statusEvents{t: n.t, text: bufio.NewScanner(resp.Body)}
	if after == "" {
		for kind := ""; kind != "ready"; kind, _ = e.next() {
		}
	}
	return e
}

// next waits for an event.
func (e *statusEvents) next() (kind string, r status.Record) {
	e.t.Helper()
	for e.text.Scan() {
		name, value, _ := strings.Cut(e.text.Text(), ": ")
		switch name {
		case "id":
			e.id = value
		case "event":
			kind = value
		case "data":
			if err := json.Unmarshal([]byte(value), &r); err != nil {
				e.t.Fatal(err)
			}
			return kind, r
		}
	}
	e.t.Fatalf("the stream of events ended: %v", e.text.Err())
	return "", r
}

// want waits for these statuses of room r1, one after the other, and returns the id of the first.
func (e *statusEvents) want(codes ...status.Code) (first string) {
	e.t.Helper()
	for _, code := range codes {
		if _, r := e.next(); r.Room != "r1" || r.Code != code {
			e.t.Fatalf("%s is %s (%s, version %d), want %s", r.Room, r.Name, r.Reason, r.Version, code)
		}
		if first == "" {
			first = e.id
		}
	}
	return first
}

// TestStatusOverNodes drives a room from any node, and follows it on any.
func TestStatusOverNodes(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, nil)
	a, b, third := c.nodes[0], c.nodes[1], c.nodes[2]
	a.createRoom(map[string]any{"id": "r1"})
	here, there := a.statusEvents(""), third.statusEvents("")

	first := push(t, a.addresses("r1").Push.RTMP)
	var r status.Record
	b.call(http.MethodGet, fmt.Sprintf("/api/v1/rooms/r1/status?wait=60s&epoch=%s&version=1", a.status("r1").Epoch), nil, &r)
	if r.Code != status.Live || r.Reason != status.ReasonPushStarted {
		t.Fatalf("waited for %+v", r)
	}
	place := here.want(status.Live)
	there.want(status.Live)

	second := push(t, b.addresses("r1").Push.RTMP) // takes over
	first.wait()
	if got := third.status("r1"); got.Version != r.Version || got.Session != r.Session {
		t.Errorf("a takeover changed the record: %+v", got)
	}
	third.call(http.MethodPost, "/api/v1/rooms/r1/pause", map[string]any{}, nil)
	a.call(http.MethodPost, "/api/v1/rooms/r1/resume", map[string]any{}, nil)
	a.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	second.wait()
	rest := []status.Code{status.Paused, status.Live, status.Ended}
	here.want(rest...)
	there.want(rest...)
	b.statusEvents(place).want(rest...) // goes on where another node's stream was

	var page struct {
		Rooms []struct{ ID string } `json:"rooms"`
	}
	third.call(http.MethodGet, "/api/v1/rooms?status=ended", nil, &page)
	if len(page.Rooms) != 1 || page.Rooms[0].ID != "r1" {
		t.Errorf("ended rooms: %+v", page)
	}
}
