package stream

import "time"

// Ingest is the health of a push. Rates are of what arrived in the last 5 s; times between tags are on the session's
// clock, so they are the encoder's, not the network's.
type Ingest struct {
	Bytes       uint64
	Tags        uint64
	VideoFrames uint64
	AudioFrames uint64
	Malformed   uint64 // messages that could not be understood; they are not among the tags

	BitsPerSecond      float64 // everything
	VideoBitsPerSecond float64
	AudioBitsPerSecond float64
	FramesPerSecond    float64 // video
	Minute             Minute

	Keyframes        uint64
	KeyframeInterval time.Duration // between the last two keyframes
	LongestInterval  time.Duration // between any two keyframes so far
	SinceKeyframe    time.Duration // from the last keyframe to the newest tag

	Offset      time.Duration // how far sound runs ahead of pictures as they arrive, negative behind; over the last 5 s
	Jitter      time.Duration // of arrival against the timestamps, smoothed as RFC 3550 §6.4.1 does
	Gaps        uint64        // times without media for more than a second, while connected
	BFrames     bool          // pictures are shown in another order than they are sent
	LastMediaAt time.Time     // when audio or video last arrived, zero before
	LastVideoAt time.Time
	LastAudioAt time.Time

	HeaderChanges uint64 // changes of resolution, codec or their settings in mid-stream

	Repairs  Repairs // tags whose timestamps had to be changed, by kind
	Repaired uint64  // their sum
	Wraps    uint64  // times the publisher's 32-bit timestamps began anew, which is no fault
	LastTime int64   // newest time on the session's clock, ms
}

// Minute is what happened in the last minute.
type Minute struct {
	BitsPerSecond   float64
	FramesPerSecond float64
	ClockRate       float64 // how fast the publisher's timestamps go against real time: 1 is right; 0 where less than 10 s are known
	Repaired        int
	Malformed       int
	Gaps            int
	LongestGap      time.Duration
	HeaderChanges   int
}

const (
	rateSeconds   = 5  // the span over which rates are averaged
	minuteSeconds = 60 // and the one of Minute; one bucket more is being filled
	rateKnown     = 10_000
	gapFrom       = time.Second
	reorderFrom   = 10 // ms by which composition times must differ: a constant one is only a delay
)

// meter counts what a publisher sends, in buckets of a second. Guarded by the feed's mutex.
type meter struct {
	buckets   [minuteSeconds + 1]bucket
	bytes     uint64
	tags      uint64
	malformed uint64
	frames    [2]uint64 // audio, video
	lastAt    [2]time.Time
	codecs    [2]Codec
	mediaAt   time.Time
	gaps      uint64
	changes   uint64

	keyframes  uint64
	keyframeAt int64
	interval   int64
	longest    int64

	jitter      float64 // ms
	jitterKind  Kind
	jitterAt    time.Time
	jitterTime  int64
	composition [2]int32 // least and most
	repaired    uint64   // as of the last tag
}

type bucket struct {
	second     int64
	bytes      int
	mediaBytes [2]int
	frames     [2]int
	repaired   int
	malformed  int
	gaps       int
	gap        time.Duration // the longest
	changes    int
	offset     int64 // ms, summed over offsets
	offsets    int
	wall       int64    // clock.wall at the newest media tag
	run        [2]int64 // track.run at that time
}

// slot is a kind's place in pairs of audio and video.
func slot(kind Kind) int {
	if kind == Video {
		return 1
	}
	return 0
}

// bucket returns the one of a moment, emptied if it still holds the minute before.
func (m *meter) bucket(now time.Time) *bucket {
	second := now.Unix()
	b := &m.buckets[second%int64(len(m.buckets))]
	if b.second != second {
		*b = bucket{second: second}
	}
	return b
}

// tag counts a tag that arrived now.
func (m *meter) tag(kind Kind, size int, fm format, now time.Time) {
	b := m.bucket(now)
	m.bytes += uint64(size)
	m.tags++
	b.bytes += size
	if kind == Script {
		return
	}
	s := slot(kind)
	b.mediaBytes[s] += size
	if fm.codec != CodecUnknown || kind == Audio {
		m.codecs[s] = fm.codec
	}
	if fm.changed {
		m.changes++
		b.changes++
	}
	if fm.control {
		return
	}
	m.frames[s]++
	b.frames[s]++
	m.arrival(b, now)
	m.mediaAt, m.lastAt[s] = now, now
}

// arrival notes a gap before a media tag.
func (m *meter) arrival(b *bucket, now time.Time) {
	if m.mediaAt.IsZero() {
		return
	}
	if gap := now.Sub(m.mediaAt); gap > gapFrom {
		m.gaps++
		b.gaps++
		b.gap = max(b.gap, gap)
	}
}

// media looks at a media tag that has just been put on the clock.
func (m *meter) media(kind Kind, ms int64, fm format, c *clock, now time.Time) {
	b := m.bucket(now)
	own, other := c.track(kind)
	b.wall = c.wall
	b.run[slot(kind)] = own.run
	if other.started {
		b.run[1-slot(kind)] = other.run
		b.offset += c.tracks[0].last - c.tracks[1].last
		b.offsets++
	}
	jumped := c.repaired != m.repaired
	b.repaired += int(c.repaired - m.repaired) //nolint:gosec // a few at most
	m.repaired = c.repaired
	m.measureJitter(kind, ms, jumped, now)
	if kind == Audio {
		return
	}
	if m.frames[1] == 1 {
		m.composition = [2]int32{fm.composition, fm.composition}
	}
	m.composition[0] = min(m.composition[0], fm.composition)
	m.composition[1] = max(m.composition[1], fm.composition)
	if fm.keyframe {
		m.keyframe(ms)
	}
}

// measureJitter follows one track: pictures if there are any, else sound.
func (m *meter) measureJitter(kind Kind, ms int64, jumped bool, now time.Time) {
	if kind == Audio && m.jitterKind == Video && now.Sub(m.jitterAt) < gapFrom {
		return
	}
	if kind == m.jitterKind && !jumped {
		d := float64(now.Sub(m.jitterAt))/float64(time.Millisecond) - float64(ms-m.jitterTime)
		m.jitter += (max(d, -d) - m.jitter) / 16
	}
	m.jitterKind, m.jitterAt, m.jitterTime = kind, now, ms
}

func (m *meter) keyframe(ms int64) {
	if m.keyframes++; m.keyframes > 1 {
		m.interval = ms - m.keyframeAt
		m.longest = max(m.longest, m.interval)
	}
	m.keyframeAt = ms
}

// broken counts a message that could not be understood.
func (m *meter) broken(now time.Time) {
	m.malformed++
	m.bucket(now).malformed++
}

// ingest computes the figures at that moment of a push begun at startedAt, whose clock is c.
func (m *meter) ingest(now, startedAt time.Time, c *clock) Ingest {
	in := Ingest{
		Bytes: m.bytes, Tags: m.tags, AudioFrames: m.frames[0], VideoFrames: m.frames[1], Malformed: m.malformed,
		Keyframes: m.keyframes, KeyframeInterval: ms(m.interval), LongestInterval: ms(m.longest),
		Jitter: time.Duration(m.jitter * float64(time.Millisecond)).Round(100 * time.Microsecond),
		Gaps:   m.gaps, BFrames: m.composition[1]-m.composition[0] > reorderFrom, HeaderChanges: m.changes,
		LastMediaAt: m.mediaAt, LastAudioAt: m.lastAt[0], LastVideoAt: m.lastAt[1],
		Repairs: c.repairs, Repaired: c.repaired, Wraps: c.wraps(),
	}
	if c.started {
		in.LastTime = c.high
	}
	if m.keyframes > 0 {
		in.SinceKeyframe = ms(c.high - m.keyframeAt)
	}
	m.rates(&in, now, now.Sub(startedAt).Seconds())
	m.minute(&in.Minute, now)
	return in
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// rates fills in what is averaged over a span, of a push that has lasted so many seconds.
func (m *meter) rates(in *Ingest, now time.Time, lasted float64) {
	if lasted < 0.1 {
		return
	}
	bits, frames := 8/min(lasted, rateSeconds), 1/min(lasted, rateSeconds)
	minuteBits, minuteFrames := 8/min(lasted, minuteSeconds), 1/min(lasted, minuteSeconds)
	offset, offsets := int64(0), 0
	for i := range m.buckets {
		b := &m.buckets[i]
		w := b.weight(now, minuteSeconds)
		in.Minute.BitsPerSecond += w * minuteBits * float64(b.bytes)
		in.Minute.FramesPerSecond += w * minuteFrames * float64(b.frames[1])
		if w = b.weight(now, rateSeconds); w == 0 {
			continue
		}
		in.BitsPerSecond += w * bits * float64(b.bytes)
		in.AudioBitsPerSecond += w * bits * float64(b.mediaBytes[0])
		in.VideoBitsPerSecond += w * bits * float64(b.mediaBytes[1])
		in.FramesPerSecond += w * frames * float64(b.frames[1])
		offset += b.offset
		offsets += b.offsets
	}
	if offsets > 0 {
		in.Offset = ms(offset / int64(offsets))
	}
}

// minute fills in what is counted over the last minute.
func (m *meter) minute(out *Minute, now time.Time) {
	var oldest, newest *bucket
	for i := range m.buckets {
		b := &m.buckets[i]
		if b.weight(now, minuteSeconds) == 0 {
			continue
		}
		out.Repaired += b.repaired
		out.Malformed += b.malformed
		out.Gaps += b.gaps
		out.LongestGap = max(out.LongestGap, b.gap)
		out.HeaderChanges += b.changes
		if b.frames == [2]int{} {
			continue
		}
		if oldest == nil || b.second < oldest.second {
			oldest = b
		}
		if newest == nil || b.second > newest.second {
			newest = b
		}
	}
	if newest == nil || newest.wall-oldest.wall < rateKnown {
		return
	}
	run := max(newest.run[0]-oldest.run[0], newest.run[1]-oldest.run[1])
	out.ClockRate = float64(run) / float64(newest.wall-oldest.wall)
}

// weight is how much of a bucket lies in the span that ends now.
func (b *bucket) weight(now time.Time, seconds int) float64 {
	switch age := now.Unix() - b.second; {
	case age < 0 || age > int64(seconds):
		return 0
	case age == int64(seconds): // only its later part
		return 1 - float64(now.Nanosecond())/1e9
	default:
		return 1
	}
}
