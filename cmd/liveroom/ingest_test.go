package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// health is what the API says of a push.
type health struct {
	Publishing bool
	Encoder    string
	Remote     string
	Pushes     int
	Video      struct {
		Codec, Profile                  string
		Width, Height                   int
		BitsPerSecond                   int
		FramesPerSecond, DeclaredRate   float64
		Frames                          int
		KeyframeInterval, SinceKeyframe string
		BFrames                         bool
		HeaderChanges                   int
	}
	Audio struct {
		Codec, Profile       string
		SampleRate, Channels int
		BitsPerSecond        int
	}
	AudioOffset string
	Gaps        int
	Malformed   int
	Timestamps  struct{ Repaired int }
	Advice      []struct{ Code, Severity, Text string }
}

func (n *node) health(room string) health {
	n.t.Helper()
	var h health
	n.call(http.MethodGet, "/api/v1/rooms/"+room+"/ingest", nil, &h)
	return h
}

// codes are those of the advice, but for what a busy machine does to a push.
func (h health) codes() string {
	var out []string
	for _, a := range h.Advice {
		if a.Code != "connection_unsteady" {
			out = append(out, a.Code)
		}
	}
	return strings.Join(out, " ")
}

// TestIngestHealthOfRealPushes pushes with known settings and reads them back, with the advice an anchor needs.
func TestIngestHealthOfRealPushes(t *testing.T) {
	n := startNode(t)
	settings := map[string][]string{
		"sound":  {"-vf", "fps=30", "-g", "60", "-b:a", "128k"},
		"sparse": {"-g", "300", "-keyint_min", "300", "-bf", "2"},
		"mute":   {"-an"},
	}
	for room, more := range settings {
		n.call(http.MethodPost, "/api/v1/rooms", map[string]any{"id": room}, nil)
		if h := n.health(room); h.Publishing || h.codes() != "not_publishing" {
			t.Errorf("before the push: %+v", h)
		}
		push(t, n.addresses(room).Push.RTMP, more...)
	}
	begun := time.Now()
	for room := range settings {
		n.eventually("six seconds of "+room, func() bool { return n.health(room).Video.Frames >= 150 && time.Since(begun) > 5500*time.Millisecond })
	}

	h := n.health("sound")
	v, a := h.Video, h.Audio
	if h.codes() != "" || !h.Publishing || h.Pushes != 1 || !strings.HasPrefix(h.Encoder, "Lavf") || h.Malformed+h.Timestamps.Repaired != 0 {
		t.Errorf("the sound push: %+v", h)
	}
	if v.Codec != "h264" || !strings.HasPrefix(v.Profile, "avc1.") || v.Width != 320 || v.Height != 180 || v.DeclaredRate != 30 ||
		v.KeyframeInterval != "2s" || v.BFrames || v.HeaderChanges != 0 || v.FramesPerSecond < 20 || v.FramesPerSecond > 40 ||
		v.BitsPerSecond < 150_000 || v.BitsPerSecond > 600_000 {
		t.Errorf("its pictures: %+v", v)
	}
	if a.Codec != "aac" || a.Profile != "mp4a.40.2" || a.SampleRate != 44100 || a.Channels != 1 || a.BitsPerSecond < 60_000 || a.BitsPerSecond > 200_000 {
		t.Errorf("its sound: %+v", a)
	}
	if offset, err := time.ParseDuration(h.AudioOffset); err != nil || offset.Abs() > 300*time.Millisecond {
		t.Errorf("sound is %s ahead", h.AudioOffset)
	}
	if h := n.health("sparse"); h.codes() != "keyframe_interval b_frames" || !h.Video.BFrames {
		t.Errorf("keyframes ten seconds apart: %+v", h)
	}
	if h := n.health("mute"); h.codes() != "no_audio" || h.Audio.Codec != "" {
		t.Errorf("without sound: %+v", h)
	}
	if metrics := n.metrics(); !strings.Contains(metrics, `liveroom_stream_repaired_timestamps_total{kind="jumped_back"} 0`) {
		t.Error("repaired timestamps are not in the metrics")
	}
}
