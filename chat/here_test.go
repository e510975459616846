package chat_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

func TestWhoIsHereIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
		create(t, s, "r")
		create(t, s, "other")
		if got := s.Here("nowhere"); len(got) != 0 {
			t.Errorf("%q are nowhere", got)
		}
		ann, _ := join(t, s, "r", "ann")
		join(t, s, "r", "bob")
		join(t, s, "other", "cid")
		if err := s.AddRobots(t.Context(), "r", admin, []string{"robot"}); err != nil {
			t.Fatal(err)
		}
		got := s.Here("r")
		if slices.Sort(got); !slices.Equal(got, []string{"ann", "bob"}) {
			t.Errorf("%q are there, want ann and bob", got)
		}
		s.Leave("r", ann)
		if got := s.Here("r"); !slices.Equal(got, []string{"bob"}) {
			t.Errorf("%q are there, want bob", got)
		}
	})
}
