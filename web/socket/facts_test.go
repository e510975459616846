package socket_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"liveroom/chat"
	"liveroom/web/socket"
)

// witness remembers what the chat tells.
type witness struct {
	mu    sync.Mutex
	facts []chat.Fact
}

func (*witness) HearsMessages() bool { return true }

func (w *witness) Observe(facts ...chat.Fact) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.facts = append(w.facts, facts...)
}

func (w *witness) Settle(context.Context) {}

func (w *witness) all() []chat.Fact {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.facts)
}

// TestHowClientsGo: what is told of a device that goes depends on how it does, and says on what and where it was.
func TestHowClientsGo(t *testing.T) {
	bye := func(code int) func(*client) {
		return func(c *client) {
			_ = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(patience))
		}
	}
	var w witness
	d := openChat(t, socket.Config{PingEvery: 100 * time.Millisecond, IdleTimeout: time.Second}, chat.Config{Observer: &w}, nil)
	for user, tc := range map[string]struct {
		goes func(*client)
		want chat.SignOutReason
	}{
		"logout":   {bye(1000), chat.SignOutAsked},
		"leaves":   {bye(1001), chat.SignOutClosed},
		"given_up": {bye(4000), chat.SignOutClosed},
		"breaks":   {func(c *client) { _ = c.Close() }, chat.SignOutClosed},
		"silent":   {func(*client) {}, chat.SignOutTimeout}, // it does not read, so that pings are not answered
	} {
		t.Run(user, func(t *testing.T) {
			t.Parallel()
			c := d.dial()
			c.ok(object{"op": "auth", "userId": user, "userSig": d.sig(user), "platform": "ios"})
			tc.goes(c)
			d.await("the sign-out", func() bool {
				return slices.ContainsFunc(w.all(), func(f chat.Fact) bool {
					out, ok := f.(chat.SignedOut)
					return ok && out.By.User == user && out.Reason == tc.want && out.By.Platform == chat.PlatformIOS && out.By.Addr == netip.MustParseAddr("127.0.0.1")
				})
			})
		})
	}
}

// editor changes messages, as a backend does.
type editor struct{}

func (editor) edit(m *chat.Message) (chat.Ruling, error) {
	if strings.Contains(string(m.Body), "no") {
		return chat.Ruling{}, &chat.Error{Code: 10123, Name: "refused_by_backend", Detail: "not so"}
	}
	data := "theirs"
	return chat.Ruling{Body: json.RawMessage(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"***"}}]`), CloudCustomData: &data}, nil
}

func (e editor) Message(_ context.Context, m *chat.Message, _ chat.Identity) (chat.Ruling, error) {
	return e.edit(m)
}

func (e editor) Letter(_ context.Context, _ string, m *chat.Message, _ chat.Identity) (chat.Ruling, error) {
	return e.edit(m)
}

func (editor) Join(_ context.Context, _ string, who chat.Identity) error {
	if who.User == "eve" {
		return &chat.Error{Code: 10016, Name: "refused_by_backend", Detail: "not you"}
	}
	return nil
}

func (editor) AsksMessages() bool { return true }
func (editor) Found(context.Context, chat.GroupDraft, chat.Identity) error {
	return errors.New("never asked")
}

// TestBackendsDecide: what a backend says of messages and joins reaches who is concerned.
func TestBackendsDecide(t *testing.T) {
	d := openChat(t, socket.Config{}, chat.Config{Gate: editor{}}, nil)
	eve := d.dial()
	eve.ok(object{"op": "auth", "userId": "eve", "userSig": d.sig("eve")})
	if a := eve.ask(object{"op": "join", "group": "demo"}); a.Code != 10016 || a.Detail != "not you" {
		t.Errorf("join: %+v", a)
	}
	alice := d.member("alice")
	for _, op := range []object{{"op": "send", "group": "demo", "fate": true}, {"op": "sendC2C", "user": "eve"}} {
		op["random"], op["cloudCustomData"] = 7, "mine"
		op["body"] = json.RawMessage(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hello"}}]`)
		a := alice.ask(op)
		if string(a.Body) != `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"***"}}]` || a.CloudCustomData == nil || *a.CloudCustomData != "theirs" {
			t.Errorf("%s: %+v", op["op"], a)
		}
		op["body"] = json.RawMessage(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"no"}}]`)
		if a := alice.ask(op); a.Code != 10123 || a.Detail != "not so" || a.Temporary {
			t.Errorf("%s: %+v", op["op"], a)
		}
	}
}
