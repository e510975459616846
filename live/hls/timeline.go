package hls

import (
	"crypto/subtle"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// margin is added to the first number of a generation, once per generation.
//
// Why numbers need no memory beyond the process. Number n of a segment that ends at e seconds of the session's clock in
// generation g always satisfies
//
//	n <= floor(e) + margin·g
//
// A node that knows nothing starts generation g' > g, at s' seconds, with floor(s') + margin·g'. The session's clock does
// not go back, so s' >= e but for how far a push may run ahead of real time (stream.Config.MaxAhead, 30 s) and for what two
// nodes' clocks differ; with g' >= g+1 the new number is larger than n as long as these two stay under margin-1 seconds, so
// 9 s are left for the clocks. A segment that would break the inequality is not published: that takes more segments than
// seconds.
//
// A node that segmented the generation before goes on with n+1 instead: numbers in a playlist are consecutive by
// definition, so a jump would unlist the segments before the reconnect. n+1 only makes the left side smaller.
// If generations are missing in between, another node may have numbered them: then it jumps like one that knows nothing.
//
// Discontinuity numbers follow the same way: there is at most one break per segment, so a fresh list that gives its
// first segment's number also to its discontinuity never goes back.
const margin = 40

// sessionBegin is the time in ms before which the first segment of a list is taken for the first of its session: nothing
// was before it that it could break with.
const sessionBegin = 3000

// leastPartPercent is how much of PART-TARGET a part lasts at least, the last of a segment excepted (RFC 8216bis §4.4.4.9).
const leastPartPercent = 85

// initFile is one init segment; it is immutable. Its name is empty where the container needs none.
type initFile struct {
	name  string
	data  []byte
	video *video // nil without
	audio *audio
}

// segment is one segment. It is immutable but for what is named below, which the timeline's mutex guards until the segment
// is finished, as well as unlistedAt.
type segment struct {
	number        uint64
	generation    uint64
	discontinuity uint64 // discontinuity number, this segment's own break included
	breaks        bool   // EXT-X-DISCONTINUITY goes before it
	init          *initFile
	start         int64      // ms on the session's clock
	path          capability // of its path, fixed so that its URI never changes while listed
	elsewhere     bool       // another node made it, and may have its bytes
	gap           bool       // nobody has its bytes any more: EXT-X-GAP
	unlistedAt    time.Time  // zero while it is in the playlist

	// They grow until it is finished.
	parts    []*part
	shown    []int64 // ms of each part, as the playlist says it
	duration int64   // ms, of all parts
	listed   int64   // ms of the finished segment, as the playlist says it
	frames   int     // of video
	bytes    int
}

// timeline is one stream's list of segments during one session. The segmenter is its only writer.
type timeline struct {
	cfg    *Config
	signer *signer
	name   string

	mu sync.RWMutex
	// All below is guarded by mu.
	began      time.Time  // zero of the session's clock as far as this node knows it; set once
	session    string     // what capabilities call the session; began where it has no name
	segments   []*segment // finished ones that are kept, oldest first
	open       *segment   // the unfinished one, if parts of it are published
	base       uint64     // segments below this number are no longer listed, because the list began anew
	bytes      int
	generation uint64     // newest one seen
	fresh      bool       // the next segment begins a new list
	last       uint64     // number of the newest finished segment
	former     uint64     // the same of the timeline of the session that this one replaced; set once
	target     int64      // EXT-X-TARGETDURATION in seconds; 0 before the first segment
	partTarget int64      // PART-TARGET in ms; 0 before the first segment, and where there are no parts
	coming     capability // of the next segment's path, because a hint has told it; empty: not told
	resting    bool       // nothing is coming: the push is gone, or the gate is closed
	leftAt     time.Time  // since when the stream is pushed to another node, zero while it is pushed here
	replaced   bool       // a new session's timeline took its place, or the server stopped
	endedAt    time.Time
	changed    chan struct{} // closed and replaced at each change
	bodies     map[bodyKey]*body
	good       checked
	adopted    uint64            // number of the newest segment that another node made
	adoptedAt  time.Time         // when that was taken over, zero where it was not
	origins    map[uint64]string // the nodes that made those, by generation
	asked      atomic.Int64      // when a player last asked for the list, Unix ms
	changes    func()            // has the list recorded for the next node; nil: there is none
}

func newTimeline(cfg *Config, sign *signer, name string) *timeline {
	return &timeline{
		cfg: cfg, signer: sign, name: name, fresh: true, changed: make(chan struct{}), bodies: make(map[bodyKey]*body),
	}
}

// of says which session a timeline is of, before it is used: by what the publisher was told, which is the same on all nodes.
func (t *timeline) of(session string, start time.Time) *timeline {
	if session != "" && !start.IsZero() {
		t.session, t.began = session, start
	}
	return t
}

// seen notes that media of a generation begins, now, at ms of the session's clock.
func (t *timeline) seen(generation uint64, ms int64, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.began.IsZero() {
		t.began = now.Add(-time.Duration(ms) * time.Millisecond)
		t.session = strconv.FormatInt(t.began.UnixMilli(), 10)
	} else if generation == t.generation {
		return
	}
	if generation != t.generation && generation != t.generation+1 {
		t.fresh = true
	}
	t.generation, t.resting = generation, false
	t.notify() // also for those who wait for a part of the push before
}

// place returns the number a draft gets that ends at end, in ms; ok is false if it may not be published (yet). t.mu is held.
func (t *timeline) place(d *draft, end int64) (number uint64, ok bool) {
	number = t.last + 1
	if t.fresh {
		number = max(number, uint64(d.start/1000)+margin*d.generation) //nolint:gosec // the clock starts at 0
	}
	return number, number <= uint64(end/1000)+margin*d.generation //nolint:gosec // as above
}

// fits says whether a draft can be a segment that ends at end, in ms.
func (t *timeline) fits(d *draft, end int64) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	_, ok := t.place(d, end)
	return ok || t.open != nil
}

// grow publishes the parts of an unfinished segment that are not published yet. Nothing happens while it has no place in a
// list: before the first segment of one, there is nothing a player could begin with.
func (t *timeline) grow(d *draft, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fresh || t.target == 0 {
		return
	}
	if t.open == nil {
		number, ok := t.place(d, d.end)
		if !ok {
			return
		}
		first := t.segments[len(t.segments)-1].generation != d.generation
		t.open = t.newSegment(d, number, now)
		if first { // the record of the push before promises nothing of it
			defer t.tell()
		}
	}
	t.extend(t.open, d, false)
	t.evict(now)
	t.notify()
}

// growing says whether parts of the unfinished segment are published.
func (t *timeline) growing() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.open != nil
}

// finish publishes a segment that is complete. It reports whether there was a place for it; there is, if a part of it has
// been published.
func (t *timeline) finish(d *draft, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.open
	if s == nil {
		number, ok := t.place(d, d.end)
		if !ok {
			return false
		}
		s = t.newSegment(d, number, now)
	}
	t.measure(d)
	t.extend(s, d, true)
	// A pause of the encoder across a cut can make the segment longer than it may say.
	s.listed = min(s.duration, t.target*1000+499)
	t.segments = append(t.segments, s)
	t.last, t.fresh, t.open = s.number, false, nil
	t.coming = capability{}
	t.evict(now)
	t.notify()
	t.tell()
	return true
}

// newSegment gives a draft its place in the list, after the ones before. t.mu is held.
func (t *timeline) newSegment(d *draft, number uint64, now time.Time) *segment {
	s := &segment{number: number, generation: d.generation, init: d.init, start: d.start, path: t.coming}
	if s.path.token == "" {
		s.path = t.signer.capability(t.name, t.session, hourOf(now))
	}
	t.resting = false
	if t.fresh {
		t.base = s.number
		s.discontinuity, s.breaks = s.number, d.start >= sessionBegin
		return s
	}
	before := t.segments[len(t.segments)-1]
	s.discontinuity, s.breaks = before.discontinuity, d.breaks || before.init != s.init
	if s.breaks {
		s.discontinuity++
	}
	return s
}

// measure decides, by the first segment, what the list says of lengths from then on. t.mu is held.
func (t *timeline) measure(d *draft) {
	if t.target == 0 {
		length := d.end - d.start
		if length < 1000 {
			length *= 2 // there will be more segments than numbers, and some of two GOPs (segmenter.mustCut)
		}
		const slack = cutLate - 100 // GOPs differ
		t.target = max(int64(t.cfg.SegmentDuration/time.Second), (length-slack+999)/1000)
	}
	if t.partTarget == 0 && t.cfg.Latency == LowLatency {
		t.partTarget = min(max(t.cfg.PartDuration.Milliseconds(), usualPart(d.parts)), t.target*1000)
	}
}

// usualPart is what most parts of a segment keep within, in ms. They are cut as soon as they are long enough, so they are
// longer than asked for only where pictures are rare; and then all of them are.
func usualPart(parts []*part) int64 {
	if len(parts) > 1 {
		parts = parts[:len(parts)-1] // the last one ends where the segment does
	}
	lengths := make([]int64, len(parts))
	for i, p := range parts {
		lengths[i] = p.duration
	}
	slices.Sort(lengths)
	return lengths[len(lengths)/2] + clockJitter
}

// clockJitter is how much, in ms, lengths differ that are the same but for the rounding of their begin and end.
const clockJitter = 2

// extend takes the parts of a draft that a segment does not have yet. t.mu is held.
func (t *timeline) extend(s *segment, d *draft, complete bool) {
	from := s.start
	for i, p := range d.parts {
		if i < len(s.parts) {
			from += s.shown[i]
			continue
		}
		last := complete && i == len(d.parts)-1
		s.parts = append(s.parts, p)
		s.duration += p.duration
		s.shown = append(s.shown, t.show(s.start+s.duration-from, last))
		from += s.shown[i]
		s.bytes += len(p.data)
		t.bytes += len(p.data)
	}
	s.frames = d.frames
}

// show is the length a part is said to have: what makes it end where it ends, within the bounds for parts. Only a picture
// that stays for longer than usual drives a part out of these; the parts after it make up for what is not said here.
func (t *timeline) show(length int64, last bool) int64 {
	if t.partTarget == 0 {
		return length
	}
	least := leastPartOf(t.partTarget)
	if last {
		least = 1
	}
	return min(max(length, least), t.partTarget)
}

// leastPartOf is the shortest a part may be, in ms, for a PART-TARGET in ms.
func leastPartOf(target int64) int64 { return (target*leastPartPercent + 99) / 100 }

// evict forgets the oldest segments: those beyond the limits, and those that have been out of the playlist long enough.
// t.mu is held.
func (t *timeline) evict(now time.Time) {
	first := t.listed()[0].number
	for _, s := range t.segments {
		if s.number < first && s.unlistedAt.IsZero() {
			s.unlistedAt = now
		}
	}
	n := 0
	for len(t.segments)-n > 1 && (len(t.segments)-n > t.cfg.KeepSize || t.bytes > t.cfg.StreamBytes || t.over(t.segments[n], now)) {
		t.bytes -= t.segments[n].bytes
		t.segments[n] = nil
		n++
	}
	t.segments = t.segments[n:]
}

// over says whether a segment has been there long enough for players with an old playlist: its length and that of the
// longest playlist it stood in, from when it was unlisted (RFC 8216 §6.2.2). t.mu is held.
func (t *timeline) over(s *segment, now time.Time) bool {
	longest := int64(t.cfg.ListSize) * t.target
	if t.partTarget > 0 {
		longest += t.target // of the unfinished segment
	}
	kept := time.Duration(s.listed)*time.Millisecond + time.Duration(longest)*time.Second
	return !s.unlistedAt.IsZero() && now.Sub(s.unlistedAt) >= kept
}

// rest notes that nothing is coming for a while, so that nobody waits for it.
func (t *timeline) rest() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.resting {
		t.resting, t.coming = true, capability{}
		t.notify()
		t.tell()
	}
}

// end closes the list: EXT-X-ENDLIST.
func (t *timeline) end(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.endedAt = now
	t.notify()
}

// leave notes that the stream goes on at another node. What players know of is still served for a while.
func (t *timeline) leave(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.resting, t.leftAt = true, now
	t.notify()
}

// left says whether the stream goes on at another node.
func (t *timeline) left() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return !t.leftAt.IsZero()
}

// newest is the number of the newest finished segment of the session that was made here, of a timeline before this one too.
func (t *timeline) newest() uint64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return max(t.last, t.former)
}

// named is what the session is called.
func (t *timeline) named() string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.session
}

// retire tells that another timeline took this one's place, or none will.
func (t *timeline) retire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.replaced = true
	t.notify()
}

// tell has the list recorded for the node that the stream may be pushed to next. t.mu is held.
func (t *timeline) tell() {
	if t.changes != nil {
		t.changes()
	}
}

// notify tells waiters of a change. t.mu is held.
func (t *timeline) notify() {
	clear(t.bodies)
	close(t.changed)
	t.changed = make(chan struct{})
}

// allows says whether a capability opens this session's files.
func (t *timeline) allows(capability string, now time.Time) bool {
	in := t.signer.period(now)
	t.mu.RLock()
	session, known := t.session, t.good.has(capability, in)
	t.mu.RUnlock()
	if known {
		return true
	}
	if !t.signer.checkCap(capability, t.name, session, now) {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.good.keep(capability, in)
	return true
}

// period is how long what was found good once is so: an hour, with the play keys that are there.
type period struct {
	hour int64
	term uint64
}

func (s *signer) period(now time.Time) period { return period{hourOf(now), s.Term()} }

// checked are the capabilities found good in a period. There are few: those of this hour and the one before, for two keys.
type checked struct {
	in     period
	tokens []string
}

// maxChecked is how many are kept.
const maxChecked = 4

func (c *checked) has(token string, in period) bool {
	if c.in != in {
		return false
	}
	found := 0
	for _, t := range c.tokens {
		found |= subtle.ConstantTimeCompare([]byte(t), []byte(token))
	}
	return found == 1
}

func (c *checked) keep(token string, in period) {
	if c.in != in {
		c.in, c.tokens = in, c.tokens[:0]
	}
	if len(c.tokens) < maxChecked && !slices.Contains(c.tokens, token) {
		c.tokens = append(c.tokens, strings.Clone(token)) // a part of a request
	}
}

// stale says whether a timeline nobody writes any more may be forgotten: some time after its end, or after the stream went
// to another node, or at once where there was neither.
func (t *timeline) stale(now time.Time) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	over := t.endedAt
	if over.IsZero() {
		over = t.leftAt
	}
	return over.IsZero() || now.Sub(over) >= t.cfg.EndKept
}

// held is the size of all segments kept.
func (t *timeline) held() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.bytes
}

// limit is how long a segment may grow, in ms: TARGETDURATION once it is said, which never changes in a session.
func (t *timeline) limit() int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.target > 0 {
		return t.target * 1000
	}
	return t.cfg.MaxSegmentDuration.Milliseconds()
}

// measured says whether TARGETDURATION is said.
func (t *timeline) measured() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.target > 0
}
