package boltstore

import (
	"context"
	"slices"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/summary"
	"liveroom/chat/summary/summarytest"
)

func TestSummaries(t *testing.T) {
	summarytest.Store(t, func(t *testing.T) summary.Store { return openTest(t).Summaries() })
	t.Run("old ones are swept", func(t *testing.T) { summarytest.Sweep(t, openTest(t).Summaries(), time.Sleep) })
}

// overIn lists the sessions that are over.
func overIn(t *testing.T, v *Summaries) (ids []string) {
	t.Helper()
	all, err := v.Sessions(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		ids = append(ids, one.Session)
	}
	return ids
}

func swapSession(t *testing.T, v *Summaries, prev uint64, id string, phase summary.Phase) {
	t.Helper()
	if err := v.Swap(t.Context(), prev, summary.Session{Session: id, Group: "g", Phase: phase}); err != nil {
		t.Fatal(err)
	}
}

// writeRaw changes the file as no Store does.
func writeRaw(t *testing.T, s *Store, change func(*bolt.Tx) error) {
	t.Helper()
	if err := s.update(context.WithoutCancel(t.Context()), change); err != nil {
		t.Fatal(err)
	}
}

// TestSessionsThatRunCostNothingWhereThoseAreSoughtThatAreOver: that is done each second, and the first may be many.
func TestSessionsThatRunCostNothingWhereThoseAreSoughtThatAreOver(t *testing.T) {
	s := openTest(t)
	v := s.Summaries()
	swapSession(t, v, 0, "over", summary.Over)
	swapSession(t, v, 0, "runs", summary.Live)
	writeRaw(t, s, func(tx *bolt.Tx) error {
		return tx.Bucket(bucketSessions).Put([]byte("runs"), []byte("what nobody can read"))
	})
	if got := overIn(t, v); !slices.Equal(got, []string{"over"}) {
		t.Errorf("over: %q", got)
	}
}

// TestSessionsOfAFormerVersionAreFound: those that were over when nothing kept them apart.
func TestSessionsOfAFormerVersionAreFound(t *testing.T) {
	s := openTest(t)
	v := s.Summaries()
	swapSession(t, v, 0, "a", summary.Over)
	swapSession(t, v, 0, "b", summary.Live)
	writeRaw(t, s, func(tx *bolt.Tx) error { return tx.DeleteBucket(bucketSessionsOver) })
	if got := overIn(t, v); !slices.Equal(got, []string{"a"}) {
		t.Errorf("over: %q", got)
	}
	swapSession(t, v, 0, "c", summary.Live)
	if got := overIn(t, v); !slices.Equal(got, []string{"a"}) {
		t.Errorf("over since they are kept apart: %q", got)
	}
	swapSession(t, v, 1, "b", summary.Over)
	if err := v.Remove(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if got := overIn(t, v); !slices.Equal(got, []string{"b"}) {
		t.Errorf("over in the end: %q", got)
	}
}
