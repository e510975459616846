package web_test

import (
	"strings"
	"testing"

	"liveroom/web"
)

func TestLevelsAreShownAndChanged(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	if a := b.do(200, "GET", "/api/v1/users/nobody/level", "", nil); a.raw != `{"user":"nobody","level":0,"score":0,"next":20,"badge":"","membership":"","membershipUntil":null}`+"\n" {
		t.Errorf("of nobody: %s", a.raw)
	}
	for range 2 {
		if a := b.do(200, "POST", "/api/v1/users/bob/level/adjust", apiToken, `{"points":300,"reason":"won","id":"quiz"}`); a.json["level"] != 3. || a.json["score"] != 300. || a.json["next"] != 700. {
			t.Errorf("adjusted: %s", a.raw)
		}
	}
	if a := b.do(200, "PUT", "/api/v1/users/bob/membership", apiToken, `{"tier":"silver"}`); a.json["badge"] != "silver" || a.json["membership"] != "silver" || a.json["membershipUntil"] != nil {
		t.Errorf("a member for ever: %s", a.raw)
	}
	b.connect("bob", "demo")
	if a := b.do(200, "GET", "/api/v1/rooms/demo/members", apiToken, nil); !strings.Contains(a.raw, `"level":3,"badge":"silver"`) {
		t.Errorf("in the list of members: %s", a.raw)
	}
	if a := b.do(200, "DELETE", "/api/v1/users/bob/membership", apiToken, nil); a.json["badge"] != "" || a.json["level"] != 3. {
		t.Errorf("a member no longer: %s", a.raw)
	}
	a := b.do(200, "GET", "/api/v1/audit?target=bob", apiToken, nil)
	for _, want := range []string{`"action":"level_adjust","target":"bob","detail":{"points":"300","reason":"won"}`, `"action":"membership","target":"bob","detail":{"tier":"silver"}`, `"action":"membership","target":"bob","detail":{}`} {
		if !strings.Contains(a.raw, want) {
			t.Errorf("the log lacks %s: %s", want, a.raw)
		}
	}
}

func TestLevelsThatAreRefused(t *testing.T) {
	b := newBench(t, nil)
	for _, tc := range []struct {
		status              int
		method, path, auth  string
		body                any
		code, field, detail string
	}{
		{401, "POST", "/bob/level/adjust", "", `{"points":1,"reason":"x"}`, "unauthorized", "", ""},
		{403, "POST", "/bob/level/adjust", b.userSig("bob"), `{"points":1,"reason":"x"}`, "token_needed", "", ""},
		{403, "PUT", "/bob/membership", b.userSig("bob"), `{"tier":"gold"}`, "token_needed", "", ""},
		{422, "GET", "/a%20b/level", "", nil, "invalid", "user", ""},
		{422, "POST", "/a%20b/level/adjust", apiToken, `{"points":1,"reason":"x"}`, "invalid", "user", ""},
		{422, "POST", "/administrator/level/adjust", apiToken, `{"points":1,"reason":"x"}`, "invalid", "user", "no level"},
		{422, "POST", "/bob/level/adjust", apiToken, `{"points":0,"reason":"x"}`, "invalid", "points", ""},
		{422, "POST", "/bob/level/adjust", apiToken, `{"points":1000000000001,"reason":"x"}`, "invalid", "points", ""},
		{422, "POST", "/bob/level/adjust", apiToken, `{"points":1}`, "invalid", "reason", ""},
		{422, "POST", "/bob/level/adjust", apiToken, `{"points":1,"reason":""}`, "invalid", "reason", ""},
		{422, "PUT", "/bob/membership", apiToken, `{"tier":"iron"}`, "invalid", "tier", "level-tiers"},
		{422, "PUT", "/bob/membership", apiToken, `{"tier":"gold","until":"2001-01-01T00:00:00Z"}`, "invalid", "until", "later"},
		{422, "PUT", "/bob/membership", apiToken, `{"tier":"gold","until":"soon"}`, "invalid", "until", ""},
	} {
		a := b.request(tc.method, "/api/v1/users"+tc.path, tc.auth, tc.body)
		if a.status != tc.status || a.json["code"] != tc.code || tc.field != "" && a.json["field"] != tc.field || !strings.Contains(a.raw, tc.detail) {
			t.Errorf("%s %s %v: %d %s", tc.method, tc.path, tc.body, a.status, a.raw)
		}
	}
	if a := b.do(200, "GET", "/api/v1/users/bob/level", "", nil); a.json["score"] != 0. {
		t.Errorf("afterwards: %s", a.raw)
	}
}

func TestAServerWithoutLevels(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Levels = nil })
	b.createRoom("demo")
	b.connect("bob", "demo")
	b.do(404, "GET", "/api/v1/users/bob/level", "", nil)
	if a := b.do(200, "GET", "/api/v1/rooms/demo/members", apiToken, nil); !strings.Contains(a.raw, `"user":"bob"`) || strings.Contains(a.raw, "level") {
		t.Errorf("%s", a.raw)
	}
}
