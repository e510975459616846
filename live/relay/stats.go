package relay

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Stats are figures since the start; Running is that of this moment.
type Stats struct {
	Running  int64
	Connects uint64            // tries to connect
	Failures map[string]uint64 // of connecting and of what had begun, by code
	Bytes    uint64            // sent
	Dropped  uint64            // tags that targets were too slow for
}

type counters struct {
	running                  atomic.Int64
	connects, bytes, dropped atomic.Uint64

	mu       sync.Mutex // guards failures; codes are a closed list
	failures map[string]uint64
}

func (c *counters) failed(code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures[code]++
}

// Stats returns the figures.
func (s *Service) Stats() Stats {
	c := &s.count
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{
		Running: c.running.Load(), Connects: c.connects.Load(), Failures: maps.Clone(c.failures), Bytes: c.bytes.Load(), Dropped: c.dropped.Load(),
	}
}
