package rtmp

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Stats is what a Server counted since it was made. All numbers but the first three only grow.
type Stats struct {
	Connections int64 // open now, in any state
	Pushes      int64 // running now
	Plays       int64 // running now

	Accepted          uint64            // connections taken
	Limited           uint64            // connections closed at once because of MaxConns or MaxPerAddr
	HandshakeFailures uint64            // connections lost or given up before the end of the handshake
	ProtocolErrors    uint64            // connections closed because of what the peer sent
	Timeouts          uint64            // connections closed because the peer did not ask to publish or play in time
	SilentPushes      uint64            // pushes closed for want of media
	SlowWrites        uint64            // connections closed because a write took too long
	DroppedScripts    uint64            // data messages of publishers that were not valid AMF0 and were left out
	Panics            uint64            // connections ended by a mistake of this program
	SlowedRefusals    uint64            // refusals held back longer than usual, for their address had many before
	PublishRefusals   map[string]uint64 // by refusal code
	PlayRefusals      map[string]uint64 // by refusal code
	BytesIn           uint64            // received, after TLS
	BytesOut          uint64            // sent, before TLS
}

// counters are the live form of Stats.
type counters struct {
	connections, pushes, plays                        atomic.Int64
	accepted, limited, handshakes, protocol, timeouts atomic.Uint64
	silent, slow, scripts, panics, bytesIn, bytesOut  atomic.Uint64
	slowed                                            atomic.Uint64

	mu              sync.Mutex // guards the maps; codes are a closed list of whoever admits
	publishRefusals map[string]uint64
	playRefusals    map[string]uint64
}

func (c *counters) refused(publish bool, code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if publish {
		c.publishRefusals[code]++
	} else {
		c.playRefusals[code]++
	}
}

// Stats returns the present numbers.
func (s *Server) Stats() Stats {
	c := &s.count
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{
		Connections: c.connections.Load(), Pushes: c.pushes.Load(), Plays: c.plays.Load(),
		Accepted: c.accepted.Load(), Limited: c.limited.Load(), HandshakeFailures: c.handshakes.Load(),
		ProtocolErrors: c.protocol.Load(), Timeouts: c.timeouts.Load(), SilentPushes: c.silent.Load(),
		SlowWrites: c.slow.Load(), DroppedScripts: c.scripts.Load(), Panics: c.panics.Load(),
		SlowedRefusals:  c.slowed.Load(),
		PublishRefusals: maps.Clone(c.publishRefusals), PlayRefusals: maps.Clone(c.playRefusals),
		BytesIn: c.bytesIn.Load(), BytesOut: c.bytesOut.Load(),
	}
}
