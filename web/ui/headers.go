package ui

import (
	"net/http"
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

// documentHeaders sets what an HTML answer carries besides. Only /embed may stand in a frame of another site.
func documentHeaders(h http.Header, embeddable bool) {
	csp := policy
	if !embeddable {
		csp += "; frame-ancestors 'self'"
		h.Set("X-Frame-Options", "SAMEORIGIN")
	}
	h.Set("Content-Security-Policy", csp)
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Cache-Control", "no-cache")
}
