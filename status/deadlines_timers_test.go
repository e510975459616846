package status

import (
	"log/slog"
	"testing"
	"time"
)

// armedAt is the store's time of what is armed for a room, zero for nothing.
func armedAt(d *Deadlines, room string) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r := d.rooms[room]; r != nil {
		return r.timers[GraceDeadline].at
	}
	return time.Time{}
}

func TestArmIgnoresOlderNews(t *testing.T) {
	st := NewMemory()
	d := NewDeadlines(DeadlinesConfig{}, NewMachine(st, Config{}), st, slog.New(slog.DiscardHandler))
	list := func(at time.Time) []Deadline { return []Deadline{{Room: "a", Kind: GraceDeadline, At: at}} }
	for _, c := range []struct {
		name     string
		revision uint64
		list     []Deadline
		want     time.Time
	}{
		{"first", 5, list(far), far},
		{"older", 4, list(now), far},
		{"older and gone", 4, nil, far},
		{"newer", 6, list(now), now},
		{"newer and gone", 7, nil, time.Time{}},
	} {
		d.mu.Lock()
		d.arm("a", c.revision, c.list, t0)
		d.mu.Unlock()
		if got := armedAt(d, "a"); !got.Equal(c.want) {
			t.Errorf("%s: armed for %v, want %v", c.name, got, c.want)
		}
	}
}

func TestNoteKeepsTheNewest(t *testing.T) {
	st := NewMemory()
	d := NewDeadlines(DeadlinesConfig{}, NewMachine(st, Config{}), st, slog.New(slog.DiscardHandler))
	for _, revision := range []uint64{3, 5, 4} {
		s := tableState(t, "interrupted")
		s.Revision = revision
		d.note(s)
	}
	if got := d.dirty["demo"].Revision; got != 5 {
		t.Errorf("revision %d was kept, want 5", got)
	}
}

func TestSweepForgetsWhatIsGone(t *testing.T) {
	st := NewMemory()
	d := NewDeadlines(DeadlinesConfig{}, NewMachine(st, Config{}), st, slog.New(slog.DiscardHandler))
	s := tableState(t, "interrupted")
	if err := st.Swap(t.Context(), 0, s); err != nil {
		t.Fatal(err)
	}
	if err := d.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(d.rooms) != 1 {
		t.Fatalf("%d rooms armed", len(d.rooms))
	}
	next := s
	next.Record.GraceUntil, next.EndAt, next.Revision = nil, time.Time{}, s.Revision+1
	if err := st.Swap(t.Context(), s.Revision, next); err != nil {
		t.Fatal(err)
	}
	if err := d.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(d.rooms) != 0 {
		t.Errorf("%d rooms still armed", len(d.rooms))
	}
}
