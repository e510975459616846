package delivery

import (
	"context"
	"errors"
	"time"
)

// ErrDamaged says that what a Store has can't be read, however often it is tried.
var ErrDamaged = errors.New("delivery: the store is damaged")

// Key names a queue.
type Key struct {
	Endpoint, Room string
	Class          Class
}

// Item is an event in its queue. Its Endpoint, Room and Class are those of the queue.
type Item struct {
	Event
	N        uint64    // grows by one from item to item of a queue
	QueuedAt time.Time // what its age is counted from; not before that of the item before it
}

// size is what an item takes, about.
func (i *Item) size() int64 {
	n := len(i.Body) + len(i.ID) + len(i.Command) + 100
	for name, values := range i.Query {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return int64(n)
}

// Gap is a Loss that the receiver is still to be told of, under an ID.
type Gap struct {
	ID string `json:"id"`
	Loss
	Tried bool `json:"tried,omitempty"` // it may have been told already, so its Count stays as it is
}

// Queue is what is kept of a queue beside its items.
type Queue struct {
	Key
	First, Next uint64    // its items: First ≤ N < Next
	Bytes       int64     // they take, about
	Oldest      time.Time // no item was queued before this
	Gaps        []Gap     // before the first item
	Recent      []string  // ids that were given to it last, of State
	UsedAt      time.Time // of the last event
}

// Idle says that nothing of it needs to be kept.
func (q Queue) Idle() bool { return q.First == q.Next && len(q.Gaps) == 0 && len(q.Recent) == 0 }

// QueueChange is what became of a queue: items before First are gone, Append are new ones, in order.
type QueueChange struct {
	Queue
	Append []*Item
}

// DeadLetter is an event that was put aside.
type DeadLetter struct {
	Event
	N      uint64    // grows over all dead letters of a Store
	DeadAt time.Time // when it was put aside,
	Why    string    // why,
	Tries  int       // after so many tries since the start of the server,
	Status int       // and what the receiver answered last
	Answer string
}

// DeadDrop removes dead letters of an endpoint and class: those with the given N, or, without any, the Oldest ones.
type DeadDrop struct {
	Endpoint string
	Class    Class
	N        []uint64
	Oldest   int
}

// Change is one step of a Store, in the order of its fields.
type Change struct {
	Gone     []string // endpoints whose queues and dead letters are removed
	Queues   []QueueChange
	DeadDrop []DeadDrop
	Dead     []DeadLetter // by rising N

	// Taken is the place in an Exchange's inbox up to which all is in the queues, or delivered: it is removed from there.
	// TakenBytes are the Bytes of that. Empty: there is no inbox, or nothing to remove.
	Taken      string
	TakenBytes int64
}

// DeadCount is how many dead letters there are, and the highest N any has. A Store that can't have an N again that is gone
// counts zero with the highest N there was.
type DeadCount struct {
	Endpoint string
	Class    Class
	Count    int
	Last     uint64
}

// Store keeps queues and dead letters. Each method is atomic, and what Commit answered is durable (class A). There is one
// Commit at a time. One that failed may be stored all the same; the next one has its items and dead letters again, and they are
// there once.
type Store interface {
	Commit(ctx context.Context, c Change) error
	// Queues returns all queues that are not idle. They belong to the caller.
	Queues(ctx context.Context) ([]Queue, error)
	// Items returns items of a queue from N from on, in order: at least one if there is one, and no more than limit or than
	// take about that many bytes. The error is ErrDamaged if they are not what was stored.
	Items(ctx context.Context, k Key, from uint64, limit int, bytes int64) ([]*Item, error)
	// Older returns N of the first item from from on that was queued at a moment or later, or up to 64 less; the N after the
	// last item if none was.
	Older(ctx context.Context, k Key, from uint64, moment time.Time) (uint64, error)
	// Dead returns up to limit dead letters of an endpoint, by class and N, after those of a class and N.
	Dead(ctx context.Context, endpoint string, class Class, after uint64, limit int) ([]DeadLetter, error)
	DeadCounts(ctx context.Context) ([]DeadCount, error)
}
