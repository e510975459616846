package socket_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/chat/file"
	"liveroom/chat/like"
	"liveroom/web/socket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = time.Minute

var signer = account.Signer{AppID: 1400000000, Key: "a key of the tests"}

// door is a running server with a chat behind it.
type door struct {
	*socket.Server
	t        *testing.T
	chat     *chat.Service
	accounts *account.Service
	files    *file.Service // gives addresses; takes nothing in
	url      string
	likes    *like.Service // not running: nothing is shown
	log      *lockedBuffer
	stop     func() // ends Run and waits
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// open starts a server. Rooms wraps the chat if it is not nil.
func open(t *testing.T, cfg socket.Config, wrap func(socket.Rooms) socket.Rooms) *door {
	t.Helper()
	return openChat(t, cfg, chat.Config{TickMin: 5 * time.Millisecond, CountEvery: time.Hour}, wrap)
}

func openChat(t *testing.T, cfg socket.Config, chatCfg chat.Config, wrap func(socket.Rooms) socket.Rooms) *door {
	t.Helper()
	return openStore(t, cfg, chatCfg, chat.NewMemory(), wrap)
}

func openStore(t *testing.T, cfg socket.Config, chatCfg chat.Config, store chat.Store, wrap func(socket.Rooms) socket.Rooms) *door {
	t.Helper()
	d := &door{t: t, log: &lockedBuffer{}}
	log := slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if d.chat, err = chat.New(chatCfg, store, log); err != nil {
		t.Fatal(err)
	}
	renamed := func(a account.Account) { d.chat.Renamed(a.User, a.Nick, a.Avatar) }
	if d.accounts, err = account.New(account.Config{Signer: signer, Renamed: renamed}, account.NewMemory(), log); err != nil {
		t.Fatal(err)
	}
	if d.files, err = file.New(file.Config{Key: []byte("a key of the tests"), PublicURL: "http://h"}, d.chat, file.NewMemory(), file.NewMemoryBlobs(), log); err != nil {
		t.Fatal(err)
	}
	cfg.Files = d.files
	if d.likes, err = like.New(like.Config{Flush: 10 * time.Millisecond}, d.chat, like.NewMemory(), log); err != nil {
		t.Fatal(err)
	}
	cfg.Likes = d.likes
	var rooms socket.Rooms = d.chat
	if wrap != nil {
		rooms = wrap(rooms)
	}
	if d.Server, err = socket.New(cfg, rooms, d.accounts, log); err != nil {
		t.Fatal(err)
	}
	chatStop := background(t, d.chat.Run)
	d.stop = background(t, d.Run)
	web := httptest.NewServer(d.Server)
	d.url = "ws" + strings.TrimPrefix(web.URL, "http") + "/chat"
	t.Cleanup(func() {
		d.stop()
		chatStop()
		web.Close()
	})
	d.group("demo", "")
	d.await("the server to be open", func() bool {
		c, resp, err := websocket.DefaultDialer.Dial(d.url, nil)
		if resp != nil {
			_ = resp.Body.Close()
		}
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	d.await("the probe to be gone", func() bool { return d.Stats().Sockets == 0 })
	return d
}

// background runs f until the returned function is called, which waits for its end.
func background(t *testing.T, f func(context.Context) error) func() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
	})
}

func (d *door) group(id, owner string) {
	d.t.Helper()
	if err := d.chat.Create(d.t.Context(), chat.Group{ID: id, Room: id, Owner: owner, Name: id, CreatedAt: time.Now()}); err != nil {
		d.t.Fatal(err)
	}
}

// await polls for what happens in another goroutine and leaves no other trace.
func (d *door) await(what string, ready func() bool) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			d.t.Fatalf("waited in vain for %s", what)
		}
	}
}

func (d *door) sig(user string) string {
	d.t.Helper()
	sig, err := signer.Sign(user, time.Now(), time.Hour)
	if err != nil {
		d.t.Fatal(err)
	}
	return sig
}

// client is a foreign client: of a WebSocket, or of a stream.
type client struct {
	*websocket.Conn
	stream *events // not nil: instead of Conn
	t      testing.TB
	id     int
	pushes []push // read while waiting for a reply
}

type object map[string]any

type push struct {
	Push      string `json:"push"`
	Group     string `json:"group"`
	Items     []item `json:"items"`
	Reason    string `json:"reason"`
	Type      string `json:"type"`
	Detail    string `json:"detail"`
	By        string `json:"by"`
	Until     int64  `json:"until"`
	Reconnect bool   `json:"reconnect"`
	AfterMs   int64  `json:"afterMs"`
}

type item struct {
	Type            string          `json:"type"`
	Seq             uint64          `json:"seq"`
	Time            int64           `json:"time"`
	From            string          `json:"from"`
	Nick            string          `json:"nick"`
	Priority        string          `json:"priority"`
	Random          uint32          `json:"random"`
	Body            json.RawMessage `json:"body"`
	CloudCustomData string          `json:"cloudCustomData"`
	Degraded        bool            `json:"degraded"`
	Event           string          `json:"event"`
	Version         uint64          `json:"version"`
	Data            json.RawMessage `json:"data"`
}

type answer struct {
	Reply     *int   `json:"reply"`
	Code      int    `json:"code"`
	Error     string `json:"error"`
	Detail    string `json:"detail"`
	Field     string `json:"field"`
	Temporary bool   `json:"temporary"`

	Session     string            `json:"session"`
	User        string            `json:"user"`
	Nick        string            `json:"nick"`
	Avatar      string            `json:"avatar"`
	Protocol    int               `json:"protocol"`
	Anonymous   bool              `json:"anonymous"`
	ServerTime  int64             `json:"serverTime"`
	PingSeconds float64           `json:"pingSeconds"`
	Group       string            `json:"group"`
	Role        string            `json:"role"`
	Epoch       string            `json:"epoch"`
	Seq         uint64            `json:"seq"`
	Complete    bool              `json:"complete"`
	Attributes  map[string]string `json:"attributes"`
	Counters    json.RawMessage   `json:"counters"`
	Version     uint64            `json:"version"`
	Versions    map[string]uint64 `json:"versions"`
	Fields      map[string]string `json:"fields"`
	Notice      string            `json:"notice"`
	Count       chat.Count        `json:"count"`
	Messages    []item            `json:"messages"`
	Time        int64             `json:"time"`
	Fate        string            `json:"fate"`
	Scope       string            `json:"scope"`
	Degraded    bool              `json:"degraded"`

	Body            json.RawMessage `json:"body"`
	CloudCustomData *string         `json:"cloudCustomData"`

	Accepted  int  `json:"accepted"`
	Likes     int  `json:"likes"`
	Following bool `json:"following"`
	Followers int  `json:"followers"`

	Until int64      `json:"until"`
	Mute  mute       `json:"mute"`
	Mutes []sanction `json:"mutes"`
	Bans  []sanction `json:"bans"`
	Next  string     `json:"next"`

	FileID string `json:"id"`
	URL    string `json:"url"`
	Put    struct {
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
	} `json:"put"`
}

type mute struct {
	All   bool  `json:"all"`
	Until int64 `json:"until"`
}

type sanction struct {
	User, By, Reason string
	Until, Time      int64
	Addresses        int
}

func (d *door) dial() *client { return dial(d.t, d.url) }

func dial(t testing.TB, url string) *client {
	t.Helper()
	dialer := websocket.Dialer{HandshakeTimeout: patience, NetDial: func(network, addr string) (net.Conn, error) {
		return net.DialTimeout(network, addr, patience)
	}}
	conn, resp, err := dialer.Dial(url, nil)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	_ = resp.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	return &client{Conn: conn, t: t}
}

// member dials, signs in and joins demo.
func (d *door) member(user string) *client {
	d.t.Helper()
	c := d.dial()
	c.ok(object{"op": "auth", "userId": user, "userSig": d.sig(user)})
	c.ok(object{"op": "join", "group": "demo"})
	return c
}

// guest dials and joins demo without an account.
func (d *door) guest() *client {
	d.t.Helper()
	c := d.dial()
	c.ok(object{"op": "auth"})
	c.ok(object{"op": "join", "group": "demo"})
	return c
}

// frame reads one text frame.
func (c *client) frame() []byte {
	c.t.Helper()
	if c.stream != nil {
		return c.stream.message(c.t)
	}
	_ = c.SetReadDeadline(time.Now().Add(patience))
	kind, raw, err := c.ReadMessage()
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	if kind != websocket.TextMessage {
		c.t.Fatalf("a frame of kind %d", kind)
	}
	return raw
}

// write sends an object with the next id, which it returns.
func (c *client) write(o object) int {
	c.t.Helper()
	c.id++
	o["id"] = c.id
	if c.stream != nil {
		c.stream.post(c.t, o)
	} else if err := c.WriteJSON(o); err != nil {
		c.t.Fatalf("write: %v", err)
	}
	return c.id
}

// ask sends an op and returns its answer; pushes that come before are kept.
func (c *client) ask(o object) answer {
	c.t.Helper()
	return c.reply(c.write(o))
}

func (c *client) reply(id int) answer {
	c.t.Helper()
	for {
		raw := c.frame()
		var a answer
		if err := json.Unmarshal(raw, &a); err != nil {
			c.t.Fatalf("%v in %s", err, raw)
		}
		if a.Reply == nil {
			c.pushes = append(c.pushes, parsePush(c.t, raw))
			continue
		}
		if *a.Reply != id {
			c.t.Fatalf("reply to %d, want %d: %s", *a.Reply, id, raw)
		}
		return a
	}
}

func parsePush(t testing.TB, raw []byte) push {
	t.Helper()
	var p push
	if err := json.Unmarshal(raw, &p); err != nil || p.Push == "" {
		t.Fatalf("%v in %s", err, raw)
	}
	return p
}

// ok asks and expects success.
func (c *client) ok(o object) answer {
	c.t.Helper()
	a := c.ask(o)
	if a.Code != 0 {
		c.t.Fatalf("%v: %+v", o, a)
	}
	return a
}

// push returns the next push.
func (c *client) push() push {
	c.t.Helper()
	if len(c.pushes) > 0 {
		p := c.pushes[0]
		c.pushes = c.pushes[1:]
		return p
	}
	return parsePush(c.t, c.frame())
}

// batch returns the items of the next batch.
func (c *client) batch() []item {
	c.t.Helper()
	p := c.push()
	if p.Push != "batch" {
		c.t.Fatalf("push %+v, want a batch", p)
	}
	return p.Items
}

// messages reads until it has n messages.
func (c *client) messages(n int) []item {
	c.t.Helper()
	var all []item
	for len(all) < n {
		for _, it := range c.batch() {
			if it.Type == "message" {
				all = append(all, it)
			}
		}
	}
	return all
}

// closed reads the goodbye and the close frame.
func (c *client) closed(reason string, code int) push {
	c.t.Helper()
	for {
		p := c.push()
		if p.Push != "close" {
			continue
		}
		if p.Reason != reason {
			c.t.Fatalf("closed for %q (%s), want %q", p.Reason, p.Detail, reason)
		}
		c.ends(code)
		return p
	}
}

// ends expects a close frame as the next thing, or the end of a stream.
func (c *client) ends(code int) {
	c.t.Helper()
	if c.stream != nil {
		c.stream.over(c.t)
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(patience))
	_, raw, err := c.ReadMessage()
	if !websocket.IsCloseError(err, code) {
		c.t.Fatalf("after the goodbye: %s, %v, want close %d", raw, err, code)
	}
}

// text is the body of a text message.
func text(s string) []object {
	return []object{{"MsgType": "TIMTextElem", "MsgContent": object{"Text": s}}}
}

func (c *client) say(s string, random int) answer {
	c.t.Helper()
	return c.ok(object{"op": "send", "group": "demo", "random": random, "body": text(s)})
}

func textOf(t testing.TB, it item) string {
	t.Helper()
	var body []struct{ MsgContent struct{ Text string } }
	if err := json.Unmarshal(it.Body, &body); err != nil || len(body) == 0 {
		t.Fatalf("%v in %s", err, it.Body)
	}
	return body[0].MsgContent.Text
}
