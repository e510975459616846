package stream

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"
)

// feed is one named stream: its log, its publisher, its subscribers.
type feed struct {
	hub  *Hub
	name string

	mu sync.Mutex
	// All below is guarded by mu. Where the hub's mutex is needed too, it is taken first.
	log        tagLog
	headers    headers
	headerID   uint64
	cut        uint64  // cursors below it lost their tags to a gate, not to slowness
	fresh      uint64  // newcomers start here or later: what is older came from a publisher that is gone
	picture    picture // the newest keyframe; empty while the gate is closed or nobody publishes
	epoch      string  // of generation
	generation uint64
	last       int64 // the largest time given out, -1 before the first
	pub        *Publisher
	relayed    relayed
	gated      bool
	await      bool // nothing is appended until the next keyframe
	ended      bool
	protocols  map[string]int                      // viewers
	linked     map[string]map[*Subscriber]struct{} // those of them that name a chat session, by its id
	wake       chan struct{}                       // closed to wake waiting subscribers; nil while none waits
	viewers    int                                 // subscribers that are not internal
	merge      merger
	timer      *time.Timer // ends the merge window
	armed      bool

	subscribers atomic.Int64 // changed under the hub's mutex
}

// write appends one tag of a publisher. It returns the channel to close when subscribers are to be woken.
func (f *feed) write(p *Publisher, kind Kind, raw uint32, buf []byte, fm format, now time.Time) (chan struct{}, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.err != nil {
		return nil, p.err
	}
	p.meter.tag(kind, len(buf), fm, now)
	var ms int64
	if fm.control {
		ms = f.controlTime(p, kind, raw)
	} else {
		var fresh bool
		if ms, fresh = f.mediaTime(p, kind, raw, now); !fresh {
			return nil, nil
		}
		f.last = max(f.last, ms)
		p.track(kind, ms, fm, now)
	}
	t := newTag(kind, ms, p.generation, buf, fm)
	t.relayed = p.relay
	return f.take(p, t, now), nil
}

// take gives a tag of the running publisher to its sink, or to subscribers if the gate is open and a keyframe has come.
func (f *feed) take(p *Publisher, t *Tag, now time.Time) chan struct{} {
	if slot := headerSlot(t); slot >= 0 {
		return f.writeHeader(p, t, slot, now)
	}
	if p.sink != nil {
		p.sink.Pass(t, now)
		return nil
	}
	if f.gated {
		f.hub.counts.gated.Add(1)
		return nil
	}
	start := f.startsHere(p, t)
	if f.await && !start {
		f.hub.counts.beforeKeyframe.Add(1)
		return nil
	}
	if f.await {
		f.resume(t)
	}
	if start {
		f.log.addMark(t.time, f.headers)
		if t.format.keyframe {
			f.picture = picture{t, f.headers[slotVideo]}
		}
	}
	return f.append(t, now)
}

// controlTime is where a tag without media belongs.
func (f *feed) controlTime(p *Publisher, kind Kind, raw uint32) int64 {
	if p.relay {
		return f.relayed.control(raw)
	}
	return p.clock.control(kind, raw)
}

// mediaTime is where an audio or video tag belongs; one that was there before is not fresh.
func (f *feed) mediaTime(p *Publisher, kind Kind, raw uint32, now time.Time) (ms int64, fresh bool) {
	if p.relay {
		return f.relayed.media(kind, raw)
	}
	return p.clock.media(kind, raw, now), true
}

// writeHeader remembers a header and, while media flows, passes it on. Some encoders repeat their headers with every
// keyframe: a repetition is dropped.
func (f *feed) writeHeader(p *Publisher, t *Tag, slot int, now time.Time) chan struct{} {
	if h := f.headers[slot]; h != nil && bytes.Equal(h.Payload(), t.Payload()) {
		return nil
	}
	f.headerID++
	t.id = f.headerID
	f.headers[slot] = t
	if p.sink != nil {
		p.sink.Pass(t, now)
		return nil
	}
	if f.gated || f.await {
		return nil
	}
	return f.append(t, now)
}

// startsHere says whether a newcomer can start with a tag: with a keyframe, or in a stream without video with any audio,
// of which one each AudioCache is chosen. A stream whose video has been silent for too long counts as one without.
func (f *feed) startsHere(p *Publisher, t *Tag) bool {
	if t.format.keyframe {
		return true
	}
	video := p.hasVideo || f.headers[slotVideo] != nil
	if video && t.time-max(p.videoAt, p.clock.base) <= f.hub.cfg.GOPDuration.Milliseconds() {
		return false
	}
	if t.kind != Audio || t.format.control {
		return false
	}
	m := f.log.newest()
	return f.await || m == nil || t.time-m.time >= f.hub.cfg.AudioCache.Milliseconds()
}

// resume begins a new stretch of media with t: the headers go first, and the first tag tells of the break.
func (f *feed) resume(t *Tag) {
	f.await = false
	breaks := true
	for _, h := range f.headers {
		if h != nil {
			f.log.push(h.at(t.time, breaks))
			breaks = false
		}
	}
	t.breaks = breaks
}

// append adds a tag to the log and decides when subscribers see it: at once while few watch, else with others.
func (f *feed) append(t *Tag, now time.Time) chan struct{} {
	if f.log.pending == 0 {
		f.merge.since = now
	}
	f.log.push(t)
	f.log.trim(&f.hub.cfg, f.last)
	picture := t.kind == Video && !t.format.control
	if picture {
		f.merge.saw(now)
	}
	window := f.hub.cfg.window(int(f.hub.counts.viewers.Load()), f.viewers == 0)
	patience := f.merge.patience(window, f.hub.cfg.MergeWindow, picture, now)
	if patience == 0 || f.log.pending >= f.hub.cfg.BatchBytes {
		return f.show()
	}
	if !f.armed {
		f.armed = true
		if f.timer == nil {
			f.timer = time.AfterFunc(patience, f.flush)
		} else {
			f.timer.Reset(patience)
		}
	}
	return nil
}

// flush is what the timer does at the end of a merge window.
func (f *feed) flush() {
	f.mu.Lock()
	var wake chan struct{}
	if f.armed {
		wake = f.show()
	}
	f.mu.Unlock()
	signal(wake)
}

// show makes all tags readable and returns the channel to close once the lock is released.
func (f *feed) show() chan struct{} {
	f.log.show()
	if f.armed {
		f.armed = false
		f.timer.Stop()
	}
	wake := f.wake
	f.wake = nil
	return wake
}

// signal wakes the subscribers waiting on a channel, if any.
func signal(wake chan struct{}) {
	if wake != nil {
		close(wake)
	}
}

// wakeAll is show for what happens rarely: it wakes under the lock.
func (f *feed) wakeAll() { signal(f.show()) }

// gate closes or opens the gate.
func (f *feed) gate(closed bool) {
	if f.gated == closed {
		return
	}
	f.gated = closed
	f.await = true
	if closed {
		f.picture = picture{}
		f.log.clear()
		f.cut = f.log.head
		f.wakeAll()
	}
}

// detach ends the running publisher, if it is p. Subscribers may still read what is there, but newcomers wait for the
// next publisher: they get no picture of one that is gone.
func (f *feed) detach(p *Publisher, cause error) {
	if f.pub != p || p == nil {
		return
	}
	f.pub = nil
	p.err = cause
	p.endedAt = time.Now()
	close(p.done)
	if p.sink != nil {
		p.sink.Over()
	}
	f.fresh = f.log.head
	f.picture = picture{}
	f.await = true
	f.hub.counts.running(p).Add(-1)
	f.wakeAll()
}

// attach makes p the running publisher.
func (f *feed) attach(p *Publisher) {
	p.clock = newClock(&f.hub.cfg, p.offset, f.last)
	p.above = f.last
	if p.relay {
		f.join(p.generation, p.offset.Milliseconds())
	} else {
		f.relayed = relayed{}
	}
	f.pub = p
	f.generation = max(f.generation, p.generation)
	f.headers = headers{}
	f.await = true
	f.hub.counts.running(p).Add(1)
	if !p.relay && !p.passed {
		f.hub.counts.published.Add(1)
	}
}
