package redisstore

import (
	"context"
	"testing"
	"time"

	"liveroom/internal/redistest"
)

// join runs a node until the test ends, or until it is told to leave.
func join(t *testing.T, s *Store, name string, lease time.Duration) (n *Nodes, leave func()) {
	n = s.Nodes(name, "http://"+name, "v1", lease)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { _ = n.Run(ctx); close(done) }()
	leave = func() { cancel(); <-done }
	t.Cleanup(leave)
	return n, leave
}

func knows(n *Nodes, ids ...string) bool {
	for _, id := range ids {
		if _, ok := n.Node(id); !ok {
			return false
		}
	}
	return len(n.Alive()) == len(ids)
}

func TestNodes(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		s := open(t)
		a, _ := join(t, s, "a", 300*time.Millisecond)
		b, leave := join(t, s, "b", 300*time.Millisecond)
		twin, _ := join(t, s, "a", 300*time.Millisecond) // restarted under its name while the old lease runs
		A, B, T := a.Me().ID, b.Me().ID, twin.Me().ID
		wait(t, "all know all", func() bool { return knows(a, A, B, T) && knows(b, A, B, T) && knows(twin, A, B, T) })
		if got, _ := b.Node(A); got != a.Me() {
			t.Errorf("b knows %+v, a is %+v", got, a.Me())
		}
		for _, id := range []string{A, B, T} {
			if at := b.SeenAt(id); time.Until(at) > 5*time.Second || time.Since(at) > time.Minute {
				t.Errorf("b saw %s at %v", id, at)
			}
		}
		leave()
		wait(t, "b is gone", func() bool { return knows(a, A, T) && knows(twin, A, T) && a.SeenAt(B).IsZero() })
	})
}

// TestNodeThatLeavesANewOne is gone at once: that Redis doesn't know a node which has just begun says nothing of the others.
func TestNodeThatLeavesANewOne(t *testing.T) {
	n := open(t, redistest.Start(t).URL()).Nodes("a", "http://a", "v1", time.Minute)
	other := Node{ID: "b-1", Name: "b"}
	n.took(false, []Node{n.Me(), other})
	if n.took(true, []Node{n.Me()}); !knows(n, n.Me().ID) {
		t.Errorf("it knows %+v", n.Alive())
	}
	n.took(true, []Node{n.Me(), other})
	if n.took(false, []Node{n.Me()}); !knows(n, n.Me().ID, other.ID) {
		t.Errorf("Redis forgot all, and it knows %+v", n.Alive())
	}
}

// TestNodeThatWasKilled has its lease until it is over, and not longer.
func TestNodeThatWasKilled(t *testing.T) {
	server := redistest.Start(t)
	proxy := redistest.Through(t, server.Addr)
	prefix := openPrefix(t)
	a, _ := join(t, openAgain(t, server.URL(), prefix), "a", 300*time.Millisecond)
	b, _ := join(t, openAgain(t, proxy.URL(), prefix), "b", 300*time.Millisecond)
	A, B := a.Me().ID, b.Me().ID
	wait(t, "both know both", func() bool { return knows(a, A, B) && knows(b, A, B) })
	proxy.Cut()
	wait(t, "a knows itself only", func() bool { return knows(a, A) })
	if !knows(b, A, B) {
		t.Error("who can't ask Redis forgets the others")
	}
	proxy.Heal()
	wait(t, "both know both", func() bool { return knows(a, A, B) && knows(b, A, B) })
}

// TestNodesThatRedisForgot are believed to live until they had time to come back.
func TestNodesThatRedisForgot(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, server.URL())
	a, _ := join(t, s, "a", 3*time.Second)
	b, _ := join(t, s, "b", 3*time.Second)
	A, B := a.Me().ID, b.Me().ID
	wait(t, "both know both", func() bool { return knows(a, A, B) && knows(b, A, B) })
	for range 5 {
		if _, err := redistest.Command(server.Addr, "FLUSHALL"); err != nil {
			t.Fatal(err)
		}
		wait(t, "both are there again", func() bool {
			if !knows(a, A, B) || !knows(b, A, B) {
				t.Fatal("a node that lives is forgotten")
			}
			n, err := redistest.Command(server.Addr, "ZCARD", s.key("lr", "nodes"))
			return err == nil && n == ":2"
		})
	}
}
