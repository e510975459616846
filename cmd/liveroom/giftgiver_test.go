package main

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// patientGiver is a viewer who gives gifts and does not rest before he knows what became of each: he tries again under the same order
// id, on whichever node answers.
type patientGiver struct {
	t     *testing.T
	nodes []*node
	at    int // which of them he is at, or tries next
	user  string
	sig   string
	conn  *websocket.Conn
	calls int
}

func newPatientGiver(t *testing.T, user string, first int, nodes ...*node) *patientGiver {
	return &patientGiver{t: t, nodes: nodes, at: first, user: user, sig: nodes[0].userSig(user)}
}

// giftReply is the answer to sendGift.
type giftReply struct {
	Reply int
	Code  int
	Error string
	Order tillOrder
	raw   []byte
}

// try sends one frame and reads its answer; false: the line is not good.
func (g *patientGiver) try(frame map[string]any) (r giftReply, ok bool) {
	if g.conn == nil && !g.enter() {
		return r, false
	}
	g.calls++
	frame["id"] = g.calls
	_ = g.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	if g.conn.WriteJSON(frame) != nil {
		g.leave()
		return r, false
	}
	for {
		_ = g.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, raw, err := g.conn.ReadMessage()
		if err != nil {
			g.leave()
			return r, false
		}
		r = giftReply{}
		if json.Unmarshal(raw, &r) == nil && r.Reply == g.calls {
			r.raw = raw
			return r, true
		}
	}
}

// enter connects to the next node, signs in and joins the room.
func (g *patientGiver) enter() bool {
	n := g.nodes[g.at%len(g.nodes)]
	dialer := websocket.Dialer{HandshakeTimeout: 5 * time.Second}
	conn, _, err := dialer.Dial("ws://"+n.http+"/chat", nil)
	if err != nil {
		g.at++
		return false
	}
	g.conn = conn
	for _, frame := range []map[string]any{
		{"op": "auth", "platform": "Web", "userId": g.user, "userSig": g.sig}, {"op": "join", "group": "r1"},
	} {
		if r, ok := g.try(frame); !ok || r.Code != 0 {
			if ok {
				g.leave()
			}
			return false
		}
	}
	return true
}

func (g *patientGiver) leave() {
	if g.conn != nil {
		_ = g.conn.Close()
		g.conn = nil
		g.at++
	}
}

// give sends an order once and says whether it is known what became of it.
func (g *patientGiver) give(order string, count int, combo string) (tillOrder, bool) {
	r, ok := g.try(map[string]any{"op": "sendGift", "group": "r1", "order": order, "gift": "rose", "count": count, "combo": combo})
	switch {
	case !ok:
		return tillOrder{}, false
	case r.Code == 0 && r.Order.ID != order:
		g.t.Errorf("%s's order %s was answered with %s", g.user, order, r.raw)
		return tillOrder{}, true
	case r.Code == 0:
		return r.Order, r.Order.State != "pending"
	case r.Error == "gift_refused":
		return tillOrder{ID: order, From: g.user, State: "refused"}, true
	case r.Error == "store_unavailable", r.Error == "too_fast", r.Error == "gifts_too_fast", r.Error == "not_joined":
		return tillOrder{}, false
	}
	g.t.Errorf("%s's order %s: %+v", g.user, order, r)
	return tillOrder{}, true
}

// giveUntilKnown has each giver send all his orders, and again those whose fate he does not know, until he does. It returns them by user
// and id.
func giveUntilKnown(t *testing.T, givers []*patientGiver, orders int) map[string]tillOrder {
	t.Helper()
	var (
		mu  sync.Mutex
		all = map[string]tillOrder{}
		wg  sync.WaitGroup
	)
	for _, g := range givers {
		wg.Go(func() {
			open := map[int]bool{}
			for i := range orders {
				open[i] = true
			}
			for deadline := time.Now().Add(time.Minute); len(open) > 0 && time.Now().Before(deadline); {
				for i := range orders {
					if !open[i] {
						continue
					}
					combo := ""
					if i%3 == 2 {
						combo = "c"
					}
					o, known := g.give(fmt.Sprint("o", i), 1+i%3, combo)
					if !known {
						continue
					}
					delete(open, i)
					mu.Lock()
					all[g.user+" "+fmt.Sprint(i)] = o
					mu.Unlock()
				}
				time.Sleep(300 * time.Millisecond) // as a client waits before it tries again
			}
			g.leave()
			for i := range open {
				t.Errorf("%s does not know what became of order %d", g.user, i)
			}
		})
	}
	wg.Wait()
	return all
}
