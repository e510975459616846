package record

import "sync/atomic"

// counters are the figures of a service, counted as things happen.
type counters struct {
	segments, bytes, missed, odd, failures, done, removed atomic.Uint64
	broken, total                                         atomic.Int64
}

// Stats is what a service did since its start, and has now.
type Stats struct {
	Segments uint64 // stored
	Bytes    uint64 // stored
	Missed   uint64 // segments left out: the store was full, or too slow
	Odd      uint64 // segments that make no sense
	Failures uint64 // times that a recording could not be stored any more
	Done     uint64 // recordings finished
	Removed  uint64 // recordings removed

	Waiting int64 // bytes that wait for the store
	Broken  int64 // recordings that can't be stored now
	Total   int64 // bytes of all recordings, as the last Retain found them
}

// Stats returns the figures.
func (s *Service) Stats() Stats {
	c := &s.counts
	return Stats{
		Segments: c.segments.Load(), Bytes: c.bytes.Load(), Missed: c.missed.Load(), Odd: c.odd.Load(), Failures: c.failures.Load(),
		Done: c.done.Load(), Removed: c.removed.Load(), Waiting: s.held.Load(), Broken: c.broken.Load(), Total: c.total.Load(),
	}
}
