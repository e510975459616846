package hls

import (
	"time"

	"liveroom/live/stream"
)

// Finished is a segment of fMP4 that is complete, as Config.Finished is told of it. It is made of the very parts that players
// get; nobody may change their bytes.
type Finished struct {
	Stream, Session string
	Zero            time.Time // of the session's clock
	Generation      uint64
	Start, Duration int64 // ms on the session's clock
	Breaks          bool  // it does not follow from the one before
	Within          bool  // it ends within a GOP: what follows from it does not begin with a keyframe
	Init            []byte
	Parts           [][]byte
	Video, Audio    string // codecs with profile and level (RFC 6381); empty: there is none
	Width, Height   int
}

// handOver tells of a draft that is complete. What the list has no place for is told too: it was pushed.
func (s *segmenter) handOver(d *draft) {
	if s.finished == nil {
		return
	}
	began, session := s.out.clock()
	f := Finished{
		Stream: s.out.name, Session: session, Zero: began, Generation: d.generation, Start: d.start, Duration: d.end - d.start, Breaks: d.breaks,
		Within: d.within, Init: d.init.data,
	}
	for _, p := range d.parts {
		f.Parts = append(f.Parts, p.data)
	}
	if d.video != nil {
		f.Video, f.Width, f.Height = d.video.name, d.video.width, d.video.height
	}
	if d.audio != nil {
		f.Audio = d.audio.name
	}
	s.finished(f)
}

// clock is the zero of the session's clock, and what the session is called.
func (t *timeline) clock() (began time.Time, session string) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.began, t.session
}

// segmenters are the one that players see, and the one beside it that makes fMP4 for who keeps segments where players get
// MPEG-TS.
type segmenters struct {
	*segmenter
	beside *segmenter // nil: there is none
	keeps  func(stream string) bool
	kept   bool  // what comes goes to beside
	asked  int64 // ms on the session's clock of when keeps was last asked
}

// besideSize is how many segments the list beside has, which nobody reads.
const besideSize = 3

func (s *Server) segmenters(t *timeline) *segmenters {
	log := s.log.With("stream", t.name)
	all := &segmenters{segmenter: newSegmenter(&s.cfg, t, &s.counts, log), keeps: s.cfg.Keeps, asked: -1}
	if s.cfg.Container == FMP4 {
		all.finished = s.cfg.Finished
		return all
	}
	if s.cfg.Finished == nil {
		return all
	}
	cfg := s.cfg
	cfg.Container, cfg.Latency, cfg.ListSize, cfg.KeepSize = FMP4, NormalLatency, besideSize, besideSize
	began, session := t.clock()
	all.beside = newSegmenter(&cfg, newTimeline(&cfg, s.signer, t.name).of(session, began), &counters{}, log)
	all.beside.finished = s.cfg.Finished
	return all
}

func (s *segmenters) write(t *stream.Tag) {
	s.segmenter.write(t)
	if s.beside != nil && s.wants(t) {
		s.beside.write(t)
	}
}

// wants says whether a tag goes beside: headers do always, the rest while the stream is kept. That is asked once in a second
// of it.
func (s *segmenters) wants(t *stream.Tag) bool {
	if t.SequenceHeader() {
		return true
	}
	if ms := t.Time(); s.asked < 0 || ms-s.asked >= 1000 || ms < s.asked {
		s.asked = ms
		kept := s.keeps == nil || s.keeps(s.out.name)
		if s.kept && !kept {
			s.beside.lose()
		}
		s.kept = kept
	}
	return s.kept
}

func (s *segmenters) flush() {
	s.segmenter.flush()
	if s.beside != nil {
		s.beside.flush()
	}
}

func (s *segmenters) lose() {
	s.segmenter.lose()
	if s.beside != nil {
		s.beside.lose()
	}
}

func (s *segmenters) discard() {
	s.segmenter.discard()
	if s.beside != nil {
		s.beside.discard()
	}
}
