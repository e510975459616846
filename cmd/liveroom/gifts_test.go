package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/chat/account"
	"liveroom/chat/gift"
)

// cashDesk is a business backend that settles gifts: it charges an order once, and is unsure of some at first.
type cashDesk struct {
	url string

	mu      sync.Mutex
	asked   map[string]int // by order id
	charged map[string]int64
	settled map[string]int // gift.settled heard, by order id
}

func newCashDesk(t *testing.T) *cashDesk {
	b := &cashDesk{asked: map[string]int{}, charged: map[string]int64{}, settled: map[string]int{}}
	s := httptest.NewServer(b)
	t.Cleanup(s.Close)
	b.url = s.URL
	return b
}

// ServeHTTP accepts roses. An order whose id begins with "late" is answered with garbage at first, though it is charged.
func (b *cashDesk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Event string
		Order gift.Order
	}
	if json.NewDecoder(r.Body).Decode(&in) != nil {
		http.Error(w, "no order", http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	o := in.Order
	switch {
	case in.Event == "gift.settled":
		b.settled[o.ID]++
	case in.Event != "gift.settle":
	case o.Gift != "rose":
		_, _ = io.WriteString(w, `{"result":"refused","reason":"not enough coins"}`)
	default:
		b.asked[o.ID]++
		b.charged[o.ID] = o.Value // of one order however often it is asked
		if strings.HasPrefix(o.ID, "late") && b.asked[o.ID] == 1 {
			_, _ = io.WriteString(w, `<html>`)
			return
		}
		_, _ = io.WriteString(w, `{"result":"accepted"}`)
	}
}

func (b *cashDesk) told(id string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.settled[id]
}

func (b *cashDesk) total() (sum int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, value := range b.charged {
		sum += value
	}
	return sum
}

type giftAnswer struct {
	Code   int
	Error  string
	Detail string
	Order  gift.Order
}

func (m *member) give(order, what string, count int, combo string) (a giftAnswer) {
	m.t.Helper()
	raw := m.call(map[string]any{"op": "sendGift", "group": "r1", "order": order, "gift": what, "count": count, "combo": combo})
	if err := json.Unmarshal(raw, &a); err != nil {
		m.t.Fatal(err)
	}
	return a
}

// results are the messages about gifts that a member heard.
func (m *member) results() (all []gift.Result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, msg := range m.messages {
		var body []struct{ MsgContent struct{ Data string } }
		var r gift.Result
		if json.Unmarshal(msg.Body, &body) == nil && len(body) == 1 && json.Unmarshal([]byte(body[0].MsgContent.Data), &r) == nil && r.Type == gift.ResultType && msg.From == "administrator" {
			all = append(all, r)
		}
	}
	return all
}

func (n *node) ledger() (all []gift.Entry) {
	n.t.Helper()
	_, raw := n.request(http.MethodGet, "/api/v1/rooms/r1/gifts/ledger?format=jsonl", nil, "Bearer "+n.secrets.APIToken)
	for line := range strings.Lines(string(raw)) {
		var e gift.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			n.t.Fatalf("%v in %s", err, line)
		}
		all = append(all, e)
	}
	return all
}

func (n *node) giftTotals() (value, count int64) {
	n.t.Helper()
	var out struct{ Totals gift.Totals }
	n.call(http.MethodGet, "/api/v1/rooms/r1/gifts/totals", nil, &out)
	return out.Totals.Value, out.Totals.Count
}

// TestGifts: the backend's books, the ledger, what the room saw and its counters agree, though answers get lost, orders are
// repeated and the server is killed in the middle.
func TestGifts(t *testing.T) {
	t.Parallel()
	b := newCashDesk(t)
	n := startNodeIn(t, []string{"LIVEROOM_EVENT_CALLBACK_KEY=key-of-events-0123456789"},
		"--event-callback-url", b.url, "--event-callback-events", "*,gift.settle", "--callback-private", "127.0.0.0/8", "--gift-message", "$.type=gift")
	n.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	for id, price := range map[string]int{"rose": 100, "yacht": 1_000_000} {
		n.call(http.MethodPut, "/api/v1/gifts/"+id, map[string]any{"name": id, "price": price, "combo": id == "rose"}, nil)
	}
	alice, bob := n.enter("r1", "alice", n.userSig("alice"), nil), n.enter("r1", "bob", n.userSig("bob"), nil)

	first := alice.give("o-1", "rose", 3, "")
	if first.Code != 0 || first.Order.State != gift.Accepted || first.Order.Value != 300 || first.Order.To != "anna" {
		t.Fatalf("answered %+v", first)
	}
	if again := alice.give("o-1", "rose", 3, ""); again.Order.State != gift.Accepted || !again.Order.CreatedAt.Equal(first.Order.CreatedAt) {
		t.Errorf("repeated it is %+v", again)
	}
	if other := alice.give("o-1", "rose", 4, ""); other.Error != "order_reused" {
		t.Errorf("another order of its id: %+v", other)
	}
	if no := alice.give("o-2", "yacht", 1, ""); no.Error != "gift_refused" || no.Detail != "not enough coins" {
		t.Errorf("refused: %+v", no)
	}
	if late := alice.give("late-1", "rose", 2, ""); late.Code != 0 || late.Order.State == gift.Refused {
		t.Errorf("whose answer is garbage: %+v", late)
	}
	n.kill() // before that is asked again
	n.start()
	alice, bob = n.enter("r1", "alice", n.userSig("alice"), &alice.joined), n.enter("r1", "bob", n.userSig("bob"), &bob.joined)
	n.eventually("the late one is settled", func() bool {
		var o gift.Order
		n.call(http.MethodGet, "/api/v1/rooms/r1/gifts/orders/late-1?user=alice", nil, &o)
		return o.State == gift.Accepted
	})
	var own giftAnswer
	if alice.must(map[string]any{"op": "giftOrder", "group": "r1", "order": "late-1"}, &own); own.Order.State != gift.Accepted {
		t.Errorf("her own order is %+v", own)
	}
	for i := range 23 { // clicks: a message of 20 and one of 3
		if a := bob.give(fmt.Sprint("click-", i), "rose", 1, "run-1"); a.Code != 0 {
			t.Fatalf("click %d: %+v", i, a)
		}
	}
	n.call(http.MethodPost, "/api/v1/rooms/r1/gifts", map[string]any{"order": "pay-1", "gift": "yacht", "user": "carl", "nick": "Carl"}, nil)
	for range 2 { // a backend that got no answer sends again
		n.call(http.MethodPost, "/api/v1/rooms/r1/messages", map[string]any{"from": "administrator", "random": 77, "body": customBody(`{"type":"gift","orderId":"msg-1","giftId":"rose","count":"5"}`)}, nil)
	}
	n.billsInMessages(t)
	const value, count = 300 + 200 + 2300 + 1_000_000 + 500 + 200, 3 + 2 + 23 + 1 + 5 + 2
	if v, c := n.giftTotals(); v != value || c != count {
		t.Errorf("totals are %d and %d, want %d and %d", v, c, value, count)
	}
	var sum int64
	for i, e := range n.ledger() {
		if sum += e.Value; e.Number != uint64(i+1) || e.State != gift.Accepted {
			t.Errorf("entry %d is %+v", i, e)
		}
	}
	if billed := b.total() + 1_000_000 + 500 + 200; sum != value || billed != value {
		t.Errorf("the ledger says %d, the backend %d, want %d", sum, billed, value)
	}
	seen := map[string]int{}
	n.eventually("the room has seen all", func() bool {
		clear(seen)
		for _, r := range slices.Concat(bob.joined.results(t), bob.results()) {
			seen[map[bool]string{true: r.Combo, false: r.Order}[r.Combo != ""]] += r.Count
		}
		return seen["run-1"] == 23 && seen["pay-1"] == 1 && seen["late-1"] == 2
	})
	if seen["msg-1"] != 0 || seen["o-2"] != 0 || seen["o-1"] > 3 {
		t.Errorf("the room saw %v", seen)
	}
	n.eventually("counters and field agree", func() bool {
		var counters struct{ Counters map[string]int64 }
		n.call(http.MethodGet, "/api/v1/rooms/r1/counters", nil, &counters)
		var group struct{ Fields map[string]string }
		n.call(http.MethodGet, "/api/v1/rooms/r1/chat", nil, &group)
		return counters.Counters["live_gift_value"] == value && counters.Counters["live_gift_count"] == count &&
			group.Fields["live_totals"] == fmt.Sprintf(`{"likes":0,"giftValue":%d,"giftCount":%d}`, value, count)
	})
	n.eventually("the backend is told", func() bool {
		return b.told("o-1") > 0 && b.told("late-1") > 0 && b.told("pay-1") > 0 && b.told("click-22") > 0
	})
	var ranking struct{ Ranking []gift.Rank }
	within(t, time.Minute, "the ranking is there", func() bool {
		n.call(http.MethodGet, "/api/v1/rooms/r1/gifts/ranking?scope=all", nil, &ranking)
		return len(ranking.Ranking) == 5
	})
	if r := ranking.Ranking; r[0].User != "carl" || r[1].User != "bob" || r[1].Value != 2300 {
		t.Errorf("the ranking is %+v", r)
	}
	_, raw := n.request(http.MethodGet, "/api/v1/rooms/r1/gifts/ledger?format=csv", nil, "Bearer "+n.secrets.APIToken)
	if rows, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll(); err != nil || len(rows) != 1+2+23+1+1+1 {
		t.Errorf("exported %d rows, %v", len(rows), err)
	}
}

// billsInMessages sends paid gifts as a backend of Tencent's does: two roses are recorded, and nothing of what the chat refuses.
func (n *node) billsInMessages(t *testing.T) {
	t.Helper()
	im := n.imClient()
	nick := strings.Repeat("N", account.MaxImportedNickBytes) // as long as one can be: its gift is paid all the same
	if err := im.Call(t.Context(), "im_open_login_svc", "account_import", map[string]any{"UserID": "dora", "Nick": nick}, nil); err != nil {
		t.Fatal(err)
	}
	send := func(group, from, order, pad string) error {
		data := fmt.Sprintf(`{"type":"gift","orderId":%q,"giftId":"rose","count":2,"pad":%q}`, order, pad)
		content := map[string]any{"MsgType": "TIMCustomElem", "MsgContent": map[string]any{"Data": data}}
		return im.Call(t.Context(), "group_open_http_svc", "send_group_msg", map[string]any{"GroupId": group, "From_Account": from, "Random": 1, "MsgBody": []any{content}}, nil)
	}
	for range 2 {
		if err := send("r1", "dora", "v4-1", ""); err != nil {
			t.Error(err)
		}
	}
	for order, err := range map[string]error{
		"v4-1":       send("r1", "alice", "v4-1", ""), // another's
		"v4-nobody":  send("r1", "nobody", "v4-nobody", ""),
		"v4-nowhere": send("r9", "dora", "v4-nowhere", ""),
		"v4-large":   send("r1", "dora", "v4-large", strings.Repeat("x", 12<<10)),
	} {
		if err == nil {
			t.Errorf("%s was taken", order)
		}
	}
}

// results are the messages about gifts among those that were missed.
func (j joined) results(t *testing.T) []gift.Result {
	m := &member{t: t, messages: j.Messages}
	return m.results()
}
