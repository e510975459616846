package boltstore

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"liveroom/chat/level"
	"liveroom/chat/level/leveltest"
)

func TestLevels(t *testing.T) {
	leveltest.Store(t, func(t *testing.T) level.Store { return openTest(t).Levels() })
}

// TestLevelsSurviveAReopen: records, what is untold, and how far a maker has come.
func TestLevelsSurviveAReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	step := level.Step{Maker: "a", Number: 3, Time: time.Now(), Rules: leveltest.Rules(), Deeds: []level.Deed{{User: "bob", Earned: level.Amounts{level.Gifts: 10_000}}}}
	for range 2 {
		s, err := Open(path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		l := s.Levels()
		changes, err := l.Take(t.Context(), step)
		if err != nil || len(changes) != 1 || changes[0].Level != 1 {
			t.Errorf("changes %+v, %v", changes, err)
		}
		if all, err := l.Records(t.Context(), []string{"bob"}); err != nil || len(all) != 1 || all[0].Earned[level.Gifts] != 10_000 {
			t.Errorf("records %+v, %v", all, err)
		}
		if left, err := l.Untold(t.Context(), time.Now().Add(time.Hour), 10); err != nil || len(left) != 1 {
			t.Errorf("untold %+v, %v", left, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMakersOfLevelsAreForgotten a day after their last step.
func TestMakersOfLevelsAreForgotten(t *testing.T) {
	l, now := openTest(t).Levels(), time.Now()
	worth := func(maker string, at time.Time) int64 {
		t.Helper()
		step := level.Step{Maker: maker, Number: 1, Time: at, Rules: leveltest.Rules(), Deeds: []level.Deed{{User: "bob", Earned: level.Amounts{level.Gifts: 1}}}}
		if _, err := l.Take(t.Context(), step); err != nil {
			t.Fatal(err)
		}
		all, err := l.Records(t.Context(), []string{"bob"})
		if err != nil {
			t.Fatal(err)
		}
		return all[0].Earned[level.Gifts]
	}
	worth("old", now.Add(-25*time.Hour))
	worth("young", now.Add(-23*time.Hour))
	worth("new", now)
	if got := worth("young", now); got != 3 {
		t.Errorf("known after 23 hours, and %d", got)
	}
	if got := worth("old", now); got != 4 {
		t.Errorf("forgotten after 25 hours, and %d", got)
	}
}
