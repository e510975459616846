package chattest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"liveroom/chat"
)

func testRobots(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	Create(t, s, "other")
	put := func(c chat.RobotChange) (users []string) {
		t.Helper()
		all, err := s.PutRobots(t.Context(), "g", c)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			users = append(users, one.User)
		}
		stored := Load(t, s, "g").Robots
		if len(stored) != len(all) {
			t.Errorf("answered %v, stored %v", all, stored)
		}
		for i, one := range stored {
			if one.User != all[i].User || !one.Until.Equal(all[i].Until) {
				t.Errorf("answered %+v, stored %+v", all[i], one)
			}
		}
		return users
	}
	groups := func() []string {
		t.Helper()
		all, err := s.RobotGroups(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if got := groups(); len(got) != 0 {
		t.Errorf("before the first, %v have robots", got)
	}
	add := chat.RobotChange{Add: []chat.Robot{{User: "r1", Nick: "One", Avatar: "a"}, {User: "r2"}}, For: time.Hour, Limit: 3}
	if got := put(add); !slices.Equal(got, []string{"r1", "r2"}) {
		t.Errorf("added %v", got)
	}
	one := Load(t, s, "g").Robots[0]
	if d := time.Until(one.Until); one.Nick != "One" || one.Avatar != "a" || d < time.Hour-time.Minute || d > time.Hour+time.Second || time.Since(one.At) > time.Minute {
		t.Errorf("stored %+v", one)
	}
	if got := put(chat.RobotChange{Add: []chat.Robot{{User: "r1"}, {User: "r3"}}, For: time.Hour, Limit: 3}); !slices.Equal(got, []string{"r2", "r1", "r3"}) {
		t.Errorf("again, and one more: %v", got)
	}
	_, err := s.PutRobots(t.Context(), "g", chat.RobotChange{Add: []chat.Robot{{User: "r4"}}, For: time.Hour, Limit: 3})
	wantErr(t, "one too many", err, chat.ErrTooManyRobots)
	if got := groups(); !slices.Equal(got, []string{"g"}) {
		t.Errorf("%v have robots", got)
	}
	if got := put(chat.RobotChange{Remove: []string{"r1", "nobody"}}); !slices.Equal(got, []string{"r2", "r3"}) {
		t.Errorf("without r1: %v", got)
	}
	if got := put(chat.RobotChange{Remove: []string{"r2", "r3"}}); got != nil {
		t.Errorf("without any: %v", got)
	}
	if got := groups(); len(got) != 0 {
		t.Errorf("without any, %v have robots", got)
	}
	put(add)
	if err := s.DeleteGroup(t.Context(), "g"); err != nil {
		t.Fatal(err)
	}
	if state := Create(t, s, "g"); len(state.Robots) != 0 || len(groups()) != 0 {
		t.Errorf("a new group has the old one's robots: %v, %v", state.Robots, groups())
	}
}

// testRobotsEnd: what is over goes with the next change, and makes room.
func testRobotsEnd(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	all, err := s.PutRobots(t.Context(), "g", chat.RobotChange{Add: []chat.Robot{{User: "old"}}, For: time.Millisecond, Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Until(all[0].Until))
	c := chat.RobotChange{For: time.Hour, Limit: 2}
	for i := range 2 {
		c.Add = append(c.Add, chat.Robot{User: fmt.Sprint("r", i)})
	}
	if all, err = s.PutRobots(t.Context(), "g", c); err != nil || len(all) != 2 {
		t.Errorf("%+v, %v", all, err)
	}
}
