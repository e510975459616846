package ui

import (
	"context"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// The documents of a build.
const (
	lobbyFile  = "index.html"
	roomFile   = "room.html"
	embedFile  = "embed.html"
	anchorFile = "anchor.html"
	adminFile  = "admin.html"
	designFile = "ui.html"
	stubFile   = "stub.html"
)

// documents says where each page is, and who may frame it. What is below /admin is told apart in the page itself.
var documents = []struct {
	file     string
	framed   framing
	patterns []string
}{
	{lobbyFile, framedHere, []string{"/{$}"}},
	{roomFile, framedHere, []string{"/rooms/{room}"}},
	{embedFile, framedAnywhere, []string{"/embed/{room}"}},
	{anchorFile, framedNowhere, []string{"/anchor"}},
	{adminFile, framedNowhere, []string{"/admin", "/admin/{rest...}"}},
	{designFile, framedNowhere, []string{"/ui"}},
}

// Config says how pages are served.
type Config struct {
	// Room is what the head of a room's page says of it; false: nothing is known of the room. It is asked at each such page and
	// must not take long. Nil: heads say nothing.
	Room func(ctx context.Context, id string) (Room, bool)

	// EmbedOrigins are the sites that may show rooms in a frame, as they are now: origins such as https://www.example.com or
	// https://*.example.com, and * for any. It is asked at each such page. Nil: any.
	EmbedOrigins func() []string
}

func (c Config) sites() []string {
	if c.EmbedOrigins == nil {
		return []string{"*"}
	}
	return c.EmbedOrigins()
}

// pages serves one build of the pages. All fields are set by newPages and never change.
type pages struct {
	cfg    Config
	zip    zipper
	assets map[string]file // by path below the root: "assets/room-1a2b3c.js"
	sdk    map[string]file // "sdk/liveroom.js"
	gifts  map[string]file // "gifts/rose.svg"
	mux    *http.ServeMux
}

// newPages reads a build. Without one (no index.html) every document is the stub.
func newPages(root fs.FS, cfg Config) *pages {
	p := &pages{cfg: cfg, assets: folder(root, "assets"), sdk: folder(root, sdkFolder), gifts: folder(root, giftFolder), mux: http.NewServeMux()}
	for _, d := range documents {
		f := document(root, d.file)
		for _, pattern := range d.patterns {
			p.mux.HandleFunc("GET "+pattern, func(w http.ResponseWriter, r *http.Request) { p.serveDocument(w, r, p.fill(f, r), d.framed) })
		}
	}
	p.mux.HandleFunc("GET /assets/", p.serveAsset)
	p.mux.HandleFunc("GET /sdk/{name}", p.serveSDK)
	p.mux.HandleFunc("GET /gifts/{name}", p.serveGift)
	return p
}

// folder loads the files of one folder by their path below the root. A missing one (bare clone) is empty.
func folder(root fs.FS, name string) map[string]file {
	files := map[string]file{}
	_ = fs.WalkDir(root, name, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) == ".br" || path.Ext(name) == ".gz" {
			return nil
		}
		if f, ok := load(root, name); ok {
			files[name] = f
		}
		return nil
	})
	return files
}

// document loads a page, or the stub in its place.
func document(root fs.FS, name string) file {
	if f, ok := load(root, name); ok {
		return f
	}
	f, _ := load(root, stubFile)
	return f
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	commonHeaders(w.Header())
	p.mux.ServeHTTP(w, r)
}

func (p *pages) serveAsset(w http.ResponseWriter, r *http.Request) {
	f, ok := p.assets[strings.TrimPrefix(r.URL.Path, "/")]
	if !ok {
		// An asset of an older build: the browser must ask again after an upgrade.
		w.Header().Set("Cache-Control", "no-store")
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	send(w, r, &f)
}

// serveDocument answers with a page. What may frame it is a part of its tag: a page that a browser keeps would keep that too.
func (p *pages) serveDocument(w http.ResponseWriter, r *http.Request, f file, framed framing) {
	sites := p.cfg.sites()
	documentHeaders(w.Header(), framed, sites)
	if framed == framedAnywhere {
		f.etag = strings.TrimSuffix(f.etag, `"`) + "-" + sum([]byte(strings.Join(sites, " "))) + `"`
	}
	send(w, r, &f)
}

// send answers with the file in the best form the client takes, or 304.
func send(w http.ResponseWriter, r *http.Request, f *file) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Vary", "Accept-Encoding")
	body, encoding := f.choose(r.Header.Get("Accept-Encoding"))
	// One tag for each form: a cache may hold several.
	etag := f.etag
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
		etag = strings.TrimSuffix(etag, `"`) + "-" + encoding + `"`
	}
	h.Set("ETag", etag)
	if matches(r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client went away: nobody left to tell
	}
}

// matches says whether an If-None-Match header names the tag (weak comparison, as RFC 9110 asks for GET).
func matches(header, etag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimSpace(part)
		if part == "*" || strings.TrimPrefix(part, "W/") == etag {
			return true
		}
	}
	return false
}
