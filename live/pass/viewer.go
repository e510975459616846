package pass

import (
	"net/url"
	"strings"
)

// Bounds of the query that Viewer reads, and of the name of a chat session in it.
const (
	maxQueryBytes  = 4096
	maxViewerBytes = 64
)

// Viewer is the chat session that an address says it belongs to (vid; design §6, counting); empty: none, or none that there can be.
// It is unsigned, and only links counts.
func Viewer(u *url.URL) string {
	if len(u.RawQuery) > maxQueryBytes || !strings.Contains(u.RawQuery, "vid=") {
		return ""
	}
	if v := u.Query().Get("vid"); len(v) <= maxViewerBytes {
		return v
	}
	return ""
}
