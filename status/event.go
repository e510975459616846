package status

import (
	"fmt"
	"time"
)

// EventKind names what may happen to a room: the columns of design §4's table and the events described under it.
type EventKind uint8

// The events.
const (
	PushStarted    EventKind = iota + 1 // a publisher was admitted; Node, Session, Delay
	PushStopped                         // it is gone; Generation, Stop, and Node if the caller knows it
	PushReasserted                      // a publisher believed lost is still there; Generation, Node
	Pause                               // By
	Resume                              // By is not recorded: the reason is resumed
	End                                 // By, also schedule_over
	DeadlineDue                         // a deadline has passed; Deadline, At
	DeadlineLapsed                      // a deadline passed while nobody could run it; Deadline, At
	Restarted                           // nobody could push before At; what waits for a push waits from then
	PlaybackStart                       // URL, PlaybackOver
	Reopen
	Forbid // Until
	Permit
	Drop      // the operator cuts the push
	Configure // Settings
	Delete    // ends the room for good and makes its state a tombstone
)

var kindNames = [...]string{
	PushStarted: "push started", PushStopped: "push stopped", PushReasserted: "push reasserted", Pause: "pause",
	Resume: "resume", End: "end", DeadlineDue: "deadline", DeadlineLapsed: "deadline lapsed", Restarted: "restarted",
	PlaybackStart: "playback", Reopen: "reopen", Forbid: "forbid", Permit: "permit", Drop: "drop", Configure: "configure", Delete: "delete",
}

// String is the event's name in words.
func (k EventKind) String() string {
	if k < PushStarted || int(k) >= len(kindNames) {
		return fmt.Sprintf("event(%d)", uint8(k))
	}
	return kindNames[k]
}

// Event is something that happens to a room. Only the fields named beside its kind are read, and Detail.
type Event struct {
	Kind   EventKind
	By     Reason // who asked: ReasonByAnchor or ReasonByAdmin (default); for End also ReasonScheduleOver
	Detail string // what the caller gave as reason, for people; cut at MaxDetailBytes

	Node       string        // the node that holds the publisher
	Delay      time.Duration // PushStarted: how much later viewers see it
	Yields     bool          // PushStarted: it is refused where another push runs
	Session    string        // id of the session that begins if this push begins one; Machine makes it
	Generation uint64        // whose push stopped or is reasserted
	Stop       Reason        // why it stopped: ReasonPushClosed, Lost, Silent or Dropped

	URL          string    // what is played back; at most MaxURLBytes as JSON
	PlaybackOver time.Time // when it has been played; zero: it has no end

	Until time.Time // end of a Forbid; zero: until permitted

	Deadline DeadlineKind // which deadline
	At       time.Time    // its time when it was seen: a deadline that has moved since is left alone; Restarted: the start

	Settings Settings // Configure: all of them; a grace or pause limit that already runs keeps its end
}

// Limits of what a caller may put into a record, so that as JSON it stays below the 4,000 bytes that fit an attribute
// (spec im-rest §3), whatever has to be escaped: one that doesn't fit could never be announced.
const (
	MaxDetailBytes = 200  // longer ones are cut
	MaxURLBytes    = 2048 // as JSON, where & takes six bytes
)

// Refused says that a room can't do what was asked in its present status.
type Refused struct {
	Status Code      // the status the room is in
	Event  EventKind // what was asked
	Code   string    // stable: transition_refused, room_ended, room_busy, forbidden, invalid_playback_url, invalid_until
	Detail string    // a sentence a person can act on
}

func (r *Refused) Error() string {
	return fmt.Sprintf("%s: %s while %s: %s", r.Code, r.Event, r.Status, r.Detail)
}
