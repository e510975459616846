package like

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"
)

// Store keeps the likes of groups. All nodes of a cluster share it.
type Store interface {
	// AddLikes counts a batch of a group, once: what a writer sends again, or later than one of its batches with a higher
	// number, changes nothing. The answer has the totals as they are now; Session is that of the batch's last count. A batch
	// without likes only has the group told.
	AddLikes(ctx context.Context, group string, b Batch) (Totals, error)

	// Likes are a group's totals: of all time, and of a live session if one is named. Unknown ones have none.
	Likes(ctx context.Context, group, session string) (Totals, error)

	// Liked lists groups, at most limit, those first that wait longest, whose likes may have changed since somebody was Told.
	// The mark stands for this list.
	Liked(ctx context.Context, limit int) (groups []string, mark uint64, err error)

	// Told takes off the list what it had at a mark, but for groups to which something was added at that time or later.
	// Groups may stay longer than they must, and never go while something is not told.
	Told(ctx context.Context, mark uint64) error

	// DeleteLikes forgets a group.
	DeleteLikes(ctx context.Context, group string) error
}

// Batch are likes of one group that are counted in one step.
type Batch struct {
	Writer string // of the process that accepted them: another at each start
	Number uint64 // grows with each batch of a writer
	Likes  []Count
}

// Count are likes in one live session; Session is empty while there is none.
type Count struct {
	Session string
	Likes   int64
}

// Totals of a group.
type Totals struct {
	All     int64 // of all time
	Session int64 // of the session that was asked for
}

// What a store keeps of a group; beyond, the oldest go.
const (
	MaxSessions = 128 // live sessions with totals of their own
	MaxWriters  = 256 // processes whose batches are told from repeated ones
)

// Tally is what a Store keeps of one group, for stores that hold it as a whole.
type Tally struct {
	All      int64             `json:"all"`
	Sessions map[string]int64  `json:"sessions,omitempty"` // by id: these are ULIDs, the larger the younger
	Writers  map[string]Writer `json:"writers,omitempty"`
}

// Writer is who added to a Tally.
type Writer struct {
	Number uint64    `json:"number"` // of its newest batch
	At     time.Time `json:"at"`
}

// Add counts a batch, if it is new.
func (t *Tally) Add(b Batch, now time.Time) Totals {
	if b.Number > t.Writers[b.Writer].Number {
		if t.Sessions == nil {
			t.Sessions = map[string]int64{}
		}
		if t.Writers == nil {
			t.Writers = map[string]Writer{}
		}
		for _, c := range b.Likes {
			t.All += c.Likes
			if c.Session != "" {
				t.Sessions[c.Session] += c.Likes
			}
		}
		t.Writers[b.Writer] = Writer{b.Number, now}
		t.trim(b.Writer)
	}
	return t.Totals(b.session())
}

// Totals are those of the group and of one session.
func (t *Tally) Totals(session string) Totals { return Totals{t.All, t.Sessions[session]} }

// trim forgets the oldest sessions, and the writers of whom nothing was heard for longest; one stays whatever the clock says.
func (t *Tally) trim(stays string) {
	for len(t.Sessions) > MaxSessions {
		delete(t.Sessions, slices.Min(slices.Collect(maps.Keys(t.Sessions))))
	}
	for len(t.Writers) > MaxWriters {
		others := slices.DeleteFunc(slices.Collect(maps.Keys(t.Writers)), func(w string) bool { return w == stays })
		delete(t.Writers, slices.MinFunc(others, func(a, b string) int {
			return cmp.Or(t.Writers[a].At.Compare(t.Writers[b].At), cmp.Compare(a, b))
		}))
	}
}

// session is that of the last count; empty: none.
func (b Batch) session() string {
	if len(b.Likes) == 0 {
		return ""
	}
	return b.Likes[len(b.Likes)-1].Session
}
