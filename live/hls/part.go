package hls

import (
	"math"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
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

// part is the unfinished segment. Payloads are the shared bytes of tags where possible, so it costs little until it is written.
type part struct {
	generation uint64
	breaks     bool
	video      *video // nil: audio only
	audio      *audio // nil until audio comes; a first header may still join
	start      int64  // ms on the session's clock
	bytes      int
	pictures   []*fmp4.Sample
	frames     []*fmp4.Sample
	pictureAt  int64 // of the last picture, in videoScale
	frameAt    int64 // of the last audio frame, in audio.scale
	videoBase  int64
	audioBase  int64
}

// addPicture appends a picture at ms. The one before lasts until this one.
func (p *part) addPicture(ms int64, composition int32, key bool, data []byte) {
	at := ms * videoScale / 1000
	if n := len(p.pictures); n > 0 {
		at = max(at, p.pictureAt+1) // two pictures in one millisecond
		p.pictures[n-1].Duration = ticks(at - p.pictureAt)
	} else {
		p.videoBase = at
	}
	p.pictureAt = at
	p.pictures = append(p.pictures, &fmp4.Sample{PTSOffset: composition * (videoScale / 1000), IsNonSyncSample: !key, Payload: data})
	p.bytes += len(data) + sampleBytes
}

// addFrame appends an audio frame at ms, or at next (in a.scale) if that is near enough, and returns where it ends.
func (p *part) addFrame(ms, next int64, data []byte) int64 {
	scale := int64(p.audio.scale)
	at := ms * scale / 1000
	if drift := at - next; next > 0 && max(drift, -drift) <= maxAudioDrift*scale/1000 {
		at = next
	}
	if n := len(p.frames); n > 0 {
		at = max(at, p.frameAt+1)
		p.frames[n-1].Duration = ticks(at - p.frameAt)
	} else {
		p.audioBase = at
	}
	p.frameAt = at
	length := p.audio.length(data)
	p.frames = append(p.frames, &fmp4.Sample{Duration: ticks(length), Payload: data})
	p.bytes += len(data) + sampleBytes
	return at + length
}

func ticks(n int64) uint32 { return uint32(min(max(n, 0), math.MaxInt32)) } //nolint:gosec // bounded

// close ends the part at ms, where the next one begins; -1 if nothing is known to follow, then it ends with its last
// sample. It returns the end in ms.
func (p *part) close(ms int64) int64 {
	if n := len(p.pictures); n > 0 {
		if ms < 0 {
			length := int64(guessedFrame * videoScale / 1000)
			if n > 1 {
				length = int64(p.pictures[n-2].Duration)
			}
			ms = (p.pictureAt + length) * 1000 / videoScale
		}
		p.pictures[n-1].Duration = ticks(max(ms*videoScale/1000-p.pictureAt, 1))
		return ms
	}
	if n := len(p.frames); n > 0 && ms < 0 {
		ms = (p.frameAt + int64(p.frames[n-1].Duration)) * 1000 / int64(p.audio.scale)
	}
	return ms
}

// marshal writes the part as the segment of that number.
func (p *part) marshal(number uint64) ([]byte, error) {
	var tracks []*fmp4.PartTrack
	if len(p.pictures) > 0 {
		tracks = append(tracks, &fmp4.PartTrack{ID: videoTrack, BaseTime: uint64(p.videoBase), Samples: p.pictures}) //nolint:gosec // not negative
	}
	if len(p.frames) > 0 {
		tracks = append(tracks, &fmp4.PartTrack{ID: audioTrack, BaseTime: uint64(p.audioBase), Samples: p.frames}) //nolint:gosec // as above
	}
	return marshalSegment(number, tracks)
}
