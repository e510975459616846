package stream

import "time"

// Ingest is the health of a push.
type Ingest struct {
	Bytes            uint64
	Tags             uint64
	VideoFrames      uint64
	BitsPerSecond    float64       // over the last 5 s
	FramesPerSecond  float64       // video, over the last 5 s
	KeyframeInterval time.Duration // between the last two keyframes, by their timestamps
	LongestInterval  time.Duration // between any two keyframes so far
	Repaired         uint64        // timestamps that had to be changed
	LastMediaAt      time.Time     // when audio or video last arrived, zero before
	LastTime         int64         // newest time on the session's clock, ms
}

// meterSeconds is the span over which rates are averaged; one bucket more is being filled.
const meterSeconds = 5

// meter counts what a publisher sends, in buckets of a second. Guarded by the feed's mutex.
type meter struct {
	buckets    [meterSeconds + 1]bucket
	bytes      uint64
	tags       uint64
	frames     uint64
	lastAt     time.Time
	keyframes  uint64
	keyframeAt int64
	interval   int64
	longest    int64
	codecs     [2]Codec // audio, video
}

type bucket struct {
	second int64
	bytes  int
	frames int
}

func (m *meter) tag(kind Kind, size int, fm format, now time.Time) {
	m.bytes += uint64(size)
	m.tags++
	second := now.Unix()
	b := &m.buckets[second%int64(len(m.buckets))]
	if b.second != second {
		*b = bucket{second: second}
	}
	b.bytes += size
	switch kind {
	case Script:
		return
	case Audio:
		m.codecs[0] = fm.codec
	case Video:
		if fm.codec != CodecUnknown {
			m.codecs[1] = fm.codec
		}
	}
	if fm.control {
		return
	}
	m.lastAt = now
	if kind == Video {
		m.frames++
		b.frames++
	}
}

func (m *meter) keyframe(ms int64) {
	if m.keyframes++; m.keyframes > 1 {
		m.interval = ms - m.keyframeAt
		m.longest = max(m.longest, m.interval)
	}
	m.keyframeAt = ms
}

// ingest computes the figures at that moment of a push begun at startedAt.
func (m *meter) ingest(now, startedAt time.Time) Ingest {
	in := Ingest{
		Bytes: m.bytes, Tags: m.tags, VideoFrames: m.frames, LastMediaAt: m.lastAt,
		KeyframeInterval: time.Duration(m.interval) * time.Millisecond,
		LongestInterval:  time.Duration(m.longest) * time.Millisecond,
	}
	span := min(now.Sub(startedAt).Seconds(), meterSeconds)
	if span < 0.1 {
		return in
	}
	bytes, frames := 0.0, 0.0
	second, part := now.Unix(), float64(now.Nanosecond())/1e9
	for _, b := range m.buckets {
		weight := 1.0
		switch age := second - b.second; {
		case age < 0 || age > meterSeconds:
			continue
		case age == meterSeconds: // only its later part lies in the span
			weight = 1 - part
		}
		bytes += weight * float64(b.bytes)
		frames += weight * float64(b.frames)
	}
	in.BitsPerSecond, in.FramesPerSecond = 8*bytes/span, frames/span
	return in
}
