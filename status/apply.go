package status

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// Apply is the status machine: the state that follows from s when e happens at now (the store's clock). It is pure.
// Where the table of design §4 says 'same' it returns s as it is; where it says 'refused', a *Refused. Version grows
// when any field of the record but Since changes, Revision when anything does. A tombstone answers ErrUnknownRoom.
func Apply(s State, e Event, now time.Time) (State, error) {
	if s.Deleted {
		if e.Kind == Delete {
			return s, nil
		}
		return s, ErrUnknownRoom
	}
	e.Detail = cut(e.Detail, MaxDetailBytes)
	next, err := apply(s, e, now)
	if err != nil {
		return s, err
	}
	if e.Kind != PushStarted && (next.TakenOff(now) && !s.seen(now) || s.seen(now) && !sameRecord(next.Record, s.Record)) {
		next.Record.Delay = 0
	}
	next.Record.Name = next.Record.Code.String()
	if next.Record.Code != s.Record.Code {
		next.Record.Since = now
	}
	if !sameRecord(next.Record, s.Record) {
		next.Record.Version++
	}
	if !sameState(next, s) {
		next.Revision++
	}
	return next, nil
}

// seen says whether the last session is over also for those who see it later.
func (s State) seen(now time.Time) bool {
	return s.Record.Code != Live && s.Record.Code != Paused && now.Sub(s.Record.Since) >= time.Duration(s.Record.Delay)
}

// apply finds what e does; Apply does the book-keeping.
func apply(s State, e Event, now time.Time) (State, error) {
	switch e.Kind {
	case PushStarted:
		return pushStarted(s, e, now)
	case PushStopped:
		return pushStopped(s, e, now)
	case PushReasserted:
		return pushReasserted(s, e)
	case Drop:
		return drop(s, e, now), nil
	case Pause:
		return pause(s, e, now)
	case Resume:
		return resume(s, e, now)
	case End:
		return end(s, e)
	case DeadlineDue:
		return deadlineDue(s, e, now), nil
	case DeadlineLapsed:
		return deadlineLapsed(s, e, now), nil
	case Restarted:
		return restarted(s, e), nil
	case PlaybackStart:
		return playback(s, e)
	case Reopen:
		return reopen(s, e, now)
	case Forbid:
		return forbid(s, e, now)
	case Permit:
		s.Forbidden, s.ForbiddenUntil = false, time.Time{}
		return s, nil
	case Configure:
		return configure(s, e, now), nil
	case Delete:
		s = ended(s, ReasonRoomDeleted, e.Detail)
		s.PushAllowed, s.Deleted, s.DeletedAt = false, true, now
		return s, nil
	}
	return s, fmt.Errorf("status: unknown %s", e.Kind)
}

// move enters code for a reason.
func move(s State, code Code, why Reason, detail string) State {
	s.Record.Code, s.Record.Reason, s.Record.Detail = code, why, detail
	if code != Paused {
		s.ByAnchor = false
		s.Record.GraceUntil = nil
	}
	if code != Playback {
		s.Record.PlaybackURL = nil
		s.PlaybackOver = time.Time{}
	}
	return s
}

// ended ends the room; whoever still pushes has to see that it is no longer the publisher.
func ended(s State, why Reason, detail string) State {
	return noStream(move(s, Ended, why, detail))
}

func noStream(s State) State {
	s.Record.StreamActive, s.Publisher = false, ""
	return s
}

// until is the end of a limit that begins now, in whole milliseconds, as records are.
func until(now time.Time, limit time.Duration) *time.Time {
	at := now.Add(limit).Truncate(time.Millisecond)
	return &at
}

// interrupted waits for the push to come back.
func interrupted(s State, why Reason, detail string, now time.Time) State {
	s = move(s, Paused, why, detail)
	s.ByAnchor = false
	s.Record.GraceUntil = until(now, s.Grace)
	return s
}

// refuse is the refusal of e in s.
func refuse(s State, e Event, code, detail string) error {
	return &Refused{Status: s.Record.Code, Event: e.Kind, Code: code, Detail: detail}
}

func refuseTransition(s State, e Event, detail string) error {
	return refuse(s, e, "transition_refused", detail)
}

// cut shortens text to at most limit bytes without breaking a character.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// by is who asked, within the closed list.
func (e Event) by() Reason {
	switch {
	case e.By == ReasonByAnchor:
		return ReasonByAnchor
	case e.By == ReasonScheduleOver && e.Kind == End:
		return ReasonScheduleOver
	}
	return ReasonByAdmin
}

// sameRecord compares all but Since, Version and what names the room.
func sameRecord(a, b Record) bool {
	return a.Code == b.Code && a.Name == b.Name && a.Reason == b.Reason && a.Detail == b.Detail && a.Session == b.Session &&
		a.StreamActive == b.StreamActive && sameTime(a.GraceUntil, b.GraceUntil) && sameText(a.PlaybackURL, b.PlaybackURL) && a.Delay == b.Delay
}

func sameTime(a, b *time.Time) bool {
	return a == b || a != nil && b != nil && a.Equal(*b)
}

func sameText(a, b *string) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// sameState compares all but Revision.
func sameState(a, b State) bool {
	if !sameRecord(a.Record, b.Record) || !a.Record.Since.Equal(b.Record.Since) || a.Record.Version != b.Record.Version {
		return false
	}
	return a.PushAllowed == b.PushAllowed && a.Forbidden == b.Forbidden && a.ForbiddenUntil.Equal(b.ForbiddenUntil) &&
		a.ByAnchor == b.ByAnchor && a.Generation == b.Generation && a.Publisher == b.Publisher && a.Cut == b.Cut &&
		a.SessionStart.Equal(b.SessionStart) && a.Grace == b.Grace && a.PauseLimit == b.PauseLimit &&
		a.EndAt.Equal(b.EndAt) && a.PlaybackOver.Equal(b.PlaybackOver) && a.Deleted == b.Deleted && a.DeletedAt.Equal(b.DeletedAt)
}
