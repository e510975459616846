package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"liveroom/status"
	"liveroom/web"
)

// event is one server-sent event as a browser would see it.
type event struct {
	id, kind, data string
	record         struct {
		Room    string `json:"room"`
		Version uint64 `json:"version"`
		Name    string `json:"name"`
	}
}

// subscription is an open event stream.
type subscription struct {
	t      testing.TB
	events chan event
	beats  chan string // ids that came without data
	cancel context.CancelFunc
}

func (b *bench) subscribe(query, lastEventID string) *subscription {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", b.url+"/api/v1/events"+query, nil)
	must(b.t, err)
	req.Header.Set("Authorization", "Bearer "+apiToken)
	if lastEventID != "" {
		req.Header.Set("Last-Event-ID", lastEventID)
	}
	resp, err := b.client.Do(req)
	must(b.t, err)
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		b.t.Fatalf("events: %d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	s := &subscription{t: b.t, events: make(chan event, 1000), beats: make(chan string, 1000), cancel: cancel}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.read(resp.Body)
	}()
	b.t.Cleanup(func() {
		cancel()
		<-done
	})
	return s
}

func (s *subscription) read(body io.ReadCloser) {
	defer func() { _ = body.Close() }()
	defer close(s.events)
	var e event
	for lines := bufio.NewScanner(body); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case lines.Text() == "":
			if e.data == "" {
				s.beats <- e.id
			} else {
				_ = json.Unmarshal([]byte(e.data), &e.record)
				s.events <- e
			}
			e = event{}
		case key == "id":
			e.id = value
		case key == "event":
			e.kind = value
		case key == "data":
			e.data = value
		}
	}
}

func (s *subscription) next() event {
	s.t.Helper()
	select {
	case e, ok := <-s.events:
		if !ok {
			s.t.Fatal("the stream ended")
		}
		return e
	case <-time.After(time.Minute):
		s.t.Fatal("no event")
	}
	return event{}
}

// expect reads events and compares kind, room and version.
func (s *subscription) expect(want ...string) (last event) {
	s.t.Helper()
	for _, w := range want {
		last = s.next()
		got := last.kind
		if last.kind == "status" {
			got += " " + last.record.Room + " " + strconv.FormatUint(last.record.Version, 10)
		}
		if got != w {
			s.t.Fatalf("event %q, want %q", got, w)
		}
	}
	return last
}

func TestEventsBeginWithAllRoomsThenFollow(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("a")
	b.createRoom("b")
	s := b.subscribe("", "")
	s.expect("reset", "status a 1", "status b 1")
	ready := s.expect("ready")
	b.do(200, "POST", "/api/v1/rooms/b/end", apiToken, nil)
	changed := s.expect("status b 2")
	before, _ := strconv.ParseUint(ready.id, 10, 64)
	if after, err := strconv.ParseUint(changed.id, 10, 64); err != nil || after != before+1 {
		t.Errorf("ids %q then %q", ready.id, changed.id)
	}
	b.createRoom("c")
	s.expect("status c 1")
}

func TestEventsResume(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("a")
	s := b.subscribe("", "")
	at := s.expect("reset", "status a 1", "ready").id
	s.cancel()
	b.do(200, "POST", "/api/v1/rooms/a/end", apiToken, nil)
	b.do(200, "POST", "/api/v1/rooms/a/reopen", apiToken, nil)
	s = b.subscribe("", at)
	last := s.expect("status a 2", "status a 3")
	s.cancel()
	s = b.subscribe("", last.id)
	b.do(200, "POST", "/api/v1/rooms/a/end", apiToken, nil)
	s.expect("status a 4")
}

func TestEventsResetWhenTheLogIsTooShort(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("a")
	b.states.KeepLog(2)
	for range 3 {
		b.do(200, "POST", "/api/v1/rooms/a/end", apiToken, nil)
		b.do(200, "POST", "/api/v1/rooms/a/reopen", apiToken, nil)
	}
	for name, id := range map[string]string{"too old": "1", "of another log": "123456", "no number": "abc"} {
		t.Run(name, func(t *testing.T) {
			b.subscribe("", id).expect("reset", "status a 7", "ready")
		})
	}
}

func TestEventsOfSomeRooms(t *testing.T) {
	b := newBench(t, func(c *web.Config, _ *web.Deps) { c.Heartbeat = 20 * time.Millisecond })
	for _, id := range []string{"a", "b", "c"} {
		b.createRoom(id)
	}
	s := b.subscribe("?rooms=b,none", "")
	at := s.expect("reset", "status b 1", "ready").id
	b.do(200, "POST", "/api/v1/rooms/a/end", apiToken, nil)
	// A heartbeat moves the place to resume from past what isn't shown.
	want, _ := strconv.Atoi(at)
	for beat := ""; beat != strconv.Itoa(want+1); {
		select {
		case beat = <-s.beats:
		case <-time.After(time.Minute):
			t.Fatal("no heartbeat moved on")
		}
	}
	b.do(200, "POST", "/api/v1/rooms/b/end", apiToken, nil)
	s.expect("status b 2")
	b.do(422, "GET", "/api/v1/events?rooms=a%2Fb", apiToken, nil)
}

func TestEventStreamsAreBoundedAndClosed(t *testing.T) {
	b := newBench(t, func(c *web.Config, _ *web.Deps) { c.MaxEventStreams = 1 })
	s := b.subscribe("", "")
	s.expect("reset", "ready")
	if a := b.do(503, "GET", "/api/v1/events", apiToken, nil); a.code() != "busy" {
		t.Errorf("= %s", a.raw)
	}
	s.cancel()
	eventually(t, "the stream is given back", func() bool { return b.figure("liveroom_event_streams") == 0 })
	s = b.subscribe("", "")
	s.expect("reset", "ready")
	go b.stop()
	select {
	case _, open := <-s.events:
		if open {
			t.Error("an event instead of the end")
		}
	case <-time.After(time.Minute):
		t.Error("stopping the server left the stream open")
	}
	b.stop()
}

func TestEventsSurviveTheStoreBeingAway(t *testing.T) {
	b := newBench(t, nil)
	made := b.createRoom("a")
	epoch := made.json["status"].(map[string]any)["epoch"].(string)
	held := b.held("a", "wait=30s&version=1&epoch="+epoch)
	b.states.Fail(status.ErrUnavailable)
	eventually(t, "the outage is in the log", func() bool { return strings.Contains(b.logs.String(), "readable=false") })
	if a := b.do(503, "POST", "/api/v1/rooms/a/end", apiToken, nil); a.code() != "store_unavailable" || a.header.Get("Retry-After") == "" {
		t.Errorf("= %s", a.raw)
	}
	b.states.Fail(nil)
	b.do(200, "POST", "/api/v1/rooms/a/end", apiToken, nil)
	if a := receive(t, held); a.json["version"] != 2.0 {
		t.Errorf("= %s", a.raw)
	}
	if n := strings.Count(b.logs.String(), "readable=false"); n != 1 {
		t.Errorf("one outage is %d lines in the log", n)
	}
}
