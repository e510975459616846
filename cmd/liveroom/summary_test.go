package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"liveroom/status"
)

// shownSummary is a summary as the API, the callback and the message have it.
type shownSummary struct {
	Session                                string
	Duration, Paused, WatchTime, CurveStep int64
	Pauses, Peak, PeakViewers              int
	Members, Viewers, Messages, Likes      int64
	GiftValue, GiftCount                   int64
	Reason                                 string
	Running, Complete                      bool
	Curve, OnlineCurve                     []int64
	Top                                    []struct{ User string }
	PauseList                              []struct{ Reason string }
}

// summary asks a node how a session goes, or went.
func (n *node) summary(room, session string) (s shownSummary) {
	n.t.Helper()
	n.call(http.MethodGet, "/api/v1/rooms/"+room+"/sessions/"+session+"/summary", nil, &s)
	return s
}

// followed waits until a session that just began is followed. Its room was told of it then, and what happens counts for it.
func (n *node) followed(room, session string) {
	n.t.Helper()
	n.eventually("the session is followed", func() bool {
		resp, _ := n.request(http.MethodGet, "/api/v1/rooms/"+room+"/sessions/"+session+"/summary", nil, "Bearer "+n.secrets.APIToken)
		return resp.StatusCode == http.StatusOK
	})
}

// seen waits until something is so; where it is not in time, the test says what was seen last.
func (n *node) seen(what string, last any, ok func() bool) {
	n.t.Helper()
	defer func() {
		if n.t.Failed() {
			n.t.Logf("seen last: %+v", reflect.ValueOf(last).Elem().Interface())
		}
	}()
	n.eventually(what, ok)
}

// summaries are those that the member was told.
func (m *member) summaries() (all []shownSummary) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, msg := range m.messages {
		var body []struct{ MsgContent struct{ Data string } }
		var s struct {
			Type string
			shownSummary
		}
		if msg.From == "administrator" && json.Unmarshal(msg.Body, &body) == nil && len(body) == 1 &&
			json.Unmarshal([]byte(body[0].MsgContent.Data), &s) == nil && s.Type == "session_summary" {
			all = append(all, s.shownSummary)
		}
	}
	return all
}

// watchFLV watches over HTTP-FLV until the test ends.
func (n *node) watchFLV(url string) {
	n.t.Helper()
	var resp *http.Response
	n.eventually("the stream can be watched", func() bool {
		var err error
		if resp, err = http.Get(url); err != nil {
			n.t.Fatal(err)
		}
		if resp.StatusCode == http.StatusOK {
			return true
		}
		_ = resp.Body.Close()
		return false
	})
	n.t.Cleanup(func() { _ = resp.Body.Close() })
	go func() { _, _ = io.Copy(io.Discard, resp.Body) }() // ends with the body
}

// TestASessionIsSummedUpThoughTheServerCrashes: a real encoder pushes, members come, speak and watch, the server is killed in the
// middle, and after the end all are told once how it went, the same on every way.
func TestASessionIsSummedUpThoughTheServerCrashes(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	n := startNode(t, "--callback-private=127.0.0.0/8", "--event-callback-url="+r.URL+"/events")
	n.createRoom(map[string]any{"id": "r1", "anchor": "anna", "grace": "1m"})
	a := n.addresses("r1")
	early := n.enter("r1", "early", n.userSig("early"), nil)
	p := push(t, a.Push.RTMP)
	live := n.waitStatus("r1", status.Live)
	n.followed("r1", live.Session)
	n.watchFLV(a.Play.FLV)
	bob := n.enter("r1", "bob", n.userSig("bob"), nil)
	for i := range 3 {
		early.say("r1", "hello", uint32(i+1))
		bob.say("r1", "hi", uint32(i+1))
	}
	n.call(http.MethodPost, "/api/v1/rooms/r1/likes", map[string]any{"count": 20}, nil)
	// What shows that somebody likes or follows is no message.
	if took := bob.like("r1", 3); took != 3 {
		t.Fatalf("%d of 3 likes", took)
	}
	bob.must(map[string]any{"op": "send", "group": "r1", "random": 9, "body": customBody(`{"type":"like","count":2}`)}, nil)
	bob.must(map[string]any{"op": "follow", "user": "anna", "group": "r1"}, nil)
	early.must(map[string]any{"op": "send", "group": "r1", "random": 9, "body": customBody(`{"type":"follow","user":"anna"}`)}, nil)
	for i, user := range []string{"early", "bob", "bob"} {
		n.call(http.MethodPost, "/api/v1/rooms/r1/gifts", map[string]any{"order": fmt.Sprint("o", i), "gift": "rose", "name": "Rose", "price": 100, "count": 2, "user": user}, nil)
	}
	n.eventually("what happened is counted", func() bool {
		s := n.summary("r1", live.Session)
		return s.Running && s.Messages == 6 && s.Members == 2 && s.Viewers == 1 && s.Peak >= 1 && s.Likes == 25 && s.GiftValue == 600
	})
	n.kill()
	p.wait()
	n.start()
	if s := n.summary("r1", live.Session); s.Messages != 6 || s.Members != 2 || s.Viewers != 1 {
		t.Errorf("after the crash: %+v", s)
	}
	n.waitStatus("r1", status.Paused)
	carl, bob := n.enter("r1", "carl", n.userSig("carl"), nil), n.enter("r1", "bob", n.userSig("bob"), nil)
	p = push(t, a.Push.RTMP)
	if again := n.waitStatus("r1", status.Live); again.Session != live.Session {
		t.Fatalf("another session: %+v", again)
	}
	carl.say("r1", "still here", 1)
	n.eventually("what happened since is counted", func() bool {
		s := n.summary("r1", live.Session)
		return s.Messages == 7 && s.Members == 3
	})
	n.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	p.wait()
	// Before that is told there is another session: it is told behind it, and no sooner than the server has looked again.
	n.call(http.MethodPost, "/api/v1/rooms/r1/reopen", map[string]any{}, nil)
	p = push(t, a.Push.RTMP)
	next := n.waitStatus("r1", status.Live)
	n.followed("r1", next.Session)
	n.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	p.wait()
	n.eventually("members are told", func() bool { return len(carl.summaries()) > 0 && len(bob.summaries()) > 0 })
	kept := n.summary("r1", live.Session)
	if kept.Running || kept.Likes != 25 || kept.GiftValue != 600 || kept.GiftCount != 6 || len(kept.Top) != 2 || kept.Top[0].User != "bob" || kept.Messages != 7 || kept.Members != 3 || kept.Viewers != 1 || kept.Pauses != 1 || kept.PauseList[0].Reason != "push_lost" ||
		kept.Reason != "by_admin" || !kept.Complete || kept.Duration < kept.Paused || slices.Max(kept.OnlineCurve) != int64(kept.Peak) || kept.Peak < 2 {
		t.Errorf("kept: %+v", kept)
	}
	told := r.wait(t, 1, "/events", "event", "session.summary")
	var reported struct{ Summary shownSummary }
	if err := json.Unmarshal([]byte(told.raw), &reported); err != nil || !reflect.DeepEqual(reported.Summary, kept) {
		t.Errorf("reported %+v, %v", reported, err)
	}
	for _, m := range []*member{carl, bob} {
		if s := m.summaries()[0]; s.Session != live.Session || s.Messages != 7 || s.Members != 3 || s.Peak != kept.Peak || s.Duration != kept.Duration || s.WatchTime != kept.WatchTime {
			t.Errorf("told %+v", s)
		}
	}
	n.stop()
	n.start()
	late := n.enter("r1", "late", n.userSig("late"), nil)
	n.createRoom(map[string]any{"id": "r2"})
	var asked struct{ Summary *shownSummary }
	late.must(map[string]any{"op": "summary", "group": "r2"}, &asked)
	if asked.Summary != nil {
		t.Errorf("of a room without sessions: %+v", asked)
	}
	if again := r.wait(t, 2, "/events", "event", "session.summary"); !strings.Contains(again.raw, next.Session) {
		t.Errorf("told backends %s, want the other session", again.raw)
	}
	if told := late.summaries(); len(told) > 1 || len(told) == 1 && told[0].Session != next.Session {
		t.Errorf("told who came later %+v", told)
	}
	late.must(map[string]any{"op": "summary", "group": "r1"}, &asked)
	var list struct{ Sessions []shownSummary }
	n.call(http.MethodGet, "/api/v1/rooms/r1/sessions", nil, &list)
	if asked.Summary == nil || asked.Summary.Session != next.Session || len(list.Sessions) != 2 || list.Sessions[0].Session != next.Session || !reflect.DeepEqual(list.Sessions[1], kept) {
		t.Errorf("listed %+v, and asked %+v", list, asked.Summary)
	}
}

// TestASessionIsSummedUpThoughItsNodeIsKilled: the node that looks how many are there is killed while a session runs on another.
func TestASessionIsSummedUpThoughItsNodeIsKilled(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	c := startCluster(t, 2, nil, "--callback-private=127.0.0.0/8", "--event-callback-url="+r.URL+"/events")
	first, second := c.awaitLeader("summaries")
	first.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	early := first.enter("r1", "early", first.userSig("early"), nil)
	p := push(t, second.addresses("r1").Push.RTMP)
	live := second.waitStatus("r1", status.Live)
	second.followed("r1", live.Session)
	bob := second.enter("r1", "bob", second.userSig("bob"), nil)
	for i := range 4 {
		early.say("r1", "hello", uint32(i+1))
		bob.say("r1", "hi", uint32(i+1))
	}
	for _, n := range c.nodes {
		var s shownSummary
		n.seen("all is counted, on both nodes", &s, func() bool {
			s = n.summary("r1", live.Session)
			return s.Messages == 8 && s.Members == 2 && s.Peak >= 1
		})
	}
	first.kill()
	bob.say("r1", "still here", 99)
	second.eventually("the message is counted", func() bool { return second.summary("r1", live.Session).Messages == 9 })
	second.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	p.wait()
	second.eventually("the member is told", func() bool { return len(bob.summaries()) > 0 })
	kept := second.summary("r1", live.Session)
	if kept.Running || kept.Messages != 9 || kept.Members != 2 || kept.Reason != "by_admin" || kept.Peak < 1 || !kept.Complete {
		t.Errorf("kept: %+v", kept)
	}
	r.wait(t, 1, "/events", "event", "session.summary")
	first.start()
	if got := first.summary("r1", live.Session); !reflect.DeepEqual(got, kept) {
		t.Errorf("the other node says %+v, want %+v", got, kept)
	}
	if told, again := bob.summaries(), r.all("/events", "event", "session.summary"); len(told) != 1 || len(again) != 1 {
		t.Errorf("told %d and %d times", len(told), len(again))
	}
}
