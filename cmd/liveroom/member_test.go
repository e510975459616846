package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"liveroom/status"
)

// member is a chat client that speaks docs/protocol.md and keeps all it hears.
type member struct {
	t    testing.TB
	conn *websocket.Conn
	over chan struct{} // closed when nothing more comes

	mu       sync.Mutex
	nextID   int
	replies  map[int]chan json.RawMessage
	messages []chatMessage
	attrs    []status.Record // live_status as attribute events told it
	fields   []uint64        // versions of the custom field live_status, as events told it
	joined   joined
	told     []item               // events notice and profile
	events   map[string]int       // how many came, by name
	heard    map[uint64]time.Time // when the status message of a version came
	close    *closing             // what the server said before it closed
	left     []string             // groups it was taken out of, and why
	letters  []order              // of other users or a backend, to this user
	onStatus func(status.Record)  // told of each status message
}

type closing struct {
	Reason    string `json:"reason"`
	Reconnect bool   `json:"reconnect"`
	AfterMs   int    `json:"afterMs"`
}

type chatMessage struct {
	Seq      uint64          `json:"seq"`
	From     string          `json:"from"`
	Nick     string          `json:"nick"`
	Priority string          `json:"priority"`
	Level    int             `json:"level"`
	Badge    string          `json:"badge"`
	Random   uint32          `json:"random"`
	Body     json.RawMessage `json:"body"`
}

// joined is the answer to join.
type joined struct {
	Code       int               `json:"code"`
	Error      string            `json:"error"`
	Epoch      string            `json:"epoch"`
	Seq        uint64            `json:"seq"`
	Complete   bool              `json:"complete"`
	Attributes map[string]string `json:"attributes"`
	Fields     map[string]string `json:"fields"`
	Messages   []chatMessage     `json:"messages"`
	Count      struct{ Members, Viewers, Online int }
	Role       string  `json:"role"`
	Notice     string  `json:"notice"`
	Profile    profile `json:"profile"`
	Mute       struct {
		All   bool  `json:"all"`
		Until int64 `json:"until"`
	} `json:"mute"`
}

// profile is what a group is called and whose it is.
type profile struct {
	Name  string `json:"name"`
	Owner string `json:"owner"`
}

// item is one item of a batch.
type item struct {
	Type    string `json:"type"`
	Event   string `json:"event"`
	Version uint64 `json:"version"`
	Data    struct {
		Attributes map[string]string `json:"attributes"`
		Fields     map[string]string `json:"fields"`
		Notice     string            `json:"notice"`
		profile
	} `json:"data"`
	chatMessage
}

// enter connects, signs in (anonymously without userSig) and joins group, resuming from since if that is given.
func (n *node) enter(group, user, userSig string, since *joined) *member {
	n.t.Helper()
	m := dialMember(n.t, n.http)
	auth := map[string]any{"op": "auth", "platform": "Web"}
	if userSig != "" {
		auth["userId"], auth["userSig"] = user, userSig
	}
	m.must(auth, nil)
	join := map[string]any{"op": "join", "group": group}
	if since != nil {
		join["epoch"], join["seq"] = since.Epoch, since.Seq
	}
	raw := m.call(join)
	if n.shared { // a new group is not known without Redis, and that may be slow to answer beside other tests
		eventually(n.t, "the group can be joined", func() bool {
			if !strings.Contains(string(raw), `"store_unavailable"`) {
				return true
			}
			raw = m.call(join)
			return false
		})
	}
	m.accept(join, raw, &m.joined)
	return m
}

// dialMember opens a chat socket that has not signed in yet.
func dialMember(t testing.TB, addr string) *member {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+addr+"/chat", nil)
	if err != nil {
		t.Fatal(err)
	}
	m := &member{t: t, conn: conn, over: make(chan struct{}), replies: map[int]chan json.RawMessage{}, heard: map[uint64]time.Time{}, events: map[string]int{}}
	t.Cleanup(m.leave)
	go m.read()
	return m
}

// goodbye checks that the server, which stops, told the member to come back, and when, before it closed.
func (m *member) goodbye() {
	m.t.Helper()
	eventually(m.t, "the server says goodbye", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.close != nil && m.close.Reason == "going_away" && m.close.Reconnect && m.close.AfterMs >= 100
	})
}

func (m *member) leave() { _ = m.conn.Close() }

// call sends one frame and returns its answer.
func (m *member) call(frame map[string]any) json.RawMessage {
	m.t.Helper()
	answer := make(chan json.RawMessage, 1)
	m.mu.Lock()
	m.nextID++
	frame["id"] = m.nextID
	m.replies[m.nextID] = answer
	err := m.conn.WriteJSON(frame)
	m.mu.Unlock()
	if err != nil {
		m.t.Fatal(err)
	}
	select {
	case raw := <-answer:
		return raw
	case <-time.After(time.Minute):
		m.t.Fatalf("no answer to %v", frame["op"])
		return nil
	}
}

func (m *member) must(frame map[string]any, out any) {
	m.t.Helper()
	m.accept(frame, m.call(frame), out)
}

// accept reads the answer to a frame, which must not be an error.
func (m *member) accept(frame map[string]any, raw json.RawMessage, out any) {
	m.t.Helper()
	var head struct{ Code int }
	if err := json.Unmarshal(raw, &head); err != nil || head.Code != 0 {
		m.t.Fatalf("%v: %s (%v)", frame["op"], raw, err)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			m.t.Fatal(err)
		}
	}
}

// say sends a text message.
func (m *member) say(group, text string, random uint32) {
	m.t.Helper()
	m.must(map[string]any{"op": "send", "group": group, "random": random, "body": textBody(text)}, nil)
}

func textBody(text string) []any {
	return []any{map[string]any{"MsgType": "TIMTextElem", "MsgContent": map[string]any{"Text": text}}}
}

func (m *member) read() {
	defer close(m.over)
	for {
		_, raw, err := m.conn.ReadMessage()
		if err != nil {
			return
		}
		var frame struct {
			Reply int    `json:"reply"`
			Push  string `json:"push"`
			Group any    `json:"group"` // of pushes, its id
			Items []item `json:"items"`

			Message chatMessage `json:"message"` // of push c2c
			closing
		}
		if err := json.Unmarshal(raw, &frame); err != nil {
			m.t.Errorf("unreadable frame: %s", raw)
			return
		}
		m.mu.Lock()
		if frame.Reply != 0 {
			m.replies[frame.Reply] <- raw
			delete(m.replies, frame.Reply)
		}
		if frame.Push == "close" {
			m.close = &frame.closing
		}
		if frame.Push == "c2c" {
			cb := incoming{}
			_ = json.Unmarshal(frame.Message.Body, &cb.Body) // of other elements: an empty order
			m.letters = append(m.letters, cb.order())
		}
		if frame.Push == "left" {
			m.left = append(m.left, fmt.Sprint(frame.Group, " ", frame.Reason))
		}
		for _, it := range frame.Items {
			m.take(it)
		}
		m.mu.Unlock()
	}
}

func (m *member) take(it item) {
	if it.Type == "event" {
		m.events[it.Event]++
	}
	switch {
	case it.Type == "message":
		m.messages = append(m.messages, it.chatMessage)
		if r, ok := statusIn(it.chatMessage); ok {
			m.heard[r.Version] = time.Now()
			if m.onStatus != nil {
				m.onStatus(r)
			}
		}
	case it.Event == "attributes":
		var r status.Record
		if err := json.Unmarshal([]byte(it.Data.Attributes["live_status"]), &r); err != nil {
			m.t.Errorf("attribute live_status: %v", err)
		}
		m.attrs = append(m.attrs, r)
	case it.Event == "notice" || it.Event == "profile":
		m.told = append(m.told, it)
	case it.Event == "fields":
		m.fields = append(m.fields, fieldVersion(m.t, it.Data.Fields))
	}
}

// statusIn returns the status record that a message carries, if it is one of the server's.
func statusIn(msg chatMessage) (status.Record, bool) {
	var body []struct {
		MsgType    string
		MsgContent struct{ Data string }
	}
	var r struct {
		Type string `json:"type"`
		status.Record
	}
	if msg.From != "administrator" || json.Unmarshal(msg.Body, &body) != nil || len(body) != 1 || body[0].MsgType != "TIMCustomElem" {
		return status.Record{}, false
	}
	if json.Unmarshal([]byte(body[0].MsgContent.Data), &r) != nil || r.Type != "live_status" {
		return status.Record{}, false
	}
	return r.Record, true
}

func fieldVersion(t testing.TB, fields map[string]string) uint64 {
	t.Helper()
	var short struct {
		Code    status.Code `json:"code"`
		Version uint64      `json:"version"`
	}
	if err := json.Unmarshal([]byte(fields["live_status"]), &short); err != nil {
		t.Errorf("field live_status: %v in %v", err, fields)
	}
	return short.Version
}

// versions are those of all status messages heard, history and resume included, in the order they came.
func (m *member) versions() []uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []uint64
	for _, msg := range append(append([]chatMessage(nil), m.joined.Messages...), m.messages...) {
		if r, ok := statusIn(msg); ok {
			out = append(out, r.Version)
		}
	}
	return out
}

// texts are the text messages heard since joining.
func (m *member) texts() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, msg := range m.messages {
		if text := textIn(msg); text != "" {
			out = append(out, text)
		}
	}
	return out
}

// textIn is the text of a message; empty: it has none.
func textIn(msg chatMessage) string {
	var body []struct{ MsgContent struct{ Text string } }
	if json.Unmarshal(msg.Body, &body) != nil || len(body) != 1 {
		return ""
	}
	return body[0].MsgContent.Text
}

// waitVersion waits until message, attribute and field of a version have come.
func (m *member) waitVersion(version uint64) {
	m.t.Helper()
	eventually(m.t, fmt.Sprintf("member has version %d as message, attribute and field", version), func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		_, heard := m.heard[version]
		return heard && len(m.attrs) > 0 && m.attrs[len(m.attrs)-1].Version == version &&
			len(m.fields) > 0 && m.fields[len(m.fields)-1] == version
	})
}
