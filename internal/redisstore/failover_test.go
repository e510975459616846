package redisstore

import (
	"testing"
	"time"

	"liveroom/internal/redistest"
)

// TestFailover: a sentinel puts another server in the place of one that is gone, and all goes on there.
func TestFailover(t *testing.T) {
	t.Parallel()
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
	f.Master.Kill() // how long it is away depends on the sentinel: perhaps nobody notices
	wait(t, "the other has its place", func() bool {
		answer, err := redistest.Command(f.Replica.Addr, "SET", "written", "1")
		return err == nil && answer == "+OK"
	})
	wait(t, "it is asked", func() bool { _, err := s.Now(t.Context()); return err == nil })
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

// TestFailoverInACluster: a replica takes the place of the server that has the control plane.
func TestFailoverInACluster(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	s := open(t, c.URL())
	if _, err := s.Agree(t.Context(), "kept", map[string]string{"a": "1"}); err != nil {
		t.Fatal(err)
	}
	var master *redistest.Server
	for _, server := range c.Servers {
		if n, err := redistest.Command(server.Addr, "EXISTS", s.AgreeKey("kept")); err == nil && n == ":1" {
			master = server
		}
	}
	replica := c.AddReplica(t, master)
	master.Kill()
	wait(t, "it is away", func() bool { _, _ = s.Now(t.Context()); return !s.Up() })
	wait(t, "the replica has its place", func() bool { _, err := s.Now(t.Context()); return err == nil })
	wait(t, "it is back", s.Up)
	if differ, err := s.Agree(t.Context(), "kept", map[string]string{"a": "2"}); err != nil || len(differ) != 1 {
		t.Errorf("what was stored is lost: %v %v", differ, err)
	}
	if n, err := redistest.Command(replica.Addr, "EXISTS", s.AgreeKey("kept")); err != nil || n != ":1" {
		t.Errorf("not at the replica: %s %v", n, err)
	}
}
