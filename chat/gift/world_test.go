package gift_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/gift"
	"liveroom/chat/gift/gifttest"
)

// world is what outlives a node: the store, the backend's books, the rooms.
type world struct {
	store gift.Store
	bank  *bank
	room  *room
}

func newWorld() *world {
	return &world{store: gift.NewMemory(), bank: &bank{books: map[string]gift.Verdict{}, charged: map[string]int64{}}, room: &room{groups: map[string]*members{}}}
}

// bank is a business backend that charges each order once and remembers what it said.
type bank struct {
	mu      sync.Mutex
	books   map[string]gift.Verdict // by order
	charged map[string]int64        // by user
	asked   []time.Time
	tries   []int

	refuse func(gift.Order) bool
	answer func(ctx context.Context, o gift.Order, attempt int, v gift.Verdict) (gift.Verdict, error) // what becomes of the answer
}

func (b *bank) Settle(ctx context.Context, o gift.Order, attempt int) (gift.Verdict, error) {
	b.mu.Lock()
	b.asked, b.tries = append(b.asked, time.Now()), append(b.tries, attempt)
	key := o.Group + "/" + o.Key()
	v, known := b.books[key]
	if !known {
		v = gifttest.Accept
		if b.refuse != nil && b.refuse(o) {
			v = gifttest.Refuse
		}
		b.books[key] = v
		if v.State == gift.Accepted {
			b.charged[o.From] += o.Value
		}
	}
	answer := b.answer
	b.mu.Unlock()
	if answer != nil {
		return answer(ctx, o, attempt, v)
	}
	return v, nil
}

// times are when it was asked, and attempts as what.
func (b *bank) times() (at []time.Time, attempts []int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.asked), slices.Clone(b.tries)
}

// room takes messages by their fences, as chat.Service does.
type room struct {
	mu     sync.Mutex
	groups map[string]*members
	fail   func(messages []chat.Fenced) error
}

type members struct {
	newest   uint64
	shown    []gift.Showing
	appends  []time.Time
	raises   []time.Time
	counters map[string]chat.Number
}

func (r *room) of(group string) *members {
	m := r.groups[group]
	if m == nil {
		m = &members{counters: map[string]chat.Number{}}
		r.groups[group] = m
	}
	return m
}

func (r *room) Append(_ context.Context, group, fence string, messages ...chat.Fenced) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(messages) == 0 || len(messages) > chat.MaxAppend || fence != gift.Fence {
		return chat.ErrParameter
	}
	if r.fail != nil {
		if err := r.fail(messages); err != nil {
			return err
		}
	}
	m := r.of(group)
	m.appends = append(m.appends, time.Now())
	for _, f := range messages {
		if f.Number <= m.newest {
			continue
		}
		m.newest = f.Number
		m.shown = append(m.shown, gift.Showing{Number: f.Number, At: time.Now(), Result: read(f.Message)})
	}
	return nil
}

func (r *room) RaiseCounters(_ context.Context, group string, to map[string]chat.Number) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.of(group)
	m.raises = append(m.raises, time.Now())
	for key, n := range to {
		m.counters[key] = max(m.counters[key], n)
	}
	return nil
}

// read is what a client makes of a message.
func read(m chat.Message) (r gift.Result) {
	var body []struct {
		MsgType    string
		MsgContent struct{ Data string }
	}
	if err := errors.Join(json.Unmarshal(m.Body, &body), json.Unmarshal([]byte(body[0].MsgContent.Data), &r)); err != nil {
		panic(err)
	}
	if body[0].MsgType != "TIMCustomElem" || r.Type != "gift_result" || m.From != chat.Administrator || m.Priority != chat.High {
		panic(fmt.Sprintf("%+v", m))
	}
	return r
}

var rose = gift.Gift{ID: "rose", Name: "Rose", Price: 100, Icon: "/rose.svg", Effect: "float", Combo: true, Enabled: true}

// node is a service that runs until it is stopped.
type node struct {
	*gift.Service
	stop func()
}

// start runs a node in a bubble.
func (w *world) start(t *testing.T, cfg gift.Config, store gift.Store, settler gift.Settler, r gift.Room, teller gift.Teller) *node {
	t.Helper()
	cfg.Session = func(string) string { return "s1" }
	s := gift.NewService(cfg, store, settler, r, teller, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Run(ctx) })
	wg.Go(func() { _ = s.Sweep(ctx) })
	return &node{Service: s, stop: sync.OnceFunc(func() { cancel(); wg.Wait() })}
}

// bubble runs a test in virtual time with one node of one world.
func bubble(t *testing.T, cfg gift.Config, test func(t *testing.T, w *world, n *node)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		n := w.start(t, cfg, w.store, w.bank, w.room, nil)
		defer n.stop()
		if _, err := n.PutGift(t.Context(), rose); err != nil {
			t.Fatal(err)
		}
		test(t, w, n)
	})
}

func giving(user, order string) gift.Giving {
	return gift.Giving{Group: "g", Order: order, Gift: "rose", Count: 1, From: chat.Identity{User: user, Nick: "N"}}
}

func give(t *testing.T, n *node, in gift.Giving) gift.Order {
	t.Helper()
	o, err := n.Give(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// shown are the messages a room got.
func (w *world) shown(group string) []gift.Showing {
	w.room.mu.Lock()
	defer w.room.mu.Unlock()
	return slices.Clone(w.room.of(group).shown)
}

// agree fails unless ledger, totals, messages, counters and the backend's books say the same of a group.
func (w *world) agree(t *testing.T, group string) {
	t.Helper()
	accepted, sum, byUser := map[string]gift.Order{}, gift.Totals{}, map[string]int64{}
	for _, e := range gifttest.All(t, w.store, gift.Query{Group: group, Limit: 100}) {
		if _, twice := accepted[e.Key()]; twice {
			t.Fatalf("%s is in the ledger twice", e.Key())
		}
		accepted[e.Key()] = e.Order
		_, known := byUser[e.From]
		sum = sum.Add(e.Order, !known)
		byUser[e.From] += e.Value
	}
	if totals, err := w.store.Totals(t.Context(), group, gift.All); err != nil || totals != sum {
		t.Fatalf("totals are %+v, %v; the ledger says %+v", totals, err, sum)
	}
	w.bank.mu.Lock()
	for user, charged := range w.bank.charged {
		if byUser[user] != charged {
			t.Errorf("%s was charged %d, the ledger says %d", user, charged, byUser[user])
		}
	}
	w.bank.mu.Unlock()
	gifttest.CheckShown(t, accepted, w.shown(group))
	w.room.mu.Lock()
	defer w.room.mu.Unlock()
	c := w.room.of(group).counters
	if int64(c[chat.CounterGiftValue]) != sum.Value || int64(c[chat.CounterGiftCount]) != sum.Count {
		t.Errorf("counters are %v, the ledger says %+v", c, sum)
	}
}

// pass lets time pass in a bubble, and what is due then be done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// ear hears of orders, from any goroutine.
type ear struct {
	mu    sync.Mutex
	heard []gift.Order
}

func (e *ear) hear(o gift.Order) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, o)
}

// of are those with a key.
func (e *ear) of(key string) []gift.Order {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(e.heard), func(o gift.Order) bool { return o.Key() != key })
}
