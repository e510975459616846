package pull

import (
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/live/rtmp"
	"liveroom/live/stream"
)

// Phase is what a pull is doing.
type Phase string

// The phases.
const (
	Idle       Phase = "idle"       // it is switched off
	Scheduled  Phase = "scheduled"  // it runs at NextAt
	Connecting Phase = "connecting" // to its source
	Running    Phase = "running"
	Waiting    Phase = "waiting" // for the room, or to try again at NextAt
	Ended      Phase = "ended"   // it does not run again by itself
)

// Cause is why a pull is not running.
type Cause struct {
	Code   string `json:"code,omitempty"`   // as rtmp.Failure has it, of a stream.Refusal, or one of the constants below
	Detail string `json:"detail,omitempty"` // in words; holds no secret
}

// Causes of this package.
const (
	CauseOff      = "off"               // the pull is switched off
	CauseBusy     = "room_busy"         // somebody pushes into the room
	CauseTaken    = "taken_over"        // somebody began to push into the room
	CauseDropped  = "dropped"           // the room ended the push
	CauseFinished = "finished"          // the source was played to its end
	CauseOver     = "time_over"         // endAt, or what for says
	CauseGone     = "recording_gone"    // the recording is not there
	CauseCodec    = "unsupported_codec" // nothing that could be pushed
	CauseFormat   = "bad_format"        // what came makes no sense
	CauseEnded    = "source_ended"      // the source said that it is over
	CauseStore    = "store_unavailable" // recordings can't be read now
)

// State is how a pull is doing.
type State struct {
	Run     string    `json:"run,omitempty"` // that it is of
	Phase   Phase     `json:"phase"`
	Since   time.Time `json:"since"`
	Cause   Cause     `json:"cause,omitzero"`
	Retries int       `json:"retries,omitempty"` // failures in a row
	NextAt  time.Time `json:"nextAt,omitzero"`   // of the next try, or the next run
	Bytes   uint64    `json:"bytes"`             // pushed into the room by this run since its node began with it
	Node    string    `json:"node,omitempty"`    // that runs it
}

// Event is a change that backends are told of.
type Event struct {
	Task     Task // its URL is a secret
	Stream   string
	Kind     EventKind
	Cause    Cause         // of Stopped and Failing
	Duration time.Duration // of Source…: how long the file is; 0: not known
	At       time.Time
}

// EventKind is what happened.
type EventKind string

// The kinds.
const (
	Started    EventKind = "started"     // it pushes into the room
	Stopped    EventKind = "stopped"     // it ran and does not any more, or could not begin; once until it runs again
	Failing    EventKind = "failing"     // it failed failingAfter times in a row
	FileBegins EventKind = "file_begins" // of VOD, each time it is played from the beginning
	FileEnds   EventKind = "file_ends"   // of VOD, each time it was played to its end
)

// failingAfter is after how many failures in a row somebody should look.
const failingAfter = 5

// stateOf is how a task does, where states are those of tasks that run somewhere.
func stateOf(t Task, states map[string]State) State {
	st, ok := states[t.ID]
	switch {
	case !t.Enabled:
		return State{Phase: Idle, Since: t.ChangedAt, Cause: Cause{CauseOff, "the pull is switched off"}}
	case t.Run.On() && ok && st.Run == t.Run.ID:
		return st
	case t.Run.On():
		return State{Phase: Connecting, Since: t.Run.DueAt}
	case !t.NextAt.IsZero():
		return State{Phase: Scheduled, Since: later(t.ChangedAt, t.Run.EndedAt), Cause: t.Run.Cause, NextAt: t.NextAt}
	default:
		return State{Phase: Ended, Since: later(t.ChangedAt, t.Run.EndedAt), Cause: t.Run.Cause}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// causeOf is an error in words that can be shown.
func causeOf(err error) Cause {
	var (
		far *rtmp.Failure
		why *stream.Refusal
		own *failure
	)
	switch {
	case errors.As(err, &own):
		return own.Cause
	case errors.As(err, &far):
		return Cause{far.Code, far.Detail}
	case errors.As(err, &why):
		return Cause{why.Code, why.Detail}
	}
	return Cause{rtmp.FailLost, "the connection broke"}
}

// failure is why nothing comes from a source.
type failure struct{ Cause }

func (f *failure) Error() string { return f.Code + ": " + f.Detail }

func failed(code, detail string) error { return &failure{Cause{code, detail}} }

// Stats are figures since the start; Running is that of this moment.
type Stats struct {
	Running  int64
	Connects uint64            // tries to connect
	Failures map[string]uint64 // of connecting and of what had begun, by code
	Bytes    uint64            // pushed into rooms
}

type counters struct {
	running         atomic.Int64
	connects, bytes atomic.Uint64

	mu       sync.Mutex // guards failures; codes are a closed list
	failures map[string]uint64
}

func (c *counters) failed(code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.failures[code]; !known {
		code = "room" // it does not take a push now
	}
	c.failures[code]++
}

// Stats returns the figures.
func (s *Service) Stats() Stats {
	c := &s.count
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{Running: c.running.Load(), Connects: c.connects.Load(), Failures: maps.Clone(c.failures), Bytes: c.bytes.Load()}
}
