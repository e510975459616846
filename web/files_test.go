package web_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"liveroom/chat"
	"liveroom/chat/file"
	"liveroom/web"
)

// granted is the answer to a wish to upload.
type granted struct {
	ID  string `json:"id"`
	Put struct {
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
	} `json:"put"`
	URL       string `json:"url"`
	ExpiresAt string `json:"expiresAt"`
}

// here is a signed address as a path of this server: the host is not signed.
func here(t testing.TB, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	must(t, err)
	return u.RequestURI()
}

func picture(t testing.TB) string {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 200, 100))
	for i := range m.Pix {
		m.Pix[i] = byte(rand.Uint32())
	}
	var out bytes.Buffer
	must(t, png.Encode(&out, m))
	return out.String()
}

func (b *bench) grant(room, auth, kind, name string, size int) (g granted) {
	b.t.Helper()
	a := b.do(http.StatusOK, "POST", "/api/v1/rooms/"+room+"/files", auth, map[string]any{"kind": kind, "name": name, "size": size})
	must(b.t, json.Unmarshal([]byte(a.raw), &g))
	return g
}

// upload puts a file and returns its address.
func (b *bench) upload(kind, name, content string) granted {
	b.t.Helper()
	g := b.grant("demo", apiToken, kind, name, len(content))
	a := b.do(http.StatusCreated, "PUT", here(b.t, g.Put.URL), "", content, "Content-Type", g.Put.Headers["Content-Type"])
	if a.json["id"] != g.ID || a.json["kind"] != kind || a.json["size"] != float64(len(content)) {
		b.t.Errorf("uploaded as %s", a.raw)
	}
	return g
}

func TestFilesComeBackAsTheyWere(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	content := picture(t)
	g := b.upload("image", "cat.png", content)
	path := here(t, g.URL)
	a := b.do(http.StatusOK, "GET", path, "", nil)
	if a.raw != content {
		t.Error("other bytes came back")
	}
	for name, want := range map[string]string{
		"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Content-Disposition": "inline; filename=cat.png",
		"Content-Security-Policy":      "sandbox; default-src 'none'; frame-ancestors 'none'",
		"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*", "Etag": `"` + g.ID + `"`, "Accept-Ranges": "bytes",
		"Referrer-Policy": "no-referrer",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if cache := a.header.Get("Cache-Control"); !strings.HasPrefix(cache, "private, max-age=") || !strings.HasSuffix(cache, ", immutable") {
		t.Errorf("kept %q", cache)
	}
	if a.header.Get("Access-Control-Allow-Credentials") != "" || a.header.Get("Set-Cookie") != "" {
		t.Error("credentials are spoken of")
	}
	if a := b.do(http.StatusOK, "HEAD", path, "", nil); a.raw != "" || a.header.Get("Content-Length") == "" {
		t.Errorf("HEAD: %d bytes, length %q", len(a.raw), a.header.Get("Content-Length"))
	}
	part := b.do(http.StatusPartialContent, "GET", path, "", nil, "Range", "bytes=100-199")
	if part.raw != content[100:200] {
		t.Error("other bytes in the part")
	}
	b.do(http.StatusRequestedRangeNotSatisfiable, "GET", path, "", nil, "Range", "bytes=9999999-")
	b.do(http.StatusNotModified, "GET", path, "", nil, "If-None-Match", `"`+g.ID+`"`)
	if logs := b.logs.String(); strings.Contains(logs, queryOf(t, g.URL).Get("sig")) || strings.Contains(logs, queryOf(t, g.Put.URL).Get("token")) || !strings.Contains(logs, "/files/"+g.ID) {
		t.Error("the log has a signature, or nothing of the files")
	}
}

func queryOf(t testing.TB, raw string) url.Values {
	t.Helper()
	u, err := url.Parse(raw)
	must(t, err)
	return u.Query()
}

// TestFilesAreSavedNotShown: whatever is in it, a file of the kind file is a download under its own name.
func TestFilesAreSavedNotShown(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	const page = "<!DOCTYPE html><script>alert(1)</script>"
	g := b.upload("file", "价格 \"2026\".html", page)
	if !strings.Contains(g.URL, "/file.html?sig=") {
		t.Errorf("address %s", g.URL)
	}
	a := b.do(http.StatusOK, "GET", here(t, g.URL), "", nil)
	if a.raw != page || a.header.Get("Content-Type") != "application/octet-stream" ||
		a.header.Get("Content-Disposition") != "attachment; filename*=utf-8''%E4%BB%B7%E6%A0%BC%20%222026%22.html" {
		t.Errorf("%q", a.header)
	}
	svg := `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`
	bad := b.grant("demo", apiToken, "image", "x.png", len(svg))
	if a := b.do(http.StatusUnsupportedMediaType, "PUT", here(t, bad.Put.URL), "", svg, "Content-Type", "image/png"); a.code() != "wrong_content" {
		t.Errorf("%s", a.raw)
	}
	b.do(http.StatusNotFound, "GET", here(t, bad.URL), "", nil)
}

func TestUploadsThatAreRefused(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	content := picture(t)
	g := b.grant("demo", apiToken, "image", "cat.png", len(content))
	path := here(t, g.Put.URL)
	changed := strings.Replace(path, "token=", "token=A", 1)
	for _, tc := range []struct {
		name, method, path, body string
		status                   int
		code                     string
	}{
		{"longer", "PUT", path, content + "x", http.StatusRequestEntityTooLarge, "longer_than_declared"},
		{"shorter", "PUT", path, content[1:], http.StatusBadRequest, "shorter_than_declared"},
		{"changed", "PUT", changed, content, http.StatusForbidden, "bad_signature"},
		{"without token", "PUT", "/files/" + g.ID, content, http.StatusForbidden, "bad_signature"},
		{"to another id", "PUT", strings.Replace(path, g.ID, file.NewID(), 1), content, http.StatusForbidden, "bad_signature"},
		{"POST", "POST", path, content, http.StatusMethodNotAllowed, "method_not_allowed"},
		{"GET of an upload", "GET", path, "", http.StatusMethodNotAllowed, "method_not_allowed"},
		{"PUT of a file", "PUT", here(t, g.URL), content, http.StatusMethodNotAllowed, "method_not_allowed"},
		{"not there yet", "GET", here(t, g.URL), "", http.StatusNotFound, "not_found"},
		{"without signature", "GET", "/files/" + g.ID + "/image.png", "", http.StatusForbidden, "bad_signature"},
		{"by another name", "GET", strings.Replace(here(t, g.URL), "image.png", "file.html", 1), "", http.StatusForbidden, "bad_signature"},
		{"out of the folder", "GET", "/files/..%2f..%2fetc/passwd", "", http.StatusNotFound, "not_found"},
		{"out of the folder by name", "GET", "/files/" + g.ID + "/..%2f..%2fsecrets.yaml", "", http.StatusNotFound, "not_found"},
		{"no id", "GET", "/files/", "", http.StatusNotFound, "not_found"},
		{"a folder's name", "PUT", "/files/unfinished?token=x", content, http.StatusNotFound, "not_found"},
	} {
		a := b.request(tc.method, tc.path, "", tc.body, "Content-Type", "application/octet-stream")
		if a.status != tc.status || a.code() != tc.code || a.header.Get("Content-Type") != "application/problem+json" || a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %s", tc.name, a.status, a.raw)
		}
	}
	req, err := http.NewRequest("PUT", b.url+path, struct{ *strings.Reader }{strings.NewReader(content)}) // of a length nobody knows
	must(t, err)
	resp, err := b.client.Do(req)
	must(t, err)
	if _ = resp.Body.Close(); resp.StatusCode != http.StatusLengthRequired {
		t.Errorf("without length: %d", resp.StatusCode)
	}
	b.do(http.StatusCreated, "PUT", path, "", content)
	if a := b.do(http.StatusConflict, "PUT", path, "", content); a.code() != "already_uploaded" {
		t.Errorf("twice: %s", a.raw)
	}
}

func TestWhatIsWithdrawnIsGone(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	g := b.upload("image", "cat.png", picture(t))
	m := &chat.Message{Group: "demo", Seq: 1, From: "administrator", Body: []byte(`[{"MsgType":"TIMFileElem","MsgContent":{"Url":"` + g.URL + `"}}]`)}
	must(t, b.files.Withdrawing(t.Context(), "demo", 1, m, chat.Blocked))
	if a := b.do(http.StatusGone, "GET", here(t, g.URL), "", nil); a.code() != "gone" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s", a.raw)
	}
}

// TestWhoGetsAnAddress: the chat decides, over REST as over the socket.
func TestWhoGetsAnAddress(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo") // of alice
	draft := map[string]any{"kind": "image", "size": 1000}
	ask := func(want int, code, auth string, body any) {
		t.Helper()
		if a := b.do(want, "POST", "/api/v1/rooms/demo/files", auth, body); a.code() != code {
			t.Errorf("%s", a.raw)
		}
	}
	ask(http.StatusUnauthorized, "unauthorized", "", draft)
	ask(http.StatusOK, "", apiToken, draft)
	ask(http.StatusOK, "", b.userSig("alice"), draft)
	ask(http.StatusForbidden, "no_permission", b.userSig("stranger"), draft)
	none := "none"
	_, err := b.chat.SetSettings(t.Context(), "demo", chat.Identity{User: chat.Administrator, Admin: true}, chat.SettingsPatch{Uploads: (*chat.Uploads)(&none)})
	must(t, err)
	ask(http.StatusForbidden, "no_permission", b.userSig("alice"), draft)
	ask(http.StatusOK, "", apiToken, draft)
	ask(http.StatusRequestEntityTooLarge, "file_too_large", apiToken, map[string]any{"kind": "image", "size": 20<<20 + 1})
	ask(http.StatusUnprocessableEntity, "invalid", apiToken, map[string]any{"kind": "svg", "size": 1})
	ask(http.StatusUnprocessableEntity, "invalid", apiToken, map[string]any{"kind": "image", "size": 0})
	b.do(http.StatusNotFound, "POST", "/api/v1/rooms/nowhere/files", apiToken, draft)
}

func TestUploadsCanBeOff(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Files = nil })
	b.createRoom("demo")
	if a := b.do(http.StatusForbidden, "POST", "/api/v1/rooms/demo/files", apiToken, map[string]any{"kind": "image", "size": 1}); a.code() != "uploads_off" {
		t.Errorf("%s", a.raw)
	}
	b.do(http.StatusNotFound, "PUT", "/files/"+file.NewID()+"?token=x", "", "x")
}

// TestPagesOfOtherOriginsUpload: as far as cors-origins lets them, and never with credentials.
func TestPagesOfOtherOriginsUpload(t *testing.T) {
	b := newBench(t, func(c *web.Config, _ *web.Deps) { c.Origins = []string{"https://www.example.com"} })
	b.createRoom("demo")
	g := b.grant("demo", apiToken, "image", "x.png", 1000)
	for _, tt := range []struct{ origin, allowed string }{{"https://www.example.com", "https://www.example.com"}, {"https://elsewhere.example", ""}} {
		for path, methods := range map[string]string{here(t, g.Put.URL): "PUT", here(t, g.URL): "GET"} {
			w := asked(b, "OPTIONS", path, "Origin", tt.origin, "Access-Control-Request-Method", methods, "Access-Control-Request-Headers", "content-type")
			h := w.Header()
			if w.Code != http.StatusNoContent || h.Get("Access-Control-Allow-Origin") != tt.allowed || h.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s: %d %v", tt.origin, w.Code, h)
			}
			if tt.allowed != "" && (!strings.Contains(h.Get("Access-Control-Allow-Methods"), methods) || !strings.Contains(h.Get("Access-Control-Allow-Headers"), "Content-Type")) {
				t.Errorf("%s: %v", methods, h)
			}
		}
	}
	w := asked(b, "PUT", here(t, g.Put.URL), "Origin", "https://www.example.com")
	if w.Header().Get("Access-Control-Allow-Origin") != "https://www.example.com" {
		t.Error("a page is not told why its upload was refused")
	}
}
