package status

import "time"

// pushStarted admits a publisher. It always becomes the newest generation; what it does to the record is the table's.
func pushStarted(s State, e Event, now time.Time) (State, error) {
	if s.ForbiddenAt(now) {
		return s, refuse(s, e, "forbidden", "pushing to this room is forbidden")
	}
	if e.Yields && s.Record.StreamActive {
		return s, refuse(s, e, "room_busy", "another push runs")
	}
	switch s.Record.Code {
	case Waiting, Ended, Playback:
		if !s.PushAllowed {
			return s, refuse(s, e, "room_ended", "the room has been ended; reopen it to push again")
		}
		s = move(s, Live, ReasonPushStarted, e.Detail)
		s.Record.Session, s.SessionStart = e.Session, now
	case Live: // takeover: the record stays as it is, unless viewers see the new push with another delay
	case Paused:
		s = streamBack(s, e.Detail)
	}
	s.Generation++
	s.Cut = false
	s.Record.Delay = Delay(e.Delay)
	s.Record.StreamActive, s.Publisher = true, e.Node
	return s, nil
}

// streamBack is what a returning stream means to a paused room: an interrupted one is live again, one paused on purpose
// stays so, with no limit while the stream is there.
func streamBack(s State, detail string) State {
	if s.ByAnchor {
		s.Record.GraceUntil = nil
		return s
	}
	return move(s, Live, ReasonPushResumed, detail)
}

// pushStopped is a no-op for all but the publisher that is connected now. A store that lost changes may give a generation
// twice, so a node, where one is named, must be its own too.
func pushStopped(s State, e Event, now time.Time) (State, error) {
	if e.Generation != s.Generation || !s.Record.StreamActive || e.Node != "" && e.Node != s.Publisher {
		return s, nil
	}
	switch e.Stop {
	case ReasonPushClosed, ReasonPushLost, ReasonPushSilent, ReasonPushDropped:
	default:
		e.Stop = ReasonPushLost // the list of reasons is closed
	}
	return streamGone(s, e.Stop, e.Detail, now), nil
}

// streamGone begins the grace, or, in a room paused on purpose, the pause limit.
func streamGone(s State, why Reason, detail string, now time.Time) State {
	s = noStream(s)
	switch s.Record.Code {
	case Live:
		return interrupted(s, why, detail, now)
	case Paused:
		s.Record.GraceUntil = until(now, s.PauseLimit)
	case Waiting, Ended, Playback: // no stream is ever active here
	}
	return s
}

// pushReasserted takes a publisher back that was believed lost, if it still is the newest.
func pushReasserted(s State, e Event) (State, error) {
	if e.Generation != s.Generation || s.Generation == 0 || s.Cut {
		return s, ErrStale
	}
	switch s.Record.Code {
	case Live, Paused:
		if !s.Record.StreamActive {
			s = streamBack(s, e.Detail)
			s.Record.StreamActive = true
		}
		s.Publisher = e.Node
		return s, nil
	case Waiting, Ended, Playback:
	}
	return s, refuse(s, e, "room_ended", "the room has ended meanwhile")
}

// drop cuts the push, if there is one, like a stop; a new push is welcome, the same one is not.
func drop(s State, e Event, now time.Time) State {
	if s.Record.StreamActive {
		s = streamGone(s, ReasonPushDropped, e.Detail, now)
	}
	if s.Generation > 0 {
		s.Cut = true
	}
	return s
}

// forbid ends a running room and refuses pushes and reopening until the time given, or until permitted.
func forbid(s State, e Event, now time.Time) (State, error) {
	if !e.Until.IsZero() && !e.Until.After(now) {
		return s, refuse(s, e, "invalid_until", "the end of the ban is in the past")
	}
	s.Forbidden, s.ForbiddenUntil = true, e.Until
	switch s.Record.Code {
	case Live, Paused:
		return ended(s, ReasonForbidden, e.Detail), nil
	case Waiting, Ended, Playback:
	}
	return s, nil
}
