package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"liveroom/status"
)

// Member is in a room's chat, speaks now and then, and comes back to any node and resumes when the line is lost, as the SDK
// does. What was not answered it sends again, with the same random.
type Member struct {
	w          *World
	name, room string
	rng        *rand.Rand
	speaks     atomic.Bool

	epoch   string // of what it has; only read runs change these, and none runs beside another
	seq     uint64
	said    int
	waiting string // text that was not answered
	random  uint32
}

// Member returns one that is not there yet. It speaks until Hush.
func (w *World) Member(who, room string) *Member {
	m := &Member{w: w, name: who, room: room, rng: w.rng(who)}
	m.speaks.Store(true)
	return m
}

// Hush lets the member say nothing new from now on.
func (m *Member) Hush() { m.speaks.Store(false) }

// Run is there until ctx ends.
func (m *Member) Run(ctx context.Context) {
	for {
		n := m.w.any(m.rng)
		after := 200 * time.Millisecond
		err := m.visit(ctx, n)
		var told *toldToGo
		if errors.As(err, &told) {
			after = max(after, told.after)
		}
		if !pause(ctx, m.rng, after) {
			return
		}
	}
}

// toldToGo is the server's wish that the member comes back later.
type toldToGo struct {
	reason    string
	reconnect bool
	after     time.Duration
}

func (t *toldToGo) Error() string {
	return fmt.Sprintf("told to go: %s (reconnect %t)", t.reason, t.reconnect)
}

// visit is one connection, from its beginning to its end.
func (m *Member) visit(ctx context.Context, n Node) error {
	dialer := websocket.Dialer{HandshakeTimeout: patience}
	conn, _, err := dialer.DialContext(ctx, "ws://"+n.HTTP+"/chat", nil)
	if err != nil {
		m.w.History.Add(m.name, n.Name, m.room, Missed{err.Error()})
		return err
	}
	l := &line{m: m, node: n, conn: conn, answers: map[int]chan reply{}, over: make(chan struct{})}
	var reading sync.WaitGroup
	reading.Go(l.read)
	err = m.stay(ctx, l)
	_ = conn.Close()
	reading.Wait()
	var told *toldToGo
	if errors.As(l.err, &told) {
		err = l.err
	}
	if l.joined {
		m.w.History.Add(m.name, n.Name, m.room, Parted{fmt.Sprint(err)})
	} else {
		m.w.History.Add(m.name, n.Name, m.room, Missed{fmt.Sprint(err)})
	}
	return err
}

// stay signs in, joins and speaks until the line is lost or ctx ends.
func (m *Member) stay(ctx context.Context, l *line) error {
	auth := map[string]any{"op": "auth", "userId": m.name, "userSig": m.w.Sign(m.name), "platform": "Web", "instance": "page_of_" + m.name}
	if _, err := l.must(ctx, auth); err != nil {
		return err
	}
	join := map[string]any{"op": "join", "group": m.room}
	if m.epoch != "" {
		join["epoch"], join["seq"] = m.epoch, m.seq
	}
	if _, err := l.must(ctx, join); err != nil {
		return err
	}
	for {
		if !pause(ctx, m.rng, 700*time.Millisecond) {
			return ctx.Err()
		}
		if m.waiting == "" && !m.speaks.Load() {
			if _, err := l.must(ctx, map[string]any{"op": "ping"}); err != nil {
				return err
			}
			continue
		}
		if err := m.speak(ctx, l); err != nil {
			return err
		}
	}
}

// speak sends the next message, or again the one that was not answered.
func (m *Member) speak(ctx context.Context, l *line) error {
	if m.waiting == "" {
		m.said++
		m.waiting, m.random = fmt.Sprintf("%s says %d", m.name, m.said), m.rng.Uint32()
	}
	text := m.waiting
	m.w.History.Add(m.name, l.node.Name, m.room, Said{text})
	body := []any{map[string]any{"MsgType": "TIMTextElem", "MsgContent": map[string]any{"Text": text}}}
	r, err := l.ask(ctx, map[string]any{"op": "send", "group": m.room, "random": m.random, "body": body, "fate": true})
	if err != nil {
		return err
	}
	switch {
	case r.Code == 0:
		scope := r.Scope
		if scope == "" {
			scope = "room"
		}
		m.w.History.Add(m.name, l.node.Name, m.room, Acked{Text: text, Epoch: l.epoch(), Scope: scope, Seq: r.Seq, Dropped: r.Fate == "dropped"})
		m.waiting = ""
	case !r.Temporary:
		m.waiting = ""
	}
	return nil
}

// reply is an answer of the server, as far as it matters here.
type reply struct {
	Reply     int       `json:"reply"`
	Code      int       `json:"code"`
	Error     string    `json:"error"`
	Detail    string    `json:"detail"`
	Temporary bool      `json:"temporary"`
	Seq       uint64    `json:"seq"`
	Scope     string    `json:"scope"`
	Fate      string    `json:"fate"`
	Epoch     string    `json:"epoch"`
	Complete  bool      `json:"complete"`
	Messages  []message `json:"messages"`

	Attributes map[string]string `json:"attributes"`
	Counters   json.RawMessage   `json:"counters"`
	Fields     json.RawMessage   `json:"fields"`
	Notice     string            `json:"notice"`
	Versions   map[string]uint64 `json:"versions"`
}

type message struct {
	Seq      uint64          `json:"seq"`
	From     string          `json:"from"`
	Degraded bool            `json:"degraded"`
	Body     json.RawMessage `json:"body"`
}

// line is a connection.
type line struct {
	m    *Member
	node Node
	conn *websocket.Conn
	over chan struct{} // closed when nothing more comes
	err  error         // why; good once over is closed

	mu      sync.Mutex
	next    int
	answers map[int]chan reply
	joining int    // id of the join under way
	current string // epoch
	joined  bool   // of read alone until over
}

func (l *line) epoch() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current
}

// ask sends a frame and waits for its answer.
func (l *line) ask(ctx context.Context, frame map[string]any) (reply, error) {
	answer := make(chan reply, 1)
	l.mu.Lock()
	l.next++
	frame["id"] = l.next
	l.answers[l.next] = answer
	if frame["op"] == "join" {
		l.joining = l.next
	}
	l.mu.Unlock()
	_ = l.conn.SetWriteDeadline(time.Now().Add(patience))
	if err := l.conn.WriteJSON(frame); err != nil {
		return reply{}, err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case r := <-answer:
		return r, nil
	case <-l.over:
		return reply{}, l.err
	case <-ctx.Done():
		return reply{}, ctx.Err()
	case <-timer.C:
		return reply{}, fmt.Errorf("no answer to %v within %s", frame["op"], patience)
	}
}

// must is ask for what may not be refused.
func (l *line) must(ctx context.Context, frame map[string]any) (reply, error) {
	r, err := l.ask(ctx, frame)
	if err == nil && r.Code != 0 {
		err = fmt.Errorf("%v was refused: %s, %s", frame["op"], r.Error, r.Detail)
	}
	return r, err
}

// read takes all that comes, until the line is lost.
func (l *line) read() {
	defer close(l.over)
	for {
		_, raw, err := l.conn.ReadMessage()
		if err != nil {
			if l.err == nil {
				l.err = err
			}
			return
		}
		if err := l.take(raw); err != nil {
			l.err = err
			return
		}
	}
}

// take does what a frame says.
func (l *line) take(raw []byte) error {
	var f struct {
		reply
		Push      string `json:"push"`
		Group     any    `json:"group"`
		Reason    string `json:"reason"`
		Reconnect bool   `json:"reconnect"`
		AfterMs   int    `json:"afterMs"`
		Items     []struct {
			Type    string    `json:"type"`
			Event   string    `json:"event"`
			Version uint64    `json:"version"`
			Data    eventData `json:"data"`
			message
		} `json:"items"`
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return fmt.Errorf("unreadable frame %s: %w", raw, err)
	}
	if f.reply.Reply != 0 {
		l.answered(f.reply)
		return nil
	}
	switch f.Push {
	case "close":
		return &toldToGo{f.Reason, f.Reconnect, time.Duration(f.AfterMs) * time.Millisecond}
	case "left":
		return fmt.Errorf("taken out of the room: %s", f.Reason)
	}
	for _, it := range f.Items {
		switch {
		case it.Type == "message":
			l.got(it.message)
		case it.Event == "dismissed":
			return errors.New("the room is no more")
		case it.Event == "gap":
			l.gap(it.Data.Epoch, it.Data.Seq)
		case it.Event == "attributes":
			l.attribute(it.Data.Attributes)
			l.state(it.Event, it.Version, it.Data.Attributes)
		case it.Event == "counters":
			l.state(it.Event, it.Version, it.Data.Counters)
		case it.Event == "fields":
			l.state(it.Event, it.Version, it.Data.Fields)
		case it.Event == "notice":
			l.state(it.Event, it.Version, it.Data.Notice)
		}
	}
	return nil
}

// eventData is what events say, as far as it matters here.
type eventData struct {
	Attributes map[string]string `json:"attributes"`
	Counters   json.RawMessage   `json:"counters"`
	Fields     json.RawMessage   `json:"fields"`
	Notice     string            `json:"notice"`
	Epoch      string            `json:"epoch"`
	Seq        uint64            `json:"seq"`
}

// state notes the newest state of a kind.
func (l *line) state(kind string, version uint64, all any) {
	raw, _ := json.Marshal(all) // of what was JSON: never fails
	l.m.w.History.Add(l.m.name, l.node.Name, l.m.room, Told{Kind: kind, Epoch: l.epoch(), Version: version, State: string(raw)})
}

// gap is the room's word that messages may be missing. It is as good as a new beginning.
func (l *line) gap(epoch string, seq uint64) {
	m := l.m
	l.mu.Lock()
	l.current = epoch
	l.mu.Unlock()
	m.w.History.Add(m.name, l.node.Name, m.room, Joined{Epoch: epoch, Seq: seq, After: m.seq})
	for _, via := range []string{"message", "attribute"} {
		m.w.History.Add(m.name, l.node.Name, m.room, Gap{via})
	}
	m.epoch, m.seq = epoch, seq
}

// answered hands an answer to who waits for it. That to join is what comes before all pushes, so it is looked at here.
func (l *line) answered(r reply) {
	l.mu.Lock()
	answer, isJoin := l.answers[r.Reply], r.Reply == l.joining
	delete(l.answers, r.Reply)
	if isJoin && r.Code == 0 {
		l.current = r.Epoch
	}
	l.mu.Unlock()
	if isJoin && r.Code == 0 {
		l.enter(r)
	}
	if answer != nil {
		answer <- r
	}
}

// enter is the answer to join.
func (l *line) enter(r reply) {
	m := l.m
	after := m.seq
	if m.epoch == "" {
		after = 0
	}
	complete := r.Complete && m.epoch == r.Epoch
	l.joined = true
	m.w.History.Add(m.name, l.node.Name, m.room, Joined{Epoch: r.Epoch, Seq: r.Seq, After: after, Complete: complete})
	if !complete {
		m.w.History.Add(m.name, l.node.Name, m.room, Gap{"message"})
		m.w.History.Add(m.name, l.node.Name, m.room, Gap{"attribute"})
	}
	m.epoch = r.Epoch
	if !complete {
		m.seq = 0 // history goes back behind what it has
	}
	for _, msg := range r.Messages {
		l.got(msg)
	}
	m.seq = max(m.seq, r.Seq)
	l.attribute(r.Attributes)
	for kind, all := range map[string]any{"attributes": r.Attributes, "counters": r.Counters, "fields": r.Fields, "notice": r.Notice} {
		l.state(kind, r.Versions[kind], all)
	}
}

// got notes a message. One that it has already it ignores, as the protocol says.
func (l *line) got(msg message) {
	m := l.m
	if !msg.Degraded && msg.Seq <= m.seq {
		return
	}
	if !msg.Degraded {
		m.seq = msg.Seq
	}
	text, r := textOf(msg)
	if r != nil {
		m.w.History.Add(m.name, l.node.Name, m.room, Saw{Via: "message", Each: true, Record: *r})
	}
	m.w.History.Add(m.name, l.node.Name, m.room, Got{Epoch: l.epoch(), Seq: msg.Seq, Text: text, Degraded: msg.Degraded})
}

// textOf is what a message says, and the status record that it carries, if it is one of the server's.
func textOf(msg message) (string, *status.Record) {
	var body []struct {
		MsgContent struct{ Text, Data string }
	}
	if json.Unmarshal(msg.Body, &body) != nil || len(body) != 1 {
		return "", nil
	}
	if msg.From != "administrator" {
		return body[0].MsgContent.Text, nil
	}
	var r struct {
		Type string `json:"type"`
		status.Record
	}
	if json.Unmarshal([]byte(body[0].MsgContent.Data), &r) != nil || r.Type != "live_status" {
		return "", nil
	}
	return fmt.Sprintf("status %d", r.Version), &r.Record
}

// attribute notes the status that attributes carry.
func (l *line) attribute(all map[string]string) {
	var r status.Record
	if all["live_status"] == "" || json.Unmarshal([]byte(all["live_status"]), &r) != nil {
		return
	}
	l.m.w.History.Add(l.m.name, l.node.Name, l.m.room, Saw{Via: "attribute", Record: r})
}
