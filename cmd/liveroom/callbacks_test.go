package main

import (
	"crypto/md5" //nolint:gosec // Tencent's format
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"liveroom/status"
)

// receiver is a business backend that gets callbacks. It can leave and come back under its address.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer func(received) (int, string) // nil: 200 and {"ErrorCode":0}
}

type received struct {
	path   string
	query  url.Values
	header http.Header
	raw    string
	body   map[string]any
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		raw, _ := io.ReadAll(req.Body)
		got := received{path: req.URL.Path, query: req.URL.Query(), header: req.Header, raw: string(raw)}
		if err := json.Unmarshal(raw, &got.body); err != nil {
			t.Errorf("%s got %q: %v", got.path, raw, err)
		}
		r.mu.Lock()
		r.got = append(r.got, got)
		answer := r.answer
		r.mu.Unlock()
		code, reply := http.StatusOK, `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}`
		if answer != nil {
			code, reply = answer(got)
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, reply)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answers(f func(received) (int, string)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

// all are the requests to a path whose body, or query, has a value under a name. What came again under its id counts once.
func (r *receiver) all(path, name string, value any) []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []received
	seen := map[string]bool{}
	for _, g := range r.got {
		id := g.header.Get("Liveroom-Event-Id")
		if seen[id] {
			continue
		}
		seen[id] = id != ""
		if g.path == path && (fmt.Sprint(g.body[name]) == fmt.Sprint(value) || g.query.Get(name) == value) {
			out = append(out, g)
		}
	}
	return out
}

// wait waits for the n-th such request and returns it.
func (r *receiver) wait(t *testing.T, n int, path, name string, value any) received {
	t.Helper()
	var all []received
	eventually(t, fmt.Sprintf("request %d to %s with %s %v", n, path, name, value), func() bool {
		all = r.all(path, name, value)
		return len(all) >= n
	})
	return all[n-1]
}

// startNodeWith starts a node whose callbacks all go to the receiver, signed with these keys.
func startNodeWith(t *testing.T, r *receiver, flags ...string) *node {
	t.Helper()
	keys := []string{
		"LIVEROOM_CALLBACK_KEY=callback_key_0004", "LIVEROOM_STREAM_CALLBACK_KEY=callback_key_0005", "LIVEROOM_STATUS_CALLBACK_KEY=status_key_0006",
	}
	return startNodeIn(t, keys, append([]string{
		"--callback-private=127.0.0.0/8", "--callback-url=" + r.URL + "/im?tenant=7", "--stream-callback-url=" + r.URL + "/css",
		"--status-callback-url=" + r.URL + "/status",
	}, flags...)...)
}

// TestStreamAndStatusEvents: a backend sees each push of a real encoder begin and end, also one that another replaces and
// one that ended with the server, and each change of the room's status in order.
func TestStreamAndStatusEvents(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	n := startNodeWith(t, r)
	n.createRoom(map[string]any{"id": "r1"})
	a := n.addresses("r1").Push.RTMP

	p := push(t, a+"&x=1")
	began := r.wait(t, 1, "/css", "event_type", 1)
	n.waitStatus("r1", status.Live)
	eventually(t, "the pictures are known", func() bool {
		var in struct{ Video struct{ Width int } }
		n.call(http.MethodGet, "/api/v1/rooms/r1/ingest", nil, &in)
		return in.Video.Width == 320
	})
	p.quit()
	over := r.wait(t, 1, "/css", "event_type", 0)
	for name, want := range map[string]any{
		"stream_id": "r1", "channel_id": "r1", "appname": "live", "app": "127.0.0.1", "user_ip": "127.0.0.1", "node": "127.0.0.1", "errcode": 0., "width": 0.,
	} {
		if began.body[name] != want {
			t.Errorf("start: %s is %v, want %v", name, began.body[name], want)
		}
	}
	if param, _ := began.body["stream_param"].(string); !strings.HasPrefix(param, "txSecret=") || !strings.HasSuffix(param, "&x=1") {
		t.Errorf("stream_param %q", param)
	}
	if over.body["sequence"] != began.body["sequence"] || over.body["errcode"] != 1. || over.body["width"] != 320. || over.body["height"] != 180. {
		t.Errorf("stop: %s\nof start: %s", over.raw, began.raw)
	}
	if ms, err := strconv.Atoi(fmt.Sprint(over.body["push_duration"])); err != nil || ms <= 0 {
		t.Errorf("push_duration %v", over.body["push_duration"])
	}
	sum := md5.Sum([]byte("callback_key_0005" + strconv.FormatInt(int64(over.body["t"].(float64)), 10))) //nolint:gosec // Tencent's format
	if over.body["sign"] != hex.EncodeToString(sum[:]) {
		t.Errorf("sign %v", over.body["sign"])
	}

	push(t, a) // replaced by the next
	second := r.wait(t, 2, "/css", "event_type", 1)
	push(t, a)
	replaced := r.wait(t, 2, "/css", "event_type", 0)
	third := r.wait(t, 3, "/css", "event_type", 1)
	if replaced.body["errcode"] != 21. || replaced.body["sequence"] != second.body["sequence"] {
		t.Errorf("replaced: %s\nof start %s", replaced.raw, second.raw)
	}
	n.waitStatus("r1", status.Live)

	n.kill()
	n.start()
	lost := r.wait(t, 3, "/css", "event_type", 0)
	if lost.body["errcode"] != 5. || lost.body["sequence"] != third.body["sequence"] {
		t.Errorf("after the crash: %s\nof start %s", lost.raw, third.raw)
	}
	n.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	now := n.status("r1")
	r.wait(t, 1, "/status", "version", now.Version)
	var order []uint64
	for _, g := range r.all("/status", "type", "live_status") {
		version := uint64(g.body["version"].(float64))
		id := fmt.Sprintf("r1:%s:%d", now.Epoch, version)
		if g.body["id"] != id || g.header.Get("Liveroom-Event-Id") != id || !strings.HasPrefix(g.header.Get("Liveroom-Signature"), "v1=") {
			t.Errorf("%s: %v", g.raw, g.header)
		}
		order = append(order, version)
	}
	if !slices.IsSorted(order) || order[0] != 1 || uint64(len(order)) != now.Version {
		t.Errorf("versions %v, the newest is %d", order, now.Version)
	}
}

// decided is how a message was answered and what of it the room got.
type decided struct {
	Code          int
	Error, Detail string
	Seq           uint64
}

// TestBeforeCallback: what a backend decides about a message, at its sender, at others, in history.
func TestBeforeCallback(t *testing.T) {
	r := newReceiver(t)
	n := startNodeWith(t, r, "--callback-events=Group.CallbackBeforeSendMsg,Group.CallbackAfterSendMsg,Group.CallbackBeforeApplyJoinGroup")
	n.createRoom(map[string]any{"id": "r1"})
	alice, bob := n.enter("r1", "alice", n.userSig("alice"), nil), n.enter("r1", "bob", n.userSig("bob"), nil)
	r.answers(func(g received) (int, string) {
		if g.body["Requestor_Account"] == "mallory" {
			return 200, `{"ActionStatus":"OK","ErrorCode":1,"ErrorInfo":""}`
		}
		return verdict(g)
	})
	random := uint32(0)
	say := func(text string) (d decided) {
		t.Helper()
		random++
		if err := json.Unmarshal(alice.call(map[string]any{"op": "send", "group": "r1", "random": random, "body": textBody(text)}), &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		text, detail string
		code         int
	}{
		{"hello", "", 0},
		{"bad", "the operator's backend refused it", 10016},
		{"spam", "", 0},
		{"slow down", "slow mode: 8 s left", 10123},
		{"heck", "", 0},
	} {
		if d := say(c.text); d.Code != c.code || d.Detail != c.detail || c.code == 0 && d.Seq == 0 {
			t.Errorf("%q: %+v", c.text, d)
		}
	}
	heard := []string{"hello", "h**k"}
	eventually(t, "both have what was allowed, as it was allowed", func() bool {
		return slices.Equal(alice.texts(), heard) && slices.Equal(bob.texts(), heard)
	})
	var history []string
	for _, m := range n.enter("r1", "", "", nil).joined.Messages {
		if text := textIn(m); text != "" {
			history = append(history, text)
		}
	}
	if !slices.Equal(history, heard) {
		t.Errorf("history is %q", history)
	}
	r.wait(t, 2, "/im", "CallbackCommand", "Group.CallbackAfterSendMsg")
	var told []string
	for _, g := range r.all("/im", "CallbackCommand", "Group.CallbackAfterSendMsg") {
		told = append(told, textOf(g))
	}
	if !slices.Equal(told, heard) {
		t.Errorf("after-callbacks of %q", told)
	}
	asked := r.all("/im", "CallbackCommand", "Group.CallbackBeforeSendMsg")[0]
	sum := sha256.Sum256([]byte("callback_key_0004" + asked.query.Get("RequestTime")))
	if q := asked.query; q.Get("tenant") != "7" || q.Get("SdkAppid") != strconv.FormatUint(n.secrets.SDKAppID, 10) || q.Get("OptPlatform") != "Web" ||
		q.Get("ClientIP") != "127.0.0.1" || q.Get("Sign") != hex.EncodeToString(sum[:]) {
		t.Errorf("asked with %v", q)
	}
	mallory := dialMember(t, n.http)
	mallory.must(map[string]any{"op": "auth", "platform": "Web", "userId": "mallory", "userSig": n.userSig("mallory")}, nil)
	var d decided
	if err := json.Unmarshal(mallory.call(map[string]any{"op": "join", "group": "r1"}), &d); err != nil || d.Code != 10016 {
		t.Errorf("joining: %+v, %v", d, err)
	}
}

// TestBeforeCallbackWithoutAnswer: a backend that takes 3 s, or is not there, holds messages up for 2 s or not at all; then
// the setting says what becomes of them.
func TestBeforeCallbackWithoutAnswer(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]int{"deliver": 0, "reject": 80003} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t)
			n := startNodeWith(t, r, "--callback-events=Group.CallbackBeforeSendMsg", "--callback-on-failure="+policy)
			n.createRoom(map[string]any{"id": "r1"})
			alice := n.enter("r1", "alice", n.userSig("alice"), nil)
			say := func(random uint32) {
				t.Helper()
				var d decided
				err := json.Unmarshal(alice.call(map[string]any{"op": "send", "group": "r1", "random": random, "body": textBody("hello")}), &d)
				if err != nil || d.Code != want {
					t.Errorf("%+v, %v", d, err)
				}
			}
			hold := make(chan struct{})
			r.answers(func(received) (int, string) { <-hold; return 200, `{"ErrorCode":1}` })
			say(1)
			close(hold)
			r.Close()
			say(2)
		})
	}
}

// TestPrivateReceiversAreRefused: unless the setting allows them, nothing is asked or told at an address of the server's own
// network, and the metrics say why.
func TestPrivateReceiversAreRefused(t *testing.T) {
	r := newReceiver(t)
	n := startNode(t, "--callback-events=*,Group.CallbackBeforeSendMsg", "--callback-url="+r.URL+"/im?token=opensesame", "--status-callback-url="+strings.Replace(r.URL, "127.0.0.1", "localhost", 1))
	n.createRoom(map[string]any{"id": "r1"})
	n.enter("r1", "alice", n.userSig("alice"), nil).say("r1", "hello", 1)
	eventually(t, "the metrics say why nobody was asked", func() bool {
		return strings.Contains(n.metrics(), `liveroom_before_callbacks_undecided_total{why="private_address"}`)
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.got) != 0 {
		t.Errorf("a private receiver was reached: %+v", r.got)
	}
	if strings.Contains(n.log.String(), "opensesame") {
		t.Error("the receiver's URL is in the log")
	}
}

// textOf is the text of the message that a callback is about; empty: there is none.
func textOf(g received) string {
	raw, err := json.Marshal(g.body["MsgBody"])
	if err != nil {
		return ""
	}
	return textIn(chatMessage{Body: raw})
}

// verdict is what a backend says that looks for words.
func verdict(g received) (int, string) {
	said := textOf(g)
	if name, ok := g.body["Name"].(string); ok && said == "" {
		said = name
	}
	switch said {
	case "bad":
		return 200, `{"ActionStatus":"OK","ErrorCode":1,"ErrorInfo":"not told"}`
	case "spam":
		return 200, `{"ActionStatus":"OK","ErrorCode":2,"ErrorInfo":""}`
	case "slow down":
		return 200, `{"ActionStatus":"OK","ErrorCode":10123,"ErrorInfo":"slow mode: 8 s left"}`
	case "heck":
		return 200, `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"h**k"}}]}`
	}
	return 200, `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}`
}
