package stream

import "time"

// Publisher is one push of a stream. Write is called by one goroutine; the other methods by any.
type Publisher struct {
	feed       *feed
	name       string
	generation uint64
	offset     time.Duration
	remote     string
	startedAt  time.Time
	done       chan struct{}

	// All below is guarded by feed.mu.
	clock    clock
	meter    meter
	hasVideo bool
	videoAt  int64 // time of the newest video tag
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
	fm, err := parse(kind, buf[HeaderBytes:len(buf)-TrailerBytes])
	if err != nil {
		p.feed.hub.counts.malformed.Add(1)
		return p.Err()
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

// track keeps what the ingest figures need of a media tag. The feed's mutex is held.
func (p *Publisher) track(kind Kind, ms int64, fm format) {
	if kind == Video {
		p.hasVideo, p.videoAt = true, ms
		if fm.keyframe {
			p.meter.keyframe(ms)
		}
	}
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
	in := p.meter.ingest(now, p.startedAt)
	in.Repaired = p.clock.repaired
	if p.clock.started {
		in.LastTime = p.clock.high
	}
	return in
}
