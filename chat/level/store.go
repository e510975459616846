package level

import (
	"context"
	"errors"
	"time"
)

// Bounds of what a Store is asked at once.
const (
	MaxDeeds = 200 // of a step
	MaxAsked = 200 // users whose records are asked for
)

// ErrBroken is what errors of a Store wrap that come again whenever the same is asked: something stored can't be read.
var ErrBroken = errors.New("level: a stored record can't be read")

// Step is what a Store does at once, or not at all.
type Step struct {
	Maker  string // who made it: one run of one node
	Number uint64 // of those of its maker, growing; 0: it is not numbered, and done whenever it comes
	Time   time.Time
	Rules  *Rules
	Deeds  []Deed // at most MaxDeeds, of as many users
}

// Fence is how far a maker has come, and what it was answered last.
type Fence struct {
	Number  uint64   `json:"number"`
	Changes []Change `json:"changes,omitempty"`
}

// FenceAge is how long a fence is known after its last step.
const FenceAge = 24 * time.Hour

// Done says whether the step was done before, and what it is answered then.
func (f Fence) Done(step *Step) ([]Change, bool) {
	if step.Number == 0 || step.Number > f.Number {
		return nil, false
	}
	if step.Number < f.Number {
		return nil, true
	}
	return f.Changes, true
}

// Apply makes the records and changes that a step leads to, of those that find finds.
func (step *Step) Apply(find func(user string) (rec Record, found bool, err error)) (all []Record, changes []Change, err error) {
	for _, d := range step.Deeds {
		before, found, err := find(d.User)
		if err != nil {
			return nil, nil, err
		}
		if !found {
			before = NewRecord(step.Rules, d.User)
		}
		after, change := before.Apply(step.Rules, d, step.Time)
		all = append(all, after)
		if change != nil {
			changes = append(changes, *change)
		}
	}
	return all, changes, nil
}

// Gone is a user who is no more, and since when.
type Gone struct {
	User string
	At   time.Time
}

// Takes says whether a record is of who is gone, and not of who came after him.
func (g Gone) Takes(rec *Record) bool { return !rec.Since.After(g.At) }

// Store keeps records. What it answers belongs to the caller.
type Store interface {
	// Take does a step, and answers what is to be told of it, in the order of its deeds, which it also keeps until Told. One that
	// was done before, or comes after a later one of its maker, does nothing; the maker's newest is answered as it was then. How
	// far a maker has come is known for a day.
	Take(ctx context.Context, step Step) ([]Change, error)
	// Records finds the records of users, at most MaxAsked; those of whom there is none are left out.
	Records(ctx context.Context, users []string) ([]Record, error)
	// Untold are changes from before a time that nobody has told yet, up to limit, the oldest first. Those of one user are one,
	// from where the first began (Change.After).
	Untold(ctx context.Context, before time.Time, limit int) ([]Change, error)
	// Told says that changes were told. Those with which later ones have become one are not.
	Told(ctx context.Context, changes []Change) error
	// Delete forgets users, at most MaxAsked, but for records that were made later than they went. Others hear of it as Changes
	// that are Gone.
	Delete(ctx context.Context, gone []Gone) error
	// DeleteGuests forgets guests whose records were made before a time, up to limit, and answers how many there were.
	DeleteGuests(ctx context.Context, before time.Time, limit int) (int, error)
}

// News tells of the changes that other nodes made.
type News interface {
	// Follow tells l of each change that another maker made, until ctx ends; calls do not overlap.
	Follow(ctx context.Context, maker string, l Listener) error
}

// Listener is told by News.
type Listener interface {
	// Changed are changes in the order in which they were made.
	Changed(changes []Change)
	// Missed says that there may have been others. It is also called at the begin.
	Missed()
}
