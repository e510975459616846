package hls

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"liveroom/live/stream"
)

// FuzzQuery asks a server with a stream for whatever comes: it answers, with one of the codes it has, and tells nothing
// that nobody is let in to. {sid} and {cap} stand for a session and a capability that are good.
func FuzzQuery(f *testing.F) {
	s, err := New(testKeys, stream.NewHub(stream.Config{}), open, slog.New(slog.DiscardHandler))
	if err != nil {
		f.Fatal(err)
	}
	tl := newTimeline(&s.cfg, s.signer, "demo")
	seg := newSegmenter(&s.cfg, tl, &s.counts, s.log)
	for _, t := range tags(f, 5) {
		seg.write(t)
	}
	s.streams["demo"] = &entry{timeline: tl}
	sid, _ := s.signer.sid("live", "demo", time.Now())
	capability := s.signer.capability("demo", tl.session, hourOf(time.Now())).token
	gone, cancel := context.WithCancel(f.Context())
	cancel() // so that nothing is waited for
	for _, seed := range []string{
		"/live/demo.m3u8", "/live/demo.m3u8?vid=a&txSecret=b", "/live/demo/h/{sid}/v0.m3u8", "/live/demo/h/{sid}/v0.m3u8?_HLS_msn=41&_HLS_part=2&_HLS_skip=YES",
		"/live/demo/h/{sid}/v0.m3u8?_HLS_msn=18446744073709551615", "/live/demo/h/{sid}/v0.m3u8?_HLS_msn=41&_HLS_part=2147483647",
		"/live/demo/h/{sid}/v0.m3u8?_HLS_part=1", "/live/demo/h/{sid}/v0.m3u8?_HLS_msn=%34%32;x", "/live/demo/p/{cap}/1-40.m4s", "/live/demo/p/{cap}/1-40.0.m4s",
		"/live/demo/p/{cap}/1-42.1.m4s", "/live/demo/p/{cap}/1-0-init.mp4", "/live/demo/p/{cap}/-.m4s", "/live/demo/p/{cap}/18446744073709551615-18446744073709551615.2147483647.m4s",
		"/live/demo/p/x/1-40.m4s", "/live//p/{cap}/1-40.m4s", "/%00/demo.m3u8", "/live/demo/p/{cap}/..", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		good := strings.Contains(target, "{sid}") || strings.Contains(target, "{cap}") || strings.Contains(target, sid) || strings.Contains(target, capability)
		u, err := url.ParseRequestURI(strings.NewReplacer("{sid}", sid, "{cap}", capability).Replace(target))
		if err != nil {
			return
		}
		req := (&http.Request{Method: http.MethodGet, URL: u, Host: "h", Header: http.Header{}, RemoteAddr: "192.0.2.1:1"}).WithContext(gone)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, req)
		if !slices.Contains([]int{200, 400, 403, 404, 503}, w.Code) {
			t.Errorf("%q: %d %s", target, w.Code, w.Body)
		}
		kind := w.Header().Get("Content-Type")
		if w.Code == http.StatusOK && kind != "" && !good && kind != "application/vnd.apple.mpegurl" {
			t.Errorf("%q: %s without a capability", target, kind)
		}
		if s.counts.panics.Load() > 0 || s.counts.waiting.Load() != 0 {
			t.Errorf("%q: %d panics, %d wait", target, s.counts.panics.Load(), s.counts.waiting.Load())
		}

		d, err := parseDirectives(u.RawQuery)
		if err == nil && d.blocks && (d.part < entire || d.part > maxPartIndex) {
			t.Errorf("%q: %+v", u.RawQuery, d)
		}
		name := target[strings.LastIndex(target, "/")+1:]
		if n, ok := parseName(name, ".m4s"); ok {
			back := n.name()
			if n.part == entire {
				back = stem(n.generation, n.number) + ".m4s"
			}
			if back != name {
				t.Errorf("%q is read as %q: two names of one file", name, back)
			}
		}
	})
}

// BenchmarkBlockingReload publishes a part to viewers that wait for it, and lets each take the playlist: it is rendered
// once, however many they are.
func BenchmarkBlockingReload(b *testing.B) {
	for _, viewers := range []int{1, 100, 1000} {
		b.Run(strconv.Itoa(viewers), func(b *testing.B) {
			cfg := testKeys.withDefaults()
			tl := newTimeline(&cfg, newSigner(cfg.NodeKey, cfg.PlayKey), "demo")
			seg := newSegmenter(&cfg, tl, &counters{}, slog.New(slog.DiscardHandler))
			for _, t := range tags(b, 20) {
				seg.write(t)
			}
			now, turn, done := time.Now(), make(chan directives), make(chan int)
			for range viewers {
				go func() {
					for d := range turn {
						err := tl.hold(b.Context(), d)
						n := len(tl.media("live", now))
						if err != nil {
							n = 0
						}
						done <- n
					}
				}()
			}
			defer close(turn)
			if err := seg.describe(seg.cur); err != nil {
				b.Fatal(err)
			}
			parts := 0
			b.ReportAllocs()
			for b.Loop() {
				tl.mu.RLock()
				next, _ := tl.next()
				tl.mu.RUnlock()
				for range viewers {
					turn <- directives{blocks: true, number: next.number, part: next.part}
				}
				seg.cur.add(&part{data: []byte("part"), duration: 300}, 9)
				if parts++; parts%7 == 0 {
					seg.batch.reset(seg.cur.end)
					d := *seg.cur
					seg.publish()
					seg.cur = &draft{generation: 1, init: d.init, video: d.video, audio: d.audio, start: d.end, end: d.end}
				} else {
					tl.grow(seg.cur, now)
				}
				for range viewers {
					if n := <-done; n < 500 {
						b.Fatalf("%d bytes", n)
					}
				}
			}
		})
	}
}

// BenchmarkServeFile is what a segment costs without the network.
func BenchmarkServeFile(b *testing.B) {
	s, err := New(testKeys, stream.NewHub(stream.Config{}), open, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	tl := newTimeline(&s.cfg, s.signer, "demo")
	seg := newSegmenter(&s.cfg, tl, &s.counts, s.log)
	for _, t := range tags(b, 20) {
		seg.write(t)
	}
	s.streams["demo"] = &entry{timeline: tl}
	root := "/live/demo/p/" + s.signer.capability("demo", tl.session, hourOf(time.Now())).token + "/"
	for name, file := range map[string]string{"segment": "1-42.m4s", "part": "1-42.3.m4s"} {
		b.Run(name, func(b *testing.B) {
			req := httptest.NewRequest(http.MethodGet, root+file, nil)
			b.ReportAllocs()
			for b.Loop() {
				w := &sink{h: http.Header{}}
				s.ServeHTTP(w, req)
				if w.n < 10_000 {
					b.Fatalf("%d bytes", w.n)
				}
			}
		})
	}
}
