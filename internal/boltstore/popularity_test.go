package boltstore

import (
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/popularity"
	"liveroom/chat/popularity/popularitytest"
)

func TestPopularity(t *testing.T) {
	popularitytest.Store(t, func(t *testing.T) popularity.Store { return openTest(t).Popularity() })
}

// TestPopularityAfterARestart: what was raised, forgotten and swept is so afterwards, and the board of another half-life
// goes away.
func TestPopularityAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	restart := func(before *Store) *Store {
		t.Helper()
		if before != nil {
			if err := before.Close(); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Open(path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	mark := func(group string, level float64) popularity.Mark {
		return popularity.Mark{Group: group, Slow: level, Fast: level / 3}
	}
	s := restart(nil)
	p := s.Popularity()
	for _, board := range []string{"1000", "2000"} {
		if err := p.Raise(t.Context(), board, []popularity.Mark{mark("a", 1.1), mark("b", 2.2), mark("c", 3.3), mark("d", 4.4)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Forget(t.Context(), "1000", []string{"c"}); err != nil {
		t.Fatal(err)
	}
	if gone, err := p.Sweep(t.Context(), "1000", 2, 10); err != nil || !slices.Equal(gone, []string{"a"}) {
		t.Fatal(gone, err)
	}
	s = restart(s)
	top, err := s.Popularity().Top(t.Context(), "1000", popularity.First(), 10)
	if want := []popularity.Mark{mark("d", 4.4), mark("b", 2.2)}; err != nil || !slices.Equal(top, want) {
		t.Errorf("%v, %v; want %v", top, err, want)
	}
	s = restart(s)
	defer s.Close()
	if err := s.db.View(func(tx *bolt.Tx) error {
		all := tx.Bucket(bucketPopularity)
		if all.Bucket([]byte("2000")) != nil || all.Bucket([]byte("1000")) == nil {
			t.Error("the board of another half-life is still there, or the one in use is not")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
