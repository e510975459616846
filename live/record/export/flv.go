package export

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"liveroom/live/flv"
	"liveroom/live/stream"
)

// flvTrack is how a track stands in FLV: as Adobe's specification has it, or by enhanced RTMP (v2) where that knows no other way.
type flvTrack struct {
	kind   stream.Kind
	head   []byte  // the tag with the decoder's configuration
	id     float64 // videocodecid, audiocodecid
	fourCC string  // empty: Adobe's way
	late   bool    // pictures come in another order than they are decoded in
}

// Bytes that tags of Adobe's way begin with (FLV v10.1, E.4.2.1, E.4.3.1).
const (
	flvAVC      = 7
	flvAAC      = 10
	flvAACHead  = flvAAC<<4 | 0xf // 44 kHz, 16 bit, stereo: the same for every AAC
	flvKey      = 1 << 4
	flvInter    = 2 << 4
	flvEnhanced = 0x80
	flvOpus     = 9 << 4
)

// errCodec says that a container has no place for a codec.
var errCodec = errors.New("FLV has no place for the codec")

// inFLV says how a track stands in FLV.
func inFLV(t track) (flvTrack, error) {
	enhanced := func(kind stream.Kind, first byte, fourCC string, config []byte, late bool) flvTrack {
		return flvTrack{
			kind: kind, fourCC: fourCC, id: float64(binary.BigEndian.Uint32([]byte(fourCC))), late: late,
			head: slices.Concat([]byte{first}, []byte(fourCC), config),
		}
	}
	if t.config == nil {
		return flvTrack{}, broken("codec %s without its configuration", t.codec)
	}
	switch t.codec {
	case "avc1", "avc3":
		return flvTrack{kind: stream.Video, id: flvAVC, late: true, head: append([]byte{flvKey | flvAVC, 0, 0, 0, 0}, t.config...)}, nil
	case "hvc1", "hev1":
		return enhanced(stream.Video, flvEnhanced|flvKey, "hvc1", t.config, true), nil
	case "av01":
		return enhanced(stream.Video, flvEnhanced|flvKey, "av01", t.config, false), nil
	case "mp4a":
		config := audioConfig(t.config)
		if config == nil {
			return flvTrack{}, broken("AAC without its configuration")
		}
		return flvTrack{kind: stream.Audio, id: flvAAC, head: append([]byte{flvAACHead, 0}, config...)}, nil
	case "Opus":
		head := opusHead(t.config)
		if head == nil {
			return flvTrack{}, broken("Opus without its configuration")
		}
		return enhanced(stream.Audio, flvOpus, "Opus", head, false), nil
	default:
		return flvTrack{}, fmt.Errorf("%w: %s", errCodec, t.codec)
	}
}

// tag appends the beginning of a sample's tag, before its bytes.
func (f flvTrack) tag(b []byte, s sample, composition int32) []byte {
	frame := byte(flvInter)
	if s.key {
		frame = flvKey
	}
	late := []byte{byte(composition >> 16), byte(composition >> 8), byte(composition)}
	switch {
	case f.kind == stream.Audio && f.fourCC == "":
		return append(b, flvAACHead, 1)
	case f.kind == stream.Audio:
		return append(append(b, flvOpus|1), f.fourCC...)
	case f.fourCC == "":
		return append(append(b, frame|flvAVC, 1), late...)
	case f.late:
		return append(append(append(b, flvEnhanced|frame|1), f.fourCC...), late...)
	default:
		return append(append(b, flvEnhanced|frame|1), f.fourCC...)
	}
}

// flvFile writes pieces as one FLV file.
type flvFile struct {
	w      *bufio.Writer
	tracks []flvTrack
	about  []track
	last   uint32 // timestamp of the last tag: they never go back
	due    []due  // samples that are to be written, some of which come after what the next piece begins with
}

// due is a sample that is to be written.
type due struct {
	ms    int64
	track int
	sample
}

// writeFLV writes pieces, which last so many ms together. The pieces are read once.
func writeFLV(ctx context.Context, src *source, to io.Writer, pieces []piece, wrote func(ms int64) error) error {
	f := &flvFile{w: bufio.NewWriterSize(to, 64<<10)}
	l := &layer{src: src}
	for i, p := range pieces {
		got, err := l.lay(ctx, p)
		if err != nil {
			return err
		}
		if i == 0 {
			if err := f.begin(got.tracks, total(pieces)); err != nil {
				return err
			}
		}
		end := l.base
		if i == len(pieces)-1 {
			end = math.MaxInt64
		}
		if err := f.piece(got, end); err != nil {
			return err
		}
		if err := wrote(p.duration()); err != nil {
			return err
		}
	}
	return f.w.Flush()
}

// begin writes the header, what is to be known of the file, and the decoders' configurations.
func (f *flvFile) begin(tracks []track, ms int64) error {
	f.about = tracks
	var audio, video bool
	for _, t := range tracks {
		x, err := inFLV(t)
		if err != nil {
			return err
		}
		f.tracks = append(f.tracks, x)
		audio, video = audio || !t.video, video || t.video
	}
	_, _ = f.w.Write(flv.Header(audio, video))
	if err := f.write(stream.Script, 0, f.metadata(ms)); err != nil {
		return err
	}
	for _, t := range f.tracks {
		if err := f.write(t.kind, 0, t.head); err != nil {
			return err
		}
	}
	return nil
}

// piece writes the samples of all tracks in the order of their times, until the end of the piece in ms.
func (f *flvFile) piece(got laid, end int64) error {
	for _, run := range got.all {
		t := got.tracks[run.track]
		for _, s := range run.samples {
			f.due = append(f.due, due{t.ms(s.dts), run.track, s})
		}
	}
	slices.SortStableFunc(f.due, func(a, b due) int { return cmp.Compare(a.ms, b.ms) })
	var head []byte
	n := 0
	for ; n < len(f.due) && f.due[n].ms < end; n++ {
		d := f.due[n]
		t := f.tracks[d.track]
		composition := int64(d.offset) * 1000 / int64(got.tracks[d.track].scale)
		head = t.tag(head[:0], d.sample, int32(composition)) //nolint:gosec // bounded by what a pushed tag can say
		if err := f.write(t.kind, d.ms, head, d.data); err != nil {
			return err
		}
	}
	f.due = append(f.due[:0:0], f.due[n:]...)
	return nil
}

// write writes a tag.
func (f *flvFile) write(kind stream.Kind, ms int64, payload ...[]byte) error {
	size := 0
	for _, p := range payload {
		size += len(p)
	}
	if size > stream.MaxPayloadBytes {
		return broken("a picture of %d bytes", size)
	}
	f.last = max(f.last, uint32(min(max(ms, 0), math.MaxUint32))) //nolint:gosec // just bounded
	around := make([]byte, stream.HeaderBytes+stream.TrailerBytes)
	stream.PutHeader(around, kind, f.last, 0)
	around[1], around[2], around[3] = byte(size>>16), byte(size>>8), byte(size)
	binary.BigEndian.PutUint32(around[stream.HeaderBytes:], uint32(stream.HeaderBytes+size)) //nolint:gosec // just bounded
	_, _ = f.w.Write(around[:stream.HeaderBytes])
	for _, p := range payload {
		_, _ = f.w.Write(p)
	}
	_, err := f.w.Write(around[stream.HeaderBytes:])
	return err
}

// metadata is onMetaData in AMF0: what players want to know before they have read the file.
func (f *flvFile) metadata(ms int64) []byte {
	b := append([]byte("\x02\x00\x0aonMetaData\x08"), 0, 0, 0, 0) // an array, whose count nobody reads
	number := func(name string, v float64) {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(name))), name...) //nolint:gosec // short
		b = binary.BigEndian.AppendUint64(append(b, 0), math.Float64bits(v))
	}
	number("duration", float64(ms)/1000)
	for i, t := range f.about {
		if t.video {
			number("width", float64(t.width))
			number("height", float64(t.height))
			number("videocodecid", f.tracks[i].id)
		} else {
			number("audiosamplerate", float64(t.scale))
			number("audiocodecid", f.tracks[i].id)
		}
	}
	return append(b, 0, 0, 9)
}
