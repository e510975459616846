package boltstore

import (
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/file"
	"liveroom/chat/file/filetest"
)

func TestFiles(t *testing.T) {
	filetest.Store(t, func(t *testing.T) file.Store { return openTest(t).Files() })
}

func TestFilesSurviveAReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	f := file.Info{
		ID: file.NewID(), Group: "demo", User: "alice", Kind: file.Sound, Name: "声音.mp3", Type: "audio/mpeg", Size: 4000,
		CreatedAt: time.Date(2026, 11, 21, 6, 0, 0, 1, time.UTC),
	}
	for i := range 2 {
		s, err := Open(path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if err := s.Files().AddFile(t.Context(), f); err != nil {
				t.Fatal(err)
			}
		} else if got, err := s.Files().File(t.Context(), f.ID); err != nil || got != f {
			t.Errorf("reopened: %+v, %v", got, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAFileShownAgainAndAgain: what is remembered of it has a bound, and the newest messages are known.
func TestAFileShownAgainAndAgain(t *testing.T) {
	s := openTest(t).Files()
	f := file.Info{ID: file.NewID(), Group: "demo", User: "alice", Kind: file.Image, Size: 1, CreatedAt: time.Now().UTC()}
	if err := s.AddFile(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	const last = maxShownIn + 20
	for seq := uint64(1); seq <= last; seq++ {
		if err := s.ShowFiles(t.Context(), "demo", seq, file.Shown{From: "alice", IDs: []string{f.ID}}); err != nil {
			t.Fatal(err)
		}
	}
	for seq, want := range map[uint64]int{1: 0, 20: 0, 21: 1, last: 1} {
		if got, err := s.FilesShown(t.Context(), "demo", seq); err != nil || len(got.IDs) != want {
			t.Errorf("message %d shows %v, %v", seq, got, err)
		}
	}
}

// TestAFileIsWithdrawnOnce: of two who withdraw a file at the same time one is told that he did. Transactions that share
// an fsync with one that fails are run again, in another order.
func TestAFileIsWithdrawnOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		f := file.Info{ID: file.NewID(), Group: "demo", User: "alice", Kind: file.Image, Size: 1, CreatedAt: time.Now().UTC()}
		if err := s.Files().AddFile(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		s.db.MaxBatchSize = 4 // the last of these starts it
		var told [2][]file.Info
		withdraw := func(i int) func() {
			return func() {
				var err error
				if told[i], err = s.Files().WithdrawFiles(t.Context(), []string{f.ID}); err != nil {
					t.Error(err)
				}
			}
		}
		failIn := func(run int) func() {
			return func() {
				runs := 0
				err := s.update(t.Context(), func(*bolt.Tx) error {
					if runs++; runs == run {
						return errors.New("once")
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		}
		var wg sync.WaitGroup
		for _, one := range []func(){failIn(2), withdraw(0), failIn(1), withdraw(1)} { // the last takes a failed one's place
			wg.Go(one)
			synctest.Wait()
		}
		wg.Wait()
		if len(told[0])+len(told[1]) != 1 {
			t.Errorf("one is told %v, the other %v", told[0], told[1])
		}
	})
}
