package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// anyOrigin in Config.Origins lets every page read.
const anyOrigin = "*"

// What other origins' scripts may see of an answer.
const (
	exposedByAPI   = "ETag, X-Request-Id, Retry-After"
	exposedByMedia = "Content-Length, Content-Range, Retry-After, X-Request-Id"
	exposedByChat  = "Retry-After, X-Request-Id"
)

// CheckOrigin says why s can be no entry of Config.Origins.
func CheckOrigin(s string) error {
	if s == anyOrigin {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Host == "" || u.User != nil || u.Scheme+"://"+u.Host != s || strings.Contains(s, anyOrigin) {
		return fmt.Errorf("%q is no origin such as https://www.example.com, and not *", s)
	}
	return nil
}

// origins are those whose pages may read what play addresses lead to and what of the API is public. Credentials are never
// needed: a play address carries its signature, and the cookie of the consoles opens nothing to other origins (ownPage).
type origins struct {
	any    bool
	listed map[string]bool
}

// newOrigins reads a list. The server's own pages are always among them.
func newOrigins(list []string, publicURL string) origins {
	o := origins{listed: map[string]bool{}}
	for _, s := range list {
		o.any = o.any || s == anyOrigin
		o.listed[strings.ToLower(s)] = true
	}
	if own, err := url.Parse(publicURL); err == nil && own.Host != "" {
		o.listed[strings.ToLower(own.Scheme+"://"+own.Host)] = true
	}
	return o
}

// share lets the page that asks read the answer, if it may. Without that the answer is the same; the browser keeps it.
func (o origins) share(h http.Header, r *http.Request, exposed string) {
	origin := anyOrigin
	if !o.any {
		h.Add("Vary", "Origin") // caches must not hand one origin's answer to another
		if origin = r.Header.Get("Origin"); !o.listed[strings.ToLower(origin)] {
			return
		}
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", exposed)
}

// preflight answers what a browser asks before a request, for one that share let through.
func (o origins) preflight(h http.Header, methods, headers string) {
	if h.Get("Access-Control-Allow-Origin") == "" {
		return
	}
	h.Del("Access-Control-Expose-Headers")
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", headers)
	h.Set("Access-Control-Max-Age", "86400")
}

// connects says whether a page may open a connection. Browsers let any page open a WebSocket: what is read over it has to
// be refused here. Who sends no Origin is no browser, and needs no page's leave.
func (o origins) connects(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if o.any || origin == "" || o.listed[strings.ToLower(origin)] {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host) // a page of this server, by another of its names
}
