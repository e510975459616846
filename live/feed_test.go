package live_test

import (
	"errors"
	"testing"
	"time"

	"liveroom/live"
	"liveroom/live/stream"
	"liveroom/status"
)

// TestFeed: what the server pushes itself goes through the same claim as a push with an address, and is named.
func TestFeed(t *testing.T) {
	l := &told{}
	f := newFixture(t, func(c *live.Config) { c.Pushes = l })
	f.create(live.Draft{ID: "r1", Stream: "s1"})
	pushed := f.push("s1")
	if _, err := f.Feed(t.Context(), "r1", stream.Pull, "far.example"); !refusedAs(err, "room_busy") {
		t.Errorf("beside a push: %v", err)
	}
	if err := pushed.Err(); err != nil {
		t.Errorf("the push before ended with %v", err)
	}
	pushed.Close(stream.StopClosed)
	p, err := f.Feed(t.Context(), "r1", stream.Pull, "far.example")
	if err != nil {
		t.Fatal(err)
	}
	f.want("r1", status.Live, status.ReasonPushResumed)
	in, err := f.Ingest(t.Context(), "r1", 0)
	if err != nil || in.Protocol != stream.Pull || in.Remote != "far.example" || !in.Publishing {
		t.Errorf("%+v, %v", in, err)
	}
	if req := l.last.Request; req.Protocol != stream.Pull || req.Name != "s1" || req.App != "live" || req.Remote != "far.example" {
		t.Errorf("told of %+v", req)
	}
	f.push("s1")
	<-p.Done()
	if !errors.Is(p.Err(), stream.ErrTakenOver) {
		t.Errorf("it ended with %v", p.Err())
	}

	if _, err := f.Forbid(t.Context(), "r1", time.Time{}, ""); err != nil {
		t.Fatal(err)
	}
	for room, code := range map[string]string{"r1": "forbidden", "none": "unknown_room"} {
		_, err := f.Feed(t.Context(), room, stream.Pull, "far.example")
		if !refusedAs(err, code) {
			t.Errorf("%s: %v, want %s", room, err, code)
		}
	}
	if list, err := f.Refusals(t.Context(), "r1"); err != nil || len(list) != 1 || list[0].Protocol != stream.Pull {
		t.Errorf("refusals %+v, %v", list, err)
	}
}

func refusedAs(err error, code string) bool {
	why, ok := errors.AsType[*stream.Refusal](err)
	return ok && why.Code == code
}
