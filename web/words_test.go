package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"liveroom/web"
)

// listed is the words of a page as text.
func listed(a answer) (out []string) {
	all, _ := a.json["words"].([]any)
	for _, w := range all {
		word, _ := w.(map[string]any)
		out = append(out, fmt.Sprint(word["word"], " ", word["action"]))
	}
	return out
}

func TestWordsAreManaged(t *testing.T) {
	b := newBench(t, nil)
	const path = "/api/v1/words"
	if a := b.do(200, "GET", path, apiToken, nil); a.raw != `{"version":0,"count":0,"loose":false,"changedAt":null,"words":[]}`+"\n" || a.header.Get("ETag") != `"0"` {
		t.Errorf("empty: %s", a.raw)
	}
	a := b.do(200, "POST", path, apiToken, `{"words":[{"word":" damn ","action":"replace","replacement":"♥"},{"word":"法轮功"},{"word":"a/b"}]}`)
	if a.json["count"] != 3.0 || a.json["version"] != 1.0 || a.header.Get("ETag") != `"1"` {
		t.Errorf("added: %s", a.raw)
	}
	if got, want := listed(b.do(200, "GET", path, apiToken, nil)), []string{"a/b block", "damn replace", "法轮功 block"}; !slices.Equal(got, want) {
		t.Errorf("listed %v", got)
	}
	b.do(200, "DELETE", path+"/%E6%B3%95%E8%BD%AE%E5%8A%9F", apiToken, nil)
	if a := b.do(404, "DELETE", path+"/unknown", apiToken, nil); a.code() != "not_found" {
		t.Errorf("unknown: %s", a.raw)
	}
	if a := b.do(200, "DELETE", path, apiToken, `{"words":[{"word":"A/B"}]}`); a.json["count"] != 1.0 {
		t.Errorf("deleted: %s", a.raw)
	}
	// The whole list, as text; only if it is still the one that was seen.
	text := []string{"Content-Type", "text/plain; charset=utf-8", "If-Match", `"3"`}
	if a := b.do(200, "PUT", path, apiToken, "eins\nzwei\treplace\tdue\n\n# no word\n", text...); a.json["count"] != 2.0 || a.json["version"] != 4.0 {
		t.Errorf("replaced: %s", a.raw)
	}
	if a := b.do(412, "PUT", path, apiToken, "drei", text...); a.code() != "changed" {
		t.Errorf("an old list: %s", a.raw)
	}
	if a := b.do(200, "PUT", path, apiToken, `{"words":[],"loose":true}`); a.json["count"] != 0.0 || a.json["loose"] != true {
		t.Errorf("emptied: %s", a.raw)
	}
	b.do(304, "GET", path, apiToken, nil, "If-None-Match", `"5"`)
}

func TestWordsComeInPages(t *testing.T) {
	b := newBench(t, nil)
	var lines []string
	for i := range 25 {
		lines = append(lines, fmt.Sprintf("word %02d", i))
	}
	b.do(200, "PUT", "/api/v1/words", apiToken, strings.Join(lines, "\r\n"), "Content-Type", "text/plain")
	var got []string
	for cursor := ""; ; {
		a := b.do(200, "GET", "/api/v1/words?limit=10&cursor="+cursor, apiToken, nil)
		for _, w := range listed(a) {
			got = append(got, strings.TrimSuffix(w, " block"))
		}
		next, more := a.json["nextCursor"].(string)
		if !more {
			break
		}
		cursor = next
	}
	if !slices.Equal(got, lines) {
		t.Errorf("pages: %v", got)
	}
	b.do(422, "GET", "/api/v1/words?cursor=*", apiToken, nil)
}

func TestWordsThatAreRefused(t *testing.T) {
	b := newBench(t, nil)
	for _, tc := range []struct {
		body, kind, field string
		status            int
	}{
		{`{"words":[{"word":"fine"},{"word":"?!"}]}`, "application/json", "words[1]", 422},
		{`{"words":[{"word":"x","action":"burn"}]}`, "application/json", "words[0]", 422},
		{`{"words":[{"word":"x","odd":1}]}`, "application/json", "", 422},
		{`{"words":"x"}`, "application/json", "", 422},
		{`{"words":[`, "application/json", "", 400},
		{`{"words":[]} x`, "application/json", "", 400},
		{"fine\n!!\n", "text/plain", "line 2", 422},
		{"fine", "text/html", "", 415},
		{strings.Repeat("x\n", 100_001), "text/plain", "words", 422},
	} {
		a := b.request("POST", "/api/v1/words", apiToken, tc.body, "Content-Type", tc.kind)
		if a.status != tc.status || a.field() != tc.field {
			t.Errorf("%.40s: %d %s", tc.body, a.status, a.raw)
		}
	}
	if a := b.do(200, "GET", "/api/v1/words", apiToken, nil); a.json["version"] != 0.0 {
		t.Errorf("something came in: %s", a.raw)
	}
	for _, method := range []string{"GET", "PUT", "POST", "DELETE"} {
		if a := b.do(403, method, "/api/v1/words", b.userSig("alice"), `{"words":[]}`); a.code() != "token_needed" {
			t.Errorf("%s: %s", method, a.raw)
		}
	}
}

func TestClientsSeeWordsOnlyWhereTheyMay(t *testing.T) {
	const path = "/api/v1/words/client"
	b := newBench(t, nil)
	if a := b.do(404, "GET", path, "", nil); a.code() != "words_private" {
		t.Errorf("by default: %s", a.raw)
	}
	b.server.Tune(web.Tuning{PublicWords: true})
	b.do(200, "PUT", "/api/v1/words", apiToken, "eins\nzwei\treplace\n", "Content-Type", "text/plain")
	a := b.do(http.StatusOK, "GET", path, "", nil)
	if a.raw != `{"words":["eins"]}`+"\n" {
		t.Errorf("answer: %s", a.raw)
	}
	tag := a.header.Get("ETag")
	if a := b.do(http.StatusNotModified, "GET", path, "", nil, "If-None-Match", tag); a.raw != "" {
		t.Errorf("304 has a body: %s", a.raw)
	}
	b.do(200, "POST", "/api/v1/words", apiToken, `{"words":[{"word":"drei"}]}`)
	b.do(200, "GET", path, "", nil, "If-None-Match", tag)
}

func TestTitlesAndNoticesAreChecked(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	b.do(200, "PUT", "/api/v1/words", apiToken, "damn\nmeh\treplace\n", "Content-Type", "text/plain")
	anchor := b.userSig("alice")
	for _, tc := range []struct{ method, path, auth, body, field string }{
		{"POST", "/rooms", apiToken, `{"id":"x","title":"Damn"}`, "title"},
		{"PATCH", "/rooms/demo", apiToken, `{"notice":"d\u0061mn"}`, "notice"},
		{"PUT", "/rooms/demo/notice", anchor, `{"notice":"damn"}`, "notice"},
		{"PATCH", "/rooms/demo/chat", anchor, `{"introduction":"ｄamn"}`, "introduction"},
		{"PATCH", "/rooms/demo/chat", apiToken, `{"name":"damn"}`, "name"},
	} {
		if a := b.do(422, tc.method, "/api/v1"+tc.path, tc.auth, tc.body); a.code() != "blocked_text" || a.field() != tc.field {
			t.Errorf("%s %s: %s", tc.method, tc.path, a.raw)
		}
	}
	if a := b.do(200, "PATCH", "/api/v1/rooms/demo", apiToken, `{"title":"meh!"}`); a.json["title"] != "***!" {
		t.Errorf("title: %s", a.raw)
	}
	if a := b.do(200, "PUT", "/api/v1/rooms/demo/notice", anchor, `{"notice":"so meh"}`); a.json["notice"] != "so ***" {
		t.Errorf("notice: %s", a.raw)
	}
	if a := b.do(200, "PATCH", "/api/v1/rooms/demo/chat", anchor, `{"introduction":"meh"}`); a.json["introduction"] != "***" {
		t.Errorf("introduction: %s", a.raw)
	}
}

func TestNicknamesAreChecked(t *testing.T) {
	b := newBench(t, nil)
	b.do(200, "POST", "/api/v1/words", apiToken, map[string]any{"words": []map[string]any{{"word": "teapot"}, {"word": "coffee", "action": "replace"}}})
	if a := b.do(422, "POST", "/api/v1/guests", "", map[string]any{"nick": "TeaPot"}); a.json["code"] != "blocked_text" || a.json["field"] != "nick" {
		t.Errorf("%s", a.raw)
	}
	if a := b.do(200, "POST", "/api/v1/guests", "", map[string]any{"nick": "coffee pot"}); a.json["nick"] != "*** pot" {
		t.Errorf("%s", a.raw)
	}
}
