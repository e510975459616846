package status

import (
	"testing"
	"time"
)

func TestRestored(t *testing.T) {
	now := time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)
	first := NewState("a", now, Settings{Grace: time.Minute})
	step := func(s State, kind EventKind) State {
		next, err := Apply(s, Event{Kind: kind, Node: "n", Session: "S"}, now)
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	live := step(first, PushStarted)
	ended := step(live, End)
	otherwise := step(first, End)
	anew := NewState("a", now.Add(time.Second), Settings{})
	for _, c := range []struct {
		name          string
		known, stored State
		want          *State // whose record goes on; nil: nothing changes
	}{
		{"nothing was lost", live, live, nil},
		{"a node knows more", ended, live, &ended},
		{"the store went another way", live, otherwise, &otherwise},
		{"the store went on", first, ended, &ended},
		{"the room was made anew", ended, anew, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			next, differs := restored(c.known, c.stored, now)
			if differs != (c.want != nil) {
				t.Fatalf("differs: %v", differs)
			}
			if c.want == nil {
				return
			}
			was := max(c.known.Record.Epoch, c.stored.Record.Epoch)
			if next.Record.Epoch <= was || next.Record.Version <= max(c.known.Record.Version, c.stored.Record.Version) ||
				next.Revision <= max(c.known.Revision, c.stored.Revision) || next.Generation < max(c.known.Generation, c.stored.Generation) {
				t.Errorf("%+v after %s", next, was)
			}
			if next.Record.Code != c.want.Record.Code || next.Publisher != c.want.Publisher {
				t.Errorf("%v, want %v", next.Record.Code, c.want.Record.Code)
			}
			if again, differs := restored(c.known, next, now); differs {
				t.Errorf("restored again: %+v", again)
			}
		})
	}
}
