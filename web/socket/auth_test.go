package socket_test

import (
	"strings"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/web/socket"
)

// device dials and signs in on a platform.
func (d *door) device(user, platform, instance string) *client {
	d.t.Helper()
	c := d.dial()
	c.ok(object{"op": "auth", "userId": user, "userSig": d.sig(user), "platform": platform, "instance": instance, "protocol": 1, "sdk": "a-test/1"})
	return c
}

func TestWhatAClientTellsOfItself(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	for _, tc := range []struct {
		name, field, error string
		op                 object
		code               int
	}{
		{name: "an instance that is too long", op: object{"instance": strings.Repeat("x", 65)}, code: 10004, field: "instance", error: "bad_parameter"},
		{name: "an instance with a space", op: object{"instance": "a b"}, code: 10004, field: "instance", error: "bad_parameter"},
		{name: "an SDK of many words", op: object{"sdk": strings.Repeat("x", 65)}, code: 10004, field: "sdk", error: "bad_parameter"},
		{name: "an old protocol", op: object{"protocol": 0}, code: 110001, field: "protocol", error: "client_too_old"},
		{name: "a protocol of the future", op: object{"protocol": 2}, code: 110001, field: "protocol", error: "client_too_old"},
		{name: "no number", op: object{"protocol": "one"}, code: 10004, field: "protocol", error: "bad_parameter"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.op["op"] = "auth"
			c := d.dial()
			if a := c.ask(tc.op); a.Code != tc.code || a.Field != tc.field || a.Error != tc.error || a.Detail == "" || a.Temporary {
				t.Fatalf("answer %+v", a)
			}
			if a := c.ask(object{"op": "auth"}); a.Code != 0 || a.Protocol != 1 {
				t.Fatalf("and then as it should be: %+v", a)
			}
		})
	}
}

func TestTheAvatarIsAnswered(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	avatar := "https://example.com/vera.png"
	d.dial().ok(object{"op": "auth", "userSig": d.sig("vera")})
	if _, err := d.accounts.SetProfile(t.Context(), "vera", account.Patch{Avatar: &avatar}); err != nil {
		t.Fatal(err)
	}
	if a := d.dial().ok(object{"op": "auth", "userSig": d.sig("vera")}); a.Avatar != avatar {
		t.Fatalf("answer %+v", a)
	}
}

func TestThePageThatComesBackReplacesItself(t *testing.T) {
	d := openChat(t, socket.Config{}, chat.Config{TickMin: 5 * time.Millisecond, CountEvery: time.Hour, WebInstances: 1, NativeInstances: 1}, nil)
	page, phone := d.device("vera", "Web", "page"), d.device("vera", "Android", "phone")
	page.ok(object{"op": "join", "group": "demo"})

	again := d.device("vera", "Web", "page")
	if p := page.closed("reconnected", 1000); p.Reconnect || p.Type != "" {
		t.Fatalf("goodbye of the former connection: %+v", p)
	}
	again.ok(object{"op": "join", "group": "demo"})
	if n := d.chat.Count("demo").Members; n != 1 {
		t.Fatalf("%d members", n)
	}

	other := d.device("vera", "MiniProgram", "")
	if p := again.closed("replaced", 1008); p.Reconnect || p.Type != "multipleAccount" {
		t.Fatalf("goodbye of the page: %+v", p)
	}
	d.device("vera", "ANDROID", "other-phone")
	if p := phone.closed("replaced", 1008); p.Reconnect || p.Type != "multipleDevice" {
		t.Fatalf("goodbye of the phone: %+v", p)
	}
	other.ok(object{"op": "ping"})
}

func TestAConnectionEndsWithItsUserSig(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	sig, err := signer.Sign("vera", time.Now(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	c := d.dial()
	c.ok(object{"op": "auth", "userId": "vera", "userSig": sig})
	c.ok(object{"op": "join", "group": "demo"})
	if p := c.closed("usersig_expired", 1008); p.Reconnect || p.Type != "userSigExpired" {
		t.Fatalf("goodbye %+v", p)
	}
}
