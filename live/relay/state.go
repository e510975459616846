package relay

import (
	"sync"
	"time"
)

// Phase is what a relay is doing.
type Phase string

// The phases.
const (
	Idle       Phase = "idle"       // nothing to push: the room is not live here, is paused, or the relay is switched off
	Connecting Phase = "connecting" // to the target
	Running    Phase = "running"
	Waiting    Phase = "waiting" // it failed, and is tried again at NextAt
)

// Cause is why a relay is not running.
type Cause struct {
	Code   string `json:"code,omitempty"`   // as rtmp.Failure has it, or one of the constants below
	Detail string `json:"detail,omitempty"` // in words; holds no secret
}

// Causes of this package.
const (
	CauseNoMedia = "no_media" // the room is paused, or its push interrupted
	CauseSlow    = "too_slow" // the target takes less than is pushed
	CauseOff     = "off"      // the relay is switched off
	CauseAddress = "bad_address"
)

// State is how a relay is doing.
type State struct {
	Phase   Phase     `json:"phase"`
	Since   time.Time `json:"since"`
	Cause   Cause     `json:"cause,omitzero"`
	Retries int       `json:"retries,omitempty"` // failures in a row
	NextAt  time.Time `json:"nextAt,omitzero"`   // of the next try, while Waiting
	Bytes   uint64    `json:"bytes"`             // sent since the push came to this node, over all connections
	Dropped uint64    `json:"dropped,omitempty"` // tags that the target was too slow for, likewise
	Node    string    `json:"node,omitempty"`    // that holds the push
}

// Event is a change that backends are told of.
type Event struct {
	Target Target // its URL is a secret
	Stream string
	Kind   EventKind
	Cause  Cause // of Stopped and Failing
	At     time.Time
}

// EventKind is what happened.
type EventKind string

// The kinds.
const (
	Started EventKind = "started" // the target takes the stream
	Stopped EventKind = "stopped" // it ran and does not any more, or could not begin; once until it runs again
	Failing EventKind = "failing" // it failed failingAfter times in a row
)

// failingAfter is after how many failures in a row somebody should look.
const failingAfter = 5

// board is a run's State, which others read.
type board struct {
	mu    sync.Mutex // guards state
	state State
}

func (b *board) get() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}

// change changes it; Since moves with the phase.
func (b *board) change(f func(s *State)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	was := b.state.Phase
	f(&b.state)
	if b.state.Phase != was {
		b.state.Since = time.Now().UTC().Truncate(time.Millisecond)
	}
}
