package ui

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

const roomPage = "<!doctype html><html><head><meta charset=\"utf-8\">\n<!--room--><title>liveroom</title><!--/room-->\n<script type=\"module\" src=\"/assets/room-1a.js\"></script></head><body></body></html>"

// rooms are pages whose heads say what a test writes down.
func rooms(t *testing.T, known map[string]Room) *pages {
	files := build(t)
	files["room.html"] = &fstest.MapFile{Data: []byte(roomPage)}
	files["room.html.gz"] = &fstest.MapFile{Data: zipped(t, roomPage)}
	files["room.html.br"] = &fstest.MapFile{Data: []byte("br bytes")}
	return newPages(files, Config{Room: func(_ context.Context, id string) (Room, bool) { r, ok := known[id]; return r, ok }})
}

func TestHeadOfARoom(t *testing.T) {
	h := rooms(t, map[string]Room{"demo": {
		ID: "demo", Title: "Tea 茶", Anchor: "alice", Picture: "https://live.example/api/v1/rooms/demo/cover.jpg?c=x&y", Base: "https://live.example/",
	}})
	resp := get(t, h, "GET", "/rooms/demo?x=1", "Accept-Encoding", "br")
	page := body(t, resp)
	for _, want := range []string{
		`<title>Tea 茶 · liveroom</title>`, `<link rel="canonical" href="https://live.example/rooms/demo">`,
		`<link rel="alternate" type="application/json+oembed" href="https://live.example/oembed?url=https%3A%2F%2Flive.example%2Frooms%2Fdemo" title="Tea 茶">`,
		`<meta property="og:title" content="Tea 茶">`, `<meta property="og:description" content="alice">`, `<meta property="og:url" content="https://live.example/rooms/demo">`,
		`<meta property="og:image" content="https://live.example/api/v1/rooms/demo/cover.jpg?c=x&amp;y">`, `<meta name="twitter:card" content="summary_large_image">`,
		`<script type="module" src="/assets/room-1a.js"></script>`,
	} {
		if strings.Count(page, want) != 1 {
			t.Errorf("%s is not there once:\n%s", want, page)
		}
	}
	if strings.Contains(page, "<!--") || strings.Count(page, "<title>") != 1 || resp.Header.Get("Content-Encoding") != "" || resp.StatusCode != 200 {
		t.Errorf("%d %v\n%s", resp.StatusCode, resp.Header, page)
	}
	same := get(t, h, "GET", "/rooms/none")
	if resp.Header.Get("Content-Security-Policy") != same.Header.Get("Content-Security-Policy") || resp.Header.Get("Cache-Control") != "no-cache" {
		t.Error("its policy is another")
	}
}

// TestFormsOfAFilledPage: each form has a tag of its own, and none is that of the page as it was built.
func TestFormsOfAFilledPage(t *testing.T) {
	known := map[string]Room{"demo": {ID: "demo", Title: "One", Base: "https://live.example"}}
	h := rooms(t, known)
	built := get(t, h, "GET", "/rooms/none")
	if body(t, built) != roomPage {
		t.Error("a room that nothing is known of")
	}
	plain, packed := get(t, h, "GET", "/rooms/demo"), get(t, h, "GET", "/rooms/demo", "Accept-Encoding", "gzip, br")
	unpacked, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if want := body(t, plain); err != nil || string(text) != want || packed.Header.Get("Content-Encoding") != "gzip" || packed.Header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("packed %q (%v), want %q; %v", text, err, want, packed.Header)
	}
	tags := map[string]bool{}
	for _, resp := range []*http.Response{built, plain, packed} {
		tags[resp.Header.Get("ETag")] = true
	}
	if len(tags) != 3 {
		t.Errorf("tags %v", tags)
	}
	for _, resp := range []*http.Response{plain, packed} {
		again := get(t, h, "GET", "/rooms/demo", "If-None-Match", resp.Header.Get("ETag"), "Accept-Encoding", resp.Header.Get("Content-Encoding"))
		if again.StatusCode != 304 || body(t, again) != "" || again.Header.Get("Content-Encoding") != "" {
			t.Errorf("again: %d %v", again.StatusCode, again.Header)
		}
	}
	head := get(t, h, "HEAD", "/rooms/demo")
	if body(t, head) != "" || head.Header.Get("Content-Length") != plain.Header.Get("Content-Length") || head.Header.Get("ETag") != plain.Header.Get("ETag") {
		t.Errorf("its head alone: %v", head.Header)
	}
	known["demo"] = Room{ID: "demo", Title: "Two", Base: "https://live.example"}
	if renamed := get(t, h, "GET", "/rooms/demo", "If-None-Match", plain.Header.Get("ETag")); renamed.StatusCode != 200 || !strings.Contains(body(t, renamed), "Two") {
		t.Errorf("another title: %d", renamed.StatusCode)
	}
}

// TestHostileHeads: titles and accounts are written by strangers, and can't leave their place.
func TestHostileHeads(t *testing.T) {
	for _, text := range []string{
		`"><script>alert(1)</script>`, `</title><script>alert(1)</script>`, `' onload='x`, "a\x00b\r\nc\u2028", "\xff\xfe<", "<!--/room-->", "--><b>", `&lt;b&gt;`, "\u202eevil", "",
	} {
		head := headOf(Room{ID: "demo", Title: text, Anchor: text, Picture: text, Base: "https://live.example"})
		for line := range strings.SplitSeq(strings.TrimSpace(head), "\n") {
			inner := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(line, "<title>"), "<"), "</title>"), ">")
			if strings.ContainsAny(inner, "<>\x00\r\u202e") || strings.Count(inner, `"`)%2 != 0 || !strings.HasPrefix(line, "<meta ") && !strings.HasPrefix(line, "<link ") && !strings.HasPrefix(line, "<title>") {
				t.Errorf("%q: %s", text, line)
			}
		}
		if strings.Contains(head, "<script") || strings.Contains(head, "<!--") {
			t.Errorf("%q: %s", text, head)
		}
	}
	if head := headOf(Room{ID: "demo", Title: "&lt;b&gt;", Base: "https://live.example"}); !strings.Contains(head, "<title>&amp;lt;b&amp;gt; · liveroom</title>") || strings.Contains(head, "og:image") || strings.Contains(head, "og:description") {
		t.Errorf("%s", head)
	}
}

// TestRoomPageHasAPlace looks for where heads are filled in, in the source and in the page that was built of it.
func TestRoomPageHasAPlace(t *testing.T) {
	var pages [][]byte
	var written time.Time
	for _, name := range []string{"room.html", "dist/room.html"} {
		about, err := os.Stat(name)
		if err != nil && written.IsZero() {
			t.Fatal(err)
		}
		if err != nil || about.ModTime().Before(written) {
			continue // not built since
		}
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pages, written = append(pages, page), about.ModTime()
	}
	for _, page := range pages {
		_, rest, _ := strings.Cut(string(page), headBegin)
		if inner, _, ok := strings.Cut(rest, headEnd); !ok || inner != "<title>liveroom</title>" || strings.Count(string(page), "<title>") != 1 {
			t.Errorf("%s", page)
		}
	}
}
