// Package schedule holds messages to all rooms, or those of a filter: now, at a time, or again and again. One node goes through
// the rooms, so many a second; where it dies another goes on behind the room it had come to, and each room gets each run's message
// once, because runs are numbered and go one after the other: the number is the fence of chat.Service.Append. Several
// rooms are told at a time; one that can't be told in its time is put aside and told later, so that it holds up no other.
//
// When something is due that comes again and again is told by whoever can read its expression (Config.Next).
package schedule

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"liveroom/chat"
	"liveroom/status"
)

// Bounds.
const (
	Kept       = 100 // broadcasts; the oldest that are over go
	MaxRooms   = 500 // named in a filter
	MaxAhead   = 366 * 24 * time.Hour
	MinBetween = time.Minute // from one run to the next of what comes again and again
	maxID      = 64
	maxCron    = 100
	maxBody    = 12 << 10 // bytes: every room refuses more
)

// State of a broadcast.
type State string

// The states. Done and cancelled ones never change.
const (
	Scheduled  State = "scheduled"
	Running    State = "running"
	Cancelling State = "cancelling" // somebody cancelled it, and who goes through the rooms has yet to stop
	Done       State = "done"
	Cancelled  State = "cancelled"
)

// Filter says which rooms get it; the zero value: all there are.
type Filter struct {
	Status []status.Code `json:"status,omitempty"`
	Rooms  []string      `json:"rooms,omitempty"` // by id
}

// Draft is what somebody asks for.
type Draft struct {
	ID     string    `json:"id"`
	Body   string    `json:"body"` // MsgBody; as text, for encoding/json rewrites raw JSON
	Filter Filter    `json:"filter"`
	At     time.Time `json:"at,omitzero"` // zero, without Cron: now
	Cron   string    `json:"cron,omitempty"`
}

// Run is one go through the rooms.
type Run struct {
	Number    uint64    `json:"number"` // of all runs of all broadcasts, rising (Head.Change)
	StartedAt time.Time `json:"startedAt,omitzero"`
	EndedAt   time.Time `json:"endedAt,omitzero"`
	Cursor    string    `json:"cursor,omitempty"`  // rooms up to here had their turn
	Listed    bool      `json:"listed,omitempty"`  // all had
	Late      []Target  `json:"late,omitempty"`    // those that had and could not be told yet, at most maxLate and a page
	Of        int       `json:"of,omitempty"`      // rooms there were to be told at the start
	Rooms     int       `json:"rooms"`             // that have it
	Skipped   int       `json:"skipped,omitempty"` // that were gone, or not of the filter, when their turn came
	Failed    int       `json:"failed"`            // that can't be told
	Reached   int       `json:"reached"`           // people who were there
}

// Broadcast is a message to many rooms as stores keep it.
type Broadcast struct {
	Draft
	Number    uint64    `json:"number"` // of the broadcasts
	By        string    `json:"by"`
	State     State     `json:"state"`
	CreatedAt time.Time `json:"createdAt"`
	NextAt    time.Time `json:"nextAt,omitzero"` // while it is scheduled
	Runs      int       `json:"runs"`            // how many there were
	Run       Run       `json:"run"`             // the present one, or the last
	Revision  uint64    `json:"revision"`        // grows with each change
}

// Active says whether it is not over.
func (b Broadcast) Active() bool { return b.State == Scheduled || b.underWay() }

func (b Broadcast) underWay() bool { return b.State == Running || b.State == Cancelling }

func (b Broadcast) copy() Broadcast {
	b.Filter.Rooms, b.Filter.Status, b.Run.Late = slices.Clone(b.Filter.Rooms), slices.Clone(b.Filter.Status), slices.Clone(b.Run.Late)
	return b
}

// The refusals of this package.
var (
	ErrUnknown = &chat.Error{Code: 10010, Name: "no_such_broadcast", Detail: "there is no such broadcast", Field: "broadcast"}
	ErrReused  = &chat.Error{Code: 10025, Name: "broadcast_reused", Detail: "the id belongs to another broadcast", Field: "id"}
	ErrTooMany = &chat.Error{Code: 10038, Name: "too_many_broadcasts", Detail: fmt.Sprintf("%d broadcasts wait; cancel some first", Kept)}
	ErrOver    = &chat.Error{Code: 10032, Name: "broadcast_over", Detail: "all rooms have it already", Field: "broadcast"}
)

func invalid(field, detail string, args ...any) error {
	return &chat.Error{Code: chat.ErrParameter.Code, Name: chat.ErrParameter.Name, Field: field, Detail: fmt.Sprintf(detail, args...)}
}

func (d Draft) check(now time.Time) error {
	switch {
	case !validID(d.ID):
		return invalid("id", "must be 1 to %d letters, digits, _ and -", maxID)
	case d.Cron != "" && !d.At.IsZero():
		return invalid("cron", "give either at or cron")
	case len(d.Cron) > maxCron:
		return invalid("cron", "must be at most %d bytes", maxCron)
	case d.At.Sub(now) > MaxAhead:
		return invalid("at", "must be within a year")
	case len(d.Filter.Rooms) > MaxRooms:
		return invalid("filter.rooms", "name at most %d", MaxRooms)
	}
	for _, room := range d.Filter.Rooms {
		if room == "" || len(room) > 48 {
			return invalid("filter.rooms", "must be ids of rooms")
		}
	}
	for _, code := range d.Filter.Status {
		if code < status.Waiting || code > status.Playback {
			return invalid("filter.status", "must be statuses of rooms")
		}
	}
	if len(d.Body) > maxBody {
		return invalid("body", "must be at most %d bytes", maxBody)
	}
	return chat.CheckBody(json.RawMessage(d.Body))
}

// same says whether two drafts ask for the same.
func (d Draft) same(o Draft) bool {
	return d.ID == o.ID && d.Body == o.Body && d.Cron == o.Cron && d.At.Equal(o.At) &&
		slices.Equal(d.Filter.Status, o.Filter.Status) && slices.Equal(d.Filter.Rooms, o.Filter.Rooms)
}

func validID(id string) bool {
	return id != "" && len(id) <= maxID && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_' && r != '-'
	})
}

// unique is a list without what it names again.
func unique(all []string) []string {
	seen := make(map[string]bool, len(all))
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool {
		again := seen[s]
		seen[s] = true
		return again
	})
}
