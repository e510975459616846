package status

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

var (
	t0  = time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC) // when the tables' rooms entered their status
	now = t0.Add(10 * time.Second)                      // when something happens to them
	far = t0.Add(2 * time.Hour)                         // when all their deadlines have passed
)

const (
	grace      = time.Minute
	pauseLimit = 30 * time.Minute
)

// tableStates are the rows of design §4's table; the flags pushAllowed and forbidden are varied on top of them.
var tableStates = []struct {
	name  string
	build func(s *State)
}{
	{"waiting", func(s *State) { s.Record.Reason = ReasonCreated; s.Record.Session = ""; s.Generation = 0 }},
	{"live", func(s *State) { s.Record.Code = Live; active(s) }},
	{"interrupted", func(s *State) { s.Record.Code = Paused; s.Record.GraceUntil = until(t0, grace) }},
	{"anchor+stream", func(s *State) { s.Record.Code = Paused; s.ByAnchor = true; active(s) }},
	{"anchor", func(s *State) { s.Record.Code = Paused; s.ByAnchor = true; s.Record.GraceUntil = until(t0, pauseLimit) }},
	{"ended", func(s *State) { s.Record.Code = Ended }},
	{"playback", func(s *State) {
		url := "https://a/b.m3u8"
		s.Record.Code, s.Record.PlaybackURL, s.PlaybackOver = Playback, &url, t0.Add(time.Hour)
	}},
}

func active(s *State) { s.Record.StreamActive, s.Publisher = true, "n1" }

// tableState builds a row's state: version 7, revision 20, generation 3, session S1, a scheduled end in an hour.
func tableState(t testing.TB, row string) State {
	t.Helper()
	for _, r := range tableStates {
		if r.name == row {
			s := State{
				Record: Record{
					Room: "demo", Epoch: "E", Version: 7, Code: Waiting, Reason: "before", Detail: "before", Session: "S1", Since: t0,
				},
				Revision: 20, PushAllowed: true, Generation: 3, SessionStart: t0, Grace: grace, PauseLimit: pauseLimit,
				EndAt: t0.Add(time.Hour),
			}
			r.build(&s)
			s.Record.Name = s.Record.Code.String()
			return s
		}
	}
	t.Fatalf("no state %q", row)
	return State{}
}

// tableEvents are the columns, and the events that the text under the table describes.
var tableEvents = []struct {
	name string
	at   time.Time
	e    func(s State) Event
}{
	{"push started", now, ev(Event{Kind: PushStarted, Node: "n2", Session: "S2"})},
	{"push that yields started", now, ev(Event{Kind: PushStarted, Node: "n2", Session: "S2", Yields: true})},
	{"push stopped", now, func(s State) Event {
		return Event{Kind: PushStopped, Generation: s.Generation, Stop: ReasonPushClosed}
	}},
	{"old push stopped", now, ev(Event{Kind: PushStopped, Generation: 2, Stop: ReasonPushLost})},
	{"push reasserted", now, func(s State) Event {
		return Event{Kind: PushReasserted, Node: "n1", Generation: s.Generation}
	}},
	{"old push reasserted", now, ev(Event{Kind: PushReasserted, Node: "n1", Generation: 2})},
	{"pause by anchor", now, ev(Event{Kind: Pause, By: ReasonByAnchor, Detail: "tea"})},
	{"pause by admin", now, ev(Event{Kind: Pause, By: ReasonByAdmin, Detail: "tea"})},
	{"resume", now, ev(Event{Kind: Resume, By: ReasonByAnchor})},
	{"end by anchor", now, ev(Event{Kind: End, By: ReasonByAnchor, Detail: "bye"})},
	{"end by admin", now, ev(Event{Kind: End, Detail: "bye"})},
	{"grace or pause limit over", far, dl(DeadlineDue, GraceDeadline)},
	{"schedule over", far, dl(DeadlineDue, ScheduleDeadline)},
	{"playback over", far, dl(DeadlineDue, PlaybackDeadline)},
	{"grace too early", now, dl(DeadlineDue, GraceDeadline)},
	{"grace moved meanwhile", far, ev(Event{Kind: DeadlineDue, Deadline: GraceDeadline, At: t0.Add(time.Second)})},
	{"grace lapsed", far, dl(DeadlineLapsed, GraceDeadline)},
	{"schedule lapsed", far, dl(DeadlineLapsed, ScheduleDeadline)},
	{"playback lapsed", far, dl(DeadlineLapsed, PlaybackDeadline)},
	{"restarted", now, ev(Event{Kind: Restarted, At: now})},
	{"restarted before the grace began", now, ev(Event{Kind: Restarted, At: t0})},
	{"restarted after all deadlines", far, ev(Event{Kind: Restarted, At: far})},
	{"playback", now, ev(Event{Kind: PlaybackStart, URL: "https://x/y.mp4", PlaybackOver: far})},
	{"playback of nothing", now, ev(Event{Kind: PlaybackStart})},
	{"reopen", now, ev(Event{Kind: Reopen})},
	{"reopen after schedule", far, ev(Event{Kind: Reopen})},
	{"forbid", now, ev(Event{Kind: Forbid, Detail: "law"})},
	{"forbid until", now, ev(Event{Kind: Forbid, Until: far})},
	{"forbid until past", now, ev(Event{Kind: Forbid, Until: t0})},
	{"permit", now, ev(Event{Kind: Permit})},
	{"drop", now, ev(Event{Kind: Drop, Detail: "noise"})},
	{"configure", now, ev(Event{Kind: Configure, Settings: Settings{Grace: grace, PauseLimit: pauseLimit}})},
	{"configure the same, schedule past", far, ev(Event{Kind: Configure, Settings: Settings{Grace: grace, PauseLimit: pauseLimit, EndAt: t0}})},
	{"delete", now, ev(Event{Kind: Delete})},
}

func ev(e Event) func(State) Event { return func(State) Event { return e } }

func dl(kind EventKind, d DeadlineKind) func(State) Event {
	return func(s State) Event { return Event{Kind: kind, Deadline: d, At: s.deadline(d)} }
}

// The whole table, as what changes. Columns are those of tableStates; "=" is same: not even Revision changes.
const (
	same     = "="
	refused  = "! transition_refused"
	badURL   = "! invalid_playback_url"
	badUntil = "! invalid_until"
	busy     = "! room_busy"
	ended409 = "! room_ended"
	stale    = "! stale"
)

var table = map[string][7]string{
	//                      waiting, live, interrupted, anchor+stream, anchor, ended, playback
	"push started": {
		"live push_started stream new session gen+1 by n2", "gen+1 by n2", "live push_resumed stream gen+1 by n2 grace none",
		"gen+1 by n2", "stream gen+1 by n2 grace none",
		"live push_started stream new session gen+1 by n2", "live push_started stream new session gen+1 by n2 url none over none",
	},
	"push that yields started": {
		"live push_started stream new session gen+1 by n2", busy, "live push_resumed stream gen+1 by n2 grace none",
		busy, "stream gen+1 by n2 grace none",
		"live push_started stream new session gen+1 by n2", "live push_started stream new session gen+1 by n2 url none over none",
	},
	"push stopped": {
		same, "paused push_closed no stream grace 1m0s", same, "no stream grace 30m0s", same, same, same,
	},
	"old push stopped": {same, same, same, same, same, same, same},
	"push reasserted": {
		stale, same, "live push_resumed stream by n1 grace none", same, "stream by n1 grace none", ended409, ended409,
	},
	"old push reasserted": {stale, stale, stale, stale, stale, stale, stale},
	"pause by anchor": {
		refused, "paused by_anchor 'tea' gated", "paused by_anchor 'tea' gated grace 30m0s", same, same, refused, refused,
	},
	"pause by admin": {
		refused, "paused by_admin 'tea' gated", "paused by_admin 'tea' gated grace 30m0s", same, same, refused, refused,
	},
	"resume": {
		refused, same, refused, "live resumed open", "paused resumed open grace 1m0s", refused, refused,
	},
	"end by anchor": {
		"ended by_anchor 'bye' push off", "ended by_anchor 'bye' no stream push off", "ended by_anchor 'bye' grace none push off",
		"ended by_anchor 'bye' open no stream push off", "ended by_anchor 'bye' open grace none push off", "push off",
		"ended by_anchor 'bye' url none over none push off",
	},
	"end by admin": {
		"ended by_admin 'bye' push off", "ended by_admin 'bye' no stream push off", "ended by_admin 'bye' grace none push off",
		"ended by_admin 'bye' open no stream push off", "ended by_admin 'bye' open grace none push off", "push off",
		"ended by_admin 'bye' url none over none push off",
	},
	"grace or pause limit over": {
		same, same, "ended grace_over grace none", same, "ended pause_over open grace none", same, same,
	},
	"schedule over": {
		"ended schedule_over push off endAt none", "ended schedule_over no stream push off endAt none",
		"ended schedule_over grace none push off endAt none", "ended schedule_over open no stream push off endAt none",
		"ended schedule_over open grace none push off endAt none", "push off endAt none", "push off endAt none",
	},
	"playback over":         {same, same, same, same, same, same, "ended playback_over url none over none"},
	"grace too early":       {same, same, same, same, same, same, same},
	"grace moved meanwhile": {same, same, same, same, same, same, same},
	"grace lapsed":          {same, same, "grace 1m0s", same, "grace 1m0s", same, same},
	"schedule lapsed": {
		"endAt 1m0s", "endAt 1m0s", "endAt 1m0s", "endAt 1m0s", "endAt 1m0s", "endAt 1m0s", "endAt 1m0s",
	},
	"playback lapsed":                  {same, same, same, same, same, same, "over 1m0s"},
	"restarted":                        {same, same, "grace 1m0s", same, same, same, same},
	"restarted before the grace began": {same, same, same, same, same, same, same},
	"restarted after all deadlines":    {same, same, "grace 1m0s", same, "grace 1m0s", same, same},
	"playback": {
		"playback playback_started url over 1h59m50s", refused, refused, refused, refused,
		"playback playback_started url over 1h59m50s", "playback playback_started url over 1h59m50s",
	},
	"playback of nothing": {badURL, refused, refused, refused, refused, badURL, badURL},
	"reopen":              {same, refused, refused, refused, refused, "waiting reopened", "waiting reopened url none over none"},
	"reopen after schedule": {
		same, refused, refused, refused, refused, "waiting reopened endAt none", "waiting reopened url none over none endAt none",
	},
	"forbid": {
		"forbidden", "ended forbidden 'law' no stream forbidden", "ended forbidden 'law' grace none forbidden",
		"ended forbidden 'law' open no stream forbidden", "ended forbidden 'law' open grace none forbidden",
		"forbidden", "forbidden",
	},
	"forbid until": {
		"forbidden 1h59m50s", "ended forbidden no stream forbidden 1h59m50s", "ended forbidden grace none forbidden 1h59m50s",
		"ended forbidden open no stream forbidden 1h59m50s", "ended forbidden open grace none forbidden 1h59m50s",
		"forbidden 1h59m50s", "forbidden 1h59m50s",
	},
	"forbid until past": {badUntil, badUntil, badUntil, badUntil, badUntil, badUntil, badUntil},
	"permit":            {same, same, same, same, same, same, same},
	"drop": {
		same, "paused push_dropped 'noise' no stream grace 1m0s cut", "cut", "no stream grace 30m0s cut", "cut", "cut", "cut",
	},
	"configure": {
		"endAt none", "endAt none", "endAt none", "endAt none", "endAt none", "endAt none", "endAt none",
	},
	"configure the same, schedule past": {same, same, same, same, same, same, same},
	"delete": {
		"ended room_deleted push off deleted", "ended room_deleted no stream push off deleted",
		"ended room_deleted grace none push off deleted", "ended room_deleted open no stream push off deleted",
		"ended room_deleted open grace none push off deleted", "ended room_deleted push off deleted",
		"ended room_deleted url none over none push off deleted",
	},
}

// changes says in words what differs between a state and its successor at a moment.
func changes(a, b State, at time.Time) string {
	var w []string
	add := func(differs bool, format string, args ...any) {
		if differs {
			w = append(w, fmt.Sprintf(format, args...))
		}
	}
	left := func(x time.Time) string {
		if x.IsZero() {
			return "none"
		}
		return x.Sub(at).String()
	}
	add(a.Record.Code != b.Record.Code || a.Record.Reason != b.Record.Reason, "%s %s", b.Record.Name, b.Record.Reason)
	add(a.Record.Detail != b.Record.Detail && b.Record.Detail != "", "'%s'", b.Record.Detail)
	add(a.ByAnchor != b.ByAnchor, "%s", map[bool]string{true: "gated", false: "open"}[b.ByAnchor])
	add(a.Record.StreamActive != b.Record.StreamActive, "%s", map[bool]string{true: "stream", false: "no stream"}[b.Record.StreamActive])
	add(a.Record.Session != b.Record.Session && b.SessionStart.Equal(at), "new session")
	add(a.Generation != b.Generation, "gen+%d", b.Generation-a.Generation)
	add(a.Publisher != b.Publisher && b.Publisher != "", "by %s", b.Publisher)
	if !sameTime(a.Record.GraceUntil, b.Record.GraceUntil) {
		w = append(w, "grace "+left(b.deadline(GraceDeadline)))
	}
	add(!sameText(a.Record.PlaybackURL, b.Record.PlaybackURL), "%s", map[bool]string{true: "url", false: "url none"}[b.Record.PlaybackURL != nil])
	add(!a.PlaybackOver.Equal(b.PlaybackOver), "over %s", left(b.PlaybackOver))
	add(a.PushAllowed != b.PushAllowed, "%s", map[bool]string{true: "push on", false: "push off"}[b.PushAllowed])
	add(a.Forbidden && !b.Forbidden, "permitted")
	add(b.Forbidden && b.ForbiddenUntil.IsZero() && (!a.Forbidden || !a.ForbiddenUntil.IsZero()), "forbidden")
	add(!b.ForbiddenUntil.IsZero() && !b.ForbiddenUntil.Equal(a.ForbiddenUntil), "forbidden %s", left(b.ForbiddenUntil))
	add(!a.EndAt.Equal(b.EndAt), "endAt %s", left(b.EndAt))
	add(b.Cut && !a.Cut, "cut")
	add(b.Deleted && !a.Deleted, "deleted")
	if len(w) == 0 && a.Revision == b.Revision {
		return same
	}
	return strings.Join(w, " ")
}

// outcome is a cell: what changes, or the refusal.
func outcome(s, next State, err error, at time.Time) string {
	var no *Refused
	switch {
	case errors.As(err, &no):
		return "! " + no.Code
	case errors.Is(err, ErrStale):
		return stale
	case err != nil:
		return err.Error()
	}
	return changes(s, next, at)
}

// expected is the cell of the table, changed by what pushAllowed and forbidden mean.
func expected(column string, row int, s State, at time.Time) string {
	want := table[column][row]
	forbidden := s.Forbidden && (s.ForbiddenUntil.IsZero() || at.Before(s.ForbiddenUntil))
	running := s.Record.Code == Live || s.Record.Code == Paused
	switch column {
	case "push started", "push that yields started":
		switch {
		case forbidden:
			return "! forbidden"
		case !s.PushAllowed && !running:
			return ended409
		}
	case "reopen", "reopen after schedule":
		switch {
		case forbidden:
			return "! forbidden"
		case !s.PushAllowed && want == same:
			return "push on"
		case !s.PushAllowed && want != refused:
			for _, tail := range []string{" endAt none"} {
				if strings.HasSuffix(want, tail) {
					return strings.TrimSuffix(want, tail) + " push on" + tail
				}
			}
			return want + " push on"
		}
	case "permit":
		if s.Forbidden {
			return "permitted"
		}
	case "forbid", "forbid until":
		if at := " forbidden"; s.Forbidden && s.ForbiddenUntil.IsZero() && column == "forbid" {
			want = strings.TrimSuffix(" "+want, at) // it already is
			want = strings.TrimSpace(want)
		}
	}
	if !s.PushAllowed {
		want = strings.TrimSpace(strings.ReplaceAll(" "+want, " push off", ""))
	}
	if want == "" {
		want = same
	}
	return want
}

func TestTable(t *testing.T) {
	flags := []struct {
		name string
		set  func(*State)
	}{
		{"", func(*State) {}},
		{"push off", func(s *State) { s.PushAllowed = false }},
		{"forbidden", func(s *State) { s.Forbidden = true }},
		{"forbidden for a day", func(s *State) { s.Forbidden, s.ForbiddenUntil = true, t0.Add(24*time.Hour) }},
		{"forbidden once", func(s *State) { s.Forbidden, s.ForbiddenUntil = true, t0 }},
		{"push off, forbidden", func(s *State) { s.PushAllowed, s.Forbidden = false, true }},
	}
	if len(table) != len(tableEvents) {
		t.Fatalf("%d columns, %d events", len(table), len(tableEvents))
	}
	for row, r := range tableStates {
		for _, f := range flags {
			for _, col := range tableEvents {
				t.Run(fmt.Sprintf("%s/%s/%s", r.name, f.name, col.name), func(t *testing.T) {
					s := tableState(t, r.name)
					f.set(&s)
					next, err := Apply(s, col.e(s), col.at)
					if got, want := outcome(s, next, err, col.at), expected(col.name, row, s, col.at); got != want {
						t.Errorf("got  %s\nwant %s", got, want)
					}
					checkBooks(t, s, next, err, col.at)
				})
			}
		}
	}
}

// checkBooks checks what holds for every step: version, revision, since, name, and what each status implies.
func checkBooks(t *testing.T, s, next State, err error, at time.Time) {
	t.Helper()
	a, b := s.Record, next.Record
	if err != nil && !sameState(s, next) {
		t.Error("an error changed the state")
	}
	wantVersion := a.Version
	if !sameRecord(a, b) {
		wantVersion++
	}
	if b.Version != wantVersion {
		t.Errorf("version %d, want %d", b.Version, wantVersion)
	}
	wantRevision := s.Revision
	if !sameState(s, next) {
		wantRevision++
	}
	if next.Revision != wantRevision {
		t.Errorf("revision %d, want %d", next.Revision, wantRevision)
	}
	wantSince := a.Since
	if a.Code != b.Code {
		wantSince = at
	}
	if !b.Since.Equal(wantSince) || b.Name != b.Code.String() || b.Epoch != a.Epoch || b.Room != a.Room {
		t.Errorf("since %v, want %v; record %+v", b.Since, wantSince, b)
	}
	checkInvariants(t, next)
}

// checkInvariants checks what holds in every state that can be reached.
func checkInvariants(t testing.TB, s State) {
	t.Helper()
	r := s.Record
	if r.StreamActive != (s.Publisher != "") {
		t.Errorf("stream active %v, publisher %q", r.StreamActive, s.Publisher)
	}
	if r.StreamActive && r.Code != Live && r.Code != Paused || r.Code == Live && !r.StreamActive {
		t.Errorf("stream active %v while %s", r.StreamActive, r.Name)
	}
	if (r.GraceUntil != nil) != (r.Code == Paused && !r.StreamActive) {
		t.Errorf("grace until %v while %s, stream active %v", r.GraceUntil, r.Name, r.StreamActive)
	}
	if s.ByAnchor && r.Code != Paused || r.Code == Paused && !s.ByAnchor && r.StreamActive {
		t.Errorf("by anchor %v while %s, stream active %v", s.ByAnchor, r.Name, r.StreamActive)
	}
	if (r.PlaybackURL != nil) != (r.Code == Playback) || !s.PlaybackOver.IsZero() && r.Code != Playback {
		t.Errorf("playback %v over %v while %s", r.PlaybackURL, s.PlaybackOver, r.Name)
	}
}
