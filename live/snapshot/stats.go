package snapshot

import "sync/atomic"

// counts are the service's figures since it was made.
type counts struct {
	taken, skipped, removed, bytes atomic.Uint64
	picture, full, storeFailure    atomic.Uint64
}

// ended counts a picture that was taken, or was not.
func (c *counts) ended(err error) {
	if err == nil {
		c.taken.Add(1)
		return
	}
	map[string]*atomic.Uint64{"picture": &c.picture, "full": &c.full, "store": &c.storeFailure}[reason(err)].Add(1)
}

func (c *counts) kept(shots []Shot) {
	for _, s := range shots {
		c.bytes.Add(uint64(max(s.Bytes, 0)))
	}
}

// Stats are a service's figures since it was made; Rooms, Waiting, Making and Storing are those of this moment.
type Stats struct {
	Rooms   int // whose pictures are taken here
	Waiting int // whose turn it is
	Making  int
	Storing int

	Taken   uint64
	Failed  map[string]uint64 // by reason: picture, full, store
	Skipped uint64            // pictures left out because it was another's turn
	Bytes   uint64            // stored, all sizes
	Removed uint64            // objects
}

// Stats returns them.
func (s *Service) Stats() Stats {
	s.mu.Lock()
	st := Stats{Waiting: len(s.queue), Making: s.making, Storing: s.storing}
	for _, r := range s.rooms {
		if r.here && r.source.Every > 0 {
			st.Rooms++
		}
	}
	s.mu.Unlock()
	c := &s.counts
	st.Taken, st.Skipped, st.Bytes, st.Removed = c.taken.Load(), c.skipped.Load(), c.bytes.Load(), c.removed.Load()
	st.Failed = map[string]uint64{
		"picture": c.picture.Load(), "full": c.full.Load(), "store": c.storeFailure.Load(),
	}
	return st
}
