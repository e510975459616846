package vod

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"liveroom/live/record"
)

// TestForgedAndForeign: each kind of address, each of its elements changed, is refused; so is what belongs to another recording or
// stream.
func TestForgedAndForeign(t *testing.T) {
	w := newWorld(t)
	w.recording(recA, "demo", 2)
	w.recording(recC, "other", 2)
	media := w.media(root)
	files := w.files(media)
	chat := strings.Replace(media, "index.m3u8", "chat", 1)
	a, err := w.s.Sign(t.Context(), recA, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	local := func(s string) string { return strings.TrimPrefix(s, "http://example.com") }
	good := []string{media, chat, files[0], files[1], local(a.HLS), local(a.Downloads[0])}
	for _, target := range good {
		w.body(target)
		path, _, _ := strings.Cut(target, "?")
		for i := len("/live/"); i < len(path); i++ {
			for _, c := range "A0~.z" {
				changed := path[:i] + string(c) + path[i+1:]
				if changed == path || i < len("/live/demo") && path[i] == '/' {
					continue
				}
				if rec := w.get(changed); rec.Code < 400 {
					t.Errorf("%s: %d for %s", changed, rec.Code, path)
				}
			}
		}
	}
	w.refused("/live/demo.m3u8", 403, "missing_signature", "")
	w.refused("/live/demo.m3u8?txSecret=bad", 403, "missing_signature", "")
	for from, to := range map[string]string{recA: recC, "/demo/": "/other/"} {
		for _, target := range good {
			if changed := strings.ReplaceAll(target, from, to); changed != target {
				if rec := w.get(changed); rec.Code != http.StatusForbidden {
					t.Errorf("%s: %d", changed, rec.Code)
				}
			}
		}
	}
	w.refused(strings.Replace(media, "/live/", "/vip/", 1), 403, "bad_signature", "") // sessions hold at their application
	w.content.Recordings = []string{recA, recB}
	if rec := w.get(strings.Replace(files[1], ".m4s", "-b.m4s", 1)); rec.Code != http.StatusNotFound {
		t.Errorf("a file that is not there: %d", rec.Code)
	}
	revoked, err := New(Config{NodeKey: []byte("0123456789abcdef"), PlayKey: []byte("another")}, w.s.deps)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range good {
		rec := httptest.NewRecorder()
		revoked.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, target, nil))
		if rec.Code != http.StatusForbidden {
			t.Errorf("under a revoked key: %d %s", rec.Code, target)
		}
	}
}

// TestOnlySegmentsAreServed: whatever else is kept under a recording's name is no business of players.
func TestOnlySegmentsAreServed(t *testing.T) {
	w := newWorld(t)
	w.recording(recA, "demo", 1)
	files := w.files(w.media(root))
	dir := files[0][:strings.LastIndex(files[0], "/")+1]
	for _, file := range []string{
		"index.json", "..", ".", "%2e%2e", "..%2findex.json", "chat", "x.mp4", "00000000000000aa.mp4/", "00000000000000aa.mp4%00", "/00000000000000aa.mp4",
		"../" + recC + "/00000000000000aa.mp4", "..%2f" + recC + "%2f00000000000000aa.mp4", "00000000000000AA.mp4", strings.Repeat("0", 300) + ".mp4",
	} {
		w.lib.PutFile(recA, file, []byte("secret"))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		path, err := url.PathUnescape(dir + file)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Path = path
		rec := httptest.NewRecorder()
		w.s.ServeHTTP(rec, r)
		if rec.Code != http.StatusNotFound && rec.Code != http.StatusForbidden {
			t.Errorf("%q: %d %s", file, rec.Code, rec.Body)
		}
	}
	w.refused(root+"&x="+strings.Repeat("a", 5000), 404, "not_found", "")
	w.refused("/live/"+strings.Repeat("a", 200)+".m3u8?txSecret=good", 404, "not_found", "")
	for _, target := range []string{"/", "/live", "/live/.m3u8", "/live/demo/", "/live/demo/v", "/live//demo.m3u8", "/live/demo/v/x/y/z", "/live/demo/x/a/b", "/live/demo/d/a/b"} {
		w.refused(target, 404, "not_found", "")
	}
}

func FuzzRequests(f *testing.F) {
	w := newWorld(f)
	w.recording(recA, "demo", 2)
	w.recording(recC, "other", 2)
	w.shifting(record.Full, 20)
	media := w.media(root)
	a, _ := w.s.Sign(f.Context(), recA, time.Now().Add(time.Hour))
	known := append([]string{root, media, strings.TrimPrefix(a.HLS, "http://example.com"), strings.TrimPrefix(a.Downloads[0], "http://example.com")}, w.files(media)...)
	for _, target := range known {
		f.Add(target)
	}
	f.Add(root + "&txTimeshift=on&tsDelay=60")
	f.Add("/live/demo/f/../../x")
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		rec := httptest.NewRecorder()
		w.s.ServeHTTP(rec, &http.Request{Method: http.MethodGet, URL: u, Host: "h", Header: http.Header{}, RemoteAddr: "192.0.2.1:1"})
		if !slices.Contains([]int{200, 206, 304, 400, 403, 404, 503}, rec.Code) {
			t.Errorf("%q: %d %s", target, rec.Code, rec.Body)
		}
		path, _, _ := strings.Cut(target, "?")
		if rec.Code == 200 && !strings.HasSuffix(u.Path, "/demo.m3u8") && !slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, path) || u.Path == strings.Split(k, "?")[0] }) {
			t.Errorf("%q is answered", target)
		}
		if body := rec.Body.String(); rec.Code == 200 && strings.Contains(body, "segment of "+recC) {
			t.Errorf("%q: what belongs to another room", target)
		}
	})
}
