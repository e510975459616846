package capacity

import "time"

// What one node takes for the chat. Measured in docs/scaling.md, "Of the chat": one core, over loopback, messages of 250 bytes.
const (
	// One write to one member's socket, with all messages of the tick: the rows of 1,000, 5,000, 10,000 and 19,500 connections,
	// CPU over writes, are 13, 9.8, 11 and 10 µs. The kernel has most of it, and on loopback the receiving too.
	writeCost = 10.5e-6 // CPU-s

	// One message from a member of this node, up to its flush: "What a backend can send" has 8,000 a second on one core. That is
	// with HTTP, so it is too much rather than too little.
	intakeCost = 125e-6 // CPU-s

	// One message from another node, into a room at rest: BenchmarkFollowingNode of internal/redisstore, where four more nodes add
	// 110 µs to the 55 of a flush.
	hearCost = 28e-6 // CPU-s

	// Memory of a connection that listens: the largest row. Buffers of the kernel are not in it.
	memberBytes = 8.8 * 1024

	// A node by itself: what `liveroom bench chat` says of the memory before anybody joins.
	nodeBytes = 64 << 20

	// A message on a member's wire beside its own bytes: 441 bytes for one of 250 with 1.8 messages in a frame (`liveroom bench
	// chat`), and headers of TCP and IP for each write.
	messageOverhead, writeOverhead = 191, 66

	// The most members of one core that were measured at 40 messages a second.
	membersOfCore = 10_000
)

// What one node takes for streams. Measured in docs/scaling.md, "What it costs" and "Streams over nodes", at 2 Mbit/s.
const (
	pushCost = 0.016 // of a core: a push or a pull with its HLS, and being a node of a cluster
	edgeCost = 0.17  // CPU-s per Gbit to another node
)

// media is what viewers of a protocol take, by how many of them a core has, fewest first: few share writes less.
var media = map[string][]mediaCost{
	"flv":  {{0, 0.31, 57e3}, {480, 0.18, 40e3}, {1000, 0.081, 18e3}, {2000, 0.069, 16e3}},
	"rtmp": {{0, 0.31, 57e3}, {480, 0.18, 40e3}, {1000, 0.085, 36e3}}, // below 1,000 taken from HTTP-FLV
	"hls":  {{0, 0.15, 92e3}},
}

type mediaCost struct {
	viewers int     // of a core, at least
	perGbit float64 // CPU-s
	bytes   float64 // memory of a viewer
}

// costOf is what each of n viewers on a core takes.
func costOf(protocol string, n float64) (c mediaCost) {
	for _, row := range media[protocol] {
		if float64(row.viewers) <= n {
			c = row
		}
	}
	return c
}

// What Redis takes: CPU time and bytes of a redis-server 7.0.15. Measured by BenchmarkRedisFlush, BenchmarkRedisFollowers and
// BenchmarkRedisReserve of internal/redisstore, messages of 110 bytes. With many flushes under way Redis puts reads and
// writes together; one that comes alone pays for all of its own.
var (
	flushAlone    = flushCost{flush: 118e-6, follower: 4.8e-6}
	flushTogether = flushCost{flush: 65e-6, follower: 0.7e-6}
)

type flushCost struct {
	flush    float64 // CPU-s for one message and two nodes that follow
	follower float64 // CPU-s for each further one
}

const (
	flushFollowers = 2     // that are in a flushCost
	flushMessage   = 11e-6 // CPU-s for each further message of a flush
	reserveCost    = 17e-6 // CPU-s for the key of a message that is under way

	// Bytes in and out of a flush, and of each of its messages beside its MsgBody; publishedOut and messageOut to each node that
	// follows. They make the 905 and 697 bytes of one message with two nodes, and the 1,540 and 1,640 of four.
	flushIn, flushOut, publishedOut = 700, 80, 152
	messageIn, messageOut           = 100, 46
)

// What is not measured but taken: a script of the nodes' lease and counts, a group in a node's counts, and half of a round trip
// to Redis.
const (
	scriptCost  = 30e-6    // CPU-s
	nodeScripts = 2 + 1./3 // of a node, a second
	countBytes  = 80
	hop         = 250 * time.Microsecond
)

// Shares of a core, of a network and of memory that should be planned with: the rest is for bursts and joins.
const (
	coreShare    = 0.7
	networkShare = 0.8
	memoryShare  = 0.7
)
