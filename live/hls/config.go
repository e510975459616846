package hls

import (
	"fmt"
	"time"
)

// leastPart is the shortest PartDuration: below it requests cost more than they gain.
const leastPart = 100 * time.Millisecond

// minNodeKeyBytes is the shortest node key that New accepts. Play keys are the operator's and may be short.
const minNodeKeyBytes = 16

// Container is what segments are made of.
type Container int

// Containers. The zero value is FMP4.
const (
	// FMP4 is fragmented MP4, with an init segment beside.
	FMP4 Container = iota
	// MPEGTS is for players and CDNs that know nothing newer. It holds H.264, HEVC, AAC and Opus, and has no parts.
	MPEGTS
)

// Latency is how far behind live players are led.
type Latency int

// Latencies. The zero value is LowLatency.
const (
	// LowLatency publishes segments in parts as they are made (Low-Latency HLS), with FMP4. Players that know nothing of
	// parts play whole segments all the same.
	LowLatency Latency = iota
	// NormalLatency publishes whole segments only.
	NormalLatency
)

// Config says how streams are cut and how long things live. Zero fields take their defaults; the keys have none.
type Config struct {
	// NodeKey signs session ids; it is the same on all nodes. At least 16 bytes.
	NodeKey []byte
	// PlayKey signs the paths of segments, and binds session ids to itself. Not empty.
	PlayKey []byte
	// PlayKeyBackup is also accepted; sessions and paths made with it stay valid while a key is rotated. May be empty.
	PlayKeyBackup []byte

	// Upstream is where streams are that are pushed to other nodes. Nil: this node is alone.
	Upstream Upstream
	// Node is this node's id, as Upstream names it. Empty: this node is alone.
	Node string
	// CacheBytes bounds the segments of other nodes' streams that are kept. Default 128 MiB.
	CacheBytes int

	// Container is what segments are made of. Default FMP4.
	Container Container
	// Latency is LowLatency unless said otherwise; with MPEGTS it is always NormalLatency.
	Latency Latency
	// PartDuration is the longest a part may last (PART-TARGET); parts divide their segment and are no shorter than 85 % of
	// it, but for the last. A stream with too few pictures a second for that gets a longer one. Whole milliseconds. Default
	// 370 ms: with 8 or 9 pictures at 25 a second, 10 or 11 at 30, 8 at 24 and 5 at 15 whole seconds can be divided.
	PartDuration time.Duration
	// SegmentDuration is the least media time of a segment; it is cut at the first keyframe after it. Whole seconds. Default 2 s.
	SegmentDuration time.Duration
	// MaxSegmentDuration is how long a segment may grow while no keyframe comes. Whole seconds. Default 10 s.
	MaxSegmentDuration time.Duration
	// ListSize is the number of segments in a playlist. Default 7.
	ListSize int
	// KeepSize is the most segments kept, the listed ones included. Those no longer listed stay for their own length and
	// that of a whole playlist (RFC 8216 §6.2.2), which rarely takes so many. Default ten times ListSize.
	KeepSize int
	// SegmentBytes bounds one segment, finished or not. Default 16 MiB.
	SegmentBytes int
	// StreamBytes bounds all segments of a stream; the oldest go first. Default 64 MiB.
	StreamBytes int

	// Finished is told of each segment as it is finished, on the goroutine that makes the stream's: it must not block. With
	// MPEGTS, segments of fMP4 are made beside for it, of the streams that Keeps names. Nil: nobody is.
	Finished func(Finished)
	// Keeps says whether Finished wants a stream's segments; it must not block. Nil: all of them.
	Keeps func(stream string) bool

	// Hold is how long a request waits for the first segment of a stream that just began. Default 6 s.
	Hold time.Duration
	// EndKept is how long the last playlist of an ended stream stays. Default 1 min.
	EndKept time.Duration
	// SessionIdle is how long a session lives without asking for its media playlist. Default 60 s.
	SessionIdle time.Duration
	// SessionAge is how long it lives at most. Default 12 h.
	SessionAge time.Duration
	// MaxSessions is how many sessions, living and dead, are remembered; those beyond are served but not counted. Default 200000.
	MaxSessions int
}

// withDefaults fills zero fields.
func (c Config) withDefaults() Config {
	if c.Container == MPEGTS {
		c.Latency = NormalLatency
	}
	or(&c.PartDuration, 370*time.Millisecond)
	or(&c.SegmentDuration, 2*time.Second)
	or(&c.MaxSegmentDuration, max(10*time.Second, c.SegmentDuration))
	or(&c.ListSize, 7)
	or(&c.KeepSize, 10*c.ListSize)
	or(&c.SegmentBytes, 16<<20)
	or(&c.StreamBytes, 64<<20)
	or(&c.CacheBytes, 128<<20)
	or(&c.Hold, 6*time.Second)
	or(&c.EndKept, time.Minute)
	or(&c.SessionIdle, time.Minute)
	or(&c.SessionAge, 12*time.Hour)
	or(&c.MaxSessions, 200_000)
	return c
}

func or[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Validate names the first field with a value that makes no sense. It expects defaults to be filled in.
func (c Config) Validate() error {
	for _, k := range []struct {
		name  string
		key   []byte
		least int
	}{{"NodeKey", c.NodeKey, minNodeKeyBytes}, {"PlayKey", c.PlayKey, 1}} {
		if len(k.key) < k.least {
			return fmt.Errorf("hls: %s has %d bytes, must have at least %d", k.name, len(k.key), k.least)
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
		least time.Duration
	}{
		{"SegmentDuration", c.SegmentDuration, time.Second},
		{"MaxSegmentDuration", c.MaxSegmentDuration, c.SegmentDuration},
		{"Hold", c.Hold, 0},
		{"EndKept", c.EndKept, 0},
		{"SessionIdle", c.SessionIdle, 0},
		{"SessionAge", c.SessionAge, 0},
	} {
		if d.value < d.least {
			return fmt.Errorf("hls: %s is %v, must be at least %v", d.name, d.value, d.least)
		}
	}
	if c.Container != FMP4 && c.Container != MPEGTS {
		return fmt.Errorf("hls: Container is %d, must be FMP4 or MPEGTS", c.Container)
	}
	if c.Latency != LowLatency && c.Latency != NormalLatency {
		return fmt.Errorf("hls: Latency is %d, must be LowLatency or NormalLatency", c.Latency)
	}
	if c.PartDuration < leastPart || c.PartDuration > c.SegmentDuration || c.PartDuration%time.Millisecond != 0 {
		return fmt.Errorf("hls: PartDuration is %v, must be whole milliseconds from %v to SegmentDuration, %v", c.PartDuration, leastPart, c.SegmentDuration)
	}
	if c.SegmentDuration%time.Second != 0 || c.MaxSegmentDuration%time.Second != 0 {
		return fmt.Errorf("hls: SegmentDuration %v and MaxSegmentDuration %v must be whole seconds", c.SegmentDuration, c.MaxSegmentDuration)
	}
	for _, n := range []struct {
		name         string
		value, least int
	}{
		{"ListSize", c.ListSize, 3},
		{"KeepSize", c.KeepSize, c.ListSize},
		{"SegmentBytes", c.SegmentBytes, 1 << 10},
		{"StreamBytes", c.StreamBytes, c.SegmentBytes},
		{"CacheBytes", c.CacheBytes, c.SegmentBytes},
		{"MaxSessions", c.MaxSessions, 1},
	} {
		if n.value < n.least {
			return fmt.Errorf("hls: %s is %d, must be at least %d", n.name, n.value, n.least)
		}
	}
	return nil
}
