package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/status"
	"liveroom/web"
	"liveroom/web/signin"
)

// browser is who signed in.
type browser struct {
	b                    *bench
	cookie, secret, csrf string
}

// signs signs in with a body; headers go with it.
func (b *bench) signs(body any, headers ...string) browser {
	b.t.Helper()
	return b.browser(b.do(201, "POST", "/api/v1/session", "", body, headers...))
}

func (b *bench) browser(a answer) browser {
	b.t.Helper()
	c, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
	must(b.t, err)
	csrf, _ := a.json["csrf"].(string)
	return browser{b, c.Name + "=" + c.Value, c.Value, csrf}
}

// does makes a call as a page of the server would.
func (w browser) does(method, path string, body any, headers ...string) answer {
	w.b.t.Helper()
	return w.b.request(method, path, "", body, append([]string{"Cookie", w.cookie, "X-CSRF-Token", w.csrf, "Origin", w.b.url, "Sec-Fetch-Site", "same-origin"}, headers...)...)
}

func (w browser) is(want int, method, path string, body any, headers ...string) answer {
	w.b.t.Helper()
	a := w.does(method, path, body, headers...)
	if a.status != want {
		w.b.t.Fatalf("%s %s = %d %s, want %d", method, path, a.status, a.raw, want)
	}
	return a
}

var withToken = map[string]string{"token": apiToken, "name": "Ming"}

func TestSignInWithBrowser(t *testing.T) {
	b := newBench(t, nil)
	b.do(401, "GET", "/api/v1/session", "", nil)
	a := b.do(201, "POST", "/api/v1/session", "", withToken)
	w := b.browser(a)
	if got := a.header.Get("Set-Cookie"); got != w.cookie+"; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict" {
		t.Errorf("cookie %q", got)
	}
	if a.json["name"] != "Ming" || len(w.csrf) < 40 || len(w.secret) < 40 || strings.Contains(a.raw, w.secret) {
		t.Errorf("= %s", a.raw)
	}
	if again := w.is(200, "GET", "/api/v1/session", nil); again.raw != a.raw {
		t.Errorf("= %s, was %s", again.raw, a.raw)
	}
	w.is(201, "POST", "/api/v1/rooms", map[string]any{"id": "demo", "anchor": "alice"})
	w.is(200, "POST", "/api/v1/rooms/demo/end", nil)
	w.is(200, "PUT", "/api/v1/rooms/demo/mutes/bob", nil)
	out := w.is(204, "DELETE", "/api/v1/session", nil)
	if got := out.header.Get("Set-Cookie"); got != "liveroom=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict" {
		t.Errorf("cookie %q", got)
	}
	w.is(401, "GET", "/api/v1/session", nil)
	w.is(401, "GET", "/api/v1/audit", nil)
	w.is(401, "DELETE", "/api/v1/rooms/demo", nil)
	var acts []string
	all, _ := b.acts("by=administrator")
	for _, act := range all {
		acts = append(acts, act.Action+" "+act.Detail["console"]+" "+act.Detail["with"])
	}
	if got := strings.Join(acts, ", "); got != "sign_out Ming , mute Ming , end Ming , room_create Ming , sign_in Ming token" {
		t.Errorf("acts: %s", got)
	}
	kept := b.do(200, "GET", "/api/v1/audit", apiToken, nil).raw + b.logs.String()
	for _, secret := range []string{w.secret, w.csrf, apiToken} {
		if strings.Contains(kept, secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}

func TestCookieBehindPublicURL(t *testing.T) {
	for _, c := range []struct{ public, own, name, attributes string }{
		{"http://live.example", "http://live.example", "liveroom", "; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict"},
		{"https://live.example", "https://live.example", "__Host-liveroom", "; Path=/; Max-Age=604800; HttpOnly; Secure; SameSite=Strict"},
		{"https://LIVE.example:443/", "https://live.example", "__Host-liveroom", "; Path=/; Max-Age=604800; HttpOnly; Secure; SameSite=Strict"},
	} {
		b := newBench(t, func(cfg *web.Config, _ *web.Deps) { cfg.PublicURL = c.public })
		a := b.do(201, "POST", "/api/v1/session", "", withToken, "Origin", c.own)
		w := b.browser(a)
		if got := a.header.Get("Set-Cookie"); got != c.name+"="+w.secret+c.attributes {
			t.Errorf("%s: %q", c.public, got)
		}
		w.is(201, "POST", "/api/v1/rooms", `{"id":"demo"}`, "Origin", c.own)
		if out := w.is(204, "DELETE", "/api/v1/session", nil, "Origin", c.own).header.Get("Set-Cookie"); out != c.name+"="+strings.Replace(c.attributes, "604800", "0", 1) {
			t.Errorf("%s: %q", c.public, out)
		}
	}
}

// TestForgedRequests: what is done with a session's cookie comes from a page of this server, and a write shows it.
func TestForgedRequests(t *testing.T) {
	const foreign = "https://evil.example"
	for _, public := range []string{"http://live.example:8080", "https://live.example"} {
		b := newBench(t, func(cfg *web.Config, _ *web.Deps) { cfg.PublicURL = public })
		b.createRoom("demo")
		secure := strings.HasPrefix(public, "https")
		host := strings.TrimPrefix(b.url, "http://")
		w := b.signs(withToken, "Origin", public)
		other := b.signs(withToken)
		for _, c := range []struct {
			name, origin, site, csrf string
			reads, writes            bool
		}{
			{"no browser", "", "", w.csrf, true, true},
			{"our page", public, "same-origin", w.csrf, true, true},
			{"our page in capitals", strings.ToUpper(public), "same-origin", w.csrf, true, true},
			{"our page of an old browser", public, "", w.csrf, true, true},
			{"typed in", "", "none", w.csrf, true, true},
			{"by the host's other name", "https://" + host, "same-origin", w.csrf, true, true},
			{"by the host's other name over http", "http://" + host, "", w.csrf, !secure, !secure},
			{"no token", public, "same-origin", "", true, false},
			{"token of another session", public, "same-origin", other.csrf, true, false},
			{"the secret as token", public, "same-origin", w.secret, true, false},
			{"token cut", public, "same-origin", w.csrf[:42], true, false},
			{"a page elsewhere", foreign, "cross-site", w.csrf, false, false},
			{"a page elsewhere of an old browser", foreign, "", w.csrf, false, false},
			{"a link elsewhere", "", "cross-site", w.csrf, false, false},
			{"a page of a neighbour", "http://" + host + "0", "same-site", w.csrf, false, false},
			{"a neighbour that says it is us", public, "same-site", w.csrf, false, false},
			{"a page of no origin", "null", "cross-site", w.csrf, false, false},
			{"a page of no origin of an old browser", "null", "", w.csrf, false, false},
			{"a host that begins as ours", public + ".evil.example", "", w.csrf, false, false},
			{"our host as user", "https://" + host + "@evil.example", "", w.csrf, false, false},
			{"another scheme", "ftp://" + host, "", w.csrf, false, false},
			{"nonsense", "://", "", w.csrf, false, false},
			{"something new", public, "same-planet", w.csrf, false, false},
		} {
			headers, refusal := []string{"Cookie", w.cookie}, "csrf"
			if secure && c.origin == "http://"+host { // ours, and it says what to do
				refusal = "https_needed"
			}
			for _, h := range [][2]string{{"Origin", c.origin}, {"Sec-Fetch-Site", c.site}, {"X-CSRF-Token", c.csrf}} {
				if h[1] != "" {
					headers = append(headers, h[0], h[1])
				}
			}
			want := func(ok bool) int {
				if ok {
					return 200
				}
				return 403
			}
			for _, call := range []struct {
				method, path, body string
				want               int
			}{
				{"GET", "/api/v1/audit", "", want(c.reads)},
				{"GET", "/api/v1/session", "", want(c.reads)},
				{"GET", "/api/v1/rooms/demo/refusals", "", want(c.reads)},
				{"PATCH", "/api/v1/rooms/demo", `{"title":"x"}`, want(c.writes)},
				{"PUT", "/api/v1/rooms/demo/notice", `{"notice":"x"}`, want(c.writes)},
				{"POST", "/api/v1/rooms/demo/addresses", "", want(c.writes)},
			} {
				var body any
				if call.body != "" {
					body = call.body
				}
				a := b.request(call.method, call.path, "", body, headers...)
				if a.status != call.want || a.status == 403 && a.code() != refusal {
					t.Errorf("%s, %s: %s %s = %d %s", public, c.name, call.method, call.path, a.status, a.raw)
				}
			}
			// Signing in needs no token, or nobody could; but a page elsewhere must not do it.
			a := b.request("POST", "/api/v1/session", "", withToken, headers[2:]...)
			if signs := c.reads; (a.status == 201) != signs || !signs && (a.code() != refusal || a.header.Get("Set-Cookie") != "") {
				t.Errorf("%s, %s: signing in = %d %s", public, c.name, a.status, a.raw)
			}
		}
	}
}

// TestSessionIsNew: signing in takes over nothing that somebody may have put there, and ends what was there.
func TestSessionIsNew(t *testing.T) {
	b := newBench(t, nil)
	first := b.signs(withToken)
	planted := "liveroom=" + strings.Repeat("A", len(first.secret))
	fresh := b.signs(withToken, "Cookie", planted)
	if fresh.cookie == planted || fresh.cookie == first.cookie || fresh.csrf == first.csrf {
		t.Error("a secret was taken over")
	}
	b.do(401, "GET", "/api/v1/session", "", nil, "Cookie", planted)
	second := b.signs(withToken, "Cookie", first.cookie)
	first.is(401, "GET", "/api/v1/session", nil)
	second.is(200, "GET", "/api/v1/session", nil)
	fresh.is(200, "GET", "/api/v1/session", nil)
	// Who fails to sign in stays who he was.
	b.do(401, "POST", "/api/v1/session", "", `{"token":"wrong"}`, "Cookie", second.cookie)
	second.is(200, "GET", "/api/v1/session", nil)
}

// TestPlantedCookies: over plain http a neighbour can put cookies of our name beside ours.
func TestPlantedCookies(t *testing.T) {
	b := newBench(t, nil)
	w := b.signs(withToken)
	for _, before := range []string{"liveroom=x; ", "liveroom=" + strings.Repeat("A", 43) + "; ", "liveroom=; other=1; liveroom=a; liveroom=\"b\"; ", "__Host-liveroom=" + w.secret + "x; "} {
		b.do(200, "GET", "/api/v1/session", "", nil, "Cookie", before+w.cookie)
	}
	for _, none := range []string{strings.Repeat("liveroom=x; ", 4) + w.cookie, "__Host-" + w.cookie, "Liveroom=" + w.secret, "liveroom=" + w.secret + "=", "liveroom"} {
		b.do(401, "GET", "/api/v1/session", "", nil, "Cookie", none)
	}
}

// TestAuthorizationWins, whatever it holds.
func TestAuthorizationWins(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	w := b.signs(withToken)
	w.is(401, "GET", "/api/v1/audit", nil, "Authorization", "Bearer wrong")
	w.is(401, "GET", "/api/v1/audit", nil, "Authorization", "Basic YTpi")
	w.is(403, "GET", "/api/v1/audit", nil, "Authorization", "Bearer "+b.userSig("alice"))
	w.is(401, "GET", "/api/v1/session", nil, "Authorization", "Bearer "+apiToken)
	w.is(200, "POST", "/api/v1/rooms/demo/end", nil, "Authorization", "Bearer "+b.userSig("alice"))
	if all, _ := b.acts("action=end"); len(all) != 1 || all[0].By != "alice" || all[0].Detail["console"] != "" {
		t.Errorf("%+v", all)
	}
	// And where it is there, no page is asked where it comes from.
	w.is(200, "GET", "/api/v1/audit", nil, "Authorization", "Bearer "+apiToken, "Sec-Fetch-Site", "cross-site", "Origin", "https://backend.example")
}

func TestSigningInIsSlowed(t *testing.T) {
	b := newBench(t, func(c *web.Config, _ *web.Deps) {
		c.FailuresPerMinute = 3
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	from := func(addr string) []string { return []string{"X-Forwarded-For", addr} }
	w := b.signs(withToken, from("192.0.2.1")...)
	_, code, err := b.signIn.NewLink(signin.ForAdmin, "", time.Hour)
	must(t, err)
	for _, wrong := range []struct{ path, body string }{
		{"/session", `{"token":"lr_wrong_token_0123456789"}`}, {"/session", `{"code":"` + code + `x"}`}, {"/links/redeem", `{"code":"nonsense"}`},
	} {
		if a := b.do(401, "POST", "/api/v1"+wrong.path, "", wrong.body, from("192.0.2.1")...); a.header.Get("Set-Cookie") != "" {
			t.Error("a cookie for a wrong guess")
		}
	}
	for _, right := range []struct{ path, body string }{
		{"/session", `{"token":"` + apiToken + `"}`}, {"/session", `{"code":"` + code + `"}`}, {"/links/redeem", `{"code":"` + code + `"}`},
	} {
		if a := b.do(429, "POST", "/api/v1"+right.path, "", right.body, from("192.0.2.1")...); a.code() != "too_many_failures" || a.header.Get("Retry-After") == "" {
			t.Errorf("= %s", a.raw)
		}
	}
	w.is(200, "GET", "/api/v1/session", nil, from("192.0.2.1")...) // who is in is not shut out by a neighbour who guesses
	b.signs(map[string]string{"code": code}, from("192.0.2.2")...)
	if got := b.figure("liveroom_auth_failures_total"); got != 3 {
		t.Errorf("failures = %v", got)
	}
}

func TestSignInRefuses(t *testing.T) {
	b := newBench(t, nil)
	long := strings.Repeat("x", 33)
	for _, c := range []struct {
		status            int
		body, code, field string
	}{
		{422, `{}`, "invalid", "token"},
		{422, `{"token":"` + apiToken + `","code":"x"}`, "invalid", "token"},
		{422, `{"token":"` + apiToken + `","name":"` + long + `"}`, "invalid", "name"},
		{422, `{"token":"` + apiToken + `","name":"a\nb"}`, "invalid", "name"},
		{422, `{"token":"` + apiToken + `","name":"a\u202eb"}`, "invalid", "name"},
		{422, `{"token":"` + apiToken + `","next":"https://evil.example"}`, "invalid", "next"},
		{401, `{"token":"` + apiToken + `x"}`, "unauthorized", "token"},
		{401, `{"token":"` + b.userSig(chat.Administrator) + `"}`, "unauthorized", "token"},
		{401, `{"code":"x"}`, "bad_link", "code"},
	} {
		if a := b.do(c.status, "POST", "/api/v1/session", "", c.body); a.code() != c.code || a.field() != c.field || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %s", c.body, a.raw)
		}
	}
	if a := b.do(201, "POST", "/api/v1/session", "", `{"token":"`+apiToken+`"}`); a.json["name"] != "admin" {
		t.Errorf("= %s", a.raw)
	}
	off := newBench(t, func(_ *web.Config, d *web.Deps) { d.Sessions = nil })
	off.do(404, "POST", "/api/v1/session", "", withToken)
	off.do(404, "GET", "/api/v1/session", "", nil, "Cookie", "liveroom=x")
	off.do(401, "GET", "/api/v1/audit", "", nil, "Cookie", "liveroom=x")
}

func TestEverybodyIsSignedOut(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	_, admin, err := b.signIn.NewLink(signin.ForAdmin, "", time.Hour)
	must(t, err)
	_, anchor, err := b.signIn.NewLink(signin.ForAnchor, "demo", time.Hour)
	must(t, err)
	one, two := b.signs(withToken), b.signs(withToken)
	b.do(403, "DELETE", "/api/v1/sessions", b.userSig("alice"), nil)
	if a := one.is(204, "DELETE", "/api/v1/sessions", nil); !strings.HasPrefix(a.header.Get("Set-Cookie"), "liveroom=; ") {
		t.Errorf("cookie %q", a.header.Get("Set-Cookie"))
	}
	one.is(401, "GET", "/api/v1/session", nil)
	two.is(401, "GET", "/api/v1/audit", nil)
	if a := b.do(410, "POST", "/api/v1/session", "", map[string]string{"code": admin}); a.code() != "link_expired" {
		t.Errorf("= %s", a.raw)
	}
	b.do(200, "POST", "/api/v1/links/redeem", "", map[string]string{"code": anchor})
	if all, _ := b.acts("action=sign_out_all"); len(all) != 1 || all[0].Detail["sessions"] != "2" || all[0].Detail["console"] != "Ming" {
		t.Errorf("%+v", all)
	}
}

// TestEventsOfASession: EventSource sends no header but the cookie; the stream ends with the session.
func TestEventsOfASession(t *testing.T) {
	b := newBench(t, func(c *web.Config, _ *web.Deps) { c.Heartbeat = 20 * time.Millisecond })
	w := b.signs(withToken)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", b.url+"/api/v1/events", nil)
	must(t, err)
	req.Header.Set("Cookie", w.cookie)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	resp, err := b.client.Do(req)
	must(t, err)
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
	lines, beats := bufio.NewScanner(resp.Body), 0
	for beats < 3 && lines.Scan() {
		if strings.HasPrefix(lines.Text(), ": still here") {
			beats++
		}
	}
	w.is(204, "DELETE", "/api/v1/session", nil)
	for lines.Scan() { // to its end
	}
	if beats != 3 || lines.Err() != nil {
		t.Errorf("%d beats, then %v", beats, lines.Err())
	}
	b.do(403, "GET", "/api/v1/events", "", nil, "Cookie", b.signs(withToken).cookie, "Sec-Fetch-Site", "cross-site")
}

// TestOtherOriginsGetNoCredentials: no page elsewhere may read what the cookie opens.
func TestOtherOriginsGetNoCredentials(t *testing.T) {
	b := newBench(t, func(c *web.Config, _ *web.Deps) { c.Origins = []string{"https://friend.example"} })
	w := b.signs(withToken)
	for _, c := range [][2]string{{"POST", "/api/v1/session"}, {"GET", "/api/v1/session"}, {"DELETE", "/api/v1/session"}, {"GET", "/api/v1/audit"}, {"POST", "/api/v1/rooms"}, {"POST", "/api/v1/links/redeem"}} {
		for _, method := range []string{c[0], "OPTIONS"} {
			a := w.does(method, c[1], nil, "Origin", "https://friend.example", "Sec-Fetch-Site", "cross-site", "Access-Control-Request-Method", c[0], "Access-Control-Request-Headers", "x-csrf-token")
			if a.header.Get("Access-Control-Allow-Credentials") != "" || strings.Contains(strings.ToLower(a.header.Get("Access-Control-Allow-Headers")), "csrf") ||
				strings.Contains(a.header.Get("Access-Control-Allow-Methods"), "POST") || a.status < 300 && method != "OPTIONS" {
				t.Errorf("%s %s: %d %v", method, c[1], a.status, a.header)
			}
		}
	}
}

// awaySessions are sessions in a store that does not answer.
type awaySessions struct{ web.Sessions }

func (awaySessions) Session(context.Context, string) (signin.Session, error) {
	return signin.Session{}, fmt.Errorf("find a session: %w", status.ErrUnavailable)
}

func (awaySessions) Open(context.Context, string) (signin.Session, string, error) {
	return signin.Session{}, "", fmt.Errorf("begin a session: %w", status.ErrUnavailable)
}

// TestSessionStoreAway: it is said, and nobody is taken for signed out, or in.
func TestSessionStoreAway(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Sessions = awaySessions{d.Sessions} })
	for _, c := range [][2]string{{"GET", "/api/v1/session"}, {"GET", "/api/v1/audit"}, {"POST", "/api/v1/session"}, {"DELETE", "/api/v1/session"}} {
		if a := b.do(503, c[0], c[1], "", nil, "Cookie", "liveroom=x"); a.code() != "store_unavailable" {
			t.Errorf("%v: %s", c, a.raw)
		}
	}
	b.do(503, "POST", "/api/v1/session", "", withToken)
	b.do(200, "GET", "/api/v1/audit", apiToken, nil)
}

// TestLinkForAdministrator signs in, once.
func TestLinkForAdministrator(t *testing.T) {
	b := newBench(t, nil)
	made := b.do(201, "POST", "/api/v1/links", apiToken, `{"for":"admin","expiresIn":"24h"}`)
	link, _ := made.json["url"].(string)
	code, ok := strings.CutPrefix(link, "http://localhost:8080/admin#code=")
	if !ok {
		t.Fatalf("= %s", made.raw)
	}
	if a := b.do(401, "POST", "/api/v1/links/redeem", "", map[string]string{"code": code}); a.code() != "bad_link" || !strings.Contains(a.raw, "/admin") {
		t.Errorf("= %s", a.raw)
	}
	w := b.signs(map[string]string{"code": code, "name": "小明"})
	w.is(200, "GET", "/api/v1/audit", nil)
	if a := b.do(410, "POST", "/api/v1/session", "", map[string]string{"code": code}); a.code() != "link_used" || a.header.Get("Set-Cookie") != "" {
		t.Errorf("= %s", a.raw)
	}
	all, _ := b.acts("")
	if len(all) != 2 || all[0].Action != "sign_in" || all[0].Detail["console"] != "小明" || all[0].Detail["link"] == "" || all[1].Action != "link_make" || all[1].Detail["link"] != all[0].Detail["link"] {
		t.Errorf("%+v", all)
	}
	kept, err := json.Marshal(all)
	must(t, err)
	if strings.Contains(string(kept)+b.logs.String(), code) {
		t.Error("the code is in a log")
	}
}

func TestLinkForAnchor(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	b.do(201, "POST", "/api/v1/rooms", apiToken, `{"id":"free"}`)
	b.do(201, "POST", "/api/v1/rooms", apiToken, `{"id":"high","anchor":"administrator"}`)
	for _, c := range []struct {
		status            int
		body, code, field string
	}{
		{422, `{"for":"anchor"}`, "invalid", "room"},
		{422, `{"for":"admin","room":"demo"}`, "invalid", "room"},
		{422, `{"for":"root"}`, "invalid", "for"},
		{422, `{"for":"admin","expiresIn":"24h1s"}`, "invalid", "expiresIn"},
		{422, `{"for":"admin","expiresIn":"0s"}`, "invalid", "expiresIn"},
		{404, `{"for":"anchor","room":"none"}`, "not_found", ""},
		{409, `{"for":"anchor","room":"free"}`, "no_anchor", "room"},
		{409, `{"for":"anchor","room":"high"}`, "no_anchor", "room"},
	} {
		if a := b.do(c.status, "POST", "/api/v1/links", apiToken, c.body); a.code() != c.code || a.field() != c.field {
			t.Errorf("%s: %s", c.body, a.raw)
		}
	}
	b.do(403, "POST", "/api/v1/links", b.userSig("alice"), `{"for":"anchor","room":"demo"}`)
	_, early, err := b.signIn.NewLink(signin.ForAnchor, "free", time.Hour)
	must(t, err)
	b.do(409, "POST", "/api/v1/links/redeem", "", map[string]string{"code": early})

	made := b.do(201, "POST", "/api/v1/links", apiToken, `{"for":"anchor","room":"demo"}`)
	link, _ := made.json["url"].(string)
	code, ok := strings.CutPrefix(link, "http://localhost:8080/anchor#code=")
	if !ok {
		t.Fatalf("= %s", made.raw)
	}
	if a := b.do(401, "POST", "/api/v1/session", "", map[string]string{"code": code}); a.code() != "bad_link" || !strings.Contains(a.raw, "/anchor") {
		t.Errorf("= %s", a.raw)
	}
	b.do(200, "PATCH", "/api/v1/rooms/demo", apiToken, `{"anchor":"carol"}`) // she is meant now
	a := b.do(200, "POST", "/api/v1/links/redeem", "", map[string]string{"code": code}, "Origin", "https://elsewhere.example")
	sig, _ := a.json["userSig"].(string)
	expires, err := time.Parse(time.RFC3339, a.json["expiresAt"].(string))
	must(t, err)
	if left := time.Until(expires); a.json["user"] != "carol" || a.json["room"] != "demo" || left > 12*time.Hour || left < 11*time.Hour || a.header.Get("Set-Cookie") != "" {
		t.Errorf("= %s", a.raw)
	}
	b.do(200, "POST", "/api/v1/rooms/demo/end", sig, nil)
	b.do(403, "GET", "/api/v1/audit", sig, nil)
	if a := b.do(410, "POST", "/api/v1/links/redeem", "", map[string]string{"code": code}); a.code() != "link_used" {
		t.Errorf("= %s", a.raw)
	}
	if all, _ := b.acts("action=link_use"); len(all) != 1 || all[0].By != "carol" || all[0].Target != "carol" || all[0].Group != "demo" || all[0].Detail["room"] != "demo" || all[0].Address != "127.0.0.1" {
		t.Errorf("%+v", all)
	}
	// Refused for want of an anchor it was not used up.
	b.do(200, "PATCH", "/api/v1/rooms/free", apiToken, `{"anchor":"guest_x"}`)
	b.do(404, "POST", "/api/v1/links/redeem", "", map[string]string{"code": early}) // nor for want of an account that may have a UserSig
	b.do(200, "PATCH", "/api/v1/rooms/free", apiToken, `{"anchor":"dora"}`)
	b.do(200, "POST", "/api/v1/links/redeem", "", map[string]string{"code": early})
}

// lateLinks has links that were made long ago, or have expired.
type lateLinks struct {
	web.Sessions
	ago time.Duration
	err error
}

func (l lateLinks) ReadLink(code string) (signin.Link, error) {
	link, err := l.Sessions.ReadLink(code)
	link.MadeAt = link.MadeAt.Add(-l.ago)
	return link, errors.Join(err, l.err)
}

// TestLinkOfAFormerRoom does not open the one that was made anew under its id.
func TestLinkOfAFormerRoom(t *testing.T) {
	for name, late := range map[string]lateLinks{"made anew": {ago: time.Minute}, "expired": {err: signin.ErrExpired}} {
		b := newBench(t, func(_ *web.Config, d *web.Deps) { late.Sessions = d.Sessions; d.Sessions = late })
		b.createRoom("demo")
		_, code, err := b.signIn.NewLink(signin.ForAnchor, "demo", time.Hour)
		must(t, err)
		if a := b.do(410, "POST", "/api/v1/links/redeem", "", map[string]string{"code": code}); a.code() != "link_expired" || a.field() != "code" {
			t.Errorf("%s: %s", name, a.raw)
		}
		if got := b.figure("liveroom_auth_failures_total"); got != 0 {
			t.Errorf("%s: it counts as a guess", name)
		}
	}
}
