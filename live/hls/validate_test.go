package hls

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
)

// validator holds a sequence of reloads of one media playlist to the rules of RFC 8216bis. It knows nothing of how ours
// are made: it sees texts and the times they came.
type validator struct {
	holes    bool       // the encoder stalls
	moves    bool       // the push moves to nodes that know nothing of the playlist: it may begin anew, with a larger number
	anew     bool       // it has, and is not long again yet
	latest   *mediaList // whole, with what delta updates skipped
	removed  []obligation
	longest  map[uint64]time.Duration // of all playlists with that segment: its length
	hinted   int                      // parts that came as they were hinted
	deltas   int
	problems []string
}

// obligation is a file that was unlisted and must stay there a while (RFC 8216bis §6.2.2).
type obligation struct {
	uri   string
	until time.Time
}

// tolerance is what rounding to milliseconds may make of a sum of durations.
const tolerance = 5 * time.Millisecond

func (v *validator) fault(rule, format string, args ...any) {
	v.problems = append(v.problems, rule+": "+fmt.Sprintf(format, args...))
}

// playlist takes the answer to a reload and returns the whole list, with what a delta update left out.
func (v *validator) playlist(now time.Time, body string) *mediaList {
	list, problems := readList(body)
	v.problems = append(v.problems, problems...)
	if list.skipped > 0 {
		list = v.undelta(list)
	}
	v.alone(list)
	if v.latest != nil {
		v.follows(now, v.latest, list)
	}
	if v.longest == nil {
		v.longest = map[uint64]time.Duration{}
	}
	length := list.length()
	for i := range list.segments {
		n := list.sequence + uint64(i)
		v.longest[n] = max(v.longest[n], length)
	}
	v.latest = list
	return list
}

// undelta fills in what a delta update skipped, from the playlist before.
func (v *validator) undelta(list *mediaList) *mediaList {
	v.deltas++
	whole := *list
	if v.latest == nil {
		v.fault("SKIP", "in the first playlist")
		return list
	}
	first, end := v.latest.sequence, v.latest.next()
	if list.sequence < first || list.sequence+list.skipped > end {
		v.fault("SKIP", "skips %d to %d, before there were %d to %d", list.sequence, list.sequence+list.skipped, first, end)
		return list
	}
	var kept []*listedSegment
	for n := list.sequence; n < list.sequence+list.skipped; n++ {
		s := *v.latest.segments[n-first]
		s.parts = nil // those so far back are no longer listed
		kept = append(kept, &s)
	}
	discontinuity, mapURI := list.discontinuity, ""
	whole.segments, whole.skipped = nil, 0
	for _, s := range append(kept, list.segments...) {
		c := *s
		if c.breaks {
			discontinuity++
		}
		if c.mapURI == "" {
			c.mapURI = mapURI
		}
		c.discontinuity, mapURI = discontinuity, c.mapURI
		whole.segments = append(whole.segments, &c)
	}
	whole.open.discontinuity = discontinuity
	if whole.open.breaks {
		whole.open.discontinuity++
	}
	if whole.open.mapURI == "" {
		whole.open.mapURI = mapURI
	}
	var after time.Duration
	for _, s := range list.segments {
		after += s.duration
	}
	for _, p := range list.open.parts {
		after += p.duration
	}
	if after+tolerance < list.skipUntil {
		v.fault("SKIP", "leaves only %v, CAN-SKIP-UNTIL is %v", after, list.skipUntil)
	}
	return &whole
}

// alone checks what holds within one playlist.
func (v *validator) alone(l *mediaList) {
	for i, s := range l.segments {
		n := l.sequence + uint64(i)
		if s.duration.Round(time.Second) > l.target {
			v.fault("TARGETDURATION", "segment %d has %v, target is %v", n, s.duration, l.target)
		}
		if s.duration <= 0 {
			v.fault("EXTINF", "segment %d has %v", n, s.duration)
		}
		if s.mapURI == "" && !strings.HasSuffix(s.uri, ".ts") {
			v.fault("MAP", "segment %d has none", n)
		}
		v.dated(l, i)
		v.partsOf(l, s.parts, true, n)
		if len(s.parts) > 0 {
			var sum time.Duration
			for _, p := range s.parts {
				sum += p.duration
			}
			// A picture that stays for longer than a part may last makes parts say less than the segment.
			if d := sum - s.duration; d > tolerance || d < -tolerance && !v.holes {
				v.fault("PART", "parts of segment %d last %v, the segment %v", n, sum, s.duration)
			}
		}
	}
	v.partsOf(l, l.open.parts, false, l.next())
	v.controls(l)
	v.partsWhereTheyBelong(l)
	if l.ended && (len(l.open.parts) > 0 || l.hint != "") {
		v.fault("ENDLIST", "parts or a hint of what never comes")
	}
}

// dated checks a segment against the one before.
func (v *validator) dated(l *mediaList, i int) {
	s, n := l.segments[i], l.sequence+uint64(i)
	if s.date.IsZero() {
		v.fault("PROGRAM-DATE-TIME", "segment %d has none", n)
	}
	if i == 0 {
		return
	}
	before := l.segments[i-1]
	gap := s.date.Sub(before.date.Add(before.duration))
	if gap < -tolerance || gap > tolerance && !s.breaks {
		v.fault("PROGRAM-DATE-TIME", "segment %d begins %v after the end of the one before", n, gap)
	}
}

// partsOf checks the durations of a segment's parts; whole says that the last one is known to be the last.
func (v *validator) partsOf(l *mediaList, parts []listedPart, whole bool, n uint64) {
	for i, p := range parts {
		if l.partTarget == 0 {
			v.fault("PART-INF", "is missing, segment %d has parts", n)
			return
		}
		if p.duration > l.partTarget {
			v.fault("PART", "%d.%d has %v, PART-TARGET is %v", n, i, p.duration, l.partTarget)
		}
		if last := i == len(parts)-1; !last && p.duration < l.partTarget*85/100 || p.duration <= 0 {
			v.fault("PART", "%d.%d of %d (whole %t) has %v, less than 85 %% of PART-TARGET %v", n, i, len(parts), whole, p.duration, l.partTarget)
		}
	}
}

func (v *validator) controls(l *mediaList) {
	if l.skipUntil > 0 && l.skipUntil < 6*l.target {
		v.fault("CAN-SKIP-UNTIL", "is %v, target is %v", l.skipUntil, l.target)
	}
	if l.holdBack > 0 && l.holdBack < 3*l.target {
		v.fault("HOLD-BACK", "is %v, target is %v", l.holdBack, l.target)
	}
	if l.partTarget == 0 {
		return
	}
	if l.partHoldBack < 3*l.partTarget {
		v.fault("PART-HOLD-BACK", "is %v, PART-TARGET is %v", l.partHoldBack, l.partTarget)
	}
	if l.hint != "" && !l.blocks { // without a hint nothing is coming for now, and nobody is to wait for it
		v.fault("CAN-BLOCK-RELOAD", "is missing, there is a hint")
	}
}

// partsWhereTheyBelong checks that parts are listed within three target durations of the end, and no longer beyond (§4.4.4.9).
func (v *validator) partsWhereTheyBelong(l *mediaList) {
	if l.partTarget == 0 {
		return
	}
	var behind time.Duration // from the end of the segment to the end of the list
	for _, p := range l.open.parts {
		behind += p.duration
	}
	for i := len(l.segments) - 1; i >= 0; i-- {
		s := l.segments[i]
		if behind > 3*l.target && len(s.parts) > 0 {
			v.fault("PART", "segment %d still lists parts %v before the end", l.sequence+uint64(i), behind)
		}
		if behind += s.duration; behind <= 3*l.target && len(s.parts) == 0 && !l.ended {
			v.fault("PART", "segment %d lists none, it begins %v before the end", l.sequence+uint64(i), behind)
		}
	}
}

// follows checks what may change between two reloads (§6.2.1, §6.2.2).
func (v *validator) follows(now time.Time, old, l *mediaList) {
	if old.target != l.target || old.partTarget != l.partTarget {
		v.fault("TARGETDURATION", "changes from %v, %v to %v, %v", old.target, old.partTarget, l.target, l.partTarget)
	}
	if l.sequence < old.sequence || l.next() < old.next() {
		v.fault("MEDIA-SEQUENCE", "goes back from %d–%d to %d–%d", old.sequence, old.next(), l.sequence, l.next())
		return
	}
	anew := v.moves && l.sequence > old.next()
	if l.sequence > old.next() && !anew {
		v.fault("MEDIA-SEQUENCE", "jumps from %d to %d", old.next(), l.sequence)
	}
	if old.ended && (!l.ended || l.next() != old.next() || l.sequence != old.sequence) {
		v.fault("ENDLIST", "something changes after it")
	}
	for n := old.sequence; n < old.next(); n++ {
		was := old.segments[n-old.sequence]
		if n < l.sequence {
			v.unlisted(now, n, was)
			continue
		}
		v.unchanged(now, n, l.target, was, l.segments[n-l.sequence])
	}
	v.anew = anew || v.anew && l.length() < 3*l.target
	if l.sequence > old.sequence && !l.ended && l.length() < 3*l.target && !v.anew {
		v.fault("removal", "leaves %v, target is %v", l.length(), l.target)
	}
	v.opened(old, l)
}

// unlisted notes how long a removed segment must be there yet.
func (v *validator) unlisted(now time.Time, n uint64, s *listedSegment) {
	v.removed = append(v.removed, obligation{s.uri, now.Add(s.duration + v.longest[n])})
	delete(v.longest, n)
}

// unchanged compares a segment with how it was listed before.
func (v *validator) unchanged(now time.Time, n uint64, target time.Duration, was, is *listedSegment) {
	if !sameSegment(was, is) {
		v.fault("segment", "%d changes from %+v to %+v", n, was, is)
	}
	if len(is.parts) > 0 && !samePrefix(was.parts, is.parts) || len(is.parts) > len(was.parts) {
		v.fault("PART", "those of segment %d change from %v to %v", n, was.parts, is.parts)
	}
	if len(is.parts) == 0 {
		for _, p := range was.parts {
			v.removed = append(v.removed, obligation{p.uri, now.Add(3 * target)})
		}
	}
}

// opened compares what was known of the next segment with what came of it.
func (v *validator) opened(old, l *mediaList) {
	was, is := &old.open, &l.open
	if n := old.next(); n < l.next() {
		if n < l.sequence {
			return
		}
		is = l.segments[n-l.sequence]
	}
	if len(is.parts) == 0 && is != &l.open { // so long ago that they are unlisted again
		return
	}
	if !samePrefix(was.parts, is.parts) {
		v.fault("PART", "those of segment %d change from %v to %v", old.next(), was.parts, is.parts)
		return
	}
	if len(was.parts) > 0 && (was.breaks != is.breaks || !was.date.IsZero() && !was.date.Equal(is.date) || was.mapURI != is.mapURI) {
		v.fault("PART", "what stands before those of segment %d changes: %+v, %+v", old.next(), was, is)
	}
	var came string
	begins := is
	switch {
	case len(is.parts) > len(was.parts):
		came = is.parts[len(was.parts)].uri
		if len(was.parts) > 0 {
			begins = &listedSegment{}
		}
	case is != &l.open && old.next()+1 < l.next():
		if begins = l.segments[old.next()+1-l.sequence]; len(begins.parts) > 0 {
			came = begins.parts[0].uri
		}
	case is != &l.open && len(l.open.parts) > 0:
		begins, came = &l.open, l.open.parts[0].uri
	}
	if old.hint == "" || came == "" {
		return
	}
	if came == old.hint {
		v.hinted++
	} else if !begins.breaks { // who knows what the next push is called?
		v.fault("PRELOAD-HINT", "%s was hinted, %s came", old.hint, came)
	}
}

func samePrefix(was, is []listedPart) bool {
	return len(was) <= len(is) && slices.Equal(was, is[:len(was)])
}

// owed returns the files whose time is over soon, to be asked for once more.
func (v *validator) owed(now time.Time, soon time.Duration) (uris []string) {
	var later []obligation
	for _, o := range v.removed {
		switch left := o.until.Sub(now); {
		case left < 0:
		case left <= soon:
			uris = append(uris, o.uri)
		default:
			later = append(later, o)
		}
	}
	v.removed = later
	return uris
}

// diffLists says in what two playlists differ, but for the parts so far back that a delta update leaves them out.
func diffLists(a, b *mediaList) string {
	return cmp.Diff(a, b, cmp.AllowUnexported(mediaList{}, listedSegment{}, listedPart{}))
}

func sameSegment(a, b *listedSegment) bool {
	return a.uri == b.uri && a.duration == b.duration && a.breaks == b.breaks && a.discontinuity == b.discontinuity &&
		a.mapURI == b.mapURI && a.date.Equal(b.date)
}
