package chat_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// degrade lets the store of a node go and its room notice.
func (c *cluster) degrade(t testing.TB, node int) {
	t.Helper()
	c.stores[node].Fail(errGone)
	_, _ = c.trySay(t, node, "is anybody there")
	settle(2 * time.Second)
	if c.rooms[node].Degraded() != 1 {
		t.Fatal("the room is not degraded")
	}
}

// told are the events of a kind with their data.
func (s *session) told(kind string) (all []string) {
	for _, e := range s.events(kind) {
		all = append(all, string(e.Data))
	}
	return all
}

// A node that begins while the store is away lets people in when it is back.
func TestNodeBeginsWithoutStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1, chat.Config{})
		store := c.memory.Node()
		store.Fail(errGone)
		late := start(t, chat.Config{}, store)
		settle(time.Minute)
		store.Fail(nil)
		viewer, _ := join(t, late, "demo", "late")
		c.say(t, 0, "hello")
		settle(time.Second)
		if told := got(viewer); !slices.ContainsFunc(told, func(s string) bool { return strings.Contains(s, "hello") }) {
			t.Errorf("heard %q", told)
		}
	})
}

// While the store is away, members of a node hear each other, within the rules as the node knows them; what must be stored
// is refused; and when it is back, they are told what they missed and nothing twice. Nothing is restarted for it.
func TestNodeAway(t *testing.T) {
	for _, d := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
		t.Run(d.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				facts := &recorder{}
				var delivered int
				c := newCluster(t, 2, chat.Config{Observer: facts, UserBurst: 1000, UserRate: 100, Delivered: func(*chat.Message) { delivered++ }})
				owner, bob := named("owner"), named("bob")
				enter(t, c.rooms[1], "demo", bob, newSession("bob"))
				if _, err := c.rooms[0].Mute(t.Context(), "demo", owner, "bob", time.Hour, ""); err != nil {
					t.Fatal(err)
				}
				c.say(t, 1, "before")
				settle(time.Second)
				c.degrade(t, 1)
				began := time.Now()
				facts.take()
				delivered = 0

				ack := c.say(t, 1, "among us")
				if !ack.Degraded || ack.Seq != 0 || ack.Dropped || ack.Time.IsZero() {
					t.Errorf("the ack is %+v", ack)
				}
				if _, err := c.rooms[1].SendWith(t.Context(), chat.Message{Group: "demo", Body: text("x")}, bob, chat.SendOptions{Local: true}); !errors.Is(err, chat.ErrMuted) {
					t.Errorf("who is muted got %v", err)
				}
				for name, do := range map[string]func() error{
					"send of a backend": func() error {
						_, err := c.rooms[1].Send(t.Context(), chat.Message{Group: "demo", Random: 1, Body: text("x")}, admin)
						return err
					},
					"message of the server": func() error {
						_, err := c.rooms[1].SendServer(t.Context(), chat.Message{Group: "demo", Body: text("x")})
						return err
					},
					"mute": func() error {
						_, err := c.rooms[1].Mute(t.Context(), "demo", owner, "x", time.Hour, "")
						return err
					},
					"kick":   func() error { return c.rooms[1].Kick(t.Context(), "demo", owner, []string{"bob"}, "") },
					"notice": func() error { return c.rooms[1].SetNotice(t.Context(), "demo", owner, "x") },
					"counters": func() error {
						_, err := c.rooms[1].AddCounters(t.Context(), "demo", owner, map[string]chat.Number{"a": 1})
						return err
					},
					"status":        func() error { return c.rooms[1].ApplyStatus(t.Context(), status("demo", 9)) },
					"another group": func() error { _, err := c.rooms[1].Group(t.Context(), "other"); return err },
				} {
					if err := do(); !errors.Is(err, chat.ErrUnavailable) {
						t.Errorf("%s: %v", name, err)
					}
				}
				late := newSession("late")
				j, err := c.rooms[1].Join(t.Context(), "demo", named("late"), late, nil)
				if err != nil || !j.Degraded || len(j.Messages) == 0 {
					t.Errorf("a newcomer got %+v, %v", j, err)
				}
				if n := len(facts.sent()); n > 0 || delivered > 0 {
					t.Errorf("%d messages were told of, %d delivered", n, delivered)
				}
				c.say(t, 0, "elsewhere")
				settle(d - time.Since(began))
				c.stores[1].Fail(nil)
				settle(5 * time.Second)

				if c.rooms[1].Degraded() != 0 {
					t.Error("the room is degraded still")
				}
				if again := c.say(t, 1, "together"); again.Degraded || again.Seq != 3 {
					t.Errorf("the ack is %+v", again)
				}
				settle(time.Second)
				if got := c.viewers[1].told("degraded"); !slices.Equal(got, []string{`{"degraded":true}`, `{"degraded":false}`}) {
					t.Errorf("members were told %q", got)
				}
				if got := c.viewers[1].texts(); !slices.Equal(got, []string{"before", "among us", "elsewhere", "together"}) {
					t.Errorf("they got %q", got)
				}
				if got := c.viewers[0].texts(); !slices.Equal(got, []string{"before", "elsewhere", "together"}) {
					t.Errorf("those of the other node got %q", got)
				}
				if n := len(c.viewers[1].events("gap")); n > 0 {
					t.Errorf("%d gaps were told", n)
				}
				history, err := c.rooms[1].History(t.Context(), "demo", 0)
				if err != nil || len(history) != 3 {
					t.Errorf("%d messages are in the history, %v", len(history), err)
				}
			})
		})
	}
}

// texts are the texts of the messages received, but for that with which degrade finds out.
func (s *session) texts() (all []string) {
	for _, item := range s.items() {
		if item.Message != nil && !strings.HasPrefix(textOf(item.Message), "is anybody") {
			all = append(all, textOf(item.Message))
		}
	}
	return all
}

// sent are the messages that the observer was told of.
func (o *recorder) sent() (all []chat.Sent) {
	for _, f := range o.take() {
		if sent, ok := f.(chat.Sent); ok {
			all = append(all, sent)
		}
	}
	return all
}

// A message sent twice while the store is away goes out once, and is not sent again when it is back.
func TestAwayDeduplicates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1, chat.Config{})
		c.degrade(t, 0)
		again := func() chat.Ack {
			ack, err := c.rooms[0].SendWith(t.Context(), chat.Message{Group: "demo", Random: 7, Body: text("once")}, named("viewer0"), chat.SendOptions{Local: true})
			if err != nil {
				t.Error(err)
			}
			return ack
		}
		first, second := again(), again()
		c.stores[0].Fail(nil)
		settle(time.Second)
		if third := again(); !first.Degraded || second != first || third != first {
			t.Errorf("acks were %+v, %+v, %+v", first, second, third)
		}
		if got := c.viewers[0].texts(); !slices.Equal(got, []string{"once"}) {
			t.Errorf("members got %q", got)
		}
	})
}

// A message that came from another node before the store went away is not sent again by who got no answer there.
func TestAwayKnowsWhatCameFromElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, chat.Config{})
		for _, room := range c.rooms {
			enter(t, room, "demo", named("anna"), newSession("anna"))
		}
		send := func(node int, words string) chat.Ack {
			ack, err := c.rooms[node].SendWith(t.Context(), chat.Message{Group: "demo", Random: 7, Body: text(words)}, named("anna"), chat.SendOptions{Local: true})
			if err != nil {
				t.Error(err)
			}
			return ack
		}
		first := send(0, "once")
		settle(time.Second)
		c.degrade(t, 1)
		if again := send(1, "once"); again.Degraded || again.Seq != first.Seq || !again.Time.Equal(first.Time) {
			t.Errorf("the ack was %+v, and then %+v", first, again)
		}
		if other := send(1, "another"); !other.Degraded {
			t.Errorf("the ack of another message is %+v", other)
		}
		if got := c.viewers[1].texts(); !slices.Equal(got, []string{"once", "another"}) {
			t.Errorf("members got %q", got)
		}
	})
}

// While the store is away, a node's members get as many messages a second as a room may have.
func TestAwayLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1, chat.Config{RatePerSecond: 5})
		c.degrade(t, 0)
		dropped := 0
		for i := range 20 {
			if c.say(t, 0, fmt.Sprint(i)).Dropped {
				dropped++
			}
		}
		if got := len(c.viewers[0].texts()); got+dropped != 20 || got < 5 || got > 10 {
			t.Errorf("%d were delivered and %d dropped", got, dropped)
		}
	})
}

// A batch whose answer was lost is asked for again under its id: it is delivered once, and its senders learn how it ended.
func TestAnswerLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, chat.Config{})
		c.stores[0].LoseReplies(1)
		if ack := c.say(t, 0, "once"); ack.Degraded || ack.Seq != 1 {
			t.Errorf("the ack is %+v", ack)
		}
		settle(time.Second)
		c.alike(t)
		if got := c.viewers[0].kinds(); !slices.Equal(got, []string{"once"}) {
			t.Errorf("members got %q", got)
		}
	})
}

// So is the claim of its key: what this node claimed before it was not answered is no send of somebody else.
func TestAnswerToClaimLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, lost := range []int{1, 2} { // by the sender, and by the loop once more
			c := newCluster(t, 2, chat.Config{})
			c.stores[0].LoseReplies(lost)
			ack, err := c.rooms[0].SendWith(t.Context(), chat.Message{Group: "demo", Random: 7, Body: text("once")}, named("viewer0"), chat.SendOptions{Local: true})
			if err != nil || ack.Degraded || ack.Seq != 1 {
				t.Errorf("the ack is %+v, %v", ack, err)
			}
			settle(time.Second)
			c.alike(t)
		}
	})
}

// One whose answer stays lost because the store goes away is looked up when it is back: in the log or not, its sender is
// told the truth, and members get it once or never.
func TestLookUpAfterAway(t *testing.T) {
	for name, tc := range map[string]struct {
		stored bool
		away   time.Duration
		gap    bool
		flaps  bool
		ends   error
	}{
		"stored":                       {stored: true, away: 5 * time.Second},
		"not stored":                   {away: 5 * time.Second, ends: chat.ErrUnavailable},
		"stored, too late to answer":   {stored: true, away: 20 * time.Second, ends: chat.ErrUnavailable},
		"stored, and a gap":            {stored: true, away: 5 * time.Second, gap: true},
		"stored, found away by a look": {stored: true, away: 5 * time.Second, flaps: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				facts := &recorder{}
				c := newCluster(t, 2, chat.Config{Observer: facts})
				c.stores[0].LoseAfter(tc.stored)
				type answer struct {
					ack chat.Ack
					err error
				}
				answered := make(chan answer, 1)
				go func() {
					ack, err := c.rooms[0].SendWith(t.Context(), chat.Message{Group: "demo", Random: 7, Body: text("doubtful")}, named("viewer0"), chat.SendOptions{Local: true})
					answered <- answer{ack, err}
				}()
				if synctest.Wait(); tc.flaps {
					c.stores[0].Fail(errGone)
				}
				settle(2 * time.Second)
				if c.rooms[0].Degraded() != 1 {
					t.Fatal("the room is not degraded")
				}
				if ack := c.say(t, 0, "meanwhile"); !ack.Degraded {
					t.Errorf("the ack is %+v", ack)
				}
				if tc.gap {
					c.memory.KeepEntries(1)
					c.say(t, 1, "more")
					c.say(t, 1, "and more")
				}
				settle(tc.away)
				again := func() (chat.Ack, error) {
					return c.rooms[0].SendWith(t.Context(), chat.Message{Group: "demo", Random: 7, Body: text("doubtful")}, named("viewer0"), chat.SendOptions{Local: true})
				}
				if tc.away > chat.OperationAge {
					if _, err := again(); !errors.Is(err, chat.ErrUnavailable) {
						t.Errorf("sent again, it is answered %v", err)
					}
				}
				c.stores[0].Fail(nil)
				settle(time.Second)
				got := <-answered
				if ack, err := again(); tc.stored && (err != nil || ack.Seq != 1) {
					t.Errorf("sent again, it is answered %+v, %v", ack, err)
				}
				if !errors.Is(got.err, tc.ends) || tc.ends == nil && (got.err != nil || got.ack.Seq != 1) {
					t.Errorf("its sender was told %+v, %v", got.ack, got.err)
				}
				settle(time.Second)
				const want = 1 // if it was not stored, now that it was sent again
				for i, v := range c.viewers {
					n := 0
					for _, text := range v.texts() {
						if text == "doubtful" {
							n++
						}
					}
					if n != want {
						t.Errorf("at node %d members got it %d times: %q", i, n, v.kinds())
					}
				}
				told := 0
				for _, f := range facts.sent() {
					if textOf(f.M) == "doubtful" {
						told++
					}
				}
				if told != want {
					t.Errorf("%d facts tell of it", told)
				}
			})
		})
	}
}

// What one node was told is stored reaches the members of all nodes in order, or they are told of a gap, whatever stores go
// away and come back.
func TestStoredReachesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, chat.Config{UserBurst: 1000, UserRate: 1000})
		acked := map[uint64]string{}
		for i := range 300 {
			switch i % 50 {
			case 10:
				c.stores[(i/50)%3].Fail(errGone)
			case 20:
				c.stores[(i/50+1)%3].LoseEntries(2)
			case 40:
				c.stores[(i/50)%3].Fail(nil)
			}
			node := i % 3
			go func() {
				ack, err := c.trySay(t, node, fmt.Sprint("message ", i))
				if err == nil && !ack.Degraded && !ack.Dropped {
					c.viewers[0].mu.Lock()
					defer c.viewers[0].mu.Unlock()
					acked[ack.Seq] = fmt.Sprint("message ", i)
				}
			}()
			time.Sleep(100 * time.Millisecond)
		}
		settle(30 * time.Second)
		for node, v := range c.viewers {
			last, got := uint64(0), map[uint64]string{}
			for _, item := range v.items() {
				if m := item.Message; m != nil && m.Seq > 0 {
					if m.Seq <= last {
						t.Errorf("at node %d number %d came after %d", node, m.Seq, last)
					}
					last, got[m.Seq] = m.Seq, textOf(m)
				}
			}
			for seq, text := range acked {
				if got[seq] != text {
					t.Errorf("at node %d number %d is %q, want %q", node, seq, got[seq], text)
				}
			}
		}
		if len(acked) < 150 {
			t.Errorf("only %d were stored", len(acked))
		}
	})
}
