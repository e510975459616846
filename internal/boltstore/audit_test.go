package boltstore

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"liveroom/chat/audit"
	"liveroom/chat/audit/audittest"
)

func TestAudit(t *testing.T) {
	audittest.Store(t, func(t *testing.T) audit.Store { return openTest(t).Audit() })
}

func TestAuditSurvivesAReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	for i := range 3 {
		s, err := Open(path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Audit().AppendActs(t.Context(), []audit.Entry{{Time: time.Now(), By: "olga", Action: "mute"}}); err != nil {
			t.Fatal(err)
		}
		p, err := s.Audit().Acts(t.Context(), audit.Query{Limit: 10})
		if err != nil || len(p.Entries) != i+1 || p.Entries[0].Seq != uint64(i+1) {
			t.Fatalf("opened %d times: %+v, %v", i+1, p, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
