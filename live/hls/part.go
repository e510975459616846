package hls

import (
	"cmp"
	"math"
	"slices"
)

const (
	// sampleBytes is what a sample costs beside its payload; counted so that a flood of tiny tags is bounded too.
	sampleBytes = 96
	// maxAudioDrift is how far, in ms, audio may be from the clock before it is moved: FLV's milliseconds would otherwise
	// show as gaps between frames.
	maxAudioDrift = 100
	// guessedFrame is the length of a picture nothing is known about, in ms.
	guessedFrame = 33
)

// part is a finished part of a segment; it is immutable. Its bytes are the only copy: a segment is served as its parts.
type part struct {
	data        []byte
	duration    int64 // ms, never 0
	independent bool  // decoding can start inside it
}

// draft is an unfinished segment. The segmenter fills it; the timeline gives it its place in the list.
type draft struct {
	generation uint64
	breaks     bool   // it does not follow from the segment before
	within     bool   // it ends within a GOP
	video      *video // nil: audio only
	audio      *audio // nil until audio comes; a first header may still join
	init       *initFile
	start, end int64 // ms on the session's clock; end is that of the last part
	frames     int   // pictures in its parts
	bytes      int   // of its parts
	parts      []*part
}

func (d *draft) add(p *part, pictures int) {
	d.parts = append(d.parts, p)
	d.end += p.duration
	d.bytes += len(p.data)
	d.frames += pictures
}

// batch is what came since the last cut: the unfinished part. It is used again for the next one.
type batch struct {
	start     int64 // ms on the session's clock
	bytes     int
	pictures  []sample
	frames    []sample
	pictureAt int64 // of the last picture, in videoScale
	frameAt   int64 // of the last audio frame, in the audio's scale
	videoBase int64
	audioBase int64
	// pictureLength is how long the last picture lasted whose end is known, 0: none.
	pictureLength int64
	// Where the samples of the batches before ended: decoding times never overlap.
	videoEnd, audioEnd int64
}

// reset begins a part at ms.
func (p *batch) reset(ms int64) {
	clear(p.pictures) // the payloads belong to tags
	clear(p.frames)
	p.start, p.bytes, p.pictures, p.frames = ms, 0, p.pictures[:0], p.frames[:0]
}

func (p *batch) empty() bool { return len(p.pictures) == 0 && len(p.frames) == 0 }

// newest is when the newest picture began, or the newest sound where there is no picture, in ms. The batch is not empty.
func (p *batch) newest(a *audio) int64 {
	if len(p.pictures) > 0 {
		return p.pictureAt * 1000 / videoScale
	}
	return p.frameAt * 1000 / int64(a.scale)
}

// addPicture appends a picture at ms. The one before lasts until this one.
func (p *batch) addPicture(ms int64, composition int32, key bool, data []byte) {
	at := ms * videoScale / 1000
	if n := len(p.pictures); n > 0 {
		at = max(at, p.pictureAt+1) // two pictures in one millisecond
		p.pictureLength = at - p.pictureAt
		p.pictures[n-1].duration = ticks(p.pictureLength)
	} else {
		at = max(at, p.videoEnd)
		p.videoBase = at
	}
	p.pictureAt = at
	p.pictures = append(p.pictures, sample{offset: composition * (videoScale / 1000), key: key, data: data})
	p.bytes += len(data) + sampleBytes
}

// addFrame appends an audio frame at ms, or at next (in the audio's scale) if that is near enough, and returns where it ends.
func (p *batch) addFrame(a *audio, ms, next int64, data []byte) int64 {
	scale := int64(a.scale)
	at := ms * scale / 1000
	if drift := at - next; next > 0 && max(drift, -drift) <= maxAudioDrift*scale/1000 {
		at = next
	}
	if n := len(p.frames); n > 0 {
		at = max(at, p.frameAt+1)
		p.frames[n-1].duration = ticks(at - p.frameAt)
	} else {
		at = max(at, p.audioEnd)
		p.audioBase = at
	}
	p.frameAt = at
	length := a.length(data)
	p.frames = append(p.frames, sample{duration: ticks(length), key: true, data: data})
	p.bytes += len(data) + sampleBytes
	return at + length
}

func ticks(n int64) uint32 { return uint32(min(max(n, 0), math.MaxInt32)) } //nolint:gosec // bounded

// close ends the part at ms, where the next one begins; -1 if nothing is known to follow, then it ends with its last
// sample. It returns the end in ms.
func (p *batch) close(ms int64, a *audio) int64 {
	if n := len(p.pictures); n > 0 {
		if ms < 0 {
			length := cmp.Or(p.pictureLength, guessedFrame*videoScale/1000)
			ms = (p.pictureAt + length) * 1000 / videoScale
		}
		p.pictureLength = max(ms*videoScale/1000-p.pictureAt, 1)
		p.pictures[n-1].duration = ticks(p.pictureLength)
		p.videoEnd = p.pictureAt + p.pictureLength
	}
	if n := len(p.frames); n > 0 {
		p.audioEnd = p.frameAt + int64(p.frames[n-1].duration)
		if ms < 0 {
			ms = p.audioEnd * 1000 / int64(a.scale)
		}
	}
	return max(ms, p.start)
}

// keyed says whether there is a picture that decoding can start with.
func (p *batch) keyed() bool {
	return slices.ContainsFunc(p.pictures, func(s sample) bool { return s.key })
}

// runs are the samples by track.
func (p *batch) runs() []run {
	out := make([]run, 0, 2)
	if len(p.pictures) > 0 {
		out = append(out, run{id: videoTrack, base: p.videoBase, samples: p.pictures})
	}
	if len(p.frames) > 0 {
		out = append(out, run{id: audioTrack, base: p.audioBase, samples: p.frames})
	}
	return out
}
