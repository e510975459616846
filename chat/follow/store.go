package follow

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// Store keeps follows. All nodes of a cluster share it.
type Store interface {
	// SetFollow makes a change, if it is one: who follows already goes on following since he did.
	SetFollow(ctx context.Context, c Change) (Done, error)

	// Follows says whether one user follows another.
	Follows(ctx context.Context, follower, followed string) (bool, error)

	// FollowCounts are the lengths of a user's lists.
	FollowCounts(ctx context.Context, user string) (Counts, error)

	// FollowList is a part of one of a user's lists, newest first: what comes after a place, at most limit. The zero Place is
	// before the first.
	FollowList(ctx context.Context, user string, side Side, after Place, limit int) ([]Place, error)

	// Forget notes that users are to be forgotten, with what is in their lists up to a time. Forgotten lists those who were noted,
	// the oldest first, at most limit. Forgot takes off what was noted so.
	Forget(ctx context.Context, users []Place) error
	Forgotten(ctx context.Context, limit int) ([]Place, error)
	Forgot(ctx context.Context, users []Place) error
}

// Repairer is a Store in which a crash may leave a change half done. Repair completes such changes; it is called every few
// seconds on one node.
type Repairer interface {
	RepairFollows(ctx context.Context) (repaired int, err error)
}

// Change lets somebody follow somebody, or no longer.
type Change struct {
	Follower string
	Followed string
	On       bool
	Limit    int // most users that one may follow; at it, another is ErrTooMany
}

// Done is what became of a Change.
type Done struct {
	Changed   bool // it was otherwise before
	Followers int  // of who is followed, now
	Known     bool // Followers is; otherwise the change is durable, and his list will be in step in a moment
}

// Counts are the lengths of a user's lists.
type Counts struct{ Following, Followers int }

// Side is one of a user's lists.
type Side uint8

// The two lists.
const (
	Following Side = iota + 1 // whom he follows
	Followers                 // who follows him
)

// Place is an entry of a list: the user at the other end, and when the follow began. At is also what orders a list, and no
// two changes of one follower have the same.
type Place struct {
	At   int64 // µs since 1970
	User string
}

// Since is when the follow began, UTC.
func (p Place) Since() time.Time { return time.UnixMicro(p.At).UTC() }

// String is the place as a cursor; ParsePlace reads it. The zero Place is empty.
func (p Place) String() string {
	if p == (Place{}) {
		return ""
	}
	return strconv.FormatInt(p.At, 36) + "." + p.User
}

// ParsePlace reads a cursor; false: it is none.
func ParsePlace(cursor string) (Place, bool) {
	if cursor == "" {
		return Place{}, true
	}
	at, user, found := strings.Cut(cursor, ".")
	n, err := strconv.ParseInt(at, 36, 64)
	if err != nil || !found || n <= 0 || n > 1<<53 || user == "" || len(user) > maxUserBytes {
		return Place{}, false
	}
	return Place{n, user}, true
}

// Before says whether p stands before q in a list: the newer first, and of two of the same moment the greater name.
func (p Place) Before(q Place) bool { return p.At > q.At || p.At == q.At && p.User > q.User }

// Follows says whether p is behind another place of a list, the zero Place being before all.
func (p Place) Follows(q Place) bool { return q == (Place{}) || q.Before(p) }
