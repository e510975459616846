package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"liveroom/web/im/client"
)

// What follows are the backends of docs/recipes.md, as that shows them (TestRecipesShowTheirCode).

// business answers callbacks: each by what it does on their command, others with 0.
type business struct {
	appID, token string
	on           map[string]func(ctx context.Context, cb incoming) int

	mu   sync.Mutex
	done map[string]bool // ids of events; a real backend keeps those of the last days in its database
}

func (b *business) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("SdkAppid") != b.appID || !b.signed(q.Get("RequestTime"), q.Get("Sign")) {
		http.Error(w, "who are you?", http.StatusForbidden)
		return
	}
	cb := incoming{Platform: q.Get("OptPlatform")}
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&cb); err != nil {
		http.Error(w, "not JSON", http.StatusBadRequest)
		return
	}
	code := b.once(r.Header.Get("Liveroom-Event-Id"), func() int {
		if do := b.on[cb.Command]; do != nil {
			return do(r.Context(), cb)
		}
		return allow
	})
	if code == later {
		http.Error(w, "tell me again", http.StatusServiceUnavailable)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": code})
}

// once does what an event asks for, unless that is done. Before-callbacks, and Tencent's, have no id, and come once.
func (b *business) once(id string, do func() int) int {
	if id == "" {
		return do()
	}
	b.mu.Lock() // one at a time: a repeat waits to see what became of the first
	defer b.mu.Unlock()
	if b.done[id] {
		return allow
	}
	code := do()
	b.done[id] = code != later
	return code
}

// signed says whether a callback was signed with our token within the last minute.
func (b *business) signed(at, sign string) bool {
	sum := sha256.Sum256([]byte(b.token + at))
	unix, err := strconv.ParseInt(at, 10, 64)
	return err == nil && time.Since(time.Unix(unix, 0)).Abs() < time.Minute &&
		subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(sign)) == 1
}

// incoming is what the recipes read of a callback.
type incoming struct {
	Command  string `json:"CallbackCommand"`
	Platform string `json:"-"` // OptPlatform of the address
	Time     int64  `json:"EventTime"`
	Group    string `json:"GroupId"`
	From     string `json:"From_Account"`
	ID       string `json:"MsgId"`
	Seq      uint64 `json:"MsgSeq"`
	Body     []elem `json:"MsgBody"`
	ExitType string
	Left     []struct {
		User string `json:"Member_Account"`
	} `json:"ExitMemberList"`
	State struct {
		Action string
		User   string `json:"To_Account"`
	} `json:"Info"`
	Replaced []any `json:"KickedDevice"`
}

// elem is a text or custom element of a message.
type elem struct {
	MsgType    string
	MsgContent struct{ Text, Data string }
}

// order is what the clients of this application write into custom messages.
type order struct {
	Type    string `json:"type"`
	User    string `json:"user,omitempty"`
	Group   string `json:"group,omitempty"`
	Seconds int    `json:"seconds,omitempty"`
	Count   int64  `json:"count,omitempty"`
}

// order is that of the message's custom element; of another message an empty one.
func (cb incoming) order() (o order) {
	for _, e := range cb.Body {
		if e.MsgType == "TIMCustomElem" {
			_ = json.Unmarshal([]byte(e.MsgContent.Data), &o) // of another application: empty
		}
	}
	return o
}

// elements is a MsgBody of one custom element.
func elements(o order) []map[string]any {
	data, _ := json.Marshal(o) // strings and numbers: never fails
	return []map[string]any{{"MsgType": "TIMCustomElem", "MsgContent": map[string]string{"Data": string(data)}}}
}

// What a callback may be answered with. Of an after-callback it does not matter, but for later.
const (
	allow  = 0
	refuse = 1     // the sender gets 10016
	failed = 10101 // the sender gets this; 10100 to 10200 are the application's own
	later  = -1    // not done: it is told again
)

// muteByMessage mutes whom the anchor's client names in {"type":"app_mute","user":"bob","seconds":600}. The message goes on
// into the room, where everybody can show it; nobody else's does.
func muteByMessage(im *client.Client, anchorOf func(group string) string) func(context.Context, incoming) int {
	return func(ctx context.Context, cb incoming) int {
		o := cb.order()
		switch {
		case o.Type != "app_mute":
			return allow
		case cb.From != anchorOf(cb.Group):
			return refuse
		}
		err := im.Call(ctx, "group_open_http_svc", "forbid_send_msg", map[string]any{
			"GroupId": cb.Group, "Members_Account": []string{o.User}, "MuteTime": o.Seconds,
		}, nil)
		if err != nil {
			return failed
		}
		return allow
	}
}

// kick tells a user's clients to leave the room, High so that it gets through; then it keeps him out, in case one does not.
func kick(ctx context.Context, im *client.Client, group, user string, seconds int) error {
	err := im.Call(ctx, "group_open_http_svc", "send_group_msg", map[string]any{
		"GroupId": group, "Random": rand.Uint32(), "MsgPriority": "High",
		"MsgBody":               elements(order{Type: "kick", User: user}),
		"ForbidCallbackControl": []string{"ForbidBeforeSendMsgCallback", "ForbidAfterSendMsgCallback"},
	}, nil)
	if err != nil {
		return err
	}
	return im.Call(ctx, "group_open_http_svc", "ban_group_member", map[string]any{
		"GroupId": group, "Members_Account": []string{user}, "Duration": seconds,
	}, nil)
}

// applause counts likes and follows: {"type":"like","count":3} and {"type":"follow"}, sent with priority Low.
type applause struct {
	im *client.Client

	mu      sync.Mutex
	totals  map[string]map[string]int64 // by group and type; a real backend keeps them in its database
	changed map[string]bool
}

// before counts what the room may drop.
func (t *applause) before(_ context.Context, cb incoming) int {
	o := cb.order()
	if o.Type != "like" && o.Type != "follow" {
		return allow
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.totals[cb.Group] == nil {
		t.totals[cb.Group] = map[string]int64{}
	}
	t.totals[cb.Group][o.Type] += min(max(o.Count, 1), 100) // a client merges at most so many
	t.changed[cb.Group] = true
	return allow
}

// run writes the totals of rooms that changed into their profiles, each 3 to 5 seconds.
func (t *applause) run(ctx context.Context, every time.Duration) {
	for tick := time.Tick(every); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		for group, totals := range t.take() {
			var fields []map[string]string
			for kind, n := range totals {
				fields = append(fields, map[string]string{"Key": kind + "s", "Value": strconv.FormatInt(n, 10)})
			}
			err := t.im.Call(ctx, "group_open_http_svc", "modify_group_base_info", map[string]any{
				"GroupId": group, "AppDefinedData": fields,
			}, nil)
			if err != nil {
				t.again(group)
			}
		}
	}
}

// take is the totals of the rooms that changed.
func (t *applause) take() map[string]map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[string]map[string]int64{}
	for group := range t.changed {
		out[group] = map[string]int64{}
		for kind, n := range t.totals[group] {
			out[group][kind] = n
		}
	}
	clear(t.changed)
	return out
}

// again has a room's totals written once more.
func (t *applause) again(group string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changed[group] = true
}

// drops finds messages that frequency control dropped: their senders were told success, the before-callback came, the
// after-callback never does.
type drops struct {
	mu   sync.Mutex
	open map[string]pending // by MsgId
}

type pending struct {
	incoming
	at time.Time
}

func (d *drops) before(_ context.Context, cb incoming) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open[cb.ID] = pending{cb, time.Now()}
	return allow
}

// after is Group.CallbackAfterSendMsg's.
func (d *drops) after(_ context.Context, cb incoming) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, cb.ID)
	return allow
}

// older takes out what was asked about longer ago than any after-callback needs.
func (d *drops) older(than time.Duration) (dropped []incoming) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, a := range d.open {
		if time.Since(a.at) >= than {
			dropped = append(dropped, a.incoming)
			delete(d.open, id)
		}
	}
	return dropped
}

// quitEverywhere tells the other clients of who left a room on his phone to leave it too: {"type":"app_quit","group":"…"}.
// Who leaves on a page is out on his phone already.
func quitEverywhere(im *client.Client) func(context.Context, incoming) int {
	return func(ctx context.Context, cb incoming) int {
		if cb.ExitType != "Quit" || cb.Platform == "Web" {
			return allow
		}
		for _, left := range cb.Left {
			err := im.Call(ctx, "openim", "sendmsg", map[string]any{
				"To_Account": left.User, "MsgRandom": rand.Uint32(), "MsgLifeTime": 0, "SyncOtherMachine": 2,
				"MsgBody": elements(order{Type: "app_quit", Group: cb.Group}),
			}, nil)
			if err != nil {
				return later
			}
		}
		return allow
	}
}

// onlineTime adds up how long users were signed in, on whatever devices.
type onlineTime struct {
	mu    sync.Mutex
	users map[string]*presence
}

type presence struct {
	devices int
	since   int64 // ms, while there is a device
	total   time.Duration
}

// change is State.StateChange's. A device that was sent away for a new one has no event of its own.
func (o *onlineTime) change(_ context.Context, cb incoming) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.users[cb.State.User]
	if p == nil {
		p = &presence{}
		o.users[cb.State.User] = p
	}
	was := p.devices
	if cb.State.Action == "Login" {
		p.devices += 1 - min(len(cb.Replaced), was)
	} else {
		p.devices = max(was-1, 0)
	}
	switch {
	case was == 0 && p.devices > 0:
		p.since = cb.Time
	case was > 0 && p.devices == 0:
		p.total += time.Duration(cb.Time-p.since) * time.Millisecond
	}
	return allow
}

// of is how long a user was online, without the time since he is now.
func (o *onlineTime) of(user string) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p := o.users[user]; p != nil {
		return p.total
	}
	return 0
}

// review has what was said looked at by somebody slow, and takes back what should not have been.
type review struct {
	im    *client.Client
	bad   func(text string) bool // a service that takes its time
	queue chan incoming
}

// after is Group.CallbackAfterSendMsg's: it answers at once.
func (v *review) after(ctx context.Context, cb incoming) int {
	select {
	case v.queue <- cb:
		return allow
	case <-ctx.Done():
		return later
	}
}

// run gives the verdicts.
func (v *review) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case cb := <-v.queue:
			v.judge(ctx, cb)
		}
	}
}

func (v *review) judge(ctx context.Context, cb incoming) {
	for _, e := range cb.Body {
		if !v.bad(e.MsgContent.Text) {
			continue
		}
		_ = v.im.Call(ctx, "group_open_http_svc", "group_msg_recall", map[string]any{ // a real backend tries again
			"GroupId": cb.Group, "MsgSeqList": []map[string]uint64{{"MsgSeq": cb.Seq}},
		}, nil)
		return
	}
}
