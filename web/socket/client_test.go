package socket_test

import (
	"encoding/json"
	"net"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"liveroom/chat"
)

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
