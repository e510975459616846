package hls

import (
	"bytes"
	"cmp"
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
	// cutEarly is how much before SegmentDuration, in ms, a keyframe is taken: rounding must not cost a whole GOP. Where that
	// makes more segments than seconds there are, numbers run out now and then (timeline.go); such a one gets another GOP.
	cutEarly = 100
	// cutLate is how much longer than the limit, in ms, a GOP may be, and audio run while pictures are missing; with it EXTINF
	// still rounds down to TARGETDURATION.
	cutLate = 400
	// leastSegment is the shortest rest of a generation that is worth a segment, in ms.
	leastSegment = 100
)

// counters are the figures of a server, counted as things happen.
type counters struct {
	segments  atomic.Uint64
	parts     atomic.Uint64
	waiting   atomic.Int64
	badTags   atomic.Uint64
	discarded atomic.Uint64
	lost      atomic.Uint64
	panics    atomic.Uint64
	minted    atomic.Uint64
	refused   atomic.Uint64
	asked     atomic.Uint64
}

// segmenter turns the tags of one stream into segments on a timeline. It belongs to one goroutine.
type segmenter struct {
	cfg    *Config
	out    *timeline
	counts *counters
	log    *slog.Logger
	mux    muxer

	generation uint64
	video      *video // newest headers of the generation
	audio      *audio
	cur        *draft        // the unfinished segment; nil while waiting for a place to start
	batch      batch         // its unfinished part
	breaks     bool          // what comes next does not follow from what was
	next       int64         // where the next audio frame belongs, in audio.scale; 0: unknown
	since      int64         // ms of the first audio that waits for video, -1: none
	early      []*stream.Tag // the sounds since then, where no video header came
	earlyBytes int
	heard      int64 // ms of the newest audio
	lead       int64 // how far, in ms, the audio was ahead of the newest picture when that came
	init       *initFile
	inits      int  // of this generation
	complained bool // about this generation

	finished func(Finished) // nil: nobody wants to know
}

// muxer writes the samples of a part, or of a whole segment where there are no parts.
type muxer interface {
	// marshal may keep nothing of the batch. It is told the configuration they belong to.
	marshal(b *batch, v *video, a *audio) ([]byte, error)
	// accepts says why the container has no place for a configuration, of which one is nil.
	accepts(v *video, a *audio) error
	// reset begins a new run of segments: what comes does not follow from what was.
	reset()
}

func newSegmenter(cfg *Config, out *timeline, counts *counters, log *slog.Logger) *segmenter {
	s := &segmenter{cfg: cfg, out: out, counts: counts, log: log, since: -1}
	if cfg.Container == MPEGTS {
		s.mux = &transport{}
	} else {
		s.mux = &fragments{}
	}
	return s
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
	if t.Kind() == stream.Script {
		return // metadata: nothing to show, and of no time
	}
	if g := t.Generation(); g != s.generation {
		s.flush()
		s.generation, s.video, s.audio, s.init, s.inits = g, nil, nil, nil, 0
		s.complained, s.heard, s.lead = false, 0, 0
		s.interrupt()
		s.out.seen(g, t.Time(), time.Now())
	}
	var err error
	switch {
	case t.Data() == nil:
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
	if err := s.mux.accepts(v, nil); err != nil {
		return err
	}
	s.flush()
	s.video = v
	s.forgetEarly()
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
	if err := s.mux.accepts(nil, a); err != nil {
		return err
	}
	if s.cur != nil && (s.cur.audio != nil || s.init != nil) {
		s.flush()
	}
	s.audio, s.next, s.batch.audioEnd = a, 0, 0 // the new one counts in another scale
	s.early, s.earlyBytes = nil, 0
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
		s.cur.within = !t.Keyframe()
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
	s.cutPart(ms)
	s.batch.addPicture(ms, t.CompositionTime(), t.Keyframe(), data)
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
	return key && length >= s.cfg.SegmentDuration.Milliseconds()-cutEarly && s.out.fits(s.cur, ms) ||
		s.tooLong(length) || s.unfinished()+size > s.cfg.SegmentBytes
}

// tooLong says whether a segment of that length in ms may not take one more picture. A GOP that is a little longer than
// TARGETDURATION, as those of cameras are that count time and not pictures, is let come to its end.
func (s *segmenter) tooLong(length int64) bool {
	limit := s.out.limit()
	if s.out.measured() {
		limit += cutLate - cmp.Or(s.batch.pictureLength*1000/videoScale, guessedFrame)
	}
	return length >= limit
}

// unfinished is what the unfinished segment holds, in bytes.
func (s *segmenter) unfinished() int { return s.cur.bytes + s.batch.bytes }

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
	if s.cur == nil && !s.beginAlone(t) {
		return nil
	}
	s.addSound(t)
	return nil
}

// addSound puts an audio frame into the unfinished segment, or into the next one.
func (s *segmenter) addSound(t *stream.Tag) {
	ms := t.Time()
	s.heard = ms
	if at, cuts := s.soundCuts(ms, len(t.Data())); cuts {
		v := s.cur.video
		s.cur.within = v != nil
		s.finish(at)
		s.begin(at, v)
	}
	if len(s.batch.pictures) == 0 { // a picture lasts until the next one, and nobody knows when that is
		s.cutPart(ms)
	}
	s.next = s.batch.addFrame(s.audio, ms, s.next, t.Data())
}

// beginAlone begins a segment with sound when no picture can be expected. Where no video header came, it begins with the
// sound that waited for one.
func (s *segmenter) beginAlone(t *stream.Tag) bool {
	ms := t.Time()
	if s.since < 0 {
		s.since = ms
	}
	patience := int64(audioAlone)
	if s.video != nil {
		patience = s.cfg.MaxSegmentDuration.Milliseconds()
	}
	if ms-s.since < patience {
		if s.video == nil && s.earlyBytes+len(t.Data())+sampleBytes <= s.cfg.SegmentBytes {
			s.early, s.earlyBytes = append(s.early, t), s.earlyBytes+len(t.Data())+sampleBytes
		}
		return false
	}
	early := s.early
	if len(early) > 0 {
		ms = early[0].Time()
	}
	s.begin(ms, nil)
	for _, e := range early {
		s.addSound(e)
	}
	return true
}

// forgetEarly stops waiting with sound.
func (s *segmenter) forgetEarly() { s.since, s.early, s.earlyBytes = -1, nil, 0 }

// soundCuts says whether and where the unfinished segment ends before a sound at ms: without video by time, with video
// only when its pictures have stayed away. Sound that is sent ahead of its pictures is no sign of that.
func (s *segmenter) soundCuts(ms int64, size int) (at int64, cuts bool) {
	limit := s.cfg.SegmentDuration.Milliseconds()
	if s.cur.video != nil {
		ms, limit = ms-s.lead, s.out.limit()+cutLate
	}
	return max(ms, s.cur.start), ms-s.cur.start >= limit || s.unfinished()+size > s.cfg.SegmentBytes
}

// begin starts a segment at ms, with pictures if v is not nil.
func (s *segmenter) begin(ms int64, v *video) {
	if s.breaks {
		s.batch.videoEnd, s.batch.audioEnd = 0, 0
		s.batch.pictureLength = 0
		s.mux.reset()
	}
	s.cur = &draft{generation: s.generation, breaks: s.breaks, video: v, audio: s.audio, start: ms, end: ms}
	s.batch.reset(ms)
	s.breaks = false
	s.forgetEarly()
}

// flush finishes the unfinished segment with nothing to follow, if there is enough in it.
func (s *segmenter) flush() {
	if s.cur != nil {
		s.finish(-1)
	}
}

// discard throws away what is not published yet: what the gate closed on is never shown (design §4). A segment of which
// parts are published ends with them, because players have them.
func (s *segmenter) discard() {
	if s.cur != nil {
		s.counts.discarded.Add(1)
		s.batch.reset(s.cur.end)
		if s.out.growing() {
			s.publish()
		}
	}
	s.cur = nil
	s.interrupt()
}

// lose notes that tags are missing here.
func (s *segmenter) lose() {
	s.flush()
	s.interrupt()
}

// interrupt notes that what comes next does not follow from what was.
func (s *segmenter) interrupt() {
	s.breaks, s.next = true, 0
	s.forgetEarly()
}

// cutPart ends the unfinished part at ms if it is long enough, and publishes it.
func (s *segmenter) cutPart(ms int64) {
	if s.batch.empty() {
		return
	}
	step := ms - s.batch.newest(s.cur.audio)
	ends, ok := s.out.nextPart(s.batch.start-s.cur.start, step)
	if !ok || !ends.cut(ms-s.batch.start, step) {
		return
	}
	s.endPart(ms)
	d := s.cur
	if s.init == nil && d.audio == nil && d.end-d.start < audioAlone {
		return // its header may still come, and would need another init segment once there is one
	}
	if err := s.describe(d); err != nil { // finish will say so
		return
	}
	s.out.grow(d, time.Now())
}

// endPart makes a part of what came since the last cut. It ends at ms, or with its last sample if that is negative.
func (s *segmenter) endPart(ms int64) {
	if s.batch.empty() {
		return
	}
	d := s.cur
	pictures := len(s.batch.pictures)
	end := s.batch.close(ms, d.audio)
	p := &part{duration: max(end-s.batch.start, 1), independent: d.video == nil || s.batch.keyed()}
	var err error
	if p.data, err = s.mux.marshal(&s.batch, d.video, d.audio); err != nil {
		s.log.Warn("part lost", "err", err)
		s.counts.discarded.Add(1)
		s.breaks = true
	} else {
		s.counts.parts.Add(1)
		d.add(p, pictures)
	}
	s.batch.reset(end)
}

// finish publishes the unfinished segment, which ends at ms, or with its last sample if that is negative.
func (s *segmenter) finish(ms int64) {
	s.endPart(ms)
	s.publish()
}

// publish publishes the unfinished segment as it is, unless it is too short and nothing of it is published.
func (s *segmenter) publish() {
	d := s.cur
	s.cur = nil
	published, err := false, s.describe(d)
	if err == nil && len(d.parts) > 0 && (d.end-d.start >= leastSegment || s.out.growing()) {
		s.handOver(d)
		published = s.out.finish(d, time.Now())
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

// describe gives a draft the init segment it needs: the last one, unless the configuration has changed since.
func (s *segmenter) describe(d *draft) error {
	if d.init != nil {
		return nil
	}
	if i := s.init; i != nil && i.video == d.video && i.audio == d.audio {
		d.init = i
		return nil
	}
	i := &initFile{video: d.video, audio: d.audio}
	if s.cfg.Container == FMP4 {
		data, err := marshalInit(d.video, d.audio)
		if err != nil {
			return err
		}
		i.name, i.data = fmt.Sprintf("%d-%d-init.mp4", d.generation, s.inits), data
		s.inits++
	}
	s.init, d.init = i, i
	return nil
}
