package record

import (
	"context"
	"time"
)

// Query selects recordings.
type Query struct {
	Room, Session string    // empty: any
	MadeAt        time.Time // of the room: only what is of the one made then (Recording.OfRoom); zero: also of those before it
	State         State     // empty: any but Deleting
	Kind          Kind      // empty: any
	Limit         int       // at most this many; 0: 50
	After         string    // cursor: the id of the last one of the page before; empty: from the start
	Oldest        bool      // the oldest first; else the newest
}

// Store keeps what is known of recordings. Each method is one atomic step, durable before it answers; what it returns is the
// caller's own. Recordings are in order of their ids, which is that of their making.
type Store interface {
	// Now is the clock that all nodes share.
	Now(ctx context.Context) (time.Time, error)
	// Begin stores a Running recording, unless its session has one of its kind: that one is answered then, and not fresh.
	Begin(ctx context.Context, r Recording) (stored Recording, fresh bool, err error)
	// Add stores one that is not Running. Where its id is taken it answers that one, and not fresh.
	Add(ctx context.Context, r Recording) (stored Recording, fresh bool, err error)
	// Change lets change alter a recording and stores the result; id, kind, room and session can't change, and none becomes
	// Running. It may be called more than once; its error is answered, and nothing stored then. ErrUnknown: there is none.
	Change(ctx context.Context, id string, change func(*Recording) error) (Recording, error)
	// Recording finds one, or answers ErrUnknown.
	Recording(ctx context.Context, id string) (Recording, error)
	// Running is the one of a session and a kind that runs, or ErrUnknown.
	Running(ctx context.Context, session string, kind Kind) (Recording, error)
	// List answers a page; next is the cursor of the page after, empty at the end. A page may be short, even empty, with more
	// to follow.
	List(ctx context.Context, q Query) (page []Recording, next string, err error)
	// Remove forgets one; there being none is no error.
	Remove(ctx context.Context, id string) error
}

// Matches says whether a query selects a recording; stores ask it of what they find.
func (q Query) Matches(r Recording) bool {
	return (q.Room == "" || q.Room == r.Room) && (q.Session == "" || q.Session == r.Session) && (q.Kind == "" || q.Kind == r.Kind) &&
		(q.State == r.State || q.State == "" && r.State != Deleting) && (q.MadeAt.IsZero() || r.OfRoom(q.MadeAt)) &&
		(q.After == "" || q.Oldest && r.ID > q.After || !q.Oldest && r.ID < q.After)
}

// Most is how many a page has at most.
func (q Query) Most() int {
	if q.Limit <= 0 {
		return 50
	}
	return min(q.Limit, 500)
}
