package schedule

import (
	"context"
	"errors"
	"time"
)

// ErrChanged refuses a change of what somebody else changed meanwhile.
var ErrChanged = errors.New("schedule: changed meanwhile")

// Store keeps broadcasts. Each method is one atomic step, durable before it answers (class A); what it returns is the caller's own.
type Store interface {
	// Now is the clock by which broadcasts are due.
	Now(ctx context.Context) (time.Time, error)
	// Add stores a broadcast, numbered after the newest. Where the id is taken it answers that one and not fresh. Beyond Kept
	// the oldest that is over goes; if none is, ErrTooMany.
	Add(ctx context.Context, b Broadcast) (stored Broadcast, fresh bool, err error)
	// Change puts b in the place of the one with its id and revision, or answers ErrChanged; unknown ones are ErrUnknown. One
	// that begins to run, with Run.Number 0, gets a number above that of the newest run (Head.Change). It answers what is
	// stored then.
	Change(ctx context.Context, b Broadcast) (Broadcast, error)
	Broadcast(ctx context.Context, id string) (Broadcast, error)
	// Broadcasts are those with a number below before (0: all), the newest first, at most limit.
	Broadcasts(ctx context.Context, before uint64, limit int) ([]Broadcast, error)
	// Due is what is to be worked on next: the one that is under way, or of those whose time has come the one that waits longest; nil: none.
	Due(ctx context.Context, now time.Time) (*Broadcast, error)
}

// Head is what a store keeps beside the broadcasts.
type Head struct {
	Number uint64 `json:"number"` // of the newest broadcast
	Run    uint64 `json:"run"`    // of the newest run
}

// Change is what Store.Change makes of the one that is stored, at a time by the store's clock. Runs are numbered by that time in
// microseconds: a store that lost its last second gives no number again that a room's fence has noted.
func (h Head) Change(was, b Broadcast, now time.Time) (Head, Broadcast, error) {
	if was.Revision != b.Revision {
		return h, was, ErrChanged
	}
	b.Revision++
	if b.State == Running && b.Run.Number == 0 {
		h.Run = max(h.Run+1, uint64(max(now.UnixMicro(), 0)))
		b.Run.Number = h.Run
	}
	return h, b, nil
}

// Earlier says whether b is to be worked on before o, as Store.Due has it; both are active.
func (b Broadcast) Earlier(o Broadcast) bool {
	switch {
	case b.underWay() && o.underWay():
		return b.Run.Number < o.Run.Number
	case b.underWay() || o.underWay():
		return b.underWay()
	case !b.NextAt.Equal(o.NextAt):
		return b.NextAt.Before(o.NextAt)
	}
	return b.Number < o.Number
}

// IsDue says whether its time has come.
func (b Broadcast) IsDue(now time.Time) bool {
	return b.underWay() || b.State == Scheduled && !b.NextAt.After(now)
}
