package status

import (
	"context"
	"errors"
	"time"
)

// What a store or the machine answers.
var (
	ErrUnknownRoom = errors.New("status: unknown room")         // no state is stored under this id
	ErrConflict    = errors.New("status: changed meanwhile")    // Swap: the stored revision is another
	ErrUnavailable = errors.New("status: store unavailable")    // temporary; nothing is known to have been stored
	ErrGone        = errors.New("status: no longer in the log") // Events: too old (or from another log): start anew
	ErrStale       = errors.New("status: a newer push exists")  // Reassert: the publisher must close
)

// Entry is a record that still has to be announced.
type Entry struct {
	Record Record
	At     time.Time // store's clock when it was stored
}

// LogEntry is one change of status in the installation's one log.
type LogEntry struct {
	Seq    uint64 // grows by one
	Record Record
}

// Store keeps states. Each method is one atomic step, durable when it answers (class A, design §7). Errors other than
// those above wrap ErrUnavailable where the store can't be reached.
type Store interface {
	// Now is the store's clock, UTC, in whole milliseconds.
	Now(ctx context.Context) (time.Time, error)

	// Load returns a room's state, tombstones included (State.Deleted), or ErrUnknownRoom.
	Load(ctx context.Context, room string) (State, error)

	// Swap stores next if the room's stored revision is prev (0: no state is stored), else answers ErrConflict. In the
	// same step it stores next's deadlines and, if and only if Record.Version grew, an outbox entry and a log entry.
	Swap(ctx context.Context, prev uint64, next State) error

	// Deadlines lists every deadline of every room, in no order.
	Deadlines(ctx context.Context) ([]Deadline, error)

	// Publishing lists the states whose record says that a stream is active, in no order.
	Publishing(ctx context.Context) ([]State, error)

	// Pending lists the rooms that have outbox entries, the longest waiting first.
	Pending(ctx context.Context) ([]string, error)

	// PendingRoom lists a room's outbox in order of version, at most limit entries.
	PendingRoom(ctx context.Context, room string, limit int) ([]Entry, error)

	// Ack removes an outbox entry. One that isn't there is no error.
	Ack(ctx context.Context, room string, version uint64) error

	// Events lists log entries after a sequence number, oldest first, at most limit. ErrGone says that entries after
	// it are no longer kept, or that it is not a number of this log.
	Events(ctx context.Context, after uint64, limit int) ([]LogEntry, error)

	// EventHead is the sequence number of the newest log entry, 0 when there is none yet.
	EventHead(ctx context.Context) (uint64, error)
}

// Announcer is one step of making a record known (chat, callback …). It must be idempotent by (Epoch, Version): a record
// may come twice, but never before an older one of its room.
type Announcer interface {
	ApplyStatus(ctx context.Context, r Record) error
}

// AnnouncerFunc lets a function be an Announcer.
type AnnouncerFunc func(ctx context.Context, r Record) error

// ApplyStatus calls f.
func (f AnnouncerFunc) ApplyStatus(ctx context.Context, r Record) error { return f(ctx, r) }
