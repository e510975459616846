package summary

import (
	"fmt"
	"time"
)

// Bounds of what is kept of a session.
const (
	MaxPauses = 100              // pauses that are listed, the first; all are counted
	maxUnseen = 30 * time.Second // for which people are taken to have stayed that nobody looked after
)

// Phase is what a session is in.
type Phase string

// The phases.
const (
	Live   Phase = "live"
	Paused Phase = "paused"
	Over   Phase = "over"
)

// Turn is a record of a room's status, as far as a session is concerned.
type Turn struct {
	Room, Group string
	Session     string // none: the room had none yet
	Epoch       string
	Version     uint64
	Phase       Phase
	Reason      string    // why
	Since       time.Time // when the phase began
	BeganAt     time.Time // when the session did, as far as its name says
}

// Sample is how many are in a room at a moment, on all nodes.
type Sample struct {
	At         time.Time `json:"at"`
	Online     int       `json:"online"`  // in the chat or watching
	Members    int       `json:"members"` // in the chat
	Viewers    int       `json:"viewers"` // play sessions
	Popularity int64     `json:"popularity"`
}

// Pause is a time without the anchor.
type Pause struct {
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"` // of the status: by_anchor, push_lost …
}

// Session is one that is not told yet. It belongs to whoever holds it.
type Session struct {
	Session  string `json:"session"`
	Room     string `json:"room"`
	Group    string `json:"group"`
	Revision uint64 `json:"revision"` // counts stored changes
	Epoch    string `json:"epoch"`
	Version  uint64 `json:"version"` // of the newest record taken in

	BeganAt   time.Time     `json:"beganAt"`
	EndedAt   time.Time     `json:"endedAt,omitzero"` // zero while it runs
	Reason    string        `json:"reason,omitempty"` // of the end; of the pause while it is paused
	Phase     Phase         `json:"phase"`
	Since     time.Time     `json:"since"`
	Pauses    []Pause       `json:"pauses,omitempty"`
	PauseN    int           `json:"pauseCount,omitempty"`
	PausedFor time.Duration `json:"pausedFor,omitempty"`

	Watched time.Duration `json:"watched,omitempty"` // all people together
	Last    Sample        `json:"last"`
	Peak    Sample        `json:"peak"` // At: of Online; the others are each their own
	Curve   Curve         `json:"curve"`
}

// begin is a session as its first record has it.
func begin(t Turn) Session {
	at := t.BeganAt
	if at.IsZero() || at.After(t.Since) {
		at = t.Since
	}
	return Session{Session: t.Session, Room: t.Room, Group: t.Group, Epoch: t.Epoch, BeganAt: at, Phase: Live, Since: at}
}

// turn takes in a record. Changed is false for one that is not newer than the last.
func (s Session) turn(t Turn) (next Session, changed bool) {
	if s.Phase == Over || t.Epoch < s.Epoch || t.Epoch == s.Epoch && t.Version <= s.Version {
		return s, false
	}
	s.Epoch, s.Version = t.Epoch, t.Version
	switch {
	case t.Session != s.Session: // its end was missed
		return s.end(s.seenLast(), "lost"), true
	case t.Phase == s.Phase:
		return s, true
	}
	at := t.Since
	if at.Before(s.Since) {
		at = s.Since
	}
	switch t.Phase {
	case Live, Paused:
		s = s.leave(at)
		s.Phase, s.Since, s.Reason = t.Phase, at, ""
		if t.Phase == Paused {
			s.Reason = t.Reason
		}
		return s, true
	case Over:
		return s.end(at, t.Reason), true
	default:
		panic(fmt.Sprintf("summary: unknown phase %q", t.Phase))
	}
}

// end closes the phase and the session.
func (s Session) end(at time.Time, reason string) Session {
	s = s.leave(at)
	s.Phase, s.Since, s.EndedAt, s.Reason = Over, at, at, reason
	return s
}

// seenLast is the last moment of which anything is known.
func (s Session) seenLast() time.Time {
	if s.Last.At.After(s.Since) {
		return s.Last.At
	}
	return s.Since
}

// leave closes the present phase.
func (s Session) leave(at time.Time) Session {
	s = s.watch(at)
	if s.Phase != Paused {
		return s
	}
	s.PauseN++
	s.PausedFor += at.Sub(s.Since)
	if len(s.Pauses) < MaxPauses {
		s.Pauses = append(append([]Pause(nil), s.Pauses...), Pause{s.Since, at, s.Reason})
	}
	return s
}

// watch counts the time from the last sample to a moment, or from the beginning of the phase if that came later. Nobody watches
// a paused room.
func (s Session) watch(until time.Time) Session {
	from := s.Last.At
	if from.IsZero() || s.Phase != Live {
		return s
	}
	if s.Since.After(from) {
		from = s.Since
	}
	if d := min(until.Sub(from), maxUnseen); d > 0 {
		s.Watched += d * time.Duration(s.Last.Online)
	}
	return s
}

// sample takes in how many are there. One that is not newer than the last is not taken in.
func (s Session) sample(n Sample) (next Session, changed bool) {
	if s.Phase == Over || !n.At.After(s.Last.At) {
		return s, false
	}
	s = s.watch(n.At)
	s.Last = n
	if n.Online > s.Peak.Online || s.Peak.At.IsZero() {
		s.Peak.Online, s.Peak.At = n.Online, n.At
	}
	s.Peak.Members, s.Peak.Viewers, s.Peak.Popularity = max(s.Peak.Members, n.Members), max(s.Peak.Viewers, n.Viewers), max(s.Peak.Popularity, n.Popularity)
	s.Curve = s.Curve.Add(n.At.Sub(s.BeganAt), Point{n.Online, n.Popularity})
	return s, true
}
