package hls

import (
	"bytes"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"liveroom/live/stream"
)

// opusScale is the timescale of Opus, whatever was encoded (RFC 7845 §4).
const opusScale = 48000

// audio is what an audio sequence header says.
type audio struct {
	header []byte
	kind   stream.Codec
	codec  codecs.Codec
	name   string // for CODECS (RFC 6381)
	scale  uint32 // timescale: the sampling rate
	frame  int64  // length of a frame in that scale; 0: each packet says its own (Opus)
}

// parseAudio reads the configuration of a sequence header.
func parseAudio(codec stream.Codec, config []byte) (*audio, error) {
	a := &audio{header: bytes.Clone(config), kind: codec}
	switch codec {
	case stream.AAC:
		return a, a.parseAAC()
	case stream.Opus:
		return a, a.parseOpus()
	default:
		return nil, fmt.Errorf("codec %s has no place in HLS", codec)
	}
}

func (a *audio) parseAAC() error {
	var c mpeg4audio.AudioSpecificConfig
	if err := c.Unmarshal(a.header); err != nil {
		return fmt.Errorf("AudioSpecificConfig: %w", err)
	}
	if c.SampleRate < 7350 || c.SampleRate > 96000 {
		return fmt.Errorf("sampling rate %d is out of bounds", c.SampleRate)
	}
	a.codec = &codecs.MPEG4Audio{Config: c}
	a.scale = uint32(c.SampleRate) //nolint:gosec // just bounded
	a.frame = mpeg4audio.SamplesPerAccessUnit
	if c.FrameLengthFlag {
		a.frame = 960
	}
	kind := c.Type
	if c.ExtensionType != 0 { // explicit SBR or PS: players want to know it
		kind = c.ExtensionType
	}
	a.name = fmt.Sprintf("mp4a.40.%d", kind)
	return nil
}

func (a *audio) parseOpus() error {
	channels := 2
	if len(a.header) > 0 { // the header is optional in enhanced RTMP's elder sibling
		var h opus.IDHeader
		if err := h.Unmarshal(a.header); err != nil {
			return fmt.Errorf("OpusHead: %w", err)
		}
		channels = int(h.ChannelCount)
	}
	if channels < 1 || channels > 2 {
		return fmt.Errorf("%d channels of Opus need a mapping that fMP4 writing lacks", channels)
	}
	a.codec, a.name, a.scale = &codecs.Opus{ChannelCount: channels}, "opus", opusScale
	return nil
}

// length is how long a frame sounds, in a.scale.
func (a *audio) length(frame []byte) int64 {
	if a.frame > 0 {
		return a.frame
	}
	if d := opus.PacketDuration2(frame); d > 0 {
		return d
	}
	return opusScale / 50
}
