package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestFramesOfAServer(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 70_000)
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 70_000} {
		b := serverFrame(long[:size])
		for cut := range min(len(b), 12) {
			if _, n, err := parseFrame(b[:cut]); n != 0 || err != nil {
				t.Fatalf("%d bytes of a frame of %d: %d, %v", cut, size, n, err)
			}
		}
		f, n, err := parseFrame(append(b, "rest"...))
		if err != nil || n != len(b) || !f.fin || f.op != wsText || len(f.payload) != size {
			t.Errorf("size %d: %d of %d, %v, %v", size, n, len(b), f.op, err)
		}
	}
	for name, b := range map[string][]byte{
		"masked": {0x81, 0x80, 0, 0, 0, 0}, "compressed": {0xc1, 0}, "endless": {0x81, 127, 0x7f, 0, 0, 0, 0, 0, 0, 0},
	} {
		if _, _, err := parseFrame(b); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestStampsOfABatch(t *testing.T) {
	at := time.Now().UnixNano()
	text := string(appendStamp(nil, at))
	message := func(seq int, text string) string {
		return fmt.Sprintf(`{"type":"message","seq":%d,"from":"a","body":[{"MsgContent":{"Text":"%s and more"}}]}`, seq, text)
	}
	batch := `{"push":"batch","group":"g","items":[` + strings.Join([]string{
		message(7, text), `{"type":"event","event":"count","version":1,"data":{}}`, message(8, "somebody else's"), message(12, text[:20]), message(13, text),
	}, ",") + `]}`
	want := []item{{7, at}, {8, 0}, {12, 0}, {13, at}}
	var m memo
	for range 2 * remembered { // read once, then remembered
		if got := m.items([]byte(batch)); !slices.Equal(got, want) {
			t.Fatalf("items %v, want %v", got, want)
		}
		m.items(fmt.Appendf(nil, `{"push":"batch","items":[%s]}`, message(1, text)))
	}
	if got := appendItems(nil, []byte(`{"push":"batch","items":[]}`)); len(got) != 0 {
		t.Errorf("nothing is %v", got)
	}
}

func TestSeenNumbers(t *testing.T) {
	s := seen{base: 100}
	for _, c := range []struct {
		seq       uint64
		fresh, ok bool
	}{{101, true, true}, {101, false, true}, {100, false, false}, {5, false, false}, {300, true, true}, {200, true, true}, {1 << 60, false, false}} {
		if fresh, ok := s.add(c.seq); fresh != c.fresh || ok != c.ok {
			t.Errorf("%d: %v, %v", c.seq, fresh, ok)
		}
	}
	for seq, want := range map[uint64]bool{101: true, 102: false, 200: true, 300: true, 100: false, 99: false, 1 << 40: false} {
		if s.has(seq) != want {
			t.Errorf("has %d: %v", seq, !want)
		}
	}
}

// fakeChat speaks as much of the protocol as the load needs, and spoils deliveries as spoil says: 0 leaves a message out,
// 2 sends it twice, -1 holds it back until after the next.
type fakeChat struct {
	mu    sync.Mutex
	seq   int
	conns map[net.Conn]int // where listeners are in the list of joins; senders are 0
	spoil func(listener, seq int) int
	held  map[net.Conn][]byte
	cut   int // close everybody once after this many messages
}

func (f *fakeChat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, in, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"))
	for {
		p, err := clientFrame(in.Reader)
		if err != nil {
			return
		}
		text := string(p)
		id := numberOf(p, `"id":`)
		switch {
		case strings.Contains(text, `"op":"auth"`):
			_, _ = conn.Write(serverFrame(fmt.Appendf(nil, `{"reply":%d,"code":0,"session":"s"}`, id)))
		case strings.Contains(text, `"op":"join"`):
			f.mu.Lock()
			f.conns[conn] = len(f.conns)
			_, _ = conn.Write(serverFrame(fmt.Appendf(nil, `{"reply":%d,"code":0,"group":"g","epoch":"e","seq":%d,"complete":true,"messages":[]}`, id, f.seq)))
			f.mu.Unlock()
			defer func() { f.mu.Lock(); defer f.mu.Unlock(); delete(f.conns, conn) }()
		case strings.Contains(text, `"op":"send"`):
			f.deliver(text, conn, id)
		}
	}
}

func (f *fakeChat) deliver(text string, from net.Conn, id uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seq++
	body := text[strings.Index(text, `"body":`) : len(text)-1]
	frame := serverFrame(fmt.Appendf(nil, `{"push":"batch","group":"g","items":[{"type":"message","seq":%d,%s}]}`, f.seq, body))
	for conn, place := range f.conns {
		times := 1
		if f.spoil != nil && conn != from {
			times = f.spoil(place, f.seq)
		}
		if times < 0 {
			f.held[conn] = frame
			continue
		}
		for range times {
			_, _ = conn.Write(frame)
		}
		_, _ = conn.Write(f.held[conn])
		delete(f.held, conn)
		if f.cut == f.seq && conn != from {
			_ = conn.Close()
		}
	}
	_, _ = from.Write(serverFrame(fmt.Appendf(nil, `{"reply":%d,"code":0,"time":1,"seq":%d,"fate":"delivered"}`, id, f.seq)))
}

func serverFrame(p []byte) []byte {
	b := appendFrame(nil, wsText, p)
	head := len(b) - len(p)
	b = append(b[:head-4], p...)
	b[1] &= 0x7f
	return b
}

func clientFrame(in *bufio.Reader) ([]byte, error) {
	head, err := in.Peek(2)
	if err != nil {
		return nil, err
	}
	size, skip := int(head[1]&0x7f), 6
	if size == 126 {
		if head, err = in.Peek(4); err != nil {
			return nil, err
		}
		size, skip = int(head[2])<<8|int(head[3]), 8
	}
	p := make([]byte, skip+size)
	for n := 0; n < len(p); {
		k, err := in.Read(p[n:])
		if err != nil {
			return nil, err
		}
		n += k
	}
	return p[skip:], nil
}

func runFake(t *testing.T, f *fakeChat, change func(*ChatPlan)) ChatReport {
	t.Helper()
	f.conns, f.held = map[net.Conn]int{}, map[net.Conn][]byte{}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: f, ReadHeaderTimeout: time.Second}
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Serve(ln) })
	defer wg.Wait()
	defer func() { _ = srv.Close() }()
	plan := ChatPlan{
		Address: "ws://" + ln.Addr().String() + "/chat", Rooms: []ChatRoom{{Group: "g", Senders: []ChatSender{{User: "u", UserSig: "s"}}}},
		Connections: 8, Rate: 20, Duration: time.Second, Warm: 50 * time.Millisecond, Sources: 2,
	}
	if change != nil {
		change(&plan)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := RunChat(ctx, plan)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := r.Write(&text); err != nil || !strings.Contains(text.String(), "delivered: ") {
		t.Errorf("%v: %s", err, text.String())
	}
	t.Log(text.String())
	return r
}

// A tool that can't see a mistake proves nothing: each kind is made, and must be found.
func TestChatLoadFindsWhatAServerSpoils(t *testing.T) {
	t.Parallel()
	t.Run("nothing", func(t *testing.T) {
		t.Parallel()
		r := runFake(t, &fakeChat{}, nil)
		if r.Failed() || r.Joined != 8 || r.Delivered != r.Expected || r.Expected < 8*10 || r.Latency.Count == 0 || r.PerFrame != 1 || r.Senders.Taken < 10 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("lost", func(t *testing.T) {
		t.Parallel()
		r := runFake(t, &fakeChat{spoil: func(listener, seq int) int {
			if listener == 3 && seq%5 == 0 {
				return 0
			}
			return 1
		}}, nil)
		if !r.Failed() || r.Lost < 2 || r.Lost > 6 || r.Expected-r.Delivered != r.Lost || r.Doubled+r.Disordered != 0 {
			t.Errorf("lost %d of %d, doubled %d, out of order %d", r.Lost, r.Expected, r.Doubled, r.Disordered)
		}
	})
	t.Run("doubled", func(t *testing.T) {
		t.Parallel()
		r := runFake(t, &fakeChat{spoil: func(listener, seq int) int { return 1 + seq%2 }}, nil)
		if !r.Failed() || r.Lost != 0 || r.Doubled < 8*5 || r.Disordered != 0 {
			t.Errorf("lost %d, doubled %d, out of order %d", r.Lost, r.Doubled, r.Disordered)
		}
	})
	t.Run("out of order", func(t *testing.T) {
		t.Parallel()
		r := runFake(t, &fakeChat{spoil: func(listener, seq int) int {
			if listener == 2 && seq%4 == 0 {
				return -1
			}
			return 1
		}}, nil)
		if !r.Failed() || r.Doubled != 0 || r.Disordered < 2 {
			t.Errorf("lost %d, doubled %d, out of order %d", r.Lost, r.Doubled, r.Disordered)
		}
	})
	t.Run("closed", func(t *testing.T) {
		t.Parallel()
		r := runFake(t, &fakeChat{cut: 8}, nil)
		if !r.Failed() || r.Closed != 8 || r.LostAway == 0 || len(r.Reasons) == 0 || r.Reasons[0].Code != codeClosed {
			t.Errorf("closed %d, lost %d, %+v", r.Closed, r.LostAway, r.Reasons)
		}
	})
	t.Run("closed, and back", func(t *testing.T) {
		t.Parallel()
		r := runFake(t, &fakeChat{cut: 8}, func(p *ChatPlan) { p.Reconnect, p.Duration = true, 2*time.Second })
		if r.Closed != 8 || r.Rejoined != 8 || r.Outage <= 0 || r.Lost == 0 { // this server keeps nothing for them
			t.Errorf("closed %d, rejoined %d, outage %v, lost %d", r.Closed, r.Rejoined, r.Outage, r.Lost)
		}
	})
	t.Run("slow", func(t *testing.T) {
		t.Parallel()
		r := runFake(t, &fakeChat{}, func(p *ChatPlan) { p.Slow = .25 })
		s := r.Slow
		if r.Failed() || s == nil || s.Listeners != 2 || s.Delivered != s.Expected || s.Before.Count == 0 || s.During.Count == 0 || s.After.Count == 0 || s.Own.Max < 100 {
			t.Errorf("%+v", s)
		}
	})
}

// TestWindowMovesUnderWay: what was sent while the window's bounds were on their way counts as it did when it was sent, or
// answers would be missing that came, and others come that nobody waits for.
func TestWindowMovesUnderWay(t *testing.T) {
	room := &chatRoom{group: "g"}
	run := &chatRun{window: newWindow(), rooms: []*chatRoom{room}, listeners: &listeners{}, plan: ChatPlan{Rooms: []ChatRoom{{Group: "g"}}}}
	all := &sending{run: run}
	run.sending = all
	conn, server := net.Pipe()
	defer conn.Close()
	go func() { _, _ = io.Copy(io.Discard, server) }()
	s := &sender{all: all, room: room, conn: conn, next: 1, pending: map[uint64]underWay{}}
	begin := time.Now()
	s.send(begin)
	run.window.from.Store(begin.UnixNano())
	s.send(begin)
	end := time.Now()
	s.send(end)
	s.send(end)
	run.window.to.Store(end.UnixNano())
	s.send(end)
	for id := range 5 {
		s.answer(fmt.Appendf(nil, `{"reply":%d,"code":0,"seq":%d}`, id+1, id+1))
	}
	if r := run.report(false).Senders; r.Sent != 3 || r.Taken != 3 || r.Unanswered != 0 || r.Answer.Count != 3 {
		t.Errorf("of three messages of the window: %+v", r)
	}
}

func TestChatPlanIsChecked(t *testing.T) {
	good := ChatPlan{Address: "ws://h/chat", Rooms: []ChatRoom{{Group: "g", Senders: make([]ChatSender, 1)}}, Connections: 1, Rate: 1}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string]func(*ChatPlan){
		"ws://":       func(p *ChatPlan) { p.Address = "wss://h/chat" },
		"rooms":       func(p *ChatPlan) { p.Rooms = nil },
		"connections": func(p *ChatPlan) { p.Connections = 0 },
		"rate":        func(p *ChatPlan) { p.Rate = -1 },
		"size":        func(p *ChatPlan) { p.Size = 10 },
		"slow":        func(p *ChatPlan) { p.Slow = 2 },
		"duration":    func(p *ChatPlan) { p.Duration = time.Millisecond },
		"nobody":      func(p *ChatPlan) { p.Rooms = []ChatRoom{{Group: "g"}} },
		"sources":     func(p *ChatPlan) { p.Sources = 1000 },
	} {
		p := good
		change(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}
