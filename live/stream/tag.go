package stream

import "sync"

// Kind is the type of an FLV tag, which is also the type of an RTMP message.
type Kind uint8

// The kinds of tags (FLV specification v10.1, E.4.1).
const (
	Audio  Kind = 8
	Video  Kind = 9
	Script Kind = 18
)

// String returns the kind in lower case.
func (k Kind) String() string {
	switch k {
	case Audio:
		return "audio"
	case Video:
		return "video"
	case Script:
		return "script"
	default:
		return "unknown"
	}
}

const (
	// HeaderBytes is the size of an FLV tag header, the room NewBuffer leaves in front of the payload.
	HeaderBytes = 11
	// TrailerBytes is the size of FLV's "previous tag size", the room NewBuffer leaves behind the payload.
	TrailerBytes = 4
	// MaxPayloadBytes is the largest payload a tag can have: its size field has 24 bits.
	MaxPayloadBytes = 1<<24 - 1

	// tagOverheadBytes is what a tag costs beside its buffer; counted so that a flood of tiny tags is bounded too.
	tagOverheadBytes = 256
)

// NewBuffer returns a buffer for a payload of that many bytes. The caller fills buf[HeaderBytes : HeaderBytes+payload]
// and gives the whole buffer to Publisher.Write.
func NewBuffer(payload int) []byte {
	return make([]byte, HeaderBytes+payload+TrailerBytes)
}

// Tag is one FLV tag on the session's clock. It is immutable and shared by all subscribers: nobody may change the bytes
// its methods return.
type Tag struct {
	buf     []byte // the whole FLV tag with its trailer
	time    int64
	gen     uint64
	id      uint64 // of a header: equal for all copies of it, never 0; 0 for other tags
	format  format
	kind    Kind
	relayed bool // it came from another node
	breaks  bool // the first tag after a new generation began or a gate opened

	once sync.Once
	rtmp []byte
}

// newTag serialises a tag in place: buf is a buffer made by NewBuffer. Metadata always has the time 0: ffmpeg takes it for
// a subtitle where it has another.
func newTag(kind Kind, ms int64, gen uint64, buf []byte, f format) *Tag {
	if f.metadata {
		ms = 0
	}
	size := len(buf) - HeaderBytes - TrailerBytes
	PutHeader(buf, kind, uint32(ms), size)
	return &Tag{buf: buf, time: ms, gen: gen, format: f, kind: kind}
}

// PutHeader writes the FLV tag header and the previous tag size around a payload of size bytes; buf has exactly
// HeaderBytes + size + TrailerBytes bytes and timestamp is in ms.
func PutHeader(buf []byte, kind Kind, timestamp uint32, size int) {
	_ = buf[HeaderBytes+size+TrailerBytes-1]
	buf[0] = byte(kind)
	buf[1], buf[2], buf[3] = byte(size>>16), byte(size>>8), byte(size)
	buf[4], buf[5], buf[6], buf[7] = byte(timestamp>>16), byte(timestamp>>8), byte(timestamp), byte(timestamp>>24)
	buf[8], buf[9], buf[10] = 0, 0, 0
	n, end := HeaderBytes+size, HeaderBytes+size
	buf[end], buf[end+1], buf[end+2], buf[end+3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
}

// at returns a copy of a header as if it had been sent at that time.
func (t *Tag) at(ms int64, breaks bool) *Tag {
	c := newTag(t.kind, ms, t.gen, append([]byte(nil), t.buf...), t.format)
	c.id, c.breaks, c.relayed = t.id, breaks, t.relayed
	return c
}

// Kind says whether the tag is audio, video or script data.
func (t *Tag) Kind() Kind { return t.kind }

// Time is the tag's decoding time in ms since the session began. It never decreases within a kind, headers aside:
// metadata always has 0, and a sequence header is sent again at the keyframe where a newcomer starts.
func (t *Tag) Time() int64 { return t.time }

// Generation is the generation of the push the tag came from.
func (t *Tag) Generation() uint64 { return t.gen }

// Relayed says that the tag came from another node's hub.
func (t *Tag) Relayed() bool { return t.relayed }

// Payload is the tag without FLV header and trailer: the body of the RTMP message.
func (t *Tag) Payload() []byte { return t.buf[HeaderBytes : len(t.buf)-TrailerBytes] }

// FLV is the whole tag as it stands in an FLV file, previous tag size included.
func (t *Tag) FLV() []byte { return t.buf }

// Keyframe says that decoding can start here: a video keyframe that is not a sequence header.
func (t *Tag) Keyframe() bool { return t.format.keyframe }

// SequenceHeader says that the tag carries the decoder's configuration instead of media.
func (t *Tag) SequenceHeader() bool { return t.format.sequence }

// Metadata says that the tag is the stream's onMetaData.
func (t *Tag) Metadata() bool { return t.format.metadata }

// Codec is the codec of an audio or video tag, CodecUnknown for script data.
func (t *Tag) Codec() Codec { return t.format.codec }

// CompositionTime is what is added to Time to get the presentation time, in ms.
func (t *Tag) CompositionTime() int32 { return t.format.composition }

// Enhanced says that the payload has an enhanced RTMP header (FourCC) instead of FLV's own.
func (t *Tag) Enhanced() bool { return t.format.enhanced }

// Data is what the codec sees, without any FLV or enhanced RTMP header: the configuration record of a sequence header
// (avcC, hvcC, av1C, AudioSpecificConfig, OpusHead, …), length-prefixed NAL units for H.264 and HEVC, else the raw frame.
// It is nil for script data and for tags without codec data (commands, end of sequence, more than one track).
func (t *Tag) Data() []byte {
	if t.format.dataAt == 0 {
		return nil
	}
	return t.Payload()[t.format.dataAt:]
}

// RTMP returns the tag's RTMP chunk form. build makes it at the first call; all later calls, from any goroutine, share it.
func (t *Tag) RTMP(build func(*Tag) []byte) []byte {
	t.once.Do(func() { t.rtmp = build(t) })
	return t.rtmp
}

// cost is what the tag counts for in limits, in bytes.
func (t *Tag) cost() int { return len(t.buf) + tagOverheadBytes }
