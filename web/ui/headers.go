package ui

import (
	"net/http"
	"slices"
	"strings"
)

// policy is the content security policy of every document. Playback addresses and streams may be on another host
// (status.playbackUrl, --public-url), and what people show in the chat on any, so media, pictures and connections may go to
// every http or ws origin; code and style may not.
// mpegts.js and hls.js play from blob: URLs.
var policy = strings.Join([]string{
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self'",
	"img-src 'self' data: blob: https: http:",
	"font-src 'self'",
	"media-src 'self' blob: https: http:",
	"connect-src 'self' ws: wss: https: http:",
	"worker-src 'self' blob:",
	"manifest-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
}, "; ")

// commonHeaders sets what every answer carries.
func commonHeaders(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// framing says whose pages may show a document in a frame.
type framing int

const (
	framedHere     framing = iota // pages of this server
	framedAnywhere                // pages of those sites that may: /embed
	framedNowhere                 // none: pages with power, which nobody may be tricked into clicking in
)

// documentHeaders sets what an HTML answer carries besides. Sites are those that may frame what is framed anywhere: origins, or
// *; this server's own pages always may. The address of a page with power is not told to other sites either.
func documentHeaders(h http.Header, framed framing, sites []string) {
	if framed == framedAnywhere && len(sites) == 0 {
		framed = framedHere
	}
	csp := policy
	switch framed {
	case framedAnywhere: // X-Frame-Options can't name sites; every browser that plays knows the other
		if !slices.Contains(sites, "*") {
			csp += "; frame-ancestors 'self' " + strings.Join(sites, " ")
		}
	case framedHere:
		csp += "; frame-ancestors 'self'"
		h.Set("X-Frame-Options", "SAMEORIGIN")
	case framedNowhere:
		csp += "; frame-ancestors 'none'"
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
	}
	h.Set("Content-Security-Policy", csp)
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Cache-Control", "no-cache")
}
