package hls

import (
	"context"
	"strconv"
	"sync"
	"time"
)

// margin is added to the first number of a generation, once per generation.
//
// Why numbers need no memory beyond the process. Number n of a segment that ends at e seconds of the session's clock in
// generation g always satisfies
//
//	n < floor(e) + margin·g
//
// A node that knows nothing starts generation g' > g, at s' seconds, with floor(s') + margin·g'. The session's clock does
// not go back, so s' >= e but for the burst an encoder sent ahead of time and for what two nodes' clocks differ; with
// g' >= g+1 the new number is larger than n as long as these stay under margin seconds. A segment that would break the
// inequality is not published: that can only be one shorter than a second, at the very begin of a generation.
//
// A node that segmented the generation before goes on with n+1 instead: numbers in a playlist are consecutive by
// definition, so a jump would unlist the segments before the reconnect. n+1 only makes the left side smaller.
// If generations are missing in between, another node may have numbered them: then it jumps like one that knows nothing.
//
// Discontinuity numbers follow the same way: there is at most one break per segment, so a fresh list that gives its
// first segment's number also to its discontinuity never goes back.
const margin = 10

// sessionBegin is the time in ms before which the first segment of a list is taken for the first of its session: nothing
// was before it that it could break with.
const sessionBegin = 3000

// initFile is one init segment; it is immutable.
type initFile struct {
	name  string
	data  []byte
	video *video // nil without
	audio *audio
}

// segment is one finished segment; it is immutable but for unlistedAt.
type segment struct {
	number        uint64
	generation    uint64
	name          string
	discontinuity uint64 // discontinuity number, this segment's own break included
	breaks        bool   // EXT-X-DISCONTINUITY goes before it
	init          *initFile
	start         int64 // ms on the session's clock
	duration      int64 // ms, never 0
	listed        int64 // ms, as the playlist says it
	frames        int   // of video
	data          []byte
	hour          int64 // hour and capability of its path, fixed so that its URI never changes while listed
	capability    string
	unlistedAt    time.Time // zero while it is in the playlist; guarded by timeline.mu
}

// draft is what a segmenter hands in: a segment without its place in the list.
type draft struct {
	generation uint64
	breaks     bool
	init       *initFile
	start, end int64 // ms on the session's clock
	frames     int
	write      func(number uint64) ([]byte, error)
}

// timeline is one stream's list of segments during one session. The segmenter is its only writer.
type timeline struct {
	cfg    *Config
	signer *signer
	name   string

	mu sync.RWMutex
	// All below is guarded by mu.
	began      time.Time  // zero of the session's clock as far as this node knows it; set once
	session    string     // what capabilities call the session: began
	segments   []*segment // kept, oldest first
	base       uint64     // segments below this number are no longer listed, because the list began anew
	bytes      int
	generation uint64 // newest one seen
	fresh      bool   // the next segment begins a new list
	last       uint64
	target     int64 // EXT-X-TARGETDURATION in seconds; 0 before the first segment
	endedAt    time.Time
	changed    chan struct{} // closed and replaced at each change
	bodies     map[bodyKey][]byte
}

func newTimeline(cfg *Config, sign *signer, name string) *timeline {
	return &timeline{
		cfg: cfg, signer: sign, name: name, fresh: true, changed: make(chan struct{}), bodies: make(map[bodyKey][]byte),
	}
}

// seen notes that media of a generation begins, now, at ms of the session's clock.
func (t *timeline) seen(generation uint64, ms int64, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.began.IsZero() {
		t.began = now.Add(-time.Duration(ms) * time.Millisecond)
		t.session = strconv.FormatInt(t.began.UnixMilli(), 10)
		t.notify()
	}
	if generation != t.generation && generation != t.generation+1 {
		t.fresh = true
	}
	t.generation = generation
}

// place returns the number a draft gets and whether it begins a new list; ok is false if it may not be published at all.
func (t *timeline) place(d *draft) (number uint64, fresh, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	number = t.last + 1
	if t.fresh {
		number = max(number, uint64(d.start/1000)+margin*d.generation) //nolint:gosec // the clock starts at 0
	}
	return number, t.fresh, number < uint64(d.end/1000)+margin*d.generation //nolint:gosec // as above
}

// add publishes a draft. It reports whether there was a place for it.
func (t *timeline) add(d *draft, now time.Time) (bool, error) {
	number, fresh, ok := t.place(d)
	if !ok {
		return false, nil
	}
	data, err := d.write(number)
	if err != nil {
		return false, err
	}
	s := &segment{
		number: number, generation: d.generation, init: d.init, start: d.start, duration: d.end - d.start, frames: d.frames,
		name: strconv.FormatUint(d.generation, 10) + "-" + strconv.FormatUint(number, 10) + ".m4s", data: data,
		hour: hourOf(now),
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s.capability = t.signer.capability(t.name, t.session, s.hour)
	t.join(s, d, fresh)
	t.last, t.fresh = number, false
	t.segments = append(t.segments, s)
	t.bytes += len(s.data)
	t.evict(now)
	t.notify()
	return true, nil
}

// join relates a segment to the ones before it. t.mu is held.
func (t *timeline) join(s *segment, d *draft, fresh bool) {
	if t.target == 0 {
		t.target = max(int64(t.cfg.SegmentDuration/time.Second), (s.duration+500)/1000)
	}
	// A pause of the encoder across a cut can make the segment longer than it may say.
	s.listed = min(s.duration, t.target*1000+499)
	if fresh {
		t.base = s.number
		s.discontinuity, s.breaks = s.number, d.start >= sessionBegin
		return
	}
	before := t.segments[len(t.segments)-1]
	s.discontinuity, s.breaks = before.discontinuity, d.breaks || before.init != s.init
	if s.breaks {
		s.discontinuity++
	}
}

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
		t.bytes -= len(t.segments[n].data)
		t.segments[n] = nil
		n++
	}
	t.segments = t.segments[n:]
}

// over says whether a segment has been there long enough for players with an old playlist: its length and that of the
// longest playlist it stood in, from when it was unlisted (RFC 8216 §6.2.2). t.mu is held.
func (t *timeline) over(s *segment, now time.Time) bool {
	kept := time.Duration(s.listed)*time.Millisecond + time.Duration(int64(t.cfg.ListSize)*t.target)*time.Second
	return !s.unlistedAt.IsZero() && now.Sub(s.unlistedAt) >= kept
}

// end closes the list: EXT-X-ENDLIST.
func (t *timeline) end(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.endedAt = now
	t.notify()
}

// notify tells waiters of a change. t.mu is held.
func (t *timeline) notify() {
	clear(t.bodies)
	close(t.changed)
	t.changed = make(chan struct{})
}

// wait blocks until there is a segment or the stream has ended.
func (t *timeline) wait(ctx context.Context) error {
	for {
		t.mu.RLock()
		ready, changed := len(t.segments) > 0 || !t.endedAt.IsZero(), t.changed
		t.mu.RUnlock()
		if ready {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// file returns a segment or init segment by its name.
func (t *timeline) file(name string) ([]byte, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for i := len(t.segments) - 1; i >= 0; i-- {
		switch s := t.segments[i]; name {
		case s.name:
			return s.data, true
		case s.init.name:
			return s.init.data, true
		}
	}
	return nil, false
}

// allows says whether a capability opens this session's files.
func (t *timeline) allows(capability string, now time.Time) bool {
	t.mu.RLock()
	session := t.session
	t.mu.RUnlock()
	return t.signer.checkCap(capability, t.name, session, now)
}

// stale says whether a timeline nobody writes any more may be forgotten: some time after its end, or at once when it
// has none.
func (t *timeline) stale(now time.Time) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.endedAt.IsZero() || now.Sub(t.endedAt) >= t.cfg.EndKept
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
