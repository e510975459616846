package chat_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"liveroom/chat"
)

var errGone = errors.New("the store is gone")

// cluster is some nodes with a group "demo", in which a viewer is at each.
type cluster struct {
	memory  *chat.Memory
	stores  []*chat.MemoryNode
	rooms   []*chat.Service
	viewers []*session
}

func newCluster(t testing.TB, nodes int, cfg chat.Config) *cluster {
	t.Helper()
	c := &cluster{memory: chat.NewMemory()}
	for i := range nodes {
		store := c.memory.Node()
		c.stores = append(c.stores, store)
		c.rooms = append(c.rooms, start(t, cfg, store))
		if i == 0 {
			create(t, c.rooms[0], "demo", "admin")
		}
		viewer, _ := join(t, c.rooms[i], "demo", fmt.Sprint("viewer", i))
		c.viewers = append(c.viewers, viewer)
	}
	synctest.Wait()
	return c
}

// say lets the viewer of a node send, as a socket does.
func (c *cluster) say(t testing.TB, node int, words string) chat.Ack {
	t.Helper()
	ack, err := c.trySay(t, node, words)
	if err != nil {
		t.Errorf("send %q: %v", words, err)
	}
	return ack
}

func (c *cluster) trySay(t testing.TB, node int, words string) (chat.Ack, error) {
	t.Helper()
	return c.rooms[node].SendWith(t.Context(), chat.Message{Group: "demo", Body: text(words)}, named(fmt.Sprint("viewer", node)), chat.SendOptions{Local: true})
}

// got are the items of a viewer but counts, in words.
func got(s *session) (all []string) {
	for _, item := range s.items() {
		switch {
		case item.Message != nil:
			all = append(all, fmt.Sprintf("%d %s %s", item.Message.Seq, item.Message.From, textOf(item.Message)))
		case item.Event.Kind != "count" && item.Event.Kind != "counters":
			all = append(all, fmt.Sprintf("%s %d %s", item.Event.Kind, item.Event.Version, item.Event.Data))
		}
	}
	return all
}

// alike fails unless all viewers received the same.
func (c *cluster) alike(t testing.TB) {
	t.Helper()
	first := got(c.viewers[0])
	for i, v := range c.viewers[1:] {
		if there := got(v); !slices.Equal(there, first) {
			t.Errorf("at node %d:\n%s\nat node 0:\n%s", i+1, strings.Join(there, "\n"), strings.Join(first, "\n"))
		}
	}
}

// settle waits until everything is where it belongs.
func settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// Whatever changes on one node, members on all of them are told the same, in the same order.
func TestNodesTellTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, chat.Config{})
		owner := named("owner")
		victim, _ := join(t, c.rooms[2], "demo", "victim")
		kicked, _ := join(t, c.rooms[1], "demo", "kicked")
		send(t, c.rooms[2], "demo", "victim", "hello")
		notice, name := "hush", "Another"
		for i, do := range []func(s *chat.Service) error{
			func(s *chat.Service) error { return s.SetNotice(t.Context(), "demo", owner, notice) },
			func(s *chat.Service) error {
				return s.SetAttributes(t.Context(), "demo", owner, map[string]string{"a": "1"})
			},
			func(s *chat.Service) error {
				return s.SetFields(t.Context(), "demo", owner, map[string]string{"b": "2"})
			},
			func(s *chat.Service) error { return s.ApplyStatus(t.Context(), status("demo", 1)) },
			func(s *chat.Service) error { return s.ApplyStatus(t.Context(), status("demo", 1)) },
			func(s *chat.Service) error {
				_, err := s.Mute(t.Context(), "demo", owner, "victim", time.Minute, "")
				return err
			},
			func(s *chat.Service) error {
				_, err := s.MuteUsers(t.Context(), "demo", owner, []string{"victim", "x"}, time.Minute, "")
				return err
			},
			func(s *chat.Service) error {
				return s.Kick(t.Context(), "demo", owner, []string{"kicked", "nobody"}, "spam")
			},
			func(s *chat.Service) error { return s.SetRole(t.Context(), "demo", owner, "viewer1", chat.RoleAdmin) },
			func(s *chat.Service) error {
				return s.SetProfile(t.Context(), "demo", chat.Profile{Name: name, Owner: "owner"})
			},
			func(s *chat.Service) error {
				_, err := s.SetSettings(t.Context(), "demo", owner, chat.SettingsPatch{Introduction: &name})
				return err
			},
			func(s *chat.Service) error { return s.Notify(t.Context(), "demo", owner, "news") },
			func(s *chat.Service) error { return s.Recall(t.Context(), "demo", owner, 1, "") },
			func(s *chat.Service) error {
				_, err := s.Ban(t.Context(), "demo", owner, chat.Ban{Users: []string{"victim"}, For: time.Minute})
				return err
			},
			func(s *chat.Service) error { return s.Unban(t.Context(), "demo", owner, []string{"victim"}) },
			func(s *chat.Service) error { return s.AddRobots(t.Context(), "demo", admin, []string{"robot"}) },
		} {
			if err := do(c.rooms[i%3]); err != nil {
				t.Errorf("%d: %v", i, err)
			}
			c.say(t, (i+1)%3, fmt.Sprint("after ", i))
		}
		settle(time.Second)
		c.alike(t)
		var kinds []string
		for _, k := range c.viewers[0].kinds() {
			if !strings.HasPrefix(k, "after") && !strings.HasPrefix(k, "tips") {
				kinds = append(kinds, k)
			}
		}
		want := []string{"hello", "notice", "attributes", "fields", string(statusText(1)), "attributes", "fields", "mute", "mute", "mute", "kick", "role", "profile", "settings", "notification", "recalled", "ban", "ban"}
		if !slices.Equal(kinds, want) {
			t.Errorf("members were told %q, want %q", kinds, want)
		}
		for _, e := range c.viewers[0].events("mute")[:2] {
			if !strings.Contains(string(e.Data), `"nick":"Nick victim"`) {
				t.Errorf("mute of %s has no nick", e.Data)
			}
		}
		if len(kicked.left) != 1 || kicked.left[0].Reason != chat.DepartKicked || kicked.left[0].By != "owner" || kicked.left[0].Detail != "spam" {
			t.Errorf("the kicked one was told %+v", kicked.left)
		}
		if len(victim.left) != 1 || victim.left[0].Reason != chat.DepartBanned || victim.left[0].Until.IsZero() {
			t.Errorf("the banned one was told %+v", victim.left)
		}
		for i, s := range c.rooms {
			g, err := s.Group(t.Context(), "demo")
			if err != nil || g.Notice != notice || g.Name != name || g.Fields["b"] != "2" {
				t.Errorf("node %d has %+v, %v", i, g, err)
			}
		}
	})
}

func statusText(version uint64) []byte {
	return append([]byte(`{"type":"live_status",`), status("demo", version).Record[1:]...)
}

// A kick takes effect in its turn: what was said on another node after it does not reach who was kicked.
func TestKickWithinTheTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, chat.Config{})
		bob, _ := join(t, c.rooms[1], "demo", "bob")
		c.stores[1].Delay(time.Second)
		c.say(t, 0, "before")
		if err := c.rooms[0].Kick(t.Context(), "demo", named("owner"), []string{"bob"}, ""); err != nil {
			t.Fatal(err)
		}
		c.say(t, 0, "after")
		settle(2 * time.Second)
		if got := bob.kinds(); !slices.Equal(got, []string{"before", "kick"}) {
			t.Errorf("he got %q", got)
		}
		c.alike(t)
	})
}

// Counters of all nodes are told on all nodes, the newest at last.
func TestCountersOverNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, chat.Config{})
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				if _, err := c.rooms[i%2].AddCounters(t.Context(), "demo", named("owner"), map[string]chat.Number{"likes": 1}); err != nil {
					t.Error(err)
				}
			})
			time.Sleep(20 * time.Millisecond)
		}
		wg.Wait()
		settle(time.Second)
		for i, v := range c.viewers {
			events := v.events("counters")
			if len(events) == 0 || len(events) > 6 || string(events[len(events)-1].Data) != `{"counters":{"likes":10}}` {
				t.Errorf("node %d told %d, the last %s", i, len(events), events[len(events)-1].Data)
			}
			if now, err := c.rooms[i].Counters(t.Context(), "demo", nil); err != nil || now.All["likes"] != 10 {
				t.Errorf("node %d has %+v, %v", i, now, err)
			}
		}
	})
}

// An entry that never came is fetched once it is missed, and what follows it waits for it; one that nothing follows, when
// the room looks.
func TestHolesAreFilled(t *testing.T) {
	for name, tc := range map[string]struct {
		follows bool
		within  time.Duration
	}{"with something after it": {true, 200 * time.Millisecond}, "at the end": {false, 15 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCluster(t, 2, chat.Config{})
				c.say(t, 0, "one")
				c.stores[1].LoseEntries(1)
				c.say(t, 0, "lost")
				if began := time.Now(); tc.follows {
					c.say(t, 1, "three")
					if d := time.Since(began); d < 50*time.Millisecond || d > 200*time.Millisecond {
						t.Errorf("what follows it waited for %s", d)
					}
				}
				settle(tc.within)
				c.alike(t)
				if got := c.viewers[1].seqs(); len(got) < 2 || got[1] != 2 {
					t.Errorf("node 1 delivered %v", got)
				}
				if n := len(c.viewers[1].events("gap")); n > 0 {
					t.Errorf("%d gaps were told", n)
				}
			})
		})
	}
}

// A room in which nobody is on a node is put away there, however much is said on others.
func TestRoomOfOthersIsPutAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, chat.Config{UserBurst: 1000, UserRate: 1000, RatePerSecond: 1000})
		c.rooms[1].Leave("demo", c.viewers[1])
		for i := range 7000 { // so that its loop hardly ever rests
			c.say(t, 0, fmt.Sprint(i))
			time.Sleep(10 * time.Millisecond)
		}
		if n := c.rooms[1].Stats().Groups; n != 0 {
			t.Errorf("%d rooms are in memory", n)
		}
		viewer, j := join(t, c.rooms[1], "demo", "viewer1")
		c.say(t, 0, "again")
		settle(time.Second)
		if got := viewer.seqs(); j.Seq != 7000 || !slices.Equal(got, []uint64{7001}) {
			t.Errorf("who came at %d got %v", j.Seq, got)
		}
	})
}

// Who comes from another node that is ahead is answered when this one has what he has.
func TestResumeOnANodeThatIsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, chat.Config{})
		c.stores[1].Delay(time.Minute)
		c.say(t, 0, "one")
		c.say(t, 0, "two")
		state, err := c.memory.LoadGroup(t.Context(), "demo")
		if err != nil {
			t.Fatal(err)
		}
		j, err := c.rooms[1].Join(t.Context(), "demo", named("wanderer"), newSession("wanderer"), &chat.Position{Epoch: state.Epoch, Seq: 2})
		if err != nil || !j.Complete || j.Seq != 2 || len(j.Messages) != 0 {
			t.Errorf("a resume got %+v, %v", j, err)
		}
	})
}

// What can't be filled any more is told as a gap, and the room goes on with the newest state of everything.
func TestGapIsTold(t *testing.T) {
	for name, lose := range map[string]func(c *cluster) error{
		"entries are not kept": func(c *cluster) error { c.memory.KeepEntries(1); return nil },
		"another epoch":        func(c *cluster) error { return c.memory.Renew("demo") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCluster(t, 2, chat.Config{ResumeMessages: 3, History: 3})
				victim, _ := join(t, c.rooms[1], "demo", "victim")
				c.say(t, 0, "one")
				synctest.Wait()
				before := c.viewers[1].kinds()
				c.stores[1].Fail(errGone)
				if err := lose(c); err != nil {
					t.Fatal(err)
				}
				owner := named("owner")
				if err := c.rooms[0].SetNotice(t.Context(), "demo", owner, "hush"); err != nil {
					t.Fatal(err)
				}
				for i := range 6 {
					c.say(t, 0, fmt.Sprint("missed ", i))
				}
				if err := c.rooms[0].Recall(t.Context(), "demo", owner, 1, ""); err != nil {
					t.Fatal(err)
				}
				until := time.Now().Add(time.Hour)
				if _, err := c.rooms[0].Ban(t.Context(), "demo", owner, chat.Ban{Users: []string{"victim"}, For: time.Hour}); err != nil {
					t.Fatal(err)
				}
				settle(time.Second)
				c.stores[1].Fail(nil)
				settle(time.Second)
				got := c.viewers[1].kinds()[len(before):]
				for _, want := range []string{"gap", "missed 5", "notice", "ban"} {
					if !slices.Contains(got, want) {
						t.Errorf("%s is missing in %q", want, got)
					}
				}
				if recalled := slices.Contains(got, "recalled"); recalled != (name == "entries are not kept") { // else it is another message
					t.Errorf("told that a message was recalled: %t", recalled)
				}
				if len(victim.left) != 1 || victim.left[0].Reason != chat.DepartBanned || victim.left[0].By != "owner" || unix(victim.left[0].Until) != unix(until.Add(time.Second).Truncate(time.Second)) {
					t.Errorf("who was banned meanwhile was told %+v", victim.left)
				}
				if c.say(t, 1, "on"); c.rooms[1].Degraded() != 0 {
					t.Error("it is degraded")
				}
				settle(time.Second)
				state, err := c.memory.LoadGroup(t.Context(), "demo")
				if err != nil {
					t.Fatal(err)
				}
				last := c.viewers[1].items()[len(c.viewers[1].items())-1].Message
				if last == nil || last.Seq != state.Seq || textOf(last) != "on" {
					t.Errorf("the last message is %+v, the store's number %d", last, state.Seq)
				}
				j, err := c.rooms[1].Join(t.Context(), "demo", named("late"), newSession("late"), &chat.Position{Epoch: state.Epoch, Seq: state.Seq - 1})
				if err != nil || !j.Complete || len(j.Messages) != 1 || j.Notice != "hush" {
					t.Errorf("a resume got %+v, %v", j, err)
				}
			})
		})
	}
}

// What two nodes change of a group's profile at once is both done, although neither knows of the other.
func TestProfileChangedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, chat.Config{})
		c.stores[1].Delay(time.Second)
		owner := named("owner")
		for i, do := range []func() error{
			func() error { return c.rooms[0].SetRole(t.Context(), "demo", owner, "ada", chat.RoleAdmin) },
			func() error { return c.rooms[1].SetRole(t.Context(), "demo", owner, "ben", chat.RoleAdmin) },
			func() error { return c.rooms[0].SetRole(t.Context(), "demo", owner, "cleo", chat.RoleAdmin) },
			func() error { return c.rooms[1].SetOwner(t.Context(), "demo", "tea", "dan") },
		} {
			if err := do(); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
		settle(5 * time.Second)
		for i, s := range c.rooms {
			g, err := s.Group(t.Context(), "demo")
			if err != nil || g.Name != "tea" || g.Owner != "dan" || !slices.Equal(g.Admins, []string{"admin", "ada", "ben", "cleo"}) {
				t.Errorf("node %d has %+v, %v", i, g, err)
			}
		}
	})
}

// A store that lost the newest of what it had answered goes on in another epoch: members are told where they are and what
// became of everything, and get no message again that they have.
func TestStoreGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, chat.Config{})
		owner := named("owner")
		add := func(n chat.Number) {
			t.Helper()
			if _, err := c.rooms[0].AddCounters(t.Context(), "demo", owner, map[string]chat.Number{"likes": n}); err != nil {
				t.Fatal(err)
			}
			settle(time.Second)
		}
		hush := func(notice string) {
			t.Helper()
			if err := c.rooms[0].SetNotice(t.Context(), "demo", owner, notice); err != nil {
				t.Fatal(err)
			}
		}
		for _, words := range []string{"one", "two", "three"} {
			c.say(t, 0, words)
		}
		hush("old")
		kept, err := c.memory.LoadGroup(t.Context(), "demo")
		if err != nil {
			t.Fatal(err)
		}
		add(1)
		hush("lost")
		c.say(t, 1, "lost")
		settle(time.Second)
		if err := c.memory.GoBack("demo", kept); err != nil {
			t.Fatal(err)
		}
		began := []int{len(c.viewers[0].kinds()), len(c.viewers[1].kinds())}
		c.say(t, 0, "four")
		settle(20 * time.Second)
		c.say(t, 1, "five")
		settle(time.Second)
		for i, v := range c.viewers {
			if kinds := v.kinds()[began[i]:]; !slices.Equal(kinds, []string{"gap", "four", "attributes", "fields", "notice", "profile", "settings", "counters", "five"}) {
				t.Errorf("at node %d members were told %q", i, kinds)
			}
			if gap := v.told("gap"); len(gap) != 1 || !strings.HasSuffix(gap[0], `"seq":3}`) {
				t.Errorf("at node %d the gap is %s", i, gap)
			}
			if told := v.told("counters"); told[len(told)-1] != `{"counters":{}}` {
				t.Errorf("at node %d the last counters told are %s", i, told)
			}
			if told := v.told("notice"); told[len(told)-1] != `{"notice":"old"}` {
				t.Errorf("at node %d the last notice told is %s", i, told)
			}
			now, err := c.rooms[i].Counters(t.Context(), "demo", nil)
			if err != nil || len(now.All) != 0 {
				t.Errorf("node %d has %+v, %v", i, now, err)
			}
		}
		add(5) // to the version of what is lost
		for i, v := range c.viewers {
			if told := v.told("counters"); told[len(told)-1] != `{"counters":{"likes":5}}` {
				t.Errorf("at node %d the last counters told are %s", i, told)
			}
		}
	})
}

// A group that is dismissed on one node is dismissed on all, also on one that was away meanwhile.
func TestDismissedElsewhere(t *testing.T) {
	for _, away := range []bool{false, true} {
		t.Run(fmt.Sprint("away ", away), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCluster(t, 2, chat.Config{})
				if away {
					c.stores[1].Fail(errGone)
				}
				if err := c.rooms[0].Dismiss(t.Context(), "demo"); err != nil {
					t.Fatal(err)
				}
				c.stores[1].Fail(nil)
				settle(time.Second)
				for i, v := range c.viewers {
					if got := v.kinds(); !slices.Equal(got, []string{"dismissed"}) {
						t.Errorf("at node %d members were told %q", i, got)
					}
					if n := c.rooms[i].Stats().Groups; n != 0 {
						t.Errorf("node %d has %d rooms", i, n)
					}
				}
				if _, err := c.rooms[1].Join(t.Context(), "demo", named("late"), newSession("late"), nil); !errors.Is(err, chat.ErrNoGroup) {
					t.Errorf("it can be joined: %v", err)
				}
			})
		})
	}
}

// However nodes send and change things at once, and however late or lost what they tell each other is, members on all nodes
// get the same in the same order, each message once.
func TestOrderOverNodes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 1, 30).Draw(rt, "steps")
		synctest.Test(t, func(t *testing.T) {
			c := newCluster(t, 3, chat.Config{UserBurst: 1000, RatePerSecond: 10_000, AttributeWrites: 1000})
			var wg sync.WaitGroup
			for i, step := range steps {
				wg.Go(func() {
					if err := step.do(t, c, i); err != nil {
						t.Errorf("step %d %+v: %v", i, step, err)
					}
				})
				time.Sleep(step.pause)
			}
			wg.Wait()
			settle(20 * time.Second)
			c.alike(t)
			want := uint64(1)
			for _, seq := range c.viewers[2].seqs() {
				if seq != want {
					t.Errorf("number %d came in the place of %d", seq, want)
				}
				want++
			}
		})
		if t.Failed() {
			rt.FailNow()
		}
	})
}

type step struct {
	kind  string
	node  int
	pause time.Duration
}

func drawStep(t *rapid.T) step {
	return step{
		kind:  rapid.SampledFrom([]string{"say", "say", "say", "gift", "notice", "attribute", "mute", "notify", "delay", "lose"}).Draw(t, "kind"),
		node:  rapid.IntRange(0, 2).Draw(t, "node"),
		pause: time.Duration(rapid.IntRange(0, 60).Draw(t, "pause")) * time.Millisecond,
	}
}

func (s step) do(t *testing.T, c *cluster, i int) (err error) {
	owner, rooms := named("owner"), c.rooms[s.node]
	switch s.kind {
	case "say":
		_, err = c.trySay(t, s.node, fmt.Sprint("words ", i))
	case "gift":
		_, err = rooms.SendServer(t.Context(), chat.Message{Group: "demo", Body: text(fmt.Sprint("gift ", i))})
	case "notice":
		err = rooms.SetNotice(t.Context(), "demo", owner, fmt.Sprint("notice ", i))
	case "attribute":
		err = rooms.SetAttributes(t.Context(), "demo", owner, map[string]string{"a": fmt.Sprint(i)})
	case "mute":
		_, err = rooms.Mute(t.Context(), "demo", owner, "somebody", time.Minute, "")
	case "notify":
		err = rooms.Notify(t.Context(), "demo", owner, fmt.Sprint("news ", i))
	case "delay":
		c.stores[s.node].Delay(time.Duration(i%4) * 10 * time.Millisecond)
	case "lose":
		c.stores[s.node].LoseEntries(1)
	}
	return err
}
