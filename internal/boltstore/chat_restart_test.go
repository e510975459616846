package boltstore

import (
	"path/filepath"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/chattest"
)

// TestRestraintsAndRobotsSurviveARestart: who is silenced, who counts as a member, and when the group changed.
func TestRestraintsAndRobotsSurviveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	_, c, stop := openChat(t, path)
	chattest.Create(t, c, "g")
	hour := time.Hour
	silence, err := c.PutSilence(t.Context(), chat.SilenceChange{User: "bob", Groups: &hour, By: "root"})
	if err != nil {
		t.Fatal(err)
	}
	robots, err := c.PutRobots(t.Context(), "g", chat.RobotChange{Add: []chat.Robot{{User: "r1", Nick: "One"}}, For: hour, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.PutNotice(t.Context(), "g", "hush"); err != nil {
		t.Fatal(err)
	}
	changed := chattest.Load(t, c, "g").ChangedAt
	stop()

	_, c, _ = openChat(t, path)
	if all, err := c.Silences(t.Context()); err != nil || len(all) != 1 || all[0].User != "bob" || !all[0].Groups.Equal(silence.Groups) || all[0].By != "root" {
		t.Errorf("silenced are %+v, %v", all, err)
	}
	if groups, err := c.RobotGroups(t.Context()); err != nil || len(groups) != 1 || groups[0] != "g" {
		t.Errorf("%v have robots, %v", groups, err)
	}
	state := chattest.Load(t, c, "g")
	if len(state.Robots) != 1 || state.Robots[0].Nick != "One" || !state.Robots[0].Until.Equal(robots[0].Until) {
		t.Errorf("robots are %+v", state.Robots)
	}
	if !state.ChangedAt.Equal(changed) {
		t.Errorf("changed at %s, before the restart at %s", state.ChangedAt, changed)
	}
}
