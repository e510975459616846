package stream

import "time"

// clock puts one publisher's timestamps onto the session's clock (design §5): the first media tag lies at base, the
// others follow by the publisher's own deltas as long as these are plausible.
//
// The 32-bit timestamps are unwrapped into one running position ("ext"), to which shift is added. When the publisher's
// clock jumps, a new shift continues where the stream was. Audio and video rarely jump between the same two tags, so the
// former shift stays valid for a track until that track has jumped as well; this keeps them in step.
type clock struct {
	maxJump, maxRegress int64

	base, floor int64 // where the first tag goes, and what nothing may go below
	started     bool
	lastRaw     uint32
	ext         int64
	shift       int64
	formerShift int64
	crossing    bool // formerShift is still in use by a track that has not jumped yet
	tracks      [2]track
	high        int64 // the largest time given out
	arrivedAt   time.Time
	repaired    uint64
}

type track struct {
	started bool
	jumped  bool // since crossing began
	last    int64
	step    int64
}

// newClock starts a clock at offset, or just above last if that is known to be larger.
func newClock(cfg *Config, offset time.Duration, last int64) clock {
	floor := max(last+1, 0)
	base := max(offset.Milliseconds(), floor)
	return clock{
		maxJump: cfg.MaxJump.Milliseconds(), maxRegress: cfg.MaxRegress.Milliseconds(),
		base: base, floor: floor, high: base,
	}
}

// control is the time of a tag without media. Its own timestamp is believed only near the present: often it is 0 and
// means nothing. It never moves the clock.
func (c *clock) control(kind Kind, raw uint32) int64 {
	if !c.started {
		return c.high
	}
	out := c.ext + int64(int32(raw-c.lastRaw)) + c.shift
	if out > c.high+c.maxRegress || out < c.high-c.maxRegress {
		return c.high
	}
	switch kind {
	case Audio, Video:
		return max(out, c.least(c.track(kind)))
	case Script:
	}
	return max(out, c.floor)
}

// media is the time of an audio or video tag that arrived now with that raw timestamp in ms.
func (c *clock) media(kind Kind, raw uint32, now time.Time) int64 {
	if !c.started {
		c.started, c.lastRaw, c.shift, c.arrivedAt = true, raw, c.base, now
	}
	c.ext += int64(int32(raw - c.lastRaw))
	c.lastRaw = raw
	elapsed := max(now.Sub(c.arrivedAt).Milliseconds(), 0)
	c.arrivedAt = now

	t := c.track(kind)
	out := c.place(t, elapsed)
	if least := c.least(t); out < least {
		out = least
		c.repaired++
	}
	if t.started && out > t.last {
		t.step = min(out-t.last, 1000)
	}
	t.started, t.last = true, out
	c.high = max(c.high, out)
	return out
}

func (c *clock) track(kind Kind) *track {
	if kind == Video {
		return &c.tracks[1]
	}
	return &c.tracks[0]
}

// place finds the shift that makes the present position plausible for a track, and makes a new one if none does.
func (c *clock) place(t *track, elapsed int64) int64 {
	out := c.ext + c.shift
	if c.crossing && !t.jumped {
		former := c.ext + c.formerShift
		if c.plausible(t, former, elapsed) && c.distance(t, former) <= c.distance(t, out) {
			return former
		}
	}
	if !c.plausible(t, out, elapsed) {
		out = max(c.high, c.expected(t))
		c.formerShift, c.shift = c.shift, out-c.ext
		c.crossing = true
		c.tracks[0].jumped, c.tracks[1].jumped = false, false
		c.repaired++
	}
	t.jumped = true
	if (c.tracks[0].jumped || !c.tracks[0].started) && (c.tracks[1].jumped || !c.tracks[1].started) {
		c.crossing = false
	}
	return out
}

func (c *clock) plausible(t *track, out, elapsed int64) bool {
	if out > c.high+c.maxJump+elapsed {
		return false
	}
	if t.started {
		return out >= t.last-c.maxRegress
	}
	return out >= c.high-c.maxJump
}

// expected is where a track's next tag should lie.
func (c *clock) expected(t *track) int64 {
	if !t.started {
		return c.high
	}
	if t.step == 0 {
		return t.last + 20
	}
	return t.last + t.step
}

func (c *clock) distance(t *track, out int64) int64 {
	d := out - c.expected(t)
	return max(d, -d)
}

func (c *clock) least(t *track) int64 {
	if t.started {
		return t.last
	}
	return c.floor
}
