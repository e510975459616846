package gift

import (
	"cmp"
	"time"

	"liveroom/chat"
)

// Head is what a group's ledger has of its own, with the rules all stores share. A store reads it, lets it make a step,
// and writes all of the step at once.
type Head struct {
	Entries uint64 `json:"entries"` // number of the newest ledger entry; the first is 1
	Told    uint64 `json:"told"`    // entries up to this one were told of
	Shown   uint64 `json:"shown"`   // number of the newest message put in the outbox
	Acked   uint64 `json:"acked"`   // messages up to this one were taken
	Pending int    `json:"pending"` // orders not settled
	Combos  int    `json:"combos"`  // kept, running or not
}

// Busy says whether the group has work: see Store.Busy.
func (h Head) Busy() bool {
	return h.Pending > 0 || h.Combos > 0 || h.Shown > h.Acked || h.Entries > h.Told
}

// Place counts a new order in, unless there are too many. total is what the group has given in all.
func (h Head) Place(total Totals) (Head, error) {
	switch {
	case h.Pending >= MaxPending:
		return h, ErrPending
	case total.Value >= MaxTotal:
		return h, ErrLedgerFull
	}
	h.Pending++
	return h, nil
}

// Refuse settles a pending order that is refused.
func (h Head) Refuse() Head {
	h.Pending--
	return h
}

// Step is what changes together when an order is accepted, beside the order and the totals and ranking of its session and
// of the group.
type Step struct {
	Head  Head
	Entry uint64    // the order's number in the ledger
	Combo *Combo    // to be kept under the order's ComboKey; nil: it has none
	Show  []Showing // for the outbox
}

// Accept settles a pending order that is accepted. c is what is kept of the order's combo; the zero Combo is none.
func (h Head) Accept(o Order, c Combo, m Merge) Step {
	h.Pending--
	h.Entries++
	s := Step{Entry: h.Entries}
	var show []Result
	switch {
	case o.Via == ViaMessage: // the room has seen it
	case o.Combo == "":
		show = []Result{resultOf(o)}
	default:
		if c.Last.ID == "" {
			h.Combos++
		}
		c, show = c.Add(o, m)
		s.Combo = &c
	}
	s.Head, s.Show = h.show(o.SettledAt, show...)
	return s
}

// Ended is a combo that was due: next is what is kept of it, unless it is to be forgotten.
func (h Head) Ended(c Combo, now time.Time, m Merge) (after Head, next Combo, show []Showing, forget bool) {
	next, final, forget := c.End(now, m)
	if forget {
		h.Combos--
	}
	if final != nil {
		h, show = h.show(now, *final)
	}
	return h, next, show, forget
}

// show numbers what goes into the outbox.
func (h Head) show(at time.Time, results ...Result) (Head, []Showing) {
	var all []Showing
	for _, r := range results {
		h.Shown = chat.NextNumber(h.Shown, time.Now())
		all = append(all, Showing{Number: h.Shown, At: at, Result: r})
	}
	return h, all
}

// Ack counts what was taken and told. It never goes back, nor beyond what there is.
func (h Head) Ack(shown, told uint64) Head {
	h.Acked = max(h.Acked, min(shown, h.Shown))
	h.Told = max(h.Told, min(told, h.Entries))
	return h
}

// Totals is what was given in a session, or in all of a group.
type Totals struct {
	Value   int64 `json:"value"` // minor units
	Count   int64 `json:"count"`
	Senders int   `json:"senders"` // different ones
}

// Add counts an accepted order in.
func (t Totals) Add(o Order, newSender bool) Totals {
	t.Value += o.Value
	t.Count += int64(o.Count)
	if newSender {
		t.Senders++
	}
	return t
}

// Rank is one sender in a ranking: most value first, of equals the smaller user id.
type Rank struct {
	Rank   int    `json:"rank"` // from 1
	User   string `json:"user"`
	Nick   string `json:"nick"` // name, picture and level are those of the newest order
	Avatar string `json:"avatar"`
	Level  int    `json:"level"`
	Value  int64  `json:"value"`
	Count  int64  `json:"count"`
}

// Add counts an accepted order of the sender in.
func (r Rank) Add(o Order) Rank {
	r.User, r.Nick, r.Avatar, r.Level = o.From, o.Nick, o.Avatar, o.Level
	r.Value += o.Value
	r.Count += int64(o.Count)
	return r
}

func (r Rank) compare(o Rank) int {
	return cmp.Or(cmp.Compare(o.Value, r.Value), cmp.Compare(r.User, o.User))
}
