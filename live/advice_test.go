package live_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"liveroom/live"
	"liveroom/live/stream"
)

// sound is a push that nothing can be said against, as of now.
func sound(now time.Time) live.Ingest {
	in := live.Ingest{
		Publishing: true, StartedAt: now.Add(-2 * time.Minute), Pushes: 1, Video: stream.H264, Audio: stream.AAC,
		Format: live.Format{Width: 1920, Height: 1080, FrameRate: 30, SampleRate: 48000, Channels: 2},
	}
	in.VideoFrames, in.AudioFrames, in.Keyframes = 3600, 5000, 60
	in.BitsPerSecond, in.VideoBitsPerSecond, in.AudioBitsPerSecond, in.FramesPerSecond = 4e6, 3.8e6, 128e3, 29.8
	in.Minute = stream.Minute{BitsPerSecond: 4.1e6, FramesPerSecond: 30, ClockRate: 1}
	in.KeyframeInterval, in.LongestInterval, in.SinceKeyframe = 2*time.Second, 9*time.Second, time.Second
	in.LastMediaAt, in.LastVideoAt, in.LastAudioAt = now, now, now
	return in
}

func TestAdvise(t *testing.T) {
	now := time.Unix(2_000_000_000, 0)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	tests := []struct {
		name   string
		change func(in *live.Ingest)
		want   string // codes, worst first
		says   string // of the first
	}{
		{"all is well", func(*live.Ingest) {}, "", ""},
		{"just begun", func(in *live.Ingest) { *in = live.Ingest{Publishing: true, StartedAt: ago(time.Second), Pushes: 1} }, "", ""},
		{"connected and silent", func(in *live.Ingest) { *in = live.Ingest{Publishing: true, StartedAt: ago(4 * time.Second), Pushes: 1} }, "no_media", "for 4.0 s"},
		{"fell silent", func(in *live.Ingest) {
			in.LastMediaAt, in.LastVideoAt, in.LastAudioAt = ago(5*time.Second), ago(5*time.Second), ago(5*time.Second)
			in.BitsPerSecond, in.FramesPerSecond = 0, 0
		}, "no_media", "for 5.0 s"},
		{"pictures stopped", func(in *live.Ingest) { in.LastVideoAt = ago(10 * time.Second); in.FramesPerSecond = 0 }, "video_stopped", "for 10.0 s"},
		{"sound stopped", func(in *live.Ingest) { in.LastAudioAt = ago(10 * time.Second) }, "audio_stopped", "for 10.0 s"},
		{"no pictures", func(in *live.Ingest) {
			in.VideoFrames, in.Keyframes, in.LastVideoAt, in.FramesPerSecond, in.VideoBitsPerSecond = 0, 0, time.Time{}, 0, 0
			in.Minute.FramesPerSecond, in.Format.FrameRate, in.KeyframeInterval, in.SinceKeyframe = 0, 0, 0, 0
		}, "no_video", "only sound"},
		{"no sound", func(in *live.Ingest) { in.AudioFrames, in.LastAudioAt = 0, time.Time{} }, "no_audio", "no sound"},
		{"gaps", func(in *live.Ingest) { in.Minute.Gaps, in.Minute.LongestGap = 3, 2500*time.Millisecond }, "connection_unsteady", "up to 2.5 s, 3 times"},
		{"heaps", func(in *live.Ingest) { in.Jitter = 400 * time.Millisecond }, "connection_unsteady", "400 ms"},
		{"begins again and again", func(in *live.Ingest) { in.Pushes = 4 }, "reconnects", "4 times"},
		{"nonsense", func(in *live.Ingest) { in.Minute.Malformed = 2 }, "malformed", "2 messages"},
		{"no keyframe", func(in *live.Ingest) { in.Keyframes, in.KeyframeInterval, in.SinceKeyframe = 0, 0, 0 }, "no_keyframe", "2 s"},
		{"long intervals", func(in *live.Ingest) { in.KeyframeInterval = 10 * time.Second }, "keyframe_interval", "10.0 s apart"},
		{"four seconds are borne", func(in *live.Ingest) { in.KeyframeInterval = 4033 * time.Millisecond }, "", ""},
		{"one keyframe and no more", func(in *live.Ingest) { in.Keyframes, in.KeyframeInterval, in.SinceKeyframe = 1, 0, 100*time.Second }, "keyframe_interval", "100.0 s"},
		{"pictures get lost", func(in *live.Ingest) { in.FramesPerSecond, in.Minute.FramesPerSecond = 17, 20 }, "frame_rate_low", "17 of 30"},
		{"a few pictures get lost", func(in *live.Ingest) { in.FramesPerSecond = 26 }, "", ""},
		{"an absurd declaration", func(in *live.Ingest) { in.Format.FrameRate = 1000 }, "", ""},
		{"a slide show", func(in *live.Ingest) {
			in.FramesPerSecond, in.Minute.FramesPerSecond, in.Format.FrameRate, in.VideoBitsPerSecond = 1, 2, 2, 50e3
		}, "", ""},
		{"another resolution", func(in *live.Ingest) { in.Minute.HeaderChanges = 1 }, "format_changed", "changed"},
		{"B-frames", func(in *live.Ingest) { in.BFrames = true }, "b_frames", "WebRTC"},
		{"too much", func(in *live.Ingest) { in.BitsPerSecond = 20e6 }, "bitrate_high", "20.0 Mbit/s"},
		{"too little", func(in *live.Ingest) {
			in.BitsPerSecond, in.VideoBitsPerSecond, in.Minute.BitsPerSecond = 400e3, 300e3, 400e3
		}, "bitrate_low", "300 kbit/s is very little for 1920×1080"},
		{"less than before", func(in *live.Ingest) { in.BitsPerSecond, in.VideoBitsPerSecond = 1.5e6, 1.4e6 }, "bitrate_dropped", "1.5 Mbit/s, from 4.1"},
		{"sound behind", func(in *live.Ingest) { in.Offset = -800 * time.Millisecond }, "audio_video_apart", "0.8 s behind"},
		{"sound ahead", func(in *live.Ingest) { in.Offset = 800 * time.Millisecond }, "audio_video_apart", "0.8 s ahead of"},
		{"a file without -re", func(in *live.Ingest) { in.Minute.ClockRate = 12 }, "clock_fast", "-re"},
		{"half speed", func(in *live.Ingest) { in.Minute.ClockRate = 0.5 }, "clock_slow", "50 %"},
		{"no timestamps", func(in *live.Ingest) {
			in.Minute.ClockRate, in.Minute.Repaired, in.Repairs[stream.Stalled], in.Repairs[stream.Clamped] = 0, 900, 5000, 3
		}, "timestamps_repaired", "they stand still"},
		{"held back", func(in *live.Ingest) { in.Minute.Repaired, in.Repairs[stream.Held] = 900, 5000 }, "", ""},
		{"a repair now and then", func(in *live.Ingest) { in.Minute.Repaired, in.Repairs[stream.JumpedBack] = 2, 80 }, "", ""},
		{"HEVC", func(in *live.Ingest) { in.Video = stream.HEVC }, "video_codec", "Safari"},
		{"AV1", func(in *live.Ingest) { in.Video = stream.AV1 }, "video_codec", "AV1"},
		{"VP9", func(in *live.Ingest) { in.Video, in.Format.VideoNotInHLS = stream.VP9, "codec vp9 has no place in HLS" }, "video_codec", "vp9"},
		{"an unknown codec", func(in *live.Ingest) { in.Video = stream.CodecUnknown }, "video_codec", "not known"},
		{"Opus", func(in *live.Ingest) { in.Audio = stream.Opus }, "audio_codec", "Opus"},
		{"MP3", func(in *live.Ingest) { in.Audio = stream.MP3 }, "audio_codec", "leaves mp3 out"},
		{"unknown sound", func(in *live.Ingest) { in.Audio = stream.CodecUnknown }, "audio_codec", "not known"},
		{"surround", func(in *live.Ingest) { in.Format.Channels = 6 }, "audio_format", "6 channels"},
		{"a broken header", func(in *live.Ingest) { in.Format.VideoNotInHLS = "SPS: too short" }, "not_in_hls", "SPS: too short"},
		{"a broken sound header", func(in *live.Ingest) { in.Format.AudioNotInHLS = "cut off" }, "not_in_hls", "cut off"},
		{"the worst comes first", func(in *live.Ingest) {
			in.BFrames, in.KeyframeInterval, in.LastAudioAt = true, 8*time.Second, ago(9*time.Second)
		}, "audio_stopped keyframe_interval b_frames", ""},
	}
	docs, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := sound(now)
			tt.change(&in)
			advice := live.Advise(in, now)
			var codes []string
			for _, a := range advice {
				codes = append(codes, a.Code)
				if !strings.Contains(string(docs), "`"+a.Code+"`") {
					t.Errorf("docs/api.md lacks %s", a.Code)
				}
				if !strings.HasSuffix(a.Text, ".") || strings.Contains(a.Text, "%!") || !slices.Contains([]live.Severity{live.Problem, live.Warning, live.Hint}, a.Severity) {
					t.Errorf("%+v", a)
				}
			}
			if got := strings.Join(codes, " "); got != tt.want {
				t.Fatalf("advice %q, want %q: %+v", got, tt.want, advice)
			}
			if tt.says != "" && !strings.Contains(advice[0].Text, tt.says) {
				t.Errorf("%q lacks %q", advice[0].Text, tt.says)
			}
		})
	}
}

// Whatever is wrong with timestamps has words, but for those of a clock that is a little fast.
func TestEveryRepairHasWords(t *testing.T) {
	seen := map[string]bool{}
	for k := range (stream.Repairs{}) {
		if stream.RepairKind(k) == stream.Held {
			continue
		}
		in := sound(time.Unix(2_000_000_000, 0))
		in.Minute.Repaired, in.Repairs[k] = 100, 100
		advice := live.Advise(in, time.Unix(2_000_000_000, 0))
		if len(advice) != 1 || seen[advice[0].Text] || strings.Contains(advice[0].Text, "_") {
			t.Errorf("%v: %+v", stream.RepairKind(k), advice)
			continue
		}
		seen[advice[0].Text] = true
	}
}
