package main

import (
	"cmp"

	"liveroom/live"
	"liveroom/live/hls"
	"liveroom/live/rtmp"
	"liveroom/live/stream"
)

// describe reads a push's headers with those who know how: the picture's size from the codec's own header, and from what
// the encoder declares only where that can't be read.
func describe(in stream.Info) live.Format {
	d, said := hls.Describe(in), rtmp.ReadMetadata(in.Metadata)
	f := live.Format{
		Encoder: said.Encoder, FrameRate: said.FrameRate,
		VideoProfile: d.Video, AudioProfile: d.Audio, Width: d.Width, Height: d.Height,
		SampleRate: d.SampleRate, Channels: d.Channels,
	}
	if in.Ingest.VideoFrames > 0 {
		f.Width, f.Height = cmp.Or(f.Width, said.Width), cmp.Or(f.Height, said.Height)
	}
	if d.VideoErr != nil {
		f.VideoNotInHLS = d.VideoErr.Error()
	}
	if d.AudioErr != nil {
		f.AudioNotInHLS = d.AudioErr.Error()
	}
	return f
}
