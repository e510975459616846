package replay

import "sort"

// timeline maps the session's clock to the time that playing a recording takes, in which gaps take none.
type timeline struct {
	spans []Span
	base  []int64 // play time at which each span begins
	total int64
}

func newTimeline(spans []Span) timeline {
	t := timeline{spans: spans, base: make([]int64, len(spans))}
	for i, s := range spans {
		t.base[i] = t.total
		t.total += max(0, s.Duration)
	}
	return t
}

// at is when in the recording a moment of the session comes. What is in a gap comes where the gap is, what was before the recording
// at its beginning and what was after it at its end. It never goes back.
func (t timeline) at(offset int64) int64 {
	i := sort.Search(len(t.spans), func(i int) bool { return t.spans[i].Start > offset }) - 1
	if i < 0 {
		return 0
	}
	return t.base[i] + min(offset-t.spans[i].Start, max(0, t.spans[i].Duration))
}

// since is the first moment of the session from which on all comes at or after a time of the recording.
func (t timeline) since(at int64) int64 {
	if at <= 0 {
		return 0
	}
	// Where a gap is, its whole time is at one moment: that of the end of the span before it.
	i := sort.Search(len(t.spans), func(i int) bool { return t.base[i]+max(0, t.spans[i].Duration) >= at })
	if i == len(t.spans) {
		return never
	}
	moment := t.spans[i].Start + at - t.base[i]
	if i+1 < len(t.spans) {
		moment = min(moment, t.spans[i+1].Start) // rounded to ms, one may end after the next begins
	}
	return moment
}

// never is after all moments of a session.
const never = int64(1) << 60

// first and last are the moments between which it has anything.
func (t timeline) first() int64 {
	if len(t.spans) == 0 {
		return never
	}
	return t.spans[0].Start
}

func (t timeline) last() int64 {
	if len(t.spans) == 0 {
		return 0
	}
	s := t.spans[len(t.spans)-1]
	return s.Start + max(0, s.Duration)
}
