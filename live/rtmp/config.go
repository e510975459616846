package rtmp

import (
	"fmt"
	"time"

	"liveroom/live/stream"
)

// playChunkBytes is the chunk size of everything sent to players. It is no setting, because a tag's chunk form is built
// once and shared by all servers of a process.
const playChunkBytes = 64 << 10

// pushChunkBytes is the chunk size announced to everyone at connect: publishers that copy it (ffmpeg) then stop cutting
// frames into 128 bytes.
const pushChunkBytes = 4096

// Bounds of what a peer may send (design §8). They hold memory to 64 KiB before a peer was let in and for every player.
const (
	commandBytes    = 16 << 10  // of a command or data message
	scriptBytes     = 256 << 10 // of a publisher's data message
	unfinishedBytes = 64 << 10  // of all unfinished messages, and what a publisher may have beyond MaxMessageBytes
	maxCommands     = 64        // before publish or play
	maxStreams      = 8         // createStream calls
	ackFloorBytes   = 64 << 10  // smallest acknowledgement window obeyed
	windowBytes     = 2_500_000 // acknowledgement window and bandwidth announced to the peer
)

// Config of a Server. Zero fields take their defaults.
type Config struct {
	// Handshake is the time from accept to the end of the RTMP (and TLS) handshake, in all, not per read. As long again
	// is given for the commands up to publish or play, and for the peer to leave after its push ended. Default 10 s.
	Handshake time.Duration
	// Write is the longest one write may take. Default 10 s.
	Write time.Duration
	// Silent is how long a publisher may send no media. Default 10 s.
	Silent time.Duration
	// Idle is after how long without media a player is told so, and each time again asked for a sign of life. Default 10 s.
	Idle time.Duration
	// RefusalDelay is how long a refusal is held back, so that guessing is slow; temporary ones are answered at once. It
	// grows up to tenfold for an address that is refused again and again. Default 1 s.
	RefusalDelay time.Duration
	// MergeReads is the longest that received media waits for more, while many pushes run for each processor; few are read at once. Default
	// 40 ms, negative: never.
	MergeReads time.Duration
	// MaxConns is the number of connections at a time. Default 20000, negative: no limit.
	MaxConns int
	// MaxPerAddr is the same for one IPv4 address or IPv6 /64 network. Default 512, negative: no limit.
	MaxPerAddr int
	// MaxPushesPerAddr is the number of pushes for one such address. Default 16, negative: no limit.
	MaxPushesPerAddr int
	// MaxMessageBytes is the largest media message. Default 8 MiB, at most 16 MiB - 1.
	MaxMessageBytes int
}

// Validate names the first field with a value that makes no sense.
func (c Config) Validate() error {
	for _, f := range []struct {
		name  string
		value time.Duration
	}{{"Handshake", c.Handshake}, {"Write", c.Write}, {"Silent", c.Silent}, {"Idle", c.Idle}, {"RefusalDelay", c.RefusalDelay}} {
		if f.value < 0 {
			return fmt.Errorf("rtmp: %s is %v, must not be negative", f.name, f.value)
		}
	}
	if c.MaxMessageBytes < 0 || c.MaxMessageBytes > stream.MaxPayloadBytes {
		return fmt.Errorf("rtmp: MaxMessageBytes is %d, must be between 0 and %d", c.MaxMessageBytes, stream.MaxPayloadBytes)
	}
	return nil
}

func (c Config) withDefaults() Config {
	for _, f := range []struct {
		value *time.Duration
		def   time.Duration
	}{{&c.Handshake, 10 * time.Second}, {&c.Write, 10 * time.Second}, {&c.Silent, 10 * time.Second}, {&c.Idle, 10 * time.Second}, {&c.RefusalDelay, time.Second}, {&c.MergeReads, 40 * time.Millisecond}} {
		if *f.value == 0 {
			*f.value = f.def
		}
	}
	for _, f := range []struct {
		value *int
		def   int
	}{{&c.MaxConns, 20000}, {&c.MaxPerAddr, 512}, {&c.MaxPushesPerAddr, 16}, {&c.MaxMessageBytes, 8 << 20}} {
		if *f.value == 0 {
			*f.value = f.def
		}
	}
	return c
}
