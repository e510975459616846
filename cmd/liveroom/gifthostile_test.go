package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"
)

// giftLedger is what was given in room r1, as a node says.
func (n *node) giftLedger() (all []tillOrder) {
	n.t.Helper()
	cursor := ""
	for {
		var page struct {
			Entries    []tillOrder
			NextCursor string
		}
		n.call(http.MethodGet, "/api/v1/rooms/r1/gifts/ledger?limit=50&cursor="+cursor, nil, &page)
		all = append(all, page.Entries...)
		if cursor = page.NextCursor; cursor == "" {
			return all
		}
	}
}

// giftBoard is who gave what in it.
type giftBoard struct {
	Ranking []giftRank
	Totals  struct {
		Value, Count int64
		Senders      int
	}
}

type giftRank struct {
	Rank         int
	User         string
	Value, Count int64
}

func (n *node) giftBoard() (b giftBoard) {
	n.t.Helper()
	n.call(http.MethodGet, "/api/v1/rooms/r1/gifts/ranking?scope=all&limit=100", nil, &b)
	return b
}

// boardOf is what a ledger says.
func boardOf(ledger []tillOrder) (b giftBoard) {
	by := map[string]*giftRank{}
	for _, e := range ledger {
		if by[e.From] == nil {
			by[e.From] = &giftRank{User: e.From}
		}
		by[e.From].Value += e.Value
		by[e.From].Count += int64(e.Count)
		b.Totals.Value += e.Value
		b.Totals.Count += int64(e.Count)
	}
	for _, r := range by {
		b.Ranking = append(b.Ranking, *r)
	}
	slices.SortFunc(b.Ranking, func(x, y giftRank) int { return cmp.Or(cmp.Compare(y.Value, x.Value), cmp.Compare(x.User, y.User)) })
	for i := range b.Ranking {
		b.Ranking[i].Rank = i + 1
	}
	b.Totals.Senders = len(b.Ranking)
	return b
}

// mustHaveBeen checks that a ranking is what one ledger said at some time.
func mustHaveBeen(t *testing.T, b giftBoard, ledger []tillOrder) {
	t.Helper()
	for i := range len(ledger) + 1 {
		if slices.Equal(b.Ranking, boardOf(ledger[:i]).Ranking) {
			return
		}
	}
	t.Errorf("it was never so: %+v\nthe ledger in the end: %+v", b, ledger)
}

// users are n of them, named.
func users(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("user%02d", i))
	}
	return all
}

// agree checks that the backend's books, what the givers were told and the ledger are the same to the last coin, and that the
// backend was told of the ledger.
func agree(t *testing.T, n *node, b *hostileTill, known map[string]tillOrder) []tillOrder {
	t.Helper()
	spent, accepted, refused := b.books()
	ledger := map[string]int64{}
	all := n.giftLedger()
	value := int64(0)
	seen := map[string]bool{}
	for _, e := range all {
		ledger[e.From] += e.Value
		value += e.Value
		if o := known[e.From+" "+e.ID[1:]]; o.State != "accepted" || seen[e.From+e.ID] {
			t.Errorf("in the ledger %+v, its giver knows %+v", e, o)
		}
		seen[e.From+e.ID] = true
	}
	told := 0
	for _, o := range known {
		if o.State == "accepted" {
			told++
		}
	}
	if !maps.Equal(spent, ledger) || len(all) != accepted || told != accepted || len(known)-told != refused {
		t.Errorf("the backend charged %v in %d orders and refused %d;\nthe ledger has %v in %d;\n%d givers know of an accepted order, %d of a refused one",
			spent, accepted, refused, ledger, len(all), told, len(known)-told)
	}
	if accepted == 0 || refused == 0 {
		t.Errorf("%d accepted and %d refused: nothing was tried", accepted, refused)
	}
	eventually(t, "the backend is told of the whole ledger", func() bool {
		heard, _ := b.heard()
		return heard >= accepted
	})
	if heard, v := b.heard(); heard != accepted || v != value {
		t.Errorf("the backend was told of %d entries worth %d, there are %d worth %d", heard, v, accepted, value)
	}
	return all
}

// offer makes the room and the gift.
func offer(n *node) {
	n.t.Helper()
	n.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	n.call(http.MethodPut, "/api/v1/gifts/rose", map[string]any{"name": "Rose", "price": 100, "combo": true, "enabled": true}, nil)
}

// TestAHostileTill: a backend that answers late, twice, never, with garbage, with an error, cuts or closes the line, and a server
// that is killed amid all that: nobody pays for what he did not give, and nothing is given that was not paid.
func TestAHostileTill(t *testing.T) {
	t.Parallel()
	b := newHostileTill(t)
	n := startNodeIn(t, b.env(), b.flags()...)
	offer(n)
	var givers []*patientGiver
	for _, user := range users(10) {
		givers = append(givers, newPatientGiver(t, user, 0, n))
	}
	var wg sync.WaitGroup
	var known map[string]tillOrder
	wg.Go(func() { known = giveUntilKnown(t, givers, 6) })
	defer wg.Wait() // before the test ends, however it does
	within(t, time.Minute, "some orders are settled, and some are not", func() bool {
		_, accepted, refused := b.books()
		return accepted+refused >= 20
	})
	n.kill()
	n.start()
	wg.Wait()
	agree(t, n, b, known)
	if len(b.ways) != 9 {
		t.Errorf("not all ways were tried: %v", b.ways)
	}
}

// TestAHostileTillOfACluster: the same of two nodes, of which one is killed; what was given is the same on both, while gifts are
// given and afterwards, and the room sees each gift once.
func TestAHostileTillOfACluster(t *testing.T) {
	t.Parallel()
	b := newHostileTill(t)
	c := prepareCluster(t, 2, nil, b.flags()...)
	for _, n := range c.nodes {
		n.env = append(slices.Clone(n.env), b.env()...)
	}
	c.start()
	one, two := c.nodes[0], c.nodes[1]
	offer(one)
	watcher := one.enter("r1", "anna", one.userSig("anna"), nil)
	var givers []*patientGiver
	for i, user := range users(10) {
		givers = append(givers, newPatientGiver(t, user, i, one, two))
	}
	var wg sync.WaitGroup
	var known map[string]tillOrder
	wg.Go(func() { known = giveUntilKnown(t, givers, 6) })
	defer wg.Wait() // before the test ends, however it does
	settled := func(n int) {
		t.Helper()
		within(t, time.Minute, fmt.Sprint(n, " orders are decided"), func() bool {
			_, accepted, refused := b.books()
			return accepted+refused >= n
		})
	}
	var looks []giftBoard
	for _, n := range []int{10, 15, 20, 25} { // while they give
		settled(n)
		looks = append(looks, one.giftBoard(), two.giftBoard())
	}
	two.kill()
	looks = append(looks, one.giftBoard())
	wg.Wait()
	all := agree(t, one, b, known)
	two.start()
	looks = append(looks, two.giftBoard())
	for _, look := range looks {
		mustHaveBeen(t, look, all)
	}
	if other := two.giftLedger(); !slices.Equal(other, all) {
		t.Errorf("node 1 says %+v,\nnode 2, which was killed, %+v", all, other)
	}
	for _, n := range c.nodes {
		within(t, 10*time.Second, "all nodes rank alike", func() bool { return reflect.DeepEqual(n.giftBoard(), boardOf(all)) })
	}
	want, shown := 0, func() (n int) {
		watcher.mu.Lock()
		defer watcher.mu.Unlock()
		for _, m := range watcher.messages {
			n += giftsIn(m)
		}
		return n
	}
	for _, e := range all {
		want += e.Count
	}
	eventually(t, "the room sees all gifts", func() bool { return shown() >= want })
	if n := shown(); n != want {
		t.Errorf("%d gifts are shown, %d were given", n, want)
	}
}

// giftsIn is how many gifts a message shows.
func giftsIn(m chatMessage) int {
	var body []struct{ MsgContent struct{ Data string } }
	var r struct {
		Type  string
		Count int
	}
	if m.From != "administrator" || json.Unmarshal(m.Body, &body) != nil || len(body) != 1 {
		return 0
	}
	if json.Unmarshal([]byte(body[0].MsgContent.Data), &r) != nil || r.Type != "gift_result" {
		return 0
	}
	return r.Count
}
