package stream

import (
	"context"
	"time"
)

// Subscriber reads a stream. Next, Discontinuity and SetIdle belong to one goroutine; Close and Lost to any.
type Subscriber struct {
	feed       *feed
	protocol   string
	internal   bool
	viewer     string
	generation uint64 // 0: any
	onClose    func() // may be nil
	done       chan struct{}

	// Owned by the goroutine that calls Next.
	idle  time.Duration
	timer *time.Timer
	armed bool
	since time.Time // when tags were last returned, or waiting for the first began

	// All below is guarded by feed.mu.
	cursor     uint64
	seeking    bool                // looking for a mark to go on from
	waits      bool                // seeking, and wants the first mark to come instead of the newest
	from       uint64              // seeking, marks below it are not for this subscriber
	started    bool                // has read something
	passed     bool                // another generation than its own came
	broken     bool                // what is read next begins after a break
	breaks     bool                // the last batch did
	failed     error               // ErrClosed or ErrSlow, for good
	have       [headerSlots]uint64 // ids of the headers it has read
	overflows  int
	overflowAt time.Time
	lost       Loss
}

// Loss is what a subscriber missed because it was too slow.
type Loss struct {
	Overflows uint64 // how often it fell behind the log
	Tags      uint64 // how many tags it lost thereby
}

// SetIdle makes Next return ErrIdle whenever nothing arrived for d; 0, the default, makes it wait for ever.
func (s *Subscriber) SetIdle(d time.Duration) {
	if s.armed { // for the old time
		s.timer.Stop()
		s.armed = false
	}
	s.idle = d
}

// Next waits until there is at least one tag and returns those that are there, in order, appended to buf[:0]: as many as
// fit twice Config.BatchBytes, at least one. A newcomer first gets metadata, sequence headers and the cached GOP.
//
// The error is ctx's, ErrEnded when the stream is over and read to its end, ErrSlow when the subscriber lost GOPs too
// often, ErrClosed after Close, or ErrIdle (see SetIdle), after which Next may be called again.
func (s *Subscriber) Next(ctx context.Context, buf []*Tag) ([]*Tag, error) {
	if s.idle > 0 && s.since.IsZero() {
		s.since = time.Now()
	}
	for {
		tags, wake, err := s.take(buf[:0])
		if err != nil {
			return tags, err
		}
		if len(tags) > 0 {
			if s.idle > 0 {
				s.since = time.Now()
			}
			return tags, nil
		}
		select {
		case <-wake:
		case <-s.done:
		case <-ctx.Done():
			return tags, context.Cause(ctx)
		case <-s.alarm():
			s.armed = false
			if now := time.Now(); now.Sub(s.since) >= s.idle {
				s.since = now
				return tags, ErrIdle
			}
		}
	}
}

// alarm returns the channel of a timer that fires when the subscriber may have been idle for too long. It is not
// touched while tags flow: that it fires early, about once per idle time, is cheaper than a reset per batch.
func (s *Subscriber) alarm() <-chan time.Time {
	if s.idle <= 0 {
		return nil
	}
	if !s.armed {
		s.armed = true
		left := max(s.idle-time.Since(s.since), 0)
		if s.timer == nil {
			s.timer = time.NewTimer(left)
		} else {
			s.timer.Reset(left)
		}
	}
	return s.timer.C
}

// take returns what can be read now, or the channel that is closed when there is more.
func (s *Subscriber) take(out []*Tag) ([]*Tag, chan struct{}, error) {
	f := s.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.failed != nil {
		return out, nil, s.failed
	}
	if err := s.position(); err != nil {
		return out, nil, err
	}
	size, until := 0, f.log.visible
	if s.seeking {
		out, size = s.seek(out)
		until = f.log.head // a newcomer's first picture need not wait for others' merged writes
	}
	if !s.seeking {
		out = s.read(out, size, until)
	}
	if len(out) > 0 {
		return out, nil, nil
	}
	if f.ended || s.passed {
		return out, nil, ErrEnded
	}
	if f.wake == nil {
		f.wake = make(chan struct{})
	}
	return out, f.wake, nil
}

// position notices that the tags at the cursor are gone.
func (s *Subscriber) position() error {
	f := s.feed
	switch {
	case s.seeking:
	case s.cursor < f.cut:
		s.seeking, s.broken = true, true
		s.waits, s.from = true, f.cut
	case s.cursor < f.log.base:
		next := f.log.visible
		if m := f.log.newest(); m != nil && m.index < next {
			next = m.index
		}
		s.lost.Overflows++
		s.lost.Tags += next - s.cursor
		f.hub.counts.overflows.Add(1)
		f.hub.counts.overflowed.Add(next - s.cursor)
		now := time.Now()
		if now.Sub(s.overflowAt) > f.hub.cfg.OverflowWindow {
			s.overflows = 0
		}
		s.overflows++
		s.overflowAt = now
		if s.overflows > f.hub.cfg.MaxOverflows {
			f.hub.counts.slow.Add(1)
			s.failed = ErrSlow
			return ErrSlow
		}
		s.seeking, s.broken = true, true
		s.waits, s.from = false, 0
	}
	return nil
}

// seek goes to the mark, if there is one, and returns the headers the subscriber does not have yet.
func (s *Subscriber) seek(out []*Tag) ([]*Tag, int) {
	l := &s.feed.log
	m := l.newest()
	if s.waits {
		m = l.first(s.from)
	}
	if m == nil || m.index >= l.head || m.index < s.from {
		return out, 0
	}
	if s.passed = s.foreign(l.at(m.index)); s.passed {
		return out, 0
	}
	size := 0
	for slot := range m.headers {
		if h := m.header(slot); h != nil && h.id != s.have[slot] {
			s.have[slot] = h.id
			out = append(out, h)
			size += len(h.buf)
		}
	}
	s.cursor = m.index
	s.seeking = false
	s.breaks, s.broken = s.broken && s.started, false
	t := l.at(s.cursor)
	s.cursor++
	return append(out, t), size + len(t.buf)
}

// foreign says that a tag is of another generation than the subscriber reads.
func (s *Subscriber) foreign(t *Tag) bool { return s.generation != 0 && t.gen != s.generation }

// read appends tags from the cursor on until the batch is full or a break follows, up to an index.
func (s *Subscriber) read(out []*Tag, size int, until uint64) []*Tag {
	f := s.feed
	if len(out) == 0 {
		s.breaks = false
	}
	for s.cursor < until {
		t := f.log.at(s.cursor)
		if len(out) > 0 && (t.breaks || size+len(t.buf) > 2*f.hub.cfg.BatchBytes) {
			break
		}
		if s.passed = s.foreign(t); s.passed {
			break
		}
		s.cursor++
		s.breaks = s.breaks || t.breaks
		if slot := headerSlot(t); slot >= 0 {
			if s.have[slot] == t.id {
				continue
			}
			s.have[slot] = t.id
		}
		out = append(out, t)
		size += len(t.buf)
	}
	if len(out) > 0 {
		s.started = true
		f.hub.counts.batchesOut.Add(1)
		f.hub.counts.tagsOut.Add(uint64(len(out)))
		f.hub.counts.bytesOut.Add(uint64(size))
	}
	return out
}

// Discontinuity says that the batch Next returned last begins after a break: tags were lost, a new generation began or
// a gate opened. A break is never inside a batch, and the first batch does not begin with one.
func (s *Subscriber) Discontinuity() bool {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	return s.breaks
}

// Lost says what the subscriber has missed so far.
func (s *Subscriber) Lost() Loss {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	return s.lost
}

// Name is the name of the stream it reads.
func (s *Subscriber) Name() string { return s.feed.name }

// Close ends the subscriber and wakes its Next. It may be called more than once.
func (s *Subscriber) Close() {
	if s.end() && s.onClose != nil {
		s.onClose()
	}
}

// end counts the subscriber out and says whether it was open.
func (s *Subscriber) end() bool {
	f, h := s.feed, s.feed.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	f.mu.Lock()
	select {
	case <-s.done:
		f.mu.Unlock()
		return false
	default:
	}
	close(s.done)
	if s.failed == nil {
		s.failed = ErrClosed
	}
	if !s.internal {
		f.viewers--
		h.counts.viewers.Add(-1)
		if f.protocols[s.protocol]--; f.protocols[s.protocol] <= 0 {
			delete(f.protocols, s.protocol)
		}
		if s.viewer != "" {
			if delete(f.linked[s.viewer], s); len(f.linked[s.viewer]) == 0 {
				delete(f.linked, s.viewer)
			}
		}
	}
	f.subscribers.Add(-1)
	h.counts.subscribers.Add(-1)
	f.mu.Unlock()
	h.release(f)
	return true
}
