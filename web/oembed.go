package web

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"liveroom/live"
)

// OEmbedPath is where other sites ask how to show a room's page in theirs (oembed.com).
const OEmbedPath = "/oembed"

// Sizes of a frame in pixels.
const (
	frameWidth    = 640
	maxFrameWidth = 1920
	minFrameSide  = 32
	coverWidth    = 320  // of the picture beside it
	maxPageBytes  = 1024 // of a page's address
)

// pagePath is a room's page below the public URL, in a frame or not.
var pagePath = regexp.MustCompile(`^/(?:rooms|embed)/([A-Za-z0-9_-]{1,48})$`)

// oembedBody is an answer in oEmbed's own names.
type oembedBody struct {
	Version         string `json:"version"`
	Type            string `json:"type"`
	Title           string `json:"title"`
	AuthorName      string `json:"author_name,omitempty"`
	ProviderName    string `json:"provider_name"`
	ProviderURL     string `json:"provider_url"`
	CacheAge        int    `json:"cache_age"`
	ThumbnailURL    string `json:"thumbnail_url,omitempty"`
	ThumbnailWidth  int    `json:"thumbnail_width,omitempty"`
	ThumbnailHeight int    `json:"thumbnail_height,omitempty"`
	HTML            string `json:"html"`
	Width           int    `json:"width"`
	Height          int    `json:"height"`
}

// oembedFor is how long an answer is good. The address of a room's cover is good for a day at least.
const oembedFor = 3600

// oembed answers how a room's page is shown in another site's. It says nothing of a room that its public record does not.
func (s *Server) oembed(c *gin.Context) {
	h, ctx := c.Writer.Header(), c.Request.Context()
	s.origins.share(h, c.Request, exposedByAPI)
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	body, err := s.oembedOf(c.Request)
	if err != nil {
		problem(ctx, s.log, err).write(c.Writer, ctx)
		return
	}
	h.Set("Cache-Control", "public, max-age=60")
	c.JSON(http.StatusOK, body)
}

func (s *Server) oembedOf(r *http.Request) (*oembedBody, error) {
	query := r.URL.Query()
	if format := query.Get("format"); format != "" && format != "json" {
		return nil, newProblem(http.StatusNotImplemented, "not_implemented", "only json is answered").at("format")
	}
	maxWidth, err := pixels(query, "maxwidth")
	if err != nil {
		return nil, err
	}
	maxHeight, err := pixels(query, "maxheight")
	if err != nil {
		return nil, err
	}
	id, err := s.roomOfPage(query.Get("url"), r.Host)
	if err != nil {
		return nil, err
	}
	l, err := s.rooms.Room(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return s.oembedBody(l.Room, maxWidth, maxHeight), nil
}

// oembedBody describes a frame of a room that is as wide as it may be, or frameWidth, and shows a picture of 16:9.
func (s *Server) oembedBody(r live.Room, maxWidth, maxHeight int) *oembedBody {
	width := min(maxWidth, maxFrameWidth)
	if width == 0 {
		width = frameWidth
	}
	if maxHeight > 0 {
		width = min(width, maxHeight*16/9)
	}
	height := width * 9 / 16
	base := strings.TrimSuffix(s.cfg.PublicURL, "/")
	title := r.Title
	if title == "" {
		title = r.ID
	}
	body := &oembedBody{
		Version: "1.0", Type: "video", Title: title, AuthorName: r.Anchor, ProviderName: "liveroom", ProviderURL: base + "/", CacheAge: oembedFor,
		Width: width, Height: height,
		HTML: fmt.Sprintf(`<iframe src="%s/embed/%s?chat=0" width="%d" height="%d" title="%s" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>`,
			html.EscapeString(base), r.ID, width, height, html.EscapeString(title)),
	}
	if cover := s.covers.Cover(r); cover != "" {
		body.ThumbnailURL, body.ThumbnailWidth, body.ThumbnailHeight = coverOf(cover), coverWidth, coverWidth*9/16
	}
	return body
}

// coverOf is the address of the small picture of a cover.
func coverOf(cover string) string {
	sign := "?"
	if strings.Contains(cover, "?") {
		sign = "&"
	}
	return cover + sign + "width=" + strconv.Itoa(coverWidth)
}

// pixels reads a length in a query; 0: it is not given.
func pixels(query url.Values, name string) (int, error) {
	text := query.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < minFrameSide || n > 1<<16 {
		return 0, newProblem(http.StatusUnprocessableEntity, "invalid", "must be a number of pixels from 32 to 65536").at(name)
	}
	return n, nil
}

// roomOfPage finds the room whose page an address leads to, at the public URL or at the host that was asked.
func (s *Server) roomOfPage(text, host string) (string, error) {
	elsewhere := newProblem(http.StatusNotFound, "not_found", "no page of a room of this server is at that address").at("url")
	if text == "" || len(text) > maxPageBytes {
		return "", newProblem(http.StatusUnprocessableEntity, "invalid", "must be the address of a room's page, at most 1,024 bytes").at("url")
	}
	page, err := url.Parse(text)
	if err != nil || page.Scheme != "http" && page.Scheme != "https" || page.User != nil {
		return "", elsewhere
	}
	base, err := url.Parse(s.cfg.PublicURL)
	if err != nil || !strings.EqualFold(page.Host, base.Host) && !strings.EqualFold(page.Host, host) {
		return "", elsewhere
	}
	path := page.EscapedPath()
	if m := pagePath.FindStringSubmatch(strings.TrimSuffix(strings.TrimPrefix(path, strings.TrimSuffix(base.EscapedPath(), "/")), "/")); m != nil {
		return m[1], nil
	}
	return "", elsewhere
}
