package web_test

import (
	"encoding/json"
	"net/url"
	"os"
	"slices"
	"strings"
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
