package status

import "time"

// DeadlineKind says which of a room's deadlines is meant.
type DeadlineKind uint8

// The deadlines a room may have.
const (
	GraceDeadline    DeadlineKind = iota + 1 // Record.GraceUntil: grace or pause limit
	ScheduleDeadline                         // State.EndAt
	PlaybackDeadline                         // State.PlaybackOver
)

// Deadline is a moment at which time alone changes a room.
type Deadline struct {
	Room     string
	Kind     DeadlineKind
	At       time.Time // store's clock
	Revision uint64    // of the state it was read from
}

// Deadlines lists what time will do to a room in this state: at most one deadline of each kind.
func (s State) Deadlines() []Deadline {
	if s.Deleted {
		return nil
	}
	var out []Deadline
	for _, kind := range [...]DeadlineKind{GraceDeadline, ScheduleDeadline, PlaybackDeadline} {
		if at := s.deadline(kind); !at.IsZero() {
			out = append(out, Deadline{Room: s.Record.Room, Kind: kind, At: at, Revision: s.Revision})
		}
	}
	return out
}

// deadline is the time of one kind of deadline, zero when it isn't running.
func (s State) deadline(kind DeadlineKind) time.Time {
	switch kind {
	case GraceDeadline:
		if s.Record.GraceUntil != nil {
			return *s.Record.GraceUntil
		}
	case ScheduleDeadline:
		return s.EndAt
	case PlaybackDeadline:
		return s.PlaybackOver
	}
	return time.Time{}
}

// setDeadline moves a running deadline.
func (s *State) setDeadline(kind DeadlineKind, at time.Time) {
	switch kind {
	case GraceDeadline:
		s.Record.GraceUntil = &at
	case ScheduleDeadline:
		s.EndAt = at
	case PlaybackDeadline:
		s.PlaybackOver = at
	}
}
