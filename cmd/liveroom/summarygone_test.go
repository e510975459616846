package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"liveroom/status"
)

// TestASessionIsSummedUpThoughItsRoomIsDeleted: nothing of it is missing then.
func TestASessionIsSummedUpThoughItsRoomIsDeleted(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	n := startNode(t, "--callback-private=127.0.0.0/8", "--event-callback-url="+r.URL+"/events")
	n.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	p := push(t, n.addresses("r1").Push.RTMP)
	live := n.waitStatus("r1", status.Live)
	n.followed("r1", live.Session)
	n.call(http.MethodPost, "/api/v1/rooms/r1/gifts", map[string]any{"order": "o1", "gift": "rose", "name": "Rose", "price": 100, "count": 2, "user": "bob"}, nil)
	n.call(http.MethodPost, "/api/v1/rooms/r1/likes", map[string]any{"count": 20}, nil)
	n.eventually("what happened is counted", func() bool {
		s := n.summary("r1", live.Session)
		return s.Likes == 20 && s.GiftValue == 200
	})
	n.call(http.MethodDelete, "/api/v1/rooms/r1", nil, nil)
	p.wait()
	told := r.wait(t, 1, "/events", "event", "session.summary")
	var reported struct{ Summary shownSummary }
	if err := json.Unmarshal([]byte(told.raw), &reported); err != nil {
		t.Fatal(err)
	}
	if s := reported.Summary; s.Session != live.Session || s.Likes != 20 || s.GiftValue != 200 || s.Reason != "room_deleted" || !s.Complete {
		t.Errorf("reported %+v", s)
	}
}
