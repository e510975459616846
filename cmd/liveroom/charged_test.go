package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// till is a business backend that charges each order once, whatever it is asked, and often answers badly at first.
type till struct {
	mu      sync.Mutex
	charged map[string]int64 // by order
	asked   map[string]int
}

func (b *till) answer(g received) (int, string) {
	order, ok := g.body["order"].(map[string]any)
	if !ok || g.body["event"] != "gift.settle" {
		return http.StatusOK, ""
	}
	id := g.header.Get("Liveroom-Event-Id")
	b.mu.Lock()
	b.asked[id]++
	again := b.asked[id] > 1
	refused := order["gift"] == "car"
	if !refused {
		b.charged[id] = int64(order["value"].(float64))
	}
	b.mu.Unlock()
	kind := 0 // of a sender and his order
	for _, c := range id {
		kind = (kind*31 + int(c)) % 40
	}
	switch {
	case again:
	case kind == 0:
		time.Sleep(2500 * time.Millisecond) // an answer that nobody waits for
	case kind == 1:
		return http.StatusInternalServerError, "{"
	case kind == 2:
		return http.StatusOK, `{"result":"perhaps"}`
	case kind == 3:
		return http.StatusOK, `{"result":"refused","result":"accepted"}`
	}
	if refused {
		return http.StatusOK, `{"result":"refused","reason":"too dear"}`
	}
	return http.StatusOK, `{"result":"accepted"}`
}

func (b *till) sum() (orders int, value int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, v := range b.charged {
		value += v
	}
	return len(b.charged), value
}

// giver gives over a connection of its own, and begins again elsewhere when it is gone.
type giver struct {
	t     *testing.T
	user  string
	nodes []*node // to try, one after the other
	conn  *websocket.Conn
	tries int
	calls int
}

// call sends a frame and returns its answer; false: the connection is gone.
func (g *giver) call(frame map[string]any, out any) bool {
	g.calls++
	frame["id"] = g.calls
	_ = g.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if g.conn.WriteJSON(frame) != nil {
		return false
	}
	for {
		var head struct{ Reply int }
		_, raw, err := g.conn.ReadMessage()
		if err != nil {
			return false
		}
		if json.Unmarshal(raw, &head) == nil && head.Reply == g.calls {
			return json.Unmarshal(raw, out) == nil
		}
	}
}

// enter connects to the next node; false: it does not let us in now.
func (g *giver) enter() bool {
	n := g.nodes[g.tries%len(g.nodes)]
	g.tries++
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+n.http+"/chat", nil)
	if err != nil {
		return false
	}
	g.conn = conn
	var answer struct{ Code int }
	return g.call(map[string]any{"op": "auth", "platform": "Web", "userId": g.user, "userSig": n.userSig(g.user)}, &answer) && answer.Code == 0 &&
		g.call(map[string]any{"op": "join", "group": "r1"}, &answer) && answer.Code == 0
}

// give sends an order until somebody says what became of it: the same order, as often as it takes.
func (g *giver) give(order, gift, combo string, count int) (state string) {
	for {
		if g.conn == nil && !g.enter() {
			g.leave()
			time.Sleep(50 * time.Millisecond)
			continue
		}
		var answer struct {
			Code  int
			Error string
			Order struct{ State string }
		}
		frame := map[string]any{"op": "sendGift", "group": "r1", "order": order, "gift": gift, "count": count}
		if combo != "" {
			frame["combo"] = combo
		}
		switch ok := g.call(frame, &answer); {
		case !ok:
			g.leave()
		case answer.Error == "gift_refused":
			return "refused"
		case answer.Code == 0 && answer.Order.State != "pending":
			return answer.Order.State
		case answer.Code != 0 && answer.Error != "gifts_too_fast" && answer.Error != "store_unavailable" && answer.Error != "requests_too_fast":
			g.t.Errorf("%s: %+v", order, answer)
			return ""
		}
		time.Sleep(150 * time.Millisecond)
	}
}

func (g *giver) leave() {
	if g.conn != nil {
		_ = g.conn.Close()
		g.conn = nil
	}
}

// giveAll lets some people give a lot: gifts by themselves, some that are refused, and a run of clicks each.
func giveAll(t *testing.T, nodes []*node, people int) (all *sync.WaitGroup) {
	all = &sync.WaitGroup{}
	for i := range people {
		g := &giver{t: t, user: fmt.Sprint("giver", i), nodes: nodes, tries: i}
		all.Go(func() {
			defer g.leave()
			for k := range 4 {
				if state := g.give(fmt.Sprint("one", k), "rose", "", 1+k); state != "accepted" {
					t.Errorf("a rose is %q", state)
				}
			}
			if state := g.give("dear", "car", "", 1); state != "refused" {
				t.Errorf("a car is %q", state)
			}
			for k := range 25 {
				if state := g.give(fmt.Sprint("click", k), "rose", "run", 1); state != "accepted" {
					t.Errorf("a click is %q", state)
				}
			}
		})
	}
	return all
}

// giftBackend is a till, and how a node is told of it.
func giftBackend(t *testing.T) (b *till, flags []string) {
	b = &till{charged: map[string]int64{}, asked: map[string]int{}}
	r := newReceiver(t)
	r.answers(b.answer)
	return b, []string{
		"--callback-private=127.0.0.0/8", "--event-callback-url=" + r.URL + "/events", "--event-callback-events=gift.settle",
		"--gift-settlement=callback", "--chat-user-burst=0",
	}
}

func (n *node) sellGifts() {
	n.t.Helper()
	n.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	for id, price := range map[string]int{"rose": 100, "car": 1_000_000} {
		n.call(http.MethodPut, "/api/v1/gifts/"+id, map[string]any{"name": id, "price": price, "combo": true, "enabled": true}, nil)
	}
}

// board is what a node answers of who gave what.
type board struct {
	Ranking []struct {
		User         string
		Value, Count int64
	}
	Totals struct{ Value, Count, Senders int64 }
}

func (n *node) board() (b board) {
	n.t.Helper()
	n.call(http.MethodGet, "/api/v1/rooms/r1/gifts/ranking?scope=all&limit=100", nil, &b)
	return b
}

// checkBooks waits until ledger, totals, ranking, counters and the till's own books say the same on all nodes.
func (b *till) checkBooks(t *testing.T, nodes []*node, people int) {
	t.Helper()
	orders, value := b.sum()
	if orders != people*29 {
		t.Errorf("the till charged for %d orders, want %d", orders, people*29)
	}
	for i, n := range nodes {
		var ledger struct {
			Entries []struct {
				Entry        int
				Value, Count int64
			}
		}
		n.call(http.MethodGet, "/api/v1/rooms/r1/gifts/ledger?limit=500", nil, &ledger)
		var sum, count int64
		for k, e := range ledger.Entries {
			if e.Entry != k+1 {
				t.Fatalf("entry %d is called %d", k+1, e.Entry)
			}
			sum, count = sum+e.Value, count+e.Count
		}
		if len(ledger.Entries) != orders || sum != value {
			t.Errorf("node %d's ledger has %d entries of %d, the till charged %d times, %d", i, len(ledger.Entries), sum, orders, value)
		}
		eventually(t, "totals and ranking say the same", func() bool {
			b := n.board()
			var ranked int64
			for _, r := range b.Ranking {
				ranked += r.Value
			}
			return b.Totals.Value == sum && b.Totals.Count == count && b.Totals.Senders == int64(people) && ranked == sum
		})
		if got, want := n.board(), nodes[0].board(); !reflect.DeepEqual(got, want) {
			t.Errorf("node %d says %+v, another %+v", i, got, want)
		}
		eventually(t, "the counters say the same", func() bool {
			var c struct{ Counters map[string]int64 }
			n.call(http.MethodGet, "/api/v1/rooms/r1/counters", nil, &c)
			return c.Counters["live_gift_value"] == sum && c.Counters["live_gift_count"] == count
		})
	}
}

// TestGiftsAreChargedOnce, though the backend answers late, never at first or garbage, clients send each order again until they
// know, and the server is killed meanwhile.
func TestGiftsAreChargedOnce(t *testing.T) {
	t.Parallel()
	const people = 4
	b, flags := giftBackend(t)
	n := startNode(t, flags...)
	n.sellGifts()
	all := giveAll(t, []*node{n}, people)
	for _, enough := range []int{10, 60} {
		eventually(t, "enough was given", func() bool { orders, _ := b.sum(); return orders >= enough })
		n.kill()
		n.start()
	}
	all.Wait()
	b.checkBooks(t, []*node{n}, people)
}

// TestGiftsOfAClusterAreChargedOnce: the same on two nodes, one of which is killed and comes back. Whoever is in the room on the
// other one sees every gift once, and each run's clicks together.
func TestGiftsOfAClusterAreChargedOnce(t *testing.T) {
	t.Parallel()
	const people = 4
	b, flags := giftBackend(t)
	c := startCluster(t, 2, nil, flags...)
	c.nodes[0].sellGifts()
	viewer := c.nodes[0].enter("r1", "", "", nil)
	all := giveAll(t, c.nodes, people)
	eventually(t, "enough was given", func() bool { orders, _ := b.sum(); return orders >= 40 })
	c.nodes[1].kill()
	all.Wait()
	c.nodes[1].start()
	b.checkBooks(t, c.nodes, people)

	totals := c.nodes[0].board().Totals
	eventually(t, "the viewer has seen all, and the ends of all runs", func() bool {
		shown := viewer.gifts()
		return shown.count >= totals.Count && shown.open == 0
	})
	if shown := viewer.gifts(); shown.count != totals.Count || shown.value != totals.Value || shown.single != people*4 {
		t.Errorf("shown: %+v; given: %+v", shown, totals)
	}
}

// seen is what a viewer makes of the messages about gifts.
type seen struct {
	count, value int64
	single       int // gifts by themselves
	open         int // runs without an end
}

func (m *member) gifts() (s seen) {
	m.mu.Lock()
	defer m.mu.Unlock()
	runs := map[string]bool{}
	for _, msg := range m.messages {
		var body []struct{ MsgContent struct{ Data string } }
		var r struct {
			Type, Combo  string
			From         struct{ User string }
			Count, Value int64
			Final        bool
		}
		if msg.From != "administrator" || json.Unmarshal(msg.Body, &body) != nil || len(body) != 1 ||
			json.Unmarshal([]byte(body[0].MsgContent.Data), &r) != nil || r.Type != "gift_result" {
			continue
		}
		s.count, s.value = s.count+r.Count, s.value+r.Value
		if r.Combo == "" {
			s.single++
			continue
		}
		runs[r.From.User] = !r.Final
	}
	for _, open := range runs {
		if open {
			s.open++
		}
	}
	return s
}
