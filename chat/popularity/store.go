package popularity

import (
	"context"
	"math"
)

// Mark is what is stored of a group: its levels on two scales, the board's and one that forgets sooner (Service), which together
// tell whether more happens than before.
type Mark struct {
	Group      string
	Slow, Fast float64
}

// plus is a mark with another's events too.
func (m Mark) plus(other Mark) Mark {
	m.Slow, m.Fast = Sum(m.Slow, other.Slow), Sum(m.Fast, other.Fast)
	return m
}

// Place is where the mark is in its board's order.
func (m Mark) Place() Place { return Place{m.Slow, m.Group} }

// Place is one in the order of a board.
type Place struct {
	Slow  float64
	Group string
}

// Before says whether the one place comes before the other: the higher level first, of equals the greater group id.
func (p Place) Before(other Place) bool {
	if p.Slow != other.Slow {
		return p.Slow > other.Slow
	}
	return p.Group > other.Group
}

// First is the place before all others.
func First() Place { return Place{Slow: math.Inf(1)} }

// Store keeps the marks of boards. A board is named for its half-life: the levels of another scale can't be compared with its
// own, so a new half-life begins a new board, and the old one goes away by itself. Each method is one atomic step; what Raise
// answered is written within 200 ms (class B).
type Store interface {
	// Raise adds events to groups, each named once. A Store that may lose an answer recognises an operation
	// (chat.WithOperation) for ten seconds: asked again, its events count once.
	Raise(ctx context.Context, board string, events []Mark) error
	// Top lists groups behind a place, at most limit.
	Top(ctx context.Context, board string, after Place, limit int) ([]Mark, error)
	// Marks are those of some groups; who has none is not in the answer.
	Marks(ctx context.Context, board string, groups []string) (map[string]Mark, error)
	// Forget takes groups off the board.
	Forget(ctx context.Context, board string, groups []string) error
	// Sweep takes those off whose level is below one, at most limit, and names them.
	Sweep(ctx context.Context, board string, below float64, limit int) ([]string, error)
}
