package pull

import (
	"context"
	"time"

	"liveroom/live/stream"
)

// How far what is sent may be ahead of the time it lasts: of VOD, so that players can fill their buffers; and of what is live, where
// it bounds what a server sends that has more than it should.
const (
	leadVOD  = time.Second
	leadLive = 20 * time.Second
)

// leap is a step of timestamps that no time is waited for.
const leap = 10 * time.Second

// pacer has tags wait for their times.
type pacer struct {
	lead  time.Duration
	begun bool
	at    time.Time // when base was due
	base  int64     // ms
	last  int64
}

// wait waits until a tag of that time, in ms, may go out. Who was late by more than lead does not catch up.
func (p *pacer) wait(ctx context.Context, ms int64) error {
	now := time.Now()
	step := time.Duration(ms-p.last) * time.Millisecond
	if !p.begun || step > leap || step < -leap || now.Sub(p.due(ms)) > p.lead {
		p.begun, p.at, p.base = true, now, ms
	}
	p.last = ms
	d := p.due(ms).Add(-p.lead).Sub(now)
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pacer) due(ms int64) time.Time { return p.at.Add(time.Duration(ms-p.base) * time.Millisecond) }

// timeline puts the rounds of a VOD behind one another.
type timeline struct {
	begun bool
	base  int64 // the first time of the round
	shift int64 // where it goes
	last  int64 // the largest given out
}

// Of rounds, in ms: what lies between the last tag of one and the next one, where it is not known how long it is; and how long one
// takes at the least, so that a source with next to nothing in it is not asked for again and again.
const (
	stepMs  = 40
	roundMs = 1000
)

// at is where a tag goes, in ms.
func (l *timeline) at(ms int64) int64 {
	if !l.begun {
		l.begun, l.base = true, ms
	}
	out := ms - l.base + l.shift
	l.last = max(l.last, out)
	return out
}

// round ends a round, of a source that ends at that time; 0: it is not known when.
func (l *timeline) round(end int64) {
	next := l.last + stepMs
	if end > 0 {
		next = max(l.shift+end-l.base, l.last+1)
	}
	next = max(next, l.shift+roundMs)
	l.begun, l.shift, l.last = false, next, next
}

// configures says whether a tag is nothing but a decoder's configuration.
func configures(kind stream.Kind, payload []byte) bool {
	if len(payload) < 2 {
		return true
	}
	if kind == stream.Video {
		return payload[0]&0x80 != 0 && payload[0]&0xf == 0 || payload[0]&0x8f == 7 && payload[1] == 0
	}
	return payload[0]>>4 == 9 && payload[0]&0xf == 0 || payload[0]>>4 == 10 && payload[1] == 0
}
