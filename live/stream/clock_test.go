package stream

import (
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
		name     string
		offset   time.Duration
		last     int64
		steps    []step
		repaired uint64
	}{
		{"starts at the offset", 5 * time.Second, -1, []step{
			{Video, 0, 1000, 5000}, {Audio, 0, 1010, 5010}, {Video, 40 * ms, 1040, 5040},
		}, 0},
		{"never below the former generation", 5 * time.Second, 7000, []step{
			{Video, 0, 0, 7001}, {Video, 40 * ms, 40, 7041},
		}, 0},
		{"audio a little before the first video", 5 * time.Second, -1, []step{
			{Video, 0, 100, 5000}, {Audio, 0, 80, 4980}, {Audio, 0, 103, 5003},
		}, 0},
		{"audio before the first video, on the floor", 0, 7000, []step{
			{Video, 0, 100, 7001}, {Audio, 0, 80, 7001}, {Audio, 0, 103, 7004},
		}, 1},
		{"interleaving out of order", 0, -1, []step{
			{Video, 0, 0, 0}, {Video, 0, 40, 40}, {Video, 0, 80, 80}, {Audio, 0, 23, 23}, {Audio, 0, 46, 46}, {Video, 0, 120, 120},
		}, 0},
		{"wraps at 2^32", time.Hour, -1, []step{
			{Video, 0, 0xffffffd0, 3600000}, {Audio, 0, 0xfffffff0, 3600032}, {Video, 40 * ms, 0x08, 3600056}, {Audio, 0, 0x07, 3600055}, {Video, 0, 0x30, 3600096},
		}, 0},
		{"a small regress is clamped", 0, -1, []step{
			{Video, 0, 1000, 0}, {Video, 0, 1040, 40}, {Video, 0, 1010, 40}, {Video, 0, 1020, 40}, {Video, 0, 1080, 80},
		}, 2},
		{"the publisher's clock restarts", 0, -1, []step{
			{Video, 0, 90000, 0},
			{Audio, 0, 90000, 0},
			{Video, 0, 90040, 40},
			{Audio, 0, 90023, 23},
			{Video, 0, 0, 80},
			{Audio, 0, 0, 80},
			{Video, 0, 40, 120},
			{Audio, 0, 23, 103},
		}, 1},
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
		}, 1},
		{"a forward jump without time having passed", 0, -1, []step{
			{Video, 0, 0, 0}, {Video, 40 * ms, 40, 40}, {Video, 40 * ms, 600000, 80}, {Video, 40 * ms, 600040, 120},
		}, 1},
		{"a forward jump as long as the silence", 0, -1, []step{
			{Video, 0, 0, 0}, {Video, 40 * ms, 40, 40}, {Video, time.Minute, 60040, 60040},
		}, 0},
		{"faster than time", 0, -1, []step{
			{Video, 0, 0, 0}, {Video, 0, 1000, 1000}, {Video, 0, 2000, 2000}, {Video, 0, 6000, 6000}, {Video, 0, 10000, 10000},
		}, 0},
		{"sound pauses while pictures go on", 0, -1, []step{
			{Audio, 0, 0, 0},
			{Video, 0, 0, 0},
			{Video, 4 * time.Second, 4000, 4000},
			{Video, 4 * time.Second, 8000, 8000},
			{Video, 4 * time.Second, 12000, 12000},
			{Audio, 0, 12000, 12000},
		}, 0},
		{"a large value at first means nothing", time.Second, -1, []step{
			{Audio, 0, 4000000000, 1000}, {Audio, 0, 4000000023, 1023},
		}, 0},
		{"jumps without end", 0, -1, []step{
			{Video, 0, 0, 0}, {Video, 0, 1 << 31, 20}, {Video, 0, 5, 40}, {Video, 0, 3 << 30, 60}, {Video, 0, 77, 80},
		}, 4},
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
			if c.repaired != tt.repaired {
				t.Errorf("%d repaired, want %d", c.repaired, tt.repaired)
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
			if got > high+c.maxJump+200 {
				t.Fatalf("jumped from %d to %d", high, got)
			}
			last[kind] = got
		}
	})
}
