package pass

import (
	"net/url"
	"strings"
	"testing"
)

func TestViewer(t *testing.T) {
	for query, want := range map[string]string{
		"": "", "a=1&vid=ann": "ann", "vid=": "", "vid=" + strings.Repeat("x", maxViewerBytes): strings.Repeat("x", maxViewerBytes),
		"vid=" + strings.Repeat("x", maxViewerBytes+1): "", "vid=ann&" + strings.Repeat("x", maxQueryBytes): "",
	} {
		if got := Viewer(&url.URL{RawQuery: query}); got != want {
			t.Errorf("%.20q: %q, want %q", query, got, want)
		}
	}
}
