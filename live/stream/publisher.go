package stream

import (
	"bytes"
	"time"
)

// Publisher is one push of a stream. Write is called by one goroutine; the other methods by any.
type Publisher struct {
	feed       *feed
	name       string
	generation uint64
	offset     time.Duration
	remote     string
	relay      bool // from another node's hub
	sink       Sink // nil: subscribers
	passed     bool // from a sink
	startedAt  time.Time
	done       chan struct{}

	session      string
	sessionStart time.Time

	sequence [2][]byte // newest sequence headers, audio and video; Write's own

	// All below is guarded by feed.mu.
	clock    clock
	meter    meter
	counted  Repairs // by the hub
	hasVideo bool
	videoAt  int64 // time of the newest video tag
	above    int64 // passed: what no media may lie at or below
	shift    int64 // passed: of all tags
	moved    bool  // passed: shift is known
	err      error
	reason   StopReason
	endedAt  time.Time
}

// Write appends one message. Kind and timestamp (ms, raw as the publisher sent it) are those of the RTMP message; buf was made by NewBuffer and belongs to
// the hub from now on. It never waits for a subscriber. The error says why the publisher has been ended; a message that
// cannot be understood is dropped and counted.
func (p *Publisher) Write(kind Kind, timestamp uint32, buf []byte) error {
	size := len(buf) - HeaderBytes - TrailerBytes
	if size < 0 || size > MaxPayloadBytes {
		return ErrBuffer
	}
	if kind == Script {
		buf = stripSetDataFrame(buf)
	}
	payload := buf[HeaderBytes : len(buf)-TrailerBytes]
	fm, err := parse(kind, payload)
	if err != nil {
		p.feed.hub.counts.malformed.Add(1)
		return p.broken()
	}
	fm.mend(payload)
	if fm.sequence {
		fm.changed = p.changed(kind, payload)
	}
	p.feed.hub.counts.tagsIn.Add(1)
	p.feed.hub.counts.bytesIn.Add(uint64(len(buf)))
	wake, err := p.feed.write(p, kind, timestamp, buf, fm, time.Now())
	signal(wake)
	return err
}

// stripSetDataFrame removes the command that RTMP publishers put before onMetaData and that players must not see.
func stripSetDataFrame(buf []byte) []byte {
	if payload := buf[HeaderBytes : len(buf)-TrailerBytes]; len(payload) > len(setDataFrame) &&
		string(payload[:len(setDataFrame)]) == string(setDataFrame) {
		return buf[len(setDataFrame):]
	}
	return buf
}

// changed says whether a sequence header differs from the one before it; that one must not have been nil.
func (p *Publisher) changed(kind Kind, payload []byte) bool {
	old := p.sequence[slot(kind)]
	p.sequence[slot(kind)] = payload
	return old != nil && !bytes.Equal(old, payload)
}

// broken counts a message that could not be understood, and says why the publisher has been ended, if it has.
func (p *Publisher) broken() error {
	p.feed.mu.Lock()
	defer p.feed.mu.Unlock()
	if p.err == nil {
		p.meter.broken(time.Now())
	}
	return p.err
}

// track keeps what the ingest figures need of a media tag that arrived now. The feed's mutex is held.
func (p *Publisher) track(kind Kind, ms int64, fm format, now time.Time) {
	if kind == Video {
		p.hasVideo, p.videoAt = true, ms
	}
	if fm.mended {
		p.clock.repair(Composition)
	}
	if p.clock.repaired != p.meter.repaired {
		p.count()
	}
	p.meter.media(kind, ms, fm, &p.clock, now)
}

// count adds the repairs since it was last called to the hub's.
func (p *Publisher) count() {
	for k, n := range p.clock.repairs {
		if n != p.counted[k] {
			p.feed.hub.counts.repairs[k].Add(n - p.counted[k])
		}
	}
	p.counted = p.clock.repairs
}

// Generation is the generation it publishes.
func (p *Publisher) Generation() uint64 { return p.generation }

// Done is closed when the publisher has been ended, by whomever.
func (p *Publisher) Done() <-chan struct{} { return p.done }

// Err says why the publisher has been ended: ErrTakenOver, the cause given to Drop or End, ErrClosed after Close. It is
// nil while it runs.
func (p *Publisher) Err() error {
	p.feed.mu.Lock()
	defer p.feed.mu.Unlock()
	return p.err
}

// Reason is what Close was called with, empty before and where something else ended the publisher.
func (p *Publisher) Reason() StopReason {
	p.feed.mu.Lock()
	defer p.feed.mu.Unlock()
	return p.reason
}

// Close ends the publisher. Subscribers stay and wait for the next one. Only the first end counts.
func (p *Publisher) Close(reason StopReason) {
	h, f := p.feed.hub, p.feed
	h.mu.Lock()
	f.mu.Lock()
	if p.err == nil {
		p.reason = reason
	}
	f.detach(p, ErrClosed)
	f.mu.Unlock()
	h.release(f)
	h.mu.Unlock()
}

// Stats are the publisher's ingest figures.
func (p *Publisher) Stats() Ingest {
	p.feed.mu.Lock()
	defer p.feed.mu.Unlock()
	return p.ingest(time.Now())
}

func (p *Publisher) ingest(now time.Time) Ingest {
	if p.err != nil {
		now = p.endedAt
	}
	return p.meter.ingest(now, p.startedAt, &p.clock)
}
