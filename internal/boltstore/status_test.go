package boltstore

import (
	"log/slog"
	"path/filepath"
	"testing"

	"liveroom/status"
	"liveroom/status/statustest"
)

// openTest opens a store in a folder of its own.
func openTest(t testing.TB) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "liveroom.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func TestStatus(t *testing.T) {
	statustest.Run(t, func(t *testing.T, logEntries int) status.Store { return openTest(t).Status(logEntries) })
}
