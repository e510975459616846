package relay

import "liveroom/live/stream"

// What a step of the target's times is at most, and what it becomes where it would be more, in ms: times of which nothing was
// sent, be it for a pause or for slowness, are left out.
const (
	maxStep  = 1000
	usedStep = 40
)

// timeline gives tags the times that a target sees: from 0 on, never back within audio or video, and without leaps where
// something is missing.
type timeline struct {
	begun bool
	base  int64    // of the session's clock, is 0 of the target's
	last  [3]int64 // given out, of audio, video and the rest
}

// at is the target's time of a tag; breaks says that it does not follow from the tag before.
func (l *timeline) at(t *stream.Tag, breaks bool) uint32 {
	if t.Metadata() {
		return 0
	}
	ms := t.Time()
	if !l.begun {
		l.begun, l.base = true, ms
	}
	if end := max(l.last[0], l.last[1]); breaks && ms-l.base > end+maxStep {
		l.base = ms - end - usedStep
	}
	last := &l.last[2]
	switch t.Kind() {
	case stream.Audio:
		last = &l.last[0]
	case stream.Video:
		last = &l.last[1]
	case stream.Script:
	}
	*last = max(ms-l.base, *last)
	return uint32(*last) //nolint:gosec // RTMP's clock wraps after 49 days
}
