package status

import "time"

// pause is the anchor's (or an operator's) wish: the gate closes.
func pause(s State, e Event, now time.Time) (State, error) {
	switch s.Record.Code {
	case Waiting, Ended, Playback:
		return s, refuseTransition(s, e, "only a live room can be paused")
	case Live, Paused:
	}
	if s.Gated() {
		return s, nil
	}
	s = move(s, Paused, e.by(), e.Detail)
	s.ByAnchor = true
	s.Record.GraceUntil = nil
	if !s.Record.StreamActive { // it was interrupted: from now on the pause limit counts, not the grace
		s.Record.GraceUntil = until(now, s.PauseLimit)
	}
	return s, nil
}

// resume opens the gate again.
func resume(s State, e Event, now time.Time) (State, error) {
	switch s.Record.Code {
	case Waiting, Ended, Playback:
		return s, refuseTransition(s, e, "only a paused room can be resumed")
	case Live:
		return s, nil
	case Paused:
	}
	switch {
	case !s.ByAnchor:
		return s, refuseTransition(s, e, "there is no stream; it resumes by itself when the push comes back")
	case s.Record.StreamActive:
		return move(s, Live, ReasonResumed, e.Detail), nil
	}
	return interrupted(s, ReasonResumed, e.Detail, now), nil
}

// end closes the room to pushes. A room that has ended already keeps the record of how it ended.
func end(s State, e Event) (State, error) {
	s.PushAllowed = false
	switch s.Record.Code {
	case Waiting, Live, Paused, Playback:
		return ended(s, e.by(), e.Detail), nil
	case Ended:
	}
	return s, nil
}

// playback shows something recorded.
func playback(s State, e Event) (State, error) {
	switch s.Record.Code {
	case Live, Paused:
		return s, refuseTransition(s, e, "end the room before playing something back")
	case Waiting, Ended, Playback:
	}
	if e.URL == "" || encodedBytes(e.URL) > MaxURLBytes {
		return s, refuse(s, e, "invalid_playback_url", "playback needs the URL of a recording, at most 2048 bytes long as JSON")
	}
	s = move(s, Playback, ReasonPlaybackStarted, e.Detail)
	url := e.URL
	s.Record.PlaybackURL, s.PlaybackOver = &url, e.PlaybackOver
	return s, nil
}

// reopen makes an ended room wait for a push again.
func reopen(s State, e Event, now time.Time) (State, error) {
	if s.ForbiddenAt(now) {
		return s, refuse(s, e, "forbidden", "the room is forbidden; permit it first")
	}
	switch s.Record.Code {
	case Live, Paused:
		return s, refuseTransition(s, e, "the room has not ended")
	case Waiting:
	case Ended, Playback:
		s = move(s, Waiting, ReasonReopened, e.Detail)
		if !s.EndAt.After(now) { // the schedule that is over does not end it a second time
			s.EndAt = time.Time{}
		}
	}
	s.PushAllowed = true
	return s, nil
}

// deadlineDue acts on a deadline that is still the one the caller saw and has passed by the store's clock too.
func deadlineDue(s State, e Event, now time.Time) State {
	at := s.deadline(e.Deadline)
	if at.IsZero() || !at.Equal(e.At) || now.Before(at) {
		return s
	}
	switch e.Deadline {
	case GraceDeadline:
		if s.ByAnchor {
			return ended(s, ReasonPauseOver, e.Detail)
		}
		return ended(s, ReasonGraceOver, e.Detail)
	case ScheduleDeadline:
		return scheduleOver(s, e)
	case PlaybackDeadline:
		return ended(s, ReasonPlaybackOver, e.Detail)
	}
	return s
}

// scheduleOver ends the room like End. One that ended before only loses the right to be pushed to: a push after the
// scheduled end must not bring it back.
func scheduleOver(s State, e Event) State {
	s.EndAt = time.Time{}
	s.PushAllowed = false
	switch s.Record.Code {
	case Waiting, Live, Paused:
		return ended(s, ReasonScheduleOver, e.Detail)
	case Ended, Playback:
	}
	return s
}

// deadlineLapsed gives a room whose deadline passed unattended its grace again from now.
func deadlineLapsed(s State, e Event, now time.Time) State {
	at := s.deadline(e.Deadline)
	if at.IsZero() || !at.Equal(e.At) || now.Before(at) {
		return s
	}
	s.setDeadline(e.Deadline, now.Add(s.Grace))
	return s
}

// restarted gives a room that waits for its push at least a whole grace from the start: before it nobody could come back.
func restarted(s State, e Event) State {
	if at := s.Record.GraceUntil; at != nil && at.Before(*until(e.At, s.Grace)) {
		s.Record.GraceUntil = until(e.At, s.Grace)
	}
	return s
}

// configure takes over the owner's settings. A scheduled end that is past is not a schedule any more: it was acted on, or
// moved because nobody could act on it, and being told again of the old one changes nothing.
func configure(s State, e Event, now time.Time) State {
	s.Grace, s.PauseLimit = e.Settings.Grace, e.Settings.PauseLimit
	if e.Settings.EndAt.IsZero() || e.Settings.EndAt.After(now) {
		s.EndAt = e.Settings.EndAt
	}
	return s
}
