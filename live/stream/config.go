package stream

import (
	"fmt"
	"time"
)

// Config bounds what a Hub keeps and how it wakes subscribers. Zero fields take their defaults.
type Config struct {
	// GOPBytes bounds the cache that gives late joiners their first picture; beyond it they wait for the next keyframe. Default 16 MiB.
	GOPBytes int
	// GOPDuration bounds the same cache in media time. Default 20 s.
	GOPDuration time.Duration
	// AudioCache is the media time late joiners of a stream without video get at once. Default 1 s.
	AudioCache time.Duration

	// BacklogBytes is how far a subscriber may fall behind before it loses whole GOPs. Default 8 MiB.
	BacklogBytes int
	// BacklogTime is the same in media time. Default 10 s.
	BacklogTime time.Duration
	// MaxOverflows is how often a subscriber may lose GOPs within OverflowWindow; the next time it is closed with ErrSlow. Default 5.
	MaxOverflows int
	// OverflowWindow is the time without a loss after which earlier ones are forgotten. Default 1 min.
	OverflowWindow time.Duration

	// MergeWindow is the longest a tag waits for others to share a write with. Default 90 ms. Sound waits up to 40 ms of it
	// for a picture as soon as anything is merged.
	MergeWindow time.Duration
	// MergeFrom is the number of viewers, over all streams, up to which every tag is delivered at once. Default 16 for each
	// processor.
	MergeFrom int
	// MergeFull is the number of viewers from which on tags wait the whole MergeWindow; in between it grows evenly. Default
	// 900 for each processor.
	MergeFull int
	// RestWindow is the window of a stream without viewers, read by segmenters and the like. Default 0: they get every tag at once.
	RestWindow time.Duration
	// BatchBytes is what ends a merge window early; Subscriber.Next returns at most twice as much, or one tag. Default 32 KiB.
	BatchBytes int

	// MaxJump is how far a publisher's timestamps may run ahead of the time that really passed before they are repaired. Default 5 s.
	MaxJump time.Duration
	// MaxRegress is how far they may go back within audio or video and be clamped; beyond it the clock is taken as restarted. Default 500 ms.
	MaxRegress time.Duration
	// MaxAhead is how far the session's clock may run ahead of real time. An encoder that is faster is held there. Default 30 s: above what restreaming HLS sends at once.
	MaxAhead time.Duration

	// Remembered is how many streams without publisher and subscribers keep their generation and last time. Default 10000.
	Remembered int
	// RememberedFor is how long they do. Default 24 h.
	RememberedFor time.Duration
}

// fields lists every setting with its default, for Validate and withDefaults.
func (c *Config) fields() (ints []intField, durations []durationField) {
	ints = []intField{
		{"GOPBytes", &c.GOPBytes, 16 << 20},
		{"BacklogBytes", &c.BacklogBytes, 8 << 20},
		{"MaxOverflows", &c.MaxOverflows, 5},
		{"MergeFrom", &c.MergeFrom, 16 * processors()},
		{"MergeFull", &c.MergeFull, 900 * processors()},
		{"BatchBytes", &c.BatchBytes, 32 << 10},
		{"Remembered", &c.Remembered, 10000},
	}
	durations = []durationField{
		{"GOPDuration", &c.GOPDuration, 20 * time.Second},
		{"AudioCache", &c.AudioCache, time.Second},
		{"BacklogTime", &c.BacklogTime, 10 * time.Second},
		{"OverflowWindow", &c.OverflowWindow, time.Minute},
		{"MergeWindow", &c.MergeWindow, 90 * time.Millisecond},
		{"RestWindow", &c.RestWindow, 0},
		{"MaxJump", &c.MaxJump, 5 * time.Second},
		{"MaxRegress", &c.MaxRegress, 500 * time.Millisecond},
		{"MaxAhead", &c.MaxAhead, 30 * time.Second},
		{"RememberedFor", &c.RememberedFor, 24 * time.Hour},
	}
	return ints, durations
}

type intField struct {
	name  string
	value *int
	def   int
}

type durationField struct {
	name  string
	value *time.Duration
	def   time.Duration
}

// Validate names the first field with a value that makes no sense.
func (c Config) Validate() error {
	ints, durations := c.fields()
	for _, f := range ints {
		if *f.value < 0 {
			return fmt.Errorf("stream: %s is %d, must not be negative", f.name, *f.value)
		}
	}
	for _, f := range durations {
		if *f.value < 0 {
			return fmt.Errorf("stream: %s is %v, must not be negative", f.name, *f.value)
		}
	}
	d := c.withDefaults()
	if d.MergeFull < d.MergeFrom {
		return fmt.Errorf("stream: MergeFull is %d, must be at least MergeFrom (%d)", d.MergeFull, d.MergeFrom)
	}
	return nil
}

// withDefaults fills what is zero or negative.
func (c Config) withDefaults() Config {
	ints, durations := c.fields()
	for _, f := range ints {
		if *f.value <= 0 {
			*f.value = f.def
		}
	}
	for _, f := range durations {
		if *f.value <= 0 {
			*f.value = f.def
		}
	}
	return c
}
