package chattest

import (
	"slices"
	"testing"
	"time"

	"liveroom/chat"
)

func testSilences(t *testing.T, s chat.Store) {
	hour, week, none, forever := time.Hour, 7*24*time.Hour, time.Duration(0), chat.Forever
	put := func(c chat.SilenceChange) chat.Silence {
		t.Helper()
		began := time.Now()
		one, err := s.PutSilence(t.Context(), c)
		if err != nil || one.User != c.User || one.By != c.By || one.At.Before(began.Add(-time.Second)) {
			t.Fatalf("put %+v: %+v, %v", c, one, err)
		}
		return one
	}
	all := func() (users []string) {
		t.Helper()
		found, err := s.Silences(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range found {
			users = append(users, one.User)
		}
		return users
	}
	if got := all(); got != nil {
		t.Fatalf("an empty store has %v", got)
	}
	began := time.Now()
	first := put(chat.SilenceChange{User: "bob", Groups: &hour, By: "root"})
	if first.Groups.Before(began.Add(hour)) || time.Until(first.Groups) > hour+time.Second || first.Groups.Nanosecond() != 0 || !first.Letters.IsZero() {
		t.Errorf("an hour in groups: %+v", first)
	}
	second := put(chat.SilenceChange{User: "bob", Letters: &forever, By: "anna"})
	if !second.Groups.Equal(first.Groups) || !chat.IsEndless(second.Letters) {
		t.Errorf("and letters for ever: %+v, before %+v", second, first)
	}
	put(chat.SilenceChange{User: "amy", Groups: &week, Letters: &week, By: "root"})
	if got := all(); !slices.Equal(got, []string{"amy", "bob"}) {
		t.Errorf("silenced are %v", got)
	}
	if one := put(chat.SilenceChange{User: "bob", Groups: &none, By: "root"}); !one.Groups.IsZero() || !chat.IsEndless(one.Letters) {
		t.Errorf("groups are free again: %+v", one)
	}
	if one := put(chat.SilenceChange{User: "bob", Letters: &none, By: "root"}); !one.Over(time.Now()) {
		t.Errorf("letters too: %+v", one)
	}
	put(chat.SilenceChange{User: "nobody", Letters: &none, By: "root"})
	if got := all(); !slices.Equal(got, []string{"amy"}) {
		t.Errorf("who is free again is listed: %v", got)
	}
}

// testSilenceEnds: what is over is in no list, and does not come back with a change of the rest.
func testSilenceEnds(t *testing.T, s chat.Store) {
	short, long := time.Millisecond, time.Hour // short ends with a whole second
	var end time.Time
	for _, user := range []string{"amy", "bob"} {
		one, err := s.PutSilence(t.Context(), chat.SilenceChange{User: user, Groups: &short, By: "root"})
		if err != nil {
			t.Fatal(err)
		}
		end = one.Groups
	}
	one, err := s.PutSilence(t.Context(), chat.SilenceChange{User: "cid", Groups: &long, By: "root"})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Until(end))
	if one, err := s.PutSilence(t.Context(), chat.SilenceChange{User: "amy", Letters: &long, By: "root"}); err != nil || !one.Groups.IsZero() {
		t.Errorf("the silence that was over is %+v, %v", one, err)
	}
	for range 2 {
		all, err := s.Silences(t.Context())
		if err != nil || len(all) != 2 || all[0].User != "amy" || !all[1].Groups.Equal(one.Groups) {
			t.Errorf("in force are %+v, %v", all, err)
		}
	}
}
