package delivery

import (
	"context"
	"errors"
	"time"
)

var (
	// ErrDeposed says that another node delivers by now.
	ErrDeposed = errors.New("delivery: another node delivers")
	// ErrFull says that the inbox has as much as it may have.
	ErrFull = errors.New("delivery: the inbox is full")
	// ErrNoCourier says that no node delivers at present, or that it does not answer.
	ErrNoCourier = errors.New("delivery: the node that delivers does not answer")
)

// Posted is an event in the inbox.
type Posted struct {
	Event
	Place    string    // grows from event to event
	QueuedAt time.Time // when it came into the inbox
	Bytes    int64     // it takes, about
	Lost     uint64    // of a Dropped: how many events it stands for
}

// Question is what one node wants of the one that delivers.
type Question struct {
	ID   string
	Text []byte
}

// Exchange is what nodes share of which one delivers, the courier: an inbox that each of them appends to, and the queues and
// dead letters, which only the courier changes. Each method is atomic, and what was answered is durable (class A).
type Exchange interface {
	// Post appends events to the inbox, unless it takes most bytes already (ErrFull). Each poster has one call at a time, and
	// a call that failed may have been done all the same: asked again with the same id nothing is appended twice.
	Post(ctx context.Context, poster, id string, most int64, events []Posted) error
	// Begin begins a courier's term and returns its Store. From then on Commit of earlier terms fails with ErrDeposed, as
	// Begin does when there was a term with a greater fence.
	Begin(ctx context.Context, fence uint64) (Store, error)
	// Inbox returns events after a place ("": from the first on), in order: at least one if there is one, and no more than
	// limit or than take about that many bytes.
	Inbox(ctx context.Context, after string, limit int, bytes int64) ([]Posted, error)
	// Dead is Store.Dead.
	Dead(ctx context.Context, endpoint string, class Class, after uint64, limit int) ([]DeadLetter, error)

	// Ask asks the courier and waits for the answer, not longer than ctx (ErrNoCourier).
	Ask(ctx context.Context, q Question) ([]byte, error)
	// Questions returns those that nobody took yet, and takes them.
	Questions(ctx context.Context) ([]Question, error)
	// Answer answers one, for a while.
	Answer(ctx context.Context, id string, text []byte) error
	// Listen calls wake after Post and Ask, at times without, until ctx ends. What comes while nobody listens, or while the
	// Exchange can't be reached, may be missed.
	Listen(ctx context.Context, wake func())
}
