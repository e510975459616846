package hls

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	mp4codecs "github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"

	"liveroom/live/stream"
)

const (
	// transportDelay is added to the session's clock, in 90 kHz: the clock reference runs before the media, and the session
	// begins at zero.
	transportDelay = 90000
	// transportWrap is where timestamps begin anew: they have 33 bits.
	transportWrap = 1<<33 - 1
	// soundsTogether is how many 90 kHz ticks of audio share a PES packet: 100 ms. Each costs a header, and without video
	// the tables too.
	soundsTogether = 9000
)

// transport is the muxer of MPEG-TS. Continuity counters go on from segment to segment.
type transport struct {
	writer *mpegts.Writer
	out    bytes.Buffer
	video  *video
	audio  *audio
	vTrack *mpegts.Track
	aTrack *mpegts.Track
}

func (m *transport) reset() { m.writer = nil }

// accepts says why MPEG-TS has no place for a configuration.
func (m *transport) accepts(v *video, a *audio) error {
	_, _, err := tracksOf(v, a)
	return err
}

// tracksOf are the tracks of a configuration.
func tracksOf(v *video, a *audio) (vTrack, aTrack *mpegts.Track, err error) {
	if v != nil {
		switch v.kind {
		case stream.H264:
			vTrack = &mpegts.Track{Codec: &codecs.H264{}}
		case stream.HEVC:
			vTrack = &mpegts.Track{Codec: &codecs.H265{}}
		default:
			return nil, nil, fmt.Errorf("%s has no place in MPEG-TS segments; fMP4 has one", v.kind)
		}
	}
	if a == nil {
		return vTrack, nil, nil
	}
	switch c := a.codec.(type) {
	case *mp4codecs.MPEG4Audio:
		config := c.Config
		if config.Type < 1 || config.Type > 4 || config.ChannelConfig == 0 {
			return nil, nil, errors.New("this kind of AAC has no place in MPEG-TS segments; fMP4 has one")
		}
		config.ExtensionType, config.ExtensionSampleRate = 0, 0 // ADTS tells of the core only; decoders find the rest
		aTrack = &mpegts.Track{Codec: &codecs.MPEG4Audio{Config: config}}
	case *mp4codecs.Opus:
		aTrack = &mpegts.Track{Codec: &codecs.Opus{ChannelCount: c.ChannelCount}}
	default:
		return nil, nil, fmt.Errorf("%s has no place in MPEG-TS segments; fMP4 has one", a.kind)
	}
	return vTrack, aTrack, nil
}

// marshal writes a segment.
func (m *transport) marshal(b *batch, v *video, a *audio) ([]byte, error) {
	m.out.Reset()
	if m.writer == nil || m.video != v || m.audio != a {
		if err := m.begin(v, a); err != nil {
			return nil, err
		}
	}
	// Every segment begins with the tables.
	if _, err := m.writer.WriteTables(); err != nil {
		return nil, fmt.Errorf("write tables: %w", err)
	}
	if err := m.samples(b); err != nil {
		m.writer = nil
		return nil, fmt.Errorf("write segment: %w", err)
	}
	return bytes.Clone(m.out.Bytes()), nil
}

// begin makes a writer for a configuration.
func (m *transport) begin(v *video, a *audio) error {
	var err error
	if m.vTrack, m.aTrack, err = tracksOf(v, a); err != nil {
		return err
	}
	m.video, m.audio = v, a
	w := &mpegts.Writer{W: &m.out}
	for _, t := range []*mpegts.Track{m.vTrack, m.aTrack} {
		if t != nil {
			w.Tracks = append(w.Tracks, t)
		}
	}
	if err := w.Initialize(); err != nil {
		return err
	}
	m.writer = w
	return nil
}

// samples writes pictures and sounds in the order of their decoding times.
func (m *transport) samples(b *batch) error {
	dts := b.videoBase
	sounds := soundCursor{batch: b, audio: m.audio, at: b.audioBase}
	for i := range b.pictures {
		p := &b.pictures[i]
		if err := m.sounds(&sounds, dts); err != nil {
			return err
		}
		write := m.writer.WriteH264
		if m.video.kind == stream.HEVC {
			write = m.writer.WriteH265
		}
		if units := units(p.data); len(units) > 0 {
			if err := write(m.vTrack, transportTime(dts+int64(p.offset)), transportTime(dts), units); err != nil {
				return err
			}
		}
		dts += int64(p.duration)
	}
	return m.sounds(&sounds, -1)
}

// transportTime is a time of the session's clock in 90 kHz, as it stands in MPEG-TS.
func transportTime(at int64) int64 { return (at + transportDelay) & transportWrap }

// soundCursor walks through the sounds of a batch.
type soundCursor struct {
	batch *batch
	audio *audio
	next  int
	at    int64 // of the next one, in the audio's scale
}

// sounds writes those before a time in 90 kHz, all that are left if it is negative, some to a packet.
func (m *transport) sounds(c *soundCursor, before int64) error {
	ticks := func(at int64) int64 { return at * videoScale / int64(c.audio.scale) }
	for c.next < len(c.batch.frames) && (before < 0 || ticks(c.at) < before) {
		begin := ticks(c.at)
		var frames [][]byte
		for c.next < len(c.batch.frames) && ticks(c.at)-begin < soundsTogether && (before < 0 || ticks(c.at) < before) {
			f := &c.batch.frames[c.next]
			frames = append(frames, f.data)
			c.at += int64(f.duration)
			c.next++
		}
		if err := m.sound(transportTime(begin), frames); err != nil {
			return err
		}
	}
	return nil
}

func (m *transport) sound(pts int64, frames [][]byte) error {
	if m.audio.kind == stream.Opus {
		return m.writer.WriteOpus(m.aTrack, pts, frames)
	}
	for _, f := range frames {
		if len(f) > mpeg4audio.MaxAccessUnitSize {
			return fmt.Errorf("a sound of %d bytes", len(f))
		}
	}
	return m.writer.WriteMPEG4Audio(m.aTrack, pts, frames)
}
