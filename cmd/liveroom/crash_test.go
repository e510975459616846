package main

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"liveroom/status"
)

// TestServerAwayLongerThanGrace is a restart that takes longer than the room would wait: nobody could run the deadline,
// so the same session goes on when ffmpeg comes back.
func TestServerAwayLongerThanGrace(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "r1", "grace": "6s"})
	url := n.addresses("r1").Push.RTMP
	p := push(t, url)
	first := n.waitStatus("r1", status.Live)
	n.kill()
	p.wait()
	time.Sleep(time.Duration(6+2*scale()) * time.Second) // the room's grace and more (10 s more at scale 5), with no server
	n.start()
	if r := n.status("r1"); r.Code != status.Paused || r.Session != first.Session {
		t.Fatalf("after the crash: %+v", r)
	}
	push(t, url)
	if r := n.waitStatus("r1", status.Live); r.Session != first.Session {
		t.Fatalf("another session began: %+v", r)
	}
}

// TestRestartGivesTheWholeGrace restarts the server as an operator would. However little of its grace a room would have
// had left, it waits the whole of it from the new start.
func TestRestartGivesTheWholeGrace(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "r1", "grace": "1m"})
	m := n.enter("r1", "", "", nil)
	push(t, n.addresses("r1").Push.RTMP)
	n.waitStatus("r1", status.Live)
	n.stop()
	m.goodbye()
	again := time.Now()
	n.start()
	r := n.status("r1")
	if r.Code != status.Paused || r.Reason != status.ReasonPushLost || r.GraceUntil == nil {
		t.Fatalf("after the restart: %+v", r)
	}
	if given := r.GraceUntil.Sub(again); given < time.Minute {
		t.Fatalf("of its grace the room has %s", given)
	}
	if m := n.enter("r1", "", "", nil); fieldVersion(t, m.joined.Fields) > r.Version {
		t.Fatalf("the field is ahead of the record: %v", m.joined.Fields)
	}
}

// TestGraceEndsTheRoom is the other side: the server is there, the anchor is not.
func TestGraceEndsTheRoom(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "r1", "grace": "1s"})
	m := n.enter("r1", "", "", nil)
	p := push(t, n.addresses("r1").Push.RTMP)
	n.waitStatus("r1", status.Live)
	p.kill()
	over := n.waitStatus("r1", status.Ended)
	if over.Reason != status.ReasonGraceOver {
		t.Fatalf("ended: %+v", over)
	}
	m.waitVersion(over.Version)
	inOrder(t, m, over.Version)
}

// TestKilledAtAnyMoment kills the server again and again while rooms are driven. What was acknowledged is there after
// each start, and every version reaches the group.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "r1"})
	n.call(http.MethodPost, "/api/v1/rooms/r1/playback", map[string]any{"url": "https://cdn.example/x.mp4"}, nil)
	acked := n.status("r1")
	for round := range 6 * scale() {
		stop := time.Duration(rand.Int64N(int64(150 * time.Millisecond)))
		timer := time.AfterFunc(stop, func() { _ = n.cmd.Process.Kill() })
		for try := 0; ; try++ {
			action, body := "/api/v1/rooms/r1/end", map[string]any{}
			if acked.Code == status.Ended {
				action, body = "/api/v1/rooms/r1/playback", map[string]any{"url": "https://cdn.example/x.mp4"}
			}
			var r status.Record
			if !n.try(http.MethodPost, action, body, &r) {
				break
			}
			acked = r
		}
		timer.Stop()
		n.kill()
		n.start()
		if r := n.status("r1"); r.Version < acked.Version || r.Version > acked.Version+1 || r.Epoch != acked.Epoch {
			t.Fatalf("round %d: acknowledged version %d, after the restart %d", round, acked.Version, r.Version)
		}
		acked = n.status("r1")
		n.eventually("the group has the newest record", func() bool {
			m := n.enter("r1", "", "", nil)
			defer m.leave()
			return fieldVersion(t, m.joined.Fields) == acked.Version
		})
	}
	m := n.enter("r1", "", "", nil)
	inOrder(t, m, acked.Version)
}
