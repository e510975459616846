package main

import (
	"errors"
	"fmt"
	"testing"

	"liveroom/chat"
	"liveroom/live"
	"liveroom/status"
)

// TestWhatARoomRefusesTheChat: also while it is being deleted, when it has no status any more, there is no group.
func TestWhatARoomRefusesTheChat(t *testing.T) {
	away := errors.New("the disk is gone")
	for _, c := range []struct {
		name      string
		err, want error
	}{
		{"nothing", nil, nil},
		{"no room", live.NotFound("r"), chat.ErrNoGroup},
		{"a room that is being deleted", fmt.Errorf("load status of room r: %w", status.ErrUnknownRoom), chat.ErrNoGroup},
		{"a taken id", live.Exists("groupId", "r"), chat.ErrGroupTaken},
		{"a field", &live.Error{Code: "invalid", Field: "title", Detail: "too long"}, chat.ErrParameter},
		{"a word", &live.Error{Code: chat.ErrBlocked.Name, Field: "title"}, chat.ErrBlocked},
		{"something else", away, away},
	} {
		if got := refusedByRoom(c.err); !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
