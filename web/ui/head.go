package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"html"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"unicode"
)

// Room is what the page of a room tells of it to those who read only its head: search engines, and messengers and sites that
// show what a link leads to. All of it is text that strangers wrote.
type Room struct {
	ID      string // [A-Za-z0-9_-]{1,48}
	Title   string
	Anchor  string // may be empty
	Picture string // address; may be empty
	Base    string // public URL, of the room's page, its frame and oEmbed
}

// In the built page a head lies between these, for rooms of which nothing is known.
const (
	headBegin = "<!--room-->"
	headEnd   = "<!--/room-->"
)

// fill is the page of a room, with what its head says of it. Where nothing is known of the room, or the page has no place for
// it, it is the page as it was built.
func (p *pages) fill(f file, r *http.Request) file {
	before, rest, open := bytes.Cut(f.plain, []byte(headBegin))
	_, after, closed := bytes.Cut(rest, []byte(headEnd))
	if !open || !closed || p.cfg.Room == nil {
		return f
	}
	room, ok := p.cfg.Room(r.Context(), r.PathValue("room"))
	if !ok {
		return f
	}
	filled := file{contentType: f.contentType, plain: bytes.Join([][]byte{before, []byte(headOf(room)), after}, nil)}
	sum := sha256.Sum256(filled.plain)
	filled.etag = `"` + hex.EncodeToString(sum[:12]) + `"`
	if accepts(r.Header.Get("Accept-Encoding"), "gzip") {
		filled.gzip = p.zip.pack(filled.plain)
	}
	return filled
}

// headOf is the head of a room's page.
func headOf(r Room) string {
	base := strings.TrimSuffix(r.Base, "/")
	page := base + "/rooms/" + url.PathEscape(r.ID)
	title := shown(r.Title)
	if title == "" {
		title = shown(r.ID)
	}
	var b strings.Builder
	tag := func(parts ...string) {
		for i, part := range parts {
			if i%2 == 1 {
				part = html.EscapeString(shown(part))
			}
			b.WriteString(part)
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	tag("<title>", title, " · liveroom</title>")
	tag(`<link rel="canonical" href="`, page, `">`)
	tag(`<link rel="alternate" type="application/json+oembed" href="`, base+"/oembed?url="+url.QueryEscape(page), `" title="`, title, `">`)
	tag(`<meta property="og:site_name" content="liveroom">`)
	tag(`<meta property="og:type" content="video.other">`)
	tag(`<meta property="og:title" content="`, title, `">`)
	tag(`<meta property="og:url" content="`, page, `">`)
	if r.Anchor != "" {
		tag(`<meta property="og:description" content="`, r.Anchor, `">`)
	}
	card := "summary"
	if r.Picture != "" {
		card = "summary_large_image"
		tag(`<meta property="og:image" content="`, r.Picture, `">`)
		tag(`<meta property="og:image:type" content="image/jpeg">`)
	}
	tag(`<meta name="twitter:card" content="`, card, `">`)
	return b.String()
}

// shown is a text without what can't be seen and may yet change how the rest is read.
func shown(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == unicode.ReplacementChar:
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, text))
}

// zipper compresses pages that are made while they are asked for. It is safe for concurrent use.
type zipper struct{ idle sync.Pool }

func (z *zipper) pack(page []byte) []byte {
	w, ok := z.idle.Get().(*gzip.Writer)
	if !ok {
		w = gzip.NewWriter(nil)
	}
	defer z.idle.Put(w)
	var out bytes.Buffer
	w.Reset(&out)
	_, _ = w.Write(page) // into memory
	_ = w.Close()
	return out.Bytes()
}
