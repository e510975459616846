package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/internal/redistest"
	"liveroom/web/callback/delivery"
	"liveroom/web/callback/delivery/deliverytest"
)

func TestCallbacks(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		deliverytest.Exchange(t, func(t *testing.T) delivery.Exchange { return patient(t, open(t)).Callbacks() })
	})
}

// TestAQueueThatIsEmptyHasNoItems: what is kept of a room's statuses once all are delivered is what they were, a day long,
// and no stream besides.
func TestAQueueThatIsEmptyHasNoItems(t *testing.T) {
	c := open(t, redistest.Shared(t).URL()).Callbacks()
	term, err := c.Begin(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	k := delivery.Key{Endpoint: "e", Class: delivery.State, Room: "r"}
	commit := func(first, next uint64, add ...uint64) {
		t.Helper()
		q := delivery.QueueChange{Queue: delivery.Queue{Key: k, First: first, Next: next, Recent: []string{"x"}}}
		for _, n := range add {
			q.Append = append(q.Append, &delivery.Item{N: n, Event: delivery.Event{ID: "x", Body: []byte("{}")}})
		}
		if err := term.Commit(t.Context(), delivery.Change{Queues: []delivery.QueueChange{q}}); err != nil {
			t.Fatal(err)
		}
	}
	commit(1, 3, 1, 2)
	commit(3, 3)
	if n, err := c.s.rdb.Exists(t.Context(), c.key("items", queueField(k))).Result(); err != nil || n != 0 {
		t.Errorf("items of an empty queue: %d, %v", n, err)
	}
	commit(3, 4, 3)
	if items, err := term.Items(t.Context(), k, 3, 10, 1000); err != nil || len(items) != 1 || items[0].N != 3 {
		t.Errorf("what comes then: %v, %v", items, err)
	}
}

// reader is a delivery.Sender that remembers what it was sent.
type reader struct {
	mu  sync.Mutex
	got map[string][]string // by room: ids, each where it came first
}

func (r *reader) Send(_ context.Context, e delivery.Event) delivery.Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.got[e.Room], e.ID) {
		r.got[e.Room] = append(r.got[e.Room], e.ID)
	}
	return delivery.Result{Status: 200}
}

func (r *reader) of(room string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got[room])
}

// teller is a node whose callbacks are in Redis.
type teller struct {
	*delivery.Node
	lead *Lead
	kill context.CancelFunc // of its being the courier
}

// tell runs a node over a Redis until the test ends. What it is killed as, it stores nothing any more.
func tell(t *testing.T, s *Store, to delivery.Sender) *teller {
	t.Helper()
	x := &mortal{Exchange: s.Callbacks()}
	n, err := delivery.NewNode(delivery.Config{}, x, to, func(context.Context) error { return nil }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	n.SetEndpoints(map[string]delivery.Habit{"e": {}})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	t.Cleanup(func() { cancel(); wg.Wait() })
	term, kill := context.WithCancel(ctx)
	l := s.Lead("courier", "node", 600*time.Millisecond)
	wg.Go(func() { _ = n.Run(ctx) })
	wg.Go(func() { _ = l.Run(term, n.Deliver) })
	return &teller{n, l, func() { x.dead.Store(true); kill() }}
}

// mortal is an Exchange whose terms store nothing after a death.
type mortal struct {
	delivery.Exchange
	dead atomic.Bool
}

type mortalStore struct {
	delivery.Store
	of *mortal
}

func (m *mortal) Begin(ctx context.Context, fence uint64) (delivery.Store, error) {
	s, err := m.Exchange.Begin(ctx, fence)
	return &mortalStore{s, m}, err
}

func (s *mortalStore) Commit(ctx context.Context, c delivery.Change) error {
	if s.of.dead.Load() {
		return errors.New("dead")
	}
	return s.Store.Commit(ctx, c)
}

// say appends events of a room and class from a node, and is sure that they are in Redis.
func (n *teller) say(t *testing.T, class delivery.Class, room string, from, to int) (ids []string) {
	t.Helper()
	for i := from; i <= to; i++ {
		id := fmt.Sprint(room, i)
		ids = append(ids, id)
		n.Append(delivery.Event{Endpoint: "e", Room: room, Class: class, ID: id, Command: "Test", Body: []byte("{}")})
	}
	wait(t, "events are in Redis", func() bool { return n.Settle(t.Context()) == nil && n.Stats().Unstored == 0 })
	return ids
}

// TestCallbacksOfSeveralNodes: one node delivers what both append; when it is killed the other goes on, and nothing is lost or
// overtakes, also when answers of Redis are lost and Redis is killed.
func TestCallbacksOfSeveralNodes(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Durable()...)
	proxies := []*redistest.Proxy{redistest.Through(t, server.Addr), redistest.Through(t, server.Addr)}
	prefix := openPrefix(t)
	to := &reader{got: map[string][]string{}}
	a, b := tell(t, openAgain(t, proxies[0].URL(), prefix), to), tell(t, openAgain(t, proxies[1].URL(), prefix), to)
	want := map[string][]string{}
	say := func(n *teller, class delivery.Class, room string, count int) {
		t.Helper()
		from := len(want[room]) + 1
		want[room] = append(want[room], n.say(t, class, room, from, from+count-1)...)
	}
	arrived := func(what string) {
		t.Helper()
		wait(t, what, func() bool {
			for room, ids := range want {
				if len(to.of(room)) < len(ids) {
					return false
				}
			}
			return true
		})
		for room, ids := range want {
			if got := to.of(room); !slices.Equal(got, ids) {
				t.Errorf("%s: room %s got %v, want %v", what, room, got, ids)
			}
		}
	}
	say(a, delivery.State, "s", 10)
	say(b, delivery.State, "s", 10)
	say(b, delivery.Talk, "t", 600)
	arrived("at first")

	for range 5 {
		for _, p := range proxies {
			p.DropReplies(1, "{q}:")
		}
		say(a, delivery.State, "s", 5)
		say(b, delivery.Talk, "t", 20)
	}
	arrived("with lost replies")

	server.Kill()
	for i := range 5 {
		id := fmt.Sprint("k", i)
		want["k"] = append(want["k"], id)
		a.Append(delivery.Event{Endpoint: "e", Room: "k", Class: delivery.People, ID: id, Command: "Test"})
	}
	if err := a.Settle(t.Context()); !errors.Is(err, delivery.ErrUnsettled) {
		t.Errorf("settled without Redis: %v", err)
	}
	if err := server.Up(); err != nil {
		t.Fatal(err)
	}
	arrived("when Redis is back")

	wait(t, "one of them is the courier", func() bool { return a.lead.Fence() != b.lead.Fence() })
	first, second := a, b
	if b.lead.Fence() != 0 {
		first, second = b, a
	}
	first.kill()
	say(first, delivery.State, "s", 10) // its other parts live
	say(second, delivery.Talk, "t", 100)
	arrived("when the courier is killed")
	wait(t, "all is taken out of the inbox", func() bool {
		left, err := second.waits(t)
		return err == nil && left == 0
	})
}

// waits is how many events wait, as the courier says.
func (n *teller) waits(t *testing.T) (waiting uint64, err error) {
	all, err := n.AllFigures(t.Context())
	for _, queued := range all["e"].Queued {
		waiting += queued
	}
	return waiting, err
}
