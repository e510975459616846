package web_test

import (
	"encoding/json"
	"encoding/xml"
	"net/url"
	"strings"
	"testing"
	"time"

	"liveroom/web"
)

// embedded is how a room is shown in another site's page.
type embedded struct {
	Type, Title, HTML string
	Author            string `json:"author_name"`
	Thumbnail         string `json:"thumbnail_url"`
	Width, Height     int
}

func (b *bench) oembed(page, more string) (e embedded) {
	b.t.Helper()
	must(b.t, json.Unmarshal([]byte(b.do(200, "GET", "/oembed?url="+url.QueryEscape(page)+more, "", nil).raw), &e))
	return e
}

func TestOEmbedOfARoom(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) {
		covers := *benchCovers()
		covers.Every = 10 * time.Second
		d.Covers = &covers
	})
	b.createRoom("demo")
	for _, page := range []string{
		"http://localhost:8080/rooms/demo", "https://LOCALHOST:8080/rooms/demo/", "http://localhost:8080/embed/demo?chat=1#t=90", b.url + "/rooms/demo?x=%2f",
	} {
		e := b.oembed(page, "&format=json")
		if e.Type != "video" || e.Title != "Room demo" || e.Author != "alice" || e.Width != 640 || e.Height != 360 || !strings.Contains(e.HTML, ` src="http://localhost:8080/embed/demo?chat=0" width="640" height="360"`) ||
			!strings.HasPrefix(e.Thumbnail, "http://localhost:8080/api/v1/rooms/demo/cover.jpg?c=") || !strings.HasSuffix(e.Thumbnail, "&width=320") {
			t.Errorf("%s: %+v", page, e)
		}
		b.do(200, "GET", strings.TrimPrefix(e.Thumbnail, "http://localhost:8080"), "", nil)
	}
	for more, want := range map[string][2]int{
		"&maxwidth=1280": {1280, 720}, "&maxwidth=65536": {1920, 1080}, "&maxheight=90": {160, 90}, "&maxwidth=32": {32, 18},
		"&maxwidth=400&maxheight=90": {160, 90}, "&maxwidth=100&maxheight=600": {100, 56}, "&maxwidth=": {640, 360},
	} {
		if e := b.oembed("http://localhost:8080/rooms/demo", more); [2]int{e.Width, e.Height} != want {
			t.Errorf("%s: %d × %d", more, e.Width, e.Height)
		}
	}
	h := b.do(200, "GET", "/oembed?url=http://localhost:8080/rooms/demo", "", nil, "Origin", "https://blog.example").header
	if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Cache-Control") != "public, max-age=60" || !strings.HasPrefix(h.Get("Content-Type"), "application/json") {
		t.Errorf("%v", h)
	}
}

func TestOEmbedRefuses(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	const page = "url=http://localhost:8080/rooms/demo"
	for query, want := range map[string]struct {
		status      int
		code, field string
	}{
		page + "&format=xml":                        {501, "not_implemented", "format"},
		page + "&format=JSON%00":                    {501, "not_implemented", "format"},
		page + "&maxwidth=0":                        {422, "invalid", "maxwidth"},
		page + "&maxwidth=1e3":                      {422, "invalid", "maxwidth"},
		page + "&maxheight=-9":                      {422, "invalid", "maxheight"},
		page + "&maxheight=99999999999999999999":    {422, "invalid", "maxheight"},
		"":                                          {422, "invalid", "url"},
		"url=" + strings.Repeat("a", 1025):          {422, "invalid", "url"},
		"url=http://localhost:8080/":                {404, "not_found", "url"},
		"url=http://localhost:8080/rooms/":          {404, "not_found", "url"},
		"url=http://localhost:8080/rooms/none":      {404, "not_found", ""},
		"url=http://localhost:8080/rooms/de%256Do":  {404, "not_found", "url"},
		"url=http://localhost:8080/rooms/demo/x":    {404, "not_found", "url"},
		"url=http://localhost:8080//rooms/demo":     {404, "not_found", "url"},
		"url=http://localhost/rooms/demo":           {404, "not_found", "url"},
		"url=http://evil.example/rooms/demo":        {404, "not_found", "url"},
		"url=http://a@localhost:8080/rooms/demo":    {404, "not_found", "url"},
		"url=javascript:alert(1)//localhost:8080":   {404, "not_found", "url"},
		"url=//localhost:8080/rooms/demo":           {404, "not_found", "url"},
		"url=%00":                                   {404, "not_found", "url"},
		"url=http://localhost:8080/api/v1/../rooms": {404, "not_found", "url"},
	} {
		a := b.do(want.status, "GET", "/oembed?"+query, "", nil)
		if a.code() != want.code || a.field() != want.field || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s", query, a.raw)
		}
	}
}

// TestOEmbedOfAHostileTitle: what it answers is put into pages of others.
func TestOEmbedOfAHostileTitle(t *testing.T) {
	b := newBench(t, func(c *web.Config, _ *web.Deps) { c.PublicURL = "https://live.example/tv/" })
	const title = `"><script>alert(1)</script><a title='&amp;`
	b.do(201, "POST", "/api/v1/rooms", apiToken, map[string]any{"id": "demo", "title": title})
	e := b.oembed("https://live.example/tv/rooms/demo", "")
	if e.Title != title {
		t.Errorf("title %q", e.Title)
	}
	var frame struct {
		XMLName xml.Name
		Title   string `xml:"title,attr"`
		Src     string `xml:"src,attr"`
		Inner   string `xml:",innerxml"`
	}
	must(t, xml.Unmarshal([]byte(strings.Replace(e.HTML, " allowfullscreen>", ` allowfullscreen="">`, 1)), &frame))
	if frame.XMLName.Local != "iframe" || frame.Title != title || frame.Src != "https://live.example/tv/embed/demo?chat=0" || frame.Inner != "" || strings.Count(e.HTML, "<") != 2 {
		t.Errorf("%s\n%+v", e.HTML, frame)
	}
}
