package stream

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// Codec names how audio or video is coded.
type Codec uint8

// The codecs that are told apart. Everything else passes through as CodecUnknown.
const (
	CodecUnknown Codec = iota
	H264
	HEVC
	AV1
	VP8
	VP9
	H263
	VP6
	AAC
	MP3
	Opus
	FLAC
	AC3
	EAC3
	Speex
	PCM
	G711A
	G711U
)

var codecNames = [...]string{
	"unknown", "h264", "hevc", "av1", "vp8", "vp9", "h263", "vp6",
	"aac", "mp3", "opus", "flac", "ac3", "eac3", "speex", "pcm", "pcma", "pcmu",
}

// String returns the codec's usual name in lower case (h264, aac, …).
func (c Codec) String() string {
	if int(c) < len(codecNames) {
		return codecNames[c]
	}
	return codecNames[CodecUnknown]
}

// format is what is known of a payload from its first bytes.
type format struct {
	composition int32
	dataAt      uint16 // offset of the codec's data in the payload, 0 for none
	codec       Codec
	keyframe    bool
	sequence    bool
	colour      bool // colour info of HDR video, which holds until the next
	metadata    bool
	enhanced    bool
	several     bool // of more than one track, or of another than the main one: opaque
	control     bool // carries no media and does not drive the clock
	mended      bool // its composition time was impossible
	changed     bool // another sequence header than the one before
}

// mend takes a composition time that no decoder can wait for out of a payload. It stands right before the codec's data.
func (f *format) mend(p []byte) {
	if f.composition < -maxComposition || f.composition > maxComposition {
		f.composition, f.mended = 0, true
		clear(p[f.dataAt-3 : f.dataAt])
	}
}

var (
	errTruncated = errors.New("stream: payload ends inside its header")

	onMetaData   = []byte("\x02\x00\x0aonMetaData")
	setDataFrame = []byte("\x02\x00\x0d@setDataFrame")
)

// Enhanced RTMP's packet types (enhanced-rtmp v2); audio and video share the numbers used here.
const (
	packetSequenceStart = 0
	packetCoded         = 1
	packetSequenceEnd   = 2
	packetCodedX        = 3 // video: coded frames without composition time
	packetMetadata      = 4 // video: colour info; audio: channel layout
	packetMultitrack    = 6 // audio: 5
	packetModEx         = 7
)

// parse reads the header of a payload.
func parse(kind Kind, p []byte) (format, error) {
	if len(p) == 0 {
		return format{}, errTruncated
	}
	switch kind {
	case Audio:
		return parseAudio(p)
	case Video:
		return parseVideo(p)
	case Script:
		return format{metadata: bytes.HasPrefix(p, onMetaData), control: true}, nil
	default:
		return format{}, errors.New("stream: unknown tag kind")
	}
}

// Multitrack says whether the payload of an audio or video message has several tracks in it, or belongs to another track
// than the main one (enhanced RTMP v2). Such tags pass, but nobody can play them.
func Multitrack(kind Kind, payload []byte) bool {
	if len(payload) == 0 || kind == Video && payload[0]&0x80 == 0 || kind == Audio && payload[0]>>4 != 9 {
		return false
	}
	f, err := parse(kind, payload)
	return err == nil && f.several
}

func parseVideo(p []byte) (format, error) {
	if p[0]&0x80 != 0 {
		return parseEnhancedVideo(p)
	}
	frame := p[0] >> 4
	if frame == 5 { // a command, not a picture
		return format{control: true}, nil
	}
	f := format{keyframe: frame == 1 || frame == 4, dataAt: 1}
	switch p[0] & 15 {
	case 2:
		f.codec = H263
	case 4, 5:
		f.codec = VP6
	case 7:
		f.codec = H264
	case 12: // not in Adobe's list, but how HEVC was pushed before enhanced RTMP
		f.codec = HEVC
	case 13:
		f.codec = AV1
	}
	if f.codec != H264 && f.codec != HEVC && f.codec != AV1 {
		return f, nil
	}
	if len(p) < 5 {
		return format{}, errTruncated
	}
	f.dataAt = 5
	switch p[1] {
	case 0:
		f.sequence, f.control, f.keyframe = true, true, false
	case 1:
		f.composition = int24(p[2:])
	default:
		f.control, f.keyframe, f.dataAt = true, false, 0
	}
	return f, nil
}

func parseEnhancedVideo(p []byte) (format, error) {
	frame, packet := p[0]>>4&7, p[0]&15
	packet, at, err := skipModEx(p, packet)
	if err != nil {
		return format{}, err
	}
	f := format{enhanced: true, keyframe: frame == 1 || frame == 4}
	if frame == 5 && packet != packetMetadata {
		return format{enhanced: true, control: true}, nil
	}
	packet, fourCC, at, err := enhancedTrack(p, packet, packetMultitrack, at)
	if err != nil {
		return format{}, err
	}
	f.codec = fourCCCodec(fourCC)
	if at == 0 {
		f.several = true
		return f, nil
	}
	switch packet {
	case packetSequenceStart:
		f.sequence, f.control, f.keyframe = true, true, false
	case packetCoded:
		if f.codec == H264 || f.codec == HEVC || fourCC == "vvc1" {
			if len(p) < at+3 {
				return format{}, errTruncated
			}
			f.composition = int24(p[at:])
			at += 3
		}
	case packetCodedX:
	default: // end of sequence, colour info and what is yet to be invented
		f.control, f.keyframe = true, false
		f.colour = packet == packetMetadata
		return f, nil
	}
	f.dataAt = uint16(at)
	return f, nil
}

func parseAudio(p []byte) (format, error) {
	f := format{dataAt: 1}
	switch p[0] >> 4 {
	case 9:
		return parseEnhancedAudio(p)
	case 10:
		f.codec = AAC
		if len(p) < 2 {
			return format{}, errTruncated
		}
		f.dataAt = 2
		f.sequence = p[1] == 0
		f.control = f.sequence
	case 0, 1, 3:
		f.codec = PCM
	case 2, 14:
		f.codec = MP3
	case 7:
		f.codec = G711A
	case 8:
		f.codec = G711U
	case 11:
		f.codec = Speex
	case 13: // not in Adobe's list, but how Opus was pushed before enhanced RTMP
		f.codec = Opus
	}
	return f, nil
}

func parseEnhancedAudio(p []byte) (format, error) {
	packet, at, err := skipModEx(p, p[0]&15)
	if err != nil {
		return format{}, err
	}
	packet, fourCC, at, err := enhancedTrack(p, packet, packetMultitrack-1, at)
	if err != nil {
		return format{}, err
	}
	f := format{enhanced: true, codec: fourCCCodec(fourCC)}
	if at == 0 {
		f.several = true
		return f, nil
	}
	switch packet {
	case packetSequenceStart:
		f.sequence, f.control = true, true
	case packetCoded:
	default:
		f.control = true
		return f, nil
	}
	f.dataAt = uint16(at)
	return f, nil
}

// skipModEx steps over enhanced RTMP's packet modifiers (nanosecond offsets and the like) and returns the real packet
// type and the offset of what follows.
func skipModEx(p []byte, packet byte) (byte, int, error) {
	at := 1
	for packet == packetModEx {
		if at >= len(p) {
			return 0, 0, errTruncated
		}
		size := int(p[at]) + 1
		at++
		if size == 256 {
			if at+2 > len(p) {
				return 0, 0, errTruncated
			}
			size = int(binary.BigEndian.Uint16(p[at:])) + 1
			at += 2
		}
		at += size
		if at >= len(p) || at > 1<<15 {
			return 0, 0, errTruncated
		}
		packet = p[at] & 15
		at++
	}
	return packet, at, nil
}

// enhancedTrack reads the FourCC and, where there is one, the multitrack header. A tag with one track is as good as
// a tag without that header; with several the returned offset is 0.
func enhancedTrack(p []byte, packet, multitrack byte, at int) (byte, string, int, error) {
	several, tracks := false, packet == multitrack
	if tracks {
		if at >= len(p) {
			return 0, "", 0, errTruncated
		}
		several = p[at]>>4 != 0
		packet = p[at] & 15
		at++
	}
	if len(p) < at+4 {
		return 0, "", 0, errTruncated
	}
	fourCC := string(p[at : at+4])
	at += 4
	if tracks && !several {
		if at >= len(p) {
			return 0, "", 0, errTruncated
		}
		several = p[at] != 0 // another track than the main one
		at++
	}
	if several {
		at = 0
	}
	return packet, fourCC, at, nil
}

func fourCCCodec(s string) Codec {
	switch s {
	case "avc1":
		return H264
	case "hvc1":
		return HEVC
	case "av01":
		return AV1
	case "vp08":
		return VP8
	case "vp09":
		return VP9
	case "mp4a":
		return AAC
	case ".mp3":
		return MP3
	case "Opus":
		return Opus
	case "fLaC":
		return FLAC
	case "ac-3":
		return AC3
	case "ec-3":
		return EAC3
	default:
		return CodecUnknown
	}
}

// int24 reads a signed 24-bit number.
func int24(p []byte) int32 {
	return int32(uint32(p[0])<<24|uint32(p[1])<<16|uint32(p[2])<<8) >> 8
}
