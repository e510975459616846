package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
	"liveroom/chat/chattest"
	"liveroom/internal/redistest"
)

// pair are two nodes on one Redis, the first of which, and in a cluster the second too, reaches it by proxies.
type pair struct {
	a, b    *Chat
	proxies []*redistest.Proxy
}

// TestChatOverBadConnections runs on one Redis and on a cluster, each behind proxies.
func TestChatOverBadConnections(t *testing.T) {
	all := func(t *testing.T, open func(t *testing.T) pair) {
		t.Run("a lost reply doubles nothing", func(t *testing.T) { testLostReply(t, open(t)) })
		t.Run("subscriptions that end", func(t *testing.T) { testSubscriptionsEnd(t, open(t)) })
	}
	t.Run("one", func(t *testing.T) {
		server := redistest.Shared(t)
		all(t, func(t *testing.T) pair {
			proxy, prefix := redistest.Through(t, server.Addr), openPrefix(t)
			return pair{chatNode(t, proxy.URL(), prefix), chatNode(t, server.URL(), prefix), []*redistest.Proxy{proxy}}
		})
	})
	t.Run("cluster", func(t *testing.T) {
		cluster := redistest.StartClusterThrough(t)
		all(t, func(t *testing.T) pair {
			prefix := openPrefix(t)
			return pair{chatNode(t, cluster.URL(), prefix), chatNode(t, cluster.URL(), prefix), cluster.Proxies}
		})
	})
}

func (p pair) each(do func(*redistest.Proxy)) {
	for _, proxy := range p.proxies {
		do(proxy)
	}
}

// insist asks again until Redis is there.
func insist(t *testing.T, do func() error) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := do()
		if err == nil {
			return
		}
		if !errors.Is(err, ErrAway) || time.Now().After(until) {
			t.Fatal(err)
		}
	}
}

// testLostReply: whatever the answer to an operation is lost, once or so often that its maker is told so, it
// happened once, and whoever asks again with its id is answered as it was then.
func testLostReply(t *testing.T, p pair) {
	chattest.Create(t, p.b, "g")
	ear := chattest.Listen(t, p.b, "g")
	said, adds := uint64(0), chat.Number(0)
	for round, lost := range []int{1, 1, 2, 2, 3} {
		ctx, op := chat.WithOperation(t.Context())
		ask := func(do func() error) {
			t.Helper()
			p.each(func(x *redistest.Proxy) { x.DropReplies(lost, op) })
			err := do()
			if lost == 1 && err != nil {
				t.Fatalf("round %d: one lost reply: %v", round, err)
			}
			if lost > 1 && !errors.Is(err, ErrAway) {
				t.Fatalf("round %d: %d lost replies: %v", round, lost, err)
			}
			p.each((*redistest.Proxy).Heal)
			insist(t, do)
		}
		m := chattest.Message("g", "a", fmt.Sprint(round), chat.High)
		ask(func() error {
			f := chattest.Batch(1<<20, m)
			f.Candidates[0].Key = chat.Key{byte(round + 1)}
			acks, err := p.a.Flush(ctx, "g", f)
			if err == nil && acks[0].Seq != said+1 {
				t.Fatalf("round %d: %+v", round, acks)
			}
			return err
		})
		said++
		ctx, op = chat.WithOperation(t.Context())
		ask(func() error {
			now, _, err := p.a.PutCounters(ctx, "g", []chat.CounterChange{{Op: chat.AddCounter, Values: map[string]chat.Number{"n": 1}}})
			if err == nil && now.All["n"] != adds+1 {
				t.Fatalf("round %d: %+v", round, now)
			}
			return err
		})
		adds++
		ctx, op = chat.WithOperation(t.Context())
		ask(func() error {
			r, err := p.a.Reserve(ctx, "g", chat.Key{100, byte(round)})
			if err == nil && !r.Fresh {
				t.Fatalf("round %d: %+v", round, r)
			}
			return err
		})
	}
	state := chattest.Load(t, p.b, "g")
	if state.Seq != said || state.Counters.All["n"] != adds || state.Pos != said+uint64(adds) {
		t.Errorf("%d said, %d added: %+v", said, adds, state.Head)
	}
	ear.Until(t, state.Pos)
}

// testSubscriptionsEnd: a connection that is reset, or stands still with nobody saying so, is noticed; what was missed
// is said to be, and is in the entries.
func testSubscriptionsEnd(t *testing.T, p pair) {
	p.a.feed.ping, p.a.feed.silence = 50*time.Millisecond, 200*time.Millisecond
	groups := []string{"g1", "g2", "g3", "g4", "g5"} // on all servers of a cluster
	ears := map[string]*chattest.Ear{}
	for _, g := range groups {
		chattest.Create(t, p.b, g)
		ears[g] = chattest.Listen(t, p.a, g)
	}
	pos := uint64(0)
	for name, end := range map[string]func(){
		"reset": func() { p.each((*redistest.Proxy).Cut) },
		"still": func() {
			p.each((*redistest.Proxy).Stall)
			for _, g := range groups { // noticed without being told
				wait(t, "the group is not subscribed any more", func() bool { return !subscribed(p.a, g) })
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			missed := map[string]int{}
			for _, g := range groups {
				missed[g] = ears[g].MissedTimes()
			}
			end()
			p.each((*redistest.Proxy).Heal)
			for _, g := range groups {
				ears[g].Wait(t, "missed", func() bool { return ears[g].MissedTimes() > missed[g] })
				insist(t, func() error { _, err := p.b.PutNotice(t.Context(), g, name); return err })
			}
			pos++
			for _, g := range groups {
				ears[g].Until(t, pos)
			}
		})
	}
}

func subscribed(c *Chat, group string) bool {
	c.feed.mu.Lock()
	defer c.feed.mu.Unlock()
	fl := c.feed.groups[c.key(group, "feed")]
	return fl != nil && fl.subbed
}

// TestScriptsMayBeForgotten: SCRIPT FLUSH between two operations changes nothing.
func TestScriptsMayBeForgotten(t *testing.T) {
	server := redistest.Start(t)
	c := chatNode(t, server.URL(), "x:")
	chattest.Create(t, c, "g")
	for i := range uint64(3) {
		if answer, err := redistest.Command(server.Addr, "SCRIPT", "FLUSH"); err != nil || answer != "+OK" {
			t.Fatal(answer, err)
		}
		chattest.Say(t, c, "g", 1)
		if _, err := c.PutNotice(t.Context(), "g", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		if state := chattest.Load(t, c, "g"); state.Seq != i+1 || state.NoticeVersion != i+1 {
			t.Errorf("%+v", state.Head)
		}
	}
}

// TestARedisThatKeptAll goes on where it was: same epoch, next numbers, and who followed is told to look.
func TestARedisThatKeptAll(t *testing.T) {
	server := redistest.Start(t, redistest.Durable()...)
	c := chatNode(t, server.URL(), "x:")
	before := chattest.Create(t, c, "g")
	ear := chattest.Listen(t, c, "g")
	chattest.Say(t, c, "g", 3)
	server.Kill()
	if err := server.Up(); err != nil {
		t.Fatal(err)
	}
	ear.Wait(t, "missed", func() bool { return ear.MissedTimes() > 0 })
	insist(t, func() error { _, err := c.s.Now(t.Context()); return err })
	chattest.Say(t, c, "g", 1)
	if state := chattest.Load(t, c, "g"); state.Epoch != before.Epoch || state.Seq != 4 || len(state.Log) != 4 {
		t.Errorf("%+v", state.Head)
	}
	if found, whole, err := c.Entries(t.Context(), "g", before.Epoch, 0, 100); err != nil || !whole || len(found) != 4 {
		t.Errorf("%d entries, whole %v, %v", len(found), whole, err)
	}
}

// TestARedisThatWentBack: numbers that were given out after what it kept are not given again in the same epoch, whichever way
// a node that knows of them comes by, also if another that does not know of them was faster and made it go as far and
// farther again; and who does not know of them is told of the new epoch.
func TestARedisThatWentBack(t *testing.T) {
	t.Parallel()
	for _, meanwhile := range []int{0, 3, 5} {
		t.Run(fmt.Sprint("others say ", meanwhile), func(t *testing.T) { testWentBack(t, meanwhile) })
	}
}

func testWentBack(t *testing.T, meanwhile int) {
	for name, come := range map[string]func(t *testing.T, c *Chat, epoch string, pos uint64) error{
		"by a flush": func(t *testing.T, c *Chat, _ string, _ uint64) error {
			_, err := c.Flush(t.Context(), "g", chattest.Batch(1000, chattest.Message("g", "a", "after", chat.High)))
			return err
		},
		"by a change": func(t *testing.T, c *Chat, _ string, _ uint64) error {
			_, err := c.PutNotice(t.Context(), "g", "after")
			return err
		},
		"by loading": func(t *testing.T, c *Chat, _ string, _ uint64) error {
			_, err := c.LoadGroup(t.Context(), "g")
			return err
		},
		"by its entries": func(t *testing.T, c *Chat, epoch string, pos uint64) error {
			_, whole, err := c.Entries(t.Context(), "g", epoch, pos, 10)
			if whole {
				t.Error("the entries of what is lost are whole")
			}
			return err
		},
		"by saying something": func(t *testing.T, c *Chat, _ string, _ uint64) error {
			return c.Tell(t.Context(), "g", json.RawMessage(`1`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			knows, other := chatNode(t, server.URL(), "x:"), chatNode(t, server.URL(), "x:")
			chattest.Create(t, knows, "g")
			heard := chattest.Listen(t, knows, "g")
			chattest.Say(t, knows, "g", 2)
			old := chattest.Load(t, other, "g")
			if answer, err := redistest.Command(server.Addr, "SAVE"); err != nil || answer != "+OK" {
				t.Fatal(answer, err)
			}
			chattest.Say(t, knows, "g", 3)
			pos := chattest.Load(t, knows, "g").Pos
			server.Kill()
			if err := server.Up(); err != nil {
				t.Fatal(err)
			}
			var ear *chattest.Ear
			insist(t, func() (err error) {
				ear = chattest.NewEar()
				_, err = other.Follow(t.Context(), "g", ear)
				return err
			})
			insist(t, func() error { _, err := other.s.Now(t.Context()); return err })
			wait(t, "the subscription is back", func() bool { return subscribed(knows, "g") && heard.MissedTimes() > 0 })
			chattest.Say(t, other, "g", meanwhile)
			if meanwhile > 3 {
				heard.Until(t, old.Pos+uint64(meanwhile)) // which does not make it forget
			}
			insist(t, func() error { return come(t, knows, old.Epoch, pos) })
			var now chat.GroupState
			insist(t, func() (err error) { now, err = other.LoadGroup(t.Context(), "g"); return err })
			if now.Epoch == old.Epoch || now.Seq < old.Seq+uint64(meanwhile) || len(now.Log) != int(now.Seq) {
				t.Errorf("it was %+v, is %+v", old.Head, now.Head)
			}
			if e := ear.Until(t, now.Pos); e[len(e)-1].Epoch != now.Epoch {
				t.Errorf("the other node was told %+v", e)
			}
			if found, whole, err := other.Entries(t.Context(), "g", old.Epoch, old.Pos, 10); err != nil || whole || len(found) > 0 {
				t.Errorf("of the old epoch there are %v, %v, %v", found, whole, err)
			}
		})
	}
}

// TestARedisThatLostAll has no groups; one that is made again has another epoch.
func TestARedisThatLostAll(t *testing.T) {
	server := redistest.Start(t)
	c := chatNode(t, server.URL(), "x:")
	before := chattest.Create(t, c, "g")
	chattest.Say(t, c, "g", 3)
	server.Kill()
	if err := server.Up(); err != nil {
		t.Fatal(err)
	}
	var err error
	insist(t, func() error {
		if _, err = c.LoadGroup(t.Context(), "g"); errors.Is(err, chat.ErrNoGroup) {
			return nil
		}
		return err
	})
	if _, err := c.Flush(t.Context(), "g", chattest.Batch(10, chattest.Message("g", "a", "x", chat.High))); !errors.Is(err, chat.ErrNoGroup) {
		t.Errorf("flush: %v", err)
	}
	if now := chattest.Create(t, c, "g"); now.Epoch == before.Epoch {
		t.Error("the same epoch")
	}
}

// TestGroupsMoveInACluster: when a slot goes to another server, who follows a group of it follows it there, and is told to
// look at what he may have missed.
func TestGroupsMoveInACluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	prefix := openPrefix(t)
	a, b := chatNode(t, cluster.URL(), prefix), chatNode(t, cluster.URL(), prefix)
	chattest.Create(t, a, "g")
	chattest.Create(t, a, "stays")
	ear, other := chattest.Listen(t, a, "g"), chattest.Listen(t, a, "stays")
	chattest.Say(t, b, "g", 1)
	ear.Until(t, 1)
	for round := range uint64(3) {
		missed := ear.MissedTimes()
		moveSlot(t, b, b.key("g", "head"))
		ear.Wait(t, "missed", func() bool { return ear.MissedTimes() > missed })
		insist(t, func() error { return b.Tell(t.Context(), "g", json.RawMessage(`1`)) })
		ear.Until(t, round+2)
		insist(t, func() error { return b.Tell(t.Context(), "stays", json.RawMessage(`1`)) })
		other.Until(t, round+1)
	}
	if state := chattest.Load(t, b, "g"); state.Pos != 4 || len(state.Log) != 1 {
		t.Errorf("%+v", state.Head)
	}
}

// moveSlot gives the slot of a key to another server, with its keys.
func moveSlot(t *testing.T, c *Chat, key string) {
	t.Helper()
	ctx := t.Context()
	rdb := c.s.rdb.(*redis.ClusterClient)
	slot, err := rdb.ClusterKeySlot(ctx, key).Result()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var masters []*redis.Client
	var from, to *redis.Client
	ids := map[string]string{}
	err = rdb.ForEachMaster(ctx, func(ctx context.Context, one *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		masters = append(masters, one)
		if n, err := one.ClusterCountKeysInSlot(ctx, int(slot)).Result(); err == nil && n > 0 {
			from = one
		} else {
			to = one
		}
		id, err := one.Do(ctx, "cluster", "myid").Text()
		ids[one.Options().Addr] = id
		return err
	})
	if err != nil || from == nil {
		t.Fatal("nobody has the slot", err)
	}
	must := func(one *redis.Client, args ...any) {
		t.Helper()
		if err := one.Do(ctx, args...).Err(); err != nil {
			t.Fatal(args, err)
		}
	}
	target := ids[to.Options().Addr]
	must(to, "cluster", "setslot", slot, "importing", ids[from.Options().Addr])
	must(from, "cluster", "setslot", slot, "migrating", target)
	keys, err := from.ClusterGetKeysInSlot(ctx, int(slot), 1000).Result()
	if err != nil {
		t.Fatal(err)
	}
	host, port := splitAddr(to.Options().Addr)
	must(from, append([]any{"migrate", host, port, "", 0, 5000, "keys"}, toAny(keys)...)...)
	must(to, "cluster", "setslot", slot, "node", target)
	for _, one := range masters {
		if one != to {
			must(one, "cluster", "setslot", slot, "node", target)
		}
	}
}

func splitAddr(addr string) (host, port string) {
	host, port, _ = net.SplitHostPort(addr)
	return host, port
}

func toAny(all []string) (out []any) {
	for _, one := range all {
		out = append(out, one)
	}
	return out
}
