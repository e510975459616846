package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/chattest"
	"liveroom/internal/redistest"
)

// testLease is that of nodes in tests of people.
const testLease = 300 * time.Millisecond

// peopleNode is a node that a test can cut off or kill.
type peopleNode struct {
	*People
	away *atomic.Bool // of all nodes
	dead atomic.Bool

	mu sync.Mutex
	l  chat.Listener
}

var errCut = errors.New("cut off")

func (n *peopleNode) cut() bool { return n.dead.Load() || n.away.Load() }

// Attend implements chat.Neighbours. It renews the node's lease, which lapses when the node is killed.
func (n *peopleNode) Attend(ctx context.Context, l chat.Listener) error {
	n.mu.Lock()
	n.l = l
	n.mu.Unlock()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		tick := time.NewTicker(testLease / nodeRenewals)
		defer tick.Stop()
		for {
			if n.dead.Load() {
				return
			}
			if had, alive, err := n.nodes.renew(ctx, testLease); err == nil {
				n.nodes.took(had, alive)
			}
			select {
			case <-ctx.Done():
				_, _, _ = n.nodes.renew(context.WithoutCancel(ctx), 0)
				return
			case <-tick.C:
			}
		}
	})
	return n.People.Attend(ctx, n)
}

// Told and Missed implement chat.Listener: nothing is heard while the node is cut off.
func (n *peopleNode) Told(node string, news json.RawMessage) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.cut() {
		n.l.Told(node, news)
	}
}

func (n *peopleNode) Missed() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.l.Missed()
}

func (n *peopleNode) Tell(ctx context.Context, node string, news json.RawMessage) error {
	if n.cut() {
		return errCut
	}
	return n.People.Tell(ctx, node, news)
}

func (n *peopleNode) PutUsers(ctx context.Context, here map[string]chat.Whereabouts) (map[string]chat.Elsewhere, error) {
	if n.cut() {
		return nil, errCut
	}
	return n.People.PutUsers(ctx, here)
}

func (n *peopleNode) Users(ctx context.Context, users []string) (map[string]chat.Elsewhere, error) {
	if n.cut() {
		return nil, errCut
	}
	return n.People.Users(ctx, users)
}

func (n *peopleNode) EndUser(ctx context.Context, user string, ago time.Duration) error {
	if n.cut() {
		return errCut
	}
	return n.People.EndUser(ctx, user, ago)
}

func (n *peopleNode) Inherit(ctx context.Context) (map[string]chat.Whereabouts, error) {
	if n.cut() {
		return nil, errCut
	}
	return n.People.Inherit(ctx)
}

func (n *peopleNode) PutCounts(ctx context.Context, counts map[string]chat.Headcount) error {
	if n.cut() {
		return errCut
	}
	return n.People.PutCounts(ctx, counts)
}

func (n *peopleNode) Counts(ctx context.Context) (map[string]map[string]chat.Headcount, error) {
	if n.cut() {
		return nil, errCut
	}
	return n.People.Counts(ctx)
}

// vicinity is a cluster of nodes over one Redis, whose keys no other test has.
func vicinity(t *testing.T, url string) chattest.Vicinity {
	return vicinityBy(t, func(string) string { return url })
}

// vicinityBy is vicinity whose nodes reach that Redis by URLs of their own.
func vicinityBy(t *testing.T, url func(node string) string) chattest.Vicinity {
	nodes, prefix, gone := make(map[string]*peopleNode), openPrefix(t), &atomic.Bool{}
	return chattest.Vicinity{
		Node: func(name string) chat.Neighbours {
			s := openAgain(t, url(name), prefix)
			nodes[name] = &peopleNode{People: s.People(s.Nodes(name, "http://"+name, "test", testLease)), away: gone}
			return nodes[name]
		},
		Kill: func(name string) { nodes[name].dead.Store(true) },
		Away: func(away bool) {
			gone.Store(away)
			for _, n := range nodes {
				if !away {
					n.Missed()
				}
			}
		},
	}
}

func TestPeopleAreNeighbours(t *testing.T) {
	onBothURLs(t, func(t *testing.T, url string) {
		chattest.Neighbours(t, func(t *testing.T, test func(*testing.T, chattest.Vicinity)) {
			t.Parallel()
			test(t, vicinity(t, url))
		})
	})
}

// TestBanishedAreRemembered until their time is over, and not too many.
func TestBanishedAreRemembered(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		s, ctx := open(t), t.Context()
		n, _ := join(t, s, "a", testLease)
		p := s.People(n)
		put := func(group string, until time.Time, watches ...string) {
			t.Helper()
			if err := p.PutBanished(ctx, chat.Banishment{Group: group, User: "bad " + group, Watches: watches, Until: until}); err != nil {
				t.Fatal(err)
			}
		}
		known := func() (names []string) {
			t.Helper()
			all, err := p.Banished(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range all {
				if left := time.Until(b.Until); left <= 0 || left > chat.BanishedAge {
					t.Errorf("%v is left of %v", left, b)
				}
				if b.User != "bad "+b.Group {
					t.Errorf("%q is banned from %q", b.User, b.Group)
				}
				for _, w := range b.Watches {
					names = append(names, b.Group+"/"+w)
				}
			}
			slices.Sort(names)
			return names
		}
		soon := time.Now().Add(time.Minute)
		put("g r", soon, "a", "b")
		put("g r", soon, "b")
		put("q", time.Time{}, "a")
		put("q", time.Now().Add(-time.Second), "late")
		if got := known(); !slices.Equal(got, []string{"g r/a", "g r/b", "q/a"}) {
			t.Errorf("banished: %v", got)
		}
		if err := p.Pardon(ctx, "g r", []string{"good", "bad q"}); err != nil || len(known()) != 3 {
			t.Errorf("others were pardoned: %v", err)
		}
		if err := p.Pardon(ctx, "g r", []string{"bad g r"}); err != nil || !slices.Equal(known(), []string{"q/a"}) {
			t.Errorf("pardoned: %v", err)
		}
		many := make([]string, peopleBanished-1)
		for i := range many {
			many[i] = fmt.Sprint("w", i)
		}
		put("r", soon.Add(time.Hour), many...)
		if got := known(); len(got) != peopleBanished || !slices.Contains(got, "q/a") {
			t.Errorf("%d are remembered", len(got))
		}
	})
}

// TestPeopleMissBans cuts a node's connections to Redis.
func TestPeopleMissBans(t *testing.T) {
	server := redistest.Shared(t)
	link := redistest.Through(t, server.Addr)
	v := vicinityBy(t, func(node string) string {
		if node == "b" {
			return link.URL()
		}
		return server.URL()
	})
	chattest.MissedBans(t, v, func(_ string, cut bool) {
		if cut {
			link.Cut()
		} else {
			link.Heal()
		}
	})
}

// TestPeopleOfADeadNode are taken over once, after a lease, and not those of a node that only seemed dead.
func TestPeopleOfADeadNode(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		s := open(t)
		dead, leave := join(t, s, "dead", testLease)
		one, _ := join(t, s, "one", testLease)
		two, _ := join(t, s, "two", testLease)
		users := make(map[string]chat.Whereabouts)
		for i := range 250 {
			users[fmt.Sprint("u", i)] = chat.Whereabouts{Seats: []chat.Seat{{Group: "r", Since: 1}}}
		}
		ctx := t.Context()
		for _, n := range []*Nodes{dead, one, two} {
			p := s.People(n)
			if _, err := p.PutUsers(ctx, users); err != nil {
				t.Fatal(err)
			}
			if err := p.PutCounts(ctx, nil); err != nil {
				t.Fatal(err)
			}
		}
		if left, err := s.People(one).Inherit(ctx); err != nil || len(left) != 0 {
			t.Fatalf("all live, and %d users were taken over: %v", len(left), err)
		}
		leave()
		var mu sync.Mutex
		took := make(map[string]int)
		var wg sync.WaitGroup
		for _, n := range []*Nodes{one, two} {
			wg.Go(func() {
				wait(t, "all taken over", func() bool {
					left, err := s.People(n).Inherit(ctx)
					if err != nil {
						t.Error(err)
						return true
					}
					mu.Lock()
					defer mu.Unlock()
					for user := range left {
						took[user]++
					}
					return len(took) == len(users)
				})
			})
		}
		wg.Wait()
		for user, n := range took {
			if n != 1 {
				t.Errorf("%s was taken over %d times", user, n)
			}
		}
		e, err := s.People(one).Users(ctx, []string{"u0"})
		if err != nil || len(e["u0"].Nodes) != 1 {
			t.Errorf("u0 is still on %v %v", e, err)
		}
	})
}

// TestPeopleOutliveRedis begins with a Redis that loses all it had, twice.
func TestPeopleOutliveRedis(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	chattest.NeighboursOver(t, vicinity(t, server.URL()), func() {
		server.Kill()
		if err := server.Up(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestAKickIsRemembered for a day, whatever is said of the user meanwhile.
func TestAKickIsRemembered(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		s, ctx := open(t), t.Context()
		n, _ := join(t, s, "a", testLease)
		p, here := s.People(n), map[string]chat.Whereabouts{"vera": {Devices: []chat.DeviceAt{{Since: 1}}}}
		put := func(ended bool) {
			t.Helper()
			e, err := p.PutUsers(ctx, here)
			if err != nil || (e["vera"].Ended > 0) != ended {
				t.Fatalf("%+v, %v", e, err)
			}
		}
		put(false)
		if ttl := s.rdb.PTTL(ctx, p.userKey("vera")).Val(); ttl <= 0 || ttl > peopleUsers {
			t.Errorf("she is known for %v", ttl)
		}
		if err := p.EndUser(ctx, "vera", time.Hour); err != nil {
			t.Fatal(err)
		}
		put(true)
		if ttl := s.rdb.PTTL(ctx, p.userKey("vera")).Val(); ttl < chat.EndedAge-time.Minute {
			t.Errorf("the kick is known for %v", ttl)
		}
		here["vera"] = chat.Whereabouts{}
		put(true)
	})
}

// TestCountsOfANode are many, and lapse.
func TestCountsOfANode(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		s, ctx := open(t), t.Context()
		a, _ := join(t, s, "a", testLease)
		b, _ := join(t, s, "b", testLease)
		wait(t, "a knows b", func() bool { return knows(a, a.Me().ID, b.Me().ID) })
		counts := make(map[string]chat.Headcount)
		for i := range 2500 { // more than one command takes
			counts[fmt.Sprint("r", i)] = chat.Headcount{Members: i + 1}
		}
		if err := s.People(b).PutCounts(ctx, counts); err != nil {
			t.Fatal(err)
		}
		if err := s.People(b).PutCounts(ctx, map[string]chat.Headcount{"r7": {}}); err != nil {
			t.Fatal(err)
		}
		got, err := s.People(a).Counts(ctx)
		if err != nil || len(got) != 1 || len(got[b.Me().ID]) != 2499 || got[b.Me().ID]["r9"].Members != 10 {
			t.Errorf("a knows of %d nodes, of b %d groups: %v", len(got), len(got[b.Me().ID]), err)
		}
		for _, key := range []string{s.key("n:"+b.Me().ID, "counts")} {
			if ttl := s.rdb.PTTL(ctx, key).Val(); ttl <= 0 || ttl > peopleCounts {
				t.Errorf("%s lives for %v", key, ttl)
			}
		}
	})
}
