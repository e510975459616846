package chattest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
)

// MissedBans says that a ban ends what the banned watches also on a node that did not hear of it, once it hears again, and on
// one that starts later. Cut cuts a node off, or ends that.
func MissedBans(t *testing.T, v Vicinity, cut func(node string, cut bool)) {
	tw := &town{t: t, v: v, store: chat.NewMemory(), nodes: map[string]*node{}, stops: map[string]func(){}}
	defer tw.close()
	list := &banList{seen: map[string][]string{}}
	open := func(name string) *node { return tw.open(name, chat.Config{Banished: list.of(name)}) }
	a, b, c := open("a"), open("b"), open("c")
	if err := a.Create(context.Background(), chat.Group{ID: "r", Room: "r", Owner: "owner", Name: "A room"}); err != nil {
		t.Fatal(err)
	}
	tw.meet(a, b, c)
	for _, name := range []string{"vera", "otto"} {
		who := user(name, "Web")
		who.Watch = "watch-of-" + name
		tw.enter(a, "r", who)
	}
	boss := chat.Identity{User: chat.Administrator, Admin: true}
	ban := func(who string, d time.Duration) {
		t.Helper()
		if _, err := a.Ban(context.Background(), "r", boss, chat.Ban{Users: []string{who}, For: d}); err != nil {
			t.Fatal(err)
		}
	}
	cut("b", true)
	ban("vera", time.Hour)
	tw.await("c is told", func() bool { return list.has("c", "r watch-of-vera") })
	if list.has("b", "r watch-of-vera") {
		t.Error("b was told though it heard nothing")
	}
	cut("b", false)
	tw.await("b finds it", func() bool { return list.has("b", "r watch-of-vera") })
	if err := a.Unban(context.Background(), "r", boss, []string{"vera"}); err != nil {
		t.Fatal(err)
	}
	ban("otto", chat.Forever)
	tw.await("c is told", func() bool { return list.has("c", "r watch-of-otto") })
	open("d")
	tw.await("a new node finds who is banned", func() bool { return list.has("d", "r watch-of-otto") })
	if list.has("d", "r watch-of-vera") {
		t.Error("a new node found who is banned no more")
	}
}

// banList is what nodes were told of bans.
type banList struct {
	mu   sync.Mutex
	seen map[string][]string
}

func (l *banList) of(node string) func(context.Context, chat.Banishment) error {
	return func(_ context.Context, b chat.Banishment) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, w := range b.Watches {
			if left := time.Until(b.Until); left <= 0 {
				return nil
			}
			l.seen[node] = append(l.seen[node], b.Group+" "+w)
		}
		return nil
	}
}

func (l *banList) has(node, what string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.seen[node], what)
}
