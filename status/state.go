package status

import (
	"fmt"
	"time"
)

// Code is a room's status as a number on the wire.
type Code int

// The five statuses.
const (
	Waiting  Code = 1 // to be started
	Live     Code = 2
	Paused   Code = 3
	Ended    Code = 4
	Playback Code = 5
)

// String is the status's name on the wire: waiting, live, paused, ended or playback.
func (c Code) String() string {
	switch c {
	case Waiting:
		return "waiting"
	case Live:
		return "live"
	case Paused:
		return "paused"
	case Ended:
		return "ended"
	case Playback:
		return "playback"
	}
	return fmt.Sprintf("status(%d)", int(c))
}

// Reason says what moved a room into its present record. The list is closed (design §4).
type Reason string

// The reasons.
const (
	ReasonCreated         Reason = "created"
	ReasonPushStarted     Reason = "push_started"
	ReasonPushResumed     Reason = "push_resumed"
	ReasonPushClosed      Reason = "push_closed"
	ReasonPushLost        Reason = "push_lost"
	ReasonPushSilent      Reason = "push_silent"
	ReasonPushDropped     Reason = "push_dropped"
	ReasonByAnchor        Reason = "by_anchor"
	ReasonByAdmin         Reason = "by_admin"
	ReasonResumed         Reason = "resumed"
	ReasonGraceOver       Reason = "grace_over"
	ReasonPauseOver       Reason = "pause_over"
	ReasonScheduleOver    Reason = "schedule_over"
	ReasonForbidden       Reason = "forbidden"
	ReasonReopened        Reason = "reopened"
	ReasonPlaybackStarted Reason = "playback_started"
	ReasonPlaybackOver    Reason = "playback_over"
	ReasonRoomDeleted     Reason = "room_deleted"
)

// Record is what the world sees of a room's status: the body of the status message, of the attribute live_status and of
// GET /api/v1/rooms/{room}/status. Receivers compare (Epoch, Version): the larger epoch wins, then the larger version.
type Record struct {
	Room         string     `json:"room"`
	Epoch        string     `json:"epoch"` // ULID of the room's first creation; sorts by time
	Version      uint64     `json:"version"`
	Code         Code       `json:"code"`
	Name         string     `json:"name"`
	Reason       Reason     `json:"reason"`
	Detail       string     `json:"detail"`  // what the caller gave as reason, for people
	Session      string     `json:"session"` // ULID of the live session, empty before the first
	Since        time.Time  `json:"since"`   // when Code was entered
	StreamActive bool       `json:"streamActive"`
	GraceUntil   *time.Time `json:"graceUntil"` // when an interrupted or unattended pause ends the room
	PlaybackURL  *string    `json:"playbackUrl"`
	Delay        Delay      `json:"delay,omitempty"` // how much later viewers see it: as much as the newest push
}

// State is all that is stored of a room's status: the record and what the machine needs besides.
type State struct {
	Record Record

	// Revision counts every stored change, also those that leave Record.Version as it is. It is what compare-and-set compares.
	Revision uint64

	PushAllowed    bool
	Forbidden      bool
	ForbiddenUntil time.Time // zero: until permitted
	ByAnchor       bool      // paused on purpose (by anchor or admin), not interrupted

	Generation   uint64    // of the newest publisher ever; grows with each claim
	Publisher    string    // id of the node that holds the newest publisher; empty when none is connected
	Cut          bool      // that publisher was dropped by an operator: it may not reassert itself
	SessionStart time.Time // zero of the session's clock (design §5)

	Grace        time.Duration
	PauseLimit   time.Duration
	EndAt        time.Time // zero: no scheduled end
	PlaybackOver time.Time // zero: playback has no end
	Deleted      bool      // tombstone: what Continue takes over still matters
	DeletedAt    time.Time
}

// Settings are what a room's owner decides about its deadlines.
type Settings struct {
	Grace      time.Duration // how long an interrupted room waits for its push
	PauseLimit time.Duration // how long a room paused on purpose may be without stream
	EndAt      time.Time     // zero: no scheduled end
}

// NewState is the state of a room just created: a new epoch, version 1, waiting.
func NewState(room string, now time.Time, set Settings) State {
	return State{
		Record: Record{
			Room: room, Epoch: NewULID(now), Version: 1, Code: Waiting, Name: Waiting.String(), Reason: ReasonCreated, Since: now,
		},
		Revision:    1,
		PushAllowed: true,
		Grace:       set.Grace,
		PauseLimit:  set.PauseLimit,
		EndAt:       set.EndAt,
	}
}

// Continue is fresh as the successor of a deleted room's tombstone: the epoch stays, and version, revision and generation
// go on, so that nobody who knew the old room takes the new one for older news. A ban stays until it is permitted: to
// delete a room is not a way around it.
func Continue(tombstone, fresh State) State {
	fresh.Record.Epoch = tombstone.Record.Epoch
	fresh.Record.Version = tombstone.Record.Version + 1
	fresh.Revision = tombstone.Revision + 1
	fresh.Generation = tombstone.Generation
	fresh.Forbidden, fresh.ForbiddenUntil = tombstone.Forbidden, tombstone.ForbiddenUntil
	return fresh
}

// ForbiddenAt says whether pushes and reopening are forbidden at a moment of the store's clock.
func (s State) ForbiddenAt(now time.Time) bool {
	return s.Forbidden && (s.ForbiddenUntil.IsZero() || now.Before(s.ForbiddenUntil))
}

// Gated says whether no media may leave the room: it is paused on purpose.
func (s State) Gated() bool { return s.Record.Code == Paused && s.ByAnchor }

// TakenOff says whether an operator has taken the room off: viewers who see its stream later (Delay) see no more of what was
// pushed before, and who is told as late is told now. It ends with the next push. Now is the store's clock.
func (s State) TakenOff(now time.Time) bool {
	return s.Deleted || s.Cut || s.Record.Reason == ReasonForbidden || s.ForbiddenAt(now)
}
