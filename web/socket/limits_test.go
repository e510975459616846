package socket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"liveroom/chat"
	"liveroom/web/socket"
)

func (d *door) refused(status int) {
	d.t.Helper()
	c, resp, err := websocket.DefaultDialer.Dial(d.url, nil)
	if err == nil {
		_ = c.Close()
		d.t.Fatalf("let in, want %d", status)
	}
	if resp == nil || resp.StatusCode != status {
		d.t.Fatalf("refused with %v, %v, want %d", resp, err, status)
	}
	_ = resp.Body.Close()
}

func TestPlacesAreLimitedAndGivenBack(t *testing.T) {
	t.Run("in all", func(t *testing.T) {
		d := open(t, socket.Config{MaxSockets: 2}, nil)
		first := d.dial()
		d.dial()
		d.refused(http.StatusServiceUnavailable)
		_ = first.Close()
		d.await("a place", func() bool { return d.Stats().Sockets == 1 })
		d.dial()
		if st := d.Stats(); st.RefusedFull != 1 {
			t.Fatalf("stats = %+v", st)
		}
	})
	t.Run("per address", func(t *testing.T) {
		var mu sync.Mutex
		from := "2001:db8::1"
		d := open(t, socket.Config{MaxPerAddress: 2, ClientAddr: func(*http.Request) netip.Addr {
			mu.Lock()
			defer mu.Unlock()
			return netip.MustParseAddr(from)
		}}, nil)
		call := func(addr string) {
			mu.Lock()
			defer mu.Unlock()
			from = addr
		}
		d.dial()
		call("2001:db8::ffff:1") // the same /64
		d.dial()
		d.refused(http.StatusTooManyRequests)
		call("2001:db8:0:1::1")
		d.dial()
		if st := d.Stats(); st.RefusedAddress != 1 || st.Sockets != 3 {
			t.Fatalf("stats = %+v", st)
		}
	})
	t.Run("negative is off", func(t *testing.T) {
		d := open(t, socket.Config{MaxSockets: -1, MaxPerAddress: -1}, nil)
		for range 5 {
			d.dial()
		}
	})
}

func TestConfigNamesWhatIsWrong(t *testing.T) {
	for _, tc := range []struct {
		field string
		cfg   socket.Config
	}{
		{"IdleTimeout", socket.Config{PingEvery: time.Second, IdleTimeout: time.Second}},
		{"PingEvery", socket.Config{PingEvery: -1}},
		{"MaxGroups", socket.Config{MaxGroups: 65}},
		{"QueueBytes", socket.Config{QueueBytes: 10}},
		{"OpsPerSecond", socket.Config{OpsPerSecond: -1}},
		{"FailureDelay", socket.Config{FailureDelay: -1}},
	} {
		_, err := socket.New(tc.cfg, nil, nil, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), tc.field) {
			t.Errorf("%s: %v", tc.field, err)
		}
	}
}

// TestWhoComesEarlyWaits: who asks before Run is served once it runs, who asks after it is sent away.
func TestWhoComesEarlyWaits(t *testing.T) {
	s, err := socket.New(socket.Config{}, nil, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(ctx context.Context) int {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/chat", nil))
		return w.Code
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if code := ask(gone); code != http.StatusServiceUnavailable {
		t.Fatalf("who hung up before Run: %d", code)
	}
	early := make(chan int)
	go func() { early <- ask(t.Context()) }()
	select {
	case code := <-early:
		t.Fatalf("before Run: %d", code)
	case <-time.After(50 * time.Millisecond): // absence is the subject
	}
	stop := background(t, s.Run)
	if code := <-early; code != http.StatusBadRequest { // served: it was no WebSocket handshake
		t.Fatalf("when Run began: %d", code)
	}
	stop()
	if code := ask(t.Context()); code != http.StatusServiceUnavailable {
		t.Fatalf("after Run: %d", code)
	}
	if err := s.Run(t.Context()); err == nil || errors.Is(err, context.Canceled) {
		t.Fatalf("second Run: %v", err)
	}
}

func TestStoppingSendsEverybodyAwaySpreadOut(t *testing.T) {
	const spread = 2 * time.Second
	d := open(t, socket.Config{ReconnectSpread: spread}, nil)
	var all []*client
	for range 20 {
		all = append(all, d.guest())
	}
	stopped := make(chan struct{})
	go func() { defer close(stopped); d.stop() }()
	after := map[int64]bool{}
	for _, c := range all {
		p := c.closed("going_away", 1012)
		if !p.Reconnect || p.AfterMs < 100 || p.AfterMs > spread.Milliseconds() {
			t.Fatalf("goodbye = %+v", p)
		}
		after[p.AfterMs] = true
	}
	if len(after) < 5 {
		t.Errorf("20 clients come back at %d different moments", len(after))
	}
	<-stopped
	d.refused(http.StatusServiceUnavailable)
	if st := d.Stats(); st.Sockets != 0 || st.Writers != 0 || st.Closed["going_away"] != 20 {
		t.Fatalf("stats = %+v", st)
	}
}

func TestStoppingDoesNotWaitForTheDeaf(t *testing.T) {
	d := open(t, socket.Config{CloseTimeout: 50 * time.Millisecond}, nil)
	for range 3 {
		d.dialRaw(t) // never answers a close frame
	}
	d.await("them to be in", func() bool { return d.Stats().Sockets == 3 })
	began := time.Now()
	d.stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Fatalf("took %s", took)
	}
}

// twisted is a chat whose methods can be replaced.
type twisted struct {
	socket.Rooms
	join    func(ctx context.Context, group string, who chat.Identity, sess chat.Session, since *chat.Position) (chat.Joined, error)
	history func(ctx context.Context, group string, n int) ([]*chat.Message, error)
}

func (r *twisted) Join(ctx context.Context, group string, who chat.Identity, sess chat.Session, since *chat.Position) (chat.Joined, error) {
	if r.join != nil {
		return r.join(ctx, group, who, sess, since)
	}
	return r.Rooms.Join(ctx, group, who, sess, since)
}

func (r *twisted) History(ctx context.Context, group string, n int) ([]*chat.Message, error) {
	if r.history != nil {
		return r.history(ctx, group, n)
	}
	return r.Rooms.History(ctx, group, n)
}

func TestAPanicEndsOneConnection(t *testing.T) {
	d := open(t, socket.Config{}, func(r socket.Rooms) socket.Rooms {
		return &twisted{Rooms: r, history: func(context.Context, string, int) ([]*chat.Message, error) { panic("boom") }}
	})
	victim, other := d.member("alice"), d.member("bob")
	victim.write(object{"op": "history", "group": "demo"})
	if p := victim.closed("internal", 1011); !p.Reconnect {
		t.Fatalf("goodbye = %+v", p)
	}
	other.say("unharmed", 1)
	d.await("the victim to be gone", func() bool { return d.Stats().Sockets == 1 })
	if d.chat.Count("demo").Members != 1 || d.Stats().Panics != 1 || !strings.Contains(d.log.String(), "boom") {
		t.Fatalf("members %d, stats %+v", d.chat.Count("demo").Members, d.Stats())
	}
}

func TestUnknownErrorsStayInside(t *testing.T) {
	secret := errors.New("disk /dev/sda1 on fire")
	fails := secret
	d := open(t, socket.Config{}, func(r socket.Rooms) socket.Rooms {
		return &twisted{Rooms: r, history: func(context.Context, string, int) ([]*chat.Message, error) { return nil, fails }}
	})
	c := d.member("alice")
	if a := c.ask(object{"op": "history", "group": "demo"}); a.Code != 10002 || a.Error != "internal" || !a.Temporary || strings.Contains(a.Detail, "disk") {
		t.Fatalf("answer = %+v", a)
	}
	if !strings.Contains(d.log.String(), "on fire") {
		t.Error("the log does not know either")
	}
	fails = fmt.Errorf("ask the store: %w", context.DeadlineExceeded)
	if a := c.ask(object{"op": "history", "group": "demo"}); a.Code != 10002 || a.Error != "timeout" || !a.Temporary {
		t.Fatalf("answer = %+v", a)
	}
}

func TestTheAnswerToAJoinComesBeforeItsDeliveries(t *testing.T) {
	var d *door
	d = open(t, socket.Config{}, func(r socket.Rooms) socket.Rooms {
		return &twisted{Rooms: r, join: func(ctx context.Context, group string, who chat.Identity, sess chat.Session, since *chat.Position) (chat.Joined, error) {
			j, err := r.Join(ctx, group, who, sess, since)
			if err == nil && group == "demo" {
				_, err = d.chat.SendServer(ctx, chat.Message{Group: group, Body: []byte(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"already"}}]`)})
			}
			return j, err
		}}
	})
	c := d.dial()
	c.ok(object{"op": "auth"})
	j := c.ok(object{"op": "join", "group": "demo"})
	if len(c.pushes) != 0 || len(j.Messages) != 0 {
		t.Fatalf("before the answer: %+v; in it: %+v", c.pushes, j.Messages)
	}
	if m := c.messages(1)[0]; textOf(t, m) != "already" || m.Seq != j.Seq+1 {
		t.Fatalf("after the answer: %+v", m)
	}
}

func TestLongResumesAreCutWhenTooManyAreUnderWay(t *testing.T) {
	big := strings.Repeat("x", 8<<10)
	for _, tc := range []struct {
		name     string
		budget   int
		messages int
		complete bool
	}{
		{"room for it", 1 << 20, 40, true},
		{"no room", 1, 20, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := openChat(t, socket.Config{ReplyBytes: tc.budget, OpsPerSecond: 1000}, chat.Config{RatePerSecond: 1000, TickMin: time.Millisecond}, nil)
			alice, bob := d.member("alice"), d.dial()
			bob.ok(object{"op": "auth"})
			j := bob.ok(object{"op": "join", "group": "demo"})
			bob.ok(object{"op": "leave", "group": "demo"})
			for i := range 40 {
				alice.ok(object{"op": "send", "group": "demo", "random": i + 1, "body": text(big)})
			}
			r := bob.ok(object{"op": "join", "group": "demo", "epoch": j.Epoch, "seq": j.Seq})
			if r.Complete != tc.complete || len(r.Messages) != tc.messages || r.Messages[len(r.Messages)-1].Seq != r.Seq {
				t.Fatalf("complete %v, %d messages up to %d of %d", r.Complete, len(r.Messages), r.Messages[len(r.Messages)-1].Seq, r.Seq)
			}
			bob.ok(object{"op": "ping"})
			if cut := d.Stats().CutResumes; (cut == 1) != !tc.complete {
				t.Fatalf("%d resumes cut", cut)
			}
		})
	}
}

func TestUsersCanBeSentAway(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	first, second, other := d.member("alice"), d.member("alice"), d.member("bob")
	if n := d.chat.CloseUser("alice", chat.Closing{Reason: "kicked"}); n != 2 {
		t.Fatalf("closed %d sockets", n)
	}
	for _, c := range []*client{first, second} {
		if p := c.closed("kicked", 1008); p.Reconnect || p.AfterMs != 0 {
			t.Fatalf("goodbye = %+v", p)
		}
	}
	other.say("still here", 1)
	if n := d.chat.CloseUser("bob", chat.Closing{Reason: "something new"}); n != 1 {
		t.Fatalf("closed %d sockets", n)
	}
	other.closed("something new", 1008)
	if st := d.Stats(); st.Closed["kicked"] != 2 || st.Closed["other"] != 1 {
		t.Fatalf("stats = %+v", st)
	}
}

func TestOverTLS(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	web := httptest.NewTLSServer(d.Server)
	defer web.Close()
	dialer := websocket.Dialer{TLSClientConfig: &tls.Config{RootCAs: web.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}
	conn, resp, err := dialer.Dial("wss"+strings.TrimPrefix(web.URL, "https"), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	defer conn.Close()
	c := &client{Conn: conn, t: t}
	c.ok(object{"op": "auth", "userSig": d.sig("alice")})
	c.ok(object{"op": "join", "group": "demo"})
	var ids []int
	for i := range 10 {
		ids = append(ids, c.write(object{"op": "send", "group": "demo", "random": i + 1, "body": text(strings.Repeat("long ", 2000))}))
	}
	for _, id := range ids {
		if a := c.reply(id); a.Code != 0 {
			t.Fatalf("answer = %+v", a)
		}
	}
	for i, m := range c.messages(10) {
		if m.Seq != uint64(i+1) || len(textOf(t, m)) != 10000 {
			t.Fatalf("message %d = %d %d", i, m.Seq, len(textOf(t, m)))
		}
	}
	_ = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(patience))
	c.ends(1000)
}
