package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"liveroom/live/flv"
	"liveroom/live/stream"
	"liveroom/status"
)

// TestFLVAsASiteUsesIt plays through a reverse proxy that speaks HTTP/2 in front, to a page of a listed origin, whole and
// by track, with parameters that are not signed behind the signature.
func TestFLVAsASiteUsesIt(t *testing.T) {
	t.Parallel()
	const site = "https://www.example.com"
	n := startNode(t, "--cors-origins", site, "--trusted-proxies", "127.0.0.0/8")
	n.createRoom(map[string]any{"id": "r1", "anchor": "alice"})
	a := n.addresses("r1")
	push(t, a.Push.RTMP)
	n.waitStatus("r1", status.Live)

	proxy := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: n.http}))
	proxy.EnableHTTP2 = true
	proxy.StartTLS()
	t.Cleanup(proxy.Close)
	open := func(method, rawURL, origin string) *http.Response {
		t.Helper()
		u, err := url.Parse(rawURL)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), method, proxy.URL+u.RequestURI(), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", origin)
		resp, err := proxy.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		return resp
	}

	for _, tt := range []struct {
		query        string
		audio, video bool
	}{{"", true, true}, {"&onlyAudio=1", true, false}, {"&onlyVideo=true", false, true}} {
		resp := open(http.MethodGet, a.Play.FLV+tt.query, site)
		if resp.ProtoMajor != 2 || resp.StatusCode != http.StatusOK || resp.Header.Get("Access-Control-Allow-Origin") != site {
			t.Fatalf("%q: %s %s %v", tt.query, resp.Proto, resp.Status, resp.Header)
		}
		r, err := flv.NewReader(resp.Body, 0)
		if err != nil {
			t.Fatal(err)
		}
		if audio, video := r.Flags(); audio != tt.audio || video != tt.video {
			t.Errorf("%q announces audio %v, video %v", tt.query, audio, video)
		}
		seen := map[stream.Kind]int{}
		for range 60 {
			kind, _, _, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			seen[kind]++
		}
		if (seen[stream.Audio] > 0) != tt.audio || (seen[stream.Video] > 0) != tt.video || seen[stream.Script] == 0 {
			t.Errorf("%q brings %v", tt.query, seen)
		}
	}
	if resp := open(http.MethodGet, a.Play.FLV, "https://elsewhere.example"); resp.StatusCode != http.StatusOK || resp.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a page elsewhere: %s %v", resp.Status, resp.Header)
	}
	before := n.gauge(`liveroom_stream_subscribers`)
	if resp := open(http.MethodHead, a.Play.FLV, site); resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "video/x-flv" {
		t.Errorf("HEAD: %s %v", resp.Status, resp.Header)
	}
	if after := n.gauge(`liveroom_stream_subscribers`); after > before {
		t.Errorf("%v subscribers after a HEAD, %v before", after, before)
	}
	wrong := strings.Replace(a.Play.FLV, "txSecret=", "txSecret=0", 1)
	for rawURL, want := range map[string]int{
		wrong + "&onlyAudio=1": http.StatusForbidden, a.Play.FLV + "&onlyAudio=maybe": http.StatusBadRequest, a.Play.FLV + "&onlyAudio=1&onlyVideo=1": http.StatusBadRequest,
	} {
		if resp := open(http.MethodGet, rawURL, site); resp.StatusCode != want {
			t.Errorf("%s: %s, want %d", rawURL[strings.Index(rawURL, "&only"):], resp.Status, want)
		}
	}
}
