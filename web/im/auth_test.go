package im_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"

	"liveroom/chat"

	"liveroom/web/im"
)

// The vectors of spec im-rest §2.6, and when they were made.
const (
	issued      = 1700000000
	adminStored = "eAEAsQBO-3siVExTLnZlciI6IjIuMCIsIlRMUy5pZGVudGlmaWVyIjoiYWRtaW5pc3RyYXRvciIsIlRMUy5zZGthcHBpZCI6MTQwMDAwMDAwMCwiVExTLmV4cGlyZSI6MTU1NTIwMDAsIlRMUy50aW1lIjoxNzAwMDAwMDAwLCJUTFMuc2lnIjoiSkN6eGFuRjhOVFRYYXU0bSsyaDl3djdnWUpueU5rc20weG0xTkVYVTI3ND0ifQEAAP--Tm40pw__"
	adminGo     = "eJxUysELwiAUx-H-5V2LscnEEjpFHUZ4yWAdBW09hiZqy4r*92iNoHd7n9-3CXK3LwYTgAMpSpiPP2rjEp5wZKUtOowpqHQJUxB1r7xHDbyqy*m*i8kegwFeUUrJTxPaj7H-NmIHHJr1Iyu3XQgpW3Wt7Yycl7eBdcfG3UUfbZltJTbtgbB6Ba93AAAA--9ObjSn"
	adminPython = "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkElNyM-Myi0uKEkvyi2BKilOyEwsKMlOACgxNDKAAKpdaUZBZlAqSMTU1NUKIl2TmgkXN0dQXZ6aD7PFyrqpIzHOz8AsJiUgsNcnVNsqwLC8zT4-0yqv0yy7ONajINfRzjQg1MjexVaoFANTGNgc_"
	userGo      = "eJyqVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwhWZiflZpXlQqeKU7MSCgswUJStDEwMogMikVhRkFqUqWVmYmcCESjJzU5WsDM1RFRZnpitZKQX7uZm45YY5B5Qm50cUO-kXJIW5Gae5OaeZmnsF5BqkVkUZZqWGefrkhCXbKtUCAgAA--8ojzFw"
	userBuf     = "eJyqVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwhWZiflZpXlQqeKU7MSCgswUJStDEwMogMikVhRkFqUqWVmYmcCESjJzU5WsDM1RFZYWpxYllaYpWSk5Ojp6pLrnZCQZFRgm5fhVhqQ7Ojo6JwdGhYU5g5iOARYg0hFmd2a6kpVSrml4gI9TgElUgW9Glqu*tntwVa5HoKt3ko9vRXFZeGaGYWmGV0igQXFAua1SLSAAAP--CclDAg__"
)

// harmless is a command that any administrator may call at any time.
const harmless = "/v4/openconfigsvr/getappinfo"

func (d *door) ask(query string) answer {
	d.t.Helper()
	return d.send(http.MethodPost, harmless, query, "{}")
}

func query(app, user, sig string) string {
	return "usersig=" + sig + "&identifier=" + user + "&sdkappid=" + app + "&random=1&contenttype=json"
}

// TestPublishedUserSigs shows the vectors at the times that the specification names.
func TestPublishedUserSigs(t *testing.T) {
	flipped := repack(t, adminGo, func(doc string) string { return strings.Replace(doc, `"JCz`, `"KCz`, 1) }, 6)
	otherApp := repack(t, adminGo, func(doc string) string { return strings.Replace(doc, `:1400000000`, `:1400000001`, 1) }, 6)
	const app, admin = "1400000000", "administrator"
	synctest.Test(t, func(t *testing.T) {
		d := newGate(t, nil)
		at := func(offset int64) { time.Sleep(time.Until(time.Unix(issued+offset, 0))) }
		check := func(name, query string, code int) {
			t.Helper()
			if a := d.ask(query); a.code() != code {
				t.Errorf("%s: %v, want %d", name, a, code)
			}
		}
		at(10)
		check("stored", query(app, admin, adminStored), 0)
		check("Go", query(app, admin, adminGo), 0)
		check("Python", query(app, admin, adminPython), 0)
		check("escaped", query(app, admin, strings.NewReplacer("*", "%2A", "-", "%2d", "_", "%5F").Replace(adminGo)), 0)
		check("no application", "usersig="+adminGo+"&identifier=administrator", 60012)
		check("an empty application", query("", admin, adminGo), 60012)
		check("an application that is no number", query("a1", admin, adminGo), 60006)
		check("another application", query("1400000001", admin, adminGo), 70020)
		check("a larger one", query("91400000000", admin, adminGo), 70020)
		check("made for another application", query(app, admin, otherApp), 70014)
		check("no UserSig", query(app, admin, ""), 70002)
		check("no UserSig at all", "sdkappid=1400000000&identifier=administrator", 70002)
		check("nobody", query(app, "", adminGo), 60004)
		check("half a UserSig", query(app, admin, adminGo[:100]), 70003)
		check("a very long one", query(app, admin, strings.Repeat("A", 9000)), 70003)
		check("another user", query(app, "xiaojun", adminGo), 70013)
		check("a key for a room", query(app, "xiaojun", userBuf), 70003)
		check("forged", query(app, admin, flipped), 70009)
		check("no administrator", query(app, "xiaojun", userGo), 60010)
		check("names in capitals", strings.ToUpper(query(app, admin, "")), 60012)
		at(86400)
		check("no administrator, in the last second", query(app, "xiaojun", userGo), 60010)
		at(86401)
		check("no administrator, a second later", query(app, "xiaojun", userGo), 70001)
		at(15552000)
		check("the last second", query(app, admin, adminGo), 0)
		at(15552001)
		check("a second later", query(app, admin, adminGo), 70001)
		check("forged and expired", query(app, admin, flipped), 70009)
		if n := d.failures.noted; n != 7 { // those that may be guesses: not what is missing, expired, or no administrator's
			t.Errorf("%d failures were noted", n)
		}
	})
}

// repack changes the document of a UserSig.
func repack(t *testing.T, sig string, change func(doc string) string, level int) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(strings.NewReplacer("*", "+", "-", "/", "_", "=").Replace(sig))
	if err != nil {
		t.Fatal(err)
	}
	z, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, change(string(doc))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("+", "*", "/", "-", "=", "_").Replace(base64.StdEncoding.EncodeToString(b.Bytes()))
}

// TestUserSigsOfAnyGenerator: the same facts have many texts.
func TestUserSigsOfAnyGenerator(t *testing.T) {
	d := newDoor(t, nil)
	before := tencentyun.DefaultCompressionLevel
	t.Cleanup(func() { tencentyun.DefaultCompressionLevel = before })
	sigs := map[string]string{}
	for _, level := range []int{zlib.NoCompression, 6, zlib.BestCompression} {
		tencentyun.DefaultCompressionLevel = level
		sig, err := tencentyun.GenUserSig(appID, signer.Key, chat.Administrator, 86400)
		if err != nil {
			t.Fatal(err)
		}
		sigs[fmt.Sprintf("Tencent's, level %d", level)] = sig
	}
	sigs["with spaces"] = repack(t, d.sig, func(doc string) string {
		return strings.NewReplacer(`":`, `" : `, `,"`, " ,\n\t\"").Replace(doc)
	}, 6)
	sigs["with a newline"] = repack(t, d.sig, func(doc string) string { return doc + " \n" }, 1)
	sigs["in another order"] = repack(t, d.sig, func(doc string) string {
		fields := map[string]json.RawMessage{}
		if err := json.Unmarshal([]byte(doc), &fields); err != nil {
			t.Fatal(err)
		}
		sorted, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return string(sorted)
	}, 9)
	for name, sig := range sigs {
		if a := d.ask(query("1400000000", "administrator", sig)); a.code() != 0 {
			t.Errorf("%s: %v", name, a)
		}
		if err := tencentyun.VerifyUserSig(appID, signer.Key, "administrator", sig, time.Now()); err != nil {
			t.Errorf("Tencent's own verifier refuses %s: %v", name, err)
		}
	}
}

// TestAKickVoidsUserSigs of an administrator too, however often they were used before; one made later is good.
func TestAKickVoidsUserSigs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newGate(t, nil)
		root := query("1400000000", "root", sign(t, "root"))
		for range 3 {
			if a := d.ask(root); a.code() != 0 {
				t.Fatal(a)
			}
		}
		time.Sleep(2 * time.Second)
		d.must(accountService+"kick", `{"UserID":"root"}`)
		for range 3 {
			if a := d.ask(root); a.code() != 70052 {
				t.Errorf("after the kick: %v", a)
			}
		}
		if a := d.ask(query("1400000000", "root", sign(t, "root"))); a.code() != 0 {
			t.Errorf("a new one: %v", a)
		}
		if d.failures.noted != 0 {
			t.Error("who has the key was taken for a guesser")
		}
	})
}

func TestWhoFailedTooOftenIsNotHeard(t *testing.T) {
	d := newDoor(t, nil)
	d.failures.may = false
	if a := d.ask(d.query()); a.code() != 70050 {
		t.Errorf("%v", a)
	}
}

// TestQueries: parameters come in any order, and those that mean nothing are passed over.
func TestQueries(t *testing.T) {
	d := newDoor(t, nil)
	parts := strings.Split(d.query(), "&")
	for range parts {
		parts = append(parts[1:], parts[0])
		if a := d.ask(strings.Join(parts, "&")); a.code() != 0 {
			t.Errorf("%v: %v", parts, a)
		}
	}
	for _, more := range []string{"&", "&x", "&%zz=%zz", "&usersig=", "&usersig=x", ";a=b", "&random=-1&contenttype=xml"} {
		if a := d.ask(d.query() + more); a.code() != 0 {
			t.Errorf("with %q: %v", more, a)
		}
	}
	if a := d.ask(strings.Replace(d.query(), "identifier=administrator", "identifier=%zz", 1)); a.code() != 70013 {
		t.Errorf("an identifier that can't be unescaped: %v", a)
	}
}

func TestWhereAndHow(t *testing.T) {
	d := newDoor(t, nil)
	for _, c := range []struct {
		method, path string
		code         int
	}{
		{http.MethodPost, harmless, 0},
		{http.MethodGet, harmless, 60002},
		{http.MethodPut, harmless, 60002},
		{http.MethodDelete, "/v4/", 60002},
		{http.MethodPost, "/v4/", 60009},
		{http.MethodPost, "/v4/openconfigsvr", 60009},
		{http.MethodPost, "/v4/openconfigsvr/", 60009},
		{http.MethodPost, "/v4/openconfigsvr/getappinfo/", 60009},
		{http.MethodPost, "/v4//getappinfo", 60009},
		{http.MethodPost, "/v4/openconfigsvr/GetAppInfo", 60009},
		{http.MethodPost, "/v4/openim/getappinfo", 60009},
	} {
		if a := d.send(c.method, c.path, d.query(), "{}"); a.code() != c.code {
			t.Errorf("%s %s: %v, want %d", c.method, c.path, a, c.code)
		}
	}
	if strings.Contains(d.log.String(), d.sig) || strings.Contains(d.log.String(), d.sig[:40]) {
		t.Error("the UserSig is in the log")
	}
}

func TestWhoHasTooManyCallsUnderWayIsToldInAnEnvelope(t *testing.T) {
	d := newDoor(t, nil)
	w := httptest.NewRecorder()
	d.ServeBusy(w, httptest.NewRequest(http.MethodPost, harmless, nil))
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK || a.code() != 60018 || a["ActionStatus"] != "FAIL" {
		t.Errorf("%d %s, %v", w.Code, w.Body, err)
	}
}

func TestRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newGate(t, func(c *im.Config) {
			c.Rates = im.Rates{"kick": 3, "getappinfo": 0}
		})
		d.must(accountService+"account_import", `{"UserID":"ann"}`)
		count := func(n int, command, body string) map[int]int {
			codes := map[int]int{}
			for range n {
				codes[d.call(command, body).code()]++
			}
			return codes
		}
		for _, c := range []struct {
			command string
			n       int
			passed  int
			code    int
		}{
			{"im_open_login_svc/kick", 5, 3, 60007},
			{"openconfigsvr/getappinfo", 1000, 1000, 0},
			{"openconfigsvr/getnospeaking", 201, 200, 60007},
			{"im_open_login_svc/account_check", 101, 100, 60007},
			{"group_open_http_svc/get_group_muted_account", 201, 200, 10006},
		} {
			codes := count(c.n, c.command, "{}")
			refused := codes[c.code]
			if c.code == 0 {
				refused = 0
			}
			if refused != c.n-c.passed {
				t.Errorf("%s: answered %v", c.command, codes)
			}
		}
		time.Sleep(time.Second)
		if codes := count(4, "im_open_login_svc/kick", `{}`); codes[60007] != 1 {
			t.Errorf("a second later: %v", codes)
		}
		if a := d.ask(query("1400000000", "administrator", "x")); a.code() != 70003 {
			t.Errorf("a stranger: %v", a)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		d := newGate(t, func(c *im.Config) { c.Rates = im.Rates{"all": 2} })
		for i, code := range []int{0, 0, 60011, 60011} {
			if a := d.ask(d.query()); a.code() != code {
				t.Errorf("call %d of two a second: %v", i+1, a)
			}
		}
	})
	for _, bad := range []im.Rates{{"": 1}, {"no_such": 1}} {
		_, err := im.New(im.Config{AppID: 1, Rates: bad}, im.Deps{}, nil)
		if err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
	for _, words := range [][]string{{"kick"}, {"kick="}, {"kick=-1"}, {"kick=1.5"}, {"kick=1", "kick=2"}, {"kick=10000000"}} {
		if _, err := im.ParseRates(words); err == nil {
			t.Errorf("%v is taken", words)
		}
	}
}
