package stream

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// encoder plays a publisher: pictures and sound with a clock that tests bend.
type encoder struct {
	t     *rapid.T
	cfg   Config
	clock clock
	now   time.Time

	base  [2]uint32 // raw timestamp of media time 0: audio, video
	at    [2]int64  // media time of the next tag
	step  [2]int64
	skew  int64 // how much later than its time sound is sent, ms; negative: pictures are
	rate  int64 // real ms for 1000 of media
	left  int64 // of real time, in thousandths of a ms
	out   [2]int64
	known [2]bool
	apart [2]int64 // out − media time
}

func newEncoder(t *rapid.T) *encoder {
	e := &encoder{
		t: t, cfg: Config{}.withDefaults(), now: time.Unix(1000, 0),
		step: [2]int64{rapid.SampledFrom([]int64{20, 23, 64}).Draw(t, "audio step"), rapid.SampledFrom([]int64{16, 33, 40, 200}).Draw(t, "video step")},
		skew: rapid.Int64Range(-800, 800).Draw(t, "skew"), rate: 1000,
	}
	raw := rapid.Uint32().Draw(t, "base")
	e.base = [2]uint32{raw, raw}
	offset := rapid.Int64Range(0, 90_000_000).Draw(t, "offset")
	last := rapid.Int64Range(-1, offset+20_000).Draw(t, "last") // of an earlier push, that may have been ahead of real time
	e.clock = newClock(&e.cfg, time.Duration(offset)*time.Millisecond, last)
	return e
}

// next is the track whose tag is sent next.
func (e *encoder) next() int {
	if e.at[0]+e.skew <= e.at[1] {
		return 0
	}
	return 1
}

// play sends that many ms of media and checks every time that comes out.
func (e *encoder) play(ms int64) {
	for end := min(e.at[0], e.at[1]) + ms; min(e.at[0], e.at[1]) < end; {
		i := e.next()
		e.pass(e.step[i] / 2)
		e.send(i, e.base[i]+uint32(e.at[i]))
		e.at[i] += e.step[i]
	}
}

// pass lets media time go by.
func (e *encoder) pass(ms int64) {
	e.left += ms * e.rate
	e.now = e.now.Add(time.Duration(e.left/1000) * time.Millisecond)
	e.left %= 1000
}

// send gives a tag to the clock.
func (e *encoder) send(i int, raw uint32) {
	kind := Audio
	if i == 1 {
		kind = Video
	}
	c := &e.clock
	high, wall := c.high, c.wall
	got := c.media(kind, raw, e.now)
	switch {
	case got < c.floor:
		e.t.Fatalf("%v at %d, below the floor %d", kind, got, c.floor)
	case e.known[i] && got < e.out[i]:
		e.t.Fatalf("%v went from %d to %d", kind, e.out[i], got)
	case got > max(high+c.maxJump+c.wall-wall+1000, c.base+c.wall):
		e.t.Fatalf("%v leapt from %d to %d in %d ms", kind, high, got, c.wall-wall)
	case got > max(c.real+30_000, c.base)+c.wall:
		e.t.Fatalf("%v at %d, real time is %d", kind, got, c.real+c.wall)
	}
	e.out[i], e.known[i] = got, true
	e.apart[i] = got - e.at[i]
}

// settle plays until both tracks are long past what happened and checks that they are in step as the encoder meant it.
func (e *encoder) settle(what string) {
	e.play(2500)
	if e.apart[0] != e.apart[1] {
		e.t.Fatalf("after %s sound and pictures are %d ms off", what, e.apart[0]-e.apart[1])
	}
}

// A publisher whose clock jumps, restarts or pauses keeps sound and pictures in step, whatever else happens.
func TestClockKeepsSoundAndPicturesInStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := newEncoder(t)
		e.at[rapid.IntRange(0, 1).Draw(t, "which begins late")] += rapid.Int64Range(0, 1000).Draw(t, "late by")
		e.settle("the start")
		for range rapid.IntRange(1, 6).Draw(t, "events") {
			by := rapid.OneOf(rapid.Int64Range(1, 5000), rapid.Int64Range(5000, 10_000_000)).Draw(t, "by")
			switch what := rapid.SampledFrom([]string{"a forward jump", "a backward jump", "a silence", "a stall", "a zero", "another source"}).Draw(t, "what"); what {
			case "a forward jump":
				e.jump(uint32(by))
				e.settle(what)
			case "a backward jump":
				e.jump(-uint32(by))
				e.settle(what)
			case "a zero": // a clock that begins anew
				first := min(e.at[0], e.at[1])
				e.base = [2]uint32{uint32(-first), uint32(-first)}
				e.settle(what)
			case "another source": // with a clock far from this one's, that sends in another order
				e.jump(-uint32(5000 + by))
				e.skew = rapid.Int64Range(-800, 800).Draw(t, "new skew")
				e.settle(what)
			case "a silence": // both clocks go on
				e.now = e.now.Add(time.Duration(by) * time.Millisecond)
				e.at[0] += by
				e.at[1] += by
				e.settle(what)
			case "a stall": // what was sent meanwhile comes at once
				e.now = e.now.Add(time.Duration(by%10_000) * time.Millisecond)
				e.rate = 0
				e.play(by % 10_000)
				e.rate = 1000
				e.settle(what)
			}
		}
	})
}

// jump bends the raw timestamps of both tracks.
func (e *encoder) jump(by uint32) {
	e.base[0] += by
	e.base[1] += by
}

// An encoder's clock that is wrong by any factor never brings the session's clock far ahead of real time, and one that is a
// little fast costs no more than the difference.
func TestClockOfDriftingEncoders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := newEncoder(t)
		e.rate = rapid.Int64Range(20, 3000).Draw(t, "real ms for 1000 of media")
		e.play(180_000)
		if behind := e.clock.base + e.clock.wall - e.clock.high; e.rate <= 1000 && behind > 1000 {
			t.Errorf("%d ms behind real time", behind)
		}
		if jumps := e.clock.repairs[JumpedAhead] + e.clock.repairs[JumpedBack]; e.rate >= 500 && jumps > 0 {
			t.Errorf("%d jumps: %v", jumps, e.clock.repairs)
		}
		if e.rate >= 1000 && e.clock.repaired > 0 {
			t.Errorf("repairs %v", e.clock.repairs)
		}
	})
}

// TestClockOverADay plays a day of an encoder whose crystal is off by 100 ppm, ten times what is usual.
func TestClockOverADay(t *testing.T) {
	for name, ppm := range map[string]int64{"fast": -100, "slow": 100} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{MaxAhead: 2 * time.Second}.withDefaults()
			c := newClock(&cfg, time.Hour, -1)
			begun := time.Unix(1000, 0)
			var video, audio int64
			for i := range int64(24 * 3600 * 5) { // pictures each 200 ms, sound with each
				now := begun.Add(time.Duration(i*200*(1_000_000+ppm)) * time.Nanosecond)
				video = c.media(Video, uint32(i*200), now)
				audio = c.media(Audio, uint32(i*200+10), now)
				if audio-video != 10 && audio-video != 10-1 {
					t.Fatalf("sound and pictures are %d ms apart after %v", audio-video, now.Sub(begun))
				}
			}
			ahead := video - (c.base + c.wall)
			if want := min(-ppm*24*3600/1000, 2000); ahead < want-50 || ahead > want+50 {
				t.Errorf("%d ms ahead of real time, want %d", ahead, want)
			}
			if held := c.repairs[Held]; c.repaired != held || held > 7000 {
				t.Errorf("repairs %v", c.repairs)
			}
		})
	}
}
