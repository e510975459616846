package blob

import (
	"errors"
	"sync/atomic"
)

// Stats are what a store on a disk did since it was opened, and how it stands.
type Stats struct {
	Stored      uint64 // objects
	StoredBytes uint64
	Full        uint64 // objects refused because there was no room
	Failed      uint64 // objects not stored for another reason
	Removed     uint64 // names that were to be removed and were

	Free      int64 // bytes left on the disk
	FreeKnown bool
	Spare     int64 // bytes of them that are left to others
}

// IsFull says whether nothing can be stored for want of room.
func (s Stats) IsFull() bool { return s.FreeKnown && s.Free < s.Spare }

type counts struct{ stored, bytes, full, failed, removed atomic.Uint64 }

// put counts an object that was to be stored.
func (c *counts) put(size int64, err error) {
	switch {
	case err == nil:
		c.stored.Add(1)
		c.bytes.Add(uint64(max(size, 0)))
	case errors.Is(err, ErrFull):
		c.full.Add(1)
	default:
		c.failed.Add(1)
	}
}

func (g *ground) stats() Stats {
	c := &g.count
	s := Stats{
		Stored: c.stored.Load(), StoredBytes: c.bytes.Load(), Full: c.full.Load(), Failed: c.failed.Load(), Removed: c.removed.Load(),
		Spare: g.spare,
	}
	s.Free, s.FreeKnown = g.free()
	return s
}
