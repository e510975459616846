package stream

import (
	"math/rand/v2"
	"testing"
	"time"
)

// step is one media tag given to a clock: after waiting, with a raw timestamp, expecting a time.
type step struct {
	kind Kind
	wait time.Duration
	raw  uint32
	want int64
}

func TestClock(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name    string
		offset  time.Duration
		last    int64
		steps   []step
		repairs Repairs
	}{
		{"starts at the offset", 5 * time.Second, -1, []step{
			{Video, 0, 1000, 5000}, {Audio, 0, 1010, 5010}, {Video, 40 * ms, 1040, 5040},
		}, Repairs{}},
		{"never below the former generation", 5 * time.Second, 7000, []step{
			{Video, 0, 0, 7001}, {Video, 40 * ms, 40, 7041},
		}, Repairs{}},
		{"audio a little before the first video", 5 * time.Second, -1, []step{
			{Video, 0, 100, 5000}, {Audio, 0, 80, 4980}, {Audio, 0, 103, 5003},
		}, Repairs{}},
		{"audio before the first video, on the floor", 0, 7000, []step{
			{Video, 0, 100, 7001}, {Audio, 0, 80, 7001}, {Audio, 0, 103, 7024}, {Video, 0, 140, 7061},
		}, Repairs{}},
		{"audio four seconds before the first video, on the floor", 0, -1, []step{
			{Video, 0, 4900, 0}, {Audio, 0, 0, 0}, {Video, 40 * ms, 4940, 4940}, {Audio, 0, 23, 23},
		}, Repairs{}},
		{"interleaving out of order", 0, -1, []step{
			{Video, 0, 0, 0}, {Video, 0, 40, 40}, {Video, 0, 80, 80}, {Audio, 0, 23, 23}, {Audio, 0, 46, 46}, {Video, 0, 120, 120},
		}, Repairs{}},
		{"wraps at 2^32", time.Hour, -1, []step{
			{Video, 0, 0xffffffd0, 3600000}, {Audio, 0, 0xfffffff0, 3600032}, {Video, 40 * ms, 0x08, 3600056}, {Audio, 0, 0x07, 3600055}, {Video, 0, 0x30, 3600096},
		}, Repairs{}},
		{"a small regress is clamped", 0, -1, []step{
			{Video, 0, 1000, 0}, {Video, 0, 1040, 40}, {Video, 0, 1010, 40}, {Video, 0, 1020, 40}, {Video, 0, 1080, 80},
		}, Repairs{Clamped: 2}},
		{"the publisher's clock restarts", 0, -1, []step{
			{Video, 0, 90000, 0},
			{Audio, 0, 90000, 0},
			{Video, 0, 90040, 40},
			{Audio, 0, 90023, 23},
			{Video, 0, 0, 80},
			{Audio, 0, 0, 80},
			{Video, 0, 40, 120},
			{Audio, 0, 23, 103},
		}, Repairs{JumpedBack: 1}},
		{"one track jumps before the other", 0, -1, []step{
			{Video, 0, 0, 0},
			{Audio, 0, 0, 0},
			{Video, 0, 40, 40},
			{Audio, 0, 23, 23},
			{Video, 0, 100080, 80},
			{Audio, 0, 46, 46},
			{Audio, 0, 69, 69},
			{Video, 0, 100120, 120},
			{Audio, 0, 100092, 92},
			{Video, 0, 100160, 160},
			{Audio, 0, 100115, 115},
		}, Repairs{JumpedAhead: 1}},
		{"a forward jump without time having passed", 0, -1, []step{
			{Video, 0, 0, 0}, {Video, 40 * ms, 40, 40}, {Video, 40 * ms, 600000, 80}, {Video, 40 * ms, 600040, 120},
		}, Repairs{JumpedAhead: 1}},
		{"a forward jump as long as the silence", 0, -1, []step{
			{Video, 0, 0, 0}, {Video, 40 * ms, 40, 40}, {Video, time.Minute, 60040, 60040},
		}, Repairs{}},
		{"faster than time", 0, -1, []step{
			{Video, 0, 0, 0}, {Video, 0, 1000, 1000}, {Video, 0, 2000, 2000}, {Video, 0, 6000, 6000}, {Video, 0, 10000, 10000},
		}, Repairs{}},
		{"sound pauses while pictures go on", 0, -1, []step{
			{Audio, 0, 0, 0},
			{Video, 0, 0, 0},
			{Video, 4 * time.Second, 4000, 4000},
			{Video, 4 * time.Second, 8000, 8000},
			{Video, 4 * time.Second, 12000, 12000},
			{Audio, 0, 12000, 12000},
		}, Repairs{}},
		{"a large value at first means nothing", time.Second, -1, []step{
			{Audio, 0, 4000000000, 1000}, {Audio, 0, 4000000023, 1023},
		}, Repairs{}},
		{"jumps without end", 0, -1, []step{
			{Video, 0, 0, 0}, {Video, 0, 1 << 31, 20}, {Video, 0, 5, 40}, {Video, 0, 3 << 30, 60}, {Video, 0, 77, 80},
		}, Repairs{JumpedBack: 3, JumpedAhead: 1}},
		{"wraps with B-frames, sound and pictures to and fro", 0, -1, []step{
			{Video, 0, 0xffffffc0, 0},
			{Audio, 0, 0xffffffc8, 8},
			{Video, 40 * ms, 0xffffffe8, 40},
			{Audio, 0, 0x0a, 74},
			{Video, 40 * ms, 0xfffffffe, 62},
			{Audio, 0, 0x21, 97},
			{Video, 40 * ms, 0x10, 80},
		}, Repairs{}},
		{"wraps at 2^24, as of encoders without extended timestamps", 0, -1, []step{
			{Video, 0, 1<<24 - 40, 0}, {Audio, 0, 1<<24 - 40, 0}, {Video, 40 * ms, 0, 40}, {Audio, 0, 0, 40}, {Video, 40 * ms, 40, 80},
		}, Repairs{JumpedBack: 1}},
		{"sound and pictures on bases of their own", 0, -1, []step{
			{Video, 0, 5, 0},
			{Audio, 0, 1<<31 + 5, 0},
			{Video, 40 * ms, 45, 40},
			{Audio, 0, 1<<31 + 28, 23},
			{Video, 40 * ms, 85, 80},
			{Audio, 0, 1<<31 + 51, 46},
		}, Repairs{Apart: 1}},
		{"a jump keeps bases of their own in step", 0, -1, []step{
			{Video, 0, 90000, 0},
			{Audio, 0, 4000, 0},
			{Video, 40 * ms, 90040, 40},
			{Audio, 0, 4023, 23},
			{Video, 40 * ms, 190080, 80},
			{Audio, 0, 104046, 46},
			{Video, 40 * ms, 190120, 120},
			{Audio, 0, 104069, 69},
		}, Repairs{Apart: 1, JumpedAhead: 1}},
		{"pictures come back with the time they left", 0, -1, []step{
			{Video, 0, 0, 0},
			{Audio, 0, 0, 0},
			{Video, 0, 40, 40},
			{Audio, 20 * time.Second, 20000, 20000},
			{Video, 0, 80, 20000},
			{Audio, 23 * ms, 20023, 20023},
			{Video, 17 * ms, 120, 20040},
			{Audio, 6 * ms, 20046, 20046},
		}, Repairs{Apart: 1}},
		{"only pictures jump", 0, -1, []step{
			{Video, 0, 0, 0},
			{Audio, 0, 0, 0},
			{Video, 40 * ms, 40, 40},
			{Audio, 0, 23, 23},
			{Video, 40 * ms, 3600080, 80},
			{Audio, 0, 46, 46},
			{Audio, 0, 69, 69},
			{Video, 40 * ms, 3600120, 120},
			{Audio, 0, 92, 92},
		}, Repairs{JumpedAhead: 1}},
		{"a restart after five silent seconds goes on at real time", 0, -1, []step{
			{Video, 0, 70000, 0}, {Video, 40 * ms, 70040, 40}, {Video, 5 * time.Second, 0, 5040}, {Video, 40 * ms, 40, 5080},
		}, Repairs{JumpedBack: 1}},
		{"an encoder that lost eight seconds to the network catches up", 0, -1, []step{
			{Video, 0, 0, 0}, {Video, 40 * ms, 40, 40}, {Video, 8 * time.Second, 80, 80}, {Video, 0, 120, 120}, {Video, 20 * ms, 8060, 8060},
		}, Repairs{}},
		{"no timestamps at all", 0, -1, []step{
			{Video, 0, 0, 0},
			{Audio, 0, 0, 0},
			{Video, 500 * ms, 0, 0},
			{Video, 500 * ms, 0, 0},
			{Video, 40 * ms, 0, 40},
			{Audio, 0, 0, 1040},
			{Video, 40 * ms, 0, 1040},
			{Audio, 10 * ms, 0, 1090},
			{Video, 30 * ms, 0, 1090},
			{Video, 40 * ms, 40, 1130},
		}, Repairs{Stalled: 5}},
		{"pictures without timestamps beside sound that has some", 0, -1, []step{
			{Video, 0, 7, 0},
			{Audio, 0, 7, 0},
			{Audio, 900 * ms, 907, 900},
			{Video, 0, 7, 0},
			{Audio, 200 * ms, 1107, 1100},
			{Video, 0, 7, 1100},
			{Video, 40 * ms, 7, 1140},
			{Audio, 0, 1130, 1123},
			{Video, 40 * ms, 7, 1180},
		}, Repairs{Stalled: 3}},
		{"a file as fast as it can be sent", 0, -1, []step{
			{Video, 0, 0, 0},
			{Audio, 0, 0, 0},
			{Video, 0, 4900, 4900},
			{Audio, 0, 4900, 4900},
			{Video, 0, 9800, 9800},
			{Video, 0, 14700, 14700},
			{Video, 0, 19600, 19600},
			{Video, 0, 24500, 24500},
			{Video, 0, 29400, 29400},
			{Audio, 0, 29400, 29400},
			{Video, 0, 29440, 29440},
			{Video, 0, 34040, 30000},
			{Audio, 0, 34040, 30000},
			{Video, 20 * ms, 34080, 30020},
			{Audio, 0, 34063, 30003},
		}, Repairs{Held: 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := Config{}.withDefaults()
			c := newClock(&cfg, tt.offset, tt.last)
			now := time.Unix(1000, 0)
			for i, s := range tt.steps {
				now = now.Add(s.wait)
				if got := c.media(s.kind, s.raw, now); got != s.want {
					t.Errorf("step %d: %v %d became %d, want %d", i, s.kind, s.raw, got, s.want)
				}
			}
			if c.repairs != tt.repairs || c.repaired != tt.repairs.Total() {
				t.Errorf("%d repaired: %v, want %v", c.repaired, c.repairs, tt.repairs)
			}
		})
	}
}

func TestClockOfTagsWithoutMedia(t *testing.T) {
	cfg := Config{}.withDefaults()
	c := newClock(&cfg, 5*time.Second, -1)
	if got := c.control(Script, 12345); got != 5000 {
		t.Errorf("before the first media: %d", got)
	}
	now := time.Unix(1000, 0)
	c.media(Video, 100_000, now)
	c.media(Audio, 100_100, now)
	for _, tt := range []struct {
		name string
		kind Kind
		raw  uint32
		want int64
	}{
		{"zero in the middle", Video, 0, 5100},
		{"a little ahead", Video, 100_140, 5140},
		{"far ahead", Script, 200_000, 5100},
		{"behind its track", Audio, 100_050, 5100},
		{"behind, of another track", Video, 100_050, 5050},
		{"script data", Script, 100_120, 5120},
	} {
		if got := c.control(tt.kind, tt.raw); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	if got := c.media(Video, 100_040, now); got != 5040 || c.repaired != 0 {
		t.Errorf("it moved the clock: %d, %d repaired", got, c.repaired)
	}
}

// A publisher that comes back again and again, and is fast each time, does not take the session further each time.
func TestClockOfManyFastPushes(t *testing.T) {
	cfg := Config{}.withDefaults()
	now, last := time.Unix(1000, 0), int64(-1)
	begun := now
	for range 100 {
		c := newClock(&cfg, now.Sub(begun), last)
		for ms := range uint32(1000) {
			last = c.media(Video, ms*100, now.Add(time.Duration(ms)*10*time.Millisecond))
		}
		now = now.Add(11 * time.Second)
		if ahead := last - now.Sub(begun).Milliseconds(); ahead > 30_000 {
			t.Fatalf("%d ms ahead", ahead)
		}
	}
}

// Whatever a publisher sends, neither what comes out nor what the clock goes on from runs ahead of real time.
func TestClockOfNonsense(t *testing.T) {
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 0))
		cfg := Config{}.withDefaults()
		c := newClock(&cfg, time.Second, 5000)
		now := time.Unix(1000, 0)
		var raw [2]uint32
		for range 200 {
			now = now.Add(time.Duration(r.IntN(60)) * time.Millisecond)
			i := r.IntN(2)
			switch r.IntN(12) {
			case 0:
				raw[i] -= uint32(r.IntN(6000))
			case 1:
				raw[i] += uint32(r.IntN(20_000))
			case 2:
				raw[i] = r.Uint32()
			case 3:
				raw[1-i] = raw[i] - uint32(r.IntN(5000))
			default:
				raw[i] += uint32(r.IntN(80))
			}
			got := c.media([]Kind{Audio, Video}[i], raw[i], now)
			data, most := c.control(Script, raw[i]), c.most+c.wall
			if got > most || c.high > most || data > most+c.maxRegress {
				t.Fatalf("seed %d: %d, the clock at %d, script data at %d; the most is %d", seed, got, c.high, data, most)
			}
		}
	}
}

// FuzzClock holds whatever timestamps come: time never decreases within a track and never falls below the floor.
func FuzzClock(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 2})
	f.Add([]byte{1, 0x7f, 0, 0, 0, 1, 0x80, 0, 0, 1, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg := Config{}.withDefaults()
		c := newClock(&cfg, time.Second, 5000)
		now := time.Unix(1000, 0)
		last := map[Kind]int64{}
		for ; len(data) >= 5; data = data[5:] {
			kind := Audio
			if data[0]&1 == 1 {
				kind = Video
			}
			now = now.Add(time.Duration(data[0]>>1) * time.Millisecond)
			raw := uint32(data[1])<<24 | uint32(data[2])<<16 | uint32(data[3])<<8 | uint32(data[4])
			high := c.high
			got := c.media(kind, raw, now)
			if got < last[kind] || got < 5001 {
				t.Fatalf("%v went from %d to %d", kind, last[kind], got)
			}
			if got > max(high+c.maxJump+1200, c.base+c.wall) {
				t.Fatalf("jumped from %d to %d", high, got)
			}
			if got > c.base+c.wall+30_000 {
				t.Fatalf("at %d when real time is %d", got, c.real+c.wall)
			}
			last[kind] = got
		}
	})
}
