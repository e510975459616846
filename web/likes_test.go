package web_test

import (
	"fmt"
	"strings"
	"testing"

	"liveroom/web"
)

func TestLikesOfABackend(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	if a := b.do(200, "POST", "/api/v1/rooms/demo/likes", apiToken, map[string]any{"count": 5000}); a.json["accepted"] != 5000.0 || a.json["likes"] != 5000.0 {
		t.Errorf("in bulk: %s", a.raw)
	}
	if a := b.do(200, "POST", "/api/v1/rooms/demo/likes", apiToken, map[string]any{"user": "bob", "count": 100}); a.json["accepted"] != 30.0 {
		t.Errorf("beyond a user's rate: %s", a.raw)
	}
	if a := b.do(200, "GET", "/api/v1/rooms/demo/likes", "", nil); a.json["likes"] != 5030.0 {
		t.Errorf("read: %s", a.raw)
	}
	for _, tc := range []struct {
		room, auth string
		body       string
		status     int
		field      string
	}{
		{"demo", "", `{"count":1}`, 401, ""},
		{"demo", b.userSig("bob"), `{"count":1}`, 403, ""},
		{"none", apiToken, `{"count":1}`, 404, ""},
		{"demo", apiToken, `{}`, 422, "count"},
		{"demo", apiToken, `{"count":0}`, 422, "count"},
		{"demo", apiToken, `{"count":0.5}`, 422, "count"},
		{"demo", apiToken, `{"count":1.5}`, 422, "count"},
		{"demo", apiToken, `{"count":1e308}`, 422, "count"},
		{"demo", apiToken, `{"count":1e999}`, 400, ""}, // no number at all
		{"demo", apiToken, `{"count":"5"}`, 422, "count"},
		{"demo", apiToken, `{"count":null}`, 422, "count"},
		{"demo", apiToken, `{"count":[1]}`, 422, "count"},
		{"demo", apiToken, `{"count":9223372036854775808}`, 422, "count"},
		{"demo", apiToken, `{"count":-1}`, 422, "count"},
		{"demo", apiToken, `{"count":1000001}`, 422, "count"},
		{"demo", apiToken, `{"user":"bob","count":1001}`, 422, "count"},
		{"demo", apiToken, `{"user":"b b","count":1}`, 422, "user"},
	} {
		if a := b.request("POST", "/api/v1/rooms/"+tc.room+"/likes", tc.auth, tc.body); a.status != tc.status || a.field() != tc.field {
			t.Errorf("%+v: %d %s", tc, a.status, a.raw)
		}
	}
}

func TestFollows(t *testing.T) {
	b := newBench(t, nil)
	b.account("anna", "bob")
	for i := range 5 {
		b.do(200, "PUT", fmt.Sprintf("/api/v1/users/f%d/following/anna", i), apiToken, nil)
	}
	a := b.do(200, "PUT", "/api/v1/users/bob/following/anna", b.userSig("bob"), nil)
	if a.json["following"] != true || a.json["followers"] != 6.0 {
		t.Errorf("himself: %s", a.raw)
	}
	var names []string
	path := "/api/v1/users/anna/followers?limit=4"
	for range 3 {
		a = b.do(200, "GET", path, b.userSig("anna"), nil)
		if a.json["count"] != 6.0 {
			t.Errorf("count: %s", a.raw)
		}
		for _, one := range a.json["users"].([]any) {
			names = append(names, one.(map[string]any)["user"].(string))
		}
		next, more := a.json["nextCursor"].(string)
		if !more {
			break
		}
		path = "/api/v1/users/anna/followers?limit=4&cursor=" + next
	}
	if strings.Join(names, " ") != "bob f4 f3 f2 f1 f0" {
		t.Errorf("pages: %v", names)
	}
	for _, tc := range []struct {
		method, path, auth string
		status             int
		code, field        string
	}{
		{"PUT", "/api/v1/users/anna/following/bob", "", 401, "unauthorized", ""},
		{"PUT", "/api/v1/users/anna/following/bob", b.userSig("bob"), 403, "not_you", ""},
		{"DELETE", "/api/v1/users/f1/following/anna", b.userSig("bob"), 403, "not_you", ""},
		{"GET", "/api/v1/users/anna/followers", b.userSig("bob"), 403, "not_you", ""},
		{"GET", "/api/v1/users/bob/following", b.userSig("anna"), 403, "not_you", ""},
		{"GET", "/api/v1/users/f1/following/anna", b.userSig("bob"), 403, "not_you", ""},
		{"PUT", "/api/v1/users/bob/following/bob", apiToken, 422, "cannot_follow_oneself", "user"},
		{"GET", "/api/v1/users/anna/followers", "", 401, "unauthorized", ""},
		{"GET", "/api/v1/users/anna/followers?cursor=x", apiToken, 422, "invalid", "cursor"},
		{"GET", "/api/v1/users/anna/followers?limit=101", apiToken, 422, "invalid", "limit"},
	} {
		if a := b.request(tc.method, tc.path, tc.auth, nil); a.status != tc.status || a.code() != tc.code || a.field() != tc.field {
			t.Errorf("%s %s: %d %s", tc.method, tc.path, a.status, a.raw)
		}
	}
	for _, auth := range []string{b.userSig("bob"), b.userSig("anna"), apiToken} {
		if a := b.do(200, "GET", "/api/v1/users/bob/following/anna", auth, nil); a.json["following"] != true || a.json["followers"] != 6.0 {
			t.Errorf("an end of it: %s", a.raw)
		}
	}
	b.do(200, "GET", "/api/v1/users/bob/following", b.userSig("bob"), nil)
	for i := range 4 {
		b.do(200, "PUT", fmt.Sprintf("/api/v1/users/bob/following/x%d", i), apiToken, nil)
	}
	if a := b.request("PUT", "/api/v1/users/bob/following/one-more", apiToken, nil); a.status != 422 || a.code() != "too_many_follows" {
		t.Errorf("too many: %d %s", a.status, a.raw)
	}
	if a := b.do(200, "DELETE", "/api/v1/users/bob/following/anna", b.userSig("bob"), nil); a.json["following"] != false || a.json["followers"] != 5.0 {
		t.Errorf("no longer: %s", a.raw)
	}
}

// TestFollowsTooFast: of users, each of whose changes is told to backends, and not of backends.
func TestFollowsTooFast(t *testing.T) {
	b := newBench(t, nil)
	b.account("bob")
	for i := range 30 {
		b.do(200, []string{"PUT", "DELETE"}[i%2], "/api/v1/users/bob/following/anna", apiToken, nil)
	}
	a := b.do(200, "PUT", "/api/v1/users/bob/following/anna", b.userSig("bob"), nil)
	for a.status == 200 {
		a = b.request("DELETE", "/api/v1/users/bob/following/anna", b.userSig("bob"), nil)
	}
	if a.status != 429 || a.code() != "follows_too_fast" || a.json["nextAt"] == nil || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", a.status, a.raw)
	}
	b.do(200, "PUT", "/api/v1/users/bob/following/anna", apiToken, nil)
}

func TestLikesFollowsAndLevelsNotOffered(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Likes, d.Follows, d.Levels = nil, nil, nil })
	b.createRoom("demo")
	type body = map[string]any
	for _, call := range []struct {
		method, path string
		body         any
	}{
		{"GET", "/rooms/demo/likes", nil},
		{"POST", "/rooms/demo/likes", body{"count": 1}},
		{"GET", "/users/bob/following", nil},
		{"GET", "/users/bob/followers", nil},
		{"GET", "/users/bob/following/anna", nil},
		{"PUT", "/users/bob/following/anna", nil},
		{"DELETE", "/users/bob/following/anna", nil},
		{"GET", "/users/bob/level", nil},
		{"POST", "/users/bob/level/adjust", body{"points": 1, "reason": "x"}},
		{"PUT", "/users/bob/membership", body{"tier": "gold"}},
		{"DELETE", "/users/bob/membership", nil},
	} {
		if a := b.request(call.method, "/api/v1"+call.path, apiToken, call.body); a.status != 404 || a.code() != "not_offered" {
			t.Errorf("%s %s: %d %s", call.method, call.path, a.status, a.raw)
		}
	}
}
