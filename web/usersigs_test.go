package web_test

import (
	"strings"
	"testing"
	"time"
)

// TestUserSigsAreMadeAndChecked: one that is made signs its user in, is found good by the check, and is nowhere to be read.
func TestUserSigsAreMadeAndChecked(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	made := b.do(200, "POST", "/api/v1/usersigs", apiToken, `{"user":"alice","expiresIn":"90m"}`)
	sig, _ := made.json["userSig"].(string)
	if sig == "" || made.json["user"] != "alice" || made.json["sdkAppId"] != float64(b.signer.AppID) {
		t.Fatal(made.raw)
	}
	b.do(200, "POST", "/api/v1/rooms/demo/addresses", sig, nil) // of the anchor
	for _, c := range []struct{ body, code string }{
		{`{"userSig":"` + sig + `"}`, ""},
		{`{"userSig":"` + sig + `","user":"alice"}`, ""},
		{`{"userSig":"` + sig + `","user":"bob"}`, "usersig_other_user"},
		{`{"userSig":"hello"}`, "usersig_malformed"},
	} {
		a := b.do(200, "POST", "/api/v1/usersigs/check", apiToken, c.body)
		if a.json["code"] != c.code || a.json["ok"] != (c.code == "") || strings.Contains(a.raw, sig) {
			t.Errorf("%s: %s", c.body, a.raw)
		}
	}
	for body, field := range map[string]string{
		`{"user":"a b"}`: "user", `{"user":""}`: "user", `{"user":"alice","expiresIn":"0s"}`: "expiresIn", `{"user":"alice","expiresIn":"900000h"}`: "expiresIn",
	} {
		if a := b.do(422, "POST", "/api/v1/usersigs", apiToken, body); a.json["field"] != field {
			t.Errorf("%s: %s", body, a.raw)
		}
	}
	b.do(403, "POST", "/api/v1/usersigs", b.userSig("alice"), `{"user":"bob"}`)
	b.do(403, "POST", "/api/v1/usersigs/check", b.userSig("alice"), `{"userSig":"`+sig+`"}`)
	if all, _ := b.acts("action=usersig_make"); len(all) != 1 || all[0].Target != "alice" || all[0].Detail["expiresIn"] != "1h30m0s" {
		t.Errorf("audited: %+v", all)
	}
	if audit := b.do(200, "GET", "/api/v1/audit", apiToken, nil).raw; strings.Contains(audit+b.logs.String(), sig) {
		t.Error("the UserSig is in the log or the audit log")
	}
}

// TestAddressCheckIsForTokens: what it answers of an address, and that nobody else may ask.
func TestAddressCheckIsForTokens(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	until := time.Now().UTC().Add(time.Hour).Truncate(time.Second).Format("2006-01-02T15:04:05.000Z")
	made := b.do(200, "POST", "/api/v1/addresses", apiToken, map[string]any{"room": "demo", "expiresAt": until})
	push, _ := made.json["push"].(map[string]any)["rtmp"].(string)
	body := map[string]any{"url": push}
	a := b.do(200, "POST", "/api/v1/addresses/check", apiToken, body)
	if a.json["ok"] != true || a.json["purpose"] != "push" || a.json["room"] != "demo" || a.json["expiresAt"] != until {
		t.Error(a.raw)
	}
	b.do(200, "POST", "/api/v1/rooms/demo/end", apiToken, nil)
	if a = b.do(200, "POST", "/api/v1/addresses/check", apiToken, body); a.json["ok"] != false || a.json["code"] != "room_ended" {
		t.Error(a.raw)
	}
	if _, secret, _ := strings.Cut(push, "txSecret="); strings.Contains(a.raw+b.logs.String(), secret[:32]) {
		t.Error("the signature is shown")
	}
	b.do(403, "POST", "/api/v1/addresses/check", b.userSig("alice"), body)
	b.do(403, "POST", "/api/v1/addresses", b.userSig("alice"), `{"room":"demo"}`)
	for body, field := range map[string]string{`{}`: "room", `{"room":"a","app":"vod"}`: "app", `{"stream":"a","expiresIn":"0s"}`: "expiresIn"} {
		if a := b.do(422, "POST", "/api/v1/addresses", apiToken, body); a.json["field"] != field {
			t.Errorf("%s: %s", body, a.raw)
		}
	}
}
