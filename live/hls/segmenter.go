package hls

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"liveroom/live/stream"
)

const (
	// audioAlone is how long, in ms, audio waits for a video header before it is taken for all there is.
	audioAlone = 1000
	// cutEarly is how much before SegmentDuration, in ms, a keyframe is taken: rounding must not cost a whole GOP.
	cutEarly = 100
	// cutLate is how much longer than the limit, in ms, audio may run while pictures are missing; with it EXTINF still
	// rounds down to TARGETDURATION.
	cutLate = 400
	// leastSegment is the shortest rest of a generation that is worth a segment, in ms.
	leastSegment = 100
)

// counters are the figures of a server, counted as things happen.
type counters struct {
	segments  atomic.Uint64
	badTags   atomic.Uint64
	discarded atomic.Uint64
	lost      atomic.Uint64
	panics    atomic.Uint64
	minted    atomic.Uint64
	refused   atomic.Uint64
}

// segmenter turns the tags of one stream into segments on a timeline. It belongs to one goroutine.
type segmenter struct {
	cfg    *Config
	out    *timeline
	counts *counters
	log    *slog.Logger

	generation uint64
	video      *video // newest headers of the generation
	audio      *audio
	cur        *part // nil while waiting for a place to start
	breaks     bool  // what comes next does not follow from what was
	next       int64 // where the next audio frame belongs, in audio.scale; 0: unknown
	since      int64 // ms of the first audio that waits for video, -1: none
	heard      int64 // ms of the newest audio
	lead       int64 // how far, in ms, the audio was ahead of the newest picture when that came
	init       *initFile
	inits      int  // of this generation
	complained bool // about this generation
}

func newSegmenter(cfg *Config, out *timeline, counts *counters, log *slog.Logger) *segmenter {
	return &segmenter{cfg: cfg, out: out, counts: counts, log: log, since: -1}
}

// write takes one tag. Whatever is in it, the segmenter goes on: what can't be used is counted.
func (s *segmenter) write(t *stream.Tag) {
	defer func() {
		if r := recover(); r != nil {
			s.counts.panics.Add(1)
			s.log.Error("panic in segmenter", "panic", r, "stack", string(debug.Stack()))
			s.discard()
		}
	}()
	if g := t.Generation(); g != s.generation {
		s.flush()
		s.generation, s.video, s.audio, s.init, s.inits = g, nil, nil, nil, 0
		s.breaks, s.since, s.next, s.complained, s.heard, s.lead = true, -1, 0, false, 0, 0
		s.out.seen(g, t.Time(), time.Now())
	}
	var err error
	switch {
	case t.Kind() == stream.Script || t.Data() == nil:
	case t.SequenceHeader() && t.Kind() == stream.Video:
		err = s.videoHeader(t)
	case t.SequenceHeader():
		err = s.audioHeader(t.Codec(), t.Data())
	case t.Kind() == stream.Video:
		err = s.picture(t)
	default:
		err = s.sound(t)
	}
	if err == nil {
		return
	}
	s.counts.badTags.Add(1)
	if !s.complained {
		s.complained = true
		s.log.Warn("part of the stream can't be shown in HLS", "kind", t.Kind().String(), "codec", t.Codec().String(), "err", err)
	}
}

// videoHeader takes a new configuration; pictures with it begin a new segment with its own init segment.
func (s *segmenter) videoHeader(t *stream.Tag) error {
	if s.video != nil && s.video.kind == t.Codec() && bytes.Equal(s.video.header, t.Data()) {
		return nil
	}
	v, err := parseVideo(t.Codec(), t.Data())
	if err != nil {
		return err
	}
	if _, err := marshalInit(v, nil); err != nil {
		return err
	}
	s.flush()
	s.video, s.since = v, -1
	return nil
}

// audioHeader takes a new configuration. A first one joins the unfinished segment, as long as its init segment is unwritten.
func (s *segmenter) audioHeader(codec stream.Codec, config []byte) error {
	if s.audio != nil && s.audio.kind == codec && bytes.Equal(s.audio.header, config) {
		return nil
	}
	a, err := parseAudio(codec, config)
	if err != nil {
		return err
	}
	if _, err := marshalInit(nil, a); err != nil {
		return err
	}
	if s.cur != nil && (s.cur.audio != nil || s.init != nil) {
		s.flush()
	}
	s.audio, s.next = a, 0
	if s.cur != nil {
		s.cur.audio = a
	}
	return nil
}

// picture takes a video frame.
func (s *segmenter) picture(t *stream.Tag) error {
	if s.video == nil || s.video.kind != t.Codec() {
		return errors.New("picture without a usable sequence header")
	}
	data, err := s.video.sample(t.Data(), t.Keyframe())
	if err != nil {
		return err
	}
	ms := t.Time()
	if s.cur != nil && s.mustCut(ms, t.Keyframe(), len(data)) {
		s.cut(ms)
		s.begin(ms, s.video)
	}
	if s.cur != nil && s.cur.video == nil && t.Keyframe() { // until now there was no picture
		s.flush()
	}
	if s.cur == nil {
		if !t.Keyframe() {
			return nil
		}
		s.begin(ms, s.video)
	}
	s.cur.addPicture(ms, t.CompositionTime(), t.Keyframe(), data)
	s.lead = max(s.heard-ms, 0)
	return nil
}

// cut finishes the unfinished segment before a picture at ms. After a stall of the encoder it ends with what it has and
// the stall becomes a discontinuity: stretched over it, it would be longer than TARGETDURATION allows to say.
func (s *segmenter) cut(ms int64) {
	if ms-s.cur.start < s.out.limit()+500 {
		s.finish(ms)
		return
	}
	s.lose()
}

// mustCut says whether the unfinished segment ends before a picture at ms.
func (s *segmenter) mustCut(ms int64, key bool, size int) bool {
	if s.cur.video == nil {
		return false
	}
	length := ms - s.cur.start
	return key && length >= s.cfg.SegmentDuration.Milliseconds()-cutEarly ||
		length >= s.out.limit() || s.cur.bytes+size > s.cfg.SegmentBytes
}

// sound takes an audio frame.
func (s *segmenter) sound(t *stream.Tag) error {
	if s.audio == nil && t.Codec() == stream.Opus { // where its header is left out
		if err := s.audioHeader(stream.Opus, nil); err != nil {
			return err
		}
	}
	if s.audio == nil || s.audio.kind != t.Codec() {
		return errors.New("sound without a usable sequence header")
	}
	if len(t.Data()) == 0 {
		return errors.New("sound of nothing")
	}
	ms := t.Time()
	s.heard = ms
	if s.cur == nil {
		if !s.beginAlone(ms) {
			return nil
		}
	} else if at, cuts := s.soundCuts(ms, len(t.Data())); cuts {
		v := s.cur.video
		s.finish(at)
		s.begin(at, v)
	}
	s.next = s.cur.addFrame(ms, s.next, t.Data())
	return nil
}

// beginAlone begins a segment with sound when no picture can be expected.
func (s *segmenter) beginAlone(ms int64) bool {
	if s.since < 0 {
		s.since = ms
	}
	patience := int64(audioAlone)
	if s.video != nil {
		patience = s.cfg.MaxSegmentDuration.Milliseconds()
	}
	if ms-s.since < patience {
		return false
	}
	s.begin(ms, nil)
	return true
}

// soundCuts says whether and where the unfinished segment ends before a sound at ms: without video by time, with video
// only when its pictures have stayed away. Sound that is sent ahead of its pictures is no sign of that.
func (s *segmenter) soundCuts(ms int64, size int) (at int64, cuts bool) {
	limit := s.cfg.SegmentDuration.Milliseconds()
	if s.cur.video != nil {
		ms, limit = ms-s.lead, s.out.limit()+cutLate
	}
	return max(ms, s.cur.start), ms-s.cur.start >= limit || s.cur.bytes+size > s.cfg.SegmentBytes
}

// begin starts a segment at ms, with pictures if v is not nil.
func (s *segmenter) begin(ms int64, v *video) {
	s.cur = &part{generation: s.generation, breaks: s.breaks, video: v, audio: s.audio, start: ms}
	s.breaks, s.since = false, -1
}

// flush finishes the unfinished segment with nothing to follow, if there is enough in it.
func (s *segmenter) flush() {
	if s.cur != nil {
		s.finish(-1)
	}
}

// discard throws the unfinished segment away: what the gate closed on is never shown (design §4).
func (s *segmenter) discard() {
	if s.cur != nil {
		s.counts.discarded.Add(1)
	}
	s.cur, s.breaks, s.next, s.since = nil, true, 0, -1
}

// lose notes that tags are missing here.
func (s *segmenter) lose() {
	s.flush()
	s.breaks, s.next, s.since = true, 0, -1
}

// finish publishes the unfinished segment, which ends at ms, or with its last sample if that is negative.
func (s *segmenter) finish(ms int64) {
	p := s.cur
	s.cur = nil
	end := p.close(ms)
	published, err := false, error(nil)
	if end-p.start >= leastSegment {
		var init *initFile
		if init, err = s.initOf(p); err == nil {
			published, err = s.out.add(&draft{
				generation: p.generation, breaks: p.breaks, init: init, start: p.start, end: end,
				frames: len(p.pictures), write: p.marshal,
			}, time.Now())
		}
	}
	if published {
		s.counts.segments.Add(1)
		return
	}
	s.counts.discarded.Add(1)
	s.breaks = true
	if err != nil {
		s.log.Warn("segment lost", "err", err)
	}
}

// initOf returns the init segment a part needs: the last one, unless the configuration has changed since.
func (s *segmenter) initOf(p *part) (*initFile, error) {
	if i := s.init; i != nil && i.video == p.video && i.audio == p.audio {
		return i, nil
	}
	data, err := marshalInit(p.video, p.audio)
	if err != nil {
		return nil, err
	}
	s.init = &initFile{name: fmt.Sprintf("%d-%d-init.mp4", p.generation, s.inits), data: data, video: p.video, audio: p.audio}
	s.inits++
	return s.init, nil
}
