package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// shownReceiver is what the test reads of GET /api/v1/callbacks/{callback}.
type shownReceiver struct {
	State struct {
		Circuit string
		Queued  struct{ State int }
		Dead    struct{ State int }
	}
}

// TestReceiversAreSetWhileRunning: a receiver is added, tried, moved, found away and lost from sight by a crash; no status
// is lost, and what it refused can be sent again.
func TestReceiversAreSetWhileRunning(t *testing.T) {
	t.Parallel()
	first, second := newReceiver(t), newReceiver(t)
	n := startNode(t, "--callback-private=127.0.0.0/8")
	const path = "/api/v1/callbacks/mine"
	n.call(http.MethodPost, "/api/v1/callbacks", map[string]any{"id": "mine", "url": first.URL + "/a", "format": "status", "key": "status_key_0006"}, nil)
	var fired struct{ Outcome, ID, Answer string }
	n.call(http.MethodPost, path+"/test", map[string]any{}, &fired)
	test := first.wait(t, 1, "/a", "type", "live_status")
	if fired.Outcome != "delivered" || test.header.Get("Liveroom-Event-Id") != fired.ID || !strings.Contains(fired.Answer, "ActionStatus") {
		t.Errorf("%+v, %v", fired, test.header)
	}
	n.createRoom(map[string]any{"id": "r1"})
	first.wait(t, 1, "/a", "version", 1)

	n.call(http.MethodPatch, path, map[string]any{"url": second.URL + "/b"}, nil)
	n.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	second.wait(t, 1, "/b", "version", 2)

	away := func(received) (int, string) { return 503, "" }
	second.answers(away)
	n.call(http.MethodPost, "/api/v1/rooms/r1/reopen", map[string]any{}, nil)
	second.wait(t, 1, "/b", "version", 3)
	n.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	show := func() (r shownReceiver) {
		n.call(http.MethodGet, path, nil, &r)
		return r
	}
	eventually(t, "two statuses wait", func() bool { return show().State.Queued.State == 2 })
	n.kill()
	second.answers(func(g received) (int, string) {
		if g.body["version"] == 4. {
			return 410, "gone"
		}
		return 200, ""
	})
	n.start()
	eventually(t, "the last status is put aside", func() bool { return show().State.Dead.State == 1 })
	var dead struct {
		Letters []struct {
			Letter  int
			ID, Why string
			Status  int
			Answer  string
		}
	}
	n.call(http.MethodGet, path+"/dead", nil, &dead)
	if len(dead.Letters) != 1 || !strings.HasSuffix(dead.Letters[0].ID, ":4") || dead.Letters[0].Status != 410 || dead.Letters[0].Answer != "gone" {
		t.Errorf("%+v", dead)
	}
	second.answers(nil)
	n.call(http.MethodPost, path+"/dead/replay", map[string]any{}, nil)
	eventually(t, "it is taken after all", func() bool { s := show().State; return s.Dead.State == 0 && s.Queued.State == 0 })

	var order []string
	for _, g := range second.all("/b", "type", "live_status") {
		if version := fmt.Sprint(g.body["version"]); !slices.Contains(order, version) {
			order = append(order, version)
		}
	}
	if fmt.Sprint(order) != "[2 3 4]" {
		t.Errorf("statuses came in this order first: %v", order)
	}
	n.call(http.MethodDelete, path, nil, nil)
	n.call(http.MethodPost, "/api/v1/callbacks", map[string]any{"id": "another", "url": first.URL + "/c", "format": "status"}, nil)
	n.call(http.MethodPost, "/api/v1/rooms/r1/reopen", map[string]any{}, nil)
	first.wait(t, 1, "/c", "version", 5)
	if got := second.all("/b", "version", 5.); len(got) != 0 {
		t.Errorf("one that is removed was told %v", got)
	}
}
