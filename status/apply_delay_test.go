package status

import (
	"testing"
	"time"
)

// A record says how much later viewers see it: as much as the newest push, until the session's end was seen, and not at all
// where an operator takes the room off.
func TestARecordSaysHowMuchLaterItIsSeen(t *testing.T) {
	push := func(d time.Duration) Event { return Event{Kind: PushStarted, Node: "n", Session: "s", Delay: d} }
	type step struct {
		after   time.Duration
		e       Event
		version uint64
		delay   time.Duration
	}
	const d = 30 * time.Second
	for name, steps := range map[string][]step{
		"a session": {
			{0, push(d), 2, d},
			{time.Second, Event{Kind: Pause}, 3, d},
			{time.Second, Event{Kind: Resume}, 4, d},
			{time.Hour, Event{Kind: End}, 5, d},
			{d - 1, Event{Kind: Configure}, 5, d},
			{1, Event{Kind: Configure}, 5, d},
			{0, Event{Kind: Reopen}, 6, 0},
			{0, push(0), 7, 0},
		},
		"one that is followed at once": {
			{0, push(d), 2, d}, {time.Second, Event{Kind: End}, 3, d}, {time.Second, Event{Kind: Reopen}, 4, d}, {time.Second, push(2 * d), 5, 2 * d},
		},
		"a replay":  {{0, push(d), 2, d}, {time.Second, Event{Kind: End}, 3, d}, {time.Second, Event{Kind: PlaybackStart, URL: "u"}, 4, d}, {d, Event{Kind: End}, 5, 0}},
		"takeovers": {{0, push(d), 2, d}, {time.Second, push(d), 2, d}, {time.Second, push(0), 3, 0}},
		"a drop":    {{0, push(d), 2, d}, {time.Second, Event{Kind: Drop}, 3, 0}, {0, Event{Kind: Drop}, 3, 0}, {0, push(d), 4, d}},
		"a drop of what was lost": {
			{0, push(d), 2, d}, {time.Second, Event{Kind: PushStopped, Generation: 1, Stop: ReasonPushLost}, 3, d}, {time.Second, Event{Kind: Drop}, 4, 0},
		},
		"a ban":              {{0, push(d), 2, d}, {time.Second, Event{Kind: Forbid}, 3, 0}},
		"a ban after an end": {{0, push(d), 2, d}, {time.Second, Event{Kind: End}, 3, d}, {time.Second, Event{Kind: Forbid}, 4, 0}, {0, Event{Kind: Forbid}, 4, 0}},
		"a late ban":         {{0, push(d), 2, d}, {time.Second, Event{Kind: End}, 3, d}, {d, Event{Kind: Forbid}, 3, d}},
		"a removal":          {{0, push(d), 2, d}, {time.Second, Event{Kind: Delete}, 3, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			s, at := NewState("r", t0, Settings{Grace: time.Minute, PauseLimit: time.Hour}), t0
			for i, step := range steps {
				var err error
				at = at.Add(step.after)
				if s, err = Apply(s, step.e, at); err != nil {
					t.Fatal(err)
				}
				if s.Record.Version != step.version || time.Duration(s.Record.Delay) != step.delay {
					t.Errorf("step %d, %s: version %d, seen %s later; want %d and %s", i, step.e.Kind, s.Record.Version, time.Duration(s.Record.Delay), step.version, step.delay)
				}
			}
		})
	}
}
