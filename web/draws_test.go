package web_test

import (
	"strings"
	"testing"

	"liveroom/web"
)

func TestDrawsNotOffered(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Draws = nil })
	b.createRoom("demo")
	for _, call := range []string{"GET /draws", "GET /draws/d1", "GET /draws/d1/export", "POST /draws/d1/end"} {
		method, path, _ := strings.Cut(call, " ")
		if a := b.do(404, method, "/api/v1/rooms/demo"+path, apiToken, nil); a.code() != "not_offered" {
			t.Errorf("%s: %s", call, a.raw)
		}
	}
}

// TestDrawRefusals: each with its code, and the field at fault.
func TestDrawRefusals(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	b.account("bob")
	good := map[string]any{"id": "d1", "title": "T", "trigger": map[string]any{"keyword": "tea"}, "window": "60s", "winners": 1}
	draft := func(key string, value any) map[string]any {
		d := map[string]any{}
		for k, v := range good {
			d[k] = v
		}
		d[key] = value
		return d
	}
	path := "/api/v1/rooms/demo/draws"
	for _, tc := range []struct {
		status      int
		code, field string
		auth        string
		body        any
	}{
		{403, "not_anchor", "", b.userSig("bob"), good},
		{422, "bad_parameter", "window", apiToken, draft("window", "2h")},
		{422, "bad_parameter", "trigger", apiToken, draft("trigger", map[string]any{})},
		{422, "invalid", "winners", apiToken, draft("winners", 1001)},
		{422, "bad_parameter", "eligibility.minLevel", apiToken, draft("eligibility", map[string]any{"minLevel": 3})},
		{201, "", "", apiToken, good},
		{201, "", "", apiToken, good},
		{409, "draw_reused", "id", apiToken, draft("title", "Other")},
		{409, "draw_running", "", apiToken, draft("id", "d2")},
	} {
		if a := b.do(tc.status, "POST", path, tc.auth, tc.body); a.code() != tc.code || a.field() != tc.field {
			t.Errorf("%s, want %s at %s", a.raw, tc.code, tc.field)
		}
	}
	for _, tc := range []struct {
		status             int
		code, method, path string
	}{
		{404, "no_such_draw", "GET", "/d9"},
		{409, "draw_not_ended", "GET", "/d1/export"},
		{200, "", "POST", "/d1/cancel"},
		{200, "", "POST", "/d1/cancel"},
		{409, "draw_over", "POST", "/d1/end"},
		{422, "invalid", "GET", "?cursor=0"},
	} {
		if a := b.do(tc.status, tc.method, path+tc.path, apiToken, nil); a.code() != tc.code {
			t.Errorf("%s %s: %s", tc.method, tc.path, a.raw)
		}
	}
	b.do(404, "GET", "/api/v1/rooms/nowhere/draws", "", nil)
}
