package socket

import "sync/atomic"

// Stats are figures since the start, for metrics.
type Stats struct {
	Sockets int // open now, or being opened, streams included
	Streams int // of them, event streams
	Writers int // of them, those being written to at this moment

	Accepted       uint64
	RefusedFull    uint64 // the server had as many sockets as it may
	RefusedAddress uint64 // the address had
	FailedLogins   uint64
	LockedOut      uint64 // logins refused unheard

	Ops     uint64 // frames of clients
	TooFast uint64 // of them, those over the rate

	DroppedHigh   uint64 // message batches that slow sockets lost, by priority
	DroppedNormal uint64
	DroppedLow    uint64

	Blocked       uint64 // times that a client did not take at once what there was for it
	WriteFailures uint64
	BytesOut      uint64
	CutResumes    uint64 // resumes answered with the history because too many were under way
	Panics        uint64

	Closed map[string]uint64 // closed by the server, by reason
}

// counters are what Stats is made from.
type counters struct {
	accepted, refusedFull, refusedAddress atomic.Uint64
	failedLogins, lockedOut               atomic.Uint64
	ops, tooFast                          atomic.Uint64
	dropped                               [classes]atomic.Uint64
	blocked, writeFailures, bytesOut      atomic.Uint64
	cutResumes, panics                    atomic.Uint64
	closed                                [len(goodbyes) + 1]atomic.Uint64 // the last: reasons of others
}

func (c *counters) drop(n *[classes]uint64) {
	for i, v := range n {
		if v > 0 {
			c.dropped[i].Add(v)
		}
	}
}

func (c *counters) close(g goodbye) {
	for i := range goodbyes {
		if goodbyes[i].reason == g.reason {
			c.closed[i].Add(1)
			return
		}
	}
	c.closed[len(goodbyes)].Add(1)
}

// Stats returns present figures.
func (s *Server) Stats() Stats {
	c := &s.count
	out := Stats{
		Sockets: s.guard.open(), Streams: s.streams.open(), Writers: int(s.writers.Load()),
		Accepted: c.accepted.Load(), RefusedFull: c.refusedFull.Load(), RefusedAddress: c.refusedAddress.Load(),
		FailedLogins: c.failedLogins.Load(), LockedOut: c.lockedOut.Load(),
		Ops: c.ops.Load(), TooFast: c.tooFast.Load(),
		DroppedHigh: c.dropped[high].Load(), DroppedNormal: c.dropped[normal].Load(), DroppedLow: c.dropped[low].Load(),
		Blocked: c.blocked.Load(), WriteFailures: c.writeFailures.Load(), BytesOut: c.bytesOut.Load(),
		CutResumes: c.cutResumes.Load(), Panics: c.panics.Load(),
		Closed: make(map[string]uint64, len(c.closed)),
	}
	for i, g := range goodbyes {
		out.Closed[g.reason] = c.closed[i].Load()
	}
	out.Closed["other"] = c.closed[len(goodbyes)].Load()
	return out
}
