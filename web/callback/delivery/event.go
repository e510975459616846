package delivery

import (
	"context"
	"iter"
	"net/url"
	"time"
)

// Class says how long and how many of a queue's events are kept for a receiver that does not take them.
type Class uint8

// The classes. State and People are durable when Settle returns, Talk within 200 ms.
const (
	State  Class = iota // statuses and streams: 24 h, whatever their number
	People              // members, gifts, attributes, groups, sign-ins: 24 h, 10,000 a room
	Talk                // messages: 15 min, 50,000 a room
	classes
)

// Classes are all classes, in their order.
func Classes() iter.Seq[Class] {
	return func(yield func(Class) bool) {
		for class := range classes {
			if !yield(class) {
				return
			}
		}
	}
}

// String returns the class's name in the API and in metrics.
func (c Class) String() string {
	switch c {
	case State:
		return "state"
	case People:
		return "people"
	case Talk:
		return "talk"
	default:
		return "unknown"
	}
}

// Event is something that a receiver is to be told. What it has must not be changed after Append.
type Event struct {
	Endpoint, Room string // Room may be empty: of no room
	Class          Class

	// ID is the same at each try. Empty: Append makes one, room:epoch:n. An event of State whose ID is one of the last that
	// its queue was given is a repeat, and not queued again.
	ID string

	Command string     // what the receiver calls it
	Body    []byte     // sent as it is at each try
	Query   url.Values // besides what is made anew at each try (signatures, times)
	At      time.Time  // when it happened; zero: now
}

// Dropped is the Command of an event that says what is missing in its place. Its Body is a Loss as JSON.
const Dropped = "dropped"

// Loss is what a receiver did not get because it was too old or too much.
type Loss struct {
	Room  string    `json:"room"`
	Class string    `json:"class"`
	Count uint64    `json:"count"`
	Since time.Time `json:"since"` // when it was found out first that something was to be dropped,
	Until time.Time `json:"until"` // and when last
}

// Outcome is how a try ended.
type Outcome uint8

// The outcomes.
const (
	Delivered Outcome = iota
	Refused           // the receiver will never take this event (4xx): a dead letter at once
	Failed            // the receiver answered, but not as it should; trying again may help
	Unwell            // the receiver itself is away or ill (no connection, timeout, 5xx, 429): try later, with any event
)

// String returns the outcome's name in the API and in metrics.
func (o Outcome) String() string {
	switch o {
	case Delivered:
		return "delivered"
	case Refused:
		return "refused"
	case Failed:
		return "failed"
	case Unwell:
		return "unwell"
	default:
		return "unknown"
	}
}

// Result is what became of one try.
type Result struct {
	Outcome Outcome
	Timeout bool   // of Unwell: nothing was answered in time
	Status  int    // of the HTTP answer; 0: none came
	Why     string // not delivered: in words, without secrets
	Answer  string // the start of what was answered, without secrets; 1 KiB of it is kept
}

// Sender makes one try. It bounds the time a try takes; it returns soon after ctx ends, and what it then returns does not
// matter: the event is sent again by the next Run.
type Sender interface {
	Send(ctx context.Context, e Event) Result
}
