package stream

import "time"

// RepairKind says what was wrong with a timestamp that had to be changed.
type RepairKind uint8

// The repairs that are told apart.
const (
	Clamped     RepairKind = iota // a small step back; the tag got its track's last time
	JumpedBack                    // the publisher's clock began anew; what follows continues where the stream was
	JumpedAhead                   // a leap that no time had passed for; what follows continues where the stream was
	Apart                         // sound or pictures far behind the other; what follows was put beside it
	Stalled                       // timestamps that stand still; the time of arrival was taken
	Held                          // ahead of real time by more than MaxAhead; held there
	Composition                   // a composition time that no decoder can wait for; taken for 0

	repairKinds = iota
)

var repairNames = [repairKinds]string{"clamped", "jumped_back", "jumped_ahead", "apart", "stalled", "held", "composition"}

// String returns the kind in snake_case.
func (k RepairKind) String() string {
	if int(k) < len(repairNames) {
		return repairNames[k]
	}
	return "unknown"
}

// Repairs counts repaired tags by RepairKind.
type Repairs [repairKinds]uint64

// Total is the sum of all kinds.
func (r Repairs) Total() uint64 {
	sum := uint64(0)
	for _, n := range r {
		sum += n
	}
	return sum
}

const (
	// maxStill is how long, in ms, tags may come without their timestamps moving before these are taken for none.
	maxStill = 1000
	// maxComposition is the largest composition time, in ms, either way: no encoder reorders over more than a second or two.
	maxComposition = 10_000
)

// clock puts one publisher's timestamps onto the session's clock (design §5): the first media tag lies at base, the
// others follow by the publisher's own deltas as long as these are plausible. What it gives out never decreases within
// audio or video, never lies below floor, and never runs ahead of real time by more than MaxAhead, over however many
// pushes.
//
// Each track's 32-bit timestamps are unwrapped into one running position ("ext"), to which the track's shift is added.
// Both tracks have the same shift as long as the publisher's clock is sound. When it jumps, the track that comes first
// gets a new shift that continues where the stream was. Audio and video rarely jump between the same two tags, so the
// other keeps its own until it jumps as well, and then takes the same correction: this keeps them in step.
type clock struct {
	maxJump, maxRegress int64

	base, floor int64 // where the first tag goes, and what nothing may go below
	real        int64 // the session's clock as real time has it, when the push began; base is later where an earlier push was ahead
	most        int64 // what nothing may go above at that time
	started     bool
	startedAt   time.Time // arrival of the first media tag
	wall        int64     // ms since then, at the newest one
	tracks      [2]track
	newest      *track // of the newest media tag
	high        int64  // the largest time given out, or where lift has brought it
	repairs     Repairs
	repaired    uint64 // their sum
}

type track struct {
	started bool
	raw     uint32
	ext     int64
	top     int64 // the largest ext since the shift was made
	delta   int64 // of ext, at the newest tag
	shift   int64
	wraps   uint64
	run     int64 // ms the publisher's own clock went on, jumps left out

	follows bool  // the other track has jumped, and this one may follow
	follow  int64 // its shift if it does
	jumpAt  int64 // where the other went on

	last    int64 // time given out
	step    int64 // between the last two different ones
	wallAt  int64 // clock.wall at the last tag
	movedAt int64 // clock.wall when top last grew
}

// newClock starts a clock at offset, or just above last if that is known to be larger.
func newClock(cfg *Config, offset time.Duration, last int64) clock {
	floor := max(last+1, 0)
	base := max(offset.Milliseconds(), floor)
	return clock{
		maxJump: cfg.MaxJump.Milliseconds(), maxRegress: cfg.MaxRegress.Milliseconds(),
		base: base, floor: floor, high: base,
		real: offset.Milliseconds(), most: max(offset.Milliseconds()+cfg.MaxAhead.Milliseconds(), base),
	}
}

// control is the time of a tag without media. Its own timestamp is believed only near the present: often it is 0 and
// means nothing. It never moves the clock.
func (c *clock) control(kind Kind, raw uint32) int64 {
	if !c.started {
		return c.high
	}
	t, least := c.newest, c.floor
	if kind != Script {
		own, _ := c.track(kind)
		least = c.least(own)
		if own.started {
			t = own
		}
	}
	out := t.ext + int64(int32(raw-t.raw)) + t.shift
	if out > c.high+c.maxRegress || out < c.high-c.maxRegress {
		return c.high
	}
	return max(out, least)
}

// media is the time of an audio or video tag that arrived now with that raw timestamp in ms.
func (c *clock) media(kind Kind, raw uint32, now time.Time) int64 {
	t, other := c.track(kind)
	if !c.started {
		c.started, c.startedAt = true, now
	}
	elapsed := max(now.Sub(c.startedAt).Milliseconds()-c.wall, 0)
	c.wall += elapsed
	c.unwrap(t, other, raw)
	out := c.move(t, c.place(t, other, elapsed))
	out = c.hold(t, other, out)
	if least := c.least(t); out < least {
		out = least
		c.repair(Clamped)
	}
	if t.started && out > t.last {
		t.step = min(out-t.last, 1000)
	}
	t.started, t.last, t.wallAt = true, out, c.wall
	c.newest = t
	c.high = min(max(c.high, out), c.most+c.wall) // lift may have brought it further
	return out
}

// track returns a kind's track and the other one.
func (c *clock) track(kind Kind) (own, other *track) {
	if kind == Video {
		return &c.tracks[1], &c.tracks[0]
	}
	return &c.tracks[0], &c.tracks[1]
}

// repair counts a repaired tag.
func (c *clock) repair(k RepairKind) {
	c.repairs[k]++
	c.repaired++
}

// wraps is how often the publisher's 32-bit timestamps began anew at 0, as they do each 49.7 days.
func (c *clock) wraps() uint64 { return max(c.tracks[0].wraps, c.tracks[1].wraps) }

// unwrap moves a track's position to a raw timestamp. Every track has its own, so that it doesn't matter how far apart the
// two are.
func (c *clock) unwrap(t, other *track, raw uint32) {
	switch {
	case t.started:
		t.delta = int64(int32(raw - t.raw))
		if t.delta > 0 && raw < t.raw {
			t.wraps++
		}
		t.ext += t.delta
	case other.started:
		t.ext = other.ext + int64(int32(raw-other.raw))
		t.shift = other.shift
	default:
		t.ext = int64(raw)
		t.shift = c.base - t.ext
	}
	t.raw = raw
}

// place finds the shift that makes the present position plausible for a track, and makes a new one if none does.
func (c *clock) place(t, other *track, elapsed int64) int64 {
	out := t.ext + t.shift
	sound := c.plausible(t, out, elapsed)
	if t.follows {
		follow := t.ext + t.follow
		own := sound && out > t.last-c.maxRegress/2 && c.distance(t, out) <= c.distance(t, follow)
		switch {
		case own:
			t.follows = out <= t.jumpAt+c.maxJump // long past the jump: it was the other track's alone
		case c.plausible(t, follow, elapsed):
			t.adopt(t.follow)
			return follow
		case !sound && follow < t.last && follow > t.last-c.maxJump: // the new clock has this track earlier than the old one had
			t.adopt(t.follow)
			return c.lift(t, other, c.expected(t)-follow)
		}
	}
	if !sound {
		return c.jump(t, other, out)
	}
	if !t.started && out < c.floor {
		return c.lift(t, other, c.floor-out)
	}
	t.run += t.delta
	return out
}

// adopt gives a track a new shift.
func (t *track) adopt(shift int64) { t.shift, t.top, t.follows = shift, t.ext-1, false }

// lift makes room for a track that lies before where it may be: both tracks go on that much later, which keeps them in step.
func (c *clock) lift(t, other *track, by int64) int64 {
	t.shift += by
	other.shift += by
	other.follow += by
	c.high += by
	return t.ext + t.shift
}

// jump gives a track a new shift, by which it goes on where it was, or where real time is if nothing came for a while.
func (c *clock) jump(t, other *track, out int64) int64 {
	to := max(c.expected(t), min(t.last+c.wall-t.wallAt, c.real+c.wall))
	if !t.started || to < c.high-2*c.maxJump {
		to = c.high
	}
	kind := Apart
	switch {
	case out > c.high:
		kind = JumpedAhead
	case t.started && out < t.last-c.maxRegress:
		kind = JumpedBack
	default: // says nothing of the other track
		to = c.high
	}
	c.repair(kind)
	by := to - out
	t.adopt(t.shift + by)
	if kind == Apart || !other.started {
		return to
	}
	if !other.follows {
		other.follow = other.shift
	}
	other.follow += by
	other.follows, other.jumpAt = true, to
	return to
}

// plausible says whether a track may go on at out: not above what is there by more than maxJump and the time that passed
// meanwhile, unless it only catches up with real time; not far below its own last time, unless it is on its way up to it;
// not too far below the other track.
func (c *clock) plausible(t *track, out, elapsed int64) bool {
	if out > max(c.high+c.maxJump+elapsed, c.real+c.wall) {
		return false
	}
	if t.started {
		return (out >= t.last-c.maxRegress || t.delta > 0) && out >= c.high-2*c.maxJump
	}
	return out >= c.high-c.maxJump
}

// move lets a track whose timestamps stand still go on by the time of arrival.
func (c *clock) move(t *track, out int64) int64 {
	if !t.started || t.ext > t.top {
		t.top, t.movedAt = t.ext, c.wall
		return out
	}
	if c.wall-t.movedAt <= maxStill {
		return out
	}
	to := max(t.last+c.wall-t.wallAt, c.high)
	t.shift += to - out
	c.repair(Stalled)
	return to
}

// hold keeps the session from running ahead of real time: of a publisher whose clock is a little fast it takes a
// millisecond now and then, one that sends a file as fast as it can is played that fast. Both tracks are held, so they
// stay in step.
func (c *clock) hold(t, other *track, out int64) int64 {
	by := out - (c.most + c.wall)
	if by <= 0 {
		return out
	}
	t.shift -= by
	t.follow -= by
	other.shift -= by
	other.follow -= by
	c.repair(Held)
	return out - by
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
