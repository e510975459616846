package socket_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"liveroom/chat"
	"liveroom/web/socket"
)

// raw is a client that writes what it likes.
type raw struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

// dialRaw makes the handshake by hand. A receive buffer above 0 is set before connecting.
func (d *door) dialRaw(t *testing.T) *raw {
	t.Helper()
	u, err := url.Parse(d.url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.DialTimeout("tcp", u.Host, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://elsewhere.example\r\n\r\n")
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("handshake: %v, %v", resp, err)
	}
	_ = resp.Body.Close()
	return &raw{Conn: conn, t: t, r: r}
}

// frame reads one frame of the server: first byte and payload.
func (c *raw) frame() (byte, []byte) {
	c.t.Helper()
	var head [2]byte
	if err := c.read(head[:]); err != nil {
		c.t.Fatalf("read a frame: %v", err)
	}
	n := uint64(head[1])
	switch n {
	case 126:
		var b [2]byte
		_ = c.read(b[:])
		n = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		_ = c.read(b[:])
		n = binary.BigEndian.Uint64(b[:])
	}
	payload := make([]byte, n)
	if err := c.read(payload); err != nil {
		c.t.Fatalf("read %d bytes of a frame: %v", n, err)
	}
	return head[0], payload
}

func (c *raw) read(b []byte) error {
	_, err := readFull(c.r, b)
	return err
}

func readFull(r *bufio.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = r.Read(b[n:])
		n += m
	}
	return n, err
}

// masked makes a frame of a client.
func masked(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n <= 125:
		b = append(b, 0x80|byte(n))
	case n <= 65535:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	key := [4]byte{1, 2, 3, 4}
	b = append(b, key[:]...)
	for i, c := range payload {
		b = append(b, c^key[i%4])
	}
	return b
}

func (c *raw) send(frames ...[]byte) {
	c.t.Helper()
	for _, f := range frames {
		if _, err := c.Write(f); err != nil {
			c.t.Fatalf("write: %v", err)
		}
	}
}

// goodbye expects the push that says why, the close frame, and the end.
func (c *raw) goodbye(reason string, code uint16) push {
	c.t.Helper()
	first, payload := c.frame()
	for first == 0x89 || first == 0x8a || bytes.HasPrefix(payload, []byte(`{"reply"`)) {
		first, payload = c.frame()
	}
	if first != 0x81 {
		c.t.Fatalf("frame %#x %q instead of a goodbye", first, payload)
	}
	p := parsePush(c.t, payload)
	if p.Push != "close" || p.Reason != reason {
		c.t.Fatalf("goodbye %s, want %s", payload, reason)
	}
	first, payload = c.frame()
	if first != 0x88 || len(payload) < 2 || binary.BigEndian.Uint16(payload) != code {
		c.t.Fatalf("close frame %#x %q, want code %d", first, payload, code)
	}
	if _, err := c.r.ReadByte(); err == nil {
		c.t.Fatal("something follows the close frame")
	}
	return p
}

func TestForgedFramesEndTheConnectionWithAReason(t *testing.T) {
	d := open(t, socket.Config{CloseTimeout: 200 * time.Millisecond}, nil)
	const text, more, last, binaryFrame = 0x81, 0x01, 0x80, 0x82
	ping := []byte(`{"id":1,"op":"ping"}`)
	half := bytes.Repeat([]byte(" "), 8<<10)
	for _, tc := range []struct {
		name   string
		frames [][]byte
		reason string
		code   uint16
	}{
		{"not masked", [][]byte{append([]byte{text, byte(len(ping))}, ping...)}, "bad_frame", 1002},
		{"reserved bits", [][]byte{masked(text|0x40, ping)}, "bad_frame", 1002},
		{"reserved opcode", [][]byte{masked(0x83, ping)}, "bad_frame", 1002},
		{"continuation of nothing", [][]byte{masked(last, ping)}, "bad_frame", 1002},
		{"text inside a fragmented text", [][]byte{masked(more, ping), masked(text, ping)}, "bad_frame", 1002},
		{"fragmented ping", [][]byte{masked(0x09, nil)}, "bad_frame", 1002},
		{"long ping", [][]byte{masked(0x89, make([]byte, 126))}, "bad_frame", 1002},
		{"bad close code", [][]byte{masked(0x88, []byte{0, 5})}, "bad_frame", 1002},
		{"binary", [][]byte{masked(binaryFrame, ping)}, "not_text", 1003},
		{"one byte too long", [][]byte{masked(text, bytes.Repeat([]byte(" "), 16<<10+1))}, "too_big", 1009},
		{"announced as huge", [][]byte{{text, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}}, "too_big", 1009},
		{"announced as negative", [][]byte{{text, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}}, "too_big", 1009},
		{"too long in fragments", [][]byte{masked(more, half), masked(0x00, half), masked(last, []byte(" "))}, "too_big", 1009},
		{"megabytes before anyone reads", [][]byte{masked(text, make([]byte, 600<<10))}, "too_big", 1009},
		{"not JSON", [][]byte{masked(text, []byte("hello"))}, "bad_frame", 1002},
		{"empty", [][]byte{masked(text, nil)}, "bad_frame", 1002},
		{"no id", [][]byte{masked(text, []byte(`{"op":"ping"}`))}, "bad_frame", 1002},
		{"not UTF-8", [][]byte{masked(text, []byte("{\"id\":1,\"op\":\"\xff\"}"))}, "bad_frame", 1002},
		{"compressed", [][]byte{masked(text|0x40, []byte{0xaa, 0x56, 0xca, 0x4c, 0x51, 0xb2, 0x32, 0x04, 0x00})}, "bad_frame", 1002},
		{"nested deep", [][]byte{masked(text, []byte(`{"id":1,"op":"ping","x":`+strings.Repeat("[", 8000)+strings.Repeat("]", 8000)+"}"))}, "bad_frame", 1002},
		{"nested deep and never closed", [][]byte{masked(text, []byte(`{"id":1,"op":"ping","x":`+strings.Repeat(`{"a":`, 3000)))}, "bad_frame", 1002},
		{"a huge first fragment", [][]byte{masked(more, bytes.Repeat([]byte(" "), 16<<10+1))}, "too_big", 1009},
		{"many small fragments", append([][]byte{masked(more, ping[:1])}, slices.Repeat([][]byte{masked(0x00, half[:2000])}, 9)...), "too_big", 1009},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := d.dialRaw(t)
			c.send(tc.frames...)
			p := c.goodbye(tc.reason, tc.code)
			if p.Detail == "" || p.Reconnect || p.AfterMs != 0 {
				t.Fatalf("goodbye = %+v", p)
			}
		})
	}
	d.await("all sockets to be gone", func() bool { return d.Stats().Sockets == 0 })
	if st := d.Stats(); st.Closed["too_big"] != 7 || st.Closed["not_text"] != 1 || st.Panics != 0 {
		t.Fatalf("stats = %+v", st)
	}
}

// What is too much for a message is refused; the connection goes on.
func TestMessagesThatAreTooMuch(t *testing.T) {
	d := open(t, socket.Config{OpsPerSecond: 1000}, nil)
	c := d.member("alice")
	for _, tc := range []struct {
		name  string
		o     object
		error string
	}{
		{"over 12 KiB", object{"body": text(strings.Repeat("x", 12<<10))}, "message_too_large"},
		{"over 12 KiB with the custom data", object{"body": text(strings.Repeat("x", 8<<10)), "cloudCustomData": strings.Repeat("y", 5<<10)}, "message_too_large"},
		{"a deep body", object{"body": json.RawMessage(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x","a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}}]`)}, "bad_parameter"},
		{"no elements", object{"body": []object{}}, "bad_parameter"},
		{"many elements", object{"body": slices.Repeat(text("x"), 21)}, "bad_parameter"},
		{"no array", object{"body": "x"}, "bad_parameter"},
	} {
		tc.o["op"], tc.o["group"] = "send", "demo"
		if a := c.ask(tc.o); a.Error != tc.error || a.Detail == "" {
			t.Errorf("%s: %+v", tc.name, a)
		}
	}
	c.say("still here", 1)
}

func TestAFloodOfJoinsIsRefusedThenEnded(t *testing.T) {
	d := open(t, socket.Config{OpsPerSecond: 0.001, OpsBurst: 20}, nil)
	c := d.dial()
	c.ok(object{"op": "auth"})
	for i := range 19 {
		if a := c.ask(object{"op": "join", "group": fmt.Sprint("none", i)}); a.Error != "no_such_group" {
			t.Fatalf("join %d: %+v", i, a)
		}
	}
	for range 20 {
		if a := c.ask(object{"op": "join", "group": "demo"}); a.Error != "too_fast" {
			t.Fatalf("answer = %+v", a)
		}
	}
	c.write(object{"op": "join", "group": "demo"})
	c.closed("too_fast", 1008)
	d.await("the flood's end", func() bool { return d.Stats().Sockets == 0 })
	if n := d.chat.Count("demo").Members; n != 0 {
		t.Errorf("%d members", n)
	}
}

// Half a frame, or half a message, and then silence or the end.
func TestHalfFramesHoldNobody(t *testing.T) {
	d := open(t, socket.Config{AuthTimeout: 300 * time.Millisecond, CloseTimeout: 100 * time.Millisecond}, nil)
	whole := masked(0x81, []byte(`{"id":1,"op":"ping"}`))
	for name, half := range map[string][]byte{
		"one byte": whole[:1], "a header": whole[:2], "half a key": whole[:4], "half a payload": whole[:12],
		"half a long header": {0x81, 0xfe, 0x10}, "a first fragment": masked(0x01, []byte(`{"id":1,`)),
	} {
		t.Run(name, func(t *testing.T) {
			silent, gone := d.dialRaw(t), d.dialRaw(t)
			silent.send(half)
			gone.send(half)
			_ = gone.Close()
			d.await("who went to be gone", func() bool { return d.Stats().Sockets == 1 })
			silent.goodbye("auth_timeout", 1008)
			_ = silent.Close()
			d.await("both to be gone", func() bool { return d.Stats().Sockets == 0 })
		})
	}
}

// A client that asks and never reads is not read either, holds little, and is cut off.
func TestWhoAsksAndNeverReadsIsCutOff(t *testing.T) {
	d := openChat(t, socket.Config{OpsPerSecond: 1e6, OpsBurst: 1e6, WriteTimeout: 300 * time.Millisecond, CloseTimeout: 100 * time.Millisecond},
		chat.Config{RatePerSecond: 1000, TickMin: time.Millisecond}, nil)
	for i := range 20 { // a history of 200 KiB
		if _, err := d.chat.SendServer(t.Context(), chat.Message{Group: "demo", Random: uint32(i + 1), Body: []byte(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"` + strings.Repeat("x", 10<<10) + `"}}]`)}); err != nil {
			t.Fatal(err)
		}
	}
	c := d.dialRaw(t)
	c.send(masked(0x81, []byte(`{"id":1,"op":"auth"}`)), masked(0x81, []byte(`{"id":2,"op":"join","group":"demo"}`)))
	asks := 0
	for ; ; asks++ {
		if _, err := c.Write(masked(0x81, []byte(`{"id":3,"op":"history","group":"demo"}`))); err != nil {
			break
		}
	}
	d.await("its end", func() bool { return d.Stats().Sockets == 0 })
	if st := d.Stats(); st.WriteFailures != 1 || st.Ops > 100 {
		t.Fatalf("of %d asked: %+v", asks, st)
	}
}

func TestFragmentsPingsAndLongFramesAreLegal(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	c := d.dialRaw(t)
	whole := []byte(`{"id":5,"op":"ping"}`)
	c.send(masked(0x01, whole[:4]), masked(0x89, []byte("are you there")), masked(0x00, nil), masked(0x80, whole[4:]))
	if first, payload := c.frame(); first != 0x8a || string(payload) != "are you there" {
		t.Fatalf("pong = %#x %q", first, payload)
	}
	if _, payload := c.frame(); !bytes.HasPrefix(payload, []byte(`{"reply":5,"code":0`)) {
		t.Fatalf("answer = %s", payload)
	}
	longest := append(bytes.Repeat([]byte(" "), 16<<10-len(whole)), whole...)
	c.send(masked(0x81, longest))
	if _, payload := c.frame(); !bytes.HasPrefix(payload, []byte(`{"reply":5,"code":0`)) {
		t.Fatalf("answer to the longest frame = %s", payload)
	}
	c.send(masked(0x88, []byte{0x03, 0xe8}))
	if first, payload := c.frame(); first != 0x88 || string(payload) != "\x03\xe8" {
		t.Fatalf("close frame = %#x %q", first, payload)
	}
	if _, err := c.r.ReadByte(); err == nil {
		t.Fatal("the connection stays open")
	}
}

func TestIDsNeedNotDiffer(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	c := d.dialRaw(t)
	for range 3 {
		c.send(masked(0x81, []byte(`{"id":9,"op":"ping"}`)))
	}
	for range 3 {
		if _, payload := c.frame(); !bytes.HasPrefix(payload, []byte(`{"reply":9,"code":0`)) {
			t.Fatalf("answer = %s", payload)
		}
	}
}

// drip writes a byte of a frame now and then, until the connection is closed. The frame never ends.
func drip(c net.Conn, done <-chan struct{}) {
	_, _ = c.Write([]byte{0x81, 0x80 | 126, 0x3f, 0xff, 1, 2, 3, 4})
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			if _, err := c.Write([]byte{1}); err != nil {
				return
			}
		}
	}
}

func TestDrippingBytesGainsNoTime(t *testing.T) {
	d := open(t, socket.Config{
		AuthTimeout: 150 * time.Millisecond, PingEvery: 10 * time.Second, IdleTimeout: 10*time.Second + 300*time.Millisecond, CloseTimeout: 100 * time.Millisecond,
	}, nil)
	c := d.dialRaw(t)
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() { defer close(stopped); drip(c, done) }()
	c.goodbye("auth_timeout", 1008)
	close(done)
	<-stopped
}

func TestPingsDoNotPutOffAuth(t *testing.T) {
	d := open(t, socket.Config{AuthTimeout: 100 * time.Millisecond, OpsPerSecond: 1e6, CloseTimeout: 100 * time.Millisecond}, nil)
	c := d.dialRaw(t)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			if _, err := c.Write(masked(0x89, nil)); err != nil {
				return
			}
			if _, err := c.Write(masked(0x81, []byte(`{"id":1,"op":"ping"}`))); err != nil {
				return
			}
		}
	}()
	c.goodbye("auth_timeout", 1008)
	_ = c.Close()
	<-stopped
}

func TestASilentClientIsPingedThenGone(t *testing.T) {
	d := open(t, socket.Config{PingEvery: 100 * time.Millisecond, IdleTimeout: time.Second, CloseTimeout: 50 * time.Millisecond}, nil)
	lively, dead := d.guest(), d.guest()
	pings := 0
	lively.SetPingHandler(func(data string) error {
		pings++
		return lively.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(patience))
	})
	dead.SetPingHandler(func(string) error { return nil })
	died := make(chan struct{})
	go func() {
		defer close(died)
		if p := dead.closed("idle", 1001); !p.Reconnect {
			t.Errorf("goodbye = %+v", p)
		}
	}()
	// Only pongs keep the lively one, for several idle timeouts.
	outlived := time.AfterFunc(2200*time.Millisecond, func() {
		_ = d.chat.SetNotice(context.Background(), "demo", chat.Identity{User: "administrator", Admin: true}, "hello")
	})
	defer outlived.Stop()
	for items := lively.batch(); items[len(items)-1].Event != "notice"; {
		items = lively.batch()
	}
	if pings < 3 {
		t.Fatalf("pinged %d times", pings)
	}
	<-died
}

func TestWhoSendsTooFastIsToldThenSentAway(t *testing.T) {
	d := open(t, socket.Config{OpsPerSecond: 0.001, OpsBurst: 3}, nil)
	c := d.dial()
	for range 3 {
		c.ok(object{"op": "ping"})
	}
	for range 3 {
		if a := c.ask(object{"op": "ping"}); a.Code != 10006 || a.Error != "too_fast" || !a.Temporary {
			t.Fatalf("answer = %+v", a)
		}
	}
	c.write(object{"op": "ping"})
	if p := c.closed("too_fast", 1008); !p.Reconnect || p.AfterMs <= 0 {
		t.Fatalf("goodbye = %+v", p)
	}
	flood := d.dialRaw(t)
	flood.send(bytes.Repeat(masked(0x89, nil), 20))
	flood.goodbye("too_fast", 1008)
}

func TestFailedLoginsAreSlowedThenUnheard(t *testing.T) {
	const delay = 40 * time.Millisecond
	d := open(t, socket.Config{FailureDelay: delay, FailuresPerMinute: 4}, nil)
	wrong := object{"op": "auth", "userId": "alice", "userSig": d.sig("bob")}
	c := d.dial()
	for i, want := range []time.Duration{delay, 2 * delay, 4 * delay} {
		began := time.Now()
		if a := c.ask(wrong); a.Code != 70013 {
			t.Fatalf("login %d: %+v", i, a)
		}
		if took := time.Since(began); took < want {
			t.Fatalf("login %d was answered after %s, want %s", i, took, want)
		}
	}
	c.closed("auth_failed", 1008)

	again := d.dial()
	if a := again.ask(wrong); a.Code != 70013 {
		t.Fatalf("fourth: %+v", a)
	}
	if a := again.ask(object{"op": "auth", "userId": "alice", "userSig": d.sig("alice")}); a.Code != 70050 || !a.Temporary {
		t.Fatalf("after four failures a good login: %+v", a)
	}
	again.ok(object{"op": "auth"}) // guests are still welcome
	if st := d.Stats(); st.FailedLogins != 4 || st.LockedOut != 1 {
		t.Fatalf("stats = %+v", st)
	}
}

func TestUpgradeRefusals(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	resp, err := http.Get("http" + strings.TrimPrefix(d.url, "ws"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	_, _ = b.ReadFrom(resp.Body)
	if resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(b.String(), `"code":"bad_upgrade"`) {
		t.Fatalf("%s %s", resp.Status, b.String())
	}
}

// A client that was told to go does not stay by sending pongs.
func TestPongsDoNotKeepAClosedConnection(t *testing.T) {
	d := open(t, socket.Config{CloseTimeout: 300 * time.Millisecond}, nil)
	c := d.dialRaw(t)
	c.send(masked(0x82, []byte("binary"))) // not understood: the server says goodbye
	gone := time.Now().Add(3 * time.Second)
	for {
		if _, err := c.Write(masked(0x8a, nil)); err != nil {
			return // closed
		}
		if time.Now().After(gone) {
			t.Fatal("the connection is still open")
		}
		<-time.After(50 * time.Millisecond)
	}
}

// Pongs count as frames: nobody needs more of them than pings.
func TestPongsHaveARate(t *testing.T) {
	d := open(t, socket.Config{OpsPerSecond: 1, OpsBurst: 20}, nil)
	c := d.dialRaw(t)
	for range 100 {
		if _, err := c.Write(masked(0x8a, nil)); err != nil {
			break // sent away already
		}
	}
	d.await("the client is sent away", func() bool { return d.Stats().Sockets == 0 })
	if d.Stats().TooFast == 0 {
		t.Error("nothing counted")
	}
}
