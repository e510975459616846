package live

import (
	"context"
	"time"

	"liveroom/status"
)

// Listed is a room together with its present status record.
type Listed struct {
	Room      Room
	Record    status.Record
	Forbidden *Forbidden // of one room that was asked for, where pushes are forbidden now; never in lists
}

// Forbidden says how long pushes to a room, and reopening it, are forbidden.
type Forbidden struct {
	Until time.Time // zero: until permitted
}

// ListQuery selects rooms. Rooms come in order of id.
type ListQuery struct {
	Status status.Code // 0: any
	Limit  int         // at most this many; 0: 50
	After  string      // cursor: the id of the last room of the page before; empty: from the start
}

// Store keeps rooms beside their status. Every method is one atomic, durable step.
type Store interface {
	// CreateRoom stores r and its first status together; id, group and stream must be free (Exists tells which is not).
	// Where a tombstone of r.ID stands, the stored state goes on from it (status.Continue). It returns the state as stored.
	CreateRoom(ctx context.Context, r Room, fresh status.State) (status.State, error)

	// Room, RoomByStream and RoomByGroup find one room, or NotFound.
	Room(ctx context.Context, id string) (Room, error)
	RoomByStream(ctx context.Context, stream string) (Room, error)
	RoomByGroup(ctx context.Context, group string) (Room, error)

	// UpdateRoom lets change alter the room and stores the result; its id can't change, uniqueness holds.
	UpdateRoom(ctx context.Context, id string, change func(*Room) error) (Room, error)

	// DeleteRoom removes the room and leaves the status tombstone (Deleted, DeletedAt = at).
	DeleteRoom(ctx context.Context, id string, at time.Time) error

	// Rooms lists a page; next is the cursor of the page after, empty at the end.
	Rooms(ctx context.Context, q ListQuery) (page []Listed, next string, err error)

	// SweepTombstones forgets tombstones of rooms deleted before the given time and says how many.
	SweepTombstones(ctx context.Context, before time.Time) (int, error)
}
