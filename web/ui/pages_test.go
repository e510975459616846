package ui

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func zipped(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func build(t *testing.T) fstest.MapFS {
	t.Helper()
	return fstest.MapFS{
		"stub.html":             {Data: []byte("stub")},
		"index.html":            {Data: []byte("<!doctype html>lobby")},
		"room.html":             {Data: []byte("<!doctype html>viewer")},
		"embed.html":            {Data: []byte("<!doctype html>frame")},
		"anchor.html":           {Data: []byte("<!doctype html>anchor")},
		"admin.html":            {Data: []byte("<!doctype html>admin")},
		"ui.html":               {Data: []byte("<!doctype html>design")},
		"assets/room-1a.js":     {Data: []byte("let viewer = 1")},
		"assets/room-1a.js.br":  {Data: []byte("br bytes")},
		"assets/room-1a.js.gz":  {Data: zipped(t, "let viewer = 1")},
		"assets/icon-2b.svg":    {Data: []byte("<svg/>")},
		"assets/font-3c.woff2":  {Data: []byte("font")},
		"assets/strange-4d.xyz": {Data: []byte("?")},
	}
}

func get(t *testing.T, h http.Handler, method, target string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRoutes(t *testing.T) {
	h := newPages(build(t), Config{})
	for _, tt := range []struct {
		name, method, target string
		status               int
		body                 string
	}{
		{"lobby", "GET", "/", 200, "lobby"},
		{"viewer", "GET", "/rooms/demo", 200, "viewer"},
		{"viewer with a query", "GET", "/rooms/demo?x=1", 200, "viewer"},
		{"frame of a room", "GET", "/embed/demo", 200, "frame"},
		{"anchor console", "GET", "/anchor", 200, "anchor"},
		{"admin console", "GET", "/admin", 200, "admin"},
		{"section of it", "GET", "/admin/rooms", 200, "admin"},
		{"one thing of a section", "GET", "/admin/rooms/demo", 200, "admin"},
		{"design system", "GET", "/ui", 200, "design"},
		{"anchor console and more", "GET", "/anchor/x", 404, ""},
		{"head has no body", "HEAD", "/rooms/demo", 200, ""},
		{"asset", "GET", "/assets/icon-2b.svg", 200, "<svg/>"},
		{"unknown asset", "GET", "/assets/none.js", 404, ""},
		{"asset folder", "GET", "/assets/", 404, ""},
		{"climbing out", "GET", "/assets/%2e%2e/stub.html", 404, ""},
		{"documents have one address", "GET", "/room.html", 404, ""},
		{"compressed forms have no address", "GET", "/assets/room-1a.js.gz", 404, ""},
		{"room and more", "GET", "/rooms/demo/more", 404, ""},
		{"no room", "GET", "/rooms/", 404, ""},
		{"writing", "POST", "/", 405, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp := get(t, h, tt.method, tt.target)
			if resp.StatusCode != tt.status {
				t.Fatalf("status %d, want %d", resp.StatusCode, tt.status)
			}
			got := body(t, resp)
			if tt.status == 200 && !strings.Contains(got, tt.body) || tt.method == "HEAD" && got != "" {
				t.Errorf("body %q, want %q", got, tt.body)
			}
			if resp.Header.Get("X-Content-Type-Options") != "nosniff" || resp.Header.Get("Referrer-Policy") == "" {
				t.Errorf("security headers missing: %v", resp.Header)
			}
		})
	}
}

func TestSecurityPolicy(t *testing.T) {
	h := newPages(build(t), Config{})
	for _, tt := range []struct{ target, ancestors, options string }{
		{"/", "'self'", "SAMEORIGIN"},
		{"/rooms/demo", "'self'", "SAMEORIGIN"},
		{"/embed/demo", "", ""},
		{"/anchor", "'none'", "DENY"},
		{"/admin", "'none'", "DENY"},
		{"/admin/rooms", "'none'", "DENY"},
		{"/ui", "'none'", "DENY"},
	} {
		t.Run(tt.target, func(t *testing.T) {
			resp := get(t, h, "GET", tt.target)
			csp := resp.Header.Get("Content-Security-Policy")
			for _, want := range []string{
				"default-src 'none'", "script-src 'self';", "style-src 'self';", "worker-src 'self' blob:",
				"img-src 'self' data: blob: https: http:", "media-src 'self' blob: https: http:", "connect-src 'self' ws: wss:", "base-uri 'none'",
			} {
				if !strings.Contains(csp, want) {
					t.Errorf("policy lacks %q: %s", want, csp)
				}
			}
			if strings.Contains(csp, "unsafe") {
				t.Errorf("policy allows unsafe code: %s", csp)
			}
			if _, ancestors, _ := strings.Cut(csp, "frame-ancestors "); ancestors != tt.ancestors {
				t.Errorf("may stand in frames of %q, want %q", ancestors, tt.ancestors)
			}
			if got := resp.Header.Get("X-Frame-Options"); got != tt.options {
				t.Errorf("X-Frame-Options %q, want %q", got, tt.options)
			}
			if got := resp.Header.Get("Cache-Control"); got != "no-cache" {
				t.Errorf("documents must be revalidated, got %q", got)
			}
		})
	}
}

func TestAssetHeaders(t *testing.T) {
	h := newPages(build(t), Config{})
	for _, tt := range []struct{ name, target, contentType string }{
		{"script", "/assets/room-1a.js", "text/javascript; charset=utf-8"},
		{"picture", "/assets/icon-2b.svg", "image/svg+xml"},
		{"font", "/assets/font-3c.woff2", "font/woff2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp := get(t, h, "GET", tt.target)
			if got := resp.Header.Get("Content-Type"); got != tt.contentType {
				t.Errorf("Content-Type %q, want %q", got, tt.contentType)
			}
			if got := resp.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
				t.Errorf("hashed names are immutable, got %q", got)
			}
		})
	}
	if got := get(t, h, "GET", "/assets/none.js").Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("a missing asset may be there after an upgrade: Cache-Control %q", got)
	}
}

func TestCompressedForms(t *testing.T) {
	h := newPages(build(t), Config{})
	for _, tt := range []struct{ name, accept, encoding string }{
		{"brotli first", "gzip, deflate, br", "br"},
		{"gzip", "gzip", "gzip"},
		{"brotli refused", "br;q=0, gzip;q=0.5", "gzip"},
		{"brotli refused in full", "br; q=0.000, gzip", "gzip"},
		{"none", "", ""},
		{"unknown", "zstd", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp := get(t, h, "GET", "/assets/room-1a.js", "Accept-Encoding", tt.accept)
			if got := resp.Header.Get("Content-Encoding"); got != tt.encoding {
				t.Fatalf("Content-Encoding %q, want %q", got, tt.encoding)
			}
			if resp.Header.Get("Vary") != "Accept-Encoding" {
				t.Error("Vary missing")
			}
			if tt.encoding == "gzip" {
				z, err := gzip.NewReader(resp.Body)
				if err != nil {
					t.Fatal(err)
				}
				if b, err := io.ReadAll(z); err != nil || string(b) != "let viewer = 1" {
					t.Errorf("unpacked to %q, %v", b, err)
				}
			}
		})
	}
	if got := get(t, h, "GET", "/assets/icon-2b.svg", "Accept-Encoding", "br").Header.Get("Content-Encoding"); got != "" {
		t.Errorf("no compressed form exists, got %q", got)
	}
}

func TestRevalidation(t *testing.T) {
	h := newPages(build(t), Config{})
	plain := get(t, h, "GET", "/").Header.Get("ETag")
	packed := get(t, h, "GET", "/assets/room-1a.js", "Accept-Encoding", "br").Header.Get("ETag")
	for _, tt := range []struct {
		name, target, accept, tag string
		status                    int
	}{
		{"same", "/", "", plain, 304},
		{"weak form of a proxy", "/", "", "W/" + plain, 304},
		{"one of several", "/", "", `"x", ` + plain, 304},
		{"anything", "/", "", "*", 304},
		{"another build", "/", "", `"x"`, 200},
		{"same packed", "/assets/room-1a.js", "br", packed, 304},
		{"packed tag for plain bytes", "/assets/room-1a.js", "", packed, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp := get(t, h, "GET", tt.target, "If-None-Match", tt.tag, "Accept-Encoding", tt.accept)
			if resp.StatusCode != tt.status {
				t.Fatalf("status %d, want %d", resp.StatusCode, tt.status)
			}
			if tt.status == 304 && (body(t, resp) != "" || resp.Header.Get("Content-Encoding") != "") {
				t.Error("304 must have neither body nor encoding")
			}
		})
	}
}

func TestStubInTheirPlace(t *testing.T) {
	h := newPages(fstest.MapFS{"stub.html": {Data: []byte("run make pages")}}, Config{})
	for _, target := range []string{"/", "/rooms/demo", "/embed/demo"} {
		resp := get(t, h, "GET", target)
		if got := body(t, resp); resp.StatusCode != 200 || got != "run make pages" {
			t.Errorf("%s: %d %q", target, resp.StatusCode, got)
		}
	}
}

func TestEmbedded(t *testing.T) {
	resp := get(t, Handler(Config{}), "GET", "/")
	page := body(t, resp)
	if resp.StatusCode != 200 || !strings.HasPrefix(page, "<!doctype html>") {
		t.Fatalf("status %d, body %.40q", resp.StatusCode, page)
	}
	if stub := strings.Contains(page, "make pages"); stub == Built() {
		t.Errorf("Built() = %v, but the stub was served: %v", Built(), stub)
	}
	// The policy forbids them, so a page that has one is broken.
	for _, inline := range []string{"<script>", "<style", " style=", " onload=", "javascript:"} {
		if strings.Contains(page, inline) {
			t.Errorf("inline %q in the page", inline)
		}
	}
}

// TestFramesOfOtherSites: who may show a room in a frame is told as it is at the moment, and a page that a browser keeps goes
// with it.
func TestFramesOfOtherSites(t *testing.T) {
	sites := []string{"*"}
	h := newPages(build(t), Config{EmbedOrigins: func() []string { return sites }})
	tags := map[string]bool{}
	for _, tt := range []struct {
		sites              []string
		ancestors, options string
	}{
		{[]string{"*"}, "", ""},
		{[]string{"https://a.example", "https://*.b.example:8443"}, "'self' https://a.example https://*.b.example:8443", ""},
		{[]string{"https://a.example", "*"}, "", ""},
		{[]string{}, "'self'", "SAMEORIGIN"},
	} {
		sites = tt.sites
		resp := get(t, h, "GET", "/embed/demo")
		if _, ancestors, _ := strings.Cut(resp.Header.Get("Content-Security-Policy"), "frame-ancestors "); ancestors != tt.ancestors {
			t.Errorf("%q: frames of %q, want %q", tt.sites, ancestors, tt.ancestors)
		}
		if got := resp.Header.Get("X-Frame-Options"); got != tt.options {
			t.Errorf("%q: X-Frame-Options %q, want %q", tt.sites, got, tt.options)
		}
		tag := resp.Header.Get("ETag")
		if tags[tag] {
			t.Errorf("%q: the tag is one of before", tt.sites)
		}
		tags[tag] = true
		if again := get(t, h, "GET", "/embed/demo", "If-None-Match", tag); again.StatusCode != 304 || again.Header.Get("Content-Security-Policy") != resp.Header.Get("Content-Security-Policy") {
			t.Errorf("%q: again %d", tt.sites, again.StatusCode)
		}
		for target, want := range map[string]string{"/rooms/demo": "'self'", "/admin": "'none'"} {
			if csp := get(t, h, "GET", target).Header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "frame-ancestors "+want) {
				t.Errorf("%q: %s: %s", tt.sites, target, csp)
			}
		}
	}
}
