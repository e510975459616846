package delivery_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"liveroom/web/callback/delivery"
)

// link is an Exchange as one node sees it, which can be cut off and lose answers.
type link struct {
	delivery.Exchange
	mu   sync.Mutex
	cut  bool
	lose int // answers of Post and Commit

	largest int64 // bytes of bodies in one Commit
}

var errCut = errors.New("cut off")

// pass says whether a call goes through, and whether its answer does.
func (l *link) pass(mutates bool) (through, answered bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return false, false
	}
	if mutates && l.lose > 0 {
		l.lose--
		return true, false
	}
	return true, true
}

func (l *link) set(cut bool, lose int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.lose = cut, lose
}

func (l *link) Post(ctx context.Context, poster, id string, most int64, events []delivery.Posted) error {
	through, answered := l.pass(true)
	if through {
		if err := l.Exchange.Post(ctx, poster, id, most, events); err != nil {
			return err
		}
	}
	if !answered {
		return errCut
	}
	return nil
}

func (l *link) Inbox(ctx context.Context, after string, limit int, bytes int64) ([]delivery.Posted, error) {
	if through, _ := l.pass(false); !through {
		return nil, errCut
	}
	return l.Exchange.Inbox(ctx, after, limit, bytes)
}

func (l *link) Begin(ctx context.Context, fence uint64) (delivery.Store, error) {
	if through, _ := l.pass(false); !through {
		return nil, errCut
	}
	s, err := l.Exchange.Begin(ctx, fence)
	return &linkedStore{s, l}, err
}

type linkedStore struct {
	delivery.Store
	l *link
}

func (s *linkedStore) Commit(ctx context.Context, c delivery.Change) error {
	size := int64(0)
	for _, q := range c.Queues {
		for _, i := range q.Append {
			size += int64(len(i.Body))
		}
	}
	s.l.mu.Lock()
	s.l.largest = max(s.l.largest, size)
	s.l.mu.Unlock()
	through, answered := s.l.pass(true)
	if through {
		if err := s.Store.Commit(ctx, c); err != nil {
			return err
		}
	}
	if !answered {
		return errCut
	}
	return nil
}

// member is a running Node.
type member struct {
	*delivery.Node
	link  *link
	wg    sync.WaitGroup
	stop  context.CancelFunc
	term  context.CancelFunc // nil while it is not the courier
	ended chan error         // of the term
	fresh func()             // called when it looks which endpoints there are
	log   bytes.Buffer
}

// nodes are the members of a cluster over one Exchange.
type nodes struct {
	all   []*member
	to    *receiver
	fence uint64
}

func cluster(t *testing.T, cfg delivery.Config, x delivery.Exchange, to *receiver, size int) *nodes {
	t.Helper()
	c := &nodes{to: to}
	for range size {
		m := &member{link: &link{Exchange: x}, fresh: func() {}}
		var err error
		m.Node, err = delivery.NewNode(cfg, m.link, to, func(context.Context) error { m.fresh(); return nil }, slog.New(slog.NewTextHandler(&m.log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		m.SetEndpoints(map[string]delivery.Habit{"e": {}})
		ctx, cancel := context.WithCancel(context.Background())
		m.stop = cancel
		m.wg.Go(func() { _ = m.Run(ctx) })
		c.all = append(c.all, m)
	}
	return c
}

// lead makes a node the courier.
func (c *nodes) lead(n int) {
	c.fence++
	m, fence := c.all[n], c.fence
	ctx, cancel := context.WithCancel(context.Background())
	m.term, m.ended = cancel, make(chan error, 1)
	ended := m.ended
	m.wg.Go(func() { ended <- m.Deliver(ctx, fence) })
}

// depose ends a node's being the courier, if it is.
func (c *nodes) depose(n int) {
	if m := c.all[n]; m.term != nil {
		m.term()
		<-m.ended
		m.term = nil
	}
}

func (c *nodes) close() {
	for n, m := range c.all {
		c.depose(n)
		m.stop()
		m.wg.Wait()
	}
}

// firsts are the ids of what was delivered of a room and class, each where it came first.
func (c *nodes) firsts(room string, class delivery.Class) (ids []string) {
	seen := map[string]bool{}
	for _, id := range c.to.got(room, class) {
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}

// TestOneNodeDeliversForAll: what any node appends is delivered once, in order, by the courier; the next one goes on where it ended.
func TestOneNodeDeliversForAll(t *testing.T) {
	inTime(t, func(t *testing.T) {
		x := delivery.NewMemoryExchange()
		c := cluster(t, delivery.Config{}, x, &receiver{}, 3)
		defer c.close()
		say := func(n int, class delivery.Class, from, to int) {
			for _, id := range ids("n", from, to) {
				c.all[n].Append(event(class, "r", id))
			}
			if err := c.all[n].Settle(t.Context()); err != nil {
				t.Error(err)
			}
		}
		say(0, delivery.State, 1, 5) // before there is a courier
		c.lead(1)
		say(2, delivery.State, 6, 10)
		time.Sleep(time.Second)
		c.depose(1)
		say(0, delivery.State, 11, 15)
		c.lead(0)
		time.Sleep(time.Second)
		say(1, delivery.State, 16, 20)
		say(1, delivery.State, 16, 20) // a repeat, as of two nodes that announce the same
		time.Sleep(5 * time.Second)
		if got, want := c.to.got("r", delivery.State), ids("n", 1, 20); !slices.Equal(got, want) {
			t.Errorf("delivered %v, want %v", got, want)
		}
		if left, err := x.Inbox(t.Context(), "", 10, 1<<20); err != nil || len(left) != 0 {
			t.Errorf("%d events are left in the inbox, %v", len(left), err)
		}
	})
}

// TestCourierEndsBetweenQueuesAndInbox: what it stored because somebody asked, the next one does not take from the inbox again.
func TestCourierEndsBetweenQueuesAndInbox(t *testing.T) {
	inTime(t, func(t *testing.T) {
		c := cluster(t, delivery.Config{}, delivery.NewMemoryExchange(), &receiver{answer: down}, 2)
		defer c.close()
		c.lead(1)
		want := map[delivery.Class][]string{delivery.State: ids("s", 1, 20), delivery.People: ids("p", 1, 5)}
		for class, all := range want {
			for _, id := range all {
				c.all[0].Append(event(class, "r", id))
			}
		}
		if err := c.all[0].Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if _, err := c.all[0].Dead(t.Context(), "e", delivery.Place{}, 10); err != nil {
			t.Fatal(err)
		}
		c.all[1].link.set(true, 0)
		c.depose(1)
		c.to.set(0, nil)
		c.lead(0)
		time.Sleep(time.Minute)
		for class, all := range want {
			if got := c.to.got("r", class); !slices.Equal(got, all) {
				t.Errorf("delivered %v, want %v", got, all)
			}
		}
	})
}

// TestAnyNodeAnswersForTheQueues: figures, tries and dead letters are those of the courier, whichever node is asked.
func TestAnyNodeAnswersForTheQueues(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{answer: only("n2", refusing)}
		c := cluster(t, delivery.Config{}, delivery.NewMemoryExchange(), to, 2)
		defer c.close()
		ctx := t.Context()
		begin := time.Now()
		if _, err := c.all[0].AllFigures(ctx); !errors.Is(err, delivery.ErrNoCourier) || time.Since(begin) > 2*time.Second {
			t.Errorf("no courier: %v after %v", err, time.Since(begin))
		}
		c.lead(1)
		for _, id := range ids("n", 1, 3) {
			c.all[0].Append(event(delivery.State, "r", id))
		}
		time.Sleep(time.Second)
		for n, m := range c.all {
			f, err := m.AllFigures(ctx)
			if e := f["e"]; err != nil || e.Delivered != 2 || e.Refused != 1 || e.Dead[delivery.State] != 1 || e.Circuit != delivery.Closed {
				t.Errorf("node %d: %+v, %v", n, f, err)
			}
			if tries, err := m.Tries(ctx, "e", 2); err != nil || len(tries) != 2 || tries[0].ID != "n3" {
				t.Errorf("node %d: %+v, %v", n, tries, err)
			}
			if _, err := m.Tries(ctx, "none", 2); !errors.Is(err, delivery.ErrNoEndpoint) {
				t.Errorf("node %d: tries of no endpoint: %v", n, err)
			}
			if dead, err := m.Dead(ctx, "e", delivery.Place{}, 10); err != nil || len(dead) != 1 || dead[0].ID != "n2" {
				t.Errorf("node %d: %+v, %v", n, dead, err)
			}
		}
		for n, m := range c.all {
			if r, _, err := m.Try(ctx, event(delivery.State, "r", fmt.Sprint("test", n))); err != nil || r.Outcome != delivery.Delivered {
				t.Errorf("node %d: %+v, %v", n, r, err)
			}
		}
		to.set(0, nil)
		if n, err := c.all[0].Replay(ctx, "e"); n != 1 || err != nil {
			t.Errorf("replayed %d, %v", n, err)
		}
		time.Sleep(time.Second)
		if got, want := to.got("r", delivery.State), []string{"n1", "n3", "test0", "test1", "n2"}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if n, err := c.all[0].DeleteDead(ctx, "e"); n != 0 || err != nil {
			t.Errorf("deleted %d, %v", n, err)
		}
		if st := c.all[1].Stats(); st.Tries[delivery.Delivered] != 5 {
			t.Errorf("%+v", st)
		}
		c.depose(1)
		if st := c.all[1].Stats(); st.Tries[delivery.Delivered] != 5 || st.UnderWay != 0 {
			t.Errorf("when it is over: %+v", st)
		}
	})
}

// TestCourierStoresInSmallSteps, however much is in the inbox for a receiver that is away.
func TestCourierStoresInSmallSteps(t *testing.T) {
	inTime(t, func(t *testing.T) {
		x := delivery.NewMemoryExchange()
		away := &receiver{answer: func(delivery.Event) delivery.Result { return delivery.Result{Outcome: delivery.Unwell} }}
		c := cluster(t, delivery.Config{}, x, away, 1)
		defer c.close()
		const count, size = 400, 50_000
		for _, id := range ids("n", 1, count) {
			e := event(delivery.State, "r"+id, id)
			e.Body = make([]byte, size)
			c.all[0].Append(e)
		}
		if err := c.all[0].Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.lead(0)
		time.Sleep(time.Minute)
		if left, err := x.Inbox(t.Context(), "", 10, 1<<20); err != nil || len(left) != 0 || c.all[0].Stats().Queued[delivery.State] != count {
			t.Errorf("%d events and more are left in the inbox, %v; %d are in queues", len(left), err, c.all[0].Stats().Queued[delivery.State])
		}
		if largest := c.all[0].link.largest; largest == 0 || largest > 4<<20 {
			t.Errorf("a step of %d bytes", largest)
		}
	})
}

// TestCourierThatCantReadSaysSo: once of the queues, at its beginning, and once of the inbox, each time that it fails.
func TestCourierThatCantReadSaysSo(t *testing.T) {
	inTime(t, func(t *testing.T) {
		c := cluster(t, delivery.Config{}, delivery.NewMemoryExchange(), &receiver{}, 1)
		defer c.close()
		m := c.all[0]
		m.Append(event(delivery.State, "r", "1"))
		if err := m.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		said := func(what string, times int) {
			t.Helper()
			synctest.Wait()
			if got := strings.Count(m.log.String(), what); got != times {
				t.Errorf("it says %d times that %s, want %d:\n%s", got, what, times, m.log.String())
			}
		}
		const queues, inbox = "callbacks can't be delivered", "the inbox of callbacks can't be read"
		m.link.set(true, 0)
		c.lead(0)
		time.Sleep(10 * time.Second)
		said(queues, 1)
		m.link.set(false, 0)
		time.Sleep(10 * time.Second)
		for times := range 3 {
			said(inbox, times)
			m.link.set(true, 0)
			time.Sleep(10 * time.Second)
			m.link.set(false, 0)
			time.Sleep(10 * time.Second)
		}
		said(queues, 1)
		if got := c.to.got("r", delivery.State); len(got) != 1 {
			t.Errorf("delivered %v", got)
		}
	})
}

// TestEndpointThatAnotherNodeMade: the courier looks again before it forgets an event of an endpoint it does not know.
func TestEndpointThatAnotherNodeMade(t *testing.T) {
	inTime(t, func(t *testing.T) {
		c := cluster(t, delivery.Config{}, delivery.NewMemoryExchange(), &receiver{}, 2)
		defer c.close()
		all := map[string]delivery.Habit{"e": {}, "new": {}}
		var made atomic.Bool
		c.all[1].fresh = func() {
			if made.Load() {
				c.all[1].SetEndpoints(all)
			}
		}
		c.lead(1)
		time.Sleep(time.Second)
		made.Store(true)
		c.all[0].SetEndpoints(all)
		e := event(delivery.State, "r", "1")
		e.Endpoint = "new"
		c.all[0].Append(e)
		time.Sleep(time.Second)
		if got := c.to.got("r", delivery.State); len(got) != 1 {
			t.Errorf("delivered %v", got)
		}
	})
}

// TestWhatWaitsWhileTheExchangeIsAway is bounded, and what was dropped is told in its place.
func TestWhatWaitsWhileTheExchangeIsAway(t *testing.T) {
	inTime(t, func(t *testing.T) {
		c := cluster(t, delivery.Config{Unwritten: 20_000}, delivery.NewMemoryExchange(), &receiver{}, 1)
		defer c.close()
		m := c.all[0]
		m.link.set(true, 0)
		say := func(class delivery.Class, room string, n int) {
			e := event(class, room, fmt.Sprint(room, n))
			e.Body = append(e.Body, strings.Repeat(" ", 300)...)
			m.Append(e)
		}
		for n := range 20 {
			say(delivery.State, "a", n+1)
		}
		for n := range 100 {
			say(delivery.Talk, "a", n+1)
			say(delivery.Talk, "b", n+1)
			say(delivery.People, "a", n+1)
		}
		begin := time.Now()
		if err := m.Settle(t.Context()); !errors.Is(err, delivery.ErrUnsettled) || time.Since(begin) != 2*time.Second {
			t.Errorf("settled after %v: %v", time.Since(begin), err)
		}
		if st := m.Stats(); st.Unstored > 3*20_000+2000 || st.Failures == 0 {
			t.Errorf("%+v", st)
		}
		m.link.set(false, 0)
		c.lead(0)
		time.Sleep(time.Minute)
		for _, q := range []delivery.Key{{Room: "a", Class: delivery.Talk}, {Room: "b", Class: delivery.Talk}, {Room: "a", Class: delivery.People}} {
			n, lost := 0, 0
			for _, e := range c.to.all() {
				switch {
				case e.Room != q.Room || e.Class != q.Class:
				case e.Command == delivery.Dropped:
					var count int
					if _, err := fmt.Sscanf(string(e.Body[strings.Index(string(e.Body), `"count":`):]), `"count":%d`, &count); err != nil {
						t.Error(err)
					}
					lost += count
				default:
					if n++; e.ID != fmt.Sprint(q.Room, n+lost) {
						t.Errorf("%v: %s after %d events and %d that were dropped", q, e.ID, n-1, lost)
					}
				}
			}
			if n+lost != 100 || n == 0 || lost == 0 {
				t.Errorf("%v: %d came, %d were dropped", q, n, lost)
			}
		}
		if st := m.Stats(); st.Dropped[delivery.Talk] == 0 || st.Dropped[delivery.People] == 0 || st.Unstored != 0 {
			t.Errorf("%+v", st)
		}
		if got := c.to.got("a", delivery.State); !slices.Equal(got, ids("a", 1, 20)) {
			t.Errorf("statuses: %v", got)
		}
	})
}

// TestCouriersChangeOver compares with what was appended: whatever happens to links and couriers, each node's events of a
// queue arrive, in order.
func TestCouriersChangeOver(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type act struct {
			do   string
			node int
			n    int
		}
		acts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) act {
			return act{
				rapid.SampledFrom([]string{"say", "say", "say", "settle", "wait", "lead", "depose", "cut", "heal", "lose", "ill", "well"}).Draw(t, "do"),
				rapid.IntRange(0, 1).Draw(t, "node"), rapid.IntRange(1, 40).Draw(t, "n"),
			}
		}), 5, 60).Draw(rt, "acts")
		bad := ""
		synctest.Test(t, func(t *testing.T) {
			c := cluster(t, delivery.Config{}, delivery.NewMemoryExchange(), &receiver{}, 2)
			defer c.close()
			said := [2]map[delivery.Key][]string{{}, {}}
			for _, a := range acts {
				m := c.all[a.node]
				switch a.do {
				case "say":
					for i := range a.n {
						k := delivery.Key{Room: string(rune('a' + i%2)), Class: delivery.Class(i % 3)}
						id := fmt.Sprint("node", a.node, "-", len(said[a.node][k]))
						said[a.node][k] = append(said[a.node][k], id)
						m.Append(event(k.Class, k.Room, id))
					}
				case "settle":
					_ = m.Settle(context.Background())
				case "wait":
					time.Sleep(time.Duration(a.n) * 25 * time.Millisecond)
				case "lead":
					if m.term == nil { // the other may still think that it is
						c.lead(a.node)
					}
				case "depose":
					c.depose(a.node)
				case "cut", "heal":
					m.link.set(a.do == "cut", 0)
				case "lose":
					m.link.set(false, a.n%3)
				case "ill":
					c.to.set(time.Millisecond, down)
				case "well":
					c.to.set(time.Millisecond, nil)
				}
			}
			for n := range c.all {
				c.all[n].link.set(false, 0)
				c.depose(n)
			}
			c.to.set(0, nil)
			c.lead(0)
			time.Sleep(5 * time.Minute)
			for n := range said {
				prefix := fmt.Sprint("node", n, "-")
				for k, want := range said[n] {
					got := slices.DeleteFunc(c.firsts(k.Room, k.Class), func(id string) bool { return !strings.HasPrefix(id, prefix) })
					if !slices.Equal(got, want) && bad == "" {
						bad = fmt.Sprintf("%v of node %d: %s, want %s", k, n, shortened(got), shortened(want))
					}
				}
			}
		})
		if bad != "" {
			rt.Fatal(bad)
		}
	})
}
