package hls

import (
	"testing"

	"liveroom/live/stream"
)

func TestDescribe(t *testing.T) {
	avc, stereo := avcC(4, testSPS, testPPS), []byte{0x12, 0x10}
	v, err := parseVideo(stream.H264, avc)
	if err != nil {
		t.Fatal(err)
	}
	sound := Description{Video: v.name, Width: v.width, Height: v.height, Audio: "mp4a.40.2", SampleRate: 44100, Channels: 2}
	for _, tt := range []struct {
		name string
		in   stream.Info
		want Description
		errs [2]string // video, audio
	}{
		{"H.264 and AAC", stream.Info{Video: stream.H264, VideoHeader: avc, Audio: stream.AAC, AudioHeader: stereo}, sound, [2]string{}},
		{"no header yet", stream.Info{Video: stream.H264, Audio: stream.AAC}, Description{}, [2]string{}},
		{"nothing yet", stream.Info{}, Description{}, [2]string{}},
		{
			"HE-AAC comes out at twice the rate",
			stream.Info{Audio: stream.AAC, AudioHeader: []byte{0x2b, 0x11, 0x88, 0x00}},
			Description{Audio: "mp4a.40.5", SampleRate: 48000, Channels: 2},
			[2]string{},
		},
		{"AAC 7.1", stream.Info{Audio: stream.AAC, AudioHeader: []byte{0x12, 0x38}}, Description{Audio: "mp4a.40.2", SampleRate: 44100, Channels: 8}, [2]string{}},
		{"Opus without a header", stream.Info{Audio: stream.Opus}, Description{Audio: "opus", SampleRate: 48000, Channels: 2}, [2]string{}},
		{
			"broken headers",
			stream.Info{Video: stream.H264, VideoHeader: avc[:5], Audio: stream.AAC, AudioHeader: []byte{0x12}},
			Description{},
			[2]string{errRecord.Error(), "AudioSpecificConfig: not enough bits"},
		},
		{
			"what has no place in HLS",
			stream.Info{Video: stream.VP9, Audio: stream.MP3},
			Description{},
			[2]string{"codec vp9 has no place in HLS", "codec mp3 has no place in HLS"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Describe(tt.in)
			for i, err := range []error{got.VideoErr, got.AudioErr} {
				text := ""
				if err != nil {
					text = err.Error()
				}
				if text != tt.errs[i] {
					t.Errorf("error %q, want %q", text, tt.errs[i])
				}
			}
			got.VideoErr, got.AudioErr = nil, nil
			if got != tt.want {
				t.Errorf("got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}
