package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/web"
)

func TestWhoMayDoWhat(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	alice, bob := b.userSig("alice"), b.userSig("bob")
	admin := b.userSig(chat.Administrator)
	expired, err := b.signer.Sign("alice", time.Now().Add(-2*time.Hour), time.Hour)
	must(t, err)
	b.signer.Key = "another-key-0123456789"
	forged := b.userSig("alice")

	type call struct{ method, path, body string }
	tokenOnly := []call{
		{"POST", "/api/v1/rooms", `{"id":"x","title":"x"}`},
		{"PATCH", "/api/v1/rooms/demo", `{}`},
		{"GET", "/api/v1/events", ""},
		{"POST", "/api/v1/rooms/demo/drop", ""},
		{"POST", "/api/v1/rooms/demo/forbid", ""},
		{"POST", "/api/v1/rooms/demo/permit", ""},
		{"GET", "/api/v1/audit", ""},
		{"DELETE", "/api/v1/rooms/demo", ""},
	}
	anchors := []call{
		{"POST", "/api/v1/rooms/demo/pause", ""},
		{"POST", "/api/v1/rooms/demo/resume", ""},
		{"POST", "/api/v1/rooms/demo/end", ""},
		{"POST", "/api/v1/rooms/demo/reopen", ""},
		{"POST", "/api/v1/rooms/demo/playback", `{"url":"https://e.com/a.mp4"}`},
		{"POST", "/api/v1/rooms/demo/addresses", ""},
		{"GET", "/api/v1/rooms/demo/refusals", ""},
		{"GET", "/api/v1/rooms/demo/ingest", ""},
		{"PUT", "/api/v1/rooms/demo/notice", `{"notice":"n"}`},
		{"PUT", "/api/v1/rooms/demo/attributes", `{"attributes":{}}`},
		{"PATCH", "/api/v1/rooms/demo/attributes", `{"attributes":{"a":"1"}}`},
		{"PATCH", "/api/v1/rooms/demo/fields", `{"fields":{"a":"1"}}`},
		{"PUT", "/api/v1/rooms/demo/counters", `{"counters":{}}`},
		{"POST", "/api/v1/rooms/demo/messages", `{"text":"x"}`},
	}
	public := []call{
		{"GET", "/api/v1/rooms", ""},
		{"GET", "/api/v1/rooms/demo", ""},
		{"GET", "/api/v1/rooms/demo/status", ""},
		{"GET", "/api/v1/statuses?rooms=demo", ""},
		{"GET", "/api/v1/rooms/demo/play", ""},
		{"GET", "/api/v1/rooms/demo/fields", ""},
		{"GET", "/api/v1/rooms/demo/attributes", ""},
		{"GET", "/api/v1/rooms/demo/messages", ""},
		{"GET", "/api/v1/rooms/demo/counters", ""},
		{"GET", "/api/v1/rooms/demo/notice", ""},
	}
	check := func(group string, calls []call, who, auth string, want func(int) bool) {
		t.Run(group+" as "+who, func(t *testing.T) {
			for _, c := range calls {
				var body any
				if c.body != "" {
					body = c.body
				}
				if a := b.request(c.method, c.path, auth, body); !want(a.status) {
					t.Errorf("%s %s = %d %s", c.method, c.path, a.status, a.raw)
				}
			}
		})
	}
	is := func(codes ...int) func(int) bool {
		return func(got int) bool {
			for _, c := range codes {
				if got == c {
					return true
				}
			}
			return false
		}
	}
	check("token only", tokenOnly, "nobody", "", is(401))
	check("token only", tokenOnly[:3], "forged", forged, is(401))
	check("token only", tokenOnly, "anchor", alice, is(403))
	check("token only", tokenOnly, "administrator's UserSig", admin, is(403))
	check("anchor", anchors, "nobody", "", is(401))
	check("anchor", anchors[:3], "expired", expired, is(401))
	check("anchor", anchors, "another user", bob, is(403))
	check("anchor", anchors, "anchor", alice, is(200, 409))
	check("anchor", anchors, "token", apiToken, is(200, 409))
	check("public", public, "nobody", "", is(200))
	check("public", public, "a wrong token", "nonsense", is(200))
}

func TestUnauthorizedSaysHow(t *testing.T) {
	b := newBench(t, nil)
	for _, header := range []string{"", "Basic abc", "Bearer", "Bearer ", "Bearer " + strings.Repeat("x", 9000)} {
		a := b.do(401, "POST", "/api/v1/rooms", "", `{}`, "Authorization", header)
		if a.code() != "unauthorized" || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%q: %s", header, a.raw)
		}
	}
	b.do(422, "POST", "/api/v1/rooms", "", `{"id":"a b"}`, "Authorization", "bearer "+apiToken)
}

func TestRoomsWithoutAnchorHaveNone(t *testing.T) {
	b := newBench(t, nil)
	b.do(201, "POST", "/api/v1/rooms", apiToken, `{"id":"free"}`)
	b.do(403, "POST", "/api/v1/rooms/free/end", b.userSig("alice"), nil)
}

func TestFailedAuthenticationIsSlowedPerAddress(t *testing.T) {
	b := newBench(t, func(c *web.Config, _ *web.Deps) {
		c.FailuresPerMinute = 3
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	from := func(want int, addr, token string) answer {
		t.Helper()
		return b.do(want, "POST", "/api/v1/rooms", token, `{"id":"a b"}`, "X-Forwarded-For", addr)
	}
	for i := range 3 {
		from(401, "192.0.2.1", fmt.Sprintf("wrong-%d", i))
	}
	refused := from(429, "192.0.2.1", "wrong")
	if refused.code() != "too_many_failures" || refused.header.Get("Retry-After") != "60" {
		t.Errorf("= %s", refused.raw)
	}
	from(429, "192.0.2.1", apiToken) // unheard, or guessing would go on
	from(401, "192.0.2.2", "wrong")
	from(422, "192.0.2.3", apiToken)
	for i := range 3 {
		from(401, fmt.Sprintf("2001:db8::%x", i), "wrong")
	}
	from(429, "2001:db8::ffff", "wrong")
	from(401, "2001:db8:0:1::1", "wrong")
	if got := b.figure("liveroom_auth_refused_unheard_total"); got != 3 {
		t.Errorf("refused unheard = %v", got)
	}
	for _, secret := range []string{"wrong-0", apiToken} {
		if strings.Contains(b.logs.String(), secret) {
			t.Errorf("the log shows %s", secret)
		}
	}
}

// loginFunc is accounts that nobody is asked for but to log in.
type loginFunc struct {
	web.Accounts
	login func() (chat.Identity, error)
}

func (f loginFunc) Login(context.Context, string, string) (chat.Identity, error) { return f.login() }

func accountsFunc(login func() (chat.Identity, error)) web.Accounts { return loginFunc{login: login} }

func TestAccountStoreAwayIsNobodysFault(t *testing.T) {
	b := newBench(t, func(c *web.Config, d *web.Deps) {
		c.FailuresPerMinute = 1
		d.Accounts = accountsFunc(func() (chat.Identity, error) { return chat.Identity{}, errors.New("disk on fire at /secret/path") })
	})
	for range 3 {
		a := b.do(500, "POST", "/api/v1/rooms", "some-user-sig", `{}`)
		if a.code() != "internal" || strings.Contains(a.raw, "fire") {
			t.Errorf("= %s", a.raw)
		}
		if id := a.json["requestId"].(string); !strings.Contains(b.logs.String(), "requestId="+id) || !strings.Contains(b.logs.String(), "disk on fire") {
			t.Error("the log doesn't have it")
		}
	}
}

func TestAnonymousSessionsAreNobody(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) {
		d.Accounts = accountsFunc(func() (chat.Identity, error) { return chat.Identity{User: "anon_1", Anonymous: true}, nil })
	})
	b.do(401, "POST", "/api/v1/rooms", "x", `{}`)
}

func TestGuests(t *testing.T) {
	b := newBench(t, func(c *web.Config, _ *web.Deps) { c.GuestsPerMinute = 2 })
	a := b.do(200, "POST", "/api/v1/guests", "", `{"nick":"小明"}`)
	user, _ := a.json["userId"].(string)
	sig, _ := a.json["userSig"].(string)
	if !strings.HasPrefix(user, "guest_") || a.json["nick"] != "小明" || a.json["expiresAt"] == nil {
		t.Errorf("= %s", a.raw)
	}
	if claims, err := b.signer.Verify(sig, time.Now()); err != nil || claims.User != user {
		t.Errorf("userSig names %q: %v", claims.User, err)
	}
	if strings.Contains(b.logs.String(), sig) {
		t.Error("the log shows the UserSig")
	}
	if bad := b.do(422, "POST", "/api/v1/guests", "", `{"nick":"administrator"}`); bad.field() != "nick" {
		t.Errorf("= %s", bad.raw)
	}
	if late := b.do(429, "POST", "/api/v1/guests", "", `{"nick":"x"}`); late.code() != "too_many_guests" || late.header.Get("Retry-After") == "" {
		t.Errorf("= %s", late.raw)
	}
}

func TestGuestsOff(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Guests = nil })
	if a := b.do(403, "POST", "/api/v1/guests", "", `{"nick":"x"}`); a.code() != "guests_off" {
		t.Errorf("= %s", a.raw)
	}
}
