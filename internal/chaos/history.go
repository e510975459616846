package chaos

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"liveroom/status"
)

// Event is one thing that somebody did or saw.
type Event struct {
	At   time.Duration // since the history began
	Who  string        // the actor
	Node string        // the node it was dealing with; empty: none
	Room string        // empty: all
	What any           // one of the types below
}

// What happens in a history.
type (
	// Fault says what was broken or mended.
	Fault struct{ Text string }
	// Healed says that from here on nothing is broken.
	Healed struct{}
	// Unrest says what is not yet as it should be after that.
	Unrest struct{ Text string }

	// Saw is a status record as somebody got it. Those of one actor and way never go back; where each change is told, none
	// is left out.
	Saw struct {
		Via    string // "rest", "wait", "events", "message", "attribute"
		Each   bool
		From   time.Duration // when it was asked for; 0: it was told unasked
		Record status.Record
	}
	// Gap is a reader being told that it may have missed something.
	Gap struct{ Via string }
	// Drove is an attempt to move a room.
	Drove struct {
		Action  string
		From    time.Duration
		Outcome Outcome
		Record  status.Record // the answer, if Done
	}

	// Pushing and Pushed are the beginning and the end of a push that was let in.
	Pushing struct{}
	Pushed  struct{ Why string }
	// Flow is how many bytes of media a viewer got in the last seconds of the run, when all rooms were live.
	Flow struct{ Bytes int64 }
	// Listed is an HLS media playlist as a viewer got it.
	Listed struct {
		Visit   int    // of the viewer to a node: it changes only after one that went wrong, or when the list said it was over
		Session string // of its newest segment
		First   uint64 // number of the first segment
		Breaks  uint64 // that were before the list
		Files   []Listing
	}
	// Loaded is a file that such a list named.
	Loaded struct{ Session, File, Sum string }

	// Said is a message about to be sent, also when it is sent again.
	Said struct{ Text string }
	// Acked is its answer.
	Acked struct {
		Text, Epoch, Scope string // Scope "room" or "node"
		Seq                uint64
		Dropped            bool
	}
	// Joined is a member's coming into a room, for the first time or back, or its going on there after a gap.
	Joined struct {
		Epoch    string
		Seq      uint64 // the newest then
		After    uint64 // what it came back with; 0: as a newcomer
		Complete bool   // nothing since After is missing
	}
	// Got is a message that reached a member.
	Got struct {
		Epoch    string
		Seq      uint64
		Text     string
		Degraded bool
	}
	// Told is the newest state of a kind that a member got: after coming into the room, or because it changed.
	Told struct {
		Kind    string // "attributes", "counters", "fields", "notice"
		Epoch   string
		Version uint64
		State   string
	}
	// Parted is the end of a member's connection, Missed that of one that was never in the room.
	Parted struct{ Why string }
	Missed struct{ Why string }

	// Wrote is an attempt to change something that must never be lost once it is answered (class A).
	Wrote struct {
		Kind, Key, Value string // a counter's Value is what was added
		Outcome          Outcome
	}

	// Cast is how many members a room has to have at the end: those who never meant to go.
	Cast struct{ Members int }
	// Final is what a node answers at the very end.
	Final struct {
		Record  status.Record
		Members int
		Values  map[string]string // by kind and key, joined by a space; absent: there is none
	}
)

// Listing is a segment in a list.
type Listing struct {
	File   string
	Breaks bool // it has a discontinuity before it
}

// Kinds of what is written.
const (
	Attribute = "attribute"
	Field     = "field"
	Counter   = "counter"
	Notice    = "notice"
	Mute      = "mute"
	Ban       = "ban"
)

// Outcome is how an attempt ended.
type Outcome int

// Outcomes.
const (
	Unknown Outcome = iota // no answer, or one that leaves it open: it may be done, even later
	Done
	Refused // surely not done
)

// String is the outcome in a word.
func (o Outcome) String() string { return [...]string{"unknown", "done", "refused"}[o] }

// History collects events. All methods may be called from any goroutine.
type History struct {
	begun time.Time

	mu     sync.Mutex
	events []Event
}

// NewHistory begins one.
func NewHistory() *History { return &History{begun: time.Now()} }

// Now is the time since the beginning.
func (h *History) Now() time.Duration { return time.Since(h.begun) }

// Add notes that something happened just now.
func (h *History) Add(who, node, room string, what any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, Event{h.Now(), who, node, room, what})
}

// Events are all until now, in order.
func (h *History) Events() []Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Event(nil), h.events...)
}

// Write writes a history for people, one event a line.
func Write(w io.Writer, events []Event) error {
	for _, e := range events {
		what, err := json.Marshal(e.What)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%9.3f %-12s %-4s %-6s %T %s\n", e.At.Seconds(), e.Who, e.Node, e.Room, e.What, what); err != nil {
			return err
		}
	}
	return nil
}
