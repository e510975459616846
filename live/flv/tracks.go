package flv

import (
	"bytes"
	"time"

	"liveroom/live/stream"
)

// Limits of how long the header waits for a second track of a stream whose metadata says nothing of its tracks: in media
// time and in silence, and in bytes.
const (
	trackWait      = 300 * time.Millisecond
	trackWaitBytes = 1 << 20
)

// tracks is what is known of a stream before the FLV header is written. mpegts.js waits for every track that the header
// announces before it shows anything, and fails when one appears that it does not announce.
type tracks struct {
	audio, video bool
	told         bool // by metadata
}

// see takes a tag into account.
func (t *tracks) see(tag *stream.Tag) {
	switch tag.Kind() {
	case stream.Audio:
		t.audio = true
	case stream.Video:
		t.video = true
	case stream.Script:
		if tag.Metadata() {
			t.read(tag.Payload())
		}
	}
}

// What encoders write into onMetaData (AMF0: the length of a name, the name, for a boolean its type and value).
var (
	audioCodec = []byte("\x00\x0caudiocodecid")
	videoCodec = []byte("\x00\x0cvideocodecid")
	hasAudio   = []byte("\x00\x08hasAudio\x01\x01")
	hasVideo   = []byte("\x00\x08hasVideo\x01\x01")
)

// read takes metadata into account. One that names no track at all tells nothing.
func (t *tracks) read(metadata []byte) {
	audio := bytes.Contains(metadata, audioCodec) || bytes.Contains(metadata, hasAudio)
	video := bytes.Contains(metadata, videoCodec) || bytes.Contains(metadata, hasVideo)
	t.audio, t.video = t.audio || audio, t.video || video
	t.told = t.told || audio || video
}

// known says that no other track is to be expected.
func (t *tracks) known() bool { return t.told || t.audio && t.video }

// enough says that a second track would have shown by now.
func enough(tags []*stream.Tag) bool {
	size, first, last := 0, int64(-1), int64(-1)
	for _, t := range tags {
		size += len(t.FLV())
		if t.Kind() == stream.Script { // metadata stands at 0
			continue
		}
		if first < 0 {
			first = t.Time()
		}
		last = t.Time()
	}
	return size >= trackWaitBytes || last-first >= trackWait.Milliseconds()
}

// only is what of a stream a viewer wants: all, or one kind.
type only stream.Kind

// Parts of a stream.
const (
	everything = only(0)
	onlyAudio  = only(stream.Audio)
	onlyVideo  = only(stream.Video)
)

// filter takes out, in place, what the viewer does not want.
func (o only) filter(tags []*stream.Tag) []*stream.Tag {
	if o == everything {
		return tags
	}
	kept := tags[:0]
	for _, t := range tags {
		if o.wants(t) {
			kept = append(kept, t)
		}
	}
	clear(tags[len(kept):])
	return kept
}

// wants says whether a tag is for the viewer. Metadata that promises the other track would have players wait for it.
func (o only) wants(t *stream.Tag) bool {
	switch {
	case t.Kind() != stream.Script:
		return t.Kind() == stream.Kind(o)
	case o == onlyAudio:
		return !bytes.Contains(t.Payload(), hasVideo)
	default:
		return !bytes.Contains(t.Payload(), hasAudio)
	}
}

// known says that the viewer's tracks do not depend on the stream's.
func (o only) known() bool { return o != everything }

// header says what the FLV header announces.
func (o only) header(t tracks) (audio, video bool) {
	switch o {
	case onlyAudio:
		return true, false
	case onlyVideo:
		return false, true
	default:
		return t.audio, t.video
	}
}
