package hls

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"liveroom/live/stream"
)

// tags returns what a subscriber reads of a push of 2 Mbit/s, 30 pictures a second, a keyframe every two seconds, for that long.
func tags(b testing.TB, seconds int64) []*stream.Tag {
	b.Helper()
	hub := stream.NewHub(patient)
	sub := hub.Subscribe("demo", stream.HLS, stream.SubscribeOptions{Internal: true})
	defer sub.Close()
	p, err := hub.Publish("demo", stream.PublishOptions{Generation: 1})
	if err != nil {
		b.Fatal(err)
	}
	e := encoder{b, p}
	e.headers()
	frame := make([]byte, 8192)
	var out, batch []*stream.Tag
	for ms := int64(0); ms < seconds*1000; ms += 33 {
		kind := byte(0x27)
		if (ms/33)%60 == 0 {
			kind = 0x17
		}
		e.write(stream.Video, ms, append([]byte{kind, 1, 0, 0, 0, 0, 0, 0x1f, 0xfc, 0x41}, frame[:0x1ffb]...)...)
		e.sound(ms)
		if batch, err = sub.Next(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
		out = append(out, batch...)
	}
	return out
}

// BenchmarkSegmenter cuts ten seconds of a 2 Mbit/s stream.
func BenchmarkSegmenter(b *testing.B) {
	all := tags(b, 10)
	cfg := testKeys.withDefaults()
	sign := newSigner(cfg.NodeKey, cfg.PlayKey)
	b.ReportAllocs()
	for b.Loop() {
		seg := newSegmenter(&cfg, newTimeline(&cfg, sign, "demo"), &counters{}, slog.New(slog.DiscardHandler))
		for _, t := range all {
			seg.write(t)
		}
		seg.flush()
		if len(seg.out.segments) < 5 {
			b.Fatalf("%d segments", len(seg.out.segments))
		}
	}
}

// BenchmarkHeld reports what a stream holds in memory once its window is full.
func BenchmarkHeld(b *testing.B) {
	all := tags(b, 60)
	cfg := testKeys
	cfg.KeepSize = 15 // what a playlist of 14 s asks for; here no time passes
	cfg = cfg.withDefaults()
	sign := newSigner(cfg.NodeKey, cfg.PlayKey)
	held := 0
	for b.Loop() {
		tl := newTimeline(&cfg, sign, "demo")
		seg := newSegmenter(&cfg, tl, &counters{}, slog.New(slog.DiscardHandler))
		for _, t := range all {
			seg.write(t)
		}
		held = tl.held() + seg.batch.bytes
	}
	b.ReportMetric(float64(held)/1e6, "MB/stream")
}

// BenchmarkMediaPlaylist is what each viewer costs every two seconds, without the network.
func BenchmarkMediaPlaylist(b *testing.B) {
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
	sid, _ := s.signer.sid("live", "demo", time.Now())
	req := httptest.NewRequest(http.MethodGet, "/live/demo/h/"+sid+"/v0.m3u8", nil)
	b.ReportAllocs()
	for b.Loop() {
		w := &sink{h: http.Header{}}
		s.ServeHTTP(w, req)
		if w.n < 500 {
			b.Fatalf("%d bytes", w.n)
		}
	}
}

// sink is a ResponseWriter that counts.
type sink struct {
	h http.Header
	n int
}

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(p []byte) (int, error) { s.n += len(p); return io.Discard.Write(p) }
