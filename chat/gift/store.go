package gift

import (
	"context"
	"time"
)

// All stands for a session where the whole of a group is meant: no session is called so. The empty session is what was
// given outside any.
const All = "*"

// Store keeps catalogue, orders and ledger. Each method is one atomic step, durable before it answers, and what it answers
// belongs to the caller. Lists are bounded by limit. Groups need not exist: a deleted one keeps its ledger.
type Store interface {
	Catalogues
	Orders
	Works
	Ledgers
}

// Catalogues keeps the catalogue.
type Catalogues interface {
	Catalogue(ctx context.Context) (Catalogue, error)

	// PutGift makes or changes a gift and returns the catalogue after it. ErrTooManyGifts.
	PutGift(ctx context.Context, g Gift) (Catalogue, error)

	// DeleteGift returns the catalogue after it. ErrNoGift.
	DeleteGift(ctx context.Context, id string) (Catalogue, error)
}

// Orders takes orders and settles them.
type Orders interface {
	// Place keeps a pending order whose first asking is under way; it is due to be asked again at askAt. An order of the
	// same key is returned as it is now (fresh is false), or ErrOrderReused if it asks for something else. ErrPending,
	// ErrLedgerFull.
	Place(ctx context.Context, o Order, askAt time.Time) (now Order, fresh bool, err error)

	// Settle gives a pending order its known verdict, and where that is Accepted does all of Head.Accept with it. An order
	// that is settled stays as it is, whatever the verdict (fresh is false). ErrNoOrder.
	Settle(ctx context.Context, group, key string, v Verdict, at time.Time, m Merge) (now Order, fresh bool, err error)

	// Record is Place and Settle, accepted, in one step. o.SettledAt is given. An order of the same key that is settled is
	// returned as it is; one that is pending is settled.
	Record(ctx context.Context, o Order, m Merge) (now Order, fresh bool, err error)

	// Ask takes the next asking of an order: true, and next is when it is due again, if it is pending and was asked attempt
	// times; false if it is settled or somebody else asks. ErrNoOrder.
	Ask(ctx context.Context, group, key string, attempt int, next time.Time) (mine bool, err error)

	// Order returns an order by its Key. ErrNoOrder.
	Order(ctx context.Context, group, key string) (Order, error)
}

// Works is what is left to be done.
type Works interface {
	// Busy returns groups that have work, those after a group in the order of ids. Each with work is among them; some
	// without may be too, for at most an hour.
	Busy(ctx context.Context, after string, limit int) ([]string, error)

	// Work returns what a group has to be done.
	Work(ctx context.Context, group string, now time.Time, limit int) (Work, error)

	// EndCombos ends, or forgets, up to limit combos that are due (Head.Ended), those due longest first, and says how many.
	EndCombos(ctx context.Context, group string, now time.Time, limit int, m Merge) (int, error)

	// Ack takes messages up to a number out of the outbox, and notes up to which entry was told. Smaller numbers than
	// before change nothing.
	Ack(ctx context.Context, group string, shown, told uint64) error
}

// Ledgers is what was accepted.
type Ledgers interface {
	// Ledger returns entries in the order they were accepted. A page may be short, even empty, where others follow:
	// Page.Next says so.
	Ledger(ctx context.Context, q Query) (Page, error)

	// Totals of a session, or of All.
	Totals(ctx context.Context, group, session string) (Totals, error)

	// Ranking of a session, or of All: the first of it. It costs what it returns, not what there is.
	Ranking(ctx context.Context, group, session string, limit int) ([]Rank, error)

	// Groups returns groups that have orders, totals or a ledger, those after a group in the order of ids.
	Groups(ctx context.Context, after string, limit int) ([]string, error)

	// Trim removes up to limit accepted orders settled before a time and told of, with their entries, then refused orders
	// settled before another, then totals and rankings of sessions whose newest order was settled before the first. It says
	// how many things it removed; fewer than limit: there is no more. Totals and ranking of All stay.
	Trim(ctx context.Context, group string, accepted, refused time.Time, limit int) (int, error)
}

// Work is what a group has to be done.
type Work struct {
	Ask    []Asking  // pending orders that are due, soonest first
	Ending time.Time // since when a combo is due; zero: none is
	Show   []Showing // the outbox, oldest first
	Untold []Entry   // entries not told of, oldest first
	Next   time.Time // when the next order or combo will be due; zero: there is none
}

// Asking is a pending order with how often it was asked.
type Asking struct {
	Order   Order
	Attempt int // from 1
	NextAt  time.Time
}

// Showing is a message in the outbox. Numbers of a group grow (chat.NextNumber).
type Showing struct {
	Number uint64    `json:"number"`
	At     time.Time `json:"at"`
	Result Result    `json:"result"`
}

// Entry is an accepted order in the ledger. Numbers of a group grow by one.
type Entry struct {
	Number uint64 `json:"entry"`
	Order
}

// Query asks for entries of a group. What is empty does not matter.
type Query struct {
	Group   string
	Session string
	From    string
	Gift    string
	Since   time.Time // settled then or later
	Until   time.Time // settled before
	After   uint64    // entries after this one
	Limit   int
}

// Matches says whether an accepted order is asked for.
func (q Query) Matches(o Order) bool {
	return (q.Session == "" || q.Session == o.Session) && (q.From == "" || q.From == o.From) && (q.Gift == "" || q.Gift == o.Gift) &&
		(q.Since.IsZero() || !o.SettledAt.Before(q.Since)) && (q.Until.IsZero() || o.SettledAt.Before(q.Until))
}

// Page is some of what was asked for.
type Page struct {
	Entries []Entry
	Next    uint64 // Query.After for the next page; 0: this was the last
}
