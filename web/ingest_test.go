package web_test

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/address"
	"liveroom/live"
	"liveroom/live/stream"
	"liveroom/web"
)

// push starts a push of a room, as its protocol would.
func (b *bench) push(room string) *live.Push {
	b.t.Helper()
	secret, at := address.Sign("push_master_key_0001", room, time.Now().Add(time.Hour))
	p, err := b.rooms.Publish(b.t.Context(), stream.Request{
		Protocol: stream.RTMP, App: "live", Name: room, Query: []string{url.Values{"txSecret": {secret}, "txTime": {at}}.Encode()}, Remote: "192.0.2.9:1935",
	})
	must(b.t, err)
	b.t.Cleanup(func() { p.Close(stream.StopClosed) })
	return p
}

func TestIngestHealth(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	p := b.push("demo")
	write := func(kind stream.Kind, ms uint32, payload string) {
		t.Helper()
		buf := stream.NewBuffer(len(payload))
		copy(buf[stream.HeaderBytes:], payload)
		must(t, p.Write(kind, ms, buf))
	}
	for ms := uint32(0); ms <= 10_000; ms += 100 {
		picture := "\x27\x01\x00\x00\x00picture"
		if ms%5000 == 0 {
			picture = "\x17\x01\x00\x00\x00picture"
		}
		write(stream.Video, ms, picture)
		write(stream.Audio, ms, "\xaf\x01sound")
	}
	a := b.do(200, "GET", "/api/v1/rooms/demo/ingest", apiToken, nil)
	video, _ := a.json["video"].(map[string]any)
	audio, _ := a.json["audio"].(map[string]any)
	if a.json["publishing"] != true || a.json["remote"] != "192.0.2.9:1935" || a.json["generation"] != 1.0 || a.json["pushes"] != 1.0 ||
		video["codec"] != "h264" || video["frames"] != 101.0 || video["keyframeInterval"] != "5s" || audio["codec"] != "aac" || audio["frames"] != 101.0 {
		t.Errorf("answered %s", a.raw)
	}
	advice, _ := a.json["advice"].([]any)
	first, _ := advice[0].(map[string]any)
	if len(advice) != 1 || first["code"] != "keyframe_interval" || first["severity"] != "warning" {
		t.Errorf("advice %v", advice)
	}

	// What docs/api.md shows of a running push has the fields that are served.
	text, err := os.ReadFile("../docs/api.md")
	must(t, err)
	_, block, _ := strings.Cut(string(text), "While a push runs:\n\n```json\n")
	block, _, _ = strings.Cut(block, "```")
	var documented map[string]any
	must(t, json.Unmarshal([]byte(block), &documented))
	if got, want := fields(a.json, ""), fields(documented, ""); !slices.Equal(got, want) {
		t.Errorf("served %v\ndocumented %v", got, want)
	}

	b.do(404, "GET", "/api/v1/rooms/nobody/ingest", apiToken, nil)
}

// sampledRooms have samples of pushes that nobody made.
type sampledRooms struct {
	*rooms
	asked atomic.Int64
	all   atomic.Pointer[[]live.Sample]
}

func (r *sampledRooms) Ingest(_ context.Context, _ string, samples time.Duration) (live.Ingest, error) {
	r.asked.Store(int64(samples))
	return live.Ingest{Samples: *r.all.Load()}, nil
}

func TestIngestSamples(t *testing.T) {
	var sampled sampledRooms
	sampled.all.Store(&[]live.Sample{{
		At: time.Date(2026, 11, 21, 20, 9, 55, 0, time.UTC), BitsPerSecond: 4_213_000.4, VideoBitsPerSecond: 4_080_000, FramesPerSecond: 29.98,
		KeyframeInterval: 2 * time.Second, Repaired: 1, Jitter: 3_400 * time.Microsecond,
	}})
	b := newBench(t, func(_ *web.Config, d *web.Deps) { sampled.rooms, d.Rooms = d.Rooms.(*rooms), &sampled })
	b.createRoom("demo")
	a := b.do(200, "GET", "/api/v1/rooms/demo/ingest?samples=15m", b.userSig("alice"), nil)
	text, err := os.ReadFile("../docs/api.md")
	must(t, err)
	const one = `{"at":"2026-11-21T20:09:55.000Z","bitsPerSecond":4213000,"videoBitsPerSecond":4080000,"framesPerSecond":30,"keyframeInterval":"2s","repaired":1,"jitter":"3ms"}`
	if !strings.Contains(a.raw, `"samples":[`+one+`]`) || !strings.Contains(string(text), `"samples":[`+one+`]`) {
		t.Errorf("answered %s", a.raw)
	}
	if d := time.Duration(sampled.asked.Load()); d != 15*time.Minute {
		t.Errorf("asked for %v", d)
	}
	if a := b.do(200, "GET", "/api/v1/rooms/demo/ingest", apiToken, nil); strings.Contains(a.raw, "samples") || sampled.asked.Load() != 0 {
		t.Errorf("not asked for: %s", a.raw)
	}
	for _, bad := range []string{"15m1s", "-1s", "much", "15", "1e9s", "%00"} {
		if a := b.do(422, "GET", "/api/v1/rooms/demo/ingest?samples="+bad, apiToken, nil); a.field() != "samples" {
			t.Errorf("%s: %s", bad, a.raw)
		}
	}
	b.do(401, "GET", "/api/v1/rooms/demo/ingest?samples=15m", "", nil)
	sampled.all.Store(&[]live.Sample{})
	if a := b.do(200, "GET", "/api/v1/rooms/demo/ingest?samples=1m", apiToken, nil); !strings.Contains(a.raw, `"samples":[]`) {
		t.Errorf("none: %s", a.raw)
	}
}

// fields lists the names in an object, those of the objects in it included.
func fields(v any, at string) (out []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			out = append(append(out, at+"."+name), fields(inner, at+"."+name)...)
		}
	case []any:
		for _, inner := range v {
			out = append(out, fields(inner, at+"[]")...)
		}
	}
	slices.Sort(out)
	return out
}

// A negative offset is written as a length of time too.
func TestSignedDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", -40 * time.Millisecond: "-40ms", -2 * time.Second: "-2s", 7 * time.Millisecond: "7ms"} {
		text, err := web.SignedDuration(d).MarshalText()
		if err != nil || string(text) != want {
			t.Errorf("%v is written %q (%v), want %q", d, text, err, want)
		}
	}
}
