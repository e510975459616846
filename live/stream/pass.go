package stream

import (
	"bytes"
	"time"
)

// Pass appends a tag that a Sink was given. It is on the session's clock already and keeps its time, but that a generation
// which begins below what was given out here goes on above it; all of it is shifted then. The error says why the publisher
// has been ended. Pass is called by one goroutine, in the order in which the Sink was.
func (p *Publisher) Pass(t *Tag) error {
	wake, err := p.feed.pass(p, t, time.Now())
	signal(wake)
	return err
}

// pass appends a tag of another feed.
func (f *feed) pass(p *Publisher, from *Tag, now time.Time) (chan struct{}, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.err != nil {
		return nil, p.err
	}
	p.meter.tag(from.kind, len(from.buf), from.format, now)
	t := p.own(from)
	if !t.format.control {
		f.last = max(f.last, t.time)
		p.track(t.kind, t.time, t.format, now)
	}
	return f.take(p, t, now), nil
}

// own is another feed's tag as one of this publisher. The bytes are shared where the time stays.
func (p *Publisher) own(from *Tag) *Tag {
	if !from.format.control && !p.moved {
		p.moved = true
		p.shift = max(p.above+1-from.time, 0)
	}
	ms := from.time + p.shift
	if !from.format.metadata {
		ms = max(ms, p.above+1)
	}
	if ms == from.time || from.format.metadata {
		return &Tag{buf: from.buf, time: from.time, gen: p.generation, format: from.format, kind: from.kind}
	}
	return newTag(from.kind, ms, p.generation, bytes.Clone(from.buf), from.format)
}
