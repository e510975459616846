package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRoomLifeOverREST(t *testing.T) {
	b := newBench(t, nil)
	made := b.do(201, "POST", "/api/v1/rooms", apiToken, map[string]any{
		"id": "demo", "title": "你好", "anchor": "alice", "grace": "90s", "scheduledAt": "2030-01-01T08:00:00+08:00", "notice": "hi",
	})
	if got := made.header.Get("Location"); got != "/api/v1/rooms/demo" {
		t.Errorf("Location = %q", got)
	}
	for field, want := range map[string]any{
		"id": "demo", "groupId": "demo", "stream": "demo", "title": "你好", "grace": "90s", "pauseLimit": "1800s",
		"scheduledAt": "2030-01-01T00:00:00.000Z", "endAt": nil, "playAuth": "signed", "earlyPush": "accept", "online": 0.0,
		"maxViewers": 0.0, "maxBandwidth": 0.0,
	} {
		if got := made.json[field]; got != want {
			t.Errorf("%s = %v, want %v", field, got, want)
		}
	}
	record, _ := made.json["status"].(map[string]any)
	if record["name"] != "waiting" || record["code"] != 1.0 || record["version"] != 1.0 || record["graceUntil"] != nil || record["playbackUrl"] != nil {
		t.Errorf("status = %v", record)
	}
	if since, _ := record["since"].(string); len(since) != len("2026-11-21T20:00:00.000Z") || !strings.HasSuffix(since, "Z") {
		t.Errorf("since = %q, want UTC with milliseconds", since)
	}

	if got := b.do(200, "GET", "/api/v1/rooms/demo", "", nil); got.raw != made.raw {
		t.Errorf("GET = %s, want %s", got.raw, made.raw)
	}
	changed := b.do(200, "PATCH", "/api/v1/rooms/demo", apiToken, `{"title":"new","scheduledAt":null,"pauseLimit":"1h","maxViewers":300,"maxBandwidth":900000000}`)
	if changed.json["title"] != "new" || changed.json["scheduledAt"] != nil || changed.json["pauseLimit"] != "3600s" || changed.json["grace"] != "90s" ||
		changed.json["maxViewers"] != 300.0 || changed.json["maxBandwidth"] != 9e8 {
		t.Errorf("PATCH = %s", changed.raw)
	}
	b.do(204, "DELETE", "/api/v1/rooms/demo?reason=over", apiToken, nil)
	if a := b.do(404, "GET", "/api/v1/rooms/demo", "", nil); a.code() != "not_found" {
		t.Errorf("after DELETE: %s", a.raw)
	}
	b.do(404, "DELETE", "/api/v1/rooms/demo", apiToken, nil)
	b.do(201, "POST", "/api/v1/rooms", apiToken, `{"id":"nulls","scheduledAt":null,"endAt":null}`)
	again := b.createRoom("demo")
	if record, _ := again.json["status"].(map[string]any); record["version"].(float64) < 3 {
		t.Errorf("a room made again goes back in versions: %s", again.raw)
	}
}

func TestBadInputNamesTheField(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	for _, tt := range []struct {
		name, method, path string
		body               any
		status             int
		code, field        string
	}{
		{"unknown field", "POST", "/api/v1/rooms", `{"id":"a","colour":"red"}`, 422, "invalid", "colour"},
		{"case of a field", "POST", "/api/v1/rooms", `{"Id":"a"}`, 422, "invalid", "Id"},
		{"type", "POST", "/api/v1/rooms", `{"id":7}`, 422, "invalid", "id"},
		{"bad id", "POST", "/api/v1/rooms", `{"id":"a b"}`, 422, "invalid", "id"},
		{"bad stream", "POST", "/api/v1/rooms", `{"id":"a","stream":"x.flv"}`, 422, "invalid", "stream"},
		{"bad group", "POST", "/api/v1/rooms", `{"id":"a","groupId":"@TGS#x"}`, 422, "invalid", "groupId"},
		{"long title", "POST", "/api/v1/rooms", `{"id":"a","title":"` + strings.Repeat("长", 60) + `"}`, 422, "invalid", "title"},
		{"duration", "POST", "/api/v1/rooms", `{"id":"a","grace":"soon"}`, 422, "invalid", "grace"},
		{"negative duration", "POST", "/api/v1/rooms", `{"id":"a","grace":"-5s"}`, 422, "invalid", "grace"},
		{"duration as number", "POST", "/api/v1/rooms", `{"id":"a","grace":90}`, 422, "invalid", "grace"},
		{"duration out of range", "POST", "/api/v1/rooms", `{"id":"a","grace":"48h"}`, 422, "invalid", "grace"},
		{"time", "POST", "/api/v1/rooms", `{"id":"a","endAt":"tomorrow"}`, 422, "invalid", "endAt"},
		{"time in the past", "POST", "/api/v1/rooms", `{"id":"a","endAt":"2001-01-01T00:00:00Z"}`, 422, "invalid", "endAt"},
		{"negative limit", "POST", "/api/v1/rooms", `{"id":"a","maxViewers":-1}`, 422, "invalid", "maxViewers"},
		{"broken limit", "PATCH", "/api/v1/rooms/demo", `{"maxViewers":1.5}`, 422, "invalid", "maxViewers"},
		{"huge bandwidth", "PATCH", "/api/v1/rooms/demo", `{"maxBandwidth":1000000000001}`, 422, "invalid", "maxBandwidth"},
		{"bandwidth as text", "POST", "/api/v1/rooms", `{"id":"a","maxBandwidth":"8Mbit"}`, 422, "invalid", "maxBandwidth"},
		{"screenshots too often", "POST", "/api/v1/rooms", `{"id":"a","screenshots":{"every":"1s"}}`, 422, "invalid", "screenshots.every"},
		{"screenshots too seldom", "PATCH", "/api/v1/rooms/demo", `{"screenshots":{"every":"11m"}}`, 422, "invalid", "screenshots.every"},
		{"screenshots without every", "PATCH", "/api/v1/rooms/demo", `{"screenshots":{}}`, 422, "invalid", "screenshots"},
		{"screenshots as number", "PATCH", "/api/v1/rooms/demo", `{"screenshots":{"every":5}}`, 422, "invalid", "screenshots.every"},
		{"unknown field of screenshots", "PATCH", "/api/v1/rooms/demo", `{"screenshots":{"every":"5s","x":1}}`, 422, "invalid", "screenshots.x"},
		{"choice", "POST", "/api/v1/rooms", `{"id":"a","playAuth":"maybe"}`, 422, "invalid", "playAuth"},
		{"taken id", "POST", "/api/v1/rooms", `{"id":"demo"}`, 409, "exists", "id"},
		{"taken stream", "POST", "/api/v1/rooms", `{"id":"a","stream":"demo"}`, 409, "exists", "stream"},
		{"not JSON", "POST", "/api/v1/rooms", `{"id":`, 400, "bad_request", ""},
		{"two objects", "POST", "/api/v1/rooms", `{"id":"a"}{}`, 400, "bad_request", ""},
		{"no body", "POST", "/api/v1/rooms", nil, 400, "bad_request", ""},
		{"array", "POST", "/api/v1/rooms", `[]`, 422, "invalid", ""},
		{"large body", "POST", "/api/v1/rooms", `{"title":"` + strings.Repeat("x", 70_000) + `"}`, 413, "too_large", ""},
		{"patch id", "PATCH", "/api/v1/rooms/demo", `{"id":"b"}`, 422, "invalid", "id"},
		{"bad path", "GET", "/api/v1/rooms/a%20b", nil, 422, "invalid", "room"},
		{"limit", "GET", "/api/v1/rooms?limit=0", nil, 422, "invalid", "limit"},
		{"limit is no number", "GET", "/api/v1/rooms?limit=x", nil, 422, "invalid", "limit"},
		{"status", "GET", "/api/v1/rooms?status=dead", nil, 422, "invalid", "status"},
		{"sort", "GET", "/api/v1/rooms?sort=colour", nil, 422, "invalid", "sort"},
		{"wait without epoch", "GET", "/api/v1/rooms/demo/status?wait=1s&version=1", nil, 422, "invalid", "epoch"},
		{"long wait", "GET", "/api/v1/rooms/demo/status?wait=10m&epoch=x&version=1", nil, 422, "invalid", "wait"},
		{"bad wait", "GET", "/api/v1/rooms/demo/status?wait=x&epoch=x&version=1", nil, 422, "invalid", "wait"},
		{"no rooms", "GET", "/api/v1/statuses", nil, 422, "invalid", "rooms"},
		{"bad room in list", "GET", "/api/v1/statuses?rooms=demo,a/b", nil, 422, "invalid", "rooms"},
		{"address lifetime", "POST", "/api/v1/rooms/demo/addresses", `{"expiresIn":"1s"}`, 422, "invalid", "expiresIn"},
		{"no address lifetime", "POST", "/api/v1/rooms/demo/addresses", `{"expiresIn":"0s"}`, 422, "invalid", "expiresIn"},
		{"long reason", "POST", "/api/v1/rooms/demo/end", `{"reason":"` + strings.Repeat("长", 100) + `"}`, 422, "invalid", "reason"},
		{"playback without url", "POST", "/api/v1/rooms/demo/playback", `{}`, 422, "invalid", "url"},
		{"text and body", "POST", "/api/v1/rooms/demo/messages", `{}`, 422, "invalid", "body"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := b.request(tt.method, tt.path, apiToken, tt.body)
			if a.status != tt.status || a.code() != tt.code || a.field() != tt.field {
				t.Errorf("= %d %s %s, want %d %s %s: %s", a.status, a.code(), a.field(), tt.status, tt.code, tt.field, a.raw)
			}
			if got := a.header.Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("Content-Type = %q", got)
			}
			if id, _ := a.json["requestId"].(string); id == "" || id != a.header.Get("X-Request-Id") {
				t.Errorf("requestId = %q, header %q", id, a.header.Get("X-Request-Id"))
			}
			if detail, _ := a.json["detail"].(string); detail == "" || len(detail) > 600 {
				t.Errorf("detail = %q", detail)
			}
		})
	}
}

func TestIdempotentCreate(t *testing.T) {
	b := newBench(t, nil)
	create := func(want int, key, body string) answer {
		t.Helper()
		return b.do(want, "POST", "/api/v1/rooms", apiToken, body, "Idempotency-Key", key)
	}
	first := create(201, "k1", `{"title":"one"}`)
	second := create(201, "k1", `{"title":"one"}`)
	if first.json["id"] != second.json["id"] || second.header.Get("Idempotency-Replayed") != "true" || first.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("a repeat made another room: %s, %s", first.raw, second.raw)
	}
	if third := create(201, "k2", `{"title":"one"}`); third.json["id"] == first.json["id"] {
		t.Error("another key made no other room")
	}
	if a := create(409, "k1", `{"title":"two"}`); a.code() != "exists" {
		t.Errorf("same key, other room: %s", a.raw)
	}
	create(201, "k3", `{"id":"given","grace":"5s"}`)
	create(201, "k3", `{"id":"given","grace":"5s"}`)
	create(409, "k3", `{"id":"given","grace":"6s"}`)
	create(409, "k3", `{"id":"given","maxViewers":6}`)
	create(409, "k3", `{"id":"given","maxBandwidth":6}`)
	b.do(409, "POST", "/api/v1/rooms", apiToken, `{"id":"given","grace":"5s"}`)
	if a := create(409, "k4", `{"stream":"given"}`); a.field() != "stream" {
		t.Errorf("a taken stream: %s", a.raw)
	}
}

func TestListPagesThroughAllRooms(t *testing.T) {
	b := newBench(t, nil)
	for i := range 7 {
		b.createRoom(fmt.Sprintf("r%d", i))
	}
	b.do(200, "POST", "/api/v1/rooms/r3/end", apiToken, nil)
	var seen []string
	path := "/api/v1/rooms?limit=3"
	for range 4 {
		page := b.do(200, "GET", path, "", nil)
		for _, r := range page.json["rooms"].([]any) {
			seen = append(seen, r.(map[string]any)["id"].(string))
		}
		next, _ := page.json["nextCursor"].(string)
		if next == "" {
			break
		}
		path = "/api/v1/rooms?limit=3&cursor=" + next
	}
	if got := strings.Join(seen, ","); got != "r0,r1,r2,r3,r4,r5,r6" {
		t.Errorf("listed %s", got)
	}
	for _, query := range []string{"status=ended", "status=4"} {
		page := b.do(200, "GET", "/api/v1/rooms?"+query, "", nil)
		if list := page.json["rooms"].([]any); len(list) != 1 || list[0].(map[string]any)["id"] != "r3" {
			t.Errorf("%s: %s", query, page.raw)
		}
	}
	if page := b.do(200, "GET", "/api/v1/rooms?status=live", "", nil); page.raw != "{\"rooms\":[]}\n" {
		t.Errorf("no room is live: %s", page.raw)
	}
}

func TestDriveAndRefusals(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	refused := b.do(409, "POST", "/api/v1/rooms/demo/pause", apiToken, nil)
	if refused.code() != "transition_refused" {
		t.Errorf("pause while waiting: %s", refused.raw)
	}
	ended := b.do(200, "POST", "/api/v1/rooms/demo/end", apiToken, `{"reason":"time is up"}`)
	if ended.json["name"] != "ended" || ended.json["reason"] != "by_admin" || ended.json["detail"] != "time is up" || ended.json["version"] != 2.0 {
		t.Errorf("end: %s", ended.raw)
	}
	if again := b.do(200, "POST", "/api/v1/rooms/demo/end", apiToken, `{}`); again.json["version"] != 2.0 {
		t.Errorf("end twice: %s", again.raw)
	}
	back := b.do(200, "POST", "/api/v1/rooms/demo/playback", apiToken, `{"url":"https://example.com/r.m3u8"}`)
	if back.json["name"] != "playback" || back.json["playbackUrl"] != "https://example.com/r.m3u8" {
		t.Errorf("playback: %s", back.raw)
	}
	if a := b.do(200, "POST", "/api/v1/rooms/demo/reopen", b.userSig("alice"), nil); a.json["name"] != "waiting" {
		t.Errorf("reopen by the anchor: %s", a.raw)
	}
	if a := b.do(200, "POST", "/api/v1/rooms/demo/end", b.userSig("alice"), nil); a.json["reason"] != "by_anchor" {
		t.Errorf("end by the anchor: %s", a.raw)
	}
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	b.do(200, "POST", "/api/v1/rooms/demo/forbid", apiToken, map[string]any{"until": until, "reason": "spam"})
	if a := b.do(409, "POST", "/api/v1/rooms/demo/reopen", apiToken, nil); a.code() != "forbidden" && a.code() != "transition_refused" {
		t.Errorf("reopen while forbidden: %s", a.raw)
	}
	shown := func() any { return b.do(200, "GET", "/api/v1/rooms/demo", "", nil).json["forbidden"] }
	if f, _ := shown().(map[string]any); f == nil || f["until"] != strings.TrimSuffix(until, "Z")+".000Z" {
		t.Errorf("a forbidden room is shown with %v, want the end %s", f, until)
	}
	if a := b.do(200, "GET", "/api/v1/rooms", "", nil); strings.Contains(a.raw, `"forbidden"`) {
		t.Errorf("a list says what only one room does: %s", a.raw)
	}
	b.do(200, "POST", "/api/v1/rooms/demo/forbid", apiToken, nil)
	if f, _ := shown().(map[string]any); f == nil || f["until"] != nil {
		t.Errorf("forbidden for good, it is shown with %v", f)
	}
	b.do(200, "POST", "/api/v1/rooms/demo/permit", apiToken, nil)
	if f := shown(); f != nil {
		t.Errorf("permitted, it is shown with %v", f)
	}
	b.do(200, "POST", "/api/v1/rooms/demo/reopen", apiToken, nil)
	b.do(404, "POST", "/api/v1/rooms/nobody/end", apiToken, nil)
	if a := b.do(200, "GET", "/api/v1/rooms/demo/refusals", apiToken, nil); a.raw != "{\"refusals\":[]}\n" {
		t.Errorf("refusals: %s", a.raw)
	}
}

func TestAddressesOverREST(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	a := b.do(200, "POST", "/api/v1/rooms/demo/addresses", b.userSig("alice"), map[string]any{"expiresIn": "2h"})
	push, _ := a.json["push"].(map[string]any)
	play, _ := a.json["play"].(map[string]any)
	obs, _ := push["obs"].(map[string]any)
	if obs["server"] != "rtmp://localhost:1935/live/" || !strings.HasPrefix(obs["streamKey"].(string), "demo?txSecret=") || push["rtmp"] != obs["server"].(string)+obs["streamKey"].(string) {
		t.Errorf("push = %v", push)
	}
	for key, prefix := range map[string]string{
		"rtmp": "rtmp://localhost:1935/live/demo?", "flv": "http://localhost:8080/live/demo.flv?",
		"hls": "http://localhost:8080/live/demo.m3u8?", "wsFlv": "ws://localhost:8080/live/demo.flv?",
	} {
		if got, _ := play[key].(string); !strings.HasPrefix(got, prefix+"txSecret=") {
			t.Errorf("play.%s = %q", key, got)
		}
	}
	expires, err := time.Parse(time.RFC3339, a.json["expiresAt"].(string))
	if left := time.Until(expires); err != nil || left < 119*time.Minute || left > 2*time.Hour {
		t.Errorf("expiresAt = %v", a.json["expiresAt"])
	}
	p := b.do(200, "GET", "/api/v1/rooms/demo/play", "", nil)
	if p.json["push"] != nil || p.json["play"] == nil || strings.Contains(p.raw, "streamKey") {
		t.Errorf("play = %s", p.raw)
	}
	for _, answer := range []answer{a, p} {
		if got := answer.header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control = %q", got)
		}
	}
	secret := push["rtmp"].(string)
	if i := strings.Index(secret, "txSecret="); strings.Contains(b.logs.String(), secret[i+9:i+41]) {
		t.Error("the log shows a signature")
	}
	b.do(200, "POST", "/api/v1/rooms/demo/addresses", apiToken, nil)
	b.do(http.StatusNotFound, "GET", "/api/v1/rooms/none/play", "", nil)
}
