package ui

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestSDKIsForPagesOfAnySite(t *testing.T) {
	files := build(t)
	files["sdk/liveroom.js"] = &fstest.MapFile{Data: []byte("export const create = 1")}
	files["sdk/liveroom.js.gz"] = &fstest.MapFile{Data: zipped(t, "export const create = 1")}
	files["sdk/liveroom.global.js"] = &fstest.MapFile{Data: []byte("globalThis.TIM = 1")}
	files["sdk/liveroom.d.ts"] = &fstest.MapFile{Data: []byte("export declare const create: 1")}
	h := newPages(files, Config{})
	for name, contentType := range map[string]string{
		"liveroom.js":        "text/javascript; charset=utf-8",
		"liveroom.global.js": "text/javascript; charset=utf-8",
		"liveroom.d.ts":      "text/plain; charset=utf-8",
	} {
		t.Run(name, func(t *testing.T) {
			resp := get(t, h, "GET", "/sdk/"+name, "Origin", "https://shop.example")
			if resp.StatusCode != 200 || body(t, resp) != string(files["sdk/"+name].Data) {
				t.Fatalf("status %d", resp.StatusCode)
			}
			for header, want := range map[string]string{
				"Content-Type": contentType, "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin",
				"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff",
			} {
				if got := resp.Header.Get(header); got != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
			again := get(t, h, "GET", "/sdk/"+name, "If-None-Match", resp.Header.Get("ETag"))
			if again.StatusCode != 304 || again.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("unchanged: status %d, headers %v", again.StatusCode, again.Header)
			}
		})
	}
	if packed := get(t, h, "GET", "/sdk/liveroom.js", "Accept-Encoding", "gzip"); packed.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("not packed: %v", packed.Header)
	}
	for _, target := range []string{"/sdk/", "/sdk/none.js", "/sdk/liveroom.js.gz", "/sdk/..%2fstub.html"} {
		if resp := get(t, h, "GET", target); resp.StatusCode != 404 || strings.Contains(body(t, resp), "stub") {
			t.Errorf("%s: status %d", target, resp.StatusCode)
		}
	}
}
