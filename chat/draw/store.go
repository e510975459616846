package draw

import (
	"context"
	"encoding/json"
	"time"
)

// Store keeps draws. Each method is one atomic step, durable before it answers (class A); what it returns is the caller's own.
// Unknown draws are ErrNoDraw.
type Store interface {
	// Now is the clock by which messages get their times.
	Now(ctx context.Context) (time.Time, error)

	// Start stores an open draw, with the number after the group's newest, and its message in the outbox. Where the id is taken
	// it answers the draw of that id and not fresh; where another is open, ErrRunning. Beyond Kept the oldest draw goes.
	Start(ctx context.Context, d Draw) (stored Draw, fresh bool, err error)
	// Enter adds entries to an open draw whose Place is from, and moves it on. Users that are in it already are not added again,
	// nor those beyond MaxEntries. It answers the draw as it is then; if it is not open, or at another place, that is all.
	Enter(ctx context.Context, group, id string, from uint64, more More) (Draw, error)
	// Move moves the end of an open draw to an earlier time.
	Move(ctx context.Context, group, id string, endsAt time.Time) (Draw, error)
	// Close ends or cancels an open draw whose Place is still c.Place, with its message in the outbox. It answers the draw as it
	// is then; if it is not open, or at another place, that is all.
	Close(ctx context.Context, group, id string, c Closing) (Draw, error)

	Draw(ctx context.Context, group, id string) (Draw, error)
	// Draws are the group's with a number below before (0: all), the newest first, at most limit, as lists have them (Draw.Listed).
	Draws(ctx context.Context, group string, before uint64, limit int) ([]Draw, error)
	// Entries are those of a draw, in their order, from the one at index after on, at most limit.
	Entries(ctx context.Context, group, id string, after, limit int) ([]Entry, error)
	// Won are those of users who have won a draw of the group that is kept.
	Won(ctx context.Context, group string, users []string) (map[string]bool, error)

	// Sweep removes draws that were closed before a time, with all there is of them: each in one step, the oldest first, and limit
	// at most. It says how many. Of a group without any draw and without anything to be told nothing stays.
	Sweep(ctx context.Context, before time.Time, limit int) (int, error)

	// Busy are groups with an open draw or something in the outbox.
	Busy(ctx context.Context) ([]string, error)
	// Work is the group's open draw, if there is one, and what is in the outbox, oldest first, at most limit.
	Work(ctx context.Context, group string, limit int) (open *Draw, out []Out, err error)
	// Ack removes what the outbox has up to a number.
	Ack(ctx context.Context, group string, upTo uint64) error
}

// More is what was found in the log.
type More struct {
	Entries []Entry // in their order; each user once
	Place   uint64  // messages up to this one were looked at
	Gap     bool    // some were not there any more
}

// Closing is the end of a draw.
type Closing struct {
	State       State // Ended or Cancelled
	Place       uint64
	At          time.Time
	EntriesHash string
	Drawn       []Winner
	Reason      string // of a cancelled one, for the room
}

// Out is something the group is to be told.
type Out struct {
	Number uint64          `json:"number"` // of the group's; they rise, see Head.tell
	Draw   string          `json:"draw"`   // its id
	Kind   string          `json:"kind"`   // the message's type: KindStart, KindResult, KindCancelled
	Data   json.RawMessage `json:"data"`   // of the custom message
}

// Head is what a store keeps of a group beside its draws.
type Head struct {
	Number uint64 `json:"number"` // of the newest draw
	Out    uint64 `json:"out"`    // of the newest in the outbox, also when it is gone
	Open   string `json:"open"`   // id of the open draw; empty: none
}

// Start is what Store.Start makes of a group whose draw of that id it did not find.
func (h Head) Start(d Draw) (Head, Draw, Out, error) {
	if h.Open != "" {
		return h, Draw{}, Out{}, ErrRunning
	}
	h.Number++
	d.Number, d.State = h.Number, Open
	h.Open = d.ID
	next, out := h.tell(d, d.StartedAt, KindStart, d.startMessage())
	return next, d, out, nil
}

// Oldest is the number of the draw that has to go when this one came; 0: none.
func (h Head) Oldest() uint64 {
	if h.Number <= Kept {
		return 0
	}
	return h.Number - Kept
}

// Close is what Store.Close makes of an open draw; not ok: nothing.
func (h Head) Close(d Draw, c Closing) (next Head, closed Draw, out Out, ok bool) {
	if d.State != Open || d.Place != c.Place {
		return h, d, Out{}, false
	}
	d.State, d.ClosedAt, d.EntriesHash, d.Drawn = c.State, c.At, c.EntriesHash, c.Drawn
	if c.At.Before(d.EndsAt) {
		d.EndsAt = c.At
	}
	if h.Open == d.ID {
		h.Open = ""
	}
	kind, message := KindResult, d.resultMessage()
	if c.State == Cancelled {
		kind, message = KindCancelled, d.cancelledMessage(c.Reason)
	}
	next, out = h.tell(d, c.At, kind, message)
	return next, d, out, true
}

// tell numbers what the group is to be told by the store's clock, in µs: a store that lost its last changes and gave numbers in a
// row would give some again, which the room has heard of already (chat.Service.Append), and tell it nothing.
func (h Head) tell(d Draw, at time.Time, kind string, message any) (Head, Out) {
	data, err := json.Marshal(message)
	if err != nil {
		panic(err) // texts and numbers always can be
	}
	h.Out = max(h.Out+1, uint64(max(0, at.UnixMicro())))
	return h, Out{h.Out, d.ID, kind, data}
}

// Enter is what Store.Enter makes of a draw, given which users are in it; not ok: nothing.
func (d Draw) Enter(from uint64, more More, isIn func(user string) bool) (next Draw, added []Entry, ok bool) {
	if d.State != Open || d.Place != from {
		return d, nil, false
	}
	for _, e := range more.Entries {
		if isIn(e.User) {
			continue
		}
		if d.Entries == MaxEntries {
			d.Full = true
			break
		}
		d.Entries++
		added = append(added, e)
	}
	d.Place, d.Gap = more.Place, d.Gap || more.Gap
	return d, added, true
}

// Move is what Store.Move makes of a draw.
func (d Draw) Move(endsAt time.Time) (Draw, error) {
	if d.State != Open {
		return d, ErrOver
	}
	if endsAt.Before(d.EndsAt) {
		d.EndsAt = endsAt
	}
	return d, nil
}
