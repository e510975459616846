package main

import (
	"fmt"
	"testing"
)

// TestAnsweredActsAreInTheLogAfterACrash kills the server right after an answer, over REST and over the chat's own door.
func TestAnsweredActsAreInTheLogAfterACrash(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	acts := func() (all []string) {
		var page struct {
			Acts []struct{ Action, By, Target string }
		}
		n.call("GET", "/api/v1/audit?room=r1", nil, &page)
		for _, a := range page.Acts {
			all = append([]string{a.Action + " " + a.By + " " + a.Target}, all...)
		}
		return all
	}
	want := []string{"room_create administrator "}
	check := func() {
		t.Helper()
		n.kill()
		n.start()
		if got := acts(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("the log has %q, want %q", got, want)
		}
	}
	check()
	n.call("PUT", "/api/v1/rooms/r1/mutes/bob", map[string]any{"duration": "1h"}, nil)
	want = append(want, "mute administrator bob")
	check()
	anna := dialMember(t, n.http)
	anna.must(map[string]any{"op": "auth", "userId": "anna", "userSig": n.userSig("anna")}, nil)
	anna.must(map[string]any{"op": "ban", "group": "r1", "users": []string{"bob", "eve"}, "seconds": 60}, nil)
	want = append(want, "ban anna bob", "ban anna eve")
	check()
	n.call("POST", "/api/v1/rooms/r1/end", nil, nil)
	want = append(want, "end administrator ")
	check()
}
