package chattest

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
)

// town is a cluster under test.
type town struct {
	t     *testing.T
	v     Vicinity
	store *chat.Memory
	nodes map[string]*node
	stops map[string]func()
}

// node is a Service of it, and what it told.
type node struct {
	*chat.Service
	name string

	mu    sync.Mutex
	facts []chat.Fact
	asked []string // whom the gate was asked about

	watching int
	vids     []string
}

// Observe, HearsMessages and Settle implement chat.Observer.
func (n *node) Observe(facts ...chat.Fact) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.facts = append(n.facts, facts...)
}
func (n *node) HearsMessages() bool    { return false }
func (n *node) Settle(context.Context) {}

// Join and the others implement chat.Gate.
type gate struct {
	chat.Gate
	n *node
}

func (g gate) AsksMessages() bool { return false }

func (g gate) Join(_ context.Context, _ string, who chat.Identity) error {
	g.n.mu.Lock()
	defer g.n.mu.Unlock()
	g.n.asked = append(g.n.asked, who.User)
	return nil
}

func (g gate) Letter(context.Context, string, *chat.Message, chat.Identity) (chat.Ruling, error) {
	return chat.Ruling{}, nil
}

// told counts facts of all nodes of a kind about a user.
func (tw *town) told(user string, kind func(chat.Fact) bool) (n int) {
	for _, one := range tw.nodes {
		one.mu.Lock()
		for _, f := range one.facts {
			about := f.Occasioned().By.User == user
			if p, ok := f.(chat.PresenceChanged); ok {
				about = slices.Contains(p.Users, user)
			}
			if about && kind(f) {
				n++
			}
		}
		one.mu.Unlock()
	}
	return n
}

func isCame(f chat.Fact) bool { _, ok := f.(chat.Came); return ok }
func isWent(f chat.Fact) bool { _, ok := f.(chat.Went); return ok }
func isOffline(f chat.Fact) bool {
	p, ok := f.(chat.PresenceChanged)
	return ok && !p.Online
}

// open starts a node.
func (tw *town) open(name string, cfg chat.Config) *node {
	tw.t.Helper()
	n := &node{name: name}
	if cfg.CountEvery == 0 {
		cfg.CountEvery = 100 * time.Millisecond
	}
	cfg.Neighbours, cfg.Observer, cfg.Gate = tw.v.Node(name), n, gate{n: n}
	cfg.Viewers = func(string) (int, []string) {
		n.mu.Lock()
		defer n.mu.Unlock()
		return n.watching, n.vids
	}
	var err error
	if n.Service, err = chat.New(cfg, tw.store, slog.New(slog.DiscardHandler)); err != nil {
		tw.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = n.Run(ctx) }()
	tw.nodes[name] = n
	tw.stops[name] = func() { cancel(); <-ended }
	return n
}

// platforms are those that users are on; none where nobody can say.
func (n *node) platforms(users ...string) map[string][]string {
	all, _ := n.OnlinePlatforms(context.Background(), users)
	return all
}

// three starts three nodes that know each other, and makes groups.
func (tw *town) three(cfg chat.Config, groups ...string) (a, b, c *node) {
	tw.t.Helper()
	a, b, c = tw.open("a", cfg), tw.open("b", cfg), tw.open("c", cfg)
	for _, g := range groups {
		if err := a.Create(context.Background(), chat.Group{ID: g, Room: g, Owner: "owner", Name: "A room"}); err != nil {
			tw.t.Fatal(err)
		}
	}
	tw.meet(a, b, c)
	return a, b, c
}

// meet waits until nodes hear each other: whoever comes is known to the others.
func (tw *town) meet(nodes ...*node) {
	tw.t.Helper()
	for _, n := range nodes {
		who := "scout" + n.name
		sess := tw.signIn(n, chat.Identity{User: who})
		for _, other := range nodes {
			tw.await(who+" seen by "+other.name, func() bool { return len(other.platforms(who)) == 1 })
		}
		n.SignOut(who, sess, chat.SignOutAsked)
	}
}

func (tw *town) close() {
	for _, stop := range tw.stops {
		stop()
	}
}

// await waits for something to become true, and not for anything longer.
func (tw *town) await(what string, ok func() bool) {
	tw.t.Helper()
	for range 12_000 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	tw.t.Fatalf("waited in vain for: %s", what)
}

// awaitCount waits until nodes say that so many are in a group.
func (tw *town) awaitCount(group string, want chat.Count, nodes ...*node) {
	tw.t.Helper()
	for _, n := range nodes {
		var got chat.Count
		for i := 0; ; i++ {
			if got = n.Count(group); got == want {
				break
			}
			if i == 12_000 {
				tw.t.Fatalf("%s counts %+v in %s, want %+v", n.name, got, group, want)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
}

func (tw *town) signIn(n *node, who chat.Identity) *device {
	tw.t.Helper()
	d := newDevice()
	if err := n.SignIn(context.Background(), who, d); err != nil {
		tw.t.Fatalf("%s on %s: %v", who.User, n.name, err)
	}
	return d
}

func (tw *town) join(n *node, group string, who chat.Identity, d *device) {
	tw.t.Helper()
	if _, err := n.Join(context.Background(), group, who, d, nil); err != nil {
		tw.t.Fatalf("%s to %s on %s: %v", who.User, group, n.name, err)
	}
}

// enter signs a device in and lets it into a group.
func (tw *town) enter(n *node, group string, who chat.Identity) *device {
	tw.t.Helper()
	d := tw.signIn(n, who)
	tw.join(n, group, who, d)
	return d
}

// leave lets a device's connection end.
func (tw *town) leave(n *node, group, user string, d *device) {
	n.Leave(group, d)
	n.SignOut(user, d, chat.SignOutClosed)
}

func user(name, platform string) chat.Identity {
	return chat.Identity{User: name, Nick: "Nick " + name, Platform: platform}
}

func people(n int) chat.Count { return chat.Count{Members: n, Online: n} }
