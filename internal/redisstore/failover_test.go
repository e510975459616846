package redisstore

import (
	"testing"
	"time"

	"liveroom/internal/redistest"
)

// TestFailover: a sentinel puts another server in the place of one that is gone, and all goes on there.
func TestFailover(t *testing.T) {
	f := redistest.StartSentinel(t)
	s := open(t, f.URL())
	if _, err := s.Agree(t.Context(), "kept", map[string]string{"a": "1"}); err != nil {
		t.Fatal(err)
	}
	o := newOffice(t)
	o.hire(s, "sweep", 2*time.Second)
	first := o.next()
	a, _ := join(t, s, "a", 2*time.Second)
	wait(t, "the replica has it", func() bool {
		n, err := redistest.Command(f.Replica.Addr, "EXISTS", s.AgreeKey("kept"))
		return err == nil && n == ":1"
	})
	f.Master.Kill()
	wait(t, "it is away", func() bool { return !s.Up() })
	wait(t, "the other has its place", func() bool { _, err := s.Now(t.Context()); return err == nil })
	wait(t, "it is back", s.Up)
	if differ, err := s.Agree(t.Context(), "kept", map[string]string{"a": "2"}); err != nil || len(differ) != 1 {
		t.Errorf("what was stored is lost: %v %v", differ, err)
	}
	wait(t, "somebody leads", func() bool { return first.Fence() != 0 })
	wait(t, "the node is known", func() bool {
		n, err := redistest.Command(f.Replica.Addr, "ZCARD", s.key("lr", "nodes"))
		return err == nil && n == ":1"
	})
	if !knows(a, a.Me().ID) {
		t.Error("the node does not know itself")
	}
	if err := f.Master.Up(); err != nil { // as a replica now
		t.Fatal(err)
	}
	for range 20 {
		if _, err := s.Now(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
