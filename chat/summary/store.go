package summary

import (
	"context"
	"errors"
	"time"
)

// What a Store answers.
var (
	ErrUnknown  = errors.New("summary: unknown session")   // none of this name
	ErrConflict = errors.New("summary: changed meanwhile") // Swap: the stored revision is another
)

// MaxListed is how many sessions one answer of Sessions has.
const MaxListed = 10_000

// Store keeps sessions until they are told, and summaries after that. Each method is one atomic step, durable when it answers
// (class A), but for Add (class B).
type Store interface {
	// Sessions lists those that run, or those that are over and not told yet, in no order.
	Sessions(ctx context.Context, over bool) ([]Session, error)
	// Session returns one and what was counted of it, or ErrUnknown.
	Session(ctx context.Context, session string) (Session, Counts, error)
	// Swap stores next, with the next revision, if the stored one is prev (0: there is none), else ErrConflict.
	Swap(ctx context.Context, prev uint64, next Session) error
	// Remove forgets a session that was told, with its counts.
	Remove(ctx context.Context, session string) error

	// Add counts; of sessions that are not stored nothing is kept. Users are counted exactly up to MaxMembers, but by a Store
	// that says otherwise with a standard error of 0.81 %. A Store that may lose an answer recognises an operation
	// (chat.WithOperation) for ten seconds.
	Add(ctx context.Context, deltas []Delta) error

	// Keep stores a summary with a Number, and answers the one that is kept of its session: the first. The number is the time in
	// microseconds, or as much more that it is above those that were given before in the group, so that one that is told in
	// their order is also told when a Store has lost its last seconds. Of a group keep are kept for an age, those that began
	// last, and the one just kept. Those that former versions kept have the number 0.
	Keep(ctx context.Context, s Summary, keep int, age time.Duration) (Summary, error)
	// Summary returns one, or ErrUnknown.
	Summary(ctx context.Context, group, session string) (Summary, error)
	// Summaries lists those of a group, the newest first, that began before a time (Began; 0: from the newest), limit at most.
	Summaries(ctx context.Context, group string, before uint64, limit int) ([]Summary, error)
	// Sweep forgets summaries that were kept before a time, limit at most, and says how many.
	Sweep(ctx context.Context, before time.Time, limit int) (int, error)
}
