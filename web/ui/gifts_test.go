package ui

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestGiftPicturesAreForCatalogues(t *testing.T) {
	files := build(t)
	files["gifts/rose.svg"] = &fstest.MapFile{Data: []byte("<svg>rose</svg>")}
	h := newPages(files, Config{})
	resp := get(t, h, "GET", "/gifts/rose.svg")
	if resp.StatusCode != 200 || body(t, resp) != "<svg>rose</svg>" {
		t.Fatalf("status %d", resp.StatusCode)
	}
	for header, want := range map[string]string{
		"Content-Type": "image/svg+xml", "Cross-Origin-Resource-Policy": "cross-origin", "Cache-Control": "public, max-age=86400",
	} {
		if got := resp.Header.Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	for _, target := range []string{"/gifts/", "/gifts/none.svg", "/gifts/..%2fstub.html"} {
		if resp := get(t, h, "GET", target); resp.StatusCode != 404 || strings.Contains(body(t, resp), "stub") {
			t.Errorf("%s: status %d", target, resp.StatusCode)
		}
	}
}
