package gift

import (
	"context"
	"time"

	"liveroom/chat"
)

// Config of a Service. Zero values take the defaults.
type Config struct {
	Merge Merge

	Timeout time.Duration // longest that one asking takes; default 2 s
	Wait    time.Duration // longest that a sender waits for it; default 2.5 s
	RetryIn time.Duration // first wait before an order is asked again, doubled each time; default 1 s
	RetryAt time.Duration // longest such wait; default 60 s
	Expire  time.Duration // an order not settled after this is refused (Expired); default 24 h

	Pace time.Duration // a group gets messages at most this often, several at once; default 100 ms
	Tell time.Duration // and its counters are raised, and Teller told, at most this often; default 1 s
	Poll time.Duration // how often a node looks for work that others left; default 2 s
	Left time.Duration // what is due for this long was left by another; default 3 s

	Workers int // groups served at the same time; default 16
	Askers  int // orders asked at the same time, and as many again for those asked again; default 64

	Rate  float64 // orders a user may place in a second, after Burst at once; default 20
	Burst int     // default 60

	Guests bool // named guests may give

	// Settles says whether the Settler has anybody to ask at present: without, viewers' new orders are refused at once
	// (ErrNoSettler) instead of waiting for nobody. It must not block. Nil: it always has.
	Settles func() bool

	// Once says that Settler can't know an order again, so that it may be asked about each only once: by who placed it and within
	// a while (OnceWithin), or not at all. A second attempt is Settler's to refuse, without asking anybody.
	Once bool

	Kept        time.Duration // how long ledger and orders are kept; default 400 days
	KeptRefused time.Duration // the same of refused orders; default 7 days, at least Expire

	// Session names a group's live session as of now; empty: none. Anchor names whom gifts are for. Nil: "". Both must not block
	// for long.
	Session func(group string) string
	Anchor  func(group string) string

	// Settled is told of an order that this node settled as accepted, once. It is lost with the node: what must know all
	// follows Teller. Late is told of a viewer's order that was settled after its sender had been told that it is pending.
	// Neither may block.
	Settled func(Order)
	Late    func(Order)
}

// OnceWithin is how long an order whose settler is asked Once waits for its asking and for the answer to be stored.
const OnceWithin = 30 * time.Second

func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	c.Merge = c.Merge.WithDefaults()
	def(&c.Timeout, 2*time.Second)
	def(&c.Wait, 2500*time.Millisecond)
	def(&c.RetryIn, time.Second)
	def(&c.RetryAt, time.Minute)
	def(&c.Expire, 24*time.Hour)
	def(&c.Pace, 100*time.Millisecond)
	def(&c.Tell, time.Second)
	def(&c.Poll, 2*time.Second)
	def(&c.Left, 3*time.Second)
	def(&c.Kept, 400*24*time.Hour)
	def(&c.KeptRefused, 7*24*time.Hour)
	c.KeptRefused = max(c.KeptRefused, c.Expire)
	if c.Workers <= 0 {
		c.Workers = 16
	}
	if c.Askers <= 0 {
		c.Askers = 64
	}
	if c.Rate <= 0 {
		c.Rate = 20
	}
	if c.Burst <= 0 {
		c.Burst = 60
	}
	if c.Settles == nil {
		c.Settles = func() bool { return true }
	}
	none := func(string) string { return "" }
	if c.Session == nil {
		c.Session = none
	}
	if c.Anchor == nil {
		c.Anchor = none
	}
	if c.Settled == nil {
		c.Settled = func(Order) {}
	}
	if c.Late == nil {
		c.Late = func(Order) {}
	}
	return c
}

// Settler decides whether a sender may have what he ordered: the business backend, which charges him. It is asked again with
// the same order while what it says is unknown, and must then answer the same as before.
type Settler interface {
	// Settle asks. The first attempt is 1. An error goes with a Verdict that is not Known. ctx ends after Config.Timeout.
	Settle(ctx context.Context, o Order, attempt int) (Verdict, error)
}

// Room is what members see: chat.Service.
type Room interface {
	Append(ctx context.Context, group, fence string, messages ...chat.Fenced) error
	RaiseCounters(ctx context.Context, group string, to map[string]chat.Number) error
}

// Fence is the name under which gifts' messages are appended.
const Fence = "gifts"

// Teller is told of all that was accepted, group by group, in the order of the ledger. It is asked again until it succeeds, so
// it may be told twice, and by two nodes: group and Key of an order name it. Its number does not, in a store that may lose what it
// wrote last.
type Teller interface {
	Tell(ctx context.Context, group string, entries []Entry) error
}
