package hls

import (
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"liveroom/live/stream"
)

// Description is what a stream's sequence headers say, in numbers. Zero fields are not known.
type Description struct {
	Video, Audio  string // codec with profile and level (RFC 6381), such as avc1.64001f
	Width, Height int    // of the picture
	SampleRate    int    // per second
	Channels      int

	// Why HLS can't show it, nil where it can, or where nothing is known yet.
	VideoErr, AudioErr error
}

// Describe reads the headers of a running push.
func Describe(in stream.Info) Description {
	var d Description
	if in.VideoHeader != nil || headless(in.Video) {
		v, err := parseVideo(in.Video, in.VideoHeader)
		if d.VideoErr = err; err == nil {
			d.Video, d.Width, d.Height = v.name, v.width, v.height
		}
	}
	if in.AudioHeader != nil || headless(in.Audio) {
		a, err := parseAudio(in.Audio, in.AudioHeader)
		if d.AudioErr = err; err == nil {
			d.Audio = a.name
			d.SampleRate, d.Channels = soundOf(a.codec)
		}
	}
	return d
}

// headless says whether nothing can be expected of a sequence header: the codec has none, or none that matters here.
func headless(c stream.Codec) bool {
	switch c {
	case stream.CodecUnknown, stream.H264, stream.HEVC, stream.AV1, stream.AAC:
		return false
	default:
		return true
	}
}

// soundOf is what comes out of a decoder: with SBR explicitly signalled, twice the rate that goes in.
func soundOf(c codecs.Codec) (rate, channels int) {
	switch c := c.(type) {
	case *codecs.MPEG4Audio:
		rate, channels = max(c.Config.SampleRate, c.Config.ExtensionSampleRate), int(c.Config.ChannelConfig)
		if channels == 7 { // ISO/IEC 14496-3 table 1.19
			channels = 8
		}
	case *codecs.Opus:
		rate, channels = opusScale, c.ChannelCount
	}
	return rate, channels
}
