package status

import (
	"context"
	"errors"
	"time"
)

// What several nodes over one store are told.
var ErrFenced = errors.New("status: another has the claim") // Renew, AckAs: it lapsed, and may be another's

// DefaultLease is how long a publisher is believed to be there that nobody speaks for (design §4).
const DefaultLease = 15 * time.Second

// Shared is what a Store has besides when several nodes use it.
type Shared interface {
	Store
	Leases
	Claims
	News
}

// Held is a push that a node holds.
type Held struct {
	Room       string
	Generation uint64
}

// Lease is what the store says of a room whose push is kept.
type Lease struct {
	Known        bool // false: there is no such room; the rest is zero
	Revision     uint64
	Version      uint64
	Code         Code
	Generation   uint64 // of the newest publisher
	StreamActive bool
	PushAllowed  bool
}

// Leases says which publishers are still there. Swap gives a publisher a whole lease where it begins or is taken back, and
// ends it where no stream is active any more.
type Leases interface {
	// Keep gives each of these pushes a whole lease from now that is its room's newest and active, all in one step. What it
	// says of each is in the same order.
	Keep(ctx context.Context, pushes []Held) ([]Lease, error)

	// Lapsed lists active pushes that nobody kept for a whole lease, at most limit.
	Lapsed(ctx context.Context, limit int) ([]Held, error)
}

// Claims are names that one node at a time has, for a lifetime that it renews. A fence is never given twice.
type Claims interface {
	// Take takes a name nobody has, or answers 0.
	Take(ctx context.Context, name string, life time.Duration) (fence uint64, err error)

	// Renew gives a claim a whole lifetime from now, or answers ErrFenced.
	Renew(ctx context.Context, name string, fence uint64, life time.Duration) error

	// Leave gives a claim back. One that is not held any more is no error.
	Leave(ctx context.Context, name string, fence uint64) error

	// AckAs is Store.Ack for who has the claim OutboxClaim of the room, or answers ErrFenced.
	AckAs(ctx context.Context, room string, version, fence uint64) error
}

// OutboxClaim is the claim of who delivers a room's outbox.
func OutboxClaim(room string) string { return "outbox:" + room }

// News tells what other nodes did.
type News interface {
	// Follow tells f what any node commits, this one included, until ctx ends. Changes of one room come in their order; of
	// several missed at once only what it is now. Everything before Follow was called is not told.
	Follow(ctx context.Context, f Follower) error
}

// Follower is told of changes, one call at a time. Its methods must not wait for the store for long.
type Follower interface {
	// Changed tells of a room: its state, unless that stayed the same, and whether the room itself (live.Room) was made,
	// changed or removed.
	Changed(room string, state *State, settings bool)

	// Fresh tells whether changes are told at once, from now on: false while the store is away. All that was missed was told
	// before it is true again.
	Fresh(fresh bool)

	// Reset says that so much was missed that anything may be different: what is remembered of any room is only worth
	// something if the store has lost changes, which Machine.Restore then mends.
	Reset(lost bool)
}
