package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"liveroom/chat/draw"
	"liveroom/status"
)

// lot is a lucky draw over the API.
func (n *node) lot(room, id string) (v draw.View) {
	n.t.Helper()
	n.call(http.MethodGet, "/api/v1/rooms/"+room+"/draws/"+id, nil, &v)
	return v
}

// export is a draw's export, in a file.
func (n *node) export(room, id string) (name string, x draw.ExportView) {
	n.t.Helper()
	_, raw := n.request(http.MethodGet, "/api/v1/rooms/"+room+"/draws/"+id+"/export", nil, "")
	if err := json.Unmarshal(raw, &x); err != nil {
		n.t.Fatalf("%v: %s", err, raw)
	}
	name = filepath.Join(n.t.TempDir(), "draw.json")
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		n.t.Fatal(err)
	}
	return name, x
}

// drawMessages are what a room was told of its draws.
func (m *member) drawMessages() (all []string, told draw.Told) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, msg := range m.messages {
		var body []struct{ MsgContent struct{ Data string } }
		var data struct {
			Type string
			Draw struct{ Commitment, RulesHash, EntriesHash string }
		}
		if msg.From != "administrator" || json.Unmarshal(msg.Body, &body) != nil || len(body) != 1 || json.Unmarshal([]byte(body[0].MsgContent.Data), &data) != nil {
			continue
		}
		if strings.HasPrefix(data.Type, "draw_") {
			all = append(all, data.Type)
			told = draw.Told(data.Draw)
		}
	}
	return all, told
}

func verifyDraw(args ...string) (string, error) {
	var out bytes.Buffer
	err := run(context.Background(), append([]string{"draw", "verify"}, args...), &out, &out)
	return out.String(), err
}

// TestDrawOverARealServer: who is dropped by frequency control is not in it; the draw goes on where a killed server left it;
// and the command finds what was changed in its export.
func TestDrawOverARealServer(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--chat-rate", "3")
	n.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	anna := n.enter("r1", "anna", n.userSig("anna"), nil)
	anna.must(map[string]any{"op": "startDraw", "group": "r1", "draw": "d1", "title": "Tonight", "trigger": map[string]any{"keyword": "tea"}, "seconds": 600, "winners": 3}, nil)

	var (
		wg        sync.WaitGroup
		mu        sync.Mutex
		delivered []string
		dropped   int
	)
	var senders []*member
	for i := range 12 {
		user := fmt.Sprint("u", i)
		senders = append(senders, n.enter("r1", user, n.userSig(user), nil))
	}
	for i, m := range senders {
		user := fmt.Sprint("u", i)
		wg.Go(func() {
			var ack struct{ Fate string }
			m.must(map[string]any{"op": "send", "group": "r1", "random": 1, "priority": "Low", "fate": true, "body": textBody("Tea")}, &ack)
			mu.Lock()
			defer mu.Unlock()
			if ack.Fate == "delivered" {
				delivered = append(delivered, user)
			} else {
				dropped++
			}
		})
	}
	wg.Wait()
	if dropped == 0 || len(delivered) == 0 {
		t.Fatalf("%d were delivered and %d dropped", len(delivered), dropped)
	}
	n.eventually("all whose message was delivered are in", func() bool { return n.lot("r1", "d1").Entries == len(delivered) })

	n.call(http.MethodPost, "/api/v1/broadcasts", map[string]any{"id": "b1", "text": "hello all", "filter": map[string]any{"status": []string{"waiting", "live"}}}, nil)
	n.eventually("the broadcast is done", func() bool { return n.broadcast("b1").State == "done" })
	if sent := n.broadcast("b1").Run; sent.Of != 1 || sent.Rooms != 1 || sent.Reached != 13 {
		t.Errorf("the broadcast: %+v", sent)
	}
	n.eventually("the room has it", func() bool {
		anna.mu.Lock()
		defer anna.mu.Unlock()
		return slices.ContainsFunc(anna.messages, func(m chatMessage) bool { return strings.Contains(string(m.Body), "hello all") })
	})

	n.kill()
	n.start()
	if v := n.lot("r1", "d1"); v.State != draw.Open || v.Entries != len(delivered) || v.Seed != "" {
		t.Errorf("after a crash: %+v", v)
	}
	anna = n.enter("r1", "anna", n.userSig("anna"), nil)
	zoe := n.enter("r1", "zoe", n.userSig("zoe"), nil)
	zoe.must(map[string]any{"op": "send", "group": "r1", "random": 1, "priority": "High", "body": textBody("Tea")}, nil)
	var answer struct{ Draw draw.View }
	anna.must(map[string]any{"op": "endDraw", "group": "r1", "draw": "d1"}, &answer)
	delivered = append(delivered, "zoe")

	name, x := n.export("r1", "d1")
	var in []string
	for _, e := range x.Entries {
		in = append(in, e.User)
	}
	slices.Sort(in)
	slices.Sort(delivered)
	if !slices.Equal(in, delivered) || len(x.Draw.Winners) != 3 || answer.Draw.Entries != len(delivered) {
		t.Errorf("in the draw: %v, delivered: %v, answered %+v", in, delivered, answer.Draw)
	}
	var told draw.Told
	n.eventually("the room knows the result", func() bool {
		var all []string
		all, told = anna.drawMessages()
		return slices.Equal(all, []string{"draw_result"})
	})
	if out, err := verifyDraw(name, "--commitment", told.Commitment, "--rules-hash", told.RulesHash, "--entries-hash", told.EntriesHash); err != nil || !strings.Contains(out, "is right: 3 winners of "+fmt.Sprint(len(in))+" entries") {
		t.Errorf("%v: %s", err, out)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, bytes.Replace(raw, []byte(`"entries":`), []byte(`"gap":true,"full":true,"entries":`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := verifyDraw(name); err != nil || !strings.Contains(out, "messages were gone") || !strings.Contains(out, "More than 100000") {
		t.Errorf("%v: %s", err, out)
	}
	forged := strings.ReplaceAll(string(raw), `"user":"`+x.Draw.Winners[0].User+`"`, `"user":"eve"`)
	if err := os.WriteFile(name, []byte(forged), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := verifyDraw(name); err == nil || !strings.Contains(out, "differs: the entries' hash is") {
		t.Errorf("another winner: %v: %s", err, out)
	}
	if err := os.WriteFile(name, bytes.Replace(raw, []byte(`"places":3`), []byte(`"places":300`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := verifyDraw(name, "--rules-hash", told.RulesHash); err == nil || !strings.Contains(out, "differs: the room was told the rules' hash") {
		t.Errorf("more places: %v: %s", err, out)
	}
	n.drawsForSome()
	for _, bad := range []string{"/nowhere/draw.json", os.Args[0]} {
		if out, err := verifyDraw(bad); err == nil {
			t.Errorf("%s was verified: %s", bad, out)
		}
	}
}

// drawsForSome draws among those who follow the anchor and gave something in this live session, and are no robots.
func (n *node) drawsForSome() {
	n.t.Helper()
	p := push(n.t, n.addresses("r1").Push.RTMP)
	defer p.kill()
	n.waitStatus("r1", status.Live)
	n.call(http.MethodPost, "/api/v1/rooms/r1/draws", map[string]any{
		"id": "some", "title": "For some", "trigger": map[string]any{"keyword": "coin"}, "window": "1h", "winners": 9,
		"eligibility": map[string]any{"follower": true, "giftValue": 200},
	}, nil)
	for _, who := range []struct {
		user    string
		follows bool
		gives   int
		robot   bool
	}{{"all", true, 2, false}, {"follower", true, 1, false}, {"giver", false, 2, false}, {"robot", true, 2, true}, {"nothing", false, 0, false}, {"last", true, 3, false}} {
		m := n.enter("r1", who.user, n.userSig(who.user), nil)
		if who.follows {
			m.must(map[string]any{"op": "follow", "user": "anna"}, nil)
		}
		for i := range who.gives {
			order := map[string]any{"order": fmt.Sprint(who.user, i), "gift": "rose", "name": "Rose", "price": 100, "count": 1, "user": who.user}
			n.call(http.MethodPost, "/api/v1/rooms/r1/gifts", order, nil)
		}
		if who.robot {
			n.backend().must(0, "group_open_avchatroom_http_svc/add_robots", map[string]any{"GroupId": "r1", "Robot_Account": []string{who.user}})
		}
		random := 0
		n.eventually(who.user+" is heard", func() bool { // not while the room, or he, says too much
			random++
			raw := m.call(map[string]any{"op": "send", "group": "r1", "random": random, "priority": "High", "fate": true, "body": textBody("coin")})
			return bytes.Contains(raw, []byte(`"fate":"delivered"`))
		})
	}
	n.call(http.MethodPost, "/api/v1/rooms/r1/draws/some/end", nil, nil)
	_, x := n.export("r1", "some")
	var in []string
	for _, e := range x.Entries {
		in = append(in, e.User)
	}
	if !slices.Equal(in, []string{"all", "last"}) || len(x.Draw.Winners) != 2 {
		n.t.Errorf("in the draw for some: %v, %+v", in, x.Draw)
	}
}

// TestDrawOfACluster: a draw is one over all nodes, ends though the node that looked after it is killed, and is the same from
// each.
func TestDrawOfACluster(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2, nil)
	one, two := c.nodes[0], c.nodes[1]
	one.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	one.call(http.MethodPut, "/api/v1/message-types/ticket", map[string]any{"senders": "server"}, nil)
	enter := func(n *node, user string) *member { return n.enter("r1", user, n.userSig(user), nil) }
	var all []*member
	for i := range 3 {
		all = append(all, enter(one, fmt.Sprint("a", i)), enter(two, fmt.Sprint("b", i)))
	}
	late := map[*node]*member{one: enter(one, "yan"), two: enter(two, "zoe")}
	one.call(http.MethodPost, "/api/v1/rooms/r1/draws", map[string]any{ // when all are there: that may take long
		"id": "d1", "title": "Tonight", "trigger": map[string]any{"keyword": "tea"}, "window": "20s", "winners": 2,
	}, nil)
	for _, m := range all {
		m.say("r1", "tea", 1)
	}
	two.eventually("what was registered on one node is in force on the other", func() bool {
		resp, _ := two.request(http.MethodGet, "/api/v1/message-types/ticket", nil, "Bearer "+two.secrets.APIToken)
		return resp.StatusCode == http.StatusOK
	})
	two.eventually("all are in", func() bool { return two.lot("r1", "d1").Entries == 6 })
	keeper, other := one, two
	if slices.Contains(two.about().Leads, "draws") {
		keeper, other = two, one
	}
	keeper.kill()
	last := late[other]
	last.say("r1", "tea", 1)
	other.eventually("the draw has ended", func() bool { return other.lot("r1", "d1").State == draw.Ended })
	other.eventually("the room knows", func() bool {
		said, _ := last.drawMessages()
		return slices.Equal(said, []string{"draw_start", "draw_result"})
	})
	keeper.start()
	first, x := one.export("r1", "d1")
	_, y := two.export("r1", "d1")
	if a, b := fmt.Sprint(x), fmt.Sprint(y); a != b || x.Draw.Entries != 7 || len(x.Draw.Winners) != 2 || x.Draw.Gap {
		t.Errorf("%s\n%s", a, b)
	}
	if out, err := verifyDraw(first); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
