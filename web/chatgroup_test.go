package web_test

import (
	"strings"
	"testing"
)

// TestChatGroupOverREST: anyone reads, the anchor and the token change, others are refused, and so is what is too long.
func TestChatGroupOverREST(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	path := "/api/v1/rooms/demo/chat"
	if a := b.do(200, "GET", path, "", nil); a.json["slowMode"] != "0s" || a.json["guestsSpeak"] != true || a.json["uploads"] != "members" {
		t.Errorf("at first %s", a.raw)
	}
	if a := b.do(200, "PATCH", path, b.userSig("alice"), `{"slowMode":"1m","uploads":"admins"}`); a.json["slowMode"] != "60s" || a.json["uploads"] != "admins" {
		t.Errorf("the anchor: %s", a.raw)
	}
	b.do(200, "PATCH", path, apiToken, `{"muteAll":true,"guestsSpeak":false}`)
	if a := b.do(200, "GET", path, "", nil); a.json["slowMode"] != "60s" || a.json["muteAll"] != true || a.json["guestsSpeak"] != false {
		t.Errorf("in the end %s", a.raw)
	}
	for _, tc := range []struct {
		auth, body string
		status     int
		field      string
	}{
		{"", `{"muteAll":false}`, 401, ""},
		{b.userSig("bob"), `{"muteAll":false}`, 403, ""},
		{apiToken, `{"slowMode":"61m"}`, 422, "slowMode"},
		{apiToken, `{"slowMode":"1500ms"}`, 422, "slowMode"},
		{apiToken, `{"introduction":"` + strings.Repeat("茶", 81) + `"}`, 422, "introduction"},
		{apiToken, `{"uploads":"everybody"}`, 422, "uploads"},
		{apiToken, `{}`, 422, ""},
	} {
		if a := b.request("PATCH", path, tc.auth, tc.body); a.status != tc.status || a.field() != tc.field {
			t.Errorf("%s: %s", tc.body, a.raw)
		}
	}
	b.do(404, "GET", "/api/v1/rooms/none/chat", "", nil)
}
