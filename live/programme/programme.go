// Package programme says what rooms play back, and when: programmes, which a room in status 5 shows, and plans, which begin one at a
// time or again and again.
//
// A programme is some finished recordings of its room, one after the other. It is stored before the room is moved to playback, so
// that who follows the room's new status finds it, and never changes. A plan is carried out by one node, which first stores the
// programme and that it is about to be shown, then drives the room: where the node dies in between, another one goes on, and the
// room is moved once. A room that is live is left alone; its plan says so.
//
// What a room has is its board, which stores keep as a whole. Recordings that a plan or a programme in use names are not to be
// removed by their age: Service.InUse says which. When something that comes again and again is due is told by whoever can read its
// expression (Config.Next). Run owns the only goroutine; all other methods may be called from any.
package programme

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"liveroom/live"
)

// Bounds.
const (
	MaxRecordings = 50 // of a programme
	MaxPlans      = 20 // of a room
	KeptBefore    = 4  // programmes of a room, the newest: who watches one goes on when the room shows another
	MaxAhead      = 366 * 24 * time.Hour
	MinBetween    = time.Minute // from one time to the next of what comes again and again
	MaxFor        = 7 * 24 * time.Hour
	MaxLate       = 15 * time.Minute // after it was due a plan is not carried out any more
	maxID         = 64
	maxCron       = 100
)

// Content is what is played back.
type Content struct {
	Recordings []string      `json:"recordings"` // by id, in order
	Loop       bool          `json:"loop,omitempty"`
	StartAt    time.Duration `json:"startAt,omitempty"` // of all together, gaps left out: where players begin
}

// Programme is what a room plays back, from when it began.
type Programme struct {
	Content
	ID        string    `json:"id"` // ULID
	Room      string    `json:"room"`
	By        string    `json:"by,omitempty"`   // who asked for it
	Plan      string    `json:"plan,omitempty"` // that began it
	CreatedAt time.Time `json:"createdAt"`
}

// State of a plan.
type State string

// The states.
const (
	Scheduled State = "scheduled"
	Done      State = "done" // its only time is over; Last says what came of it
)

// Draft is what somebody plans.
type Draft struct {
	Content
	ID   string        `json:"id"`
	At   time.Time     `json:"at,omitzero"` // once
	Cron string        `json:"cron,omitempty"`
	For  time.Duration `json:"for,omitempty"` // how long the room plays it; 0: once through, or without end where it loops
}

// Outcome is what came of one time of a plan.
type Outcome struct {
	At        time.Time `json:"at"`                  // when it was due
	Programme string    `json:"programme,omitempty"` // that began then
	Problem   string    `json:"problem,omitempty"`   // why none did, in words
}

// Plan is a playback that is to come, as stores keep it.
type Plan struct {
	Draft
	By        string    `json:"by"`
	State     State     `json:"state"`
	CreatedAt time.Time `json:"createdAt"`
	NextAt    time.Time `json:"nextAt,omitzero"` // while it is scheduled
	Runs      int       `json:"runs"`            // how often something began
	Last      *Outcome  `json:"last,omitempty"`
	// Begun is the programme that is being shown just now: it is stored, and the room has yet to be driven.
	Begun string `json:"begun,omitempty"`
}

// Board is all that a room has. What stores hand out is the caller's own.
type Board struct {
	Room       string      `json:"room"`
	Programmes []Programme `json:"programmes,omitempty"` // the oldest first
	Plans      []Plan      `json:"plans,omitempty"`      // in the order they were made
	Revision   uint64      `json:"revision"`             // grows with each change; 0: there was none
}

// Empty says whether nothing is worth keeping.
func (b Board) Empty() bool { return len(b.Programmes) == 0 && len(b.Plans) == 0 }

// NextAt is when something is to be done; zero: never.
func (b Board) NextAt() (first time.Time) {
	for _, p := range b.Plans {
		at := p.NextAt
		switch {
		case p.Begun != "" && p.Last != nil:
			at = p.Last.At
		case p.State != Scheduled:
			continue
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// Copy is a board of one's own.
func (b Board) Copy() Board {
	b.Programmes, b.Plans = slices.Clone(b.Programmes), slices.Clone(b.Plans)
	for i := range b.Programmes {
		b.Programmes[i].Recordings = slices.Clone(b.Programmes[i].Recordings)
	}
	for i := range b.Plans {
		p := &b.Plans[i]
		p.Recordings = slices.Clone(p.Recordings)
		if p.Last != nil {
			last := *p.Last
			p.Last = &last
		}
	}
	return b
}

// Next is a board in the place of this one, for stores: its revision is above that of any board of the room, also one that is gone.
func (b Board) Next() Board {
	next := b.Copy()
	next.Revision = max(b.Revision+1, uint64(max(time.Now().UnixMicro(), 0)))
	return next
}

// forget leaves out what is of a room of the same id that was deleted before this one was made, and says whether there was any.
func (b *Board) forget(madeAt time.Time) bool {
	before, madeAt := len(b.Programmes)+len(b.Plans), madeAt.Truncate(time.Millisecond)
	b.Programmes = slices.DeleteFunc(b.Programmes, func(p Programme) bool { return p.CreatedAt.Before(madeAt) })
	b.Plans = slices.DeleteFunc(b.Plans, func(p Plan) bool { return p.CreatedAt.Before(madeAt) })
	return len(b.Programmes)+len(b.Plans) != before
}

func (b Board) programme(id string) (Programme, bool) {
	i := slices.IndexFunc(b.Programmes, func(p Programme) bool { return p.ID == id })
	if i < 0 {
		return Programme{}, false
	}
	return b.Programmes[i], true
}

func (b Board) plan(id string) int {
	return slices.IndexFunc(b.Plans, func(p Plan) bool { return p.ID == id })
}

// begin keeps a programme, and forgets the oldest of many, but not the one that is shown, nor one that is about to be.
func (b *Board) begin(p Programme, shown string) {
	if _, there := b.programme(p.ID); there {
		return
	}
	b.Programmes = append(b.Programmes, p)
	for i := 0; len(b.Programmes) > KeptBefore && i < len(b.Programmes)-1; {
		if id := b.Programmes[i].ID; id == shown || b.isAbout(id) {
			i++
			continue
		}
		b.Programmes = slices.Delete(b.Programmes, i, i+1)
	}
}

// isAbout says whether a plan is about to show a programme.
func (b *Board) isAbout(id string) bool {
	return slices.ContainsFunc(b.Plans, func(p Plan) bool { return p.Begun == id })
}

func invalid(field, detail string, args ...any) error {
	return &live.Error{Code: "invalid", Field: field, Detail: fmt.Sprintf(detail, args...)}
}

// The refusals of this package.
var (
	ErrUnknown     = &live.Error{Code: "not_found", Field: "playback", Detail: "there is no such playback"}
	ErrNoProgramme = &live.Error{Code: "not_found", Field: "programme", Detail: "there is no such programme any more"}
	ErrTooMany     = &live.Error{Code: "too_many_playbacks", Detail: fmt.Sprintf("a room has at most %d planned playbacks; remove some first", MaxPlans)}
	ErrReused      = &live.Error{Code: "playback_reused", Field: "id", Detail: "the id belongs to another playback of the room"}
)

func (c Content) check() error {
	switch n := len(c.Recordings); {
	case n == 0:
		return invalid("recordings", "name at least one")
	case n > MaxRecordings:
		return invalid("recordings", "name at most %d", MaxRecordings)
	case c.StartAt < 0:
		return invalid("startAt", "must not be below 0")
	}
	return nil
}

func (d Draft) check(now time.Time) error {
	switch {
	case !validID(d.ID):
		return invalid("id", "must be 1 to %d letters, digits, _ and -", maxID)
	case (d.Cron == "") == d.At.IsZero():
		return invalid("at", "give either at or cron")
	case len(d.Cron) > maxCron:
		return invalid("cron", "must be at most %d bytes", maxCron)
	case d.Cron == "" && d.At.Before(now.Add(-MaxLate)):
		return invalid("at", "must not be over")
	case d.At.Sub(now) > MaxAhead:
		return invalid("at", "must be within a year")
	case d.For != 0 && d.For < time.Second || d.For > MaxFor:
		return invalid("for", "must be from 1s to %s", MaxFor)
	}
	return d.Content.check()
}

func (d Draft) same(o Draft) bool {
	return d.ID == o.ID && d.Cron == o.Cron && d.At.Equal(o.At) && d.For == o.For && d.Loop == o.Loop && d.StartAt == o.StartAt &&
		slices.Equal(d.Recordings, o.Recordings)
}

func validID(id string) bool {
	return id != "" && len(id) <= maxID && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_' && r != '-'
	})
}
