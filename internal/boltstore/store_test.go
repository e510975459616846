package boltstore

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/status"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestTwoOpeners(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	s, err := Open(path, discard())
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err = Open(path, discard())
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("second opener: %v", err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("it waited %v", d)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = Open(path, discard())
	if err != nil {
		t.Fatalf("after the first closed: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk.db")
	if err := os.WriteFile(junk, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.db")
	s, err := Open(newer, discard())
	if err != nil {
		t.Fatal(err)
	}
	err = s.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put(keySchema, number(schema+1)) })
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, says string }{
		{"no folder", filepath.Join(dir, "none", "liveroom.db"), "no such file"},
		{"not a database", junk, "invalid"},
		{"a newer schema", newer, "newer liveroom"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Open(c.path, discard())
			if err == nil {
				t.Fatal("opened", s.Close())
			}
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.path) {
				t.Errorf("error %q does not say %q and where", err, c.says)
			}
		})
	}
}

func TestFileIsPrivate(t *testing.T) {
	s := openTest(t)
	info, err := os.Stat(s.db.Path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// inTest makes a bucket for a test.
func inTest(t *testing.T, s *Store) []byte {
	t.Helper()
	name := []byte("test")
	if err := s.db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket(name); return err }); err != nil {
		t.Fatal(err)
	}
	return name
}

// read returns the values under keys, "-" for none.
func read(t *testing.T, s *Store, bucket []byte, keys ...string) []string {
	t.Helper()
	var out []string
	err := s.view(t.Context(), func(tx *bolt.Tx) error {
		for _, k := range keys {
			v := tx.Bucket(bucket).Get([]byte(k))
			if v == nil {
				v = []byte("-")
			}
			out = append(out, string(v))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func put(bucket []byte, key, value string) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error { return tx.Bucket(bucket).Put([]byte(key), []byte(value)) }
}

func TestUpdatesShareCommits(t *testing.T) {
	const writers = 50
	s := openTest(t)
	b := inTest(t, s)
	var before uint64
	if err := s.db.View(func(tx *bolt.Tx) error { before = uint64(tx.ID()); return nil }); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			if err := s.update(t.Context(), put(b, string(rune('A'+i)), "x")); err != nil {
				t.Errorf("update: %v", err)
			}
		})
	}
	wg.Wait()
	var after uint64
	if err := s.db.View(func(tx *bolt.Tx) error { after = uint64(tx.ID()); return nil }); err != nil {
		t.Fatal(err)
	}
	if n := after - before; n == 0 || n > writers/2 {
		t.Errorf("%d commits for %d writers", n, writers)
	}
	if got := read(t, s, b, "A", "r"); !slices.Equal(got, []string{"x", "x"}) {
		t.Errorf("stored %v", got)
	}
}

func TestFailedUpdateLeavesNothingAndHarmsNoOther(t *testing.T) {
	s := openTest(t)
	b := inTest(t, s)
	own := errors.New("own")
	var wg sync.WaitGroup
	wg.Go(func() {
		err := s.update(t.Context(), func(tx *bolt.Tx) error {
			return errors.Join(put(b, "bad", "x")(tx), own)
		})
		if !errors.Is(err, own) || errors.Is(err, status.ErrUnavailable) {
			t.Errorf("the failing one: %v", err)
		}
	})
	for range 10 {
		wg.Go(func() {
			if err := s.update(t.Context(), put(b, "good", "x")); err != nil {
				t.Errorf("a good one: %v", err)
			}
		})
	}
	wg.Wait()
	if got := read(t, s, b, "bad", "good"); !slices.Equal(got, []string{"-", "x"}) {
		t.Errorf("stored %v", got)
	}
}

func TestClosedStoreIsUnavailable(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "liveroom.db"), discard())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Status(0).Load(t.Context(), "a"); !errors.Is(err, status.ErrUnavailable) {
		t.Errorf("Load: %v", err)
	}
	if err := s.Status(0).Ack(t.Context(), "a", 1); !errors.Is(err, status.ErrUnavailable) {
		t.Errorf("Ack: %v", err)
	}
}

func TestCorruptDataIsAnError(t *testing.T) {
	s := openTest(t)
	st := s.Status(0)
	ctx := t.Context()
	corrupt := func(bucket []byte, key []byte) {
		t.Helper()
		if err := s.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucket).Put(key, []byte("{")) }); err != nil {
			t.Fatal(err)
		}
	}
	corrupt(bucketStatus, []byte("a"))
	corrupt(bucketOutbox, roomKey("a", 1))
	corrupt(bucketLog, number(1))
	corrupt(bucketDeadlines, []byte("ghost"))
	if err := s.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucketLog).SetSequence(1) }); err != nil {
		t.Fatal(err)
	}
	_, load := st.Load(ctx, "a")
	_, pending := st.Pending(ctx)
	_, room := st.PendingRoom(ctx, "a", 1)
	_, events := st.Events(ctx, 0, 1)
	_, dead := st.Deadlines(ctx)
	swap := st.Swap(ctx, 0, status.NewState("a", time.Now(), status.Settings{}))
	for name, err := range map[string]error{"Load": load, "Pending": pending, "PendingRoom": room, "Events": events, "Swap": swap} {
		if err == nil || !strings.Contains(err.Error(), "decode") || errors.Is(err, status.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !errors.Is(dead, errCorrupt) {
		t.Errorf("Deadlines: %v", dead)
	}
}

func TestRunFlushesAndStops(t *testing.T) {
	s := openTest(t)
	b := inTest(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	written := make(chan struct{})
	s.later("", func(tx *bolt.Tx) error {
		tx.OnCommit(func() { close(written) })
		return put(b, "first", "x")(tx)
	})
	select {
	case <-written:
	case <-time.After(time.Minute):
		t.Fatal("nothing was written")
	}
	s.later("", put(b, "last", "y"))
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
	if got := read(t, s, b, "first", "last"); !slices.Equal(got, []string{"x", "y"}) {
		t.Errorf("stored %v", got)
	}
}
