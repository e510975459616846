package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// told is one try that a receiver got.
type told struct {
	id, command, room string
	user              string // of membership events
	exit              bool
	version           uint64 // of statuses
	epoch             string
	body              string
}

// mood is how a receiver behaves.
type mood int

// The moods.
const (
	well    mood = iota
	away         // its port is closed
	slow         // some answers come after the limit of 5 s, the others late
	double       // it answers twice, and hangs up
	garbage      // each second event is answered by what is no answer, the first time
)

// moody is a small backend on an address of its own that can be in any mood, and remembers what it was told. What it
// hears it remembers in every mood.
type moody struct {
	t    *testing.T
	addr string

	mu    sync.Mutex
	mood  mood
	heard []told
	tries map[string]int // by event
	moods map[mood]int   // tries in each
	srv   *http.Server
}

func newMoody(t *testing.T) *moody {
	t.Helper()
	r := &moody{t: t, addr: freeAddr(t), tries: map[string]int{}, moods: map[mood]int{}}
	t.Cleanup(r.close)
	r.be(well)
	return r
}

func (r *moody) url() string { return "http://" + r.addr + "/callback" }

func (r *moody) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.srv != nil {
		_ = r.srv.Close()
		r.srv = nil
	}
}

// be puts the receiver in a mood.
func (r *moody) be(m mood) {
	r.t.Helper()
	if m == away {
		r.close()
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mood = m
	if r.srv != nil {
		return
	}
	ln, err := net.Listen("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	srv := &http.Server{Handler: r}
	r.srv = srv
	go func() {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			r.t.Error(err)
		}
	}()
}

// ServeHTTP remembers what it is told, and answers as it is.
func (r *moody) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	raw, err := io.ReadAll(req.Body)
	if err != nil {
		return // cut off with the connection: not heard
	}
	mood, nth, count := r.hear(req, raw)
	const good = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`
	switch mood {
	case well, away:
	case slow:
		if count%20 == 3 {
			time.Sleep(5500 * time.Millisecond)
		} else {
			time.Sleep(100 * time.Millisecond)
		}
	case double:
		twice(w, good)
		return
	case garbage:
		if nth == 1 && count%2 == 0 {
			rubbish(w, count)
			return
		}
	}
	_, _ = io.WriteString(w, good)
}

// twice answers twice and hangs up.
func twice(w http.ResponseWriter, body string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	one := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
	_, _ = io.WriteString(conn, one+one)
	_ = conn.Close()
}

// triesIn is how often it was told something while in a mood.
func (r *moody) triesIn(m mood) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.moods[m]
}

// repeats is how many events were told more than once.
func (r *moody) repeats() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, tries := range r.tries {
		if tries > 1 {
			n++
		}
	}
	return n
}

// rubbish is an answer that is none, each time another.
func rubbish(w http.ResponseWriter, n int) {
	switch n % 5 {
	case 0:
		_, _ = io.WriteString(w, "<html>it works!</html>")
	case 1:
		w.WriteHeader(http.StatusBadGateway)
	case 2:
		_, _ = w.Write(make([]byte, 1000))
	case 3:
		w.WriteHeader(http.StatusFound)
	case 4:
		_, _ = io.WriteString(w, `[{"ActionStatus":`)
	}
}

// hear remembers a try. It returns the mood of now, how often this event was told, and how much was told in this mood.
func (r *moody) hear(req *http.Request, raw []byte) (mood, int, int) {
	var body struct {
		CallbackCommand, GroupId, Epoch string
		Room                            string
		Version                         uint64
		NewMemberList, ExitMemberList   []struct{ Member_Account string }
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		r.t.Errorf("told what is no JSON: %s", raw)
	}
	e := told{
		id: req.Header.Get("Liveroom-Event-Id"), command: body.CallbackCommand, room: body.GroupId + body.Room, version: body.Version, epoch: body.Epoch,
		body: string(raw),
	}
	if e.command == "" {
		e.command = "live_status"
	}
	for _, m := range body.NewMemberList {
		e.user = m.Member_Account
	}
	for _, m := range body.ExitMemberList {
		e.user, e.exit = m.Member_Account, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard = append(r.heard, e)
	r.tries[e.command+e.id]++
	r.moods[r.mood]++
	return r.mood, r.tries[e.command+e.id], r.moods[r.mood]
}

// of are the events of a command and room in the order they were heard first, each once. Whatever is heard again must be
// the same, under the same id.
func (r *moody) of(command, room string) []told {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []told
	byID := map[string]string{}
	for _, e := range r.heard {
		if e.command != command || e.room != room {
			continue
		}
		if e.id == "" {
			r.t.Errorf("an event without an id: %s", e.body)
		}
		was, again := byID[e.id]
		if again && was != e.body {
			r.t.Errorf("%s is two events:\n%s\n%s", e.id, was, e.body)
		}
		if !again {
			byID[e.id] = e.body
			out = append(out, e)
		}
	}
	return out
}

// TestReceiverFromHell: a receiver is away, then slow, then answers twice, then nonsense, and the node is killed meanwhile.
// Every status and every membership is told at least once, in the order of its room, a repeat under the id of the first;
// messages too, up to what is kept of them. The chat doesn't notice. From LIVEROOM_SCALE=10 on the receiver is away for ten
// minutes.
func TestReceiverFromHell(t *testing.T) {
	t.Parallel()
	r := newMoody(t)
	n := startNode(t, "--callback-private=127.0.0.1/32", "--callback-url="+r.url(), "--status-callback-url="+r.url(),
		"--callback-events=Group.CallbackAfterNewMemberJoin,Group.CallbackAfterMemberExit,Group.CallbackAfterSendMsg")
	show := &show{node: n, b: n.backend(), rooms: []string{"h1", "h2"}, people: map[string][]string{}, texts: map[string][]string{}}
	for _, room := range show.rooms {
		n.createRoom(obj{"id": room, "anchor": "host"})
	}
	show.act(3)

	r.be(away)
	show.act(5)
	if scale() >= 10 {
		for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); time.Sleep(5 * time.Second) {
			show.act(1)
		}
	}
	n.eventually("messages are stored, as all else is before it is answered", func() bool { return n.gauge("liveroom_callback_unstored_bytes") == 0 })
	n.kill()
	n.start()
	show.act(5)
	for _, m := range []mood{slow, double, garbage, slow} {
		r.be(m)
		show.act(3)
		n.eventually("it is told something in this mood", func() bool { return r.triesIn(m) >= 10 })
	}
	r.be(well)
	missing := ""
	defer func() { t.Log("not told:", missing) }()
	within(t, 2*time.Minute, "all is told", func() bool {
		missing = show.untold(r)
		return missing == ""
	})
	show.inOrder(r)
	if r.repeats() == 0 {
		t.Error("nothing was told twice: the receiver was not as bad as it should be")
	}
}

// TestWhatReceiversSayUnaskedIsLogged: as any other line, at level debug.
func TestWhatReceiversSayUnaskedIsLogged(t *testing.T) {
	t.Parallel()
	r := newMoody(t)
	r.be(double)
	n := startNode(t, "--callback-private=127.0.0.1/32", "--status-callback-url="+r.url())
	n.createRoom(obj{"id": "r1", "anchor": "host"})
	n.eventually("it is in the log", func() bool { return strings.Contains(n.log.String(), "Unsolicited response") })
	for line := range strings.Lines(n.log.String()) {
		if strings.Contains(line, "Unsolicited") && (!strings.HasPrefix(line, "time=") || !strings.Contains(line, "level=DEBUG")) {
			t.Errorf("a line of its own: %s", line)
		}
	}
}

// show is what happens in some rooms, and what was told of it must be.
type show struct {
	node   *node
	b      *backend
	rooms  []string
	acts   int
	people map[string][]string // by room: who came and went, in order
	texts  map[string][]string // by room: messages that are stored for sure
}

// act lets some rounds happen in each room: somebody comes, speaks and goes, and the status changes.
func (s *show) act(rounds int) {
	s.node.t.Helper()
	for range rounds {
		s.acts++
		for _, room := range s.rooms {
			user, said := fmt.Sprint("v", s.acts), fmt.Sprint("act ", s.acts)
			m := s.node.enter(room, user, s.b.userSig(user), nil)
			m.say(room, said, uint32(s.acts))
			eventually(s.node.t, "what was said is heard", func() bool { return slices.Contains(m.texts(), said) })
			m.must(obj{"op": "leave", "group": room}, nil)
			m.leave()
			s.people[room] = append(s.people[room], "+"+user, "-"+user)
			s.texts[room] = append(s.texts[room], said)
			drive := "end"
			if s.acts%2 == 0 {
				drive = "reopen"
			}
			s.node.call("POST", "/api/v1/rooms/"+room+"/"+drive, obj{}, nil)
		}
	}
}

// untold says what a receiver doesn't know yet; empty: nothing.
func (s *show) untold(r *moody) string {
	for _, room := range s.rooms {
		if last := s.node.status(room).Version; !slices.ContainsFunc(r.of("live_status", room), func(e told) bool { return e.version == last }) {
			return fmt.Sprintf("status %d of %s", last, room)
		}
		if got := len(r.memberships(room)); got < len(s.people[room]) {
			return fmt.Sprintf("%d of %d memberships of %s", got, len(s.people[room]), room)
		}
		if got := len(r.messages(room)); got < len(s.texts[room]) {
			return fmt.Sprintf("%d of %d messages of %s", got, len(s.texts[room]), room)
		}
	}
	return ""
}

// memberships are who came and went, as it was told first.
func (r *moody) memberships(room string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	seen := map[string]bool{}
	for _, e := range r.heard {
		if e.user == "" || e.room != room || seen[e.id] {
			continue
		}
		seen[e.id] = true
		if e.exit {
			out = append(out, "-"+e.user)
		} else {
			out = append(out, "+"+e.user)
		}
	}
	return out
}

// messages are the texts, as they were told first.
func (r *moody) messages(room string) []string {
	var out []string
	for _, e := range r.of("Group.CallbackAfterSendMsg", room) {
		var body struct {
			MsgBody []struct{ MsgContent struct{ Text string } }
		}
		if err := json.Unmarshal([]byte(e.body), &body); err == nil && len(body.MsgBody) == 1 && body.MsgBody[0].MsgContent.Text != "" {
			out = append(out, body.MsgBody[0].MsgContent.Text)
		}
	}
	return out
}

// inOrder checks that all was told, in order.
func (s *show) inOrder(r *moody) {
	t := s.node.t
	t.Helper()
	for _, room := range s.rooms {
		var versions []uint64
		for _, e := range r.of("live_status", room) {
			versions = append(versions, e.version)
			if !strings.HasPrefix(e.id, room+":"+e.epoch+":") {
				t.Errorf("status %d of %s has the id %s", e.version, room, e.id)
			}
		}
		for i, v := range versions {
			if i > 0 && v != versions[i-1]+1 {
				t.Errorf("statuses of %s: %v", room, versions)
				break
			}
		}
		if last := s.node.status(room).Version; len(versions) == 0 || versions[len(versions)-1] != last || versions[0] > 1 {
			t.Errorf("statuses of %s: %v, want 1 to %d", room, versions, last)
		}
		if got := r.memberships(room); !slices.Equal(got, s.people[room]) {
			t.Errorf("memberships of %s:\n%v, want\n%v", room, got, s.people[room])
		}
		if got := r.messages(room); !slices.Equal(got, s.texts[room]) {
			t.Errorf("messages of %s:\n%v, want\n%v", room, got, s.texts[room])
		}
	}
}
