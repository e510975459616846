package web_test

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"liveroom/live"
	"liveroom/live/blob"
	"liveroom/live/snapshot"
	"liveroom/web"
)

// benchCovers makes addresses as the benches' servers do.
func benchCovers() *web.Covers {
	return &web.Covers{PublicURL: "http://localhost:8080/", Key: []byte("node-key")}
}

// paperShots has one picture of every room.
type paperShots struct{}

func (paperShots) shot() snapshot.Shot {
	return snapshot.Shot{At: time.UnixMilli(2051265600000).UTC(), Width: 640, Height: 360, Bytes: 6614}
}

func (paperShots) Available() error { return nil }

func (p paperShots) Take(context.Context, live.Room) ([]snapshot.Shot, error) {
	return []snapshot.Shot{p.shot()}, nil
}

func (p paperShots) Shots(context.Context, string, time.Time) ([]snapshot.Shot, error) {
	return []snapshot.Shot{p.shot()}, nil
}

func (p paperShots) Cover(context.Context, string, time.Time, int) (snapshot.Picture, error) {
	return snapshot.Picture{Shot: p.shot(), JPEG: []byte("paper")}, nil
}

func (p paperShots) Open(_ context.Context, _ string, s snapshot.Shot) (snapshot.Picture, error) {
	return snapshot.Picture{Shot: s, JPEG: []byte("paper")}, nil
}

// gallery are pictures whose taking the test decides about.
type gallery struct {
	*snapshot.Service
	store *blob.Memory
	none  error // why none can be taken
	take  func() ([]snapshot.Shot, error)
}

func (g *gallery) Available() error { return g.none }

func (g *gallery) Take(context.Context, live.Room) ([]snapshot.Shot, error) { return g.take() }

func newGallery(t *testing.T) *gallery {
	g := &gallery{store: blob.NewMemory(), take: func() ([]snapshot.Shot, error) { return nil, snapshot.ErrNoStream }}
	g.Service = snapshot.New(snapshot.Config{}, nil, nil, g.store, slog.New(slog.DiscardHandler))
	return g
}

// keep puts a picture of a room into the store.
func (g *gallery) keep(t *testing.T, room string, at time.Time, width int) snapshot.Shot {
	t.Helper()
	s := snapshot.Shot{At: at.UTC().Truncate(time.Millisecond), Width: width, Height: width * 9 / 16, Bytes: 4}
	must(t, g.store.Put(t.Context(), "shot/"+room+"/"+s.File(), fmt.Appendf(nil, "%04d", width)))
	return s
}

func newGalleryBench(t *testing.T, g *gallery) *bench {
	return newBench(t, func(_ *web.Config, d *web.Deps) {
		d.Screenshots = g
		d.Covers = benchCovers()
		d.Covers.Every = 10 * time.Second
	})
}

// path is an address of ours without its host.
func path(t *testing.T, address any) string {
	t.Helper()
	text, _ := address.(string)
	u, err := url.Parse(text)
	if err != nil || u.Host != "localhost:8080" {
		t.Fatalf("address %v", address)
	}
	return u.RequestURI()
}

func TestCoverOfARoom(t *testing.T) {
	g := newGallery(t)
	b := newGalleryBench(t, g)
	b.do(201, "POST", "/api/v1/rooms", apiToken, `{"id":"open","playAuth":"none"}`)
	room := b.do(200, "GET", "/api/v1/rooms/open", "", nil)
	if room.json["cover"] != "http://localhost:8080/api/v1/rooms/open/cover.jpg" {
		t.Fatalf("cover %v", room.json["cover"])
	}
	first := b.do(200, "GET", path(t, room.json["cover"]), "", nil)
	head, err := jpeg.DecodeConfig(strings.NewReader(first.raw))
	if err != nil || head.Width != 640 || head.Height != 360 || first.header.Get("Content-Type") != "image/jpeg" ||
		first.header.Get("Cache-Control") != "public, max-age=5" || first.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("placeholder %+v, %v, %v", head, err, first.header)
	}
	tag := first.header.Get("ETag")
	if a := b.do(304, "GET", "/api/v1/rooms/open/cover.jpg", "", nil, "If-None-Match", tag); a.raw != "" || a.header.Get("ETag") != tag {
		t.Errorf("again: %q", a.raw)
	}
	b.do(201, "POST", "/api/v1/rooms", apiToken, `{"id":"shown","playAuth":"none"}`)
	g.keep(t, "shown", time.Now().Add(-time.Hour), 99) // of a room of that name before
	at := time.Now()
	g.keep(t, "shown", at, 1280)
	g.keep(t, "shown", at, 320)
	for query, want := range map[string]string{"": "1280", "?width=0": "1280", "?width=200": "0320", "?width=320": "0320", "?width=640": "1280", "?width=3840": "1280"} {
		if a := b.do(200, "GET", "/api/v1/rooms/shown/cover.jpg"+query, "", nil); a.raw != want {
			t.Errorf("%s: %s, want %s", query, a.raw, want)
		}
	}
	if a := b.do(422, "GET", "/api/v1/rooms/open/cover.jpg?width=-1", "", nil); a.field() != "width" {
		t.Errorf("%s", a.raw)
	}
	if a := b.do(404, "GET", "/api/v1/rooms/unknown/cover.jpg", "", nil); a.code() != "not_found" {
		t.Errorf("%s", a.raw)
	}
}

func TestPicturesOfSignedRoomsNeedTheirAddress(t *testing.T) {
	g := newGallery(t)
	b := newGalleryBench(t, g)
	b.createRoom("a")
	b.createRoom("b")
	cover := func(room string) string {
		return path(t, b.do(200, "GET", "/api/v1/rooms/"+room, "", nil).json["cover"])
	}
	a := cover("a")
	if !strings.HasPrefix(a, "/api/v1/rooms/a/cover.jpg?c=") || cover("a") != a {
		t.Fatalf("%s, then %s: caches would not know it again", a, cover("a"))
	}
	shot := g.keep(t, "a", time.Now(), 640)
	b.do(200, "GET", a+"&width=320", "", nil)
	for _, bad := range []string{
		"/api/v1/rooms/a/cover.jpg", strings.Replace(a, "c=", "c=A", 1), strings.Replace(cover("b"), "/b/", "/a/", 1), "/api/v1/rooms/a/cover.jpg?c=",
	} {
		if got := b.request("GET", bad, "", nil); got.status != 403 || got.code() != "bad_signature" || got.field() != "c" {
			t.Errorf("%s: %d %s", bad, got.status, got.raw)
		}
	}
	list := b.do(200, "GET", "/api/v1/rooms/a/screenshots", apiToken, nil)
	items, _ := list.json["screenshots"].([]any)
	if len(items) != 1 {
		t.Fatalf("%s", list.raw)
	}
	item, _ := items[0].(map[string]any)
	if item["width"] != 640.0 || item["height"] != 360.0 || item["bytes"] != 4.0 {
		t.Errorf("%v", item)
	}
	p := path(t, item["url"])
	if got := b.do(200, "GET", p, "", nil); got.raw != "0640" || got.header.Get("Cache-Control") != "public, max-age=3600" || got.header.Get("ETag") != `"`+shot.File()+`"` {
		t.Errorf("%v %s", got.header, got.raw)
	}
	b.do(304, "GET", p, "", nil, "If-None-Match", `"`+shot.File()+`"`)
	b.do(403, "GET", "/api/v1/rooms/a/screenshots/"+shot.File(), "", nil)
	old := snapshot.Shot{At: time.Now().Add(-time.Hour), Width: 640, Height: 360}
	for _, none := range []string{"x.jpg", "..%2F..%2Fb.jpg", old.File()} {
		if got := b.request("GET", strings.Replace(p, shot.File(), none, 1), "", nil); got.status != 404 {
			t.Errorf("%s: %d %s", none, got.status, got.raw)
		}
	}
	if all := b.do(200, "GET", "/api/v1/rooms", "", nil); !strings.Contains(all.raw, `"cover":"http://localhost:8080`+a+`"`) {
		t.Errorf("the list of rooms: %s", all.raw)
	}
}

func TestSignaturesOfPicturesLastADay(t *testing.T) {
	t.Parallel()
	c := &web.Covers{PublicURL: "http://h", Key: []byte("k"), Every: time.Second}
	r := live.Room{ID: "a"}
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for age, want := range map[time.Duration]bool{0: true, 20 * time.Hour: true, 49 * time.Hour: false, -25 * time.Hour: false} {
		if got := c.MayAt(r, c.SignAt("a", now.Add(-age)), now); got != want {
			t.Errorf("%s old: %t", age, got)
		}
	}
	other := &web.Covers{Key: []byte("K")}
	if c.MayAt(r, other.SignAt("a", now), now) || c.MayAt(r, "", now) {
		t.Error("another key's signature, or none")
	}
	if c.Cover(live.Room{ID: "a", Screenshots: live.Screenshots{Set: true}}) != "" || (&web.Covers{}).Cover(r) != "" || (*web.Covers)(nil).Cover(r) != "" {
		t.Error("a room has a cover of which no pictures are taken")
	}
}

func TestTakeAScreenshot(t *testing.T) {
	g := newGallery(t)
	b := newGalleryBench(t, g)
	b.createRoom("a")
	b.account("alice", "bob")
	b.do(401, "POST", "/api/v1/rooms/a/screenshots", "", nil)
	b.do(403, "POST", "/api/v1/rooms/a/screenshots", b.userSig("bob"), nil)
	b.do(403, "GET", "/api/v1/rooms/a/screenshots", b.userSig("bob"), nil)
	b.do(404, "POST", "/api/v1/rooms/unknown/screenshots", apiToken, nil)
	for _, tt := range []struct {
		err    error
		status int
		code   string
	}{
		{snapshot.ErrNoStream, 409, "no_stream"},
		{fmt.Errorf("%w: signal: killed by /usr/bin/x", snapshot.ErrPicture), 409, "no_picture"},
		{snapshot.ErrBusy, 503, "busy"},
		{&snapshot.Unavailable{Why: "install ffmpeg"}, 409, "screenshots_unavailable"},
		{fmt.Errorf("keep: %w", blob.ErrFull), 507, "store_full"},
		{blob.ErrUnavailable, 503, "store_unavailable"},
		{context.DeadlineExceeded, 503, "timeout"},
	} {
		g.take = func() ([]snapshot.Shot, error) { return nil, tt.err }
		if got := b.request("POST", "/api/v1/rooms/a/screenshots", apiToken, nil); got.status != tt.status || got.code() != tt.code || strings.Contains(got.raw, "/usr") {
			t.Errorf("%v: %d %s", tt.err, got.status, got.raw)
		}
	}
	at := time.UnixMilli(1764511200123)
	g.take = func() ([]snapshot.Shot, error) {
		return []snapshot.Shot{{At: at, Width: 640, Height: 360, Bytes: 5}}, nil
	}
	got := b.do(201, "POST", "/api/v1/rooms/a/screenshots", b.userSig("alice"), nil)
	if !strings.Contains(got.raw, `"at":"2025-11-30T14:00:00.123Z","width":640,"height":360,"bytes":5,"url":"http://localhost:8080/api/v1/rooms/a/screenshots/01764511200123-640x360.jpg?c=`) {
		t.Errorf("%s", got.raw)
	}
}

func TestRulesForScreenshotsNeedThem(t *testing.T) {
	g := newGallery(t)
	g.none = &snapshot.Unavailable{Why: "install ffmpeg"}
	b := newGalleryBench(t, g)
	b.createRoom("a")
	if got := b.do(409, "PATCH", "/api/v1/rooms/a", apiToken, `{"screenshots":{"every":"10s"}}`); got.code() != "screenshots_unavailable" || !strings.Contains(got.raw, "install ffmpeg") {
		t.Errorf("%s", got.raw)
	}
	b.do(409, "POST", "/api/v1/rooms", apiToken, `{"id":"b","screenshots":{"every":"10s"}}`)
	b.do(200, "PATCH", "/api/v1/rooms/a", apiToken, `{"screenshots":{"every":"0s"}}`)
	b.do(200, "PATCH", "/api/v1/rooms/a", apiToken, `{"title":"x","screenshots":null}`)
	if got := b.do(200, "GET", path(t, b.do(200, "GET", "/api/v1/rooms/a", "", nil).json["cover"]), "", nil); !bytes.HasPrefix([]byte(got.raw), []byte("\xff\xd8")) {
		t.Error("no placeholder")
	}
}

func TestServerWithoutScreenshots(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Screenshots, d.Covers = nil, nil })
	if got := b.createRoom("a"); got.json["cover"] != nil {
		t.Errorf("%s", got.raw)
	}
	for _, p := range []string{"cover.jpg", "screenshots/01764511200123-640x360.jpg"} {
		if got := b.do(404, http.MethodGet, "/api/v1/rooms/a/"+p, "", nil); got.code() != "not_offered" {
			t.Errorf("%s", got.raw)
		}
	}
}
